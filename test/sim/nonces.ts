/** I8: no key seals two packets under one number. Looks over the shoulder of every sealer of this process while one is on. */
import { PacketSeal, SEAL_JOBS_MAX, type SealJob } from '../../core-wasm/bindings/seal.ts';

export class Nonces {
  readonly #trouble: (text: string) => void;
  /** By key, and by the number's upper half: the lower halves that were used. */
  readonly #used = new Map<string, Map<number, Set<number>>>();

  constructor(trouble: (text: string) => void) {
    this.#trouble = trouble;
    watchSealers();
    watching = this;
  }

  off(): void {
    if (watching === this) watching = null;
  }

  /** A key seals a packet under this number. */
  use(key: string, high: number, low: number): void {
    let byHigh = this.#used.get(key);
    if (byHigh === undefined) {
      byHigh = new Map();
      this.#used.set(key, byHigh);
    }
    let lows = byHigh.get(high);
    if (lows === undefined) {
      lows = new Set();
      byHigh.set(high, lows);
    }
    if (lows.has(low)) this.#trouble(`I8: a key seals its packet ${high}:${low} twice`);
    lows.add(low);
  }
}

let watching: Nonces | null = null;
let isWatched = false;

/** What a sealer holds: its keys, and the jobs that it was given last. */
interface Sealer {
  readonly keys: string[];
  readonly jobs: { key: string; high: number; low: number }[];
}

/** Once per process, see machine.ts. */
function watchSealers(): void {
  if (isWatched) return;
  isWatched = true;
  const { prototype } = PacketSeal;
  const { takeKey, put, seal } = prototype;
  const sealers = new WeakMap<PacketSeal, Sealer>();
  const of = (one: PacketSeal): Sealer => {
    let sealer = sealers.get(one);
    if (sealer === undefined) {
      const jobs = Array.from({ length: SEAL_JOBS_MAX }, () => ({ key: '', high: 0, low: 0 }));
      sealer = { keys: [], jobs };
      sealers.set(one, sealer);
    }
    return sealer;
  };
  prototype.takeKey = function (this: PacketSeal, key: Uint8Array): number {
    const index = takeKey.call(this, key);
    if (index >= 0) of(this).keys[index] = Buffer.from(key).toString('base64');
    return index;
  };
  prototype.put = function (this: PacketSeal, place: number, job: Readonly<SealJob>): void {
    const { keys, jobs } = of(this);
    const kept = jobs[place];
    if (kept !== undefined) {
      kept.key = keys[job.key] ?? '';
      kept.high = job.sequenceHigh;
      kept.low = job.sequenceLow;
    }
    put.call(this, place, job);
  };
  prototype.seal = function (this: PacketSeal, count: number): number {
    if (watching !== null) {
      const { jobs } = of(this);
      for (let at = 0; at < count; at += 1) {
        const job = jobs[at];
        if (job !== undefined) watching.use(job.key, job.high, job.low);
      }
    }
    return seal.call(this, count);
  };
}
