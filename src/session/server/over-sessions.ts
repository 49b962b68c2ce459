/**
 * Names of sessions that are over, each kept while a token of it may not have expired: whoever was thrown out does not come back
 * with a token that he was handed while he was in. Bounded for players as used tokens are: a full table lets no further player in
 * rather than forget one. A guest can come in without a token, so of guests a full table remembers no more, and locks nobody out.
 */
import { ExpiringMap } from './expiring.ts';

export class OverSessions {
  readonly #max: number;
  readonly #players = new ExpiringMap<bigint, { readonly expiresMs: number }>();
  readonly #guests = new ExpiringMap<bigint, { readonly expiresMs: number }>();

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#players.size + this.#guests.size;
  }

  has(name: bigint): boolean {
    return this.#players.has(name) || this.#guests.has(name);
  }

  /** One more player may come in. Those who are in by then are remembered all the same. */
  hasRoom(nowMs: number): boolean {
    return this.#players.hasRoom(this.#max, nowMs);
  }

  add(name: bigint, { guest, expiresMs }: { guest: boolean; expiresMs: number }, nowMs: number) {
    if (!guest) this.#players.set(name, { expiresMs });
    else if (this.#guests.hasRoom(this.#max, nowMs)) this.#guests.set(name, { expiresMs });
  }

  /** Forgets some of those whose tokens have expired. */
  sweep(nowMs: number): void {
    this.#players.sweep(nowMs);
    this.#guests.sweep(nowMs);
  }
}
