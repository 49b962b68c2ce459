/**
 * The directory: which rooms there are, which worker runs each, and who sits where. It stands on an I/O thread and talks
 * to workers through mailboxes only. Joins and leaves are orders in a ring that cannot fill; each is answered once, and
 * from order to last answer the session holds a *seat* here, which is what makes the life cycle exact:
 *
 *     join ─▶ joining ──joined──▶ in ──left──▶ gone (closed)
 *                │ refused ─▶ gone (refused)
 *                └─ leave ─▶ leaving ──refused / left──▶ gone (silent)     in ─ leave ─▶ leaving
 *
 * A session that leaves while it joins therefore leaves the room it may just have come into, and nobody hears of it. A
 * worker that dies answers nothing any more; its seats are answered here.
 */
import { readFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { create, toBinary } from '@bufbuild/protobuf';
import { compileCore } from '../../core-wasm/bindings/instantiate.ts';
import { ControlMessageSchema } from '../../protocol/gen/control_pb.ts';
import { ERROR, errorText, MESSAGE, NAME_BYTES_MAX } from '../../protocol/gen/tables.ts';
import { ROW } from '../../workers/timing.ts';
import type { Clock } from '../clock.ts';
import { FrayError } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';
import { Bell, createBell } from '../mailbox/bell.ts';
import { ANSWER, DATA, ioThreadOf, JOIN, JOINED, NOTICE_BYTES_MAX, OPEN, ORDER, ROOM_OPTIONS_BYTES_MAX, controlBytes } from '../mailbox/messages.ts';
import type { Ring } from '../mailbox/ring.ts';
import { newRoomId } from './id.ts';
import { OutputQueue } from './outputs.ts';
import type { GameFacts, RoomFacts, RoomOutput } from './outputs.ts';
import { Placement } from './placement.ts';
import type { Choice, HostedRoom } from './placement.ts';
import { gameUrl, RoomWorker } from './workers.ts';
import type { Log } from './workers.ts';

export interface JoinRequest {
  readonly sessionId: number;
  readonly userId: string;
  /** At most 32 bytes of UTF-8; empty: the game picks one. */
  readonly name: string;
  readonly choice: Choice;
  readonly schemaHash: bigint;
  readonly verify: boolean;
}

export interface DirectoryOptions {
  /** Worker threads, at least 1. See src/ops/cpus.ts. */
  readonly workers: number;
  /** Absolute path (or URL) of the game's server module. */
  readonly game: string;
  /** The compiled core, its bytes, or a path. Default: the committed one, beside the source or the build. */
  readonly core?: WebAssembly.Module | Uint8Array | string;
  readonly roomsMax: number;
  /** Empty rooms that any player may join are kept open up to this many. */
  readonly roomsWarm: number;
  /** Places of a room; 0 takes the game's own figure. */
  readonly playersMax: number;
  /** Bots of one open room; they yield their places if the game says so. */
  readonly bots: number;
  /** How long a room stands empty before it closes; 0 takes the game's own figure. */
  readonly emptyCloseMs?: number;
  /** Seats of this I/O thread. Default 16,384, what session ids can number. */
  readonly sessionsMax?: number;
  /** Index of the I/O thread this directory stands on. Default 0. */
  readonly ioThread?: number;
  /** Debug: a folder for journals. */
  readonly journalDir?: string;
  readonly hashEveryTick?: boolean;
  readonly clock: Clock;
  readonly log: Log;
}

/** Counters of this side; those of the workers are in `workers()`. All rise. */
export interface DirectoryCounters {
  joins: number;
  refused: number;
  closed: number;
  /** Packets in that a full inbox refused. */
  inboxFull: number;
  /** Packets in of a session without a seat. */
  packetsUnseated: number;
  /** Packets out that an newer one of the same wake replaced. */
  replaced: number;
  /** Packets out for a session that has gone. */
  packetsGone: number;
  /** Wakes of this thread by its workers. */
  wakes: number;
  noticesRefused: number;
}

interface Seat {
  readonly sessionId: number;
  readonly room: HostedRoom;
  state: 'joining' | 'in' | 'leaving';
  /** Place in the outbox of the newest packet of this drain. */
  newest: number;
}

export class RoomDirectory {
  readonly counters: DirectoryCounters = { joins: 0, refused: 0, closed: 0, inboxFull: 0, packetsUnseated: 0, replaced: 0,
    packetsGone: 0, wakes: 0, noticesRefused: 0 };
  readonly #options: DirectoryOptions;
  readonly #ioThread: number;
  readonly #sessionsMax: number;
  readonly #bellMemory = createBell();
  readonly #bell = new Bell(this.#bellMemory);
  readonly #seats = new Map<number, Seat>();
  readonly #outputs = new OutputQueue();
  readonly #scratch = new Uint8Array(1024);
  readonly #scratchView = new DataView(this.#scratch.buffer);
  #workers: RoomWorker[] = [];
  #placement: Placement | undefined;
  #facts: GameFacts | undefined;
  #onWake: () => void = () => {};
  #draining = false;
  #stopped = false;

  constructor(options: DirectoryOptions) {
    this.#options = options;
    this.#ioThread = options.ioThread ?? 0;
    this.#sessionsMax = options.sessionsMax ?? SESSIONS_MAX;
  }

  /** What is true for every room; known once `start` has resolved. */
  get facts(): GameFacts {
    if (this.#facts === undefined) throw new Error('Cannot tell the facts of the game: the directory is not started');
    return this.#facts;
  }

  /** Seats held: sessions joining, in, or leaving. */
  get seats(): number {
    return this.#seats.size;
  }

  /** Loads the game in every worker and opens the warm rooms. Rejects with the error of the game's module. */
  async start(): Promise<void> {
    const { workers, roomsMax, playersMax } = this.#options;
    const core = await loadCore(this.#options.core);
    const bells = Array.from({ length: this.#ioThread + 1 }, (_, i) => (i === this.#ioThread ? this.#bellMemory : createBell()));
    const options = { ...this.#options, emptyCloseMs: this.#options.emptyCloseMs ?? 0, sessionsMax: this.#sessionsMax,
      game: gameUrl(this.#options.game), core, bells };
    this.#workers = Array.from({ length: workers }, (_, index) => new RoomWorker(options, index, this.#ioThread));
    try {
      const facts = await Promise.all(this.#workers.map((worker) => worker.start((dead) => this.#crashed(dead))));
      this.#facts = facts[0];
    } catch (error) {
      await Promise.all(this.#workers.map((worker) => worker.stop(0)));
      throw error;
    }
    this.#placement = new Placement({ roomsMax, workers, playersMax: playersMax || this.facts.playersMax });
    this.#keepWarm();
    void this.#listen();
  }

  /** Asks for a place. The answer comes by `poll`. A second join of a session that has a seat is nothing. */
  join(request: JoinRequest): void {
    const { sessionId } = request;
    if (this.#seats.has(sessionId)) return;
    const room = this.#place(request);
    if (typeof room === 'number') {
      this.#refuse(sessionId, room, '');
      return;
    }
    this.counters.joins += 1;
    room.people += 1;
    this.#seats.set(sessionId, { sessionId, room, state: 'joining', newest: -1 });
    const name = fitName(request.name);
    this.#scratch.fill(0, 0, JOIN.bytes);
    this.#scratchView.setUint32(JOIN.flags, request.verify ? FLAG_VERIFY : 0, true);
    this.#scratchView.setUint32(JOIN.nameBytes, name.length, true);
    this.#scratch.set(name, JOIN.name);
    this.#order(room.worker, { kind: ORDER.join, id: sessionId, arg: room.row, bytes: JOIN.bytes });
    this.#keepWarm();
  }

  /** The session is over. Nothing more is heard of it here. Repeats and sessions without a seat are nothing. */
  leave(sessionId: number, code: number): void {
    const seat = this.#seats.get(sessionId);
    if (seat === undefined || seat.state === 'leaving') return;
    seat.state = 'leaving';
    this.#order(seat.room.worker, { kind: ORDER.leave, id: sessionId, arg: code, bytes: 0 });
  }

  /** Hands a client's packet to its room. False: dropped and counted (inbox full, or no seat). Allocates nothing. */
  packet(sessionId: number, bytes: Uint8Array, offset: number, length: number, arrivalUs: number): boolean {
    const seat = this.#seats.get(sessionId);
    if (seat === undefined || seat.state !== 'in') {
      this.counters.packetsUnseated += 1;
      return false;
    }
    const { inbox } = (this.#workers[seat.room.worker] as RoomWorker).end;
    if (inbox.tryWrite(DATA.packet, sessionId, arrivalUs, bytes, offset, length)) return true;
    this.counters.inboxFull += 1;
    return false;
  }

  /** The next answer into the caller's buffer; false when there is none. */
  poll(out: RoomOutput): boolean {
    if (this.#outputs.length === 0) for (const worker of this.#workers) this.#readAnswers(worker);
    return this.#outputs.take(out);
  }

  /**
   * Sends what rooms have made: of each client only the newest packet of those that wait, because an older snapshot is
   * worth nothing beside a newer one. `bytes` belong to the receiver (a socket may keep them). Poll before draining, so
   * that a client hears of its place before its first packet.
   */
  drain(send: (sessionId: number, bytes: Uint8Array) => void): void {
    for (const worker of this.#workers) this.#drainOutbox(worker.end.outbox, send);
  }

  /** `fn` is called once when workers have written while this thread slept; it polls and drains to the end. */
  onWake(fn: () => void): void {
    this.#onWake = fn;
  }

  rooms(): RoomFacts[] {
    const nowUs = this.#options.clock.nowUs();
    return [...(this.#placement?.rooms() ?? [])].map((room) => {
      const timing = (this.#workers[room.worker] as RoomWorker).timing;
      return {
        id: room.id, worker: room.worker, row: room.row, people: room.people, open: room.open,
        bots: timing.row(room.row, ROW.bots), playersMax: this.#options.playersMax || this.facts.playersMax,
        entities: timing.row(room.row, ROW.entities), tick: timing.row(room.row, ROW.tick),
        ageMs: (nowUs - room.openedUs) / 1000,
      };
    });
  }

  /** The workers: state, restarts, `timing` (counters and histograms), and the counters of their rings in `end`. */
  workers(): readonly RoomWorker[] {
    return this.#workers;
  }

  /** Tells all players something, over the reliable channel. `text` is cut to what fits. False: too many wait; counted. */
  notice(code: ErrorCode, text: string, inMs: number): boolean {
    let cut = text;
    let bytes = noticeMessage(code, cut, inMs);
    while (bytes.length > NOTICE_BYTES_MAX) {
      cut = cut.slice(0, Math.floor(cut.length * 0.8));
      bytes = noticeMessage(code, cut, inMs);
    }
    const { orders: reserved } = controlBytes({ sessionsMax: this.#sessionsMax, roomsMax: this.#options.roomsMax });
    let all = true;
    for (const worker of this.#workers) {
      const ring = worker.end.orders;
      if (worker.state === 'stopped') continue;
      if (ring.free() - 2 * NOTICE_BYTES_MAX < reserved || !ring.tryWrite(ORDER.notice, 0, 0, bytes, 0, bytes.length)) {
        this.counters.noticesRefused += 1;
        all = false;
      }
      worker.bell.ring();
    }
    return all;
  }

  /** Takes nobody in any more, tells those inside, waits until they have gone or `graceMs` are over, closes all rooms. */
  async stop(graceMs: number): Promise<void> {
    if (this.#draining) return;
    this.#draining = true;
    if (graceMs > 0) this.notice(ERROR.E_SHUTDOWN, errorText(ERROR.E_SHUTDOWN), graceMs);
    const endMs = performance.now() + graceMs;
    while (this.#seats.size > 0 && performance.now() < endMs) {
      await new Promise((resolve) => setTimeout(resolve, Math.min(DRAIN_POLL_MS, graceMs)));
      for (const worker of this.#workers) this.#readAnswers(worker);
    }
    for (const worker of this.#workers) {
      if (worker.state === 'starting' || worker.state === 'ready') this.#order(worker.index, { kind: ORDER.stop, id: 0, arg: ERROR.E_SHUTDOWN, bytes: 0 });
    }
    await Promise.all(this.#workers.map((worker) => worker.stop(STOP_MS_MAX)));
    for (const worker of this.#workers) {
      this.#readAnswers(worker);
      this.#endSeats(worker, ERROR.E_SHUTDOWN);
    }
    this.#stopped = true;
    this.#bell.ring();
    this.#onWake();
  }

  /** A room with a place kept for the request, or why not. */
  #place(request: JoinRequest): HostedRoom | ErrorCode {
    const placement = this.#placement;
    if (placement === undefined || ioThreadOf(request.sessionId) !== this.#ioThread) {
      throw new Error(`Cannot join session ${request.sessionId}: not started, or a session of another I/O thread`);
    }
    if (this.#draining) return ERROR.E_SHUTDOWN;
    if (request.schemaHash !== this.facts.schemaHash) return ERROR.E_SCHEMA_MISMATCH;
    if (this.#seats.size >= this.#sessionsMax) return ERROR.E_SESSIONS_LIMIT;
    const decision = placement.decide(request.choice);
    if ('code' in decision) return decision.code;
    if ('room' in decision) return decision.room;
    const options = 'create' in request.choice ? request.choice.create : '';
    if (Buffer.byteLength(options) > ROOM_OPTIONS_BYTES_MAX) return ERROR.E_ROOM_OPTIONS;
    return this.#open(decision.open, options) ?? ERROR.E_ROOM_FAULT;
  }

  /** Opens a room; undefined when no worker runs. `open`: players who ask for any room come here. */
  #open(open: boolean, options: string): HostedRoom | undefined {
    const placement = this.#placement;
    const states = this.#workers.map((worker) => worker.state);
    if (placement === undefined) return undefined;
    let index = placement.worker((worker) => states[worker] === 'ready');
    if (index < 0) index = placement.worker((worker) => states[worker] === 'starting');
    if (index < 0) return undefined;
    const peopled = [...placement.rooms()].some((room) => room.bots > 0 && !room.closing);
    const bots = open && !peopled ? this.#options.bots : 0;
    const room = placement.add({ id: newRoomId(), worker: index, open, bots, openedUs: this.#options.clock.nowUs() });
    const view = this.#scratchView;
    randomBytes(8).copy(this.#scratch, OPEN.seedLow);
    view.setUint32(OPEN.epoch, 1, true);
    view.setUint32(OPEN.bots, bots, true);
    const id = Buffer.from(room.id);
    const json = Buffer.from(options);
    view.setUint32(OPEN.roomIdBytes, id.length, true);
    view.setUint32(OPEN.optionsBytes, json.length, true);
    this.#scratch.set(id, OPEN.tail);
    this.#scratch.set(json, OPEN.tail + id.length);
    this.#order(index, { kind: ORDER.open, id: room.row, arg: 0, bytes: OPEN.tail + id.length + json.length });
    return room;
  }

  /** Opens rooms until `roomsWarm` stand empty. */
  #keepWarm(): void {
    const placement = this.#placement;
    if (placement === undefined || this.#draining) return;
    for (let missing = this.#options.roomsWarm - placement.idle(); missing > 0; missing -= 1) {
      if (placement.count >= this.#options.roomsMax || this.#open(true, '') === undefined) return;
    }
  }

  /** Writes an order from the scratch buffer. The ring is sized so that it fits; if it does not, a count here is wrong. */
  #order(worker: number, order: { kind: number; id: number; arg: number; bytes: number }): void {
    const { end, bell } = this.#workers[worker] as RoomWorker;
    if (!end.orders.tryWrite(order.kind, order.id, order.arg, this.#scratch, 0, order.bytes)) {
      throw new Error(`Cannot order ${order.kind} from worker ${worker}: its control ring is full`);
    }
    bell.ring();
  }

  #readAnswers(worker: RoomWorker): void {
    const ring = worker.end.answers;
    while (ring.next()) this.#answer(worker, ring);
    ring.release();
  }

  #answer(worker: RoomWorker, ring: Ring): void {
    const room = this.#placement?.byRow(worker.index, ring.id);
    switch (ring.kind) {
      case ANSWER.joined:
        this.#joined(ring);
        break;
      case ANSWER.refused:
      case ANSWER.left:
        this.#gone(ring.id, ring.arg as ErrorCode, textOf(ring));
        break;
      case ANSWER.closed:
        if (room === undefined) break;
        this.#placement?.remove(room);
        this.#keepWarm();
        break;
      case ANSWER.idle:
        if (room !== undefined) this.#closeIdle(room);
        break;
      default:
    }
  }

  /** Closes a room that stood empty, unless somebody is on the way or it is one of those kept warm. */
  #closeIdle(room: HostedRoom): void {
    const placement = this.#placement;
    if (placement === undefined || room.people > 0 || room.closing) return;
    if (room.open && placement.idle() <= this.#options.roomsWarm) return;
    room.closing = true;
    this.#order(room.worker, { kind: ORDER.close, id: room.row, arg: ERROR.E_ROOM_CLOSED, bytes: 0 });
  }

  #joined(ring: Ring): void {
    const seat = this.#seats.get(ring.id);
    if (seat === undefined || seat.state !== 'joining') return;
    seat.state = 'in';
    const word = (offset: number): number => (ring.words[(ring.offset + offset) >> 2] as number) >>> 0;
    this.#outputs.push({ kind: 'joined', sessionId: ring.id, roomId: seat.room.id, playerId: word(JOINED.playerId),
      handle: word(JOINED.handle), tick: word(JOINED.tick), epoch: word(JOINED.epoch), wallsHash: word(JOINED.wallsHash) });
  }

  /** The last answer to a seat: frees it, and tells its session unless that has left. */
  #gone(sessionId: number, code: ErrorCode, text: string): void {
    const seat = this.#seats.get(sessionId);
    if (seat === undefined) return;
    this.#seats.delete(sessionId);
    seat.room.people -= 1;
    if (seat.state === 'joining') this.#refuse(sessionId, code, seat.room.id, text);
    if (seat.state !== 'in') return;
    this.counters.closed += 1;
    this.#outputs.push({ kind: 'closed', sessionId, code, text: text || errorText(code), roomId: seat.room.id });
  }

  #refuse(sessionId: number, code: ErrorCode, roomId: string, text = ''): void {
    this.counters.refused += 1;
    this.#outputs.push({ kind: 'refused', sessionId, code, text: text || errorText(code), roomId });
    this.#bell.ring();
  }

  #drainOutbox(ring: Ring, send: (sessionId: number, bytes: Uint8Array) => void): void {
    let waiting = 0;
    while (ring.next()) {
      waiting += 1;
      const seat = this.#seats.get(ring.id);
      if (seat !== undefined) seat.newest = ring.position;
    }
    if (waiting === 0) return;
    ring.rewind();
    for (let i = 0; i < waiting && ring.next(); i += 1) {
      const seat = this.#seats.get(ring.id);
      if (seat === undefined || seat.state !== 'in') {
        this.counters.packetsGone += 1;
      } else if (seat.newest !== ring.position) {
        this.counters.replaced += 1;
      } else {
        const bytes = Buffer.allocUnsafe(ring.length);
        bytes.set(ring.bytes.subarray(ring.offset, ring.offset + ring.length));
        send(ring.id, bytes);
      }
    }
    ring.release();
  }

  /** Sleeps until a worker rings, calls the caller, again and again. */
  async #listen(): Promise<void> {
    while (!this.#stopped) {
      this.#bell.sleeping();
      if (this.#somethingWaits()) {
        this.#bell.awake();
        await new Promise((resolve) => setImmediate(resolve));
      } else {
        await this.#bell.waitAsync();
        this.counters.wakes += 1;
      }
      try {
        this.#onWake();
      } catch (error) {
        this.#options.log.error({ error: String(error) }, 'the pump failed on a wake');
      }
    }
  }

  #somethingWaits(): boolean {
    if (this.#outputs.length > 0) return true;
    return this.#workers.some(({ end }) => end.answers.waiting() || end.outbox.waiting());
  }

  /** A worker died: what it had answered still counts; then its seats are answered here, and it is started again. */
  #crashed(worker: RoomWorker): void {
    this.#options.log.error({ worker: worker.index, seats: this.#seats.size }, 'a room worker ended; its rooms are lost');
    this.#readAnswers(worker);
    this.#endSeats(worker, ERROR.E_ROOM_FAULT);
    if (!this.#draining) {
      worker.restart((dead) => this.#crashed(dead));
      this.#keepWarm();
    }
    this.#bell.ring();
  }

  #endSeats(worker: RoomWorker, code: ErrorCode): void {
    for (const seat of [...this.#seats.values()]) if (seat.room.worker === worker.index) this.#gone(seat.sessionId, code, '');
    for (const room of [...(this.#placement?.rooms() ?? [])]) if (room.worker === worker.index) this.#placement?.remove(room);
  }
}

async function loadCore(given: WebAssembly.Module | Uint8Array | string | undefined): Promise<WebAssembly.Module> {
  const core = given ?? fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../../core-wasm/fray_core.wasm' : './fray_core.wasm', import.meta.url));
  try {
    return await compileCore((typeof core === 'string' ? await readFile(core) : core) as BufferSource | WebAssembly.Module);
  } catch (cause) {
    throw new FrayError('E_CORE', `Cannot load the core: ${String(cause)}`, { cause });
  }
}

/** A name as UTF-8 of at most NAME_BYTES_MAX bytes, cut between characters. */
function fitName(name: string): Uint8Array {
  const bytes = Buffer.from(name);
  if (bytes.length <= NAME_BYTES_MAX) return bytes;
  let end = NAME_BYTES_MAX;
  while (end > 0 && ((bytes[end] as number) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end);
}

function noticeMessage(code: ErrorCode, text: string, inMs: number): Uint8Array {
  const body = toBinary(ControlMessageSchema, create(ControlMessageSchema, { body: { case: 'notice', value: { code, text, inMs } } }));
  return Uint8Array.of(MESSAGE.control, ...body);
}

function textOf(ring: Ring): string {
  return ring.length === 0 ? '' : Buffer.from(ring.bytes.slice(ring.offset, ring.offset + ring.length)).toString();
}

/** What a session id can number per I/O thread: 14 bits of slot. */
const SESSIONS_MAX = 16_384;
/** Flag of the record Join: the client wants state hashes. */
const FLAG_VERIFY = 2;
const DRAIN_POLL_MS = 20;
/** ms. A worker that has not ended by then hangs in a hook; it is ended. */
const STOP_MS_MAX = 1000;
