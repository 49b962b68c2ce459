/** Writes `protocol/gen/tables.ts`: constants, and for each record an object of its byte offsets. */
import * as tables from '../../protocol/tables.ts';
import type { NumberTable, RecordLayout } from './layout.ts';
import { allRecords, ENUMS, GROUPS, layOut, tableHash } from './layout.ts';

export function typescriptTables(): string {
  const parts = [
    '// Made by tools/generate.ts from protocol/tables.ts. Do not edit.',
    '',
    '/** Hash of the tables without their prose; the core answers it as `abi_version()`. */',
    `export const TABLE_HASH = 0x${tableHash().toString(16).padStart(8, '0')};`,
    `export const BUILTIN_COLUMNS = ${tables.BUILTIN_COLUMNS};`,
  ];
  for (const [name, [value, doc]] of Object.entries(tables.LIMITS)) {
    parts.push('', ...comment(doc), `export const ${name} = ${value};`);
  }
  for (const { name, table, doc } of ENUMS) parts.push('', ...numberTable(name, table, doc));
  parts.push('', ...errorFunctions());
  for (const layout of allRecords()) parts.push('', ...recordTable(layout));
  for (const { name, table, doc } of GROUPS) {
    parts.push(
      '',
      ...comment(`${doc} Kind number and bytes of the fixed part.`),
      `export const ${name} = {`,
    );
    for (const [record, row] of Object.entries(table)) {
      parts.push(
        `  ${lowerFirst(record)}: { kind: ${row.kind ?? -1}, bytes: ${layOut(record, row).bytes} },`,
      );
    }
    parts.push('} as const;');
  }
  return `${parts.join('\n')}\n`;
}

function numberTable(name: string, table: NumberTable, doc: string): string[] {
  const rows = Object.entries(table).flatMap(([key, [value, text]]) => [
    ...comment(text).map((line) => `  ${line}`),
    `  ${key}: ${value},`,
  ]);
  return [...comment(doc), `export const ${name} = {`, ...rows, '} as const;'];
}

function errorFunctions(): string[] {
  const rows = Object.entries(tables.ERRORS);
  const list = (index: 0 | 1): string[] =>
    rows.map(([name, [, text]]) => `  ${quote(index === 0 ? name : text)},`);
  rows.forEach(([name, [code]], at) => {
    if (code !== at) throw new Error(`${name}: error codes are listed without gaps`);
  });
  return [
    'export type ErrorName = keyof typeof ERROR;',
    'export type ErrorCode = (typeof ERROR)[ErrorName];',
    '',
    '/** By code: the codes count from 0. */',
    'const ERROR_NAMES = Object.keys(ERROR) as readonly ErrorName[];',
    'const ERROR_TEXTS: readonly string[] = [',
    ...list(1),
    '];',
    '',
    '/** Name of a code; `E_UNKNOWN` for a number that is none. */',
    'export function errorName(code: number): ErrorName {',
    "  return ERROR_NAMES[code] ?? 'E_UNKNOWN';",
    '}',
    '',
    '/** One sentence for a code. */',
    'export function errorText(code: number): string {',
    '  return ERROR_TEXTS[code] ?? ERROR_TEXTS[ERROR.E_UNKNOWN] ?? String(code);',
    '}',
  ];
}

/** A field called `kind` or `bytes` gives way to the record's own number or size: `kindAt`, `bytesAt`. */
function recordTable({ name, table, fields, bytes }: RecordLayout): string[] {
  const kind = table.kind;
  const tail = table.tail === undefined ? '' : ` Then bytes of: ${table.tail}.`;
  const rows = fields.flatMap((field) => {
    const taken = field.name === 'bytes' || (field.name === 'kind' && kind !== undefined);
    const type = field.count > 1 ? `${field.type}[${field.count}]` : field.type;
    return [
      ...comment([type, field.doc].filter(Boolean).join(', ')).map((line) => `  ${line}`),
      `  ${field.name}${taken ? 'At' : ''}: ${field.offset},`,
    ];
  });
  return [
    ...comment(`${table.doc}${tail}`),
    `export const ${name} = {`,
    ...(kind === undefined ? [] : [`  kind: ${kind},`]),
    `  bytes: ${bytes},`,
    ...rows,
    '} as const;',
  ];
}

function comment(text: string): string[] {
  if (text === '') return [];
  if (text.length <= 90) return [`/** ${text} */`];
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines[lines.length - 1] ?? '';
    if (line.length + word.length > 88) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return ['/**', ...lines.map((line) => ` * ${line}`), ' */'];
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
