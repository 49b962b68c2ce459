/** `fray debug move-room`: sends a room of a running server from worker to worker, again and again, and tells how each went. */
import { FrayError } from '../errors.ts';
import { MOVE_PATH, MOVES_PATH } from '../http/debug.ts';
import type { MoveReport } from '../room/moves.ts';
import { textOf } from './command.ts';
import type { Action } from './debug.ts';
import { quantileOf, sumOf } from './figures.ts';

interface State {
  readonly workers: readonly { readonly state: string; readonly ticksSkipped: number }[];
  readonly rooms: readonly Room[];
  readonly count: number;
  readonly moves: readonly MoveReport[];
}

interface Room {
  readonly id: string;
  readonly worker: number;
  readonly people: number;
  readonly bots: number;
}

export const moveRoom: Action = async (values, { admin, times, progress }) => {
  const wished = textOf(values, 'room');
  const to = textOf(values, 'to');
  const before = (await admin.ask('GET', MOVES_PATH)) as State;
  const id = roomOf(before, wished).id;
  const moves: MoveReport[] = [];
  for (let k = 0; k < times; k += 1) {
    const now = (await admin.ask('GET', MOVES_PATH)) as State;
    const { worker } = roomOf(now, id);
    const target = to === '' ? (worker + 1) % now.workers.length : Number(to);
    await admin.ask('POST', `${MOVE_PATH}?room=${encodeURIComponent(id)}&to=${target}`);
    const isThere = (state: State): boolean =>
      state.count > now.count && roomOf(state, id).worker === target;
    const after = await admin.until<State>(MOVES_PATH, 'it is on its way', isThere);
    const report = after.moves.findLast(({ room }) => room === id);
    if (report !== undefined) moves.push(report);
    progress(k + 1);
  }
  const after = (await admin.ask('GET', MOVES_PATH)) as State;
  const skipped = (state: State): number => sumOf(state.workers.map((one) => one.ticksSkipped));
  const summary = {
    room: id,
    moves: moves.length,
    ticksSkipped: skipped(after) - skipped(before),
    msMedian: quantileOf(
      moves.map(({ ms }) => ms),
      0.5,
    ),
    msP99: quantileOf(
      moves.map(({ ms }) => ms),
      0.99,
    ),
    msMost: quantileOf(
      moves.map(({ ms }) => ms),
      1,
    ),
    shiftMsMost: quantileOf(
      moves.map(({ shiftMs }) => shiftMs),
      1,
    ),
  };
  return { summary, details: { reports: moves }, isWell: moves.length === times };
};

/** The one that is named, or the one with most people in it. */
function roomOf({ rooms }: State, wished: string): Room {
  const [fullest] = [...rooms].sort(
    (one, other) => other.people - one.people || other.bots - one.bots,
  );
  const room = wished === '' ? fullest : rooms.find(({ id }) => id === wished);
  if (room === undefined)
    throw new FrayError('E_CONFIG', `Cannot move room ${wished}: there is no such room`);
  return room;
}
