/** An input read as a program: numbers and parts off its front, zeros once it has run out. */
export class Program {
  #input: Uint8Array = NONE;
  #at = 0;

  reset(input: Uint8Array): this {
    this.#input = input;
    this.#at = 0;
    return this;
  }

  get over(): boolean {
    return this.#at >= this.#input.length;
  }

  byte(): number {
    const value = this.#input[this.#at] ?? 0;
    this.#at += 1;
    return value;
  }

  word(): number {
    return (this.byte() | (this.byte() << 8) | (this.byte() << 16) | (this.byte() << 24)) >>> 0;
  }

  /** The next bytes; their number stands before them in two. */
  part(most: number): Uint8Array {
    const length = (this.byte() | (this.byte() << 8)) % (most + 1);
    const part = this.#input.subarray(this.#at, this.#at + length);
    this.#at += part.length;
    return part;
  }
}

/** Fails with what was to hold. */
export function claim(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

/** Parts one after another, each with its length before it. */
export function parts(...all: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const bytes: number[] = [];
  for (const part of all) bytes.push(part.length & 255, part.length >> 8, ...part);
  return Uint8Array.from(bytes);
}

export function join(...all: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  return Uint8Array.from(all.flatMap((part) => [...part]));
}

const NONE = new Uint8Array(0);
