/** One slot of the session table: a pipe, its session, and what there is to hand out for it. */
import { ERROR } from '../../../protocol/gen/tables.ts';
import type { ErrorCode } from '../../errors.ts';
import type { OpenedToken } from '../token.ts';
import type { JoinOrder, SessionId } from './output.ts';

/** In the order in which a session goes through them. */
export const STATE = { free: 0, open: 1, accepted: 2, joining: 3, joined: 4, ending: 5 } as const;

/** Handed out from the lowest bit up. */
export const ACTION = { accept: 1, join: 2, joined: 4, left: 8, goodbye: 16, close: 32 } as const;

export const NOTHING = new Uint8Array(0);

/** One pipe and its session. */
export class Slot {
  readonly index: number;
  sessionId = 0 as SessionId;
  state: number = STATE.free;
  pipe = -1;
  address = '';
  userId = '';
  token: OpenedToken | null = null;
  join: JoinOrder | null = null;
  reply: Uint8Array = NOTHING;
  /** What there is to hand out, bits of ACTION. */
  actions = 0;
  queued = false;
  code: ErrorCode = ERROR.E_OK;
  text = '';
  malformed = 0;
  openedUs = 0;
  /** When a datagram was last over the rate, and since when it goes on. */
  overUs = -Infinity;
  overSinceUs = 0;
  #generation = 0;

  constructor(index: number) {
    this.index = index;
  }

  open(pipe: number, address: string, openedUs: number, ioThread: number): void {
    this.#generation = this.#generation >= GENERATION_MAX ? 1 : this.#generation + 1;
    this.sessionId = (((ioThread << 28) | (this.index << 14) | this.#generation) >>>
      0) as SessionId;
    this.state = STATE.open;
    this.pipe = pipe;
    this.address = address;
    this.openedUs = openedUs;
  }

  clear(): void {
    this.state = STATE.free;
    this.address = this.userId = this.text = '';
    this.token = this.join = null;
    this.reply = NOTHING;
    this.malformed = 0;
    this.overUs = -Infinity;
  }
}

/** Generation bits of a session id; 0 is never used, so no session id is 0. */
const GENERATION_MAX = (1 << 14) - 1;

/** A name for a player who has none. */
export function guestId(random: (into: Uint8Array) => void): string {
  const bytes = new Uint8Array(8);
  random(bytes);
  return `guest-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
