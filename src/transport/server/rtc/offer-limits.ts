/** How many offers may come, of all networks and of each. Pure and bounded. */
import { Bucket, PrefixRates } from '../../../limits.ts';

export interface OfferRates {
  /** Offers of all addresses, 1/s; a second of them may come at once. */
  readonly perSecond: number;
  /** The same for one address prefix; four seconds of them may come at once. */
  readonly perAddressPerSecond: number;
}

export class OfferLimits {
  readonly #whole: Bucket;
  readonly #prefixes: PrefixRates;

  constructor({ perSecond, perAddressPerSecond }: OfferRates, nowMs: number) {
    this.#whole = new Bucket(perSecond, perSecond, 1000 * nowMs);
    this.#prefixes = new PrefixRates(perAddressPerSecond, PREFIXES_MAX);
  }

  /** Address prefixes remembered. */
  get size(): number {
    return this.#prefixes.size;
  }

  /** Charges an offer; false: too many. An address that is over its limit costs the others nothing. */
  take(address: string, nowMs: number): boolean {
    const nowUs = 1000 * nowMs;
    const passes = this.#whole.has(nowUs) && this.#prefixes.take(address, nowUs);
    return passes && this.#whole.take(nowUs);
  }
}

/** Prefixes remembered; 4,096 are some 0.5 MB. */
const PREFIXES_MAX = 4096;
