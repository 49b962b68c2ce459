/** Simulated time: what is due happens in order of its moment, and of its order of asking where moments are equal. */
import { setFlagsFromString } from 'node:v8';

interface Due {
  readonly atMs: number;
  readonly order: number;
  fn: (() => void) | null;
}

export class SimTime {
  #nowMs = START_MS;
  #order = 0;
  /** Callbacks of this moment so far. */
  #stands = 0;
  /** A binary heap. */
  readonly #due: Due[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  /** Calls `fn` once, `delayMs` from now; answers what takes it back. */
  after(delayMs: number, fn: () => void): () => void {
    this.#order += 1;
    const due: Due = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order, fn };
    this.#push(due);
    return () => {
      due.fn = null;
    };
  }

  /**
   * Lets time pass until `untilMs`. What a moment has set off by promises goes on before the next one comes, as after each callback of
   * Node's own: nothing is left over, so it goes the same way each time.
   */
  run(untilMs: number): Promise<void> {
    // From a callback of the real loop: promises cannot be settled from within one that is being settled.
    return new Promise((resolve, reject) => {
      realImmediate(() => {
        try {
          this.#play(untilMs);
          resolve();
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  #play(untilMs: number): void {
    settlePromises();
    for (let first = this.#due[0]; first !== undefined && first.atMs <= untilMs; ) {
      this.#stands = first.atMs === this.#nowMs ? this.#stands + 1 : 0;
      if (this.#stands > AT_ONCE_MAX) throw new Error(`Time stands still at ${this.#nowMs} ms`);
      this.#nowMs = first.atMs;
      this.#pop();
      const { fn } = first;
      first.fn = null;
      if (fn !== null) {
        fn();
        settlePromises();
      }
      first = this.#due[0];
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  #push(due: Due): void {
    const heap = this.#due;
    let at = heap.push(due) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!earlier(due, heap[above] as Due)) break;
      heap[at] = heap[above] as Due;
      at = above;
    }
    heap[at] = due;
  }

  #pop(): void {
    const heap = this.#due;
    const last = heap.pop() as Due;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && earlier(heap[below + 1] as Due, heap[below] as Due))
        below += 1;
      if (!earlier(heap[below] as Due, last)) break;
      heap[at] = heap[below] as Due;
      at = below;
    }
    heap[at] = last;
  }
}

function earlier(one: Due, other: Due): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}

/** The loop's own, whatever `machine.ts` puts in its place. */
const realImmediate = setImmediate;
/** Runs what promises wait for until nothing does. V8's own word for it: a turn of the real loop for each moment costs 50 times as much. */
const settlePromises = checkpoint();

function checkpoint(): () => void {
  setFlagsFromString('--allow-natives-syntax');
  return new Function('%PerformMicrotaskCheckpoint()') as () => void;
}

/** Callbacks of one moment: more are two parts that answer each other for ever. */
const AT_ONCE_MAX = 5000;
/** Any moment; the same in each run. */
const START_MS = 10_000;
