/** One limit for many waits: a time and the caller's signal. */
import { FrayError } from '../errors.ts';

export class Deadline {
  readonly #controller = new AbortController();
  readonly #endMs: number;
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #signal: AbortSignal | undefined;
  readonly #abort = () =>
    this.#cut(new FrayError('E_ABORTED', 'Cannot connect: the caller gave up'));
  #reason: FrayError | undefined;

  constructor(timeoutMs: number, signal: AbortSignal | undefined) {
    this.#endMs = performance.now() + timeoutMs;
    this.#signal = signal;
    const late = () =>
      this.#cut(new FrayError('E_JOIN_TIMEOUT', `Cannot connect: no answer in ${timeoutMs} ms`));
    this.#timer = setTimeout(late, timeoutMs);
    if (signal?.aborted) this.#abort();
    else signal?.addEventListener('abort', this.#abort, { once: true });
  }

  /** Aborted when the time is over, or the caller has given up. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get leftMs(): number {
    return Math.max(1, this.#endMs - performance.now());
  }

  race<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const { signal } = this.#controller;
      const cut = () => reject(this.#reason);
      if (signal.aborted) cut();
      else signal.addEventListener('abort', cut, { once: true });
      promise.then(resolve, reject);
    });
  }

  /** What to tell the caller: the limit that was hit, else what failed. */
  reason(error: unknown): FrayError {
    if (this.#reason) return this.#reason;
    if (error instanceof FrayError) return error;
    return new FrayError(
      'E_UNKNOWN',
      `Cannot connect: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this.#abort);
  }

  #cut(reason: FrayError): void {
    this.#reason = reason;
    this.#controller.abort();
  }
}
