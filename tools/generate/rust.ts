/**
 * Writes `core-wasm/src/gen.rs`: the same constants, and every record as a `repr(C)` Pod struct whose size and
 * offsets the compiler checks against the layout that TypeScript uses.
 */
import * as tables from '../../protocol/tables.ts';
import type { NumberTable, RecordLayout } from './layout.ts';
import { allRecords, ENUMS, tableHash } from './layout.ts';

export function rustTables(): string {
  const parts = [
    '//! Made by tools/generate.ts from protocol/tables.ts. Do not edit.',
    '#![allow(dead_code, missing_docs)]',
    '#![cfg_attr(rustfmt, rustfmt_skip)]',
    '',
    'use bytemuck::{Pod, Zeroable};',
    '',
    '/// Hash of the tables without their prose: the answer of `abi_version()`.',
    `pub const TABLE_HASH: u32 = 0x${tableHash().toString(16).padStart(8, '0')};`,
    `pub const BUILTIN_COLUMNS: usize = ${tables.BUILTIN_COLUMNS};`,
  ];
  for (const [name, [value, doc]] of Object.entries(tables.LIMITS)) {
    parts.push(...comment(doc), `pub const ${name}: u32 = ${value};`);
  }
  for (const { name, table, rust, doc } of ENUMS)
    parts.push('', ...constants(name, table, rust, doc));
  for (const layout of allRecords()) parts.push('', ...struct(layout));
  return `${parts.join('\n')}\n`;
}

function constants(name: string, table: NumberTable, rust: string, doc: string): string[] {
  const rows = Object.entries(table).flatMap(([key, [value, text]]) => [
    ...comment(text).map((line) => `    ${line}`),
    `    pub const ${upperSnake(key)}: ${rust} = ${value};`,
  ]);
  return [...comment(doc), `pub mod ${name.toLowerCase()} {`, ...rows, '}'];
}

function struct({ name, table, fields, bytes }: RecordLayout): string[] {
  const rows = fields.flatMap((field) => [
    ...comment(field.doc).map((line) => `    ${line}`),
    `    pub ${snake(field.name)}: ${field.count > 1 ? `[${field.type}; ${field.count}]` : field.type},`,
  ]);
  const checks = fields.map(
    (field) =>
      `    assert!(core::mem::offset_of!(${name}, ${snake(field.name)}) == ${field.offset});`,
  );
  const kind = table.kind === undefined ? [] : [`    pub const KIND: u16 = ${table.kind};`];
  return [
    ...comment(table.tail === undefined ? table.doc : `${table.doc} Then bytes of: ${table.tail}.`),
    '#[repr(C)]',
    '#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]',
    ...(rows.length > 0 ? [`pub struct ${name} {`, ...rows, '}'] : [`pub struct ${name} {}`]),
    `impl ${name} {`,
    ...kind,
    `    pub const BYTES: usize = ${bytes};`,
    '}',
    'const _: () = {',
    `    assert!(core::mem::size_of::<${name}>() == ${bytes});`,
    ...checks,
    '};',
  ];
}

function comment(text: string): string[] {
  return text === '' ? [] : [`/// ${text}`];
}

function snake(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function upperSnake(name: string): string {
  return name.startsWith('E_') ? name : snake(name).toUpperCase();
}
