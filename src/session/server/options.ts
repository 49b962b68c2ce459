/** What a `SessionTable` is made with. */
import { SPOKEN, type Versions } from '../datagrams.ts';
import type { UsedToken } from './used-tokens.ts';

export interface SessionOptions {
  /** Hash of the one schema served here. */
  readonly schemaHash: bigint;
  /** Packet protocols that are spoken here; a hello of another is refused (E_VERSION). Default SPOKEN. */
  readonly versions?: Versions;
  /** Milliseconds since 1970, for the expiry of tokens. */
  readonly unixMs: () => number;
  /** Fills an array with random bytes, for the ids of guests. */
  readonly random: (into: Uint8Array) => void;
  /** Keys of connect tokens: the current one, then the previous one. Default none: no token opens. */
  readonly tokenKeys?: readonly Uint8Array[];
  /** Lets players in without a token. Default false. */
  readonly guests?: boolean;
  /** Every session that would be opened is asked for: output `auth`, answered by `authorised`. Default false. */
  readonly onAuth?: boolean;
  /** A login without an answer is refused after this time (E_AUTH_TIMEOUT). Default 5,000 ms. */
  readonly authTimeoutMs?: number;
  /** Logins that may wait for an answer at once; one more is refused (E_AUTH_BUSY). Default 64. */
  readonly authsMax?: number;
  /** Addresses that a token has to name one of, as in tokens: `1.2.3.4:40000`. Default none: not asked for. */
  readonly publicAddresses?: readonly string[];
  /** Life of the tokens that sessions are handed; each is renewed at half of it. Default 300,000 ms. 0: none is. */
  readonly sessionTokenMs?: number;
  /** Tokens that were used before this table was made, such as before a restart. */
  readonly used?: Iterable<UsedToken>;
  /** Index of this I/O thread, 0..15. Default 0. */
  readonly ioThread?: number;
  /** Sessions at once, 1..16,384, and twice as many pipes: a player who changes pipes has two. Default 10,000. */
  readonly sessionsMax?: number;
  /** And twice as many pipes. Default 256: a school or an office behind one address. */
  readonly sessionsPerAddressMax?: number;
  /** New handshakes of one address; a burst of four seconds' worth may come at once. Default 64. */
  readonly hellosPerAddressPerSecond?: number;
  /** The same for a prefix of addresses, IPv4 /24 and IPv6 /56: a rented block is no crowd. Default 256. */
  readonly hellosPerPrefixPerSecond?: number;
  /** New handshakes of the whole server; further hellos are dropped, and clients repeat them. Default 1,000. */
  readonly hellosPerSecond?: number;
  /** Per session, with a burst of one second. Default 300: twice 128 Hz, with reserve. */
  readonly packetsPerSecond?: number;
  /** Per session, with a burst of one second. Default 65,536. */
  readonly bytesPerSecond?: number;
  /** A session that is over its rate for so long is closed (E_RATE). Default 10,000 ms. */
  readonly rateCloseMs?: number;
  /** A player from whom nothing was heard for so long is away: output `drop`. Default 1,000 ms. 0: never. */
  readonly dropMs?: number;
  /** A player who is away for so long is out (E_TIMEOUT). Default 30,000 ms. 0: a lost pipe ends its session at once. */
  readonly resumeMs?: number;
  /** A pipe that is silent for so long is closed; without `resumeMs` its session, too (E_TIMEOUT). Default 10,000 ms. */
  readonly idleTimeoutMs?: number;
  /** A pipe that has no place in a room after this time is closed (E_TIMEOUT). Default 5,000 ms. */
  readonly joinTimeoutMs?: number;
  /** A session is closed (E_MALFORMED) at so many datagrams that do not parse. Default 64. */
  readonly malformedMax?: number;
  /** Tokens remembered until they expire. Default 65,536 (some 6 MB). */
  readonly usedTokensMax?: number;
}

/** With every default filled in. */
export type SessionSettings = Required<SessionOptions>;

export const DEFAULTS = {
  versions: SPOKEN,
  tokenKeys: [] as readonly Uint8Array[],
  guests: false,
  onAuth: false,
  authTimeoutMs: 5000,
  authsMax: 64,
  publicAddresses: [] as readonly string[],
  sessionTokenMs: 300_000,
  used: [] as Iterable<UsedToken>,
  ioThread: 0,
  sessionsMax: 10_000,
  sessionsPerAddressMax: 256,
  hellosPerAddressPerSecond: 64,
  hellosPerPrefixPerSecond: 256,
  hellosPerSecond: 1000,
  packetsPerSecond: 300,
  bytesPerSecond: 65_536,
  rateCloseMs: 10_000,
  dropMs: 1000,
  resumeMs: 30_000,
  idleTimeoutMs: 10_000,
  joinTimeoutMs: 5000,
  malformedMax: 64,
  usedTokensMax: 65_536,
} as const;

/** What slot bits of a session id can number. */
export const SLOTS_MAX = 1 << 14;
