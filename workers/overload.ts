/**
 * What a worker does when its rooms ask for more time than there is, in this order and one step at a time: it sends far
 * states more seldom, sends snapshots half as often, lets time run slower, and takes no more players. Each step has its way
 * back. (That a late slot makes up for at most 3 ticks comes before all of it, see slots.ts.) A match is never given up.
 *
 * Pure: it is told how long each slot took, and time is a parameter. A step up follows two looks in a row at a worker that
 * is busy for more than nine tenths of the time, or had to leave ticks out; a step down follows some seconds of calm, and
 * longer ones each time that the calm did not last.
 */

import { TIMES } from './slots.ts';

/** `tiers` and `sends` are done by the core of each room (`interest.rs`), which is told the level. */
export const LEVEL = { none: 0, tiers: 1, sends: 2, slow: 3, full: 4 } as const;

export class Overload {
  level: number = LEVEL.none;
  /** Speed of the rooms: 1000 is real time. */
  permille = REAL_TIME;
  /** Permille of the time that the ticks took, at the last look. */
  load = 0;
  /** Since the last look: busy us, ticks left out; when that was. */
  readonly #sums = new Float64Array(3);
  #overLooks = 0;
  #calmLooks = 0;
  #calmWanted = CALM_LOOKS;
  /** Looks since the last step down. */
  #sinceDown = LONG_AGO;

  /** After each slot: its moments (see TIMES), and the ticks it left out. True where level or speed are others than before. */
  account(times: Float64Array, skipped: number): boolean {
    const sums = this.#sums;
    const nowUs = times[TIMES.end] as number;
    const busyUs = nowUs - (times[TIMES.start] as number);
    const lookUs = sums[SUM.lookUs] as number;
    sums[SUM.busyUs] = (sums[SUM.busyUs] as number) + busyUs;
    sums[SUM.skipped] = (sums[SUM.skipped] as number) + skipped;
    if (nowUs - lookUs < LOOK_US) return false;
    this.load = Math.round((1000 * (sums[SUM.busyUs] as number)) / (nowUs - lookUs));
    const over = this.load > LOAD_MAX || (sums[SUM.skipped] as number) > 0;
    sums.fill(0);
    sums[SUM.lookUs] = nowUs;
    // The first look of all only begins.
    return lookUs !== 0 && this.#look(over);
  }

  #look(over: boolean): boolean {
    this.#sinceDown += 1;
    this.#overLooks = over ? this.#overLooks + 1 : 0;
    if (this.#overLooks >= OVER_LOOKS) return this.#up();
    // Full speed first: what a faster room would take has to fit as well.
    if (!over && this.level >= LEVEL.slow) return this.#faster();
    this.#calmLooks = this.load < LOAD_CALM && !over ? this.#calmLooks + 1 : 0;
    if (this.level === LEVEL.none || this.#calmLooks < this.#calmWanted) return false;
    this.level -= 1;
    this.#calmLooks = 0;
    this.#sinceDown = 0;
    return true;
  }

  #up(): boolean {
    this.#calmLooks = 0;
    if (this.level < LEVEL.slow) {
      // The calm did not last: the next one has to be longer.
      const lasted = this.#sinceDown > 2 * this.#calmWanted;
      this.#calmWanted = lasted ? CALM_LOOKS : Math.min(2 * this.#calmWanted, CALM_LOOKS_MAX);
      this.level += 1;
      this.#overLooks = 0;
      if (this.level < LEVEL.slow) return true;
    }
    if (this.permille > SLOWEST) {
      this.permille -= STEP;
      return true;
    }
    const before = this.level;
    this.level = LEVEL.full;
    return before !== LEVEL.full;
  }

  #faster(): boolean {
    if (this.load * ((this.permille + STEP) / this.permille) > LOAD_FASTER) return false;
    if (this.level === LEVEL.full) {
      this.level = LEVEL.slow;
      return true;
    }
    this.permille += STEP;
    if (this.permille < REAL_TIME) return true;
    this.level = LEVEL.sends;
    return true;
  }
}

/** Looks. A whole number: Infinity would make each count of it a fraction on the heap. */
const LONG_AGO = 1 << 20;
const SUM = { busyUs: 0, skipped: 1, lookUs: 2 } as const;
const REAL_TIME = 1000;
/** permille. Half speed: below that a game is none, and the match goes on late. */
const SLOWEST = 500;
const STEP = 50;
/** us between two looks. */
const LOOK_US = 500_000;
/** Looks in a row; one alone may be a machine that slept. */
const OVER_LOOKS = 2;
/** Permille. */
const LOAD_MAX = 900;
/** Below this a step down is tried. It may not last: then the next one has to wait for longer. */
const LOAD_CALM = 750;
const LOAD_FASTER = 850;
/** 3 s. */
const CALM_LOOKS = 6;
/** 60 s. */
const CALM_LOOKS_MAX = 120;
