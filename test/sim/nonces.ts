/** I8: no key seals two packets under one number. Looks over the shoulder of every sealer while it is on. */
import { PacketSeal, type SealJob } from '../../core-wasm/bindings/seal.ts';

export class Nonces {
  readonly #used = new Set<string>();
  readonly #off: () => void;

  constructor(trouble: (text: string) => void) {
    const { prototype } = PacketSeal;
    const { takeKey, put, seal } = prototype;
    const keys = new WeakMap<PacketSeal, string[]>();
    const jobs = new WeakMap<PacketSeal, string[]>();
    const used = this.#used;
    prototype.takeKey = function (this: PacketSeal, key: Uint8Array): number {
      const index = takeKey.call(this, key);
      const own = keys.get(this) ?? [];
      keys.set(this, own);
      if (index >= 0) own[index] = Buffer.from(key).toString('base64');
      return index;
    };
    prototype.put = function (this: PacketSeal, place: number, job: Readonly<SealJob>): void {
      const own = jobs.get(this) ?? [];
      jobs.set(this, own);
      own[place] = `${keys.get(this)?.[job.key]} ${job.sequenceHigh}:${job.sequenceLow}`;
      put.call(this, place, job);
    };
    prototype.seal = function (this: PacketSeal, count: number): number {
      for (const job of (jobs.get(this) ?? []).slice(0, count)) {
        if (used.has(job)) trouble(`I8: a key seals its packet ${job.split(' ')[1]} twice`);
        used.add(job);
      }
      return seal.call(this, count);
    };
    this.#off = () => Object.assign(prototype, { takeKey, put, seal });
  }

  off(): void {
    this.#off();
  }
}
