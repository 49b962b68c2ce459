/**
 * What wakes a game between packets and frames. A page has one timer per game, armed for the next command tick; a
 * process full of bots shares one. Neither is trusted: a browser slows the timers of a hidden tab down to one a minute,
 * so each packet that arrives (about `tickRateHz` a second) and each frame drawn wakes the game as well.
 */
export interface Pacer {
  /** Calls `wake` until `remove`; it answers in how many ms it wants the next call. */
  add(wake: () => number): void;
  remove(wake: () => number): void;
}

/** One timer for one game. */
export class TimerPacer implements Pacer {
  #wake: (() => number) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #run = (): void => {
    const wake = this.#wake;
    if (!wake) return;
    const inMs = wake();
    // The wake-up itself may have closed the game.
    if (this.#wake)
      this.#timer = setTimeout(this.#run, Math.min(Math.max(inMs, WAIT_MS_MIN), WAIT_MS_MAX));
  };

  add(wake: () => number): void {
    this.#wake = wake;
    this.#run();
  }

  remove(): void {
    this.#wake = undefined;
    clearTimeout(this.#timer);
  }
}

/** One timer for many games in one process: calls all of them every few ms. */
export class SharedPacer implements Pacer {
  readonly #wakes = new Set<() => number>();
  readonly #everyMs: number;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(everyMs = SHARED_MS) {
    this.#everyMs = everyMs;
  }

  add(wake: () => number): void {
    this.#wakes.add(wake);
    this.#timer ??= setInterval(() => {
      for (const due of this.#wakes) due();
    }, this.#everyMs);
  }

  remove(wake: () => number): void {
    this.#wakes.delete(wake);
    if (this.#wakes.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

const WAIT_MS_MIN = 1;
const WAIT_MS_MAX = 250;
/** ms. An eighth of a tick at 30 Hz: commands leave 2 ms late on average, and 50 bots cost 12,000 calls a second. */
const SHARED_MS = 4;
