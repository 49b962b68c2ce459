/**
 * Tokens that have opened a session, by their MAC, each kept until it expires. Bounded: a full table lets nobody else in
 * with a token rather than forget one.
 */
import { ExpiringMap } from './expiring.ts';

/** A used token, as a host remembers it across a restart. */
export interface UsedToken {
  /** 16 characters of one byte each. */
  readonly mac: string;
  readonly expiresMs: number;
  /** What tokens name its session by; 0: that is not known. */
  readonly session?: bigint;
}

interface Use {
  readonly expiresMs: number;
  /** The session that it opened or was attached to; 0: that is not known any more. */
  readonly session: bigint;
  /** The host could not remember it: nobody comes in with it. */
  readonly spoilt?: true;
}

export class UsedTokens {
  readonly #max: number;
  readonly #uses = new ExpiringMap<string, Use>();

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
    if (!this.#uses.hasRoom(this.#max, nowMs)) return false;
    this.#uses.set(token.mac, { expiresMs: token.expiresMs, session });
    return true;
  }

  /** All of them; some may have expired. */
  *[Symbol.iterator](): IterableIterator<UsedToken> {
    for (const [mac, { expiresMs, session }] of this.#uses) yield { mac, expiresMs, session };
  }

  /** Forgets some of the expired ones. */
  sweep(nowMs: number): void {
    this.#uses.sweep(nowMs);
  }
}
