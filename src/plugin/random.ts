/**
 * The plugin's generator: xoshiro128** (Blackman and Vigna), integers only. Its state lies in the room's region; it is
 * read at the first draw of a tick and written back by one SetRandom command, so that a replay continues it.
 */
import { FrayError } from '../errors.ts';

export class PluginRandom {
  s0 = 0;
  s1 = 0;
  s2 = 0;
  s3 = 0;
  /** A number was drawn since the last `settle`. */
  drawn = false;
  readonly #stored: Uint32Array;

  /** `stored`: the state in the region, read only. */
  constructor(stored: Uint32Array) {
    this.#stored = stored;
  }

  /** Uniform in 0..n-1 for n in 1..2^32, by rejection. Throws E_VALUE for any other n. */
  below(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > TWO_32) {
      throw new FrayError(
        'E_VALUE',
        `Cannot draw a random integer below ${String(n)}: it must be an integer in 1..2^32`,
      );
    }
    if (!this.drawn) this.#load();
    const fair = TWO_32 - (TWO_32 % n);
    let draw = this.#next();
    while (draw >= fair) draw = this.#next();
    return draw % n;
  }

  /** The state has been written back. */
  settle(): void {
    this.drawn = false;
  }

  #load(): void {
    this.drawn = true;
    this.s0 = (this.#stored[0] ?? 0) | 0;
    this.s1 = (this.#stored[1] ?? 0) | 0;
    this.s2 = (this.#stored[2] ?? 0) | 0;
    this.s3 = (this.#stored[3] ?? 0) | 0;
    // All zero is the one state that would never change.
    if ((this.s0 | this.s1 | this.s2 | this.s3) === 0) this.s0 = 1;
  }

  #next(): number {
    const { s1 } = this;
    const product = Math.imul(s1, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    this.s2 ^= this.s0;
    this.s3 ^= s1;
    this.s1 ^= this.s2;
    this.s0 ^= this.s3;
    this.s2 ^= s1 << 9;
    this.s3 = (this.s3 << 11) | (this.s3 >>> 21);
    return result;
  }
}

const TWO_32 = 2 ** 32;
