/**
 * Sees workers that hang: a hook or a timer that loops for ever gives no sign of life. Looks are counted, not time alone, so that a
 * thread or a machine that stood still itself accuses nobody. Pure: time is a parameter.
 */
import type { PulseSign } from '../../workers/pulse.ts';

/** Looks within the time after which a worker is given up. */
export const LOOKS = 5;

export class Watchdog {
  readonly #limitMs: number;
  #beats = -1;
  #sinceMs = 0;
  #looks = 0;

  /** `limitMs`: without a sign for so long it hangs; 0: it never does. */
  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** A look, one each `limitMs / LOOKS`. True: it hangs. */
  look({ beats, makes }: PulseSign, nowMs: number): boolean {
    if (beats !== this.#beats || this.#limitMs === 0) {
      this.#beats = beats;
      this.#sinceMs = nowMs;
      this.#looks = 0;
      return false;
    }
    this.#looks += 1;
    const patience = makes ? MAKES_PATIENCE : 1;
    return this.#looks >= LOOKS * patience && nowMs - this.#sinceMs >= this.#limitMs * patience;
  }

  /** Another thread is watched from now on. */
  reset(): void {
    this.#beats = -1;
  }
}

/** Times as long where rooms are made: `onCreate` may build a world. */
const MAKES_PATIENCE = 20;
