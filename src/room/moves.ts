/**
 * Rooms on their way from one worker to another:
 *
 *     give ─▶ (the end of a tick) ─ given ─▶ its shadow copy and what is wished of its seats go to the other worker ─ taken ─▶ there
 *
 * From `give` on nothing is ordered for its seats: what is wished of them stands in the seats, and goes along. What is wished between
 * `given` and `taken` is ordered when it is there. Where either worker dies meanwhile, the room is taken over as after every death
 * (`takeover.ts`). A packet that reaches a worker without the room counts as `packetsUnseated`: it was not accepted, and the next
 * one repeats its commands and messages, so nothing is buffered on the way of packets for the sake of some milliseconds.
 */
import { ERROR } from '../../protocol/gen/tables.ts';
import { ROW } from '../../workers/timing.ts';
import type { Clock } from '../clock.ts';
import type { BalanceOptions } from './balance.ts';
import { Balance } from './balance.ts';
import type { Seat } from './drain.ts';
import type { OrderDesk } from './orders.ts';
import type { HostedRoom, Placement } from './placement.ts';
import { EMPTY_ROOM_LOAD } from './placement.ts';
import { transferOf } from './takeover.ts';
import type { Log, RoomWorker } from './workers.ts';

/** A room's way. Of its orders, those that are held are written when it ends. */
export interface Move {
  readonly from: number;
  readonly startedMs: number;
  /** -1 before `given`. */
  givenMs: number;
  /** When its next tick was due where it was, us of the common clock, and the last one there. */
  dueUs: number;
  tick: number;
  /** Sessions that something is wished of since `given`; true: their join. */
  readonly held: Map<number, boolean>;
  readonly notices: Uint8Array[];
}

/** What came of one. */
export interface MoveReport {
  readonly room: string;
  readonly from: number;
  readonly to: number;
  /** From its last tick there until it stood here. */
  readonly ms: number;
  /** By so much its next tick is later than it was due there; less than 0: earlier. */
  readonly shiftMs: number;
  /** Its last tick there. No tick is left out. */
  readonly tick: number;
}

export interface MovesOptions {
  readonly ioThread: number;
  readonly placement: Placement;
  readonly workers: readonly RoomWorker[];
  readonly orders: OrderDesk;
  readonly seats: ReadonlyMap<number, Seat>;
  readonly clock: Clock;
  readonly log: Log;
  /** A room goes where one worker is busy by so much more of its time than another, percent; 0: only where it is sent. */
  readonly balancePercent: number;
  /** See DirectoryOptions. */
  readonly onMoved?: (sessions: readonly number[], worker: number) => void;
  /** A session that left before its join was ordered. */
  readonly gone: (session: number) => void;
}

export class Moves {
  /** The newest, oldest first. */
  readonly reports: MoveReport[] = [];
  count = 0;
  readonly #options: MovesOptions;
  readonly #balance: Balance;

  constructor(options: MovesOptions) {
    const { placement, workers, balancePercent, clock } = options;
    this.#options = options;
    this.#balance = new Balance({
      margin: balancePercent / 100,
      workers: () => workers.map((worker) => this.#loadOf(worker)),
      move: (id, to) => {
        const room = placement.byId(id);
        if (room !== undefined) this.begin(room, to);
      },
      nowUs: clock.nowUs,
    });
    this.#balance.start();
  }

  /** None goes by itself any more. */
  stop(): void {
    this.#balance.stop();
  }

  /** Whether a room is on its way. */
  get under(): boolean {
    for (const room of this.#options.placement.rooms()) if (room.move !== undefined) return true;
    return false;
  }

  /** Sends a room to worker `to`. Says why it cannot go, or '' where it goes. */
  begin(room: HostedRoom, to: number): string {
    const { workers, placement, orders } = this.#options;
    const [source, target] = [workers[room.worker], workers[to]];
    if (room.move !== undefined || room.closing) return 'it moves already, or closes';
    if (source === target) return 'it is there';
    if (source?.state !== 'ready' || target?.state !== 'ready') return 'no such worker runs';
    if (target.full) return 'that worker lets nobody in';
    if (source.shadowOf(room) === undefined) return 'nobody has played in it';
    placement.reserve(room, to);
    const way = { from: room.worker, startedMs: performance.now(), givenMs: -1, dueUs: 0, tick: 0 };
    room.move = { ...way, held: new Map(), notices: [] };
    orders.give(source, room);
    return '';
  }

  /** Its worker has given it after `tick`. `due`: low 32 bits of when its next one was due. */
  given(room: HostedRoom, due: number, tick: number): void {
    const { move } = room;
    const { workers, placement, clock, ioThread, seats } = this.#options;
    if (move === undefined) return;
    const source = workers[room.worker] as RoomWorker;
    const shadow = source.shadowOf(room);
    const nowUs = Math.round(clock.nowUs());
    move.givenMs = performance.now();
    move.dueUs = nowUs + ((due - nowUs) | 0);
    move.tick = tick;
    source.forget(room.row);
    placement.settle(room, this.#usable(room));
    const target = workers[room.worker] as RoomWorker;
    const mine = [...seats.values()].filter((seat) => seat.room === room);
    this.#options.onMoved?.(
      mine.map(({ sessionId }) => sessionId),
      room.worker,
    );
    target.take(transferOf(room, { shadow, ioThread, seats: mine }));
  }

  /** It stands where it was to go: what was wished meanwhile is ordered. */
  taken(room: HostedRoom, shiftUs: number): void {
    const { move } = room;
    const { workers, log } = this.#options;
    if (move === undefined) return;
    room.move = undefined;
    const worker = workers[room.worker] as RoomWorker;
    for (const [session, isJoin] of move.held) this.#order(worker, session, isJoin);
    this.#repeat(worker, room, move.notices);
    const ms = Math.round((performance.now() - move.givenMs) * 100) / 100;
    const shiftMs = Math.round(shiftUs / 10) / 100;
    const { from, tick } = move;
    this.reports.push({ room: room.id, from, to: room.worker, ms, shiftMs, tick });
    this.count += 1;
    if (this.reports.length > REPORTS_MAX) this.reports.shift();
    log.info({ room: room.id, from, to: room.worker, ms, shiftMs }, 'room moved');
  }

  /** Something is wished of a seat. True: it is held, or goes along. */
  holds({ room, sessionId }: Seat, isJoin = false): boolean {
    const { move } = room;
    if (move === undefined) return false;
    if (move.givenMs >= 0) move.held.set(sessionId, isJoin || move.held.get(sessionId) === true);
    return true;
  }

  /** Told to everybody; rooms on their way hear it when they are there. */
  notice(message: Uint8Array): void {
    for (const { move } of this.#options.placement.rooms()) move?.notices.push(message.slice());
  }

  /** A worker has died and its rooms are taken over, with all that is wished of their seats. */
  crashed(worker: RoomWorker): void {
    const { placement } = this.#options;
    for (const room of placement.rooms()) {
      const { move } = room;
      if (move === undefined || room.worker !== worker.index) continue;
      move.held.clear();
      if (move.givenMs >= 0) continue;
      placement.settle(room, room.worker);
      room.move = undefined;
    }
  }

  /** Rooms that somebody plays in, with what they weigh. */
  #loadOf({ index, timing }: RoomWorker): ReturnType<BalanceOptions['workers']>[number] {
    const rooms = [...this.#options.placement.rooms()]
      .filter((room) => room.worker === index)
      .map(({ id, row, people }) => ({
        id,
        weight: people + timing.row(row, ROW.bots) + EMPTY_ROOM_LOAD,
      }));
    return { index, busyUs: timing.counter('busyUs'), rooms };
  }

  /** Where it was to go, unless that worker is given up: then where it was, or where it can. */
  #usable(room: HostedRoom): number {
    const { workers, placement } = this.#options;
    const runs = (index: number): boolean =>
      workers[index]?.state === 'ready' || workers[index]?.state === 'starting';
    const wished = placement.reservedFor(room);
    return runs(wished) ? wished : room.worker;
  }

  #order(worker: RoomWorker, session: number, isJoin: boolean): void {
    const { seats, orders, gone } = this.#options;
    const seat = seats.get(session);
    if (seat === undefined) return;
    if (isJoin) {
      if (seat.state === 'leaving') gone(session);
      else orders.join(worker, seat.room, { sessionId: session, ...seat.request });
    } else if (seat.state === 'leaving') orders.leave(worker, session, ERROR.E_LEFT);
    else if (seat.presence === 'away') orders.drop(worker, session);
    else if (seat.presence === 'resuming') orders.resume(worker, session, seat.resumption);
  }

  #repeat(worker: RoomWorker, room: HostedRoom, notices: readonly Uint8Array[]): void {
    const { seats, orders } = this.#options;
    for (const message of notices)
      for (const seat of seats.values())
        if (seat.room === room && seat.state === 'in') orders.tell(worker, seat.sessionId, message);
  }
}

const REPORTS_MAX = 256;
