/** A map of things that end at a known moment. It forgets them a few at a time, so that no call is long. */

export class ExpiringMap<K, V extends { readonly expiresMs: number }> {
  readonly #entries = new Map<K, V>();
  #cursor: Iterator<[K, V]> | null = null;

  /** Those that have expired and were not looked at since are counted, too. */
  get size(): number {
    return this.#entries.size;
  }

  has(key: K): boolean {
    return this.#entries.has(key);
  }

  get(key: K): V | undefined {
    return this.#entries.get(key);
  }

  [Symbol.iterator](): IterableIterator<[K, V]> {
    return this.#entries.entries();
  }

  set(key: K, value: V): void {
    this.#entries.set(key, value);
  }

  /** False: `max` of them are there that have not expired. O(1) until it is full, then O(size). */
  hasRoom(max: number, nowMs: number): boolean {
    if (this.#entries.size >= max) this.sweep(nowMs, this.#entries.size);
    return this.#entries.size < max;
  }

  /** Forgets expired ones: looks at `count` of them, round and round, going on there at the next call. */
  sweep(nowMs: number, count = 64): void {
    for (let looks = Math.min(count, this.#entries.size); looks > 0; looks -= 1) {
      const next = this.#next();
      if (next === null) return;
      const [key, { expiresMs }] = next;
      if (expiresMs <= nowMs) this.#entries.delete(key);
    }
  }

  /** The next one, after the last the first again; null where there is none. */
  #next(): [K, V] | null {
    this.#cursor ??= this.#entries.entries();
    let next = this.#cursor.next();
    if (next.done === true) {
      this.#cursor = this.#entries.entries();
      next = this.#cursor.next();
    }
    return next.done === true ? null : next.value;
  }
}
