/** What a `SessionTable` is told, hands out and counts. */
import { ERROR, errorName } from '../../../protocol/gen/tables.ts';
import type { ErrorCode, ErrorName } from '../../errors.ts';
import type { Known } from '../control-codec.ts';
import type { RoomWish } from '../datagrams.ts';
import type { OpenedToken } from '../token.ts';
import type { KeptSession } from './kept.ts';
import type { Headers } from './pipes.ts';

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

/** A login that the author's own code is to judge. */
export interface AuthRequest {
  /** What a connect token says; its keys are not for authors. */
  readonly token: AuthToken | null;
  /** The credential of a hello with text. Without both it is a guest. */
  readonly text: string | null;
  readonly address: string;
  readonly headers: Headers | null;
}

export type AuthToken = Pick<OpenedToken, 'userId' | 'room' | 'userData' | 'expiresAtMs'>;

/** Its answer: who it is, or why nobody; `code` is E_AUTH where it is left out. */
export type AuthResult =
  | { readonly userId: string; readonly userData?: Uint8Array }
  | { readonly code?: ErrorCode; readonly text: string };

/** Filled by `poll`; only the fields named at each kind mean anything. */
export interface SessionOutput {
  /**
   * send: `bytes` to `pipe`. close: close `pipe` with `code` and `text`.
   * spend: remember across restarts that the token `mac` is used, until `expiresMs`; before the accept that it paid for.
   * auth: judge `auth` and call `authorised`. cancel: no answer to that is wanted any more; `loginEnded` of `address` when it has ended.
   * join: ask for a place for `join`. left: the session, whose join was polled before, is over; `code` says why.
   * drop: nothing is heard of a session that has its place. resume: it is heard again, or (`fresh`) taken over by a page that
   * has lost its state and (`verify`) asks for state hashes; answered by `resumed`. Between join and left.
   * keep: `kept` is what of the session has to survive the process; again with each change. From the answer to join on.
   * tell: the reliable message `bytes` to the client; `untold` where that cannot be done now.
   */
  kind:
    | 'send'
    | 'close'
    | 'spend'
    | 'auth'
    | 'cancel'
    | 'join'
    | 'drop'
    | 'resume'
    | 'tell'
    | 'keep'
    | 'left';
  pipe: number;
  sessionId: SessionId;
  code: ErrorCode;
  text: string;
  bytes: Uint8Array;
  join: JoinOrder | null;
  auth: AuthRequest | null;
  address: string;
  mac: string;
  expiresMs: number;
  /** Of spend: whose token it is. */
  session: bigint;
  fresh: boolean;
  verify: boolean;
  /** Of a resume: its client has kept what it knew. */
  known: Known | null;
  kept: KeptSession | null;
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
    auth: null,
    address: '',
    mac: '',
    expiresMs: 0,
    session: 0n,
    fresh: false,
    verify: false,
    known: null,
    kept: null,
  };
}

/** All rise only. */
export interface SessionCounters {
  opened: number;
  accepted: number;
  /** Sessions of a process before this one that were taken over. */
  restored: number;
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
  dropHelloPrefix: number;
  dropHelloServer: number;
  /** Turned away (E_AUTH_BUSY): its network has as many logins running as may be of one. */
  busyPrefix: number;
  /** Pipes closed because nothing was heard; handshakes and logins that did not end; sessions whose client stayed away. */
  idleTimeouts: number;
  handshakeTimeouts: number;
  authTimeouts: number;
  resumeTimeouts: number;
  replaced: number;
  /** Pipes attached to a session that was there. */
  attached: number;
  /** Sessions whose client fell silent; was heard again; has lost its state. */
  drops: number;
  resumes: number;
  freshResumes: number;
  /** Session tokens handed out; not taken, to be tried again. */
  told: number;
  untold: number;
  /** Pipes refused at `open`, whose close could not be handed out because nobody polled. */
  closesForgotten: number;
}

export function sessionCounters(): SessionCounters {
  return {
    opened: 0,
    accepted: 0,
    restored: 0,
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
    dropHelloPrefix: 0,
    dropHelloServer: 0,
    busyPrefix: 0,
    idleTimeouts: 0,
    handshakeTimeouts: 0,
    authTimeouts: 0,
    resumeTimeouts: 0,
    replaced: 0,
    attached: 0,
    drops: 0,
    resumes: 0,
    freshResumes: 0,
    told: 0,
    untold: 0,
    closesForgotten: 0,
  };
}

/** How often a session was refused or closed with each code. */
export type Refusals = { [K in ErrorName]: number };

export function refusals(): Refusals {
  return Object.fromEntries(Object.values(ERROR).map((code) => [errorName(code), 0])) as Refusals;
}
