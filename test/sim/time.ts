/** Simulated time: what is due happens in order of its moment, and of its order of asking where moments are equal. */

interface Due {
  readonly atMs: number;
  readonly order: number;
  fn: (() => void) | null;
}

export class SimTime {
  #nowMs = START_MS;
  #order = 0;
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
   * Lets time pass until `untilMs`. What a moment has set off by promises goes on before the next moment comes; how deep a chain of
   * them may be is fixed, so it goes the same way each time.
   */
  async run(untilMs: number): Promise<void> {
    for (let first = this.#due[0]; first !== undefined && first.atMs <= untilMs; ) {
      const { atMs } = first;
      this.#nowMs = atMs;
      for (; first !== undefined && first.atMs <= atMs; first = this.#due[0]) {
        this.#pop();
        const { fn } = first;
        first.fn = null;
        if (fn === null) continue;
        fn();
        await undefined;
      }
      for (let hop = 0; hop < HOPS; hop += 1) await undefined;
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

/** Any moment; the same in each run. */
const START_MS = 10_000;
/** Promises in a row that a moment may set off: opening a pipe is the longest chain, with some ten. */
const HOPS = 16;
