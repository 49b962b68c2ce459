/** How many offers may come: token buckets for the whole server and per address prefix. Pure and bounded. */

export interface OfferRates {
  /** Offers of all addresses, 1/s; a second of them may come at once. */
  readonly perSecond: number;
  /** The same for one address prefix; four seconds of them may come at once. */
  readonly perAddressPerSecond: number;
}

interface Bucket {
  left: number;
  atMs: number;
}

export class OfferLimits {
  readonly #rates: OfferRates;
  readonly #whole: Bucket;
  /** By address prefix, the longest unused first. */
  readonly #prefixes = new Map<string, Bucket>();

  constructor(rates: OfferRates, nowMs: number) {
    this.#rates = rates;
    this.#whole = { left: rates.perSecond, atMs: nowMs };
  }

  /** Address prefixes remembered. */
  get size(): number {
    return this.#prefixes.size;
  }

  /** Charges an offer; false: too many. An address that is over its limit costs the others nothing. */
  take(address: string, nowMs: number): boolean {
    const { perSecond, perAddressPerSecond } = this.#rates;
    const key = offerPrefix(address);
    const depth = perAddressPerSecond * BURST_SECONDS;
    const own = this.#prefixes.get(key) ?? { left: depth, atMs: nowMs };
    this.#prefixes.delete(key);
    this.#prefixes.set(key, own);
    if (this.#prefixes.size > PREFIXES_MAX) this.#forgetOldest();
    refill(own, { perSecond: perAddressPerSecond, depth }, nowMs);
    refill(this.#whole, { perSecond, depth: perSecond }, nowMs);
    if (own.left < 1 || this.#whole.left < 1) return false;
    own.left -= 1;
    this.#whole.left -= 1;
    return true;
  }

  #forgetOldest(): void {
    for (const key of this.#prefixes.keys()) {
      this.#prefixes.delete(key);
      return;
    }
  }
}

function refill(
  bucket: Bucket,
  rate: { readonly perSecond: number; readonly depth: number },
  nowMs: number,
): void {
  const seconds = Math.max(0, nowMs - bucket.atMs) / 1000;
  bucket.left = Math.min(rate.depth, bucket.left + seconds * rate.perSecond);
  bucket.atMs = Math.max(bucket.atMs, nowMs);
}

/** IPv4 /24, IPv6 /56: what one network usually holds. Text that is no address stands for itself. */
export function offerPrefix(address: string): string {
  const four = /^(\d{1,3}\.\d{1,3}\.\d{1,3})\.\d{1,3}$/.exec(address)?.[1];
  if (four !== undefined) return four;
  const [left = '', right] = address.split('::');
  const head = left === '' ? [] : left.split(':');
  const tail = right === undefined || right === '' ? [] : right.split(':');
  if (right !== undefined) while (head.length + tail.length < 8) head.push('0');
  const words = [...head, ...tail].slice(0, 4).map((word) => Number.parseInt(word, 16));
  if (words.length < 4 || words.some((word) => !(word >= 0 && word <= 0xffff))) return address;
  words[3] = (words[3] as number) & 0xff00;
  return words.map((word) => word.toString(16)).join(':');
}

/** Seconds. 50 bots of one machine come at once. */
const BURST_SECONDS = 4;
/** Prefixes remembered; 4,096 are some 0.5 MB. */
const PREFIXES_MAX = 4096;
