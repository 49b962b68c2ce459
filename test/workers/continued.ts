/** What a worker is told of a room that a killed process has left. */
import type { RoomTakeover } from '../../workers/boot.ts';

/** Of `room0`, made with seed 7, in row 0; who sat in it is away. */
export function continued(
  file: string,
  of: { readonly epoch: number; readonly sessions: readonly number[] },
): RoomTakeover {
  const { epoch, sessions } = of;
  const order = { row: 0, owner: 0, id: 'room0', seed: 7n, epoch, bots: 0, optionsJson: '' };
  const seat = {
    state: 'in',
    presence: 'away',
    resume: 0,
    flags: 0,
    name: new Uint8Array(0),
    identity: new Uint8Array(0),
  } as const;
  const seats = sessions.map((session) => ({ ...seat, session }));
  return { order, file, shadow: undefined, tick: 0, bareTick: -1, dueUs: null, code: 0, seats };
}
