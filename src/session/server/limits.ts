/** Limits of what sessions and their addresses may ask for. Pure and bounded. */
import { addressPrefix, BURST_SECONDS, Bucket, forgetSome } from '../../limits.ts';

/** Packets and bytes of every session, in flat arrays: two buckets of one second's depth each. O(1), no allocation. */
export class SessionRates {
  readonly #packetsPerSecond: number;
  readonly #bytesPerSecond: number;
  readonly #packets: Float64Array;
  readonly #bytes: Float64Array;
  readonly #refilledUs: Float64Array;

  constructor(capacity: number, packetsPerSecond: number, bytesPerSecond: number) {
    this.#packetsPerSecond = packetsPerSecond;
    this.#bytesPerSecond = bytesPerSecond;
    this.#packets = new Float64Array(capacity);
    this.#bytes = new Float64Array(capacity);
    this.#refilledUs = new Float64Array(capacity);
  }

  reset(index: number, nowUs: number): void {
    this.#packets[index] = this.#packetsPerSecond;
    this.#bytes[index] = this.#bytesPerSecond;
    this.#refilledUs[index] = nowUs;
  }

  /** False: over the limit; nothing is charged then, so that what is allowed still passes during a flood. */
  take(index: number, bytes: number, nowUs: number): boolean {
    const seconds = Math.max(0, nowUs - (this.#refilledUs[index] ?? 0)) / 1e6;
    const packetsLeft = Math.min(
      this.#packetsPerSecond,
      (this.#packets[index] ?? 0) + seconds * this.#packetsPerSecond,
    );
    const bytesLeft = Math.min(
      this.#bytesPerSecond,
      (this.#bytes[index] ?? 0) + seconds * this.#bytesPerSecond,
    );
    const passes = packetsLeft >= 1 && bytesLeft >= bytes;
    this.#packets[index] = passes ? packetsLeft - 1 : packetsLeft;
    this.#bytes[index] = passes ? bytesLeft - bytes : bytesLeft;
    if (seconds > 0) this.#refilledUs[index] = nowUs;
    return passes;
  }
}

export interface AddressLimits {
  readonly pipesPerAddressMax: number;
  readonly sessionsPerAddressMax: number;
  readonly hellosPerAddressPerSecond: number;
  /** Addresses remembered. Those with open pipes or sessions always are; of the others the oldest is forgotten first. */
  readonly addressesMax: number;
}

interface AddressEntry {
  pipes: number;
  sessions: number;
  readonly hellos: Bucket;
}

/**
 * What each address has open and has lately asked for. An address is an IPv4 address or an IPv6 /56, which is what one
 * subscriber usually holds.
 */
export class AddressLedger {
  readonly #limits: AddressLimits;
  readonly #busy = new Map<string, AddressEntry>();
  /** Without pipe or session, oldest first; kept until the bucket is full again. */
  readonly #idle = new Map<string, AddressEntry>();

  constructor(limits: AddressLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#busy.size + this.#idle.size;
  }

  /** Counts a pipe in; false: the address has as many as it may. */
  open(address: string, nowUs: number): boolean {
    const key = addressPrefix(address);
    const busy = this.#busy.get(key);
    if (busy !== undefined) {
      if (busy.pipes >= this.#limits.pipesPerAddressMax) return false;
      busy.pipes += 1;
      return true;
    }
    const entry = this.#idle.get(key) ?? this.#entry(nowUs);
    this.#idle.delete(key);
    entry.pipes = 1;
    this.#busy.set(key, entry);
    this.#forget(nowUs);
    return true;
  }

  close(address: string): void {
    const key = addressPrefix(address);
    const entry = this.#busy.get(key);
    if (entry === undefined) return;
    entry.pipes -= 1;
    this.#rest(key, entry);
  }

  /** Counts a session of an open pipe in; false: the address has as many as it may. */
  openSession(address: string): boolean {
    const entry = this.#busy.get(addressPrefix(address));
    if (entry === undefined || entry.sessions >= this.#limits.sessionsPerAddressMax) return false;
    entry.sessions += 1;
    return true;
  }

  closeSession(address: string): void {
    const key = addressPrefix(address);
    const entry = this.#busy.get(key);
    if (entry === undefined) return;
    entry.sessions -= 1;
    this.#rest(key, entry);
  }

  /** A new handshake of an address, or a token for one; false: too many. */
  hello(address: string, nowUs: number): boolean {
    const key = addressPrefix(address);
    const known = this.#busy.get(key) ?? this.#idle.get(key);
    if (known !== undefined) return known.hellos.take(nowUs);
    const entry = this.#entry(nowUs);
    // First: whoever has asked for nothing is forgotten first.
    const passes = entry.hellos.take(nowUs);
    this.#idle.set(key, entry);
    this.#forget(nowUs);
    return passes;
  }

  /** Whether one more pipe has a place. */
  admits(address: string): boolean {
    return this.pipes(address) < this.#limits.pipesPerAddressMax;
  }

  pipes(address: string): number {
    return this.#busy.get(addressPrefix(address))?.pipes ?? 0;
  }

  /** Forgets addresses that ask for nothing any more: a few per call. */
  sweep(nowUs: number): void {
    forgetSome(this.#idle, ({ hellos }) => hellos.isFull(nowUs));
  }

  #entry(nowUs: number): AddressEntry {
    const perSecond = this.#limits.hellosPerAddressPerSecond;
    const hellos = new Bucket(perSecond, perSecond * BURST_SECONDS, nowUs);
    return { pipes: 0, sessions: 0, hellos };
  }

  #rest(key: string, entry: AddressEntry): void {
    if (entry.pipes > 0 || entry.sessions > 0) return;
    this.#busy.delete(key);
    this.#idle.set(key, entry);
  }

  #forget(nowUs: number): void {
    if (this.size <= this.#limits.addressesMax) return;
    this.sweep(nowUs);
    for (const key of this.#idle.keys()) {
      if (this.size <= this.#limits.addressesMax) return;
      this.#idle.delete(key);
    }
  }
}
