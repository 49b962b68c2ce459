/** Threads that run rooms or could: each loads the game first, and then waits for the post that makes it worker k. */
import type { Worker } from 'node:worker_threads';
import type { GameFacts, HostSays, WorkerBoot, WorkerReport } from '../../workers/boot.ts';
import { FrayError } from '../errors.ts';
import { startThread } from './threads.ts';
import type { Log } from './workers.ts';

/** Told of what a thread reports, and of its end. */
export interface ThreadListener {
  onReport(report: WorkerReport): void;
  onExit(error: FrayError): void;
}

export class WorkerThread {
  /** Of the game; undefined until it is loaded. */
  facts: GameFacts | undefined;
  ended = false;
  /** When it was started, ms of `performance.now`. */
  readonly startedMs = performance.now();
  /** Resolves when the game is loaded; rejects where the thread ends before. */
  readonly loaded: Promise<GameFacts>;
  readonly #thread: Worker;
  readonly #exit: Promise<void>;
  #listener: ThreadListener | undefined;

  constructor(boot: WorkerBoot, log: Log) {
    this.#thread = startThread('room-worker', boot, boot.heapMb);
    let failure: unknown;
    this.loaded = new Promise((resolve, reject) => {
      this.#thread.on('message', (report: WorkerReport) => {
        if (report.kind === 'loaded') {
          this.facts = report.facts;
          resolve(report.facts);
        } else if (this.#listener === undefined && report.kind === 'log')
          log[report.level](report.fields, report.text);
        else this.#listener?.onReport(report);
      });
      this.#thread.on('error', (error) => {
        failure = error;
        // Its stack leads to the author's line.
        log.error({ error: error.stack ?? String(error) }, 'a room worker failed');
      });
      this.#thread.on('exit', (exitCode) => {
        this.ended = true;
        const error = asFrayError(failure, exitCode);
        reject(error);
        this.#listener?.onExit(error);
      });
    });
    // Whoever wants to know has it in hand.
    this.loaded.catch(() => {});
    this.#exit = new Promise((resolve) => this.#thread.once('exit', () => resolve()));
  }

  /** From now on `listener` is told; undefined: nobody. */
  listen(listener: ThreadListener | undefined): void {
    this.#listener = listener;
  }

  post(message: HostSays): void {
    this.#thread.postMessage(message);
  }

  /** Ends it, wherever it is. Its `onExit` follows. */
  kill(): void {
    void this.#thread.terminate();
  }

  /** Waits until it ends by itself; after `timeoutMs` it is ended. */
  async stop(timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs);
    });
    await Promise.race([this.#exit, late]);
    clearTimeout(timer);
    await this.#thread.terminate();
  }
}

/** Threads that have loaded the game and wait for a worker to die. */
export class Spares {
  readonly #count: number;
  readonly #boot: WorkerBoot;
  readonly #log: Log;
  #threads: WorkerThread[] = [];
  #failures = 0;
  #rooms = 0;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  /** `count` are kept, from the first `fill` on. */
  constructor(count: number, boot: WorkerBoot, log: Log) {
    this.#count = count;
    this.#boot = boot;
    this.#log = log;
  }

  /** Spares that are ready. */
  get ready(): number {
    return this.#threads.filter(({ facts, ended }) => facts !== undefined && !ended).length;
  }

  /** One that is ready; or else one that has begun to load, or is started now. Another is started in its place by `fill`. */
  take(): WorkerThread {
    const live = this.#threads.filter(({ ended }) => !ended);
    const taken = live.find(({ facts }) => facts !== undefined) ?? live[0];
    this.#threads = live.filter((one) => one !== taken);
    const thread = taken ?? new WorkerThread(this.#boot, this.#log);
    thread.listen(undefined);
    return thread;
  }

  /** The fullest worker has so many rooms that are played in: spares make cores for them in advance. */
  stock(rooms: number): void {
    if (rooms === this.#rooms) return;
    this.#rooms = rooms;
    for (const thread of this.#threads) if (thread.facts !== undefined) this.#tell(thread);
  }

  /** Starts what is missing. */
  fill(): void {
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    while (this.#threads.length < this.#count) {
      const thread = new WorkerThread(this.#boot, this.#log);
      this.#threads.push(thread);
      thread.listen({ onReport: () => {}, onExit: () => this.#ended(thread) });
      thread.loaded.then(
        () => {
          this.#failures = 0;
          if (this.#threads.includes(thread)) this.#tell(thread);
        },
        () => {},
      );
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await Promise.all(this.#threads.splice(0).map((thread) => thread.stop(0)));
  }

  #tell(thread: WorkerThread): void {
    thread.post({ kind: 'stock', rooms: this.#rooms });
  }

  /** A spare that died by itself is replaced, later and later while none loads. */
  #ended(thread: WorkerThread): void {
    if (this.#stopped) return;
    this.#threads = this.#threads.filter((one) => one !== thread);
    this.#failures += 1;
    const waitMs = Math.min(WAIT_MS_MAX, WAIT_MS * 2 ** (this.#failures - 1));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.fill(), waitMs);
  }
}

function asFrayError(failure: unknown, exitCode: number): FrayError {
  if (failure instanceof FrayError) return failure;
  const { code, message } = (failure ?? {}) as { code?: unknown; message?: unknown };
  if (typeof message === 'string') {
    const name =
      typeof code === 'string' && code.startsWith('E_')
        ? (code as FrayError['code'])
        : 'E_ROOM_FAULT';
    return new FrayError(name, message, { cause: failure });
  }
  return new FrayError(
    'E_ROOM_FAULT',
    `Cannot run rooms: the worker ended with exit code ${exitCode}`,
    { cause: failure },
  );
}

/** ms. First wait before a spare that died is replaced; doubles. */
const WAIT_MS = 250;
const WAIT_MS_MAX = 30_000;
