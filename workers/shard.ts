/**
 * A shard: one worker's rooms, its mailboxes, and who sits in which room. The stages of a turn, as `room-worker.ts` calls
 * them. On the way of a packet nothing is allocated: a lookup by session, then a copy from ring to room.
 */
import { ERROR, errorName } from '../protocol/gen/tables.ts';
import { FrayError } from '../src/errors.ts';
import type { WorkerEnd } from '../src/mailbox/messages.ts';
import { ANSWER, ioThreadOf, JOIN, ORDER } from '../src/mailbox/messages.ts';
import type { Ring } from '../src/mailbox/ring.ts';
import type {
  RoomOrder,
  RoomTakeover,
  SeatTakeover,
  WorkerBoot,
  WorkerPost,
  WorkerReport,
} from './boot.ts';
import { IoThreads } from './io-threads.ts';
import { payloadOf, readOpen, shortText } from './orders.ts';
import { LEVEL } from './overload.ts';
import { Pace } from './pace.ts';
import type { Pulse } from './pulse.ts';
import { reconcile } from './reconcile.ts';
import type { Recovery } from './recovery.ts';
import type { Restored, RoomFactory, RoomRestorer, ShardParts } from './room-parts.ts';
import type { ShardRoom } from './shard-room.ts';
import type { Slot } from './slots.ts';
import { PhaseSlots, TIMES } from './slots.ts';
import { StageClock } from './stages.ts';
import { Ticking } from './ticking.ts';
import { COUNTER, HISTOGRAM, Timing } from './timing.ts';

export type Report = (report: Extract<WorkerReport, { kind: 'log' }>) => void;

export interface ShardOptions {
  readonly boot: Pick<WorkerBoot, 'bells' | 'native'> &
    Pick<WorkerPost, 'index' | 'workers' | 'links' | 'timing'>;
  readonly openRoom: RoomFactory;
  /** Left out: nothing is kept that could be taken over. */
  readonly restoreRoom?: RoomRestorer;
  /** What a room that goes leaves to the next worker. False: not now. Left out: none ever goes. */
  readonly handOver?: (room: ShardRoom) => boolean;
  /** Told of a room that is lost. */
  readonly onLost?: (row: number, tick: number, code: number) => void;
  readonly pulse?: Pick<Pulse, 'ticks' | 'rest' | 'makes'>;
  readonly nowUs: () => number;
  /** See StageClock. */
  readonly sampleUs?: number | undefined;
  readonly report: Report;
}

interface Sitter {
  readonly room: ShardRoom;
  /** Slot in the room; -1 while it waits for one. */
  slot: number;
}

export class Shard {
  /** An order to stop has come; all rooms are closed. */
  stopped = false;
  readonly #options: ShardOptions;
  readonly #pulse: ShardOptions['pulse'];
  readonly #nowUs: () => number;
  readonly #report: Report;
  readonly #parts: ShardParts;
  readonly #io: IoThreads;
  readonly #links: readonly WorkerEnd[];
  readonly #timing: Timing;
  readonly #slots: PhaseSlots<ShardRoom>;
  readonly #pace: Pace;
  readonly #ticking: Ticking;
  readonly #rooms = new Map<number, ShardRoom>();
  /** Why rows are not open that joins may still be on their way to. */
  readonly #closed = new Map<number, { code: number; text: Uint8Array }>();
  readonly #sitters = new Map<number, Sitter>();
  /** Of the slot that ticks now, us: see TIMES. */
  readonly #times = new Float64Array(3);

  constructor(options: ShardOptions) {
    const { boot, nowUs, report } = options;
    this.#options = options;
    this.#pulse = options.pulse;
    this.#nowUs = nowUs;
    this.#report = report;
    this.#io = new IoThreads(boot);
    this.#links = this.#io.links;
    this.#timing = new Timing(boot.timing);
    this.#slots = new PhaseSlots(boot.index / boot.workers);
    this.#pace = new Pace({ timing: this.#timing, slots: this.#slots, report });
    this.#ticking = new Ticking({
      pulse: options.pulse,
      timing: this.#timing,
      stages: new StageClock(boot.timing, { ...options, times: this.#times }),
      nowUs,
      log: (level, room, text) => this.#log(level, room, text),
      fail: (room, error) => this.#fail(room, error),
      end: (room) => this.#close(room, ERROR.E_ROOM_CLOSED, ''),
    });
    this.#parts = {
      links: this.#links,
      routes: this.#io.routes,
      timing: this.#timing,
      onGone: (session) => this.#sitters.delete(session),
    };
  }

  /** A room that another worker has left is this one's from now on, and ticks; or was closed, or has begun anew. */
  takeOver(takeover: RoomTakeover, hurries = false): Recovery | 'lost' | 'anew' {
    const { order, seats, code, bareTick, dueUs } = takeover;
    const { restoreRoom } = this.#options;
    if (code !== 0 || restoreRoom === undefined) {
      this.#lose(takeover, code || ERROR.E_ROOM_FAULT);
      return 'lost';
    }
    this.#pulse?.makes(-1);
    let restored: Restored;
    try {
      restored = restoreRoom(takeover, this.#parts);
    } catch (error) {
      if (!(error instanceof FrayError && error.code === 'E_ROOM_CLOSED'))
        return this.#miss(takeover, error);
      this.#lose(takeover, ERROR.E_ROOM_CLOSED);
      return 'lost';
    }
    const { room, recovery } = restored;
    room.hurries = hurries;
    this.#enter(room, dueUs ?? undefined);
    for (const { session } of seats) this.#sitters.set(session, { room, slot: -1 });
    try {
      this.#pulse?.ticks(room.row, recovery.last?.tick ?? room.core.tick);
      this.#ticking.orRecover(room, () => room.goOn(recovery, recovery.last?.tick === bareTick));
    } catch (error) {
      this.#fail(room, error);
      this.#pulse?.rest();
      const untold = seats.filter(({ session }) => this.#sitters.has(session));
      this.#dismiss(order.row, untold);
      return 'lost';
    }
    reconcile(room, seats, recovery.left);
    if (dueUs !== null) {
      // It is in time: its next tick is not due yet.
      const shiftUs = Math.round((room.slot?.dueUs ?? dueUs) - dueUs);
      const { row, owner } = order;
      this.#answer(owner, { kind: ANSWER.taken, id: row, arg: shiftUs, text: NOTHING });
      return recovery;
    }
    return this.#ticking.tick(room) ? recovery : 'lost';
  }

  /** Too little of a room is kept. One in which nobody is begins anew: its order to open may not even have been read. */
  #miss(takeover: RoomTakeover, error: unknown): 'lost' | 'anew' {
    const { order, seats } = takeover;
    if (seats.some(({ state }) => state === 'in')) {
      this.#log('error', order.id, String(error));
      this.#lose(takeover, ERROR.E_ROOM_FAULT);
      return 'lost';
    }
    this.#timing.clearRow(order.row);
    this.#open(order);
    const room = this.#rooms.get(order.row);
    if (room === undefined) {
      this.#dismiss(order.row, seats);
      return 'lost';
    }
    for (const { session } of seats) this.#sitters.set(session, { room, slot: -1 });
    reconcile(room, seats, NOBODY);
    return 'anew';
  }

  #lose({ order, seats, tick }: RoomTakeover, code: number): void {
    // The records of one that was being closed have ended.
    if (code !== ERROR.E_ROOM_CLOSED) this.#options.onLost?.(order.row, tick, code);
    this.#timing.clearRow(order.row);
    this.#closed.set(order.row, { code, text: NOTHING });
    this.#dismiss(order.row, seats);
    this.#answer(order.owner, { kind: ANSWER.closed, id: order.row, arg: code, text: NOTHING });
  }

  /** Seats of a row that is not open are told why. */
  #dismiss(row: number, seats: readonly SeatTakeover[]): void {
    const { code, text } = this.#closed.get(row) ?? CLOSED;
    for (const { session } of seats) {
      this.#sitters.delete(session);
      this.#answer(ioThreadOf(session), { kind: ANSWER.left, id: session, arg: code, text });
    }
  }

  /** The open room in a row. */
  roomAt(row: number): ShardRoom | undefined {
    return this.#rooms.get(row);
  }

  /** The slot that is due next; undefined while there are no rooms. */
  nextSlot(): Slot<ShardRoom> | undefined {
    return this.#slots.next();
  }

  /** Whether an order waits in a mailbox. */
  ordersWait(): boolean {
    for (const link of this.#links) if (link.orders.waiting()) return true;
    return false;
  }

  /** Stage 1: rooms, joins, leaves, drops, resumes, notices; the control rings in index order. */
  takeOrders(): void {
    for (let io = 0; io < this.#links.length; io += 1) {
      const { orders } = this.#links[io] as WorkerEnd;
      while (!this.stopped && orders.next()) this.#obey(orders, io);
      orders.release();
    }
  }

  /** Stage 2: packets, inboxes in index order, straight into the input buffers of their rooms. */
  takePackets(): void {
    const timing = this.#timing;
    for (let io = 0; io < this.#links.length; io += 1) {
      const { inbox } = this.#links[io] as WorkerEnd;
      let taken = 0;
      let refused = 0;
      let unseated = 0;
      while (inbox.next()) {
        const sitter = this.#sitters.get(inbox.id);
        const slot = sitter === undefined ? -1 : this.#slotOf(sitter, inbox.id);
        if (sitter === undefined || slot < 0) unseated += 1;
        else if (sitter.room.packet(slot, inbox)) taken += 1;
        else refused += 1;
      }
      if (taken > 0) timing.add(COUNTER.packetsIn, taken);
      if (refused > 0) timing.add(COUNTER.inputRefused, refused);
      if (unseated > 0) timing.add(COUNTER.packetsUnseated, unseated);
      inbox.release();
    }
  }

  /**
   * Stage 3: the rooms of a slot that is due, as many ticks as the clock asks for. Moments stand in `#times`: a fraction that goes to
   * another function is garbage where V8 does not inline that one, and it does not inline all that this one calls.
   */
  tickSlot(slot: Slot<ShardRoom>): void {
    const times = this.#times;
    times[TIMES.start] = this.#nowUs();
    times[TIMES.late] = (times[TIMES.start] as number) - slot.dueUs;
    times[TIMES.end] = times[TIMES.start] as number;
    const skipped = slot.skipped;
    const ticks = this.#slots.take(slot, times);
    if (slot.slept > 0) for (const room of slot.rooms) room.rest(slot.slept);
    let dormant = 0;
    for (let tick = 0; tick < ticks; tick += 1) {
      slot.turns += 1;
      dormant = 0;
      for (let i = 0; i < slot.rooms.length; i += 1) {
        const room = slot.rooms[i] as ShardRoom;
        if (room.dormant) {
          dormant += 1;
          if (((slot.turns + i * REST_TURNS) & IDLE_TICK_MASK) !== 0) {
            room.rest(1);
            continue;
          }
        }
        if (!this.#ticking.tick(room) || (room.giving && this.#goes(room, slot))) i -= 1;
        this.#timeRoom();
      }
    }
    this.#restIf(slot, dormant === slot.rooms.length);
    this.#timeSlot(ticks, slot.skipped - skipped);
  }

  #timeRoom(): void {
    const times = this.#times;
    const nowUs = this.#nowUs();
    this.#timing.add(COUNTER.ticks, 1);
    this.#timing.record(HISTOGRAM.tick, nowUs - (times[TIMES.end] as number));
    times[TIMES.end] = nowUs;
  }

  #timeSlot(ticks: number, skipped: number): void {
    const times = this.#times;
    const timing = this.#timing;
    const busyUs = (times[TIMES.end] as number) - (times[TIMES.start] as number);
    timing.record(HISTOGRAM.lateness, times[TIMES.late] as number);
    timing.add(COUNTER.slots, 1);
    timing.add(COUNTER.ticksCaughtUp, ticks - 1);
    timing.add(COUNTER.ticksSkipped, skipped);
    timing.add(COUNTER.busyUs, busyUs);
    timing.record(HISTOGRAM.slot, busyUs);
    if (!this.#pace.account(times, skipped)) return;
    for (const room of this.#rooms.values()) room.pace(this.#pace.level, this.#pace.permille);
  }

  /** A slot of dormant rooms alone sleeps until the next interval in which one of them ticks. */
  #restIf(slot: Slot<ShardRoom>, isDormant: boolean): void {
    this.#slots.rest(slot, isDormant ? (REST_TURNS - 1 - slot.turns) & (REST_TURNS - 1) : 0);
  }

  /** Something is to be done in a room: with the next interval, if its slot rests. */
  #rouse({ slot }: ShardRoom): void {
    if (slot !== undefined) this.#slots.rouse(slot, this.#nowUs());
  }

  /** Stage 4: one wake per I/O thread that sleeps and has been written to. */
  wake(): void {
    this.#io.wake(this.#timing);
  }

  #slotOf(sitter: Sitter, session: number): number {
    if (sitter.slot < 0) sitter.slot = sitter.room.slotOf(session);
    return sitter.slot;
  }

  #fail(room: ShardRoom, error: unknown): void {
    const code =
      error instanceof FrayError && error.code === 'E_PLUGIN_FAULT'
        ? ERROR.E_PLUGIN_FAULT
        : ERROR.E_ROOM_FAULT;
    this.#timing.add(COUNTER.roomsFaulted, 1);
    this.#log('error', room.id, `room closed with ${errorName(code)}: ${String(error)}`);
    this.#close(room, code, '');
  }

  #obey(order: Ring, io: number): void {
    switch (order.kind) {
      case ORDER.open:
        this.#open(readOpen(order, io));
        break;
      case ORDER.close: {
        const room = this.#rooms.get(order.id);
        if (room !== undefined) this.#close(room, order.arg, '');
        break;
      }
      case ORDER.give: {
        const room = this.#rooms.get(order.id);
        if (room === undefined) break;
        room.giving = true;
        this.#rouse(room);
        break;
      }
      case ORDER.join:
        this.#join(order, io);
        break;
      case ORDER.leave: {
        const sitter = this.#sitters.get(order.id);
        if (sitter === undefined || !sitter.room.leave(order.id, order.arg)) break;
        this.#sitters.delete(order.id);
        this.#answer(io, { kind: ANSWER.left, id: order.id, arg: order.arg, text: NOTHING });
        break;
      }
      case ORDER.drop:
        this.#sitters.get(order.id)?.room.drop(order.id);
        break;
      case ORDER.resume:
        this.#sitters.get(order.id)?.room.resume(order.id, order.arg);
        break;
      case ORDER.tell:
        this.#sitters.get(order.id)?.room.tell(order.id, payloadOf(order));
        break;
      case ORDER.notice: {
        const message = payloadOf(order);
        for (const room of this.#rooms.values()) {
          room.tell(EVERYBODY, message);
          this.#rouse(room);
        }
        break;
      }
      case ORDER.stop:
        for (const room of [...this.#rooms.values()]) this.#close(room, order.arg, '');
        this.stopped = true;
        break;
      default:
        throw new FrayError('E_CORE', `Cannot obey an order of kind ${order.kind}`);
    }
  }

  #open(order: RoomOrder): void {
    this.#closed.delete(order.row);
    let room: ShardRoom | undefined;
    try {
      this.#pulse?.makes(order.row);
      room = this.#options.openRoom(order, this.#parts);
      room.create();
      this.#pulse?.rest();
      this.#enter(room);
      this.#timing.add(COUNTER.roomsOpened, 1);
      this.#answer(order.owner, { kind: ANSWER.opened, id: order.row, arg: 0, text: NOTHING });
    } catch (error) {
      const refused = error instanceof FrayError && error.code === 'E_ROOM_OPTIONS';
      const code = refused
        ? ERROR.E_ROOM_OPTIONS
        : error instanceof FrayError && error.code === 'E_PLUGIN_FAULT'
          ? ERROR.E_PLUGIN_FAULT
          : ERROR.E_ROOM_FAULT;
      this.#log(refused ? 'info' : 'error', order.id, `room not opened: ${String(error)}`);
      const text = shortText(refused ? (error as Error).message : '');
      this.#closed.set(order.row, { code, text });
      if (room !== undefined) this.#give(room, code, text);
      this.#answer(order.owner, { kind: ANSWER.closed, id: order.row, arg: code, text });
    }
  }

  /** A room that is to go goes, between two ticks. False: not yet. */
  #goes(room: ShardRoom, slot: Slot<ShardRoom>): boolean {
    if (!room.canGo || this.#options.handOver?.(room) !== true) return false;
    this.#slots.remove(slot, room);
    this.#rooms.delete(room.row);
    for (const [session, sitter] of this.#sitters)
      if (sitter.room === room) this.#sitters.delete(session);
    room.go();
    this.#timing.add(COUNTER.rooms, -1);
    const text = new Uint8Array(Uint32Array.of(room.core.tick).buffer);
    this.#answer(room.owner, { kind: ANSWER.given, id: room.row, arg: slot.dueUs >>> 0, text });
    if (this.#rooms.size === 0) this.#pace.reset();
    return true;
  }

  /** A room that has been made is one of the shard's. `wishUs`: when its next tick should be due. */
  #enter(room: ShardRoom, wishUs?: number): void {
    this.#closed.delete(room.row);
    this.#rooms.set(room.row, room);
    const { level, permille } = this.#pace;
    if (level > LEVEL.none || room.core.tick > 0) room.pace(level, permille);
    const intervalUs = 1e6 / room.core.tickRateHz;
    room.slot = this.#slots.add(room, intervalUs, this.#nowUs(), wishUs);
    this.#rouse(room);
    room.slot.tickUs = room.slot.dueUs - room.slot.intervalUs;
    this.#timing.add(COUNTER.rooms, 1);
  }

  #join(order: Ring, io: number): void {
    const room = this.#rooms.get(order.arg);
    if (room === undefined) {
      const { code, text } = this.#closed.get(order.arg) ?? CLOSED;
      this.#answer(io, { kind: ANSWER.refused, id: order.id, arg: code, text });
      return;
    }
    const at = order.offset;
    const word = (offset: number): number => order.words[(at + offset) >> 2] as number;
    const bytes = (from: number, length: number): Uint8Array =>
      order.bytes.slice(at + from, at + from + length);
    this.#rouse(room);
    this.#sitters.set(order.id, { room, slot: -1 });
    room.join({
      session: order.id,
      flags: word(JOIN.flags),
      name: bytes(JOIN.name, word(JOIN.nameBytes)),
      identity: bytes(JOIN.identity, word(JOIN.identityBytes)),
    });
  }

  /** Everybody inside is answered first, then the row is given back. */
  #close(room: ShardRoom, code: number, reason: string): void {
    const text = shortText(reason);
    if (room.slot !== undefined) this.#slots.remove(room.slot, room);
    this.#rooms.delete(room.row);
    this.#closed.set(room.row, { code, text });
    this.#give(room, code, text);
    this.#timing.add(COUNTER.rooms, -1);
    this.#timing.add(COUNTER.roomsClosed, 1);
    this.#answer(room.owner, { kind: ANSWER.closed, id: room.row, arg: code, text });
    if (this.#rooms.size === 0) this.#pace.reset();
  }

  /** Closes a room that may be broken: an error of its game on the way out is logged. */
  #give(room: ShardRoom, code: number, text: Uint8Array): void {
    try {
      room.close(code, text);
    } catch (error) {
      this.#log('error', room.id, `room closed with an error: ${String(error)}`);
    }
  }

  #answer(io: number, answer: { kind: number; id: number; arg: number; text: Uint8Array }): void {
    const { answers } = this.#links[io] as WorkerEnd;
    if (answers.tryWrite(answer.kind, answer.id, answer.arg, answer.text, 0, answer.text.length))
      return;
    throw new Error(`Cannot answer I/O thread ${io}: its control ring is full`);
  }

  #log(level: 'info' | 'error', room: string, text: string): void {
    this.#report({ kind: 'log', level, fields: { room }, text });
  }
}

/** Whom `tell` of a room means by no session. */
const EVERYBODY = 0;
const NOTHING = new Uint8Array(0);
const CLOSED = { code: ERROR.E_ROOM_CLOSED, text: NOTHING };
const NOBODY: ReadonlyMap<number, number> = new Map();
/**
 * A room without any player ticks in one of 16 intervals, twice a second at 30 Hz: nobody sees it, and 200 of them must cost
 * less than 5 % of a core (`fray bench memory`). Its time runs slower meanwhile; ticks, timers and journal know nothing of it. The
 * first player who comes is let in with the next interval.
 */
const IDLE_TICK_MASK = 15;
/** Dormant rooms of a slot tick in every eighth interval only, half of them each time, so that it can sleep in between. */
const REST_TURNS = 8;
