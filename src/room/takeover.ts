/**
 * What a worker that died leaves to the next: its rooms with what is wished of them, as far as this side knows. Pure; the next
 * worker compares it with what the rooms' records say (`workers/reconcile.ts`).
 */
import { ERROR } from '../../protocol/gen/tables.ts';
import type { RoomTakeover, SeatTakeover } from '../../workers/boot.ts';
import { ROW } from '../../workers/timing.ts';
import type { Seat } from './drain.ts';
import { FLAG_VERIFY, fitName, identityBytes, resumeFlags } from './orders.ts';
import type { HostedRoom } from './placement.ts';
import type { RoomWorker } from './workers.ts';

export interface Estate {
  readonly worker: RoomWorker;
  readonly ioThread: number;
  readonly rooms: Iterable<HostedRoom>;
  readonly seats: Iterable<Seat>;
  readonly nowMs: number;
  /** What it takes until a worker that hangs is ended: counts for nothing between two deaths. */
  readonly watchdogMs: number;
}

/** Rooms with most people first, the one that its worker died in last, so that it keeps nobody else waiting. */
export function takeovers(estate: Estate): RoomTakeover[] {
  const { worker, ioThread } = estate;
  const mine = [...estate.rooms].filter((room) => room.worker === worker.index);
  const { row, tick, makes } = worker.pulse;
  const suspect = worker.wasTried ? undefined : mine.find((room) => room.row === row);
  if (suspect !== undefined) accuse(suspect, makes ? -1 : tick, estate);
  const seats = new Map<HostedRoom, SeatTakeover[]>(mine.map((room) => [room, []]));
  for (const seat of estate.seats) seats.get(seat.room)?.push(seatOf(seat));
  return mine
    .sort(
      (one, other) =>
        Number(one === suspect) - Number(other === suspect) || other.people - one.people,
    )
    .map((room) => {
      const deaths = room !== suspect ? 0 : makes ? DEATHS_MAX : room.deaths;
      const isBare = room === suspect && room.tickDeaths > 1;
      const { id, bots, opening } = room;
      return {
        order: { row: room.row, owner: ioThread, id, bots, ...opening },
        shadow: worker.shadowOf(room),
        ...stateOf(room, worker),
        ...(room.file !== undefined && { file: room.file }),
        bareTick: isBare ? room.diedTick : -1,
        code: deaths >= DEATHS_MAX ? ERROR.E_ROOM_FAULT : 0,
        seats: seats.get(room) ?? [],
      };
    });
}

/** What its next worker needs of a room that has been given. */
export function transferOf(
  room: HostedRoom,
  of: {
    readonly shadow: SharedArrayBuffer | undefined;
    readonly ioThread: number;
    readonly seats: readonly Seat[];
  },
): RoomTakeover {
  const { id, row, bots, opening, move } = room;
  return {
    order: { row, owner: of.ioThread, id, bots, ...opening },
    shadow: of.shadow,
    tick: move?.tick ?? 0,
    bareTick: -1,
    code: 0,
    dueUs: move?.dueUs ?? 0,
    seats: of.seats.map(seatOf),
  };
}

/** How far it is. One that had been given to the worker that died, and was not taken, stands as it was given. */
function stateOf(
  { row, move }: HostedRoom,
  { timing }: RoomWorker,
): Pick<RoomTakeover, 'tick' | 'dueUs'> {
  if (move !== undefined && move.givenMs >= 0) return { tick: move.tick, dueUs: move.dueUs };
  return { tick: timing.row(row, ROW.tick), dueUs: null };
}

/** One more worker died in `tick` of the room; -1: while it was made. */
function accuse(room: HostedRoom, tick: number, { nowMs, watchdogMs }: Estate): void {
  const isCalm = nowMs - room.diedMs >= CALM_MS + watchdogMs;
  room.deaths = isCalm ? 1 : room.deaths + 1;
  room.tickDeaths = !isCalm && tick >= 0 && tick === room.diedTick ? room.tickDeaths + 1 : 1;
  room.diedTick = tick;
  room.diedMs = nowMs;
}

function seatOf({ sessionId, state, presence, verify, resumption, request }: Seat): SeatTakeover {
  return {
    session: sessionId,
    state,
    presence,
    resume: resumeFlags({ ...resumption, verify }),
    flags: request.verify ? FLAG_VERIFY : 0,
    name: fitName(request.name),
    identity: identityBytes(request),
  };
}

/** Workers that may die in ticks of one room, each soon after the one before, until it is closed. Of one while it is made: one. */
const DEATHS_MAX = 3;
/** ms. A room that ticked for so long without another is not to blame for the one before. */
const CALM_MS = 10_000;
