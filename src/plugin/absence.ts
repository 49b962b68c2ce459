/** What onDrop may decide about a player whose client is away (AbsenceOf in types.ts). Good only in that hook. */
import { FrayError } from '../errors.ts';
import type { PluginContext } from './context.ts';
import type { Seats } from './seats.ts';

/** ms. What an answer to the host can say. */
const WAIT_MS_MAX = 0x7fffffff;

export class Absence {
  /** Shortest wait asked for, ms from the drop on; -1: as the server is set. */
  shortestMs = -1;
  readonly #context: PluginContext;
  readonly #seats: Seats;
  readonly #slot: number;
  readonly #serial: number;

  /** Make it inside the hook it is for. */
  constructor(context: PluginContext, seats: Seats, slot: number) {
    this.#context = context;
    this.#seats = seats;
    this.#slot = slot;
    this.#serial = context.scope.serial;
  }

  input(controls: Readonly<Record<string, unknown>>): void {
    this.#context.scope.assertFresh(this.#serial);
    if (typeof controls !== 'object' || controls === null) {
      throw new FrayError(
        'E_VALUE',
        `Cannot let a player go on by itself: ${String(controls)} are no controls`,
      );
    }
    this.#seats.standIn(this.#slot, controls);
  }

  waitMs(ms: number): void {
    this.#context.scope.assertFresh(this.#serial);
    if (!(ms >= 0 && ms <= WAIT_MS_MAX)) {
      throw new FrayError(
        'E_VALUE',
        `Cannot wait for a player: ${String(ms)} is not 0..${WAIT_MS_MAX} ms`,
      );
    }
    const whole = Math.round(ms);
    this.shortestMs = this.shortestMs < 0 ? whole : Math.min(this.shortestMs, whole);
  }
}
