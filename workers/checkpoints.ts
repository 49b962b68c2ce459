/**
 * From shadow copies to checkpoints in journals: the thread that writes journals takes the newest copy of a room each `checkpointMs`,
 * one room a turn. No tick waits for it: a copy that its worker begins to write over meanwhile is left, and the next one taken.
 */
import type { Checkpoint, Seen } from './journal-checkpoint.ts';
import { encodeCheckpoint } from './journal-checkpoint.ts';
import { ShadowReader } from './shadow.ts';

/** One room that is copied into shared memory. */
export class RoomCheckpoints {
  /** Of the newest checkpoint; -1: none. */
  tick = -1;
  readonly #shadow: ShadowReader;
  /** The region as the newest checkpoint has it. */
  #before: Uint8Array | null = null;
  #since = 0;
  #dueMs: number;
  #takenMs = 0;

  constructor(memory: SharedArrayBuffer, nowMs: number) {
    this.#shadow = new ShadowReader(memory);
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
  take(times: {
    readonly nowMs: number;
    readonly everyMs: number;
    readonly seen: Seen;
  }): Uint8Array[] | null {
    this.#takenMs = times.nowMs;
    const copy = this.#shadow.read();
    if (copy === null || copy.tick === this.tick) {
      this.#dueMs = times.nowMs + AGAIN_MS;
      return null;
    }
    this.#dueMs = times.nowMs + times.everyMs;
    const isWhole = this.#before === null || this.#since >= CHAIN_MAX;
    const checkpoint: Checkpoint = { ...copy, seen: times.seen };
    const pieces = encodeCheckpoint(checkpoint, isWhole ? null : this.#before);
    this.#since = isWhole ? 0 : this.#since + 1;
    this.#before = copy.region;
    this.tick = copy.tick;
    return pieces;
  }
}

/** Checkpoints with changed pages alone, until one has all again: what has to be unpacked to begin in the middle. */
const CHAIN_MAX = 15;
/** ms until a room whose copy is still the same is looked at again. */
const AGAIN_MS = 1000;
