/**
 * Packets of netcode 1.02, both ends: their layout, and sealing and opening them in the memory of a cipher. Written from the
 * public standard ("Packets", "Reading Encrypted Packets"). Pure; nothing is allocated per packet.
 *
 * ```
 * connection request   u8 0, version info (13), protocol id u64, expiry u64, nonce (24), private part (1,024): 1,078 bytes
 * all others           u8 kind | sequence bytes << 4, sequence (1..8 bytes, high zero bytes left out), sealed body, tag (16)
 * ```
 *
 * Associated data: version info, protocol id, the first byte. Nonce: 4 zero bytes, sequence u64.
 */
import { PROTOCOL_ID, TOKEN_MAC_BYTES, VERSION_INFO } from './token-layout.ts';

export const NETCODE = {
  request: 0,
  denied: 1,
  challenge: 2,
  response: 3,
  keepAlive: 4,
  payload: 5,
  disconnect: 6,
} as const;

export const REQUEST_PACKET_BYTES = 1078;
/** The standard's limit for a payload. Ours are at most PACKET_BYTES_MAX = 1,120. */
export const PAYLOAD_BYTES_MAX = 1200;
/** u64 sequence and 300 bytes of sealed token. */
export const CHALLENGE_BODY_BYTES = 308;
/** u32 client index, u32 most clients. */
export const KEEP_ALIVE_BODY_BYTES = 8;
/** The longest packet: first byte, 8 bytes of sequence, payload, tag. */
export const NETCODE_PACKET_BYTES_MAX = 1 + 8 + PAYLOAD_BYTES_MAX + TOKEN_MAC_BYTES;
/** Times a disconnect is sent: the standard leaves the number open, the C implementation sends ten. */
export const DISCONNECT_COUNT = 10;
/** Keep-alives, requests and responses are sent so often, us. The standard's example: 10 Hz. */
export const SEND_EVERY_US = 100_000;

/**
 * Number of the first packet that an end seals with a key at `nowUs`. Ends that begin anew with the keys of a token (a handshake that is
 * tried again, a server that was restarted) seal under other numbers, without remembering any: each 62.5 ms have 1,024 of their own,
 * four times what a session may send, and come again after 512 s, when no token of a session lives any more. Costs a byte or two
 * per packet; whoever opens them takes any start.
 */
export function firstSequence(nowUs: number): number {
  return (Math.floor(nowUs / 62_500) % 8192) * 1024;
}

/** What begins the associated data of all packets; the first byte of the packet follows. */
export const ASSOCIATED: Uint8Array = (() => {
  const bytes = new Uint8Array(VERSION_INFO.length + 8);
  bytes.set(VERSION_INFO);
  new DataView(bytes.buffer).setBigUint64(VERSION_INFO.length, PROTOCOL_ID, true);
  return bytes;
})();

/** One packet for a cipher, see core-wasm/bindings/seal.ts. */
export interface CipherJob {
  key: number;
  sequenceLow: number;
  sequenceHigh: number;
  at: number;
  bytes: number;
  associated: number;
}

/** ChaCha20-Poly1305 over a memory of its own whose associated data begin with ASSOCIATED. `PacketSeal` is one. */
export interface PacketCipher {
  readonly packets: Uint8Array;
  takeKey(key: Uint8Array): number;
  dropKey(index: number): void;
  put(place: number, job: Readonly<CipherJob>): void;
  seal(count: number): number;
  open(count: number): number;
}

/** Why a packet is not looked at any further, before anything is opened. */
export const UNREAD = { size: -1, kind: -2 } as const;

/** Makes and reads packets, one at a time. What it hands out is valid until the next call of the same kind. */
export class NetcodePackets {
  /** Of the packet read last; Infinity: above 2^53, which nobody reaches by counting from 0. */
  sequence = 0;
  readonly memory: Uint8Array;
  /** Over the same memory. */
  readonly view: DataView;
  /** Where the body of the packet under way is to be written. */
  bodyAt = 0;
  readonly #cipher: PacketCipher;
  readonly #job: CipherJob = {
    key: 0,
    sequenceLow: 0,
    sequenceHigh: 0,
    at: 0,
    bytes: 0,
    associated: 0,
  };
  readonly #bodies: Views;
  readonly #sealed: Views;
  #headBytes = 0;
  #low = 0;
  #high = 0;

  constructor(cipher: PacketCipher) {
    this.#cipher = cipher;
    this.memory = cipher.packets;
    const { buffer, byteOffset, byteLength } = cipher.packets;
    this.view = new DataView(buffer, byteOffset, byteLength);
    this.#bodies = new Views(cipher.packets, IN_AT);
    this.#sealed = new Views(cipher.packets, OUT_AT);
  }

  /** Kind of a sealed packet, 1..6, after all that can be checked without a key; or one of UNREAD. Never throws. */
  read(bytes: Uint8Array): number {
    const length = bytes.length;
    if (length < PACKET_BYTES_MIN || length > NETCODE_PACKET_BYTES_MAX) return UNREAD.size;
    const first = bytes[0] ?? 0;
    const kind = first & 15;
    const sequenceBytes = first >>> 4;
    if (kind === NETCODE.request || kind > NETCODE.disconnect) return UNREAD.kind;
    if (sequenceBytes < 1 || sequenceBytes > 8) return UNREAD.kind;
    this.#headBytes = 1 + sequenceBytes;
    if (length < this.#headBytes + TOKEN_MAC_BYTES) return UNREAD.size;
    let low = 0;
    let high = 0;
    for (let at = 0; at < sequenceBytes; at += 1) {
      const byte = bytes[1 + at] ?? 0;
      if (at < 4) low |= byte << (8 * at);
      else high |= byte << (8 * (at - 4));
    }
    this.#low = low >>> 0;
    this.#high = high >>> 0;
    this.sequence = this.#high < 2 ** 21 ? this.#high * 2 ** 32 + this.#low : Infinity;
    return kind;
  }

  /** Opens the packet that was read last, these same bytes, with a key of the cipher; null: it does not fit. */
  open(bytes: Uint8Array, key: number): Uint8Array | null {
    const bodyBytes = bytes.length - this.#headBytes - TOKEN_MAC_BYTES;
    this.memory.set(bytes, IN_AT - this.#headBytes);
    const job = this.#job;
    job.key = key;
    job.sequenceLow = this.#low;
    job.sequenceHigh = this.#high;
    job.at = IN_AT;
    job.bytes = bodyBytes;
    job.associated = bytes[0] ?? 0;
    this.#cipher.put(0, job);
    return this.#cipher.open(1) === 1 ? this.#bodies.of(bodyBytes) : null;
  }

  /** Begins a packet: the caller writes its body into `memory` from `bodyAt` on, then calls `finish`. */
  begin(kind: number, sequenceLow: number, sequenceHigh: number): void {
    let sequenceBytes = 8;
    while (sequenceBytes > 1 && byteOf(sequenceBytes - 1, sequenceLow, sequenceHigh) === 0)
      sequenceBytes -= 1;
    const first = kind | (sequenceBytes << 4);
    this.memory[OUT_AT] = first;
    for (let at = 0; at < sequenceBytes; at += 1)
      this.memory[OUT_AT + 1 + at] = byteOf(at, sequenceLow, sequenceHigh);
    this.#headBytes = 1 + sequenceBytes;
    this.bodyAt = OUT_AT + this.#headBytes;
    this.#job.sequenceLow = sequenceLow;
    this.#job.sequenceHigh = sequenceHigh;
    this.#job.associated = first;
  }

  /** Seals the packet under way; its bytes. */
  finish(key: number, bodyBytes: number): Uint8Array {
    const job = this.#job;
    job.key = key;
    job.at = this.bodyAt;
    job.bytes = bodyBytes;
    this.#cipher.put(0, job);
    this.#cipher.seal(1);
    return this.#sealed.of(this.bodyAt - OUT_AT + bodyBytes + TOKEN_MAC_BYTES);
  }

  /** Seals `bytes` bytes from `at` of `memory` on without associated data; the tag stands behind them. */
  sealToken(key: number, sequence: { low: number; high: number }, bytes: number): void {
    this.#token(key, sequence, bytes);
    this.#cipher.seal(1);
  }

  /** The opposite; false: it was not sealed so. */
  openToken(key: number, sequence: { low: number; high: number }, bytes: number): boolean {
    this.#token(key, sequence, bytes);
    return this.#cipher.open(1) === 1;
  }

  #token(key: number, sequence: { low: number; high: number }, bytes: number): void {
    const job = this.#job;
    job.key = key;
    job.sequenceLow = sequence.low;
    job.sequenceHigh = sequence.high;
    job.at = TOKEN_AT;
    job.bytes = bytes;
    job.associated = -1;
    this.#cipher.put(0, job);
  }
}

/** Whether the body of an opened packet is of the length that its kind has. */
export function bodyFits(kind: number, bytes: number): boolean {
  if (kind === NETCODE.payload) return bytes >= 1 && bytes <= PAYLOAD_BYTES_MAX;
  if (kind === NETCODE.keepAlive) return bytes === KEEP_ALIVE_BODY_BYTES;
  if (kind === NETCODE.challenge || kind === NETCODE.response)
    return bytes === CHALLENGE_BODY_BYTES;
  return bytes === 0;
}

/**
 * Which sequences have come: the newest and the 255 before it. 256 at 60 packets a second are four seconds, as the standard
 * asks. Bit `s % 256` stands for sequence s, so that moving on clears bits and copies nothing.
 */
export class ReplayWindow {
  #newest = -1;
  readonly #seen = new Uint32Array(REPLAY_WINDOW / 32);

  /** True: not seen before, and not too old to know. Changes nothing. */
  isFresh(sequence: number): boolean {
    if (!(sequence <= Number.MAX_SAFE_INTEGER)) return false;
    if (sequence > this.#newest) return true;
    if (sequence <= this.#newest - REPLAY_WINDOW) return false;
    const bit = sequence % REPLAY_WINDOW;
    return (((this.#seen[bit >>> 5] ?? 0) >>> (bit & 31)) & 1) === 0;
  }

  /** It has come, and was opened. */
  mark(sequence: number): void {
    const from = Math.max(this.#newest + 1, sequence - REPLAY_WINDOW + 1);
    for (let passed = from; passed < sequence; passed += 1) this.#put(passed % REPLAY_WINDOW, 0);
    this.#put(sequence % REPLAY_WINDOW, 1);
    if (sequence > this.#newest) this.#newest = sequence;
  }

  #put(bit: number, value: number): void {
    const word = bit >>> 5;
    const rest = (this.#seen[word] ?? 0) & ~(1 << (bit & 31));
    this.#seen[word] = rest | (value << (bit & 31));
  }
}

/** Where tokens are sealed and opened: `NetcodePackets.sealToken`. */
export const TOKEN_AT = 3840;
export const REPLAY_WINDOW = 256;

/** Views by length, each made once. */
class Views {
  readonly #memory: Uint8Array;
  readonly #at: number;
  readonly #views = new Array<Uint8Array>(NETCODE_PACKET_BYTES_MAX + 1).fill(NONE);

  constructor(memory: Uint8Array, at: number) {
    this.#memory = memory;
    this.#at = at;
  }

  of(bytes: number): Uint8Array {
    const made = this.#views[bytes] ?? NONE;
    if (made !== NONE || bytes === 0) return made;
    const view = this.#memory.subarray(this.#at, this.#at + bytes);
    this.#views[bytes] = view;
    return view;
  }
}

/** Byte of a u64 in two halves, 0 the lowest. */
function byteOf(at: number, low: number, high: number): number {
  return at < 4 ? (low >>> (8 * at)) & 255 : (high >>> (8 * (at - 4))) & 255;
}

const NONE = new Uint8Array(0);
/** First byte, one byte of sequence, tag. */
const PACKET_BYTES_MIN = 1 + 1 + TOKEN_MAC_BYTES;
/** Body of what comes; its head stands before. */
const IN_AT = 64;
const OUT_AT = 1920;
