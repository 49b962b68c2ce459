/** Chance from a seed: each part of a scenario draws from a stream of its own, so that one fault less moves no other. */

export class Chance {
  #state: number;

  constructor(seed: number, salt = 0) {
    this.#state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(salt + 1, 0x85ebca6b)) | 0;
    for (let turn = 0; turn < 4; turn += 1) this.next();
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let z = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Whole, in 0..n-1. */
  int(n: number): number {
    return Math.floor(this.next() * n);
  }

  /** In [from, to). */
  between(from: number, to: number): number {
    return from + (to - from) * this.next();
  }

  happens(share: number): boolean {
    return this.next() < share;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.int(from.length)] as T;
  }

  bytes(into: Uint8Array): Uint8Array {
    for (let at = 0; at < into.length; at += 1) into[at] = this.int(256);
    return into;
  }
}
