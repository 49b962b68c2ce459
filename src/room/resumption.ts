/** Rooms and seats of a killed server, put back on the workers of this one before they begin. */
import type { Clock } from '../clock.ts';
import type { Seat } from './drain.ts';
import type { LeftBehind } from './left-behind.ts';
import type { DirectoryOptions } from './options.ts';
import type { HostedRoom, PlacementLimits } from './placement.ts';
import { Placement } from './placement.ts';

/** Where rooms are entered before it is known how many players one has. */
export function placementOf(
  { roomsMax, workers, playersMax }: Pick<DirectoryOptions, 'roomsMax' | 'workers' | 'playersMax'>,
  of: Pick<PlacementLimits, 'full' | 'changed'> & { readonly playersMax: () => number },
): Placement {
  const { full, changed } = of;
  const limits = {
    roomsMax,
    workers,
    get playersMax() {
      return playersMax || of.playersMax();
    },
    ...(full !== undefined && { full }),
    ...(changed !== undefined && { changed }),
  };
  return new Placement(limits);
}

/** What a client knows of its room. */
export interface Known {
  /** Messages that it has read. */
  readonly messagesRead: number;
  /** Of its newest snapshot. */
  readonly tick: number;
}

/** Ticks that one more client had heard of, and that are not there any more since its room has gone on from its journal. */
export function lostTo(room: HostedRoom, tick: number): number {
  const before = room.ticksLost ?? 0;
  const lost = room.keptTick === undefined ? 0 : Math.max(before, tick - room.keptTick);
  room.ticksLost = lost;
  return Math.max(0, lost - before);
}

/** Each room on the worker with the least to do; who had a place has it, and is away. */
export function putBack(
  { rooms, seats: kept }: LeftBehind,
  into: {
    readonly placement: Placement;
    readonly seats: Map<number, Seat>;
    readonly roomsMax: number;
    readonly clock: Clock;
  },
): void {
  const { placement, seats } = into;
  const nowUs = into.clock.nowUs();
  for (const { id, open, bots, seed, epoch, optionsJson, file } of rooms) {
    if (placement.count >= into.roomsMax) return;
    const people = kept.filter(({ room }) => room === id);
    // Nobody is there who would miss it, and nobody was promised it.
    if (people.length === 0 && open) continue;
    const room = placement.add({
      id,
      worker: placement.worker(() => true),
      open,
      bots,
      opening: { seed, epoch: epoch + 1, optionsJson },
      openedUs: nowUs,
    });
    room.file = file;
    for (const { kept: who } of people) {
      seats.set(who.id, seatOf(who, room));
      room.people += 1;
    }
  }
}

function seatOf(
  { id: sessionId, name, verify, userId, userData }: LeftBehind['seats'][number]['kept'],
  room: HostedRoom,
): Seat {
  const request = { name, verify, userId, userData };
  const resumption = { fresh: false, verify };
  const away = { state: 'in', presence: 'away', again: undefined } as const;
  return { sessionId, room, request, ...away, resumption, verify, newest: -1 };
}
