/**
 * The workers of a server, the spares behind them, and who watches them. A worker that dies or hangs is replaced by a spare, which
 * goes on with its rooms; one that keeps dying loses them. What came of it is kept for the operator.
 */
import { url as inspectorUrl } from 'node:inspector';
import type { GameFacts, RoomRecovered } from '../../workers/boot.ts';
import type { Clock } from '../clock.ts';
import type { Seat } from './drain.ts';
import type { HostedRoom } from './placement.ts';
import { takeovers } from './takeover.ts';
import { LOOKS, Watchdog } from './watchdog.ts';
import type { Spares } from './worker-thread.ts';
import type { WorkerOptions } from './workers.ts';
import { RoomWorker, sparesFor } from './workers.ts';

export interface CrewOptions extends WorkerOptions {
  readonly ioThread: number;
  /** Threads that wait for a worker to die. */
  readonly spareWorkers: number;
  /** A worker without a sign of life for so long hangs; 0: nobody looks. */
  readonly watchdogMs: number;
  readonly clock: Clock;
}

/** Whose workers they are. */
export interface CrewOwner {
  rooms(): Iterable<HostedRoom>;
  seats(): Iterable<Seat>;
  /** A worker has died: what it had answered still counts. */
  hear(worker: RoomWorker): void;
  /** Its rooms are lost. */
  lost(worker: RoomWorker): void;
  /** Another thread has its rooms, or will have: orders go to it. */
  replaced(worker: RoomWorker): void;
  /** A room that a killed server has left has gone on. */
  continued(room: HostedRoom): void;
  /** Nobody is replaced any more. */
  readonly draining: boolean;
}

/** What came of the death of a worker. */
export interface CrashReport {
  readonly worker: number;
  /** It gave no sign of life, and was ended. */
  readonly hung: boolean;
  /** Rooms it left; those that it was given up with are lost. */
  readonly rooms: number;
  readonly recovered: RecoveredRoom[];
  /** Rooms that were closed instead. */
  lost: number;
  /** Rooms in which nobody had been: they began anew. */
  anew: number;
  /** Ticks that other workers had to make up for or to leave out, until the last of these rooms ticked. */
  othersLateTicks: number;
}

export interface RecoveredRoom {
  readonly room: string;
  /** From the moment it was known that the worker was dead to a tick of the room. */
  readonly ms: number;
  /** Ticks that were played again from records. */
  readonly ticksReplayed: number;
  /** Ticks that players had been told of, and that are not there any more, with the inputs in them. */
  readonly ticksLost: number;
  /** It was put into a core that the spare had made in advance. */
  readonly stocked: boolean;
}

export class Crew {
  readonly workers: readonly RoomWorker[];
  /** The newest deaths, oldest first. */
  readonly crashes: CrashReport[] = [];
  /** All deaths. */
  crashCount = 0;
  readonly #options: CrewOptions;
  readonly #owner: CrewOwner;
  readonly #spares: Spares;
  readonly #watchdogs: readonly Watchdog[];
  /** By worker: when it was seen to hang, us. */
  readonly #hungUs = new Map<number, number>();
  /** By worker: what others had been late by when it died. */
  readonly #lateBefore = new Map<number, number>();
  #timer: NodeJS.Timeout | undefined;
  #stocks: NodeJS.Timeout | undefined;

  constructor(options: CrewOptions, owner: CrewOwner) {
    this.#options = options;
    this.#owner = owner;
    this.#spares = sparesFor(options, options.spareWorkers);
    const at = { ioThread: options.ioThread, spares: this.#spares };
    this.workers = Array.from(
      { length: options.workers },
      (_, index) => new RoomWorker(options, index, at),
    );
    this.#watchdogs = this.workers.map(() => new Watchdog(options.watchdogMs));
  }

  /** Workers that hang are ended. */
  get watches(): boolean {
    return this.#options.watchdogMs > 0;
  }

  /** Spares that are ready. */
  get sparesReady(): number {
    return this.#spares.ready;
  }

  /** Loads the game in every worker; then spares and watchdogs. Rejects with the error of the game's module; all have ended then. */
  async start(): Promise<GameFacts> {
    try {
      const { ioThread, watchdogMs, clock } = this.#options;
      const estate = { ioThread, watchdogMs, nowMs: performance.now() };
      const starts = this.workers.map((worker) => {
        const [rooms, seats] = [this.#owner.rooms(), this.#owner.seats()];
        const left = takeovers({ ...estate, worker, rooms, seats });
        return worker.start(this.#listener, { rooms: left, detectedUs: clock.nowUs() });
      });
      const [facts] = await Promise.all(starts);
      this.#spares.fill();
      this.#stocks = setInterval(() => this.#stock(), STOCK_MS).unref();
      if (watchdogMs > 0) this.#timer = setInterval(() => this.#look(), watchdogMs / LOOKS).unref();
      return facts as GameFacts;
    } catch (error) {
      await this.stop(0);
      throw error;
    }
  }

  async stop(timeoutMs: number): Promise<void> {
    clearInterval(this.#timer);
    clearInterval(this.#stocks);
    await Promise.all([
      this.#spares.stop(),
      ...this.workers.map((worker) => worker.stop(timeoutMs)),
    ]);
  }

  readonly #listener = {
    onCrash: (worker: RoomWorker): void => this.#crashed(worker),
    onRecovered: (worker: RoomWorker, room: RoomRecovered): void => this.#recovered(worker, room),
    onMissed: (worker: RoomWorker, what: 'lost' | 'anew', row: number): void => {
      const room = this.#roomIn(worker.index, row);
      if (room !== undefined) room.file = undefined;
      const report = this.crashes.findLast((one) => one.worker === worker.index);
      if (report !== undefined) report[what] += 1;
    },
  };

  #stock(): void {
    this.#spares.stock(Math.max(...this.workers.map(({ played }) => played)));
  }

  #look(): void {
    const nowMs = performance.now();
    // A breakpoint stops one thread and not this one.
    const isDebugged = inspectorUrl() !== undefined;
    for (const [index, worker] of this.workers.entries()) {
      const watchdog = this.#watchdogs[index] as Watchdog;
      if (!worker.posted || isDebugged) watchdog.reset();
      else if (!this.#hungUs.has(index) && watchdog.look(worker.pulse, nowMs)) {
        // A thread in the middle of a call to the system cannot be ended before that returns.
        watchdog.reset();
        this.#hungUs.set(index, this.#options.clock.nowUs());
        this.#options.log.error({ worker: index }, 'a room worker hangs and is ended');
        worker.terminate();
      }
    }
  }

  #crashed(worker: RoomWorker): void {
    const { log, clock } = this.#options;
    const owner = this.#owner;
    const { index, crashes } = worker;
    const hungUs = this.#hungUs.get(index);
    this.#hungUs.delete(index);
    owner.hear(worker);
    const { ioThread, watchdogMs } = this.#options;
    const estate = { worker, ioThread, nowMs: performance.now(), watchdogMs };
    const rooms = takeovers({ ...estate, rooms: owner.rooms(), seats: owner.seats() });
    const lost = owner.draining || crashes > CRASHES_MAX;
    const what = lost ? 'its rooms are lost' : 'another goes on with its rooms';
    log.error({ worker: index, rooms: rooms.length, crashes }, `a room worker ended; ${what}`);
    this.#report(worker, {
      hung: hungUs !== undefined,
      rooms: rooms.length,
      lost: lost ? rooms.length : 0,
    });
    if (lost) {
      owner.lost(worker);
      if (!owner.draining) worker.renew(this.#listener);
    } else worker.replace(rooms, { detectedUs: hungUs ?? clock.nowUs(), listener: this.#listener });
    owner.replaced(worker);
  }

  #report(
    { index }: RoomWorker,
    { hung, rooms, lost }: { hung: boolean; rooms: number; lost: number },
  ): void {
    this.#lateBefore.set(index, this.#othersLate(index));
    const report = { worker: index, hung, rooms, recovered: [], lost, anew: 0, othersLateTicks: 0 };
    this.crashes.push(report);
    this.crashCount += 1;
    if (this.crashes.length > REPORTS_MAX) this.crashes.shift();
  }

  #recovered({ index }: RoomWorker, of: RoomRecovered): void {
    const { row, us, tick, ticks, ticksLost, stocked } = of;
    const report = this.crashes.findLast(({ worker }) => worker === index);
    const room = this.#roomIn(index, row);
    if (room?.file !== undefined) {
      room.file = undefined;
      room.keptTick = tick;
      this.#owner.continued(room);
      return;
    }
    if (report === undefined || room === undefined) return;
    const ms = Math.round(us / 10) / 100;
    report.recovered.push({ room: room.id, ms, ticksReplayed: ticks, ticksLost, stocked });
    report.othersLateTicks = this.#othersLate(index) - (this.#lateBefore.get(index) ?? 0);
    this.#options.log.info({ worker: index, room: room.id, ms, ticksLost }, 'room recovered');
  }

  #roomIn(worker: number, row: number): HostedRoom | undefined {
    return [...this.#owner.rooms()].find((one) => one.worker === worker && one.row === row);
  }

  /** Ticks that all other workers have made up for or left out. */
  #othersLate(index: number): number {
    let late = 0;
    for (const { index: other, timing } of this.workers)
      if (other !== index) late += timing.counter('ticksCaughtUp') + timing.counter('ticksSkipped');
    return late;
  }
}

/** Crashes of one worker in a row, each soon after the one before, until its rooms are given up. */
const CRASHES_MAX = 8;
const REPORTS_MAX = 256;
/** ms between two looks at how many rooms a spare would have to go on with. */
const STOCK_MS = 1000;
