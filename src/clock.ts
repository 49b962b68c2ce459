/**
 * Time of the machine, in microseconds, on one axis for all threads. `performance.now()` starts anew in each thread and
 * `process.hrtime.bigint()` allocates at every call; so each thread measures once how far the two lie apart and then
 * reads the cheap one. Leaf: may be imported anywhere but where `nowUs` is a parameter (DESIGN, pure middle).
 */

export interface Clock {
  /** Microseconds since an arbitrary moment that is the same for all threads of this process. Never goes back. */
  nowUs(): number;
}

/** The monotonic clock of the machine. Two threads agree within some microseconds. ~40 ns a call. */
export function systemClock(): Clock {
  const offsetUs = measureOffsetUs();
  return { nowUs: () => performance.now() * 1000 + offsetUs };
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

/** The pair of readings that lie closest together tells the offset; the first ones are slow (not compiled yet). */
function measureOffsetUs(): number {
  let closest = Number.POSITIVE_INFINITY;
  let offsetUs = 0;
  for (let round = 0; round < CALIBRATION_ROUNDS; round += 1) {
    const before = process.hrtime.bigint();
    const local = performance.now();
    const after = process.hrtime.bigint();
    const gap = Number(after - before);
    if (gap >= closest) continue;
    closest = gap;
    offsetUs = Number((before + after) / 2n) / 1000 - local * 1000;
  }
  return offsetUs;
}

const CALIBRATION_ROUNDS = 64;
