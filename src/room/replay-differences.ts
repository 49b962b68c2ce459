/** Where a room that was played again is another than the one whose copy stands in the journal: by the names of its arrays and fields. */
import { REGION_NAMES } from '../../core-wasm/bindings/region-names.ts';
import type { RegionRow } from '../../core-wasm/bindings/room.ts';
import {
  BUILTIN_COLUMNS,
  ClientEvent,
  COLUMN,
  InputCommand,
  RoomStats,
  WallBox,
} from '../../protocol/gen/tables.ts';
import type { JournalReader } from '../../workers/journal-format.ts';
import { checkpointsOf } from '../../workers/journal-places.ts';
import type { Replay } from './replay.ts';

/** A number of a region that is another. */
export interface Difference {
  /** `columns.x[12]`: column x of entity 12; `clients[3]+24`: byte 24 of row 3. */
  readonly field: string;
  readonly played: number;
  readonly wanted: number;
}

export interface Differences {
  /** The tick whose checkpoint was compared. */
  readonly tick: number;
  /** Numbers that differ, and the first of them. */
  readonly count: number;
  readonly first: readonly Difference[];
}

/** What to compare: the same tick of the same room, played and as it was kept. */
export interface Compared {
  readonly tick: number;
  readonly played: Uint8Array;
  readonly wanted: Uint8Array;
  /** Of the room; none: its core cannot tell, and bytes are named by their offset alone. */
  readonly rows: readonly RegionRow[];
  readonly entitiesMax: number;
}

/**
 * What is another in a room that differs after `differs`: its memory beside the first checkpoint from then on, up to which `replay`, a fresh
 * one of the same journal, plays it. Null where there is no such checkpoint, or the room does not come to it.
 */
export function explain(
  replay: Replay,
  journal: JournalReader,
  differs: number,
): Differences | null {
  for (const { tick, region } of checkpointsOf(journal)) {
    if (tick < differs) continue;
    replay.play({ toTick: tick, anyway: true });
    const { room } = replay;
    if (replay.tick !== tick || room.region().length !== region.length) return null;
    const { entitiesMax } = room;
    return differencesOf({
      tick,
      played: room.region(),
      wanted: region,
      rows: room.rows(),
      entitiesMax,
    });
  }
  return null;
}

/** Goes through all arrays in their order. The state hash that was asked for last is nobody's state. */
export function differencesOf({ tick, played, wanted, rows, entitiesMax }: Compared): Differences {
  const first: Difference[] = [];
  let count = 0;
  const known = rows.length === REGION_NAMES.length ? rows : [];
  const all = known.length > 0 ? known : [{ offset: 0, bytes: played.length, element: 1 }];
  const [own, kept] = [viewOf(played), viewOf(wanted)];
  for (const [index, row] of all.entries()) {
    const name = known.length > 0 ? (REGION_NAMES[index] ?? '') : 'bytes';
    if (name === 'hash') continue;
    const width = widthOf(row.element);
    for (let at = row.offset; at < row.offset + row.bytes; at += width) {
      const [is, was] = [read(own, at, width), read(kept, at, width)];
      if (is === was) continue;
      count += 1;
      if (first.length < FIRST_MAX)
        first.push({
          field: fieldOf(name, { row, at: at - row.offset, entitiesMax }),
          played: is,
          wanted: was,
        });
    }
  }
  return { tick, count, first };
}

interface Place {
  readonly row: RegionRow;
  /** Bytes from the start of the array. */
  readonly at: number;
  readonly entitiesMax: number;
}

function fieldOf(name: string, { row, at, entitiesMax }: Place): string {
  const [index, rest] = [Math.floor(at / row.element), at % row.element];
  if (name === 'columns') {
    const [column, entity] = [Math.floor(index / entitiesMax), index % entitiesMax];
    return `columns.${COLUMNS.get(column) ?? `field ${column - BUILTIN_COLUMNS}`}[${entity}]`;
  }
  const array = row.bytes === row.element ? name : `${name}[${index}]`;
  if (row.element <= WORD) return array;
  const fields = FIELDS[name];
  if (fields === undefined) return `${array}+${rest}`;
  const names = Object.entries(fields).filter(([, from]) => from >= rest && from < rest + WORD);
  return `${array}.${names.map(([field]) => field).join('|') || `+${rest}`}`;
}

function widthOf(element: number): number {
  if (element % WORD === 0) return WORD;
  return element % 2 === 0 ? 2 : 1;
}

function read(view: DataView, at: number, width: number): number {
  if (width === WORD) return view.getInt32(at, true);
  return width === 2 ? view.getUint16(at, true) : view.getUint8(at);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const WORD = 4;
const FIRST_MAX = 16;
const COLUMNS = new Map<number, string>(
  Object.entries(COLUMN).map(([name, column]) => [column, name]),
);
/** Fields of structs that both sides know, by their byte. */
const FIELDS: { readonly [array: string]: { readonly [field: string]: number } } = {
  stats: RoomStats,
  inputs: InputCommand,
  applied: InputCommand,
  walls: WallBox,
  blinds: WallBox,
  events: ClientEvent,
};
