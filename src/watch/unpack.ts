/**
 * What reading a journal needs where there is no zlib: CRC-32, and raw deflate (RFC 1951) with a dictionary. A browser's
 * `DecompressionStream` knows no dictionary, and answers later: a journal is twenty small blocks a second, each against the last.
 */
import type { ReadTools } from '../../workers/journal-format.ts';

/** For `JournalReader`, wherever there is JavaScript. `inflate` throws a RangeError for what is none. */
export const pageTools: ReadTools = { crc, inflate };

function crc(bytes: Uint8Array, value: number): number {
  let rest = ~value;
  for (let i = 0; i < bytes.length; i += 1)
    rest = (CRC_TABLE[(rest ^ (bytes[i] as number)) & 255] as number) ^ (rest >>> 8);
  return ~rest >>> 0;
}

function inflate(packed: Uint8Array, dictionary: Uint8Array, bytesMax: number): Uint8Array {
  const out = new Uint8Array(dictionary.length + bytesMax);
  out.set(dictionary);
  const run = new Inflate(packed, out, dictionary.length);
  while (run.block()) {
    // The next block follows.
  }
  return out.subarray(dictionary.length, run.at);
}

class Inflate {
  /** Where the next byte goes. */
  at: number;
  readonly #packed: Uint8Array;
  readonly #out: Uint8Array;
  #next = 0;
  /** Bits that were taken from `packed` and not used yet, the next one lowest. */
  #bits = 0;
  #count = 0;

  constructor(packed: Uint8Array, out: Uint8Array, at: number) {
    this.#packed = packed;
    this.#out = out;
    this.at = at;
  }

  /** One block. False: it was the last. */
  block(): boolean {
    const last = this.#take(1) === 1;
    const kind = this.#take(2);
    if (kind === 0) this.#stored();
    else if (kind === 1) this.#coded(FIXED_LITERALS, FIXED_DISTANCES);
    else if (kind === 2) this.#dynamic();
    else throw new RangeError('no such kind of block');
    return !last;
  }

  #take(count: number): number {
    while (this.#count < count) this.#fill();
    const value = this.#bits & ((1 << count) - 1);
    this.#bits >>>= count;
    this.#count -= count;
    return value;
  }

  #fill(): void {
    if (this.#next >= this.#packed.length) throw new RangeError('it ends too soon');
    this.#bits |= (this.#packed[this.#next] as number) << this.#count;
    this.#next += 1;
    this.#count += 8;
  }

  #stored(): void {
    // Whole bytes that were taken early are given back.
    this.#next -= this.#count >> 3;
    this.#bits = 0;
    this.#count = 0;
    const length = this.#take(16);
    if (this.#take(16) !== (~length & 0xffff)) throw new RangeError('a length is wrong');
    const from = this.#packed.subarray(this.#next, this.#next + length);
    if (from.length < length || this.at + length > this.#out.length)
      throw new RangeError('it is too long');
    this.#out.set(from, this.at);
    this.#next += length;
    this.at += length;
  }

  #dynamic(): void {
    const literals = this.#take(5) + 257;
    const distances = this.#take(5) + 1;
    const count = this.#take(4) + 4;
    const lengths = new Uint8Array(LENGTH_ORDER.length);
    for (let i = 0; i < count; i += 1) lengths[LENGTH_ORDER[i] as number] = this.#take(3);
    const code = new Code(lengths);
    const all = new Uint8Array(literals + distances);
    for (let i = 0; i < all.length; ) {
      const symbol = this.#symbol(code);
      if (symbol < 16) all[i++] = symbol;
      else {
        if (symbol === 16 && i === 0) throw new RangeError('nothing to repeat');
        const value = symbol === 16 ? (all[i - 1] as number) : 0;
        const times =
          symbol === 16
            ? 3 + this.#take(2)
            : symbol === 17
              ? 3 + this.#take(3)
              : 11 + this.#take(7);
        if (i + times > all.length) throw new RangeError('too many lengths');
        all.fill(value, i, i + times);
        i += times;
      }
    }
    this.#coded(new Code(all.subarray(0, literals)), new Code(all.subarray(literals)));
  }

  #coded(literals: Code, distances: Code): void {
    const out = this.#out;
    for (;;) {
      const symbol = this.#symbol(literals);
      if (symbol === 256) return;
      if (symbol < 256) {
        if (this.at >= out.length) throw new RangeError('it is too long');
        out[this.at] = symbol;
        this.at += 1;
        continue;
      }
      const [base, bits] = pick(LENGTHS, symbol - 257);
      const length = base + this.#take(bits);
      const [far, farBits] = pick(DISTANCES, this.#symbol(distances));
      const distance = far + this.#take(farBits);
      if (distance > this.at || this.at + length > out.length)
        throw new RangeError('it refers to nothing');
      // Byte by byte: what is copied may be what was just written.
      for (let end = this.at + length; this.at < end; this.at += 1)
        out[this.at] = out[this.at - distance] as number;
    }
  }

  #symbol(code: Code): number {
    while (this.#count < FAST_BITS && this.#next < this.#packed.length) this.#fill();
    const entry = code.fast[this.#bits & FAST_MASK] as number;
    const length = entry & 15;
    if (length === 0) return this.#slow(code);
    if (length > this.#count) throw new RangeError('it ends too soon');
    this.#bits >>>= length;
    this.#count -= length;
    return entry >> 4;
  }

  /** A code that is longer than the table, bit by bit. */
  #slow({ counts, symbols }: Code): number {
    let [code, first, index] = [0, 0, 0];
    for (let length = 1; length <= CODE_BITS_MAX; length += 1) {
      code |= this.#take(1);
      const count = counts[length] as number;
      if (code - first < count) return symbols[index + code - first] as number;
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    throw new RangeError('no such code');
  }
}

/** A canonical Huffman code: symbols in the order of their codes, and a table by the next `FAST_BITS` bits. */
class Code {
  readonly counts = new Uint16Array(CODE_BITS_MAX + 1);
  readonly symbols: Uint16Array;
  /** symbol << 4 | length; 0: the code is longer, or there is none. */
  readonly fast = new Uint16Array(1 << FAST_BITS);

  constructor(lengths: Uint8Array) {
    for (const length of lengths) (this.counts[length] as number) += 1;
    this.counts[0] = 0;
    const places = new Uint16Array(CODE_BITS_MAX + 2);
    const codes = new Uint16Array(CODE_BITS_MAX + 2);
    let left = 1;
    for (let length = 1; length <= CODE_BITS_MAX; length += 1) {
      const count = this.counts[length] as number;
      left = (left << 1) - count;
      if (left < 0) throw new RangeError('more codes than there can be');
      places[length + 1] = (places[length] as number) + count;
      codes[length + 1] = ((codes[length] as number) + count) << 1;
    }
    this.symbols = new Uint16Array(lengths.length);
    lengths.forEach((length, symbol) => {
      if (length === 0) return;
      const [place, code] = [places[length] as number, codes[length] as number];
      places[length] = place + 1;
      codes[length] = code + 1;
      this.symbols[place] = symbol;
      if (length > FAST_BITS) return;
      for (let k = reversed(code, length); k < this.fast.length; k += 1 << length)
        this.fast[k] = (symbol << 4) | length;
    });
  }
}

function reversed(code: number, length: number): number {
  let turned = 0;
  for (let bit = 0; bit < length; bit += 1) turned |= ((code >> bit) & 1) << (length - 1 - bit);
  return turned;
}

function pick(
  table: readonly (readonly [number, number])[],
  index: number,
): readonly [number, number] {
  const row = table[index];
  if (row === undefined) throw new RangeError('no such symbol');
  return row;
}

const CODE_BITS_MAX = 15;
const FAST_BITS = 9;
const FAST_MASK = (1 << FAST_BITS) - 1;
/** RFC 1951, 3.2.5: base and extra bits of symbols 257.., and of distances. */
const LENGTHS = [...rows(3, [8, 4, 4, 4, 4, 4]), [258, 0] as const];
const DISTANCES = rows(1, [4, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2]);
/** 3.2.7. */
const LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
/** 3.2.6. */
const FIXED_LITERALS = new Code(
  Uint8Array.from({ length: 288 }, (_, k) => (k < 144 ? 8 : k < 256 ? 9 : k < 280 ? 7 : 8)),
);
const FIXED_DISTANCES = new Code(new Uint8Array(30).fill(5));
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit += 1) rest = rest & 1 ? 0xedb88320 ^ (rest >>> 1) : rest >>> 1;
  return rest >>> 0;
});

/** So many rows with 0 extra bits, with 1, with 2, ...; each begins where the one before ends. */
function rows(first: number, counts: readonly number[]): (readonly [number, number])[] {
  const made: (readonly [number, number])[] = [];
  let base = first;
  counts.forEach((count, bits) => {
    for (let k = 0; k < count; k += 1) {
      made.push([base, bits]);
      base += 1 << bits;
    }
  });
  return made;
}
