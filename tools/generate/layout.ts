/**
 * What both generators share: the layout of a record (natural alignment, no padding anywhere), the order of
 * the tables, and the hash that says whether two sides were made from the same ones.
 */

import type { RecordTable, Scalar } from '../../protocol/tables.ts';
import * as tables from '../../protocol/tables.ts';

export interface FieldLayout {
  readonly name: string;
  readonly type: Scalar;
  readonly doc: string;
  /** Elements; 1 for a plain field. */
  readonly count: number;
  /** Byte offset of the first element. */
  readonly offset: number;
}

export interface RecordLayout {
  readonly name: string;
  readonly table: RecordTable;
  readonly fields: readonly FieldLayout[];
  /** Bytes of the fixed part. */
  readonly bytes: number;
}

export const SCALAR_BYTES: Record<Scalar, number> = {
  u8: 1,
  i8: 1,
  u16: 2,
  i16: 2,
  u32: 4,
  i32: 4,
};

/** Tables of plain numbers: constant name, table, Rust type. */
export const ENUMS = [
  {
    name: 'DATAGRAM',
    table: tables.DATAGRAMS,
    rust: 'u8',
    doc: 'First byte of a datagram, low 4 bits.',
  },
  { name: 'MESSAGE', table: tables.MESSAGES, rust: 'u8', doc: 'First byte of a reliable message.' },
  { name: 'COLUMN', table: tables.COLUMNS, rust: 'usize', doc: 'Columns of the entity table.' },
  { name: 'FLAG', table: tables.FLAGS, rust: 'i32', doc: 'Bits of the column `flags`.' },
  { name: 'KIND', table: tables.KINDS, rust: 'i32', doc: 'Kinds of entity that the core knows.' },
  {
    name: 'BUTTON',
    table: tables.BUTTONS,
    rust: 'u16',
    doc: 'Bits of the buttons of an input command.',
  },
  { name: 'AUDIENCE', table: tables.AUDIENCES, rust: 'u8', doc: 'Who receives a field.' },
  { name: 'EVENT', table: tables.EVENTS, rust: 'u16', doc: 'Events that clients see.' },
  { name: 'ADDRESS', table: tables.ADDRESSES, rust: 'u32', doc: 'Places in linear memory.' },
  {
    name: 'CLAMP',
    table: tables.CLAMPS,
    rust: 'u8',
    doc: 'Why a shot was not judged at the view that it stated.',
  },
  { name: 'RESULT', table: tables.RESULTS, rust: 'u8', doc: 'What became of a shot.' },
  { name: 'RULE', table: tables.WEAPON_RULES, rust: 'u32', doc: 'Bits of `rules` of a weapon.' },
  { name: 'ZONE', table: tables.ZONES, rust: 'u32', doc: 'Where a hit hit.' },
  { name: 'MARK', table: tables.MARKS, rust: 'u32', doc: 'Marks of a shape in a receipt.' },
  {
    name: 'STEP_WORD',
    table: tables.STEP_WORDS,
    rust: 'usize',
    doc: "Words of what a game's own step is given and answers.",
  },
  {
    name: 'STEP_FAULT',
    table: tables.STEP_FAULTS,
    rust: 'i32',
    doc: "Why a game's own step failed.",
  },
  { name: 'ERROR', table: tables.ERRORS, rust: 'i32', doc: 'Error codes; 0 is no error.' },
] as const satisfies readonly { name: string; table: NumberTable; rust: string; doc: string }[];

export type NumberTable = Readonly<Record<string, readonly [number, string]>>;

/** Groups of records that have a kind number: constant name and table. */
export const GROUPS = [
  { name: 'INPUT', table: tables.INPUT_RECORDS, doc: 'Records that enter a room before a tick.' },
  { name: 'COMMAND', table: tables.COMMANDS, doc: 'Plugin commands.' },
  { name: 'HOOK', table: tables.HOOK_EVENTS, doc: 'What `room_begin` leaves for the hooks.' },
] as const;

/** Every record by what it is for, in the order in which both sides list them. */
export const RECORD_GROUPS: readonly {
  readonly name: string;
  readonly doc: string;
  readonly tables: { readonly [name: string]: RecordTable };
}[] = [
  { name: 'shared', doc: 'What both sides read in memory.', tables: tables.STRUCTS },
  { name: 'input', doc: 'Records that enter a room.', tables: tables.INPUT_RECORDS },
  { name: 'command', doc: 'What a plugin commands.', tables: tables.COMMANDS },
  { name: 'hook', doc: 'What the hooks hear of.', tables: tables.HOOK_EVENTS },
  { name: 'config', doc: 'The configuration of a room.', tables: tables.CONFIG },
  { name: 'roster', doc: 'Who is in the room.', tables: { RosterRow: tables.ROSTER_ROW } },
];

/** Their layouts. */
export function allRecords(): RecordLayout[] {
  return RECORD_GROUPS.flatMap((group) => layOutAll(group.tables));
}

export function layOutAll(named: { readonly [name: string]: RecordTable }): RecordLayout[] {
  return Object.entries(named).map(([name, table]) => layOut(name, table));
}

/** Places the fields one after another and refuses a table that would need padding. */
export function layOut(name: string, table: RecordTable): RecordLayout {
  let offset = 0;
  const fields = table.fields.map(([field, type, doc, count = 1]) => {
    const size = SCALAR_BYTES[type];
    if (offset % size !== 0)
      throw new Error(`${name}.${field}: offset ${offset} is not aligned to ${size}`);
    const placed = { name: field, type, doc, count, offset };
    offset += size * count;
    return placed;
  });
  if (offset % 4 !== 0) throw new Error(`${name}: ${offset} bytes is not a multiple of 4`);
  return { name, table, fields, bytes: offset };
}

/** u32. FNV-1a over everything in the tables but the prose: the two sides compare it before they start. */
export function tableHash(): number {
  const facts: unknown[] = [tables.BUILTIN_COLUMNS];
  for (const [name, [value]] of Object.entries(tables.LIMITS)) facts.push(name, value);
  for (const { name, table } of ENUMS) {
    facts.push(
      name,
      Object.entries(table as NumberTable).map(([key, [value]]) => [key, value]),
    );
  }
  for (const { name, table, fields } of allRecords()) {
    facts.push([name, table.kind ?? -1, fields.map((f) => [f.name, f.type, f.count])]);
  }
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(JSON.stringify(facts))) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return hash;
}
