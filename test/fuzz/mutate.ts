/** Seeded mutation of bytes: flips, limits of integers, cuts, copies, words of a dictionary, two inputs crossed. */

/** A small generator (sfc32): the same seed makes the same run. */
export class Chance {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number) {
    this.#a = seed >>> 0;
    this.#b = 0x9e37_79b9;
    this.#c = 0x243f_6a88;
    for (let i = 0; i < 12; i += 1) this.next();
  }

  /** 32 random bits. */
  next(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** 0..n-1. */
  below(n: number): number {
    return Math.floor((this.next() / 0x1_0000_0000) * n);
  }
}

/** Makes inputs from a corpus, in a buffer of its own that the next call overwrites. */
export class Mutator {
  readonly #chance: Chance;
  readonly #buffer: Uint8Array;
  readonly #words: readonly Uint8Array[];
  #length = 0;

  /** `words`: what makes sense anywhere in an input, for example the tags of a format. */
  constructor(chance: Chance, bytesMax: number, words: readonly Uint8Array[]) {
    this.#chance = chance;
    this.#buffer = new Uint8Array(bytesMax);
    this.#words = words;
  }

  /** The next input. Valid until the following call. */
  make(corpus: readonly Uint8Array[]): Uint8Array {
    const chance = this.#chance;
    const base = corpus[chance.below(corpus.length)];
    this.#length = 0;
    if (base !== undefined && chance.below(40) !== 0) this.#insert(base, 0, base.length);
    else this.#random(chance.below(64));
    if (chance.below(6) === 0) this.#cross(corpus[chance.below(corpus.length)]);
    for (let left = 1 << chance.below(5); left > 0; left -= 1) this.#change();
    return this.#buffer.subarray(0, this.#length);
  }

  #change(): void {
    const chance = this.#chance;
    const at = chance.below(this.#length + 1);
    const buffer = this.#buffer;
    switch (chance.below(11)) {
      case 0:
      case 1:
        if (at < this.#length) buffer[at] = (buffer[at] as number) ^ (1 << chance.below(8));
        break;
      case 2:
        if (at < this.#length) buffer[at] = chance.next();
        break;
      case 3:
        if (at < this.#length) buffer[at] = (buffer[at] as number) + chance.below(17) - 8;
        break;
      case 4:
        this.#limit(at);
        break;
      case 5:
        this.#remove(at, 1 + chance.below(chance.below(4) === 0 ? this.#length + 1 : 4));
        break;
      case 6:
        this.#random(1 + chance.below(chance.below(4) === 0 ? 64 : 4), at);
        break;
      case 7:
        this.#repeat(at);
        break;
      case 8:
      case 9:
        this.#word(at);
        break;
      default:
        if (at + 1 < this.#length) this.#swap(at);
    }
  }

  /** An integer that lies at a limit, over what stands there. */
  #limit(at: number): void {
    const bytes = 1 << this.#chance.below(4);
    const value = LIMITS[this.#chance.below(LIMITS.length)] as bigint;
    const big = this.#chance.below(4) === 0;
    for (let k = 0; k < bytes && at + k < this.#length; k += 1)
      this.#buffer[at + (big ? bytes - 1 - k : k)] = Number((value >> BigInt(8 * k)) & 0xffn);
  }

  #word(at: number): void {
    const word = this.#words[this.#chance.below(this.#words.length)];
    if (word === undefined) return;
    if (this.#chance.below(2) === 0) this.#insert(word, 0, word.length, at);
    else this.#buffer.set(word.subarray(0, Math.max(0, this.#length - at)), at);
  }

  #cross(other: Uint8Array | undefined): void {
    if (other === undefined) return;
    const from = this.#chance.below(other.length + 1);
    const to = from + this.#chance.below(other.length - from + 1);
    this.#insert(other, from, to, this.#chance.below(this.#length + 1));
  }

  #repeat(at: number): void {
    const bytes = 1 + this.#chance.below(Math.min(64, this.#length - at + 1));
    const part = this.#buffer.slice(at, Math.min(this.#length, at + bytes));
    for (let times = 1 + this.#chance.below(3); times > 0; times -= 1)
      this.#insert(part, 0, part.length, at);
  }

  #swap(at: number): void {
    const other = this.#chance.below(this.#length);
    const held = this.#buffer[at] as number;
    this.#buffer[at] = this.#buffer[other] as number;
    this.#buffer[other] = held;
  }

  #random(bytes: number, at = this.#length): void {
    const part = new Uint8Array(bytes);
    for (let k = 0; k < bytes; k += 1) part[k] = this.#chance.next();
    this.#insert(part, 0, bytes, at);
  }

  #remove(at: number, bytes: number): void {
    const end = Math.min(this.#length, at + bytes);
    this.#buffer.copyWithin(at, end, this.#length);
    this.#length -= Math.max(0, end - at);
  }

  /** Puts `source[from..to]` in before `at`; what does not fit falls off the end. */
  #insert(source: Uint8Array, from: number, to: number, at = this.#length): void {
    const buffer = this.#buffer;
    const bytes = Math.min(to - from, buffer.length - at);
    buffer.copyWithin(at + bytes, at, Math.min(this.#length, buffer.length - bytes));
    buffer.set(source.subarray(from, from + bytes), at);
    this.#length = Math.min(buffer.length, this.#length + bytes);
  }
}

const LIMITS = [0n, 1n, 0x7fn, 0x80n, 0xffn, 0x7fffn, 0x8000n, 0xffffn, 0x1_0000n].concat([
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  0x7fff_ffff_ffff_ffffn,
  0xffff_ffff_ffff_ffffn,
  1120n,
  1121n,
  2048n,
]);
