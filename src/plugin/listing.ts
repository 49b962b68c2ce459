/**
 * Listings to go through with for…of without garbage: iterators and their results are kept and used again. A cursor is
 * an integer; -1 is before the first and after the last.
 */
import type { Listing } from './types.ts';

/** Where a listing's elements come from. */
export interface ListingSource<T> {
  /** Cursor of the element after `cursor`, or -1. */
  after(cursor: number): number;
  at(cursor: number): T;
}

export class ReusedListing<T> implements Listing<T> {
  readonly #source: ListingSource<T>;
  readonly #iterators: ReusedIterator<T>[] = [];

  constructor(source: ListingSource<T>) {
    this.#source = source;
  }

  get count(): number {
    let count = 0;
    for (let at = this.#source.after(-1); at >= 0; at = this.#source.after(at)) count += 1;
    return count;
  }

  [Symbol.iterator](): Iterator<T> {
    for (let at = 0; at < this.#iterators.length; at += 1) {
      const iterator = this.#iterators[at] as ReusedIterator<T>;
      if (!iterator.open) return iterator.restart();
    }
    const iterator = new ReusedIterator(this.#source);
    this.#iterators.push(iterator);
    return iterator.restart();
  }

  /** A hook starts: whatever an earlier one left half-way is free again. */
  reset(): void {
    for (let at = 0; at < this.#iterators.length; at += 1)
      (this.#iterators[at] as ReusedIterator<T>).open = false;
  }
}

class ReusedIterator<T> implements Iterator<T> {
  open = false;
  readonly #source: ListingSource<T>;
  readonly #result: { value: T | undefined; done: boolean } = { value: undefined, done: false };
  #cursor = -1;

  constructor(source: ListingSource<T>) {
    this.#source = source;
  }

  restart(): this {
    this.#cursor = -1;
    this.open = true;
    return this;
  }

  next(): IteratorResult<T> {
    this.#cursor = this.open ? this.#source.after(this.#cursor) : -1;
    this.open = this.#cursor >= 0;
    this.#result.done = !this.open;
    this.#result.value = this.open ? this.#source.at(this.#cursor) : undefined;
    return this.#result as IteratorResult<T>;
  }

  /** Called by for…of on break, return and throw. */
  return(): IteratorResult<T> {
    this.open = false;
    this.#result.done = true;
    this.#result.value = undefined;
    return this.#result as IteratorResult<T>;
  }
}
