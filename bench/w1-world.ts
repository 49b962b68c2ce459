/**
 * What the world of a recorded W1 was, tick by tick: the values that every player shows, at the precision of the workload, and who
 * began or ceased to see whom. A peer that knows no game of ours is fed from it.
 */
import type { RoomCore } from '../core-wasm/bindings/room.ts';
import { COLUMN, POSITION_ONE } from '../protocol/gen/tables.ts';
import type { W1Size } from './w1.ts';
import { worldEdge } from './w1.ts';

/** Values of a player in a row of `WorldTick.values`. x and y: cm from the corner; heading: 1/256 turn; health: points. */
export const VALUE = { x: 0, y: 1, heading: 2, health: 3, count: 4 } as const;

export interface WorldTick {
  /** `VALUE.count` values per slot. */
  readonly values: Uint16Array;
  /** Viewer slot << 16 | seen slot. A player sees itself. */
  readonly enters: Uint32Array;
  readonly leaves: Uint32Array;
}

/** Reads the world of a room after each tick. All slots have to be taken. */
export class WorldReader {
  readonly #room: RoomCore;
  readonly #size: W1Size;
  /** The visible sets as of the last read; one's own bit is always set. */
  readonly #seen: Uint32Array;
  /** Slot by entity index. */
  readonly #slots = new Map<number, number>();

  constructor(room: RoomCore, size: W1Size) {
    this.#room = room;
    this.#size = size;
    this.#seen = new Uint32Array(room.visible.length);
  }

  read(): WorldTick {
    const { players } = this.#size;
    const values = new Uint16Array(players * VALUE.count);
    const half = (worldEdge(players) / 2) * 100;
    for (let slot = 0; slot < players; slot += 1) {
      const cm = (column: number): number => Math.round(this.#cell(slot, column) / CM + half);
      const at = slot * VALUE.count;
      values[at + VALUE.x] = cm(COLUMN.x);
      values[at + VALUE.y] = cm(COLUMN.y);
      values[at + VALUE.heading] = ((this.#cell(slot, COLUMN.aim) + 128) >> 8) & 0xff;
      values[at + VALUE.health] = this.#cell(slot, COLUMN.health);
    }
    return { values, ...this.#changes() };
  }

  #changes(): Pick<WorldTick, 'enters' | 'leaves'> {
    const { players } = this.#size;
    const { visible, setWords } = this.#room;
    for (let slot = 0; slot < players; slot += 1) this.#slots.set(this.#index(slot), slot);
    const [enters, leaves]: [number[], number[]] = [[], []];
    for (let viewer = 0; viewer < players; viewer += 1) {
      const self = this.#index(viewer);
      for (let word = 0; word < setWords; word += 1) {
        const at = viewer * setWords + word;
        const own = self >>> 5 === word ? 1 << (self & 31) : 0;
        const now = (visible[at] as number) | own;
        const before = this.#seen[at] as number;
        for (let left = now ^ before; left !== 0; left &= left - 1) {
          const bit = 31 - Math.clz32(left & -left);
          const slot = this.#slots.get(word * 32 + bit);
          if (slot === undefined) throw new Error('A player sees an entity that is no player');
          ((now >>> bit) & 1 ? enters : leaves).push((viewer << 16) | slot);
        }
        this.#seen[at] = now;
      }
    }
    return { enters: Uint32Array.from(enters), leaves: Uint32Array.from(leaves) };
  }

  #cell(slot: number, column: number): number {
    return this.#room.columns[column * this.#room.entitiesMax + this.#index(slot)] as number;
  }

  #index(slot: number): number {
    return (this.#room.players[slot] as number) & 0xffff;
  }
}

/** Position units. */
const CM = POSITION_ONE / 100;
