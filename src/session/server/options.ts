/** What a `SessionTable` is made with. */

export interface SessionOptions {
  /** Hash of the one schema served here. */
  readonly schemaHash: bigint;
  /** Milliseconds since 1970, for the expiry of tokens. */
  readonly unixMs: () => number;
  /** Fills an array with random bytes, for the ids of guests. */
  readonly random: (into: Uint8Array) => void;
  /** Keys of connect tokens: the current one, then the previous one. Default none: no token opens. */
  readonly tokenKeys?: readonly Uint8Array[];
  /** Lets players in without a token. Default false. */
  readonly guests?: boolean;
  /** Index of this I/O thread, 0..15. Default 0. */
  readonly ioThread?: number;
  /** Pipes and sessions at once, 1..16,384. Default 10,000. */
  readonly sessionsMax?: number;
  /** Default 256: a school or an office behind one address. */
  readonly sessionsPerAddressMax?: number;
  /** New handshakes of one address; a burst of four seconds' worth may come at once. Default 64. */
  readonly hellosPerAddressPerSecond?: number;
  /** New handshakes of the whole server; further hellos are dropped, and clients repeat them. Default 1,000. */
  readonly hellosPerSecond?: number;
  /** Per session, with a burst of one second. Default 300: twice 128 Hz, with reserve. */
  readonly packetsPerSecond?: number;
  /** Per session, with a burst of one second. Default 65,536. */
  readonly bytesPerSecond?: number;
  /** A session that is over its rate for so long is closed (E_RATE). Default 10,000 ms. */
  readonly rateCloseMs?: number;
  /** A session that is silent for so long is closed (E_TIMEOUT). Default 10,000 ms. */
  readonly idleTimeoutMs?: number;
  /** A pipe that has no place in a room after this time is closed (E_TIMEOUT). Default 5,000 ms. */
  readonly joinTimeoutMs?: number;
  /** A session is closed (E_MALFORMED) at so many datagrams that do not parse. Default 64. */
  readonly malformedMax?: number;
  /** Tokens remembered until they expire. Default 65,536 (some 6 MB). */
  readonly usedTokensMax?: number;
}

export const DEFAULTS = {
  guests: false,
  ioThread: 0,
  sessionsMax: 10_000,
  sessionsPerAddressMax: 256,
  hellosPerAddressPerSecond: 64,
  hellosPerSecond: 1000,
  packetsPerSecond: 300,
  bytesPerSecond: 65_536,
  rateCloseMs: 10_000,
  idleTimeoutMs: 10_000,
  joinTimeoutMs: 5000,
  malformedMax: 64,
  usedTokensMax: 65_536,
} as const;

/** Slot bits of a session id. */
export const SLOTS_MAX = 1 << 14;
