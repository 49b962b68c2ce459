/** A room for who asks: one with a place, or a new one; and those that stand ready for the next. */
import { ERROR } from '../../protocol/gen/tables.ts';
import { ROW } from '../../workers/timing.ts';
import type { Clock } from '../clock.ts';
import type { ErrorCode } from '../errors.ts';
import { ROOM_OPTIONS_BYTES_MAX } from '../mailbox/messages.ts';
import { newRoomId } from './id.ts';
import type { JoinRequest } from './options.ts';
import { newOpening, type OrderDesk } from './orders.ts';
import type { GameFacts } from './outputs.ts';
import type { HostedRoom, Placement } from './placement.ts';
import type { RoomWorker } from './workers.ts';

export interface OpenerOptions {
  readonly placement: Placement;
  readonly workers: readonly RoomWorker[];
  readonly orders: OrderDesk;
  readonly facts: GameFacts;
  readonly roomsMax: number;
  readonly roomsWarm: number;
  /** Of one open room. */
  readonly bots: number;
  readonly clock: Clock;
}

export class RoomOpener {
  readonly #options: OpenerOptions;

  constructor(options: OpenerOptions) {
    this.#options = options;
  }

  /** A room with a place, or why there is none. */
  place(choice: JoinRequest['choice']): HostedRoom | ErrorCode {
    const { placement, workers, facts } = this.#options;
    if (!facts.botsYield) {
      for (const room of placement.rooms())
        room.botsFixed = workers[room.worker]?.timing.row(room.row, ROW.bots) ?? 0;
    }
    const decision = placement.decide(choice);
    if ('code' in decision) return decision.code;
    if ('room' in decision) return decision.room;
    const options = 'create' in choice ? choice.create : '';
    if (Buffer.byteLength(options) > ROOM_OPTIONS_BYTES_MAX) return ERROR.E_ROOM_OPTIONS;
    return this.#open(decision.open, options) ?? ERROR.E_ROOM_FAULT;
  }

  /** Opens rooms until `roomsWarm` stand empty. */
  keepWarm(): void {
    const { placement, roomsMax, roomsWarm } = this.#options;
    for (let missing = roomsWarm - placement.idle(); missing > 0; missing -= 1) {
      if (placement.count >= roomsMax || this.#open(true, '') === undefined) return;
    }
  }

  /** Closes a room that stood empty, unless somebody is on the way or it is one of those kept warm. */
  closeIdle(room: HostedRoom): void {
    const { placement, workers, orders, roomsWarm } = this.#options;
    if (room.people > 0 || room.closing || room.move !== undefined) return;
    if (room.open && placement.idle() <= roomsWarm) return;
    room.closing = true;
    orders.close(workers[room.worker] as RoomWorker, room, ERROR.E_ROOM_CLOSED);
  }

  /** Opens a room; undefined when no worker runs. `open`: players who ask for any room come here. */
  #open(open: boolean, options: string): HostedRoom | undefined {
    const { placement, workers, orders, clock } = this.#options;
    const states = workers.map((worker) => worker.state);
    let index = placement.worker((worker) => states[worker] === 'ready');
    if (index < 0) index = placement.worker((worker) => states[worker] === 'starting');
    if (index < 0) return undefined;
    const peopled = [...placement.rooms()].some((room) => room.bots > 0 && !room.closing);
    const bots = open && !peopled ? this.#options.bots : 0;
    const room = placement.add({
      id: newRoomId(),
      worker: index,
      open,
      bots,
      opening: newOpening(options),
      openedUs: clock.nowUs(),
    });
    orders.open(workers[index] as RoomWorker, room);
    return room;
  }
}
