/**
 * Who has which slot of a room: people by session, bots, and slots that are free again only after the core has run the
 * tick with their Leave. Plain bookkeeping on fixed arrays; a room asks it before each tick what to do.
 */

/** What a slot is taken by. */
export const TAKEN = { free: 0, person: 1, bot: 2, leaving: 3 } as const;

export class Seats {
  /** Session per slot, 0 for none (bots too). */
  readonly sessions: Uint32Array;
  readonly #taken: Uint8Array;
  #people = 0;
  #bots = 0;
  #leaving = 0;

  constructor(playersMax: number) {
    this.sessions = new Uint32Array(playersMax);
    this.#taken = new Uint8Array(playersMax);
  }

  get people(): number {
    return this.#people;
  }

  get bots(): number {
    return this.#bots;
  }

  /** Slots that come free with the next tick. */
  get leaving(): number {
    return this.#leaving;
  }

  takenBy(slot: number): number {
    return this.#taken[slot] as number;
  }

  /** The lowest free slot, or -1. */
  free(): number {
    return this.#taken.indexOf(TAKEN.free);
  }

  /** The bot in the highest slot, or -1: the newest comer goes first. */
  lastBot(): number {
    return this.#taken.lastIndexOf(TAKEN.bot);
  }

  takePerson(slot: number, session: number): void {
    this.#taken[slot] = TAKEN.person;
    this.sessions[slot] = session;
    this.#people += 1;
  }

  takeBot(slot: number): void {
    this.#taken[slot] = TAKEN.bot;
    this.#bots += 1;
  }

  /** The slot's Leave is written: nobody owns it, and it is not free yet. */
  leave(slot: number): void {
    const taken = this.#taken[slot];
    if (taken === TAKEN.person) this.#people -= 1;
    else if (taken === TAKEN.bot) this.#bots -= 1;
    else return;
    this.#taken[slot] = TAKEN.leaving;
    this.sessions[slot] = 0;
    this.#leaving += 1;
  }

  /** After a tick: slots whose Leave the core has run are free. `handles`: handle per slot, 0 none. */
  settle(handles: Uint32Array): void {
    if (this.#leaving === 0) return;
    for (let slot = 0; slot < this.#taken.length; slot += 1) {
      if (this.#taken[slot] !== TAKEN.leaving || handles[slot] !== 0) continue;
      this.#taken[slot] = TAKEN.free;
      this.#leaving -= 1;
    }
  }
}
