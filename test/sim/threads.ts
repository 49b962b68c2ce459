/**
 * Stand-ins for the threads of a server: what a `Worker` is to its parent, with the work done in simulated time. A room thread runs a
 * real shard, as `workers/room-worker.ts` does; it can stall, and it can die.
 */
import { systemClock } from '../../src/clock.ts';
import { Bell } from '../../src/mailbox/bell.ts';
import { Ring } from '../../src/mailbox/ring.ts';
import type { ShadowMemory, WorkerBoot, WorkerReport } from '../../workers/boot.ts';
import { JournalStore } from '../../workers/journal-store.ts';
import type { JournalAsk, JournalBoot } from '../../workers/journal-writer.ts';
import { Keeping } from '../../workers/keeping.ts';
import { loadedGame, roomFactory } from '../../workers/open-room.ts';
import { Shard } from '../../workers/shard.ts';
import { Timing } from '../../workers/timing.ts';
import { game } from './game.ts';
import type { SimTime } from './time.ts';

type Listener = (said: never) => void;

/** The parent's view of a thread. */
abstract class SimThread {
  isOver = false;
  protected readonly time: SimTime;
  readonly #listeners = new Map<string, Listener[]>();

  constructor(time: SimTime) {
    this.time = time;
  }

  on(event: string, fn: Listener): this {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), fn]);
    return this;
  }

  once(event: string, fn: Listener): this {
    return this.on(event, fn);
  }

  off(event: string, fn: Listener): this {
    const rest = (this.#listeners.get(event) ?? []).filter((one) => one !== fn);
    this.#listeners.set(event, rest);
    return this;
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
    this.time.after(0, () => this.say('exit', code));
  }

  protected say(event: string, said: unknown): void {
    for (const fn of this.#listeners.get(event) ?? []) (fn as (said: unknown) => void)(said);
  }
}

export class RoomThread extends SimThread {
  readonly #shard: Shard;
  readonly #keeping: Keeping;
  readonly #bell: Bell;
  readonly #nowUs = systemClock().nowUs;
  #stalledUntilMs = 0;
  /** Of the turn that is awaited: an older one that comes late does nothing. */
  #turns = 0;

  constructor(time: SimTime, boot: WorkerBoot) {
    super(time);
    const report = (message: WorkerReport): void => this.say('message', message);
    const loaded = loadedGame(boot, game);
    this.#bell = new Bell(boot.bell);
    this.#keeping = new Keeping({
      records: boot.records,
      facts: loaded.facts,
      timing: new Timing(boot.timing),
      nowUs: this.#nowUs,
      report,
    });
    this.#shard = new Shard({
      boot,
      openRoom: roomFactory(boot, loaded, { report, keeping: this.#keeping }),
      nowUs: this.#nowUs,
      report,
    });
    queueMicrotask(() => {
      report({ kind: 'ready', facts: loaded.facts });
      this.#next();
    });
  }

  postMessage({ row, memory }: ShadowMemory): void {
    this.time.after(0, () => this.#keeping.give(row, memory));
  }

  /** Runs nothing for a while: a hook that takes long, a machine that is busy. */
  stall(ms: number): void {
    this.#stalledUntilMs = this.time.nowMs() + ms;
  }

  #turn(turn: number): void {
    if (this.isOver || turn !== this.#turns) return;
    this.#bell.awake();
    const leftMs = this.#stalledUntilMs - this.time.nowMs();
    if (leftMs > 0) {
      this.time.after(leftMs, () => this.#turn(turn));
      return;
    }
    const shard = this.#shard;
    const slot = shard.nextSlot();
    shard.takeOrders();
    shard.takePackets();
    if (slot !== undefined && slot.dueUs <= this.#nowUs()) shard.tickSlot(slot);
    shard.wake();
    const next = shard.nextSlot();
    this.#keeping.shadows.turn(next === undefined ? REST_MS * 1000 : next.dueUs - this.#nowUs());
    if (shard.stopped) this.end(0);
    else this.#next();
  }

  /** As the thread itself: until the next slot is due, or where nobody waits for one, until an order comes. */
  #next(): void {
    this.#turns += 1;
    const turn = this.#turns;
    const slot = this.#shard.nextSlot();
    const dueMs = slot === undefined ? REST_MS : slot.dueUs / 1000 - this.time.nowMs();
    if (slot !== undefined && !slot.resting) {
      this.time.after(dueMs + STEP_MS, () => this.#turn(turn));
      return;
    }
    this.#bell.sleeping();
    if (this.#shard.ordersWait()) this.time.after(0, () => this.#turn(turn));
    else {
      this.time.after(Math.min(dueMs + STEP_MS, REST_MS), () => this.#turn(turn));
      void this.#bell.waitAsync()?.then(() => this.#turn(turn));
    }
  }
}

/** Keeps journals in the folder that it is told, at once instead of later: the disk is the machine's own. */
export class JournalThread extends SimThread {
  readonly #rings = new Map<number, Ring>();
  readonly #store: JournalStore;
  /** The disk is so slow that nothing is taken. */
  isStuck = false;

  constructor(time: SimTime, boot: JournalBoot) {
    super(time);
    this.#store = new JournalStore({
      ...boot,
      compress: false,
      unixMs: Date.now,
      log: (level, text, fields) => this.say('message', { kind: 'log', level, text, fields }),
    });
    queueMicrotask(() => this.say('message', { kind: 'ready' }));
    this.#flush(boot.flushMs);
  }

  postMessage(ask: JournalAsk): void {
    if (ask.kind === 'stop') {
      this.#take();
      this.#store.close();
      this.end(0);
      return;
    }
    const before = this.#rings.get(ask.worker);
    if (before !== undefined) {
      this.#store.take(ask.worker, before);
      this.#store.end(ask.worker);
    }
    this.#rings.set(ask.worker, new Ring(ask.ring, 'read'));
  }

  #flush(everyMs: number): void {
    if (this.isOver) return;
    if (!this.isStuck) this.#take();
    this.time.after(everyMs, () => this.#flush(everyMs));
  }

  #take(): void {
    for (const [worker, ring] of this.#rings) this.#store.take(worker, ring);
    this.#store.flush();
  }
}

/** ms, as in workers/room-worker.ts. */
const REST_MS = 50;
/** ms. A moment in whole microseconds is not before the fraction that is due. */
const STEP_MS = 0.001;
