/**
 * Writes `core-wasm/src/gen/`: the same constants, and every record as a `repr(C)` Pod struct whose size and
 * offsets the compiler checks against the layout that TypeScript uses.
 */
import * as tables from '../../protocol/tables.ts';
import type { NumberTable, RecordLayout } from './layout.ts';
import { ENUMS, layOutAll, RECORD_GROUPS, tableHash } from './layout.ts';

/** Path inside the repository to text: limits in `mod.rs`, named numbers in `names.rs`, a file for each group of records. */
export function rustTables(): [path: string, text: string][] {
  const groups = RECORD_GROUPS.map(({ name, doc, tables: group }): [string, string] => [
    `${FOLDER}/${name}.rs`,
    file([
      `//! ${doc} ${MADE}`,
      '',
      'use bytemuck::{Pod, Zeroable};',
      ...layOutAll(group).flatMap((layout) => ['', ...struct(layout)]),
    ]),
  ]);
  const names = ENUMS.flatMap(({ name, table, rust, doc }) => [
    '',
    ...constants(name, table, rust, doc),
  ]);
  return [
    [`${FOLDER}/mod.rs`, file(limits())],
    [`${FOLDER}/names.rs`, file([`//! Named numbers. ${MADE}`, ...names])],
    ...groups,
  ];
}

function limits(): string[] {
  const modules = ['names', ...RECORD_GROUPS.map(({ name }) => name)];
  return [
    `//! The tables that both sides share. ${MADE}`,
    '#![allow(dead_code, missing_docs)]',
    '#![cfg_attr(rustfmt, rustfmt_skip)]',
    '',
    ...modules.map((name) => `mod ${name};`),
    ...modules.map((name) => `pub use ${name}::*;`),
    '',
    '/// Hash of the tables without their prose: the answer of `abi_version()`.',
    `pub const TABLE_HASH: u32 = 0x${tableHash().toString(16).padStart(8, '0')};`,
    `pub const BUILTIN_COLUMNS: usize = ${tables.BUILTIN_COLUMNS};`,
    ...Object.entries(tables.LIMITS).flatMap(([name, [value, doc]]) => [
      ...comment(doc),
      `pub const ${name}: u32 = ${value};`,
    ]),
  ];
}

function file(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
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

const FOLDER = 'core-wasm/src/gen';
const MADE = 'Made by tools/generate.ts from protocol/tables.ts. Do not edit.';
