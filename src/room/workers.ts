/**
 * The worker threads of a server: start, restart after a crash, stop. A worker that died takes its rooms with it; the
 * next one begins with new rings, so nothing half-written is ever read.
 */
import { pathToFileURL } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { PACKET_BYTES_MAX } from '../../protocol/gen/tables.ts';
import type { GameFacts, ShadowMemory, WorkerBoot, WorkerReport } from '../../workers/boot.ts';
import { SHADOW_HOST_BYTES } from '../../workers/boot.ts';
import { createJournalRing } from '../../workers/journal.ts';
import { LEVEL } from '../../workers/overload.ts';
import { createShadow } from '../../workers/shadow.ts';
import { createTiming, TimingReader } from '../../workers/timing.ts';
import { FrayError } from '../errors.ts';
import { Bell, createBell } from '../mailbox/bell.ts';
import type { LinkSizes } from '../mailbox/messages.ts';
import { createLink, IoEnd } from '../mailbox/messages.ts';
import type { JournalThread } from './journal.ts';
import { startThread } from './threads.ts';

/** What a log line needs; pino fits. */
export interface Log {
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
  error(fields: object, text: string): void;
}

export interface WorkerOptions {
  readonly workers: number;
  readonly game: string;
  readonly core: WebAssembly.Module;
  readonly roomsMax: number;
  readonly sessionsMax: number;
  readonly playersMax: number;
  readonly emptyCloseMs: number;
  /** How many I/O threads there are, and the bell of each. */
  readonly bells: readonly SharedArrayBuffer[];
  readonly journal?: Pick<JournalThread, 'ringFor' | 'hashTicks'>;
  /** See RecordsBoot. */
  readonly shadowMs: number;
  readonly hashEveryTick?: boolean;
  readonly log: Log;
}

/** `starting` takes orders already (they wait in the ring); `waiting` has crashed too often and is restarted later. */
export type WorkerState = 'starting' | 'ready' | 'waiting' | 'stopped';

/** One thread and this I/O thread's ends of its mailboxes. */
export class RoomWorker {
  readonly index: number;
  state: WorkerState = 'starting';
  /** Times it was started again after a crash. */
  restarts = 0;
  end: IoEnd;
  bell: Bell;
  timing: TimingReader;
  facts: GameFacts | undefined;
  readonly #options: WorkerOptions;
  readonly #ioThread: number;
  /** By row. */
  readonly #shadows = new Map<number, SharedArrayBuffer>();
  #thread: Worker | undefined;
  #memory: Pick<WorkerBoot, 'links' | 'bell' | 'timing'>;
  #crashes = 0;
  #startedMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: WorkerOptions, index: number, ioThread: number) {
    this.index = index;
    this.#options = options;
    this.#ioThread = ioThread;
    this.#memory = memoryFor(options);
    this.end = endOf(this.#memory, ioThread);
    this.bell = new Bell(this.#memory.bell);
    this.timing = new TimingReader(this.#memory.timing);
  }

  /** So busy that it lets nobody in. */
  get full(): boolean {
    return this.timing.counter('overloadLevel') >= LEVEL.full;
  }

  /** Resolves when the game is loaded; rejects when the thread ends before. `onCrash` is called for each later death. */
  start(onCrash: (worker: RoomWorker) => void): Promise<GameFacts> {
    const { game, core, bells, workers, playersMax, emptyCloseMs, journal, hashEveryTick, log } =
      this.#options;
    this.#shadows.clear();
    const boot: WorkerBoot = {
      index: this.index,
      workers,
      game,
      core,
      bells,
      playersMax,
      emptyCloseMs,
      ...this.#memory,
      records: {
        ring: journal?.ringFor(this.index) ?? createJournalRing(true),
        hashTicks: journal?.hashTicks ?? 0,
        shadowMs: this.#options.shadowMs,
      },
      ...(hashEveryTick !== undefined && { hashEveryTick }),
    };
    const thread = startThread('room-worker', boot, `room-worker-${this.index}`);
    this.#thread = thread;
    this.state = 'starting';
    this.#startedMs = performance.now();
    return new Promise((resolve, reject) => {
      let failure: unknown;
      thread.on('message', (report: WorkerReport) => {
        if (report.kind === 'log') {
          log[report.level]({ worker: this.index, ...report.fields }, report.text);
          return;
        }
        if (report.kind === 'shadow') {
          this.#giveShadow(thread, report.row, report.regionBytes);
          return;
        }
        this.facts = report.facts;
        this.state = 'ready';
        resolve(report.facts);
      });
      thread.on('error', (error) => {
        failure = error;
        log.error({ worker: this.index, error: String(error) }, 'a room worker failed');
      });
      thread.on('exit', (exitCode) => {
        if (this.#thread !== thread) return;
        this.#thread = undefined;
        const wasReady = this.state === 'ready' || this.restarts > 0;
        reject(asFrayError(failure, exitCode));
        if (wasReady && this.state !== 'stopped') onCrash(this);
      });
    });
  }

  /** Starts a new thread on new memory; at once, or later when it keeps dying right after its start. */
  restart(onCrash: (worker: RoomWorker) => void): void {
    this.restarts += 1;
    this.#crashes = performance.now() - this.#startedMs < STABLE_MS ? this.#crashes + 1 : 0;
    this.#memory = memoryFor(this.#options);
    this.end = endOf(this.#memory, this.#ioThread);
    this.bell = new Bell(this.#memory.bell);
    this.timing = new TimingReader(this.#memory.timing);
    const again = (): void => {
      this.start(onCrash).catch(() => {});
    };
    if (this.#crashes === 0) {
      again();
      return;
    }
    this.state = 'waiting';
    this.#timer = setTimeout(
      again,
      Math.min(RESTART_MS_MAX, RESTART_MS * 2 ** (this.#crashes - 1)),
    );
  }

  /** The room in `row` is closed. */
  forget(row: number): void {
    this.#shadows.delete(row);
  }

  #giveShadow(thread: Worker, row: number, regionBytes: number): void {
    const memory = createShadow(regionBytes, SHADOW_HOST_BYTES);
    this.#shadows.set(row, memory);
    const message: ShadowMemory = { kind: 'shadow', row, memory };
    thread.postMessage(message);
  }

  /** Waits for the thread to end by itself; after `timeoutMs` it is ended. */
  async stop(timeoutMs: number): Promise<void> {
    clearTimeout(this.#timer);
    this.state = 'stopped';
    const thread = this.#thread;
    if (thread === undefined) return;
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([
      new Promise<void>((resolve) => thread.once('exit', () => resolve())),
      new Promise<void>((resolve) => {
        timer = setTimeout(resolve, timeoutMs);
      }),
    ]);
    clearTimeout(timer);
    await thread.terminate();
    this.#thread = undefined;
  }
}

/** The game's module as an import specifier: a URL stays, a path becomes one. */
export function gameUrl(game: string): string {
  return /^[a-z][a-z0-9+.-]+:/i.test(game) ? game : pathToFileURL(game).href;
}

function memoryFor(options: WorkerOptions): Pick<WorkerBoot, 'links' | 'bell' | 'timing'> {
  const sizes: LinkSizes = {
    sessionsMax: options.sessionsMax,
    roomsMax: options.roomsMax,
    inboxBytes: INBOX_BYTES,
    outboxBytes: OUTBOX_BYTES,
    packetBytesMax: PACKET_BYTES_MAX,
  };
  return {
    links: options.bells.map(() => createLink(sizes)),
    bell: createBell(),
    timing: createTiming(options.roomsMax),
  };
}

function endOf(memory: Pick<WorkerBoot, 'links'>, ioThread: number): IoEnd {
  const link = memory.links[ioThread];
  if (link === undefined)
    throw new Error(`Cannot attach to a worker: there is no I/O thread ${ioThread}`);
  return new IoEnd(link);
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

/** Bytes. 2,000 players x 2 packets of ~130 bytes between two slots; a stalled worker refuses the rest. */
const INBOX_BYTES = 1 << 20;
/** Bytes. 2,000 snapshots of ~500 bytes: a whole tick of a full worker, and the I/O thread may miss one. */
const OUTBOX_BYTES = 1 << 21;
/** ms. A worker that lived so long did not die of its start. */
const STABLE_MS = 5000;
/** ms. First wait of a worker that dies at its start; doubles. */
const RESTART_MS = 250;
const RESTART_MS_MAX = 30_000;
