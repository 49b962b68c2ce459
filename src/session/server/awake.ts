/**
 * Time less the time asleep. Whoever waits for a sign of life must not count the time in which it could not have heard one:
 * its machine slept, its process was stopped, its thread was held up. Pure.
 */
export class AwakeClock {
  #lookedUs = -1;
  #sleptUs = 0;

  /** To be called some ten times a second: what is missing between two calls was sleep. Answers `at(nowUs)`. */
  look(nowUs: number): number {
    const awakeUs = this.at(nowUs);
    this.#sleptUs = nowUs - awakeUs;
    this.#lookedUs = nowUs;
    return awakeUs;
  }

  /** The awake time of the last look. */
  get latestUs(): number {
    return this.#lookedUs - this.#sleptUs;
  }

  /** The awake time at a moment since the last look; never goes back as long as `nowUs` does not. */
  at(nowUs: number): number {
    const untilUs = this.#lookedUs < 0 ? nowUs : this.#lookedUs + LOOK_GAP_US_MAX;
    return Math.min(nowUs, untilUs) - this.#sleptUs;
  }
}

/** Looks further apart than this were held up. */
const LOOK_GAP_US_MAX = 250_000;
