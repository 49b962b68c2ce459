/**
 * A room that was taken over knows who sits in it, from its records; the host knows what it has ordered, and whose answers it has read.
 * What the dead worker had taken out of its mailboxes and not yet recorded is between the two: it is ordered again here, and what
 * was recorded without being answered is answered.
 */
import { ERROR, RosterRow } from '../protocol/gen/tables.ts';
import type { SeatTakeover } from './boot.ts';
import type { ShardRoom } from './shard-room.ts';

/** `left`: codes of sessions that left and may not have been told. */
export function reconcile(
  room: ShardRoom,
  seats: readonly SeatTakeover[],
  left: ReadonlyMap<number, number>,
): void {
  const known = new Set(seats.map(({ session }) => session));
  const { sessions, core } = room;
  for (let slot = 0; slot < core.playersMax; slot += 1) {
    const session = sessions[slot] as number;
    if (core.players[slot] === 0) {
      if (session !== 0) room.evict(slot);
    } else if (session === 0 ? !isBot(room, slot) : !known.has(session))
      room.evict(slot, left.get(session) ?? ERROR.E_LEFT);
  }
  for (const seat of seats) settle(room, seat, left.get(seat.session) ?? ERROR.E_ROOM_FAULT);
}

function settle(room: ShardRoom, seat: SeatTakeover, leftWith: number): void {
  const { session, state, presence, flags, name, identity } = seat;
  const sits = room.slotOf(session) >= 0;
  if (state === 'leaving') {
    if (sits) room.leave(session, ERROR.E_LEFT);
    room.dismissed(session, ERROR.E_LEFT);
  } else if (state === 'joining') {
    if (sits) room.greet(session);
    else room.join({ session, flags, name, identity });
  } else if (!sits) room.dismissed(session, leftWith);
  else if (presence === 'away') room.drop(session);
  else if (presence === 'resuming') room.resume(session, seat.resume);
}

function isBot({ core }: ShardRoom, slot: number): boolean {
  const row = core.roster + slot * core.rosterRowBytes;
  return ((core.u8[row + RosterRow.flags] as number) & 1) === 1;
}
