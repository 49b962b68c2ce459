/**
 * A coverage-guided fuzzer for decoders in TypeScript. Inputs are mutations of a corpus; they run in batches, and after
 * each batch V8 is asked which blocks of code have run. A batch that reached new ones runs again in halves until the
 * inputs that reached them are known; these join the corpus.
 */
import type { Coverage } from './coverage.ts';
import { Chance, Mutator } from './mutate.ts';

/** Something that takes bytes. */
export interface Target {
  readonly name: string;
  /** Longest input. */
  readonly bytesMax: number;
  /** First inputs. */
  readonly seeds: readonly Uint8Array[];
  /** What makes sense anywhere in an input. */
  readonly words: readonly Uint8Array[];
  /** Throws, or rejects, where a promise is broken. The same input does the same each time. */
  readonly run: (input: Uint8Array) => void | Promise<void>;
}

/** An input that broke a promise. */
export class Broken extends Error {
  readonly input: Uint8Array;

  constructor(target: string, input: Uint8Array, cause: unknown) {
    const text = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    super(`${target}: ${text}\ninput: ${Buffer.from(input).toString('base64')}`);
    this.input = input.slice();
  }
}

export interface FuzzOptions {
  readonly executions: number;
  readonly seed: number;
  /** Kept inputs; new ones are added to it. */
  readonly corpus: Uint8Array[];
  /** Default: no guidance, the corpus stays as it is. */
  readonly coverage?: Coverage;
  /** Called after each batch with the executions so far. */
  readonly progress?: (executions: number) => void;
}

/** Runs an input; what it throws becomes a Broken. */
export async function runOne(target: Target, input: Uint8Array): Promise<void> {
  try {
    await target.run(input);
  } catch (error) {
    throw new Broken(target.name, input, error);
  }
}

/** The same, without a promise where there is nothing to wait for. */
function runNow(target: Target, input: Uint8Array): Promise<void> | undefined {
  try {
    const pending = target.run(input);
    return pending?.catch((error) => Promise.reject(new Broken(target.name, input, error)));
  } catch (error) {
    throw new Broken(target.name, input, error);
  }
}

/** Runs mutated inputs. Rejects with a Broken at the first broken promise. */
export async function fuzz(target: Target, options: FuzzOptions): Promise<void> {
  const { corpus, coverage, executions } = options;
  const mutator = new Mutator(new Chance(options.seed), target.bytesMax, target.words);
  if (corpus.length === 0) corpus.push(new Uint8Array(0));
  const batch = new Batch(target);
  for (let done = 0; done < executions; ) {
    const count = Math.min(BATCH, executions - done);
    batch.clear();
    for (let k = 0; k < count; k += 1) {
      const input = mutator.make(corpus);
      batch.add(input);
      // Most targets answer at once: no turn of the queue for them.
      const pending = runNow(target, input);
      if (pending !== undefined) await pending;
    }
    done += count;
    if (coverage !== undefined) await batch.keepNew(coverage, corpus);
    options.progress?.(done);
  }
}

/** Runs every input of a corpus alone and keeps those that reach something the ones before did not; short ones first. */
export async function minimised(
  target: Target,
  corpus: readonly Uint8Array[],
  coverage: Coverage,
): Promise<Uint8Array[]> {
  coverage.take();
  coverage.clear();
  const kept: Uint8Array[] = [];
  for (const input of [...corpus].sort((a, b) => a.length - b.length)) {
    await runOne(target, input);
    const fresh = coverage.take();
    if (fresh.length === 0) continue;
    coverage.add(fresh);
    kept.push(input);
  }
  return kept;
}

/** The inputs of one batch, copied, so that they can run again. */
class Batch {
  readonly #target: Target;
  readonly #bytes: Uint8Array;
  readonly #ends: number[] = [];

  constructor(target: Target) {
    this.#target = target;
    this.#bytes = new Uint8Array(BATCH * target.bytesMax);
  }

  clear(): void {
    this.#ends.length = 0;
  }

  add(input: Uint8Array): void {
    const start = this.#ends.at(-1) ?? 0;
    this.#bytes.set(input, start);
    this.#ends.push(start + input.length);
  }

  /** Adds the inputs that reached something new to the corpus. */
  async keepNew(coverage: Coverage, corpus: Uint8Array[]): Promise<void> {
    if (coverage.take().length > 0) await this.#search(0, this.#ends.length, { coverage, corpus });
  }

  async #search(
    from: number,
    to: number,
    found: { readonly coverage: Coverage; readonly corpus: Uint8Array[] },
  ): Promise<void> {
    const { coverage, corpus } = found;
    for (let k = from; k < to; k += 1) {
      const pending = runNow(this.#target, this.#input(k));
      if (pending !== undefined) await pending;
    }
    const fresh = coverage.take();
    if (fresh.length === 0) return;
    if (to - from === 1) {
      coverage.add(fresh);
      corpus.push(this.#input(from).slice());
      return;
    }
    const middle = (from + to) >> 1;
    await this.#search(from, middle, found);
    await this.#search(middle, to, found);
  }

  #input(k: number): Uint8Array {
    return this.#bytes.subarray(k === 0 ? 0 : this.#ends[k - 1], this.#ends[k]);
  }
}

/** Executions between two looks at the coverage: the look is then a few percent of the time. */
const BATCH = 1000;
