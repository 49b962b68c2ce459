/**
 * Time of the machine, in microseconds, on one axis for all threads. Where it comes from: `performance.now()` starts anew in each
 * thread, and in Node 20 every call leaves a boxed number of 16 bytes behind, also in compiled code. `process.hrtime.bigint()` is the
 * machine's monotonic clock, the same in all threads; stored into a BigInt64Array at once it never becomes an object in code that V8 has
 * optimised. So a tick makes no garbage by looking at the clock (`fray bench garbage`). Leaf: may be imported anywhere but where
 * `nowUs` is a parameter (DESIGN, pure middle).
 */

export interface Clock {
  /** Microseconds since an arbitrary moment that is the same for all threads of this process. Never goes back. */
  nowUs(): number;
}

/**
 * The monotonic clock of the machine. All threads read the same. ~90 ns a call. Kept so small that V8 inlines it: a function that
 * is called returns a number with a fraction in a box. The lower word stands first, as on all machines that Node runs on.
 */
export function systemClock(): Clock {
  const ns = new BigInt64Array(1);
  const words = new Uint32Array(ns.buffer);
  return {
    nowUs: () => {
      ns[0] = process.hrtime.bigint();
      return ((words[1] as number) * 4294967296 + (words[0] as number)) / 1000;
    },
  };
}

/** A clock for tests that stands still until it is told to move. */
export class ManualClock implements Clock {
  #nowUs: number;

  constructor(startUs = 1_000_000) {
    this.#nowUs = startUs;
  }

  nowUs(): number {
    return this.#nowUs;
  }

  advance(us: number): void {
    if (!(us >= 0)) throw new RangeError(`Cannot advance the clock: ${us} us is not forward`);
    this.#nowUs += us;
  }
}
