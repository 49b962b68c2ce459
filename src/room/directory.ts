/**
 * The directory: which rooms there are, which worker runs each, and who sits where. It stands on an I/O thread and talks
 * to workers through mailboxes only. Joins and leaves are orders in a ring that cannot fill; each is answered once, and
 * from order to last answer the session holds a *seat* here, which is what makes the life cycle exact:
 *
 *     join ─▶ joining ──joined──▶ in ──left──▶ gone (closed)
 *                │ refused ─▶ gone (refused)
 *                └─ leave ─▶ leaving ──refused / left──▶ gone (silent)     in ─ leave ─▶ leaving
 *
 * A session that leaves while it joins therefore leaves the room it may just have come into, and nobody hears of it. Where a
 * worker dies another goes on with its rooms and gives the answers that are missing (crew.ts); where none can, seats are answered here. While it is in, a session may drop and resume
 * again and again; each resume is answered by `resumed`, unless the seat's last answer comes instead.
 */
import { ERROR, errorText } from '../../protocol/gen/tables.ts';
import type { ErrorCode } from '../errors.ts';
import { Bell, createBell } from '../mailbox/bell.ts';
import { ANSWER, DATA, ioThreadOf, RESUME } from '../mailbox/messages.ts';
import type { Ring } from '../mailbox/ring.ts';
import { loadCore } from './core.ts';
import type { CrewOwner } from './crew.ts';
import { Crew } from './crew.ts';
import type { Seat } from './drain.ts';
import { drainOutbox } from './drain.ts';
import { Ear } from './ear.ts';
import { JournalThread, type KeptFigures } from './journal.ts';
import type { SeatKept } from './left-behind.ts';
import { Moves } from './moves.ts';
import { RoomOpener } from './opener.ts';
import type { DirectoryOptions, JoinRequest } from './options.ts';
import * as by from './options.ts';
import type { Resumption } from './orders.ts';
import { noticeMessage, OrderDesk } from './orders.ts';
import type { GameFacts, RoomFacts, RoomOutput } from './outputs.ts';
import { OutputQueue, placeIn, roomFacts, textIn } from './outputs.ts';
import type { HostedRoom, Placement } from './placement.ts';
import { Refill } from './refill.ts';
import { type Known, lostTo, placementOf, putBack } from './resumption.ts';
import type { NativeLinks, RoomWorker } from './workers.ts';
import { gameUrl } from './workers.ts';

export type { DirectoryCounters, DirectoryOptions, JoinRequest } from './options.ts';

export class RoomDirectory {
  readonly counters = by.directoryCounters();
  readonly #options: DirectoryOptions;
  readonly #ioThread: number;
  readonly #sessionsMax: number;
  readonly #bellMemory = createBell();
  readonly #bell = new Bell(this.#bellMemory);
  readonly #seats = new Map<number, Seat>();
  readonly #outputs = new OutputQueue();
  readonly #orders: OrderDesk;
  readonly #refill = new Refill(() => this.#keepWarm());
  #crew: Crew | undefined;
  #workers: readonly RoomWorker[] = [];
  #journal: JournalThread | undefined;
  #placement: Placement | undefined;
  #opener: RoomOpener | undefined;
  #moves: Moves | undefined;
  #facts: GameFacts | undefined;
  #onWake: () => void = () => {};
  #draining = false;
  #ear: Ear | undefined;

  constructor(options: DirectoryOptions) {
    this.#options = options;
    this.#ioThread = options.ioThread ?? 0;
    this.#sessionsMax = options.sessionsMax ?? by.SESSIONS_MAX;
    this.#orders = new OrderDesk({ sessionsMax: this.#sessionsMax, roomsMax: options.roomsMax });
  }

  /** What is true for every room; known once `start` has resolved. */
  get facts(): GameFacts {
    if (this.#facts === undefined)
      throw new Error('Cannot tell the facts of the game: the directory is not started');
    return this.#facts;
  }

  /** What the writer of journals has done; null where none are kept. */
  get journal(): Readonly<KeptFigures> | null {
    return this.#journal?.figures ?? null;
  }

  /** Sessions of a killed server whose rooms go on here; who is not taken over has to `leave`. */
  get left(): readonly SeatKept[] {
    return this.#journal?.leftIn(this.#seats) ?? [];
  }

  /** What its owner needs of a session to go on with it after the death of this process. */
  keep(kept: SeatKept): void {
    const seat = this.#seats.get(kept.id);
    if (seat?.state === 'in') this.#journal?.seat(kept.id, { kept, room: seat.room.id });
  }

  /** Every worker is so busy that nobody is let in. */
  get full(): boolean {
    return this.#placement?.full === true;
  }

  /** Seats held: sessions joining, in, or leaving. */
  get seats(): number {
    return this.#seats.size;
  }

  /** Loads the game in every worker and opens the warm rooms. Rejects with the error of the game's module. */
  async start(native?: NativeLinks): Promise<void> {
    const { journal: wanted, ...own } = this.#options;
    const core = await loadCore(own.core);
    if (wanted !== undefined)
      this.#journal = await JournalThread.start(wanted, core.hash, this.#options.log);
    const placement = placementOf(this.#options, {
      playersMax: () => this.facts.playersMax,
      full: (worker) => this.#workers[worker]?.full === true,
      changed: (room, isThere) => this.#journal?.room(room, isThere),
    });
    this.#placement = placement;
    const journal = this.#journal;
    const others = Array.from({ length: this.#ioThread }, createBell);
    const options = {
      ...by.crewDefaults(own, native),
      ioThread: this.#ioThread,
      sessionsMax: this.#sessionsMax,
      game: gameUrl(this.#options.game),
      core: core.module,
      bells: [...others, this.#bellMemory, ...(native?.bells ?? [])],
      ...(journal !== undefined && { journal }),
    };
    const crew = new Crew(options, this.#asOwner());
    this.#crew = crew;
    this.#workers = crew.workers;
    const seats = this.#seats;
    if (journal !== undefined) putBack(journal.left, { placement, seats, ...own });
    this.#facts = await crew.start().catch(async (error: unknown) => {
      await this.#journal?.stop();
      throw error;
    });
    const parts = { ...this.#options, placement, workers: this.#workers, orders: this.#orders };
    this.#opener = new RoomOpener({ ...parts, facts: this.facts });
    this.#moves = new Moves({
      ...{ ...parts, ioThread: this.#ioThread, seats },
      balancePercent: this.#options.balancePercent ?? 0,
      gone: (session) => this.#gone(session, ERROR.E_LEFT, ''),
    });
    this.#keepWarm();
    this.#ear = new Ear({
      bell: this.#bell,
      counters: this.counters,
      waits: () =>
        this.#outputs.length > 0 ||
        this.#workers.some(({ end }) => end.answers.waiting() || end.outbox.waiting()),
      heard: () => this.#onWake(),
      failed: (error) =>
        this.#options.log.error({ error: String(error) }, 'the pump failed on a wake'),
    });
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
    const { verify } = request;
    const resumption = { fresh: false, verify };
    const away = { presence: 'here', again: undefined, resumption } as const;
    const seat: Seat = { sessionId, room, request, state: 'joining', verify, newest: -1, ...away };
    this.#seats.set(sessionId, seat);
    if (!this.#holds(seat, true)) this.#orders.join(this.#workerOf(room), room, request);
    this.#keepWarm();
  }

  /** The session is over. Nothing more is heard of it here. Repeats and sessions without a seat are nothing. */
  leave(sessionId: number, code: number): void {
    const seat = this.#seats.get(sessionId);
    if (seat === undefined || seat.state === 'leaving') return;
    seat.state = 'leaving';
    this.#journal?.seat(sessionId, null);
    if (this.#holds(seat)) return;
    this.#orders.leave(this.#workerOf(seat.room), sessionId, code);
  }

  /**
   * Nothing is heard of the session any more: its room keeps its place. Its game may answer `wait`. Nothing for a session
   * that is not in a room, is away already, or whose resume is not answered yet.
   */
  drop(sessionId: number): void {
    const seat = this.#seats.get(sessionId);
    if (seat?.state !== 'in' || seat.presence !== 'here') return;
    seat.presence = 'away';
    if (this.#holds(seat)) return;
    this.#orders.drop(this.#workerOf(seat.room), sessionId);
  }

  /**
   * The session is heard again, with the state its client had or (`fresh`) with none; then `verify` says whether it wants
   * state hashes, by default as it joined. Answered by `resumed`. A fresh one that comes while another resume is under way
   * follows it, and only the last is answered; any other then is answered with the one under way. `known`: a fresh one that has kept
   * what it knew.
   */
  resume(sessionId: number, fresh: boolean, verify?: boolean, known: Known | null = null): void {
    const seat = this.#seats.get(sessionId);
    if (seat?.state !== 'in') return;
    if (fresh && verify !== undefined) seat.verify = verify;
    const recent = known !== null && known.tick > (seat.room.keptTick ?? 0);
    const how = { fresh, verify: seat.verify, read: known?.messagesRead, recent };
    if (known !== null) this.counters.ticksLost += lostTo(seat.room, known.tick);
    if (seat.presence !== 'resuming') this.#resume(seat, how);
    else if (fresh) seat.again = how;
  }

  /** A control message, kind byte first, for the client of a session. False: there is no room for it now, or no seat. */
  tell(sessionId: number, message: Uint8Array): boolean {
    const seat = this.#seats.get(sessionId);
    if (seat?.state !== 'in') return false;
    const isOnItsWay = seat.room.move !== undefined;
    if (!isOnItsWay && this.#orders.tell(this.#workerOf(seat.room), sessionId, message))
      return true;
    this.counters.tellsRefused += 1;
    return false;
  }

  /** Hands a client's packet to its room. False: dropped and counted (inbox full, or no seat). Allocates nothing. */
  packet(
    sessionId: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    arrivalUs: number,
  ): boolean {
    const seat = this.#seats.get(sessionId);
    if (seat === undefined || seat.state !== 'in') {
      this.counters.packetsUnseated += 1;
      return false;
    }
    const { inbox } = this.#workerOf(seat.room).end;
    if (inbox.tryWrite(DATA.packet, sessionId, arrivalUs, bytes, offset, length)) return true;
    this.counters.inboxFull += 1;
    return false;
  }

  /** Where packets of a session go to; -1: it has no seat in a room. */
  workerOf(sessionId: number): number {
    const seat = this.#seats.get(sessionId);
    return seat?.state === 'in' ? seat.room.worker : -1;
  }

  /** The next answer into the caller's buffer; false when there is none. */
  poll(out: RoomOutput): boolean {
    if (this.#outputs.length === 0) for (const worker of this.#workers) this.#readAnswers(worker);
    return this.#outputs.take(out);
  }

  /**
   * Sends what rooms have made: of each client only the newest packet of those that wait, because an older snapshot is
   * worth nothing beside a newer one. `bytes` are valid only during the call. Poll before draining, so
   * that a client hears of its place before its first packet.
   */
  drain(send: (sessionId: number, bytes: Uint8Array) => void): void {
    for (const worker of this.#workers)
      drainOutbox(worker.end.outbox, { seats: this.#seats, counters: this.counters, send });
  }

  /** `fn` is called once when workers have written while this thread slept; it polls and drains to the end. */
  onWake(fn: () => void): void {
    this.#onWake = fn;
  }

  rooms(): RoomFacts[] {
    const { clock, playersMax } = this.#options;
    const server = { nowUs: clock.nowUs(), playersMax: playersMax || this.facts.playersMax };
    return [...(this.#placement?.rooms() ?? [])].map((room) =>
      roomFacts(room, this.#workerOf(room).timing, server),
    );
  }

  /** Who has a seat, or gets or leaves one. */
  seated(): Iterable<Seat> {
    return this.#seats.values();
  }

  /** The workers: state, restarts, `timing` (counters and histograms), and the counters of their rings in `end`. */
  workers(): readonly RoomWorker[] {
    return this.#workers;
  }

  /** Sends a room to another worker. Says why it cannot go, or '' where it goes; what came of it stands in `moves`. */
  move(roomId: string, worker: number): string {
    const room = this.#placement?.byId(roomId);
    if (room === undefined || this.#draining) return 'there is no such room';
    return this.#moves?.begin(room, worker) ?? '';
  }

  /** Rooms that have gone from one worker to another. */
  get moves(): Pick<Moves, 'reports' | 'count'> {
    return this.#moves ?? { reports: [], count: 0 };
  }

  /** Its workers, their spares, and what came of those that died. */
  get crew(): Crew | undefined {
    return this.#crew;
  }

  /** Tells all players something, over the reliable channel. `text` is cut to what fits. False: too many wait; counted. */
  notice(code: ErrorCode, text: string, inMs: number): boolean {
    const message = noticeMessage(code, text, { inMs, retryUrl: this.#options.retryUrl });
    this.#moves?.notice(message);
    const refused = this.#orders.noticeAll(this.#workers, message);
    this.counters.noticesRefused += refused;
    return refused === 0;
  }

  /** Takes nobody in any more, tells those inside, waits until they have gone or `graceMs` are over, closes all rooms. */
  async stop(graceMs: number): Promise<void> {
    if (this.#draining) return;
    this.#draining = true;
    this.#moves?.stop();
    if (graceMs > 0) this.notice(ERROR.E_SHUTDOWN, errorText(ERROR.E_SHUTDOWN), graceMs);
    const endMs = performance.now() + graceMs;
    const moveMs = performance.now() + by.MOVE_MS_MAX;
    const isBusy = (nowMs: number): boolean =>
      (this.#seats.size > 0 && nowMs < endMs) || (this.#moves?.under === true && nowMs < moveMs);
    while (isBusy(performance.now())) {
      await new Promise((resolve) => setTimeout(resolve, by.DRAIN_POLL_MS));
      for (const worker of this.#workers) this.#readAnswers(worker);
    }
    for (const worker of this.#workers) {
      if (worker.state === 'starting' || worker.state === 'ready')
        this.#orders.stop(worker, ERROR.E_SHUTDOWN);
    }
    await this.#crew?.stop(by.STOP_MS_MAX);
    await this.#journal?.stop();
    for (const worker of this.#workers) {
      this.#readAnswers(worker);
      this.#endSeats(worker, ERROR.E_SHUTDOWN);
    }
    this.#ear?.stop();
  }

  /** A room with a place kept for the request, or why not. */
  #place(request: JoinRequest): HostedRoom | ErrorCode {
    const opener = this.#opener;
    if (opener === undefined || ioThreadOf(request.sessionId) !== this.#ioThread) {
      throw new Error(
        `Cannot join session ${request.sessionId}: not started, or a session of another I/O thread`,
      );
    }
    if (this.#draining) return ERROR.E_SHUTDOWN;
    if (request.schemaHash !== this.facts.schemaHash) return ERROR.E_SCHEMA_MISMATCH;
    if (this.#seats.size >= this.#sessionsMax) return ERROR.E_SESSIONS_LIMIT;
    return opener.place(request.choice);
  }

  #keepWarm(): void {
    if (!this.#draining) this.#opener?.keepWarm();
  }

  /** True: the room of a seat is on its way, and hears later what is wished of it. */
  #holds(seat: Seat, isJoin = false): boolean {
    return this.#moves?.holds(seat, isJoin) === true;
  }

  #workerOf(room: HostedRoom): RoomWorker {
    return this.#workers[room.worker] as RoomWorker;
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
        this.#gone(ring.id, ring.arg as ErrorCode, textIn(ring));
        break;
      case ANSWER.resumed:
        this.#resumed(ring);
        break;
      case ANSWER.wait:
        if (this.#seats.get(ring.id)?.state === 'in')
          this.#outputs.push({ kind: 'wait', sessionId: ring.id, ms: ring.arg });
        break;
      case ANSWER.closed:
        if (room === undefined) break;
        this.#placement?.remove(room);
        worker.forget(room.row);
        this.#refill.after(ring.arg);
        break;
      case ANSWER.idle:
        if (room !== undefined) this.#opener?.closeIdle(room);
        break;
      case ANSWER.given:
        if (room !== undefined)
          this.#moves?.given(room, ring.arg, ring.words[ring.offset >> 2] as number);
        break;
      case ANSWER.taken:
        if (room !== undefined) this.#moves?.taken(room, ring.arg | 0);
        break;
      default:
    }
  }

  #joined(ring: Ring): void {
    const seat = this.#seats.get(ring.id);
    if (seat === undefined || seat.state !== 'joining') return;
    seat.state = 'in';
    const place = { sessionId: ring.id, roomId: seat.room.id, ...placeIn(ring) };
    this.#outputs.push({ kind: 'joined', ...place });
  }

  #resume(seat: Seat, how: Resumption): void {
    seat.presence = 'resuming';
    seat.again = undefined;
    seat.resumption = how;
    if (this.#holds(seat)) return;
    this.#orders.resume(this.#workerOf(seat.room), seat.sessionId, how);
  }

  #resumed(ring: Ring): void {
    const seat = this.#seats.get(ring.id);
    if (seat?.state !== 'in') return;
    if (seat.again !== undefined) {
      this.#resume(seat, seat.again);
      return;
    }
    seat.presence = 'here';
    const { id: roomId, keptTick = 0 } = seat.room;
    const place = { sessionId: ring.id, roomId, keptTick, ...placeIn(ring) };
    this.#outputs.push({ kind: 'resumed', ...place, fresh: (ring.arg & RESUME.fresh) !== 0 });
  }

  #gone(sessionId: number, code: ErrorCode, text: string): void {
    const seat = this.#seats.get(sessionId);
    if (seat === undefined) return;
    this.#seats.delete(sessionId);
    this.#journal?.seat(sessionId, null);
    seat.room.people -= 1;
    if (seat.state === 'joining') this.#refuse(sessionId, code, seat.room.id, text);
    if (seat.state !== 'in') return;
    this.counters.closed += 1;
    this.#outputs.push({
      kind: 'closed',
      sessionId,
      code,
      text: text || errorText(code),
      roomId: seat.room.id,
    });
  }

  #refuse(sessionId: number, code: ErrorCode, roomId: string, text = ''): void {
    this.counters.refused += 1;
    this.#outputs.push({ kind: 'refused', sessionId, code, text: text || errorText(code), roomId });
    this.#bell.ring();
  }

  #asOwner(): CrewOwner {
    const draining = (): boolean => this.#draining;
    return {
      rooms: () => this.#placement?.rooms() ?? [],
      seats: () => this.#seats.values(),
      hear: (worker) => {
        this.#readAnswers(worker);
        this.#moves?.crashed(worker);
      },
      continued: () => {
        this.counters.roomsContinued += 1;
      },
      lost: (worker) => this.#endSeats(worker, ERROR.E_ROOM_FAULT),
      replaced: (worker) => {
        for (const room of this.#placement?.rooms() ?? [])
          if (room.closing && room.worker === worker.index)
            this.#orders.close(worker, room, ERROR.E_ROOM_CLOSED);
        this.#outputs.pushUntold(worker.index, this.#seats.values());
        this.#keepWarm();
        this.#bell.ring();
      },
      get draining() {
        return draining();
      },
    };
  }

  #endSeats(worker: RoomWorker, code: ErrorCode): void {
    for (const seat of [...this.#seats.values()])
      if (seat.room.worker === worker.index) this.#gone(seat.sessionId, code, '');
    for (const room of [...(this.#placement?.rooms() ?? [])])
      if (room.worker === worker.index) this.#placement?.remove(room);
  }
}
