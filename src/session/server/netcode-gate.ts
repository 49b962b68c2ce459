/**
 * Which connect tokens the netcode server looks into, and how often: opening a private part takes some 10 us (50 on a busy machine), and anybody
 * can send one. All that is cheap comes before; then a budget for the whole server, and one for each address prefix (/24,
 * /56) in a table of fixed size, so that a flood from one place leaves the others their share and costs no memory.
 */
import type { ErrorCode } from '../../errors.ts';
import { Bucket, widePrefix } from '../../limits.ts';
import { ASSOCIATED } from '../netcode.ts';
import type { OpenedToken } from '../token.ts';
import { openTokenRequest, requestExpiryMs } from '../token.ts';
import { normalServer } from '../token-layout.ts';

export interface NetcodeGateOptions {
  /** Keys of connect tokens, the current one first. */
  readonly tokenKeys: readonly Uint8Array[];
  /** Public addresses of this server: a token must name one. `1.2.3.4:40000`, `[2001:db8::1]:40000`. */
  readonly servers: readonly string[];
  /** Milliseconds since 1970. */
  readonly unixMs: () => number;
  /** Fills with random bytes that nobody can foretell. */
  readonly random: (into: Uint8Array) => void;
  /** Private parts opened in a second, whoever asks; a quarter of them may come at once. Default 500: 1 to 3 % of a processor. */
  readonly opensPerSecond?: number;
  /** The same for one prefix; four seconds of them may come at once. Default 64. */
  readonly opensPerPrefixPerSecond?: number;
}

/** What the gate says of a request that it does not let through. */
export const GATE = {
  version: 'dropVersion',
  protocol: 'dropProtocol',
  expired: 'dropExpired',
  budget: 'dropOpens',
  prefix: 'dropOpensPrefix',
  forged: 'dropForged',
  server: 'dropServer',
} as const;
export type GateRefusal = (typeof GATE)[keyof typeof GATE];

export class NetcodeGate {
  readonly #options: NetcodeGateOptions;
  readonly #servers: ReadonlySet<string>;
  readonly #prefixes: PrefixBudget;
  #opens: Bucket | null = null;
  #keys: readonly Uint8Array[];

  constructor(options: NetcodeGateOptions) {
    this.#options = options;
    this.#keys = options.tokenKeys;
    this.#servers = new Set(options.servers.map(normalServer));
    const salt = new Uint8Array(4);
    options.random(salt);
    this.#prefixes = new PrefixBudget(
      options.opensPerPrefixPerSecond ?? 64,
      new DataView(salt.buffer).getUint32(0),
    );
  }

  setKeys(keys: readonly Uint8Array[]): void {
    this.#keys = keys;
  }

  /** All that can be seen of a request (without its first byte) for next to nothing; null: nothing against it. */
  check(request: Uint8Array): GateRefusal | null {
    for (let at = 0; at < ASSOCIATED.length; at += 1) {
      if (request[at] !== ASSOCIATED[at]) return at < VERSION_BYTES ? GATE.version : GATE.protocol;
    }
    return requestExpiryMs(request) <= this.#options.unixMs() ? GATE.expired : null;
  }

  /** Whether the server's budget is spent: whatever `open` would be asked is refused with `budget`. */
  isSpent(nowUs: number): boolean {
    return this.#opens?.has(nowUs) === false;
  }

  /** Opens the private part of a request that `check` let through, if the budgets allow it. */
  open(request: Uint8Array, address: string, nowUs: number): OpenedToken | GateRefusal {
    const perSecond = this.#options.opensPerSecond ?? 500;
    this.#opens ??= new Bucket(perSecond, Math.max(1, perSecond / 4), nowUs);
    if (!this.#prefixes.take(address, nowUs)) return GATE.prefix;
    if (!this.#opens.take(nowUs)) return GATE.budget;
    const token: OpenedToken | ErrorCode = openTokenRequest(
      request,
      this.#keys,
      this.#options.unixMs(),
    );
    if (typeof token !== 'object') return GATE.forged;
    return token.servers.some((server) => this.#servers.has(server)) ? token : GATE.server;
  }
}

/**
 * A budget for each address prefix, in a table that a salted hash points into: two prefixes may share a place, no third
 * party can tell which. A place holds the moment up to which its budget is used up (GCRA).
 */
class PrefixBudget {
  readonly #everyUs: number;
  readonly #salt: number;
  readonly #usedUntilUs = new Float64Array(PREFIXES);

  constructor(perSecond: number, salt: number) {
    this.#everyUs = 1e6 / perSecond;
    this.#salt = salt;
  }

  take(address: string, nowUs: number): boolean {
    const prefix = widePrefix(address);
    let hash = this.#salt;
    for (let at = 0; at < prefix.length; at += 1)
      hash = Math.imul(hash ^ prefix.charCodeAt(at), 0x0100_0193);
    hash = Math.imul(hash ^ (hash >>> 15), 0x9e37_79b1);
    const place = (hash >>> 16) % PREFIXES;
    const untilUs = Math.max(this.#usedUntilUs[place] ?? 0, nowUs);
    if (untilUs - nowUs >= BURST_US) return false;
    this.#usedUntilUs[place] = untilUs + this.#everyUs;
    return true;
  }
}

const VERSION_BYTES = 13;
const PREFIXES = 4096;
/** Four seconds' worth may come at once: 50 bots of one machine do. */
const BURST_US = 4_000_000;
