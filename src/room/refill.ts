/**
 * When empty rooms are opened in the place of one that closed: at once, but some time after one that failed. Where every room fails as
 * soon as it is opened, the host and its workers would open them again and again as fast as they can.
 */
import { ERROR } from '../../protocol/gen/tables.ts';

export class Refill {
  readonly #fill: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(fill: () => void) {
    this.#fill = fill;
  }

  /** A room closed with this code. */
  after(code: number): void {
    if (code !== ERROR.E_ROOM_FAULT && code !== ERROR.E_PLUGIN_FAULT) {
      this.#fill();
      return;
    }
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#fill();
    }, WAIT_MS);
    this.#timer.unref();
  }
}

/** ms. Nobody waits for it: who comes meanwhile opens a room of his own. */
const WAIT_MS = 1000;
