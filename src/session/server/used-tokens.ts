/**
 * Tokens that have opened a session, by their MAC, each kept until it expires. Bounded: a full table lets nobody else in
 * with a token rather than forget one.
 */

/** A used token, as a host remembers it across a restart. */
export interface UsedToken {
  /** 16 characters of one byte each. */
  readonly mac: string;
  readonly expiresMs: number;
}

interface Use {
  readonly expiresMs: number;
  /** The session that it opened or was attached to; 0 after a restart. */
  readonly session: bigint;
  /** The host could not remember it: nobody comes in with it. */
  readonly spoilt?: true;
}

export class UsedTokens {
  readonly #max: number;
  readonly #uses = new Map<string, Use>();
  #cursor: Iterator<[string, Use]> | null = null;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#uses.size;
  }

  has(mac: string): boolean {
    return this.#uses.has(mac);
  }

  /** The session of a used token; undefined for one that is not used. */
  sessionOf(mac: string): bigint | undefined {
    return this.#uses.get(mac)?.session;
  }

  /** It will not be known after a restart. */
  spoil(mac: string): void {
    const use = this.#uses.get(mac);
    if (use !== undefined) this.#uses.set(mac, { ...use, spoilt: true });
  }

  isSpoilt(mac: string): boolean {
    return this.#uses.get(mac)?.spoilt === true;
  }

  /** False: the table is full of tokens that are still valid. */
  add(token: UsedToken, session: bigint, nowMs: number): boolean {
    if (this.#uses.size >= this.#max) this.sweep(nowMs, this.#max);
    if (this.#uses.size >= this.#max) return false;
    this.#uses.set(token.mac, { expiresMs: token.expiresMs, session });
    return true;
  }

  /** Forgets expired ones: looks at `count` of them, round and round, going on there at the next call. */
  sweep(nowMs: number, count = 64): void {
    for (let looks = Math.min(count, this.#uses.size); looks > 0; looks -= 1) {
      const next = this.#next();
      if (next === null) return;
      const [mac, { expiresMs }] = next;
      if (expiresMs <= nowMs) this.#uses.delete(mac);
    }
  }

  /** The next one, after the last the first again; null where there is none. */
  #next(): [string, Use] | null {
    this.#cursor ??= this.#uses.entries();
    let next = this.#cursor.next();
    if (next.done === true) {
      this.#cursor = this.#uses.entries();
      next = this.#cursor.next();
    }
    return next.done === true ? null : next.value;
  }
}
