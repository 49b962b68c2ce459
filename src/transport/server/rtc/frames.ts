/**
 * What travels between a server and its process `fray-rtc`, over one stream socket. Pure. A frame, little-endian:
 *
 *     u16 payload bytes | u8 kind | u8 0x66 | u32 peer | payload
 *
 * `peer` is the number of the pipe (0 where a frame is about none). A kind has its direction and the bounds of its payload in
 * FRAMES; whatever does not fit there is damage, after which nothing of that stream is read any more: the bytes come
 * from a process whose native code may have gone wrong.
 *
 * Frames of one turn leave in one write; reading makes one view per frame and copies only frames that two reads share.
 */
import { PACKET_BYTES_MAX } from '../../../../protocol/gen/tables.ts';

/** Bytes of a session description, in and out. An offer of Chromium has about 500, of Firefox 900. */
export const SDP_BYTES_MAX = 4096;

/** Bytes of the largest payload. */
export const PAYLOAD_BYTES_MAX = SDP_BYTES_MAX;

const HEAD_BYTES = 8;
const MARK = 0x66;

interface FrameRule {
  readonly kind: number;
  readonly min: number;
  readonly max: number;
  /** Whether the server sends it, or the process. */
  readonly from: 'server' | 'process';
}

/** Every kind of frame. */
export const FRAMES = {
  /** A new peer: its session description. */
  offer: { kind: 1, min: 1, max: SDP_BYTES_MAX, from: 'server' },
  /** One datagram to a peer. */
  send: { kind: 2, min: 1, max: PACKET_BYTES_MAX, from: 'server' },
  /** Close a peer: `u16 code`. */
  close: { kind: 3, min: 2, max: 2, from: 'server' },
  /** Peers can come: `u16 port`, the UDP port of all of them. */
  ready: { kind: 16, min: 2, max: 2, from: 'process' },
  /** It cannot work, and ends: `u8 why` of FAILURE, then a text. */
  failed: { kind: 17, min: 1, max: 512, from: 'process' },
  /** What the server answers to a peer's offer. */
  answer: { kind: 18, min: 1, max: SDP_BYTES_MAX, from: 'process' },
  /** The channel of a peer is open. */
  opened: { kind: 19, min: 0, max: 0, from: 'process' },
  /** One datagram of a peer. */
  heard: { kind: 20, min: 1, max: PACKET_BYTES_MAX, from: 'process' },
  /** A peer is gone: `u16 code`, `u8` 1 where it broke the rules. Nothing of it follows. */
  closed: { kind: 21, min: 3, max: 3, from: 'process' },
  /** The peer's reader is behind: `u8` 1, or has caught up: 0. */
  slow: { kind: 22, min: 1, max: 1, from: 'process' },
  /** A few times a second: `f64` CPU time so far in us, `u32` datagrams dropped so far. */
  report: { kind: 23, min: 12, max: 12, from: 'process' },
} as const satisfies { readonly [name: string]: FrameRule };

/** Why the process cannot work. */
export const FAILURE = { module: 1, port: 2 } as const;

const RULES: readonly (FrameRule | undefined)[] = Array.from({ length: 24 }, (_, kind) =>
  Object.values(FRAMES).find((rule) => rule.kind === kind),
);

/** Bytes. Some 60 turns of 50 small snapshots. */
const CHUNK_BYTES = 1 << 17;

/** Gathers the frames of a turn and hands them over in one piece. No object per frame. */
export class FrameWriter {
  #chunk: Buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  #from = 0;
  #to = 0;
  #scheduled = false;
  readonly #write: (bytes: Buffer) => void;
  readonly #later: (flush: () => void) => void;
  readonly #flush = (): void => this.flush();

  /** `write` gets the bytes and may keep them; `later` runs a function when the turn is over. */
  constructor(write: (bytes: Buffer) => void, later: (flush: () => void) => void) {
    this.#write = write;
    this.#later = later;
  }

  /** The payload is copied. Throws RangeError where it does not fit its kind: that is the caller's mistake. */
  push(rule: FrameRule, peer: number, payload: Uint8Array): void {
    const { length } = payload;
    if (length < rule.min || length > rule.max)
      throw new RangeError(`Cannot write a frame of kind ${rule.kind}: ${length} bytes`);
    if (this.#to + HEAD_BYTES + length > CHUNK_BYTES) {
      this.flush();
      this.#chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
      this.#from = this.#to = 0;
    }
    const chunk = this.#chunk;
    const at = this.#to;
    chunk[at] = length & 255;
    chunk[at + 1] = length >>> 8;
    chunk[at + 2] = rule.kind;
    chunk[at + 3] = MARK;
    chunk.writeUInt32LE(peer, at + 4);
    chunk.set(payload, at + HEAD_BYTES);
    this.#to = at + HEAD_BYTES + length;
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#later(this.#flush);
  }

  /** Hands over what has gathered. */
  flush(): void {
    this.#scheduled = false;
    if (this.#to === this.#from) return;
    const bytes = this.#chunk.subarray(this.#from, this.#to);
    this.#from = this.#to;
    this.#write(bytes);
  }
}

/** `payload` is valid only during the call. */
export type FrameListener = (kind: number, peer: number, payload: Uint8Array) => void;

/** Cuts the stream of the other side into frames. */
export class FrameReader {
  readonly #from: 'server' | 'process';
  readonly #listener: FrameListener;
  /** The beginning of a frame whose end has not come yet. */
  readonly #held = new Uint8Array(HEAD_BYTES + PAYLOAD_BYTES_MAX);
  #heldBytes = 0;
  #damage = '';

  constructor(from: 'server' | 'process', listener: FrameListener) {
    this.#from = from;
    this.#listener = listener;
  }

  /** What was wrong with the stream; '' as long as nothing is. */
  get damage(): string {
    return this.#damage;
  }

  /** Reads on. False: the stream is damaged, `damage` says how; nothing more is read then, whatever comes. */
  push(bytes: Uint8Array): boolean {
    if (this.#damage !== '') return false;
    let at = this.#heldBytes === 0 ? 0 : this.#fill(bytes);
    while (this.#damage === '' && bytes.length - at >= HEAD_BYTES) {
      const length = this.#lengthOf(bytes, at);
      if (length < 0 || bytes.length - at < length) break;
      this.#tell(bytes, at, length);
      at += length;
    }
    if (this.#damage !== '') return false;
    if (at < bytes.length) {
      this.#held.set(bytes.subarray(at), this.#heldBytes);
      this.#heldBytes += bytes.length - at;
    }
    return true;
  }

  /** Completes the frame that is held; gives how many bytes it took, all of them where it is still not whole. */
  #fill(bytes: Uint8Array): number {
    const held = this.#held;
    let at = 0;
    let wanted = this.#heldBytes < HEAD_BYTES ? HEAD_BYTES : this.#lengthOf(held, 0);
    for (;;) {
      const taken = Math.min(wanted - this.#heldBytes, bytes.length - at);
      held.set(bytes.subarray(at, at + taken), this.#heldBytes);
      this.#heldBytes += taken;
      at += taken;
      if (this.#heldBytes < HEAD_BYTES) return at;
      wanted = this.#lengthOf(held, 0);
      if (wanted < 0) return at;
      if (this.#heldBytes === wanted) break;
      if (at === bytes.length) return at;
    }
    this.#heldBytes = 0;
    this.#tell(held, 0, wanted);
    return at;
  }

  /** Bytes of the whole frame whose head stands at `at`; -1 where it is none. */
  #lengthOf(bytes: Uint8Array, at: number): number {
    const length = (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
    const kind = bytes[at + 2] as number;
    const rule = RULES[kind];
    if (bytes[at + 3] !== MARK) this.#damage = 'no frame begins here';
    else if (rule === undefined || rule.from !== this.#from)
      this.#damage = `kind ${kind} does not come from the ${this.#from}`;
    else if (length < rule.min || length > rule.max)
      this.#damage = `kind ${kind} has ${length} bytes`;
    return this.#damage === '' ? HEAD_BYTES + length : -1;
  }

  #tell(bytes: Uint8Array, at: number, length: number): void {
    const peer =
      ((bytes[at + 4] as number) |
        ((bytes[at + 5] as number) << 8) |
        ((bytes[at + 6] as number) << 16) |
        ((bytes[at + 7] as number) << 24)) >>>
      0;
    this.#listener(bytes[at + 2] as number, peer, bytes.subarray(at + HEAD_BYTES, at + length));
  }
}
