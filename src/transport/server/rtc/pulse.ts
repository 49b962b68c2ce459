/**
 * Whether a process still gives signs of life, counted in turns of the one who watches: time alone would accuse a process of the
 * silence of a server that was paused, or had no CPU itself. Pure.
 */

/** ms between two turns; a process that works reports as often. */
export const TURN_MS = 250;

export class Pulse {
  #quietTurns = 0;
  #turnedMs: number;

  constructor(nowMs: number) {
    this.#turnedMs = nowMs;
  }

  /** It lives. */
  beat(): void {
    this.#quietTurns = 0;
  }

  /**
   * One turn; true: there was no beat for `quietMs` of turns. A turn that came late does not count: what was sent meanwhile has not
   * been read yet.
   */
  turn(nowMs: number, quietMs: number): boolean {
    if (nowMs - this.#turnedMs <= 2 * TURN_MS) this.#quietTurns += 1;
    this.#turnedMs = nowMs;
    return this.#quietTurns * TURN_MS >= quietMs;
  }
}
