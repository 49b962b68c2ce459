/** Rounds and the point: who holds it, what that is worth, when a round ends and the next begins. */
import type { RoomOf } from 'fray/plugin';
import { HOLD_MOST, HOLD_NOBODY, OVER, type outpost, PLAYING } from './schema.ts';

type Room = RoomOf<typeof outpost>;

/** ms of a round. */
export const ROUND_MS = 300_000;
/** ms in which the result stands. */
export const PAUSE_MS = 8000;
/** A round ends early with so many points: one for each second that a team holds the point. */
export const POINTS_TO_WIN = 180;
/** Looks at the point in a second. */
const LOOKS_HZ = 10;
/** A player alone on the point takes it from nobody in 100 / so many looks, 5 s. */
const HOLD_STEP = 2;
/** More than so many count no more. */
const HOLDERS_MOST = 3;

export function beginRound(room: Room): void {
  const { state } = room;
  state.round = (state.round + 1) % 0x1_0000;
  state.phase = PLAYING;
  state.endsAt = room.tick + ticks(room, ROUND_MS);
  state.hold = HOLD_NOBODY;
  state.holder = 0;
  state.contested = false;
  state.points1 = 0;
  state.points2 = 0;
  state.winner = 0;
}

/** Call once a tick. Answers true in the tick in which a new round has begun: all are to be put to their places. */
export function turnRound(room: Room): boolean {
  const { state } = room;
  const due = room.tick >= state.endsAt;
  if (state.phase === OVER) {
    if (due) beginRound(room);
    return due;
  }
  const look = Math.round(room.tickRateHz / LOOKS_HZ);
  if (room.tick % look === 0) hold(room);
  if (room.tick % room.tickRateHz === 0) count(room);
  if (due || Math.max(state.points1, state.points2) >= POINTS_TO_WIN) endRound(room);
  return false;
}

function endRound(room: Room): void {
  const { state } = room;
  const lead = state.points1 - state.points2;
  state.phase = OVER;
  state.winner = lead > 0 ? 1 : lead < 0 ? 2 : 0;
  state.endsAt = room.tick + ticks(room, PAUSE_MS);
}

/** Moves the hold towards the team that is there alone. */
function hold(room: Room): void {
  const { state } = room;
  let [ones, twos] = [0, 0];
  for (const p of room.players) {
    if (!p.onPoint) continue;
    if (p.team === 1) ones += 1;
    else twos += 1;
  }
  state.contested = ones > 0 && twos > 0;
  if (state.contested || ones + twos === 0) return;
  const step = HOLD_STEP * Math.min(HOLDERS_MOST, ones + twos);
  const before = state.hold;
  const after = ones > 0 ? Math.max(0, before - step) : Math.min(HOLD_MOST, before + step);
  state.hold = after;
  // Who is driven out of the middle holds it no more; who reaches the end holds it.
  if (state.holder === 1 && after >= HOLD_NOBODY) state.holder = 0;
  if (state.holder === 2 && after <= HOLD_NOBODY) state.holder = 0;
  const taker = after === 0 ? 1 : after === HOLD_MOST ? 2 : 0;
  if (taker === 0 || taker === state.holder) return;
  state.holder = taker;
  room.broadcast('taken', { team: taker });
}

/** Once a second. */
function count(room: Room): void {
  const { state } = room;
  if (state.holder === 1) state.points1 += 1;
  if (state.holder === 2) state.points2 += 1;
  for (const p of room.players) if (p.onPoint) p.held = Math.min(0xffff, p.held + 1);
}

function ticks(room: Room, ms: number): number {
  return Math.round((ms * room.tickRateHz) / 1000);
}
