/** How long a room has been without people, in intervals, and when its owner is told. */
export class Emptiness {
  readonly #most: number;
  #intervals = 0;
  #told = false;

  /** `most` intervals are as many as the game allows. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Somebody is here, or on the way. */
  end(): void {
    this.#intervals = 0;
    this.#told = false;
  }

  /** `intervals` more have passed. True, once: they are too many. */
  pass(intervals: number): boolean {
    this.#intervals += intervals;
    if (this.#told || this.#intervals < this.#most) return false;
    this.#told = true;
    return true;
  }
}
