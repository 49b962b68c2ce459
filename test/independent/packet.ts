/** The packet layer (SPEC 4): header, check, acknowledgement, and both ends of the reliable channel. */
import { type BitReader, type BitWriter, Malformed } from './bits.ts';

export const HEADER_BYTES = 13;
export const PACKET_BYTES_MAX = 1120;
export const FRAGMENT_BYTES = 256;
/** Eight are allowed; commands need room, too. */
const FRAGMENTS_PER_PACKET = 3;
const CLIENT_WINDOW = 64;
const SERVER_WINDOW = 24;
const PRIME = 0x9e3779b1;

export interface Header {
  readonly sequence: number;
  readonly ack: number;
  readonly ackBits: number;
}

export interface Fragment {
  readonly id: number;
  readonly ends: boolean;
  readonly bytes: Uint8Array;
}

export function isNewer(a: number, b: number): boolean {
  const ahead = (a - b) & 0xffff;
  return ahead > 0 && ahead < 0x8000;
}

/** The check of a packet, whatever stands in its bytes 9..12. */
export function checkOf(packet: Uint8Array, epoch: number): number {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
  let sum = epoch ^ Math.imul(packet.length, PRIME);
  const mix = (word: number) => {
    const m = Math.imul(sum ^ word, PRIME);
    sum = m ^ (m >>> 15);
  };
  mix(view.getUint32(0, true));
  mix(view.getUint32(4, true));
  mix(view.getUint8(8));
  let at = HEADER_BYTES;
  for (; at + 4 <= packet.length; at += 4) mix(view.getUint32(at, true));
  let rest = 0;
  for (let k = 0; at + k < packet.length; k += 1) rest |= view.getUint8(at + k) << (8 * k);
  mix(rest);
  return (sum ^ (sum >>> 13)) >>> 0;
}

export function writePacket(epoch: number, header: Header, stream: Uint8Array): Uint8Array {
  const packet = new Uint8Array(HEADER_BYTES + stream.length);
  const view = new DataView(packet.buffer);
  view.setUint8(0, 6 | ((epoch & 15) << 4));
  view.setUint16(1, header.sequence, true);
  view.setUint16(3, header.ack, true);
  view.setUint32(5, header.ackBits, true);
  packet.set(stream, HEADER_BYTES);
  view.setUint32(9, checkOf(packet, epoch), true);
  return packet;
}

export function readHeader(packet: Uint8Array, epoch: number): Header {
  if (packet.length < HEADER_BYTES || packet.length > PACKET_BYTES_MAX) {
    throw new Malformed(`a packet of ${packet.length} bytes`);
  }
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
  if (view.getUint8(0) !== (6 | ((epoch & 15) << 4))) throw new Malformed('another epoch');
  if (view.getUint32(9, true) !== checkOf(packet, epoch)) throw new Malformed('check');
  return {
    sequence: view.getUint16(1, true),
    ack: view.getUint16(3, true),
    ackBits: view.getUint32(5, true),
  };
}

export function readFragments(r: BitReader): Fragment[] {
  if (!r.bit()) return [];
  const count = r.u(3) + 1;
  const first = r.u(16);
  const fragments: Fragment[] = [];
  let last = -1;
  for (let k = 0; k < count; k += 1) {
    const offset = r.u(6);
    if (offset <= last || (k === 0 && offset !== 0)) throw new Malformed('fragments out of order');
    last = offset;
    const length = r.u(8) + 1;
    const ends = r.bit();
    if (!ends && length !== FRAGMENT_BYTES) throw new Malformed('a short fragment in the middle');
    fragments.push({ id: (first + offset) & 0xffff, ends, bytes: r.bytes(length) });
  }
  return fragments;
}

export function writeFragments(w: BitWriter, fragments: readonly Fragment[]): void {
  const first = fragments[0];
  w.put(1, first === undefined ? 0 : 1);
  if (first === undefined) return;
  w.put(3, fragments.length - 1);
  w.put(16, first.id);
  for (const { id, ends, bytes } of fragments) {
    w.put(6, (id - first.id) & 0xffff);
    w.put(8, bytes.length - 1);
    w.put(1, ends ? 1 : 0);
    for (const byte of bytes) w.put(8, byte);
  }
}

export type Freshness = 'fresh' | 'late' | 'stale';

/** Which packets came: the newest, and which of the 32 before it. */
export class Arrivals {
  newest = 0;
  #bits = 0;

  get bits(): number {
    return this.#bits >>> 0;
  }

  judge(sequence: number): Freshness {
    if (isNewer(sequence, this.newest)) return 'fresh';
    const behind = (this.newest - sequence) & 0xffff;
    if (behind === 0 || behind > 32) return 'stale';
    return (this.#bits >>> (behind - 1)) & 1 ? 'stale' : 'late';
  }

  note(sequence: number): void {
    const ahead = (sequence - this.newest) & 0xffff;
    if (!isNewer(sequence, this.newest)) {
      this.#bits |= 1 << (((this.newest - sequence) & 0xffff) - 1);
      return;
    }
    const before = this.newest === 0 && this.#bits === 0 ? 0 : 1;
    this.#bits =
      ahead > 32 ? 0 : (ahead === 32 ? 0 : this.#bits << ahead) | (before << (ahead - 1));
    this.newest = sequence;
  }
}

/** Puts fragments in order and messages together. */
export class Inbox {
  #next = 1;
  readonly #waiting = new Map<number, Fragment>();
  #parts: Uint8Array[] = [];

  /** Throws when a fragment has no place; to be called before anything is used. */
  check(fragments: readonly Fragment[]): void {
    for (const { id } of fragments) {
      const ahead = (id - this.#next) & 0xffff;
      if (ahead >= CLIENT_WINDOW && ahead < 0x8000) throw new Malformed('beyond the window');
    }
  }

  /** Whole messages that can be read now. */
  take(fragments: readonly Fragment[]): Uint8Array[] {
    for (const fragment of fragments) {
      if (((fragment.id - this.#next) & 0xffff) < CLIENT_WINDOW) {
        this.#waiting.set(fragment.id, fragment);
      }
    }
    const messages: Uint8Array[] = [];
    for (;;) {
      const fragment = this.#waiting.get(this.#next);
      if (fragment === undefined) return messages;
      this.#waiting.delete(this.#next);
      this.#next = (this.#next + 1) & 0xffff;
      this.#parts.push(fragment.bytes);
      if (!fragment.ends) continue;
      messages.push(Uint8Array.from(this.#parts.flatMap((part) => [...part])));
      this.#parts = [];
    }
  }
}

interface Outgoing {
  readonly fragment: Fragment;
  readonly message: number;
  /** Sequences of the packets it rode in. */
  readonly sentIn: Set<number>;
  lastTick: number;
  acked: boolean;
}

/** Messages to the server, until they are acknowledged. */
export class Outbox {
  #queue: Outgoing[] = [];
  #nextId = 1;
  #nextMessage = 0;

  get waiting(): number {
    return this.#queue.length;
  }

  send(message: Uint8Array): void {
    const number = this.#nextMessage;
    for (let at = 0; at < message.length; at += FRAGMENT_BYTES) {
      const bytes = message.subarray(at, at + FRAGMENT_BYTES);
      const ends = at + FRAGMENT_BYTES >= message.length;
      const fragment = { id: this.#nextId, ends, bytes };
      this.#nextId = (this.#nextId + 1) & 0xffff;
      this.#queue.push({
        fragment,
        message: number,
        sentIn: new Set(),
        lastTick: -Infinity,
        acked: false,
      });
    }
    this.#nextMessage += 1;
  }

  /** What should ride in packet `sequence`; `patience` in ticks. */
  pick(sequence: number, tick: number, patience: number): Fragment[] {
    const first = this.#queue[0];
    if (first === undefined) return [];
    const due = this.#queue.filter(
      (out) =>
        !out.acked &&
        tick - out.lastTick >= patience &&
        ((out.fragment.id - first.fragment.id) & 0xffff) < SERVER_WINDOW,
    );
    const picked = due.slice(0, FRAGMENTS_PER_PACKET);
    for (const out of picked) {
      out.lastTick = tick;
      out.sentIn.add(sequence);
    }
    return picked.map(({ fragment }) => fragment);
  }

  /** The server says which packets it took. */
  acknowledged(has: (sequence: number) => boolean): void {
    for (const out of this.#queue) out.acked ||= [...out.sentIn].some(has);
    const open = this.#queue.find(({ acked }) => !acked)?.message ?? this.#nextMessage;
    this.#queue = this.#queue.filter(({ message }) => message >= open);
  }
}
