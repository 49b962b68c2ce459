/** What the directory answers, and the queue in which answers wait for `poll`. */

import type { GameFacts } from '../../workers/boot.ts';
import type { TimingReader } from '../../workers/timing.ts';
import { ROW } from '../../workers/timing.ts';
import type { ErrorCode } from '../errors.ts';
import { JOINED } from '../mailbox/messages.ts';
import type { Ring } from '../mailbox/ring.ts';
import type { Seat } from './drain.ts';
import type { HostedRoom } from './placement.ts';

/** The caller's buffer for `poll`. All fields are set by each call; numbers that do not apply are 0. */
export interface RoomOutput {
  /**
   * `joined`: the session is in the room, packets go both ways. `refused`: it never will be. `closed`: it is no longer in
   * its room. A session gets one of joined and refused, then at most one closed; nothing after `leave`. Between: `resumed`
   * for a resume, with all that joined says, `wait` for a drop whose game waits no longer than `ms`, and `untold`: what it was told last may
   * have died with its worker.
   */
  kind: 'joined' | 'refused' | 'closed' | 'resumed' | 'wait' | 'untold';
  sessionId: number;
  /** Why; 0 for joined. */
  code: ErrorCode;
  text: string;
  /** Empty where no room was found. */
  roomId: string;
  playerId: number;
  handle: number;
  /** Tick of the room when the player came in. */
  tick: number;
  /** Of the packets of this client; another one after each fresh resume. */
  epoch: number;
  wallsHash: number;
  /** Of this client's messages, by the room. */
  messagesRead: number;
  /** Of those to it: the ones that it is not sent any more. */
  messagesBefore: number;
  /** Of a room that another process went on with: the last tick that was kept; else 0. */
  keptTick: number;
  /** Of resumed: the client has lost its state, its packet layer begins anew. */
  fresh: boolean;
  /** Of wait: from the drop on. */
  ms: number;
}

export function createRoomOutput(): RoomOutput {
  return {
    kind: 'refused',
    sessionId: 0,
    code: 0,
    text: '',
    roomId: '',
    playerId: 0,
    handle: 0,
    tick: 0,
    epoch: 0,
    wallsHash: 0,
    messagesRead: 0,
    messagesBefore: 0,
    keptTick: 0,
    fresh: false,
    ms: 0,
  };
}

/** Fields of `joined` and `resumed` from an answer with JoinedShape. */
export function placeIn(
  ring: Ring,
): Pick<
  RoomOutput,
  'playerId' | 'handle' | 'tick' | 'epoch' | 'wallsHash' | 'messagesRead' | 'messagesBefore'
> {
  const word = (offset: number): number =>
    (ring.words[(ring.offset + offset) >> 2] as number) >>> 0;
  return {
    playerId: word(JOINED.playerId),
    handle: word(JOINED.handle),
    tick: word(JOINED.tick),
    epoch: word(JOINED.epoch),
    wallsHash: word(JOINED.wallsHash),
    messagesRead: word(JOINED.messagesRead),
    messagesBefore: word(JOINED.messagesBefore),
  };
}

/** The text of an answer. */
export function textIn(ring: Ring): string {
  return ring.length === 0
    ? ''
    : Buffer.from(ring.bytes.slice(ring.offset, ring.offset + ring.length)).toString();
}

/** First in, first out. Bounded by its writer: at most five outputs per seat, one per refused join. */
export class OutputQueue {
  #waiting: RoomOutput[] = [];
  #head = 0;

  get length(): number {
    return this.#waiting.length - this.#head;
  }

  push(output: Partial<RoomOutput>): void {
    this.#waiting.push({ ...createRoomOutput(), ...output });
  }

  /** Of a worker that died: orders that it had read, and not recorded, are lost. */
  pushUntold(worker: number, seats: Iterable<Seat>): void {
    for (const { sessionId, room, state } of seats)
      if (room.worker === worker && state === 'in') this.push({ kind: 'untold', sessionId });
  }

  take(out: RoomOutput): boolean {
    const first = this.#waiting[this.#head];
    if (first === undefined) return false;
    Object.assign(out, first);
    this.#head += 1;
    if (this.#head === this.#waiting.length) {
      this.#waiting = [];
      this.#head = 0;
    }
    return true;
  }
}

/** One room for `rooms()`. */
export interface RoomFacts {
  readonly id: string;
  readonly worker: number;
  readonly row: number;
  readonly people: number;
  readonly bots: number;
  readonly playersMax: number;
  readonly entities: number;
  readonly tick: number;
  /** False: joined by its id alone. */
  readonly open: boolean;
  readonly ageMs: number;
}

/** What is known of a room here, and of what its worker counts. */
export function roomFacts(
  room: HostedRoom,
  timing: TimingReader,
  server: { readonly nowUs: number; readonly playersMax: number },
): RoomFacts {
  const { id, worker, row, people, open } = room;
  return {
    id,
    worker,
    row,
    people,
    open,
    bots: timing.row(row, ROW.bots),
    playersMax: server.playersMax,
    entities: timing.row(row, ROW.entities),
    tick: timing.row(row, ROW.tick),
    ageMs: (server.nowUs - room.openedUs) / 1000,
  };
}

export type { GameFacts };
