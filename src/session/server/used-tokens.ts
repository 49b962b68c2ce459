/**
 * Tokens that have opened a session, by their MAC, each kept until it expires. Bounded: a full table lets nobody else in
 * with a token rather than forget one.
 */
export class UsedTokens {
  readonly #max: number;
  readonly #expiresMs = new Map<string, number>();
  #cursor: Iterator<[string, number]> | null = null;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#expiresMs.size;
  }

  has(mac: string): boolean {
    return this.#expiresMs.has(mac);
  }

  /** False: the table is full of tokens that are still valid. */
  add(mac: string, expiresMs: number, nowMs: number): boolean {
    if (this.#expiresMs.size >= this.#max) this.sweep(nowMs, this.#max);
    if (this.#expiresMs.size >= this.#max) return false;
    this.#expiresMs.set(mac, expiresMs);
    return true;
  }

  /** Forgets expired ones: looks at `count` of them, round and round, going on there at the next call. */
  sweep(nowMs: number, count = 64): void {
    for (let looks = Math.min(count, this.#expiresMs.size); looks > 0; looks -= 1) {
      const next = this.#next();
      if (next === null) return;
      const [mac, expiresMs] = next;
      if (expiresMs <= nowMs) this.#expiresMs.delete(mac);
    }
  }

  /** The next one, after the last the first again; null where there is none. */
  #next(): [string, number] | null {
    this.#cursor ??= this.#expiresMs.entries();
    let next = this.#cursor.next();
    if (next.done === true) {
      this.#cursor = this.#expiresMs.entries();
      next = this.#cursor.next();
    }
    return next.done === true ? null : next.value;
  }
}
