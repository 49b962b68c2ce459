/** What a `SessionTable` is told, hands out and counts. */
import { ERROR, errorName } from '../../../protocol/gen/tables.ts';
import type { ErrorCode, ErrorName } from '../../errors.ts';
import type { RoomWish } from '../datagrams.ts';

/** u32: I/O thread (4 bits), slot (14), generation (14). Never 0. */
export type SessionId = number & { readonly __brand: 'SessionId' };

/** What `handle` made of a datagram. */
export const VERDICT = {
  /** Dropped and counted. */
  dropped: 0,
  /** A packet for the room of `table.sessionId`. */
  packet: 1,
  /** Part of the handshake. There may be something to poll. */
  consumed: 2,
} as const;
export type Verdict = (typeof VERDICT)[keyof typeof VERDICT];

/** A player who wants into a room. */
export interface JoinOrder {
  readonly sessionId: SessionId;
  /** From the token, or `guest-` and 16 hex digits. */
  readonly userId: string;
  /** '' : the server picks one. */
  readonly name: string;
  /** The token's room, if it names one, whatever the client asked for. */
  readonly choice: RoomWish;
  readonly schemaHash: bigint;
  readonly verify: boolean;
  /** The author's data of the token; empty for guests. */
  readonly userData: Uint8Array;
  readonly address: string;
}

/** Filled by `poll`; only the fields named at each kind mean anything. */
export interface SessionOutput {
  /**
   * send: `bytes` to `pipe`. close: close `pipe` with `code` and `text`. join: ask for a place for `join`.
   * left: the session `sessionId`, whose join was polled before, is over; `code` says why.
   */
  kind: 'send' | 'close' | 'join' | 'left';
  pipe: number;
  sessionId: SessionId;
  code: ErrorCode;
  text: string;
  bytes: Uint8Array;
  join: JoinOrder | null;
}

export function sessionOutput(): SessionOutput {
  return {
    kind: 'send',
    pipe: -1,
    sessionId: 0 as SessionId,
    code: ERROR.E_OK,
    text: '',
    bytes: new Uint8Array(0),
    join: null,
  };
}

/** All rise only. */
export interface SessionCounters {
  opened: number;
  accepted: number;
  joins: number;
  joined: number;
  left: number;
  /** Packets passed on to rooms. */
  packets: number;
  /** Dropped: of a pipe that has no session. */
  dropUnknown: number;
  /** Dropped: does not parse. */
  dropMalformed: number;
  /** Dropped: longer than PACKET_BYTES_MAX. */
  dropOversize: number;
  /** Dropped: over the rate of its session. */
  dropRate: number;
  /** Dropped: not allowed in the state of its session, such as a packet before `joined`. */
  dropState: number;
  /** Dropped: a hello over the rate of its address, or of the server. The client repeats it. */
  dropHelloAddress: number;
  dropHelloServer: number;
  /** Sessions closed because nothing was heard; handshakes that did not end. */
  idleTimeouts: number;
  handshakeTimeouts: number;
  replaced: number;
  /** Pipes refused at `open`, whose close could not be handed out because nobody polled. */
  closesForgotten: number;
}

export function sessionCounters(): SessionCounters {
  return {
    opened: 0,
    accepted: 0,
    joins: 0,
    joined: 0,
    left: 0,
    packets: 0,
    dropUnknown: 0,
    dropMalformed: 0,
    dropOversize: 0,
    dropRate: 0,
    dropState: 0,
    dropHelloAddress: 0,
    dropHelloServer: 0,
    idleTimeouts: 0,
    handshakeTimeouts: 0,
    replaced: 0,
    closesForgotten: 0,
  };
}

/** How often a session was refused or closed with each code. */
export type Refusals = { [K in ErrorName]: number };

export function refusals(): Refusals {
  return Object.fromEntries(Object.values(ERROR).map((code) => [errorName(code), 0])) as Refusals;
}
