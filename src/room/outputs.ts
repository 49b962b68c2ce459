/** What the directory answers, and the queue in which answers wait for `poll`. */

import type { GameFacts } from '../../workers/boot.ts';
import type { ErrorCode } from '../errors.ts';

/** The caller's buffer for `poll`. All fields are set by each call; numbers that do not apply are 0. */
export interface RoomOutput {
  /**
   * `joined`: the session is in the room, packets go both ways. `refused`: it never will be. `closed`: it is no longer in
   * its room. A session gets one of joined and refused, then at most one closed; nothing after `leave`.
   */
  kind: 'joined' | 'refused' | 'closed';
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
  epoch: number;
  wallsHash: number;
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
  };
}

/** First in, first out. Bounded by its writer: at most two outputs per seat, one per refused join. */
export class OutputQueue {
  #waiting: RoomOutput[] = [];
  #head = 0;

  get length(): number {
    return this.#waiting.length - this.#head;
  }

  push(output: Partial<RoomOutput>): void {
    this.#waiting.push({ ...createRoomOutput(), ...output });
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

export type { GameFacts };
