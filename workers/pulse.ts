/**
 * A worker's sign of life, in memory that outlives it: a beat with each turn and each tick of a room, and which room it ticks. Who watches
 * it (`src/room/watchdog.ts`) sees a worker that hangs, and who comes after one that has died knows the room it died in.
 *
 * Words, one writer, the worker: beats, row of the room that ticks or is made + 1 (0: none), its tick, 1 while rooms are made.
 */

export function createPulse(): SharedArrayBuffer {
  return new SharedArrayBuffer(PULSE_BYTES);
}

/** The worker's side. */
export class Pulse {
  readonly #words: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
  }

  /** A turn begins. */
  beat(): void {
    Atomics.add(this.#words, WORD.beats, 1);
  }

  /** The room in `row` begins a tick. */
  ticks(row: number, tick: number): void {
    this.#words[WORD.tick] = tick;
    Atomics.store(this.#words, WORD.makes, 0);
    Atomics.store(this.#words, WORD.row, row + 1);
    this.beat();
  }

  /** No room ticks. */
  rest(): void {
    Atomics.store(this.#words, WORD.row, 0);
    Atomics.store(this.#words, WORD.makes, 0);
  }

  /** The room in `row` is made, which may take its game long; -1: some room is filled, and no hook runs. */
  makes(row: number): void {
    Atomics.store(this.#words, WORD.row, row + 1);
    Atomics.store(this.#words, WORD.makes, 1);
    this.beat();
  }
}

/** For a worker that comes, before it has the memory: it takes its post up, which counts as making rooms. */
export function resetPulse(memory: SharedArrayBuffer): void {
  new Pulse(memory).makes(-1);
}

/** What a pulse shows now. */
export interface PulseSign {
  readonly beats: number;
  /** Row and tick of the room that is ticked, or row of the one that is made; row -1: none. */
  readonly row: number;
  readonly tick: number;
  readonly makes: boolean;
}

export function readPulse(memory: SharedArrayBuffer): PulseSign {
  const words = new Int32Array(memory);
  return {
    beats: Atomics.load(words, WORD.beats),
    row: Atomics.load(words, WORD.row) - 1,
    tick: words[WORD.tick] as number,
    makes: Atomics.load(words, WORD.makes) === 1,
  };
}

const WORD = { beats: 0, row: 1, tick: 2, makes: 3 } as const;
/** A cache line. */
const PULSE_BYTES = 64;
