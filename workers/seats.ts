/**
 * Who of the people has which slot of a room, and which slots are free again only after the core has run the tick with
 * their Leave. Bots are players of the core without a seat here: the game's runtime adds and removes them. Plain
 * bookkeeping on fixed arrays; `handles` is the core's table of players, 0 for none.
 */

const TAKEN = { none: 0, person: 1, leaving: 2 } as const;

export class Seats {
  /** Session per slot, 0 for none. */
  readonly sessions: Uint32Array;
  /** The same memory. */
  readonly bytes: Uint8Array;
  readonly #taken: Uint8Array;
  #people = 0;
  #leaving = 0;

  constructor(playersMax: number) {
    this.sessions = new Uint32Array(playersMax);
    this.bytes = new Uint8Array(this.sessions.buffer);
    this.#taken = new Uint8Array(playersMax);
  }

  get people(): number {
    return this.#people;
  }

  /** Slots that come free with the next tick. */
  get leaving(): number {
    return this.#leaving;
  }

  /** The lowest free slot, or -1. */
  free(handles: Uint32Array): number {
    for (let slot = 0; slot < this.#taken.length; slot += 1) {
      if (this.#taken[slot] === TAKEN.none && handles[slot] === 0) return slot;
    }
    return -1;
  }

  /** The bot in the highest slot, or -1: the newest comer goes first. */
  lastBot(handles: Uint32Array): number {
    for (let slot = this.#taken.length - 1; slot >= 0; slot -= 1) {
      if (this.#taken[slot] === TAKEN.none && handles[slot] !== 0) return slot;
    }
    return -1;
  }

  take(slot: number, session: number): void {
    this.#taken[slot] = TAKEN.person;
    this.sessions[slot] = session;
    this.#people += 1;
  }

  /** The slot's Leave is written: nobody owns it, and it is not free yet. Person or bot. */
  leave(slot: number): void {
    if (this.#taken[slot] === TAKEN.leaving) return;
    if (this.#taken[slot] === TAKEN.person) this.#people -= 1;
    this.#taken[slot] = TAKEN.leaving;
    this.sessions[slot] = 0;
    this.#leaving += 1;
  }

  /** After a tick: slots whose Leave the core has run are free. */
  settle(handles: Uint32Array): void {
    if (this.#leaving === 0) return;
    for (let slot = 0; slot < this.#taken.length; slot += 1) {
      if (this.#taken[slot] !== TAKEN.leaving || handles[slot] !== 0) continue;
      this.#taken[slot] = TAKEN.none;
      this.#leaving -= 1;
    }
  }
}
