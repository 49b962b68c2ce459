/** Sleeps on an I/O thread until a worker rings, calls who listens, again and again. */
import type { Bell } from '../mailbox/bell.ts';

export interface EarOptions {
  readonly bell: Bell;
  /** Rises with each time that a worker woke it. */
  readonly counters: { wakes: number };
  /** Something waits to be read already. */
  readonly waits: () => boolean;
  /** Reads to the end. An error is told to `failed`, and does not end it. */
  readonly heard: () => void;
  readonly failed: (error: unknown) => void;
}

export class Ear {
  readonly #options: EarOptions;
  #stopped = false;

  constructor(options: EarOptions) {
    this.#options = options;
    void this.#listen();
  }

  /** Hears once more, then never again. */
  stop(): void {
    this.#stopped = true;
    this.#options.bell.ring();
    this.#options.heard();
  }

  async #listen(): Promise<void> {
    const { bell, counters, waits, heard, failed } = this.#options;
    while (!this.#stopped) {
      bell.sleeping();
      if (waits()) {
        bell.awake();
        await new Promise((resolve) => setImmediate(resolve));
      } else {
        await bell.waitAsync();
        counters.wakes += 1;
      }
      try {
        heard();
      } catch (error) {
        failed(error);
      }
    }
  }
}
