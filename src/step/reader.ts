/** Bytes of a WebAssembly module, read from a place on; whatever does not parse throws E_STEP. */
import { FrayError } from '../errors.ts';

export class Reader {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  get isDone(): boolean {
    return this.at >= this.end;
  }

  byte(): number {
    const value = this.at < this.end ? this.bytes[this.at] : undefined;
    if (value === undefined) throw refused('it ends too early');
    this.at += 1;
    return value;
  }

  /** An unsigned LEB128 number of at most 32 bits. */
  u32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        if (value > 0xffffffff) break;
        return value;
      }
    }
    throw refused(`a number at byte ${this.at} is too long`);
  }

  /** Passes a signed LEB128 number of at most `bits` bits. */
  signed(bits: number): void {
    const bytesMax = Math.ceil(bits / 7);
    for (let count = 1; count <= bytesMax; count += 1) if (this.byte() < 0x80) return;
    throw refused(`a number at byte ${this.at} is too long`);
  }

  /** What a vector of bytes holds. */
  span(): Reader {
    const length = this.u32();
    const part = new Reader(this.bytes, this.at, this.at + length);
    if (part.end > this.end) throw refused('it ends too early');
    this.at = part.end;
    return part;
  }

  /** The bytes from a place up to here. */
  since(from: number): Uint8Array {
    return this.bytes.subarray(from, this.at);
  }
}

export function refused(why: string): FrayError {
  return new FrayError('E_STEP', `Cannot use the step: ${why}`);
}

/** An unsigned LEB128 number. */
export function u32(value: number): number[] {
  const bytes: number[] = [];
  for (let left = value; ; left = Math.floor(left / 128)) {
    if (left < 128) return [...bytes, left];
    bytes.push((left % 128) | 0x80);
  }
}

/** A signed LEB128 number of 32 bits. */
export function s32(value: number): number[] {
  const bytes: number[] = [];
  for (let left = value | 0; ; left >>= 7) {
    const low = left & 0x7f;
    if (left >> 6 === 0 || left >> 6 === -1) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}

/** A vector: its length, then what it holds. */
export function vector(items: readonly (readonly number[] | Uint8Array)[]): number[] {
  return [...u32(items.length), ...items.flatMap((item) => [...item])];
}

/** Bytes with their count before. */
export function sized(bytes: readonly number[]): number[] {
  return [...u32(bytes.length), ...bytes];
}
