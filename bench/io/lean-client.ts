/**
 * A client of the packet layer that costs next to nothing, written from protocol/SPEC.md: it reads the header, the reliable part and
 * the head of each snapshot (sections 4 and 6.1), acknowledges what came, and sends commands (section 5) like a player who walks and
 * turns. It decodes no entity; a share of real clients beside it does. Hundreds fit where one process could hold fifty real ones.
 */

/** Rates of W1: a new heading on so many of 1,000 ticks. */
const TURNS_PER_MILLE = 60;
const HEADER_BYTES = 13;
/** Commands that a packet repeats at most. */
const COMMANDS_MAX = 16;
/** Ticks that commands run ahead of the newest snapshot, least and most. */
const LEAD_MIN = 3;
const LEAD_MAX = 6;
const PACKET = 6;

export interface LeanPlace {
  readonly epoch: number;
  readonly tick: number;
  /** `inputButtons`, `inputPitch` and `inputAux` of the schema (SPEC.md section 2). Nobody looks up or down, or moves an axis. */
  readonly inputButtons: number;
  readonly inputPitch?: number;
  readonly inputAux?: number;
}

export class LeanClient {
  /** Packets that came, and how many of them were not newer than all before, did not parse, or had a check that is wrong. */
  received = 0;
  late = 0;
  broken = 0;
  /** Most ticks between two snapshots that came one after the other, since it was last set to 0. */
  gapTicksMax = 0;
  /** Tick of the newest snapshot. */
  tick: number;
  readonly #place: LeanPlace;
  readonly #zeros: number;
  readonly #out = new Bits();
  readonly #in = new Bits();
  /** Tick of the snapshot in the packet with sequence index; -1: none. */
  readonly #ticks = new Int32Array(256).fill(-1);
  readonly #commands = new Int32Array(64);
  #random: number;
  #sequence = 0;
  #newest = 0;
  #bits = 0;
  #command: number;

  constructor(place: LeanPlace, seed: number) {
    this.#place = place;
    this.#zeros = (place.inputPitch ?? 0) + (place.inputAux ?? 0);
    this.#random = seed | 1;
    this.tick = place.tick;
    this.#command = place.tick;
  }

  /** Takes a packet of the server. */
  receive(bytes: Uint8Array): void {
    this.received += 1;
    const sequence = (bytes[1] as number) | ((bytes[2] as number) << 8);
    const ahead = ((sequence - this.#newest) << 16) >> 16;
    if (ahead <= 0 && this.#newest !== 0) {
      this.late += 1;
      return;
    }
    const tick =
      checkOf(bytes, bytes.length, this.#place.epoch) === u32(bytes, 9)
        ? this.#tickOf(bytes, sequence)
        : -1;
    if (tick < 0) {
      this.broken += 1;
      return;
    }
    this.#bits =
      ahead > 32 ? 0 : ((ahead === 32 ? 0 : this.#bits << ahead) | (1 << (ahead - 1))) >>> 0;
    if (this.#newest === 0) this.#bits = 0;
    this.#newest = sequence;
    this.#ticks[sequence & 255] = tick;
    if (tick - this.tick > this.gapTicksMax) this.gapTicksMax = tick - this.tick;
    this.tick = tick;
  }

  /** The packet of this tick, into `bytes` from `offset` on; its length. */
  packet(bytes: Uint8Array, offset: number): number {
    this.#decide();
    const out = this.#out.write(bytes, offset + HEADER_BYTES);
    out.put(0, 1);
    this.#putCommands(out);
    const length = out.end() - offset;
    this.#sequence = (this.#sequence + 1) & 0xffff;
    bytes[offset] = PACKET | ((this.#place.epoch & 15) << 4);
    putU16(bytes, offset + 1, this.#sequence);
    putU16(bytes, offset + 3, this.#newest);
    putU32(bytes, offset + 5, this.#bits);
    const view = offset === 0 ? bytes : bytes.subarray(offset);
    putU32(bytes, offset + 9, checkOf(view, length, this.#place.epoch));
    return length;
  }

  /** The command of the next tick: it walks straight on, now and then another way. */
  #decide(): void {
    const next = Math.max(this.#command + 1, this.tick + LEAD_MIN);
    if (next > this.tick + LEAD_MAX) return;
    const before = this.#commands[this.#command & 63] as number;
    for (let tick = this.#command + 1; tick < next; tick += 1) this.#commands[tick & 63] = before;
    const turns = before === 0 || this.#chance() % 1000 < TURNS_PER_MILLE;
    this.#commands[next & 63] = turns ? this.#chance() | 1 : before;
    this.#command = next;
  }

  #putCommands(out: Bits): void {
    const count = Math.min(COMMANDS_MAX, this.#command - this.tick);
    out.put(Math.max(0, count), 5);
    if (count <= 0) return;
    out.put(this.#command & 0xffff, 16);
    out.put(this.#command >>> 16, 16);
    for (let i = 0; i < count; i += 1) {
      const controls = this.#commands[(this.#command - i) & 63] as number;
      if (i > 0) {
        const same = controls === this.#commands[(this.#command - i + 1) & 63];
        out.put(same ? 1 : 0, 1);
        if (same) continue;
      }
      // Buttons 0: nobody shoots, dashes or jumps. 24 bits of chance are a way to go and one to look.
      out.put(0, this.#place.inputButtons);
      out.put(axis(controls), 8);
      out.put(axis(controls >> 8), 8);
      out.put((controls >>> 8) & 0xffff, 16);
      for (let more = this.#zeros; more > 0; more -= 1) out.put(0, 16);
    }
  }

  /** Tick of a snapshot; -1: its reference is not known, or its head does not parse. */
  #tickOf(bytes: Uint8Array, sequence: number): number {
    const bits = this.#in.read(bytes, HEADER_BYTES);
    if (bits.take(1) === 1) {
      let fragments = bits.take(3) + 1;
      bits.take(16);
      for (; fragments > 0; fragments -= 1) {
        bits.take(6);
        const length = bits.take(8) + 1;
        bits.skip(1 + 8 * length);
      }
    }
    const back = bits.take(1) === 1 ? bits.take(3) + 1 : bits.take(8);
    if (bits.over) return -1;
    if (back === 0) return bits.take(16) + bits.take(16) * 65_536;
    const reference = this.#ticks[(sequence - back) & 255] as number;
    if (reference < 0) return -1;
    return reference + (bits.take(1) === 1 ? bits.take(8) : back);
  }

  #chance(): number {
    let x = this.#random;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#random = x;
    return x >>> 1;
  }
}

/** A bit stream, lowest bit first, up to 24 bits a call. */
class Bits {
  /** A reader ran past the end. */
  over = false;
  #bytes: Uint8Array = NOTHING;
  #at = 0;
  #word = 0;
  #held = 0;

  write(bytes: Uint8Array, offset: number): this {
    this.#bytes = bytes;
    this.#at = offset;
    this.#word = this.#held = 0;
    return this;
  }

  put(value: number, bits: number): void {
    this.#word |= (value & ((1 << bits) - 1)) << this.#held;
    this.#held += bits;
    for (; this.#held >= 8; this.#held -= 8) {
      this.#bytes[this.#at++] = this.#word & 0xff;
      this.#word >>>= 8;
    }
  }

  /** Fills up the last byte; the offset behind it. */
  end(): number {
    if (this.#held > 0) this.#bytes[this.#at++] = this.#word & 0xff;
    return this.#at;
  }

  read(bytes: Uint8Array, offset: number): this {
    this.#bytes = bytes;
    this.#at = offset * 8;
    this.over = false;
    return this;
  }

  take(bits: number): number {
    const at = this.#at >> 3;
    this.over ||= this.#at + bits > this.#bytes.length * 8;
    const word =
      (this.#bytes[at] ?? 0) |
      ((this.#bytes[at + 1] ?? 0) << 8) |
      ((this.#bytes[at + 2] ?? 0) << 16);
    const value = (word >>> (this.#at & 7)) & ((1 << bits) - 1);
    this.#at += bits;
    return value;
  }

  skip(bits: number): void {
    this.#at += bits;
  }
}

/** SPEC.md section 4, "Check". */
export function checkOf(bytes: Uint8Array, length: number, epoch: number): number {
  let sum = epoch ^ Math.imul(length, GOLDEN);
  sum = mix(sum, u32(bytes, 0));
  sum = mix(sum, u32(bytes, 4));
  sum = mix(sum, bytes[8] as number);
  let at = HEADER_BYTES;
  for (; at + 4 <= length; at += 4) sum = mix(sum, u32(bytes, at));
  let rest = 0;
  for (let i = 0; at + i < length; i += 1) rest |= (bytes[at + i] as number) << (8 * i);
  sum = mix(sum, rest);
  return (sum ^ (sum >>> 13)) >>> 0;
}

function mix(sum: number, word: number): number {
  const m = Math.imul(sum ^ word, GOLDEN);
  return m ^ (m >>> 15);
}

function u32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)) >>>
    0
  );
}

function putU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value & 0xff;
  bytes[at + 1] = (value >>> 8) & 0xff;
}

function putU32(bytes: Uint8Array, at: number, value: number): void {
  putU16(bytes, at, value & 0xffff);
  putU16(bytes, at + 2, value >>> 16);
}

/** -127..127. */
function axis(chance: number): number {
  return Math.max(-127, (chance << 24) >> 24);
}

const GOLDEN = 0x9e3779b1;
const NOTHING = new Uint8Array(0);
