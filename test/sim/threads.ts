/**
 * Stand-ins for the threads of a server: what a `Worker` is to its parent, with the work done in simulated time. A room thread runs a
 * real shard, as `workers/room-worker.ts` does; it can stall, and it can die.
 */
import { EventEmitter } from 'node:events';
import { rmSync } from 'node:fs';
import { systemClock } from '../../src/clock.ts';
import { Bell } from '../../src/mailbox/bell.ts';
import { Ring } from '../../src/mailbox/ring.ts';
import type { Game } from '../../src/plugin/game.ts';
import type {
  HostSays,
  RoomTakeover,
  WorkerBoot,
  WorkerPost,
  WorkerReport,
} from '../../workers/boot.ts';
import { HostLines } from '../../workers/host-lines.ts';
import { JournalStore } from '../../workers/journal-store.ts';
import type { JournalAsk, JournalBoot } from '../../workers/journal-writer.ts';
import { Keeping } from '../../workers/keeping.ts';
import { loadedGame, roomFactory, roomRestorer } from '../../workers/open-room.ts';
import { Pulse } from '../../workers/pulse.ts';
import { Shard } from '../../workers/shard.ts';
import type { ShardRoom } from '../../workers/shard-room.ts';
import { AS_OF_NOW, Timing } from '../../workers/timing.ts';
import type { SimTime } from './time.ts';

/** The parent's view of a thread. */
abstract class SimThread extends EventEmitter {
  isOver = false;
  protected readonly time: SimTime;

  constructor(time: SimTime) {
    super();
    this.time = time;
  }

  abstract postMessage(message: unknown): void;

  /** Ends it, as its parent or its machine may. */
  async terminate(code = 1): Promise<number> {
    this.end(code);
    return code;
  }

  protected end(code: number): void {
    if (this.isOver) return;
    this.isOver = true;
    this.time.after(0, () => void this.emit('exit', code));
  }
}

/** What a room thread does in a turn, in this order. */
export const TURN_STAGES = ['orders', 'packets', 'tick', 'wake'] as const;
export type TurnStage = (typeof TURN_STAGES)[number];

/** What a thread has once it has its post. */
interface Posted {
  readonly shard: Shard;
  readonly keeping: Keeping;
  readonly bell: Bell;
}

export class RoomThread extends SimThread {
  /** Of the worker that it is; -1 before. */
  index = -1;
  readonly #boot: WorkerBoot;
  readonly #game: Game;
  readonly #look: (room: ShardRoom) => void;
  readonly #nowUs = systemClock().nowUs;
  readonly #report = (message: WorkerReport): void => void this.emit('message', message);
  #posted: Posted | undefined;
  #stalledUntilMs = 0;
  #lastStage: TurnStage | null = null;
  /** Of the turn that is awaited: an older one that comes late does nothing. */
  #turns = 0;

  constructor(
    time: SimTime,
    boot: WorkerBoot,
    at: { game: Game; look: (room: ShardRoom) => void },
  ) {
    super(time);
    const { game } = at;
    this.#look = at.look;
    this.#boot = boot;
    this.#game = game;
    const { facts } = loadedGame(boot, game);
    queueMicrotask(() => this.#report({ kind: 'loaded', facts }));
  }

  postMessage(said: HostSays): void {
    this.time.after(0, () => {
      if (this.isOver) return;
      if (said.kind === 'shadow') this.#posted?.keeping.give(said);
      else if (said.kind === 'die') this.end(1);
      else if (said.kind === 'take') {
        this.#posted?.shard.takeOver(said.room);
        this.#posted?.shard.wake();
      } else if (said.kind === 'post') this.#take(said);
    });
  }

  /** As `workers/room-worker.ts` does. */
  #take(post: WorkerPost): void {
    this.index = post.index;
    const loaded = loadedGame(this.#boot, this.#game);
    const timing = new Timing(post.timing);
    const pulse = new Pulse(post.pulse);
    const [nowUs, report] = [this.#nowUs, this.#report];
    for (const counter of AS_OF_NOW) timing.set(counter, 0);
    const keeping = new Keeping({
      records: post.records,
      facts: loaded.facts,
      timing,
      nowUs,
      unixMs: Date.now,
      report,
    });
    const shard = new Shard({
      boot: { ...this.#boot, ...post },
      openRoom: roomFactory(this.#boot, loaded, { report, keeping }),
      restoreRoom: roomRestorer(this.#boot, loaded, { report, keeping }),
      handOver: (room) => keeping.shadows.handOver(room),
      onLost: (row, tick, code) => keeping.lost(row, tick, code),
      pulse,
      nowUs,
      report,
    });
    for (const room of post.rooms) this.#takeOver(shard, room);
    keeping.shadows.settled();
    this.#posted = { shard, keeping, bell: new Bell(post.bell) };
    report({ kind: 'ready' });
    this.#next();
  }

  #takeOver(shard: Shard, room: RoomTakeover): void {
    const recovery = shard.takeOver(room);
    shard.wake();
    const { row } = room.order;
    if (typeof recovery === 'string') {
      this.#report({ kind: 'missed', row, what: recovery });
      return;
    }
    const { ticks, last } = recovery;
    const tick = last?.tick ?? recovery.tick;
    const ticksLost = Math.max(0, room.tick - tick);
    this.#report({ kind: 'recovered', row, us: 0, tick, ticks, ticksLost, stocked: false });
  }

  /** Dies behind that stage of its next turn: with what it has read and written, and has not said yet. */
  dieAfter(stage: TurnStage): void {
    this.#lastStage = stage;
  }

  #dies(stage: TurnStage): boolean {
    if (this.#lastStage === stage) this.end(1);
    return this.isOver;
  }

  /** Runs nothing for a while: a hook that takes long, a machine that is busy. */
  stall(ms: number): void {
    this.#stalledUntilMs = this.time.nowMs() + ms;
  }

  #turn(turn: number): void {
    if (this.isOver || turn !== this.#turns || this.#posted === undefined) return;
    const { shard, keeping, bell } = this.#posted;
    bell.awake();
    const leftMs = this.#stalledUntilMs - this.time.nowMs();
    if (leftMs > 0) {
      this.time.after(leftMs, () => this.#turn(turn));
      return;
    }
    const slot = shard.nextSlot();
    shard.takeOrders();
    if (this.#dies('orders')) return;
    shard.takePackets();
    if (this.#dies('packets')) return;
    if (slot !== undefined && slot.dueUs <= this.#nowUs()) {
      shard.tickSlot(slot);
      for (const room of slot.rooms) this.#look(room);
    }
    if (this.#dies('tick')) return;
    shard.wake();
    if (this.#dies('wake')) return;
    const next = shard.nextSlot();
    keeping.shadows.turn(next === undefined ? REST_MS * 1000 : next.dueUs - this.#nowUs());
    if (shard.stopped) this.end(0);
    else this.#next();
  }

  /** As the thread itself: until the next slot is due, or where nobody waits for one, until an order comes. */
  #next(): void {
    if (this.#posted === undefined) return;
    const { shard, bell } = this.#posted;
    this.#turns += 1;
    const turn = this.#turns;
    const slot = shard.nextSlot();
    const dueMs = slot === undefined ? REST_MS : slot.dueUs / 1000 - this.time.nowMs();
    if (slot !== undefined && !slot.resting) {
      this.time.after(dueMs + STEP_MS, () => this.#turn(turn));
      return;
    }
    bell.sleeping();
    if (shard.ordersWait()) this.time.after(0, () => this.#turn(turn));
    else {
      this.time.after(Math.min(dueMs + STEP_MS, REST_MS), () => this.#turn(turn));
      void bell.waitAsync()?.then(() => this.#turn(turn));
    }
  }
}

/** Keeps journals in the folder that it is told, as `workers/journal-writer.ts` does; the disk is the machine's own. */
export class JournalThread extends SimThread {
  readonly #rings = new Map<number, Ring>();
  readonly #store: JournalStore;
  readonly #host: HostLines;
  readonly #hostPath: string;
  /** The disk is so slow that nothing is taken. */
  isStuck = false;

  constructor(time: SimTime, boot: JournalBoot) {
    super(time);
    this.#store = new JournalStore({
      ...boot,
      compress: false,
      unixMs: Date.now,
      log: (level, text, fields) => this.emit('message', { kind: 'log', level, text, fields }),
    });
    this.#hostPath = boot.hostPath;
    this.#host = new HostLines(boot.hostPath, new Map(boot.host));
    queueMicrotask(() => this.emit('message', { kind: 'ready' }));
    this.#flush(boot.flushMs);
  }

  /** Asks that are on their way when it dies are lost. */
  postMessage(ask: JournalAsk): void {
    this.time.after(0, () => {
      if (!this.isOver) this.#obey(ask);
    });
  }

  #obey(ask: JournalAsk): void {
    if (ask.kind === 'attach') this.#attach(ask.worker, ask.ring);
    else if (ask.kind === 'host') this.#host.set(ask.key, ask.value);
    else if (ask.kind === 'shadow') {
      const ring = this.#rings.get(ask.worker);
      if (ring !== undefined) this.#store.take(ask.worker, ring);
      this.#store.shadow(ask, ask.memory);
    } else {
      this.#turn();
      this.#store.close();
      this.#host.close();
      rmSync(this.#hostPath, { force: true });
      this.end(0);
    }
  }

  #attach(worker: number, memory: SharedArrayBuffer): void {
    const before = this.#rings.get(worker);
    if (before !== undefined) {
      this.#store.take(worker, before);
      this.#store.end(worker);
    }
    this.#rings.set(worker, new Ring(memory, 'read'));
  }

  #flush(everyMs: number): void {
    if (this.isOver) return;
    if (!this.isStuck) {
      this.#turn();
      this.#keep();
    }
    this.time.after(everyMs, () => this.#flush(everyMs));
  }

  #turn(): void {
    const [store, rings] = [this.#store, this.#rings];
    for (const [worker, ring] of rings) store.take(worker, ring);
    for (let more = true; more; ) {
      more = false;
      for (const [worker, ring] of rings)
        if (store.waits(worker) && store.take(worker, ring)) more = true;
    }
    store.flush();
    store.checkpoint();
  }

  /** A disk that refuses costs the sessions after a crash, and not the journals. */
  #keep(): void {
    try {
      this.#host.flush();
    } catch (cause) {
      const fields = { error: String(cause) };
      const text = 'sessions are not kept';
      this.emit('message', { kind: 'log', level: 'warn', text, fields });
    }
  }
}

/** ms, as in workers/room-worker.ts. */
const REST_MS = 50;
/** ms. A moment in whole microseconds is not before the fraction that is due. */
const STEP_MS = 0.001;
