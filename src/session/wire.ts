/**
 * As much of protobuf's wire format as the control messages of a client need, in the fewest bytes: a page loads this. The
 * library that servers use costs a page 4 KB gzipped; tests hold both against each other.
 */

export const WIRE = { varint: 0, bits64: 1, bytes: 2, bits32: 5 } as const;

/** Reads fields one after another. Throws on bytes that do not parse; nothing is read beyond the end. */
export class WireReader {
  /** Number and wire type of the field that `next` found. */
  field = 0;
  type = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** False: no field is left. */
  next(): boolean {
    if (this.#at >= this.#bytes.length) return false;
    const start = this.#at;
    const tag = this.uint32();
    // A tag is 32 bits: five bytes at most, and of the fifth the low four bits.
    const length = this.#at - start;
    if (length > 5 || (length === 5 && this.#view.getUint8(this.#at - 1) > 15))
      throw new RangeError('tag');
    this.field = tag >>> 3;
    this.type = tag & 7;
    if (this.field === 0) throw new RangeError('field 0');
    return true;
  }

  /** The low 32 bits of a varint. */
  uint32(): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#view.getUint8(this.#at);
      this.#at += 1;
      if (shift < 32) value |= (byte & 127) << shift;
      if (byte < 128) return value >>> 0;
    }
    throw new RangeError('varint');
  }

  bytes(): Uint8Array {
    const length = this.uint32();
    return this.#bytes.subarray(this.#at, this.#pass(length));
  }

  string(): string {
    return decoder.decode(this.bytes());
  }

  fixed32(): number {
    return this.#view.getUint32(this.#pass(4) - 4, true);
  }

  fixed64(): bigint {
    return this.#view.getBigUint64(this.#pass(8) - 8, true);
  }

  /** Passes the value of a field that is not known. */
  skip(): void {
    const { type } = this;
    if (type === WIRE.varint) {
      // Of any length: the generated codec does not count the bytes of what it passes.
      while (this.#view.getUint8(this.#at++) > 127);
    } else if (type === WIRE.bytes) this.bytes();
    else if (type === WIRE.bits64) this.#pass(8);
    else if (type === WIRE.bits32) this.#pass(4);
    else throw new RangeError('wire type');
  }

  #pass(bytes: number): number {
    this.#at += bytes;
    if (this.#at > this.#bytes.length) throw new RangeError('end');
    return this.#at;
  }
}

/** Appends a field of bytes or text to a message under way. */
export function writeBytes(into: number[], field: number, value: string | readonly number[]): void {
  const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value;
  into.push((field << 3) | WIRE.bytes);
  for (let left = bytes.length; ; left >>>= 7) {
    if (left < 128) {
      into.push(left);
      break;
    }
    into.push((left & 127) | 128);
  }
  for (const byte of bytes) into.push(byte);
}

export function writeBool(into: number[], field: number, value: boolean): void {
  into.push(field << 3, value ? 1 : 0);
}

export function writeUint32(into: number[], field: number, value: number): void {
  into.push(field << 3);
  let left = value >>> 0;
  for (; left > 127; left >>>= 7) into.push((left & 127) | 128);
  into.push(left);
}

export function writeFixed64(into: number[], field: number, value: bigint): void {
  into.push((field << 3) | WIRE.bits64);
  for (let shift = 0n; shift < 64n; shift += 8n) into.push(Number((value >> shift) & 255n));
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
