/** Bit streams and bucketed numbers, from section 1 of protocol/SPEC.md. */

/** Thrown for bytes that no sender makes; caught where a datagram comes in. */
export class Malformed extends Error {
  override readonly name = 'Malformed';
}

/** The bucket widths of the number sets. */
export const SETS = {
  RESIDUAL: [2, 5, 9, 32],
  OWN: [8, 14, 18, 32],
  AMOUNT: [6, 9, 14, 32],
  COUNT: [1, 3, 6, 12],
  GENERATION: [1, 4, 8, 16],
} as const;

export type NumberSet = (typeof SETS)[keyof typeof SETS];

/** Bits that hold 0..n. */
export function bitsFor(n: number): number {
  return n <= 0 ? 0 : 32 - Math.clz32(n);
}

export class BitReader {
  readonly #bytes: Uint8Array;
  #at: number;

  /** Reads from byte `start` on. */
  constructor(bytes: Uint8Array, start = 0) {
    this.#bytes = bytes;
    this.#at = start * 8;
  }

  /** Bits from the start of the bytes. */
  get position(): number {
    return this.#at;
  }

  u(bits: number): number {
    if (this.#at + bits > this.#bytes.length * 8) throw new Malformed('past the end');
    let value = 0;
    for (let done = 0; done < bits; ) {
      const offset = this.#at & 7;
      const take = Math.min(8 - offset, bits - done);
      const part = ((this.#bytes[this.#at >> 3] ?? 0) >> offset) & ((1 << take) - 1);
      value += part * 2 ** done;
      done += take;
      this.#at += take;
    }
    return value;
  }

  s(bits: number): number {
    const value = this.u(bits);
    return value >= 2 ** (bits - 1) ? value - 2 ** bits : value;
  }

  bit(): boolean {
    return this.u(1) === 1;
  }

  number(set: NumberSet): number {
    return this.u(set[this.u(2)] ?? 0);
  }

  signed(set: NumberSet): number {
    const value = this.number(set);
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.u(8));
  }

  /** The stream has to end within its last byte, and only zeros may fill that up. */
  end(): void {
    const left = this.#bytes.length * 8 - this.#at;
    if (left > 7) throw new Malformed(`${left} bits are left over`);
    if (this.u(left) !== 0) throw new Malformed('a bit behind the end is set');
  }
}

export class BitWriter {
  readonly #bytes: number[] = [];
  #bits = 0;

  get bits(): number {
    return this.#bits;
  }

  /** Writes the low bits of a number, so the same serves u(n) and s(n). */
  put(bits: number, value: number): void {
    for (let k = 0; k < bits; k += 1) {
      if ((this.#bits & 7) === 0) this.#bytes.push(0);
      const set = Math.floor(value / 2 ** k) & 1;
      if (set === 1) this.#bytes[this.#bits >> 3]! |= 1 << (this.#bits & 7);
      this.#bits += 1;
    }
  }

  number(set: NumberSet, value: number): void {
    const bucket = set.findIndex((bits) => value < 2 ** bits);
    this.put(2, bucket);
    this.put(set[bucket] ?? 0, value);
  }

  signed(set: NumberSet, value: number): void {
    this.number(set, value < 0 ? -2 * value - 1 : 2 * value);
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}
