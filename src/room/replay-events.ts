/**
 * What a room told its game in a tick, as plain objects: for people who read a replay. Reads the tables themselves, so that a new
 * event needs nothing here. Texts and messages of players are left out, but for their length.
 */
import type { RoomCore } from '../../core-wasm/bindings/room.ts';
import { CLAMP, MARK, POSITION_ONE, RESULT, RecordHeader } from '../../protocol/gen/tables.ts';
import type { RecordTable, Scalar } from '../../protocol/tables.ts';
import { HOOK_EVENTS, STRUCTS } from '../../protocol/tables.ts';

/** Names of all events. */
export const EVENT_NAMES: readonly string[] = Object.keys(HOOK_EVENTS).map(lowerFirst);

export interface ReplayEvent {
  readonly tick: number;
  readonly event: string;
  /** A player's slot, or as the event says. */
  readonly index: number;
  readonly [field: string]: unknown;
}

/** The events of the tick that has begun: `bytes` is what `begin` answered. */
export function replayEvents(room: RoomCore, bytes: number): ReplayEvent[] {
  const found: ReplayEvent[] = [];
  const { view } = room;
  const end = room.events + bytes;
  for (let at = room.events; at + RecordHeader.bytes <= end; ) {
    const length = view.getUint32(at + RecordHeader.length, true);
    const kind = KINDS.get(view.getUint16(at + RecordHeader.kind, true));
    const fields = at + RecordHeader.bytes;
    if (kind !== undefined) {
      found.push({
        tick: room.tick + 1,
        event: kind.name,
        index: view.getUint16(at + RecordHeader.index, true),
        ...valuesOf(view, kind.table, fields),
        ...tailOf(view, kind.table, { at: fields + bytesOf(kind.table), end: fields + length }),
      });
    }
    at = fields + ((length + 3) & ~3);
  }
  return found;
}

/** One line: `tick 812 receipt 3 shooter=65539 ...`. */
export function eventLine({ tick, event, index, ...fields }: ReplayEvent): string {
  const text = (value: unknown): string =>
    typeof value === 'number' || typeof value === 'string' ? String(value) : JSON.stringify(value);
  const rest = Object.entries(fields).map(([name, value]) => `${name}=${text(value)}`);
  return [`tick ${tick}`, event, index, ...rest].join(' ');
}

function tailOf(view: DataView, { tail }: RecordTable, part: { at: number; end: number }): object {
  if (tail === undefined) return {};
  const row = tail.endsWith('[]') ? STRUCTS[tail.slice(0, -2)] : undefined;
  if (row === undefined) return { tailBytes: part.end - part.at };
  const rows: object[] = [];
  for (let at = part.at; at < part.end; at += bytesOf(row)) rows.push(valuesOf(view, row, at));
  return { [`${lowerFirst(tail.slice(0, -2))}s`]: rows };
}

function valuesOf(view: DataView, { fields }: RecordTable, start: number): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  let at = start;
  for (const [name, type, , count = 1] of fields) {
    const numbers = Array.from({ length: count }, (_, k) =>
      READ[type](view, at + k * SCALAR_BYTES[type]),
    );
    at += count * SCALAR_BYTES[type];
    if (name === 'reserved') continue;
    const told = numbers.map((number) => NAMED[name]?.(number) ?? number);
    values[name] = count === 1 ? told[0] : told;
  }
  return values;
}

function bytesOf({ fields }: RecordTable): number {
  return fields.reduce((sum, [, type, , count = 1]) => sum + count * SCALAR_BYTES[type], 0);
}

function lowerFirst(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

const SCALAR_BYTES: Readonly<Record<Scalar, number>> = {
  u8: 1,
  i8: 1,
  u16: 2,
  i16: 2,
  u32: 4,
  i32: 4,
};
const READ: Readonly<Record<Scalar, (view: DataView, at: number) => number>> = {
  u8: (view, at) => view.getUint8(at),
  i8: (view, at) => view.getInt8(at),
  u16: (view, at) => view.getUint16(at, true),
  i16: (view, at) => view.getInt16(at, true),
  u32: (view, at) => view.getUint32(at, true),
  i32: (view, at) => view.getInt32(at, true),
};

/** World units, to a tenth of a millimetre if one is a metre. */
const units = (value: number): number => Math.round((value / POSITION_ONE) * 1e4) / 1e4;
const nameIn =
  (table: Readonly<Record<string, number>>) =>
  (value: number): string =>
    Object.keys(table).find((name) => table[name] === value) ?? String(value);
/** Fields that say more as something else than as their number. */
const NAMED: Readonly<Record<string, (value: number) => unknown>> = {
  ...Object.fromEntries(
    ['x', 'y', 'z', 'radius', 'depth', 'height', 'distance'].map((name) => [name, units]),
  ),
  clamp: nameIn(CLAMP),
  result: nameIn(RESULT),
  marks: (value) => Object.keys(MARK).filter((name) => value & MARK[name as keyof typeof MARK]),
};
const KINDS = new Map(
  Object.entries(HOOK_EVENTS).map(([name, table]) => [
    table.kind ?? 0,
    { name: lowerFirst(name), table },
  ]),
);
