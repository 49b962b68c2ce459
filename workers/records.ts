/**
 * Writes records into a room's input buffer: what enters a room is this and nothing else. The layouts are those of
 * protocol/tables.ts. No method allocates; each returns false where the record does not fit.
 */
import {
  COMMAND,
  Dilation,
  Drop,
  INPUT_BYTES_MAX,
  Join,
  Leave,
  NAME_BYTES_MAX,
  Overload,
  Packet,
  RecordHeader,
  Resume,
  Send,
} from '../protocol/gen/tables.ts';
import type { Ring } from '../src/mailbox/ring.ts';

/** The part of a core that takes records and commands. */
export interface RecordTarget {
  readonly u8: Uint8Array;
  readonly i32: Int32Array;
  /** Address and size of the input buffer. */
  readonly input: number;
  readonly inputBytes: number;
}

export class RecordWriter {
  /** Bytes written so far; the next record begins here (a multiple of 4). */
  at = 0;
  /** Bytes that may enter before a tick; commands may fill the whole buffer. */
  readonly recordsMax: number;
  readonly target: RecordTarget;

  constructor(target: RecordTarget) {
    this.target = target;
    this.recordsMax = Math.min(target.inputBytes, INPUT_BYTES_MAX);
  }

  /** A packet straight from the inbox, up to `limit` bytes of the buffer. */
  packet(slot: number, ring: Ring, arrivalUs: number, limit: number): boolean {
    const word = this.#header(Packet.kind, slot, Packet.bytes + ring.length, limit);
    if (word < 0) return false;
    const { i32 } = this.target;
    i32[word + 2] = arrivalUs;
    const from = ring.offset >> 2;
    const count = (ring.length + 3) >> 2;
    const words = ring.words;
    for (let i = 0; i < count; i += 1) i32[word + 3 + i] = words[from + i] as number;
    return true;
  }

  /** `session` 0 is a bot. `name`: UTF-8, at most 32 bytes. `identity`: the record's tail. */
  join(
    slot: number,
    who: {
      session: number;
      flags: number;
      team: number;
      name: Uint8Array;
      identity: Uint8Array;
    },
  ): boolean {
    const bytes = Join.bytes + who.identity.length;
    const word = this.#header(Join.kind, slot, bytes, this.recordsMax);
    if (word < 0) return false;
    const { i32, u8 } = this.target;
    const payload = (word + 2) << 2;
    const nameBytes = Math.min(who.name.length, NAME_BYTES_MAX);
    i32[(payload + Join.session) >> 2] = who.session;
    i32[(payload + Join.flags) >> 2] =
      (who.flags & 0xffff) | ((who.team & 0xff) << 16) | (nameBytes << 24);
    u8.fill(0, payload + Join.name, payload + Join.name + NAME_BYTES_MAX);
    for (let i = 0; i < nameBytes; i += 1) u8[payload + Join.name + i] = who.name[i] as number;
    const tail = payload + Join.bytes;
    u8.fill(0, tail, tail + ((who.identity.length + 3) & ~3));
    u8.set(who.identity, tail);
    return true;
  }

  leave(slot: number, code: number): boolean {
    const word = this.#header(Leave.kind, slot, Leave.bytes, this.recordsMax);
    if (word < 0) return false;
    this.target.i32[word + 2] = code & 0xffff;
    return true;
  }

  drop(slot: number): boolean {
    return this.#header(Drop.kind, slot, Drop.bytes, this.recordsMax) >= 0;
  }

  /** `flags`: RESUME of mailbox/messages.ts. */
  resume(slot: number, flags: number): boolean {
    const word = this.#header(Resume.kind, slot, Resume.bytes, this.recordsMax);
    if (word < 0) return false;
    this.target.i32[word + 2] = flags;
    return true;
  }

  /** What the worker's overload asks of the room. */
  overload(level: number): boolean {
    return this.#word(Overload.kind, level);
  }

  /** 1000 is real time. */
  dilation(permille: number): boolean {
    return this.#word(Dilation.kind, permille);
  }

  #word(kind: number, value: number): boolean {
    const word = this.#header(kind, 0, 4, this.recordsMax);
    if (word < 0) return false;
    this.target.i32[word + 2] = value;
    return true;
  }

  /** A command after the plugin's: a reliable message, with its kind byte, to a slot or to EVERYBODY. */
  send(slot: number, message: Uint8Array): boolean {
    const bytes = Send.bytes + message.length;
    const word = this.#header(COMMAND.send.kind, slot, bytes, this.target.inputBytes);
    if (word < 0) return false;
    const { i32, u8 } = this.target;
    i32[word + 2] = EVERYBODY;
    const at = (word + 3) << 2;
    u8.fill(0, at, at + ((message.length + 3) & ~3));
    u8.set(message, at);
    return true;
  }

  /** Word index of a new record with its header written, or -1. */
  #header(kind: number, index: number, length: number, limit: number): number {
    const bytes = RecordHeader.bytes + ((length + 3) & ~3);
    if (this.at + bytes > limit) return -1;
    const { i32, input } = this.target;
    const word = (input + this.at) >> 2;
    i32[word] = kind | (index << 16);
    i32[word + 1] = length;
    this.at += bytes;
    return word;
  }
}

/** Slot index of `Send` that means all; also its `except` that means nobody. */
export const EVERYBODY = 0xffff;
