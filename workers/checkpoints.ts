/**
 * From shadow copies to checkpoints in journals: the thread that writes journals takes the newest copy of a room each `checkpointMs`,
 * one room a turn. No tick waits for it: a copy that its worker begins to write over meanwhile is left, and the next one taken.
 */
import type { CheckpointPacker, Seen } from './journal-checkpoint.ts';
import { PackedRoom } from './journal-checkpoint.ts';
import { ShadowReader } from './shadow.ts';

/** One room that is copied into shared memory. */
export class RoomCheckpoints {
  /** Of the newest checkpoint; -1: none. */
  tick = -1;
  readonly #shadow: ShadowReader;
  readonly #room: PackedRoom;
  /** Checkpoints since one that needs none before it. */
  #since = CHAIN_MAX;
  #dueMs: number;
  #takenMs = 0;

  constructor(memory: SharedArrayBuffer, nowMs: number) {
    this.#shadow = new ShadowReader(memory);
    this.#room = new PackedRoom(this.#shadow.regionBytes);
    this.#dueMs = nowMs;
  }

  /** When the next one is wanted, in the time that `take` is given. */
  get dueMs(): number {
    return this.#dueMs;
  }

  /** It is due, or nobody knows, as the clock was set back behind the last look. */
  isDue(nowMs: number): boolean {
    return nowMs >= this.#dueMs || nowMs < this.#takenMs;
  }

  /** Payloads of the next checkpoint's entries, and its tick in `tick`; null: there is nothing new, or not now. */
  take(
    packer: CheckpointPacker,
    times: { readonly nowMs: number; readonly everyMs: number; readonly seen: Seen },
  ): Uint8Array[] | null {
    this.#takenMs = times.nowMs;
    const copy = this.#shadow.newest();
    if (copy === null || copy.tick === this.tick) {
      this.#dueMs = times.nowMs + AGAIN_MS;
      return null;
    }
    const isWhole = this.#since >= CHAIN_MAX;
    const pieces = packer.pack({ ...copy, seen: times.seen }, this.#room, isWhole);
    if (!this.#shadow.holds(copy)) {
      // What was packed is of two ticks, and so is what the next one would build on.
      this.#since = CHAIN_MAX;
      this.#dueMs = times.nowMs + AGAIN_MS;
      return null;
    }
    this.#dueMs = times.nowMs + times.everyMs;
    this.#since = isWhole ? 0 : this.#since + 1;
    this.tick = copy.tick;
    return pieces;
  }
}

/** Checkpoints with changed pages alone, until one has all again: what has to be unpacked to begin in the middle. */
const CHAIN_MAX = 15;
/** ms until a room whose copy is still the same is looked at again. */
const AGAIN_MS = 1000;
