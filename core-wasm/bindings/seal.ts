/**
 * From the bytes of `fray_seal.wasm` to a sealer of packets: ChaCha20-Poly1305 (RFC 8439) over flat tables in one linear
 * memory, see core-wasm/seal. Some 0.5 us for a small packet; node:crypto takes ten times that. Works wherever
 * WebAssembly does, needs nothing else.
 */
import { FrayError } from '../../src/errors.ts';

/** One packet of a call. `at` and `bytes` count in `packets`; the tag of 16 bytes stands behind the bytes. */
export interface SealJob {
  /** A key that `takeKey` answered. */
  key: number;
  /** The packet's number, its low and high 32 bits. Never used twice with one key to seal. */
  sequenceLow: number;
  sequenceHigh: number;
  at: number;
  /** Without the tag. */
  bytes: number;
  /** Last byte of the associated data, 0..255; -1: no associated data at all. */
  associated: number;
}

/** Packets in one call at most. */
export const SEAL_JOBS_MAX = 64;
/** Bytes that `packets` has. */
export const SEAL_PACKETS_BYTES = SEAL_JOBS_MAX * 1280;
export const SEAL_KEY_BYTES = 32;
export const SEAL_TAG_BYTES = 16;
/** Bytes that the associated data of all packets begin with. */
export const SEAL_ASSOCIATED_BYTES = 21;

export interface SealOptions {
  /** Keys held at once. Default 64. Each takes 32 bytes. */
  readonly keysMax?: number;
  /** What the associated data of every packet begin with, 21 bytes; default zeros. */
  readonly associated?: Uint8Array;
}

export class PacketSeal {
  /** Where packets are written, sealed and opened in place. */
  readonly packets: Uint8Array;
  readonly #exports: SealExports;
  readonly #jobs: Uint32Array;
  readonly #keys: Uint8Array;
  readonly #keysMax: number;
  readonly #free: number[] = [];
  #taken = 0;

  /** Throws E_CORE for a module that is none, E_CONFIG for associated data of another length. */
  constructor(module: WebAssembly.Module, options: SealOptions = {}) {
    this.#keysMax = options.keysMax ?? 64;
    const associated = options.associated ?? new Uint8Array(SEAL_ASSOCIATED_BYTES);
    if (associated.length !== SEAL_ASSOCIATED_BYTES)
      throw new FrayError(
        'E_CONFIG',
        `Cannot seal packets: ${associated.length} bytes of associated data, not ${SEAL_ASSOCIATED_BYTES}`,
      );
    const { exports, memory } = instantiate(module, this.#keysMax);
    this.#exports = exports;
    const at = (which: number): number => exports.place(which);
    new Uint8Array(memory.buffer, at(PLACE.associated), SEAL_ASSOCIATED_BYTES).set(associated);
    this.#jobs = new Uint32Array(memory.buffer, at(PLACE.jobs), SEAL_JOBS_MAX * JOB_WORDS);
    this.packets = new Uint8Array(memory.buffer, at(PLACE.packets), SEAL_PACKETS_BYTES);
    this.#keys = new Uint8Array(memory.buffer, at(PLACE.keys), this.#keysMax * SEAL_KEY_BYTES);
  }

  /** Keys in use. */
  get keys(): number {
    return this.#taken - this.#free.length;
  }

  /** Keeps a key of 32 bytes under a number; -1: no place is left. */
  takeKey(key: Uint8Array): number {
    let index = this.#free.pop();
    if (index === undefined) {
      if (this.#taken >= this.#keysMax) return -1;
      index = this.#taken;
      this.#taken += 1;
    }
    this.#keys.set(key.subarray(0, SEAL_KEY_BYTES), index * SEAL_KEY_BYTES);
    return index;
  }

  /** Forgets a key and overwrites it. Once for each `takeKey`. */
  dropKey(index: number): void {
    this.#keys.fill(0, index * SEAL_KEY_BYTES, (index + 1) * SEAL_KEY_BYTES);
    this.#free.push(index);
  }

  /** Writes the job with this place in the next call, 0..63. The job is copied. */
  put(place: number, job: Readonly<SealJob>): void {
    const jobs = this.#jobs;
    const at = place * JOB_WORDS;
    jobs[at] = job.key;
    jobs[at + 1] = job.sequenceLow;
    jobs[at + 2] = job.sequenceHigh;
    jobs[at + 3] = job.at;
    jobs[at + 4] = job.bytes;
    jobs[at + 5] = job.associated < 0 ? NO_ASSOCIATED : job.associated;
  }

  /** Seals the first `count` jobs; answers how many could be. Fewer: the caller is mistaken about keys or places. */
  seal(count: number): number {
    return this.#exports.seal(count);
  }

  /** Opens the first `count` jobs; answers how many did. What does not open stays as it is. */
  open(count: number): number {
    return this.#exports.open(count);
  }

  /** True: this job of the last call was done. */
  done(place: number): boolean {
    return this.#jobs[place * JOB_WORDS + ANSWER_WORD] === 0;
  }
}

interface SealExports {
  place(which: number): number;
  seal(count: number): number;
  open(count: number): number;
}

function instantiate(
  module: WebAssembly.Module,
  keysMax: number,
): { exports: SealExports; memory: WebAssembly.Memory } {
  const [wanted, ...more] = WebAssembly.Module.imports(module);
  try {
    if (wanted?.kind !== 'memory' || more.length > 0)
      throw new TypeError('it does not import exactly one memory');
    const pages = FIXED_PAGES + Math.ceil((keysMax * SEAL_KEY_BYTES) / PAGE_BYTES);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    const imports = { [wanted.module]: { [wanted.name]: memory } };
    const exports = new WebAssembly.Instance(module, imports).exports as unknown as SealExports;
    const fits =
      exports.place(PLACE.jobsMax) === SEAL_JOBS_MAX &&
      exports.place(PLACE.packetsBytes) === SEAL_PACKETS_BYTES &&
      exports.place(PLACE.keysMax) >= keysMax;
    if (!fits) throw new TypeError('it was built from other sources');
    return { exports, memory };
  } catch (cause) {
    const state = cause instanceof Error ? cause.message : String(cause);
    throw new FrayError('E_CORE', `Cannot use the module that seals packets: ${state}`, { cause });
  }
}

const PLACE = {
  associated: 0,
  jobs: 1,
  packets: 2,
  keys: 3,
  jobsMax: 4,
  packetsBytes: 5,
  keysMax: 6,
} as const;
const JOB_WORDS = 8;
const ANSWER_WORD = 6;
const NO_ASSOCIATED = 256;
const PAGE_BYTES = 65_536;
/** Stack and static data (128 KiB at most), jobs, packets. */
const FIXED_PAGES = 5;
