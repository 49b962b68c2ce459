/**
 * A room full of bots in the committed core, for benches of one stage: nobody is sent anything, so a tick is moving and looking around.
 * Both halves of a tick are timed from outside; there is no entry point for the bench.
 */
import { RoomCore } from '../core-wasm/bindings/room.ts';
import {
  AddWalls,
  BotInput,
  COLUMN,
  Join,
  Place,
  POSITION_ONE,
  SetField,
  Spawn,
  WallBox,
} from '../protocol/gen/tables.ts';
import { Records } from './records.ts';

/** Position units (1/65536 world unit), exact. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface BotRoomOptions {
  readonly config: Uint8Array;
  /** Where they begin; null: they have joined, and stand nowhere. */
  readonly bots: readonly (Point | null)[];
  /** Things of the first kind of the author's. */
  readonly things?: readonly Point[];
  /** Half an edge of square walls, and where they stand. */
  readonly walls?: { readonly half: number; readonly at: readonly Point[] };
}

/** What bots do in a tick: one entry of each array per slot. */
export interface Moves {
  readonly x: Int8Array;
  readonly y: Int8Array;
}

export class BotRoom {
  readonly core: RoomCore;
  /** Rows of bots by slot, then of things. */
  readonly rows: Uint16Array;
  readonly #bots: number;
  readonly #records: Records;

  constructor(module: WebAssembly.Module, { config, bots, things = [], walls }: BotRoomOptions) {
    const core = new RoomCore(module, config);
    this.core = core;
    this.#records = new Records(core);
    this.#bots = bots.length;
    if (walls !== undefined) this.#addWalls(walls.half, walls.at);
    this.end();
    bots.forEach((_, slot) => {
      const join = this.#records.put(Join.kind, slot, Join.bytes);
      core.view.setUint16(join + Join.flags, 1, true);
    });
    this.begin();
    bots.forEach((point, slot) => {
      if (point === null) return;
      const place = this.#records.put(Place.kind, 0, Place.bytes);
      core.view.setUint32(place + Place.handle, core.players[slot] as number, true);
      core.view.setInt32(place + Place.x, point.x, true);
      core.view.setInt32(place + Place.y, point.y, true);
    });
    this.end();
    const handles = [...core.players.subarray(0, bots.length), ...this.#spawn(things)];
    this.rows = Uint16Array.from(handles, (handle) => handle & 0xffff);
  }

  /** Sets a column of every bot, in a tick of its own. */
  set(column: number, value: number): void {
    this.begin();
    for (let slot = 0; slot < this.#bots; slot += 1) {
      const field = this.#records.put(SetField.kind, 0, SetField.bytes);
      this.core.view.setUint32(field + SetField.handle, this.core.players[slot] as number, true);
      this.core.view.setUint32(field + SetField.column, column, true);
      this.core.view.setInt32(field + SetField.value, value, true);
    }
    this.end();
  }

  /** Writes what bots do in the next tick. */
  steer(moves: Moves): void {
    for (let slot = 0; slot < this.#bots; slot += 1) {
      const input = this.#records.put(BotInput.kind, slot, BotInput.bytes);
      this.core.view.setInt8(input + BotInput.moveX, moves.x[slot] as number);
      this.core.view.setInt8(input + BotInput.moveY, moves.y[slot] as number);
    }
  }

  /** First half of a tick; ns. */
  begin(): number {
    const bytes = this.#records.taken();
    const startMs = performance.now();
    this.core.begin(bytes);
    return (performance.now() - startMs) * 1e6;
  }

  /** Second half; ns. */
  end(): number {
    const bytes = this.#records.taken();
    const startMs = performance.now();
    this.core.end(bytes);
    return (performance.now() - startMs) * 1e6;
  }

  /** Position units. */
  x(row: number): number {
    return this.core.columns[COLUMN.x * this.core.entitiesMax + row] as number;
  }

  y(row: number): number {
    return this.core.columns[COLUMN.y * this.core.entitiesMax + row] as number;
  }

  /** True if a bot sees a row, by what `select` made last. */
  sees(slot: number, row: number): boolean {
    const word = this.core.visible[slot * this.core.setWords + (row >>> 5)] as number;
    return (word & (1 << (row & 31))) !== 0;
  }

  #addWalls(half: number, at: readonly Point[]): void {
    for (let first = 0; first < at.length; first += WALLS_AT_ONCE) {
      const some = at.slice(first, first + WALLS_AT_ONCE);
      let wall = this.#records.put(AddWalls.kind, 0, some.length * WallBox.bytes);
      for (const { x, y } of some) {
        this.core.view.setInt32(wall + WallBox.x, x, true);
        this.core.view.setInt32(wall + WallBox.y, y, true);
        this.core.view.setInt32(wall + WallBox.halfX, half, true);
        this.core.view.setInt32(wall + WallBox.halfY, half, true);
        wall += WallBox.bytes;
      }
    }
  }

  /** As many per tick as handles are on offer. */
  #spawn(things: readonly Point[]): number[] {
    const handles: number[] = [];
    while (handles.length < things.length) {
      this.begin();
      const { spawnable, view } = this.core;
      const offered = [...spawnable.subarray(1, 1 + (spawnable[0] as number))];
      for (const handle of offered.slice(0, things.length - handles.length)) {
        const { x, y } = things[handles.length] as Point;
        const spawn = this.#records.put(Spawn.kind, 0, Spawn.bytes);
        view.setUint32(spawn + Spawn.handle, handle, true);
        view.setUint32(spawn + Spawn.kindAt, FIRST_KIND, true);
        view.setInt32(spawn + Spawn.x, x, true);
        view.setInt32(spawn + Spawn.y, y, true);
        handles.push(handle);
      }
      this.end();
    }
    return handles;
  }
}

/** Position units of metres, whole. */
export function metres(value: number): number {
  return Math.round(value * POSITION_ONE);
}

/** Kinds 1 and 2 are players and projectiles. */
const FIRST_KIND = 3;
const WALLS_AT_ONCE = 1000;
