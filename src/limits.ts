/**
 * How much an address, its network or everybody may ask for: rates by token buckets, and numbers at once. Pure and bounded; times
 * are us.
 */

/** A refilled allowance. Times are us and never go back; a step back counts as none. */
export class Bucket {
  readonly #perUs: number;
  readonly #depth: number;
  #left: number;
  #refilledUs: number;

  /** `depth`: how many may come at once. */
  constructor(perSecond: number, depth: number, nowUs: number) {
    this.#perUs = perSecond / 1e6;
    this.#depth = depth;
    this.#left = depth;
    this.#refilledUs = nowUs;
  }

  take(nowUs: number): boolean {
    const left = this.#at(nowUs);
    this.#refilledUs = Math.max(this.#refilledUs, nowUs);
    this.#left = left >= 1 ? left - 1 : left;
    return left >= 1;
  }

  /** Whether `take` would pass. */
  has(nowUs: number): boolean {
    return this.#at(nowUs) >= 1;
  }

  /** Nothing of it is in use: it can be forgotten. */
  isFull(nowUs: number): boolean {
    return this.#at(nowUs) >= this.#depth;
  }

  #at(nowUs: number): number {
    return Math.min(this.#depth, this.#left + Math.max(0, nowUs - this.#refilledUs) * this.#perUs);
  }
}

/** A rate for each network (`widePrefix`), four seconds of which may come at once. One is remembered until its allowance is full again. */
export class PrefixRates {
  readonly #perSecond: number;
  readonly #max: number;
  /** The one that asked for the longest time ago first. */
  readonly #buckets = new Map<string, Bucket>();

  /** `max`: prefixes remembered; of more, the one that has not asked for the longest time is forgotten. */
  constructor(perSecond: number, max: number) {
    this.#perSecond = perSecond;
    this.#max = max;
  }

  get size(): number {
    return this.#buckets.size;
  }

  take(address: string, nowUs: number): boolean {
    const key = widePrefix(address);
    const bucket =
      this.#buckets.get(key) ?? new Bucket(this.#perSecond, this.#perSecond * BURST_SECONDS, nowUs);
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    for (const oldest of this.#buckets.keys()) {
      if (this.#buckets.size <= this.#max) break;
      this.#buckets.delete(oldest);
    }
    return bucket.take(nowUs);
  }

  /** Forgets prefixes that ask for nothing any more: a few per call. */
  sweep(nowUs: number): void {
    forgetSome(this.#buckets, (bucket) => bucket.isFull(nowUs));
  }
}

/** How many of something each network has at once, and all together. */
export class Tally {
  readonly #max: number;
  readonly #perPrefixMax: number;
  readonly #counts = new Map<string, number>();
  #count = 0;

  /** `perPrefixMax`: by default half of all, 16 at least, so that no network holds them alone. */
  constructor(max: number, perPrefixMax = Math.max(16, max >> 1)) {
    this.#max = max;
    this.#perPrefixMax = perPrefixMax;
  }

  /** Of all networks. */
  get count(): number {
    return this.#count;
  }

  /** Why one more of `address` has no place: there are as many as may be, or as many of its network. Null: it has. */
  refusal(address: string): 'full' | 'address' | null {
    if (this.#count >= this.#max) return 'full';
    return (this.#counts.get(widePrefix(address)) ?? 0) >= this.#perPrefixMax ? 'address' : null;
  }

  enter(address: string): void {
    this.#add(widePrefix(address), 1);
  }

  leave(address: string): void {
    this.#add(widePrefix(address), -1);
  }

  #add(prefix: string, step: 1 | -1): void {
    const own = (this.#counts.get(prefix) ?? 0) + step;
    if (own > 0) this.#counts.set(prefix, own);
    else this.#counts.delete(prefix);
    this.#count += step;
  }
}

/** IPv4 /24, also where IPv6 wraps it; else as `addressPrefix`. */
export function widePrefix(address: string): string {
  const four = /^(?:::ffff:)?(\d{1,3}\.\d{1,3}\.\d{1,3})\.\d{1,3}$/i.exec(address);
  return four === null ? addressPrefix(address) : `${four[1]}.0/24`;
}

/** The part of an address that limits go by. Text that is no address stands for itself. */
export function addressPrefix(address: string): string {
  if (!address.includes(':')) return address;
  const [left = '', right] = address.split('::');
  const head = left === '' ? [] : left.split(':');
  const tail = right === undefined || right === '' ? [] : right.split(':');
  if (right !== undefined) while (head.length + tail.length < 8) head.push('0');
  const words = [...head, ...tail].slice(0, 4).map((word) => Number.parseInt(word, 16));
  if (words.length < 4 || words.some((word) => !(word >= 0 && word <= 0xffff))) return address;
  words[3] = (words[3] ?? 0) & 0xff00;
  return `${words.map((word) => word.toString(16)).join(':')}::/56`;
}

/** A bucket of an address holds this many seconds' worth: 50 bots of one machine come at once. */
export const BURST_SECONDS = 4;
/** Takes out of a map what is done with, and looks at `SWEEP_MAX` entries for it, the oldest. */
export function forgetSome<K, V>(entries: Map<K, V>, isDone: (entry: V) => boolean): void {
  let looks = SWEEP_MAX;
  for (const [key, entry] of entries) {
    looks -= 1;
    if (looks < 0) return;
    if (isDone(entry)) entries.delete(key);
  }
}

/** Entries that one sweep looks at. */
const SWEEP_MAX = 64;
