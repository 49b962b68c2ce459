/**
 * The workers of a server: start, replacement after a crash, stop. The memory of a worker (mailboxes, counters, journal ring, shadows)
 * outlives its thread: the next thread takes it up, with the rooms that stand in it. Only the orders are another ring, because what
 * was taken out of the old one and not recorded is ordered again (`takeover.ts`).
 */
import { pathToFileURL } from 'node:url';
import { PACKET_BYTES_MAX } from '../../protocol/gen/tables.ts';
import type {
  GameFacts,
  NativeBoot,
  RoomRecovered,
  RoomTakeover,
  WorkerBoot,
  WorkerMemory,
  WorkerReport,
} from '../../workers/boot.ts';
import { SHADOW_HOST_BYTES } from '../../workers/boot.ts';
import type { Inspection } from '../../workers/inspect.ts';
import { createJournalRing } from '../../workers/journal.ts';
import { LEVEL } from '../../workers/overload.ts';
import type { PulseSign } from '../../workers/pulse.ts';
import { createPulse, readPulse, resetPulse } from '../../workers/pulse.ts';
import { createShadow } from '../../workers/shadow.ts';
import { sampledTick, type TimedTick, watchTicks, worstTicks } from '../../workers/stages.ts';
import { createTiming, TimingReader } from '../../workers/timing.ts';
import type { FrayError } from '../errors.ts';
import { Bell, createBell } from '../mailbox/bell.ts';
import type { LinkMemory, LinkSizes } from '../mailbox/messages.ts';
import { createLink, createOrders, IoEnd } from '../mailbox/messages.ts';
import type { JournalThread } from './journal.ts';
import { Looks } from './looks.ts';
import type { HostedRoom } from './placement.ts';
import { Spares, type WorkerThread } from './worker-thread.ts';

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
  /** See DirectoryOptions. */
  readonly inboxBytes?: number;
  readonly outboxBytes?: number;
  readonly playersMax: number;
  readonly emptyCloseMs: number;
  readonly heapMb?: number;
  /** How many I/O threads there are, and the bell of each. */
  readonly bells: readonly SharedArrayBuffer[];
  /** Native I/O threads; their bells stand among `bells`, behind those of JavaScript. */
  readonly native?: NativeLinks;
  readonly journal?: Pick<JournalThread, 'ringFor' | 'hashTicks' | 'shadow'>;
  /** See RecordsBoot. */
  readonly shadowMs: number;
  readonly hashEveryTick?: boolean;
  readonly development?: boolean;
  readonly log: Log;
}

/** I/O threads that are not JavaScript: each gets a link to every worker, and no orders. */
export interface NativeLinks extends NativeBoot {
  readonly bells: readonly SharedArrayBuffer[];
  /** The memory of a worker for thread `thread`, 0 the first native one; once more with each new memory. */
  attach(worker: number, thread: number, link: LinkMemory): void;
}

/** What a worker is asked for. */
export interface WorkerListener {
  /** Its thread has ended, and nobody wanted it to. */
  readonly onCrash: (worker: RoomWorker) => void;
  /** A room that it took over has ticked. */
  readonly onRecovered: (worker: RoomWorker, room: RoomRecovered) => void;
  /** One could not be taken over: it was closed, or as nobody had been in, it began anew. */
  readonly onMissed: (worker: RoomWorker, what: 'lost' | 'anew', row: number) => void;
}

/** `starting` takes orders already (they wait in the ring); `waiting` has crashed too often and is started later. */
export type WorkerState = 'starting' | 'ready' | 'waiting' | 'stopped';

/** One worker and this I/O thread's ends of its mailboxes. */
export class RoomWorker {
  readonly index: number;
  state: WorkerState = 'starting';
  /** Its thread has its post, and so gives signs of life. */
  posted = false;
  /** Its last thread was killed on purpose (`kill`). */
  wasTried = false;
  /** Times another thread took it up after a crash. */
  restarts = 0;
  end: IoEnd;
  bell: Bell;
  timing: TimingReader;
  readonly #options: WorkerOptions;
  readonly #ioThread: number;
  readonly #spares: Spares;
  /** By row. */
  readonly #shadows = new Map<number, { room: string; memory: SharedArrayBuffer }>();
  readonly #looks = new Looks();
  #thread: WorkerThread | undefined;
  #memory: WorkerMemory;
  /** Who waits for the first thread. */
  #started:
    | { readonly resolve: () => void; readonly reject: (error: FrayError) => void }
    | undefined;
  #crashes = 0;
  /** It was killed on purpose. */
  #isTried = false;
  /** Rooms that were given to it before its thread had its post. */
  #takes: RoomTakeover[] = [];
  /** Times in a row that it began anew. */
  #renewals = 0;
  #readyMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: WorkerOptions, index: number, at: { ioThread: number; spares: Spares }) {
    this.index = index;
    this.#options = options;
    this.#ioThread = at.ioThread;
    this.#spares = at.spares;
    this.#memory = memoryFor(options, index);
    this.end = endOf(this.#memory, at.ioThread);
    this.bell = new Bell(this.#memory.bell);
    this.timing = new TimingReader(this.#memory.timing);
  }

  /** So busy that it lets nobody in. */
  get full(): boolean {
    return this.timing.counter('overloadLevel') >= LEVEL.full;
  }

  /** Its sign of life. */
  get pulse(): PulseSign {
    return readPulse(this.#memory.pulse);
  }

  /** Rooms that are played in: those that were copied. */
  get played(): number {
    return this.#shadows.size;
  }

  /** Crashes in a row, each soon after the one before. */
  get crashes(): number {
    return this.#crashes;
  }

  /** Where the room was copied to. */
  shadowOf({ row, id }: Pick<HostedRoom, 'row' | 'id'>): SharedArrayBuffer | undefined {
    const shadow = this.#shadows.get(row);
    return shadow?.room === id ? shadow.memory : undefined;
  }

  /** Resolves when it runs, with `left.rooms` of a process before this one; rejects when the thread ends before. */
  start(
    listener: WorkerListener,
    left: { readonly rooms: readonly RoomTakeover[]; readonly detectedUs: number } = NO_ROOMS,
  ): Promise<GameFacts> {
    const thread = this.#spares.take();
    return new Promise((resolve, reject) => {
      this.#started = {
        resolve: () => thread.loaded.then(resolve, reject),
        reject,
      };
      this.#run(thread, { listener, ...left });
    });
  }

  /**
   * After a crash: another thread goes on with the memory and `rooms`. New orders wait in a new ring. Answers that were not read
   * yet stay to be read.
   */
  replace(
    rooms: readonly RoomTakeover[],
    how: { readonly detectedUs: number; readonly listener: WorkerListener },
  ): void {
    this.restarts += 1;
    this.#takes = [];
    const links = this.#memory.links.map((link) => ({
      ...link,
      orders: createOrders(this.#options),
    }));
    this.#memory = { ...this.#memory, links };
    this.end = endOf(this.#memory, this.#ioThread);
    // A thread that dies while it loads accuses no room.
    resetPulse(this.#memory.pulse);
    this.#run(this.#spares.take(), { ...how, rooms });
  }

  /** After too many crashes: another thread on new memory, later and later. The rooms are lost. */
  renew(listener: WorkerListener): void {
    this.restarts += 1;
    this.#takes = [];
    this.#crashes = 0;
    this.#shadows.clear();
    this.#memory = memoryFor(this.#options, this.index);
    this.end = endOf(this.#memory, this.#ioThread);
    this.bell = new Bell(this.#memory.bell);
    this.timing = new TimingReader(this.#memory.timing);
    this.state = 'waiting';
    const waitMs = Math.min(RESTART_MS_MAX, RESTART_MS * 2 ** this.#renewals);
    this.#renewals += 1;
    this.#timer = setTimeout(() => void this.start(listener).catch(() => {}), waitMs);
  }

  /** The room in `row` is closed, or has gone. */
  forget(row: number): void {
    this.#shadows.delete(row);
  }

  /** Another worker has given a room: it has its shadow, and goes on with it as soon as it can. */
  take(room: RoomTakeover): void {
    const { row, id } = room.order;
    if (room.shadow !== undefined) this.#shadows.set(row, { room: id, memory: room.shadow });
    if (this.posted) this.#thread?.post({ kind: 'take', room });
    else this.#takes.push(room);
  }

  /** Ends its thread, wherever it is. */
  terminate(): void {
    this.#thread?.kill();
  }

  /** Ends its thread as a crash would, to see what comes of it: it does not count among those that make it give its rooms up. */
  kill(how: 'now' | 'exit' | 'hang'): void {
    this.#isTried = true;
    if (how === 'now') this.#thread?.kill();
    else this.#thread?.post({ kind: 'die', how });
  }

  /** What stands in the room now; null: it is not here, or the worker has not answered within a second. */
  inspect({ row, id }: Pick<HostedRoom, 'row' | 'id'>): Promise<Inspection | null> {
    return this.#looks.ask(id, () => this.#thread?.post({ kind: 'inspect', row, room: id }));
  }

  /** Single ticks of this worker: the worst of the last minutes. From now on all are timed, for a minute. */
  worstTicks(nowUs: number): TimedTick[] {
    watchTicks(this.#memory.timing, nowUs);
    return worstTicks(this.#memory.timing, nowUs);
  }

  /** One tick of each second. */
  sampledTick(): TimedTick | null {
    return sampledTick(this.#memory.timing);
  }

  /** Waits for the thread to end by itself; after `timeoutMs` it is ended. */
  async stop(timeoutMs: number): Promise<void> {
    clearTimeout(this.#timer);
    this.state = 'stopped';
    await this.#thread?.stop(timeoutMs);
    this.#thread = undefined;
  }

  /** Gives the thread its post as soon as it has loaded the game. */
  #run(
    thread: WorkerThread,
    post: {
      readonly listener: WorkerListener;
      readonly rooms: readonly RoomTakeover[];
      readonly detectedUs: number;
    },
  ): void {
    const { listener, rooms, detectedUs } = post;
    this.#thread = thread;
    this.state = 'starting';
    this.posted = false;
    const isOver = (): boolean => this.#thread !== thread || this.state === 'stopped';
    const ended = (error: FrayError): void => {
      this.#started?.reject(error);
      if (isOver()) return;
      this.#thread = undefined;
      this.posted = false;
      const lived = this.state === 'ready' ? performance.now() - this.#readyMs : 0;
      if (!this.#isTried) this.#crashes = lived < STABLE_MS ? this.#crashes + 1 : 1;
      this.wasTried = this.#isTried;
      this.#isTried = false;
      if (lived >= STABLE_MS) this.#renewals = 0;
      if (this.state === 'ready' || this.restarts > 0) listener.onCrash(this);
    };
    thread.listen({
      onReport: (report) => {
        if (!isOver()) this.#hear(thread, report, listener);
      },
      onExit: ended,
    });
    const take = (): void => {
      if (isOver()) return;
      const { workers } = this.#options;
      const { index } = this;
      resetPulse(this.#memory.pulse);
      this.posted = true;
      thread.post({ kind: 'post', index, workers, rooms, detectedUs, ...this.#memory });
      for (const room of this.#takes.splice(0)) thread.post({ kind: 'take', room });
    };
    if (thread.facts !== undefined) take();
    else thread.loaded.then(take, () => {});
  }

  #hear(thread: WorkerThread, report: WorkerReport, listener: WorkerListener): void {
    switch (report.kind) {
      case 'log':
        this.#options.log[report.level]({ worker: this.index, ...report.fields }, report.text);
        break;
      case 'ready':
        this.state = 'ready';
        this.#readyMs = performance.now();
        // Not before: it would take the CPU that rooms wait for.
        if (this.restarts > 0) this.#spares.fill();
        this.#started?.resolve();
        this.#started = undefined;
        break;
      case 'shadow': {
        const { row, room, regionBytes } = report;
        const memory = createShadow(regionBytes, SHADOW_HOST_BYTES);
        this.#shadows.set(row, { room, memory });
        this.#options.journal?.shadow({ worker: this.index, row, room, memory });
        thread.post({ kind: 'shadow', row, room, memory });
        break;
      }
      case 'copied':
        this.#shadows.set(report.row, report);
        this.#options.journal?.shadow({ worker: this.index, ...report });
        break;
      case 'inspected':
        this.#looks.answer(report.room, report.found);
        break;
      case 'recovered':
        listener.onRecovered(this, report);
        break;
      case 'missed':
        // What it was copied to says nothing of it any more.
        this.forget(report.row);
        listener.onMissed(this, report.what, report.row);
        break;
      default:
    }
  }
}

/** The threads that wait for the workers of `options` to die. */
export function sparesFor(options: WorkerOptions, count: number): Spares {
  const { game, core, bells, playersMax, emptyCloseMs, log } = options;
  const { heapMb, hashEveryTick, development, native } = options;
  const { module = '', wakers = [], routes } = native ?? {};
  const boot: WorkerBoot = {
    game,
    core,
    bells,
    playersMax,
    emptyCloseMs,
    ...(routes !== undefined && { native: { module, wakers, routes } }),
    ...(heapMb !== undefined && { heapMb }),
    ...(hashEveryTick !== undefined && { hashEveryTick }),
    ...(development !== undefined && { development }),
  };
  return new Spares(count, boot, log);
}

/** The game's module as an import specifier: a URL stays, a path becomes one. */
export function gameUrl(game: string): string {
  return /^[a-z][a-z0-9+.-]+:/i.test(game) ? game : pathToFileURL(game).href;
}

function sizesOf(options: WorkerOptions): LinkSizes {
  return {
    sessionsMax: options.sessionsMax,
    roomsMax: options.roomsMax,
    inboxBytes: options.inboxBytes ?? INBOX_BYTES,
    outboxBytes: options.outboxBytes ?? OUTBOX_BYTES,
    packetBytesMax: PACKET_BYTES_MAX,
  };
}

function memoryFor(options: WorkerOptions, index: number): WorkerMemory {
  const { journal, native, bells } = options;
  const links = bells.map(() => createLink(sizesOf(options)));
  const own = bells.length - (native?.bells.length ?? 0);
  for (const [at, link] of links.entries()) if (at >= own) native?.attach(index, at - own, link);
  return {
    links,
    bell: createBell(),
    timing: createTiming(options.roomsMax),
    pulse: createPulse(),
    records: {
      ring: journal?.ringFor(index) ?? createJournalRing(true),
      hashTicks: journal?.hashTicks ?? 0,
      shadowMs: options.shadowMs,
    },
  };
}

function endOf(memory: WorkerMemory, ioThread: number): IoEnd {
  const link = memory.links[ioThread];
  if (link === undefined)
    throw new Error(`Cannot attach to a worker: there is no I/O thread ${ioThread}`);
  return new IoEnd(link);
}

const NO_ROOMS = { rooms: [], detectedUs: 0 };
/** Bytes. 2,000 players x 2 packets of ~130 bytes between two slots; a stalled worker refuses the rest. */
const INBOX_BYTES = 1 << 20;
/** Bytes. 2,000 snapshots of ~500 bytes: a whole tick of a full worker, and the I/O thread may miss one. */
const OUTBOX_BYTES = 1 << 21;
/** ms. A worker that lived so long did not die of its start. */
const STABLE_MS = 5000;
/** ms. First wait of a worker that dies at its start; doubles. */
const RESTART_MS = 250;
const RESTART_MS_MAX = 30_000;
