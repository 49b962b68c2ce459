/**
 * How long peers have been silent, counted in sweeps, eight to the limit, so that no clock is read per datagram: a pipe is
 * stamped with the sweep in which it was heard.
 */

/** `gone`: silent for so long that it is closed. `quiet`: long enough to be asked whether it is there. */
export type Presence = 'live' | 'quiet' | 'gone';

export class Silence {
  /** Sweeps so far: the stamp of whoever is heard now. */
  now = 0;
  /** ms between two sweeps. */
  readonly everyMs: number;
  readonly #quietAfter: number;
  readonly #goneAfter: number;
  readonly #timer: NodeJS.Timeout;

  /** `onSweep` looks at all pipes. It keeps no process alive. */
  constructor(
    limits: { readonly silentMs: number; readonly pingMs?: number },
    onSweep: () => void,
  ) {
    const { silentMs, pingMs = silentMs } = limits;
    this.everyMs = Math.max(10, Math.min(1000, silentMs / 8));
    this.#quietAfter = pingMs / this.everyMs;
    this.#goneAfter = silentMs / this.everyMs;
    this.#timer = setInterval(() => {
      this.now += 1;
      onSweep();
    }, this.everyMs);
    this.#timer.unref();
  }

  of(pipe: { readonly heard: number }): Presence {
    const silent = this.now - pipe.heard;
    if (silent > this.#goneAfter) return 'gone';
    return silent >= this.#quietAfter ? 'quiet' : 'live';
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
