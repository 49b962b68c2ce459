/**
 * When the rooms of a worker tick. Rooms stand in at most 8 phase slots per tick interval, spread evenly, so that a
 * worker's load and its packets come in small portions and not all at once. Pure: time is a parameter.
 *
 * A slot keeps its beat: its due moments lie on one grid for ever, and a late tick does not move the next one. A slot
 * that fell behind runs at most `CATCH_UP_TICKS_MAX` more ticks at once; what is beyond that is skipped and counted.
 * Where time runs slower (overload.ts) a slot leaves its grid and comes back to it later.
 */

/** Phase slots of one tick interval. */
export const PHASE_SLOTS = 8;
/** Ticks a late slot makes up for at once (DESIGN: degradation). Beyond that simulation time falls behind the clock. */
export const CATCH_UP_TICKS_MAX = 3;

/** Moments of a slot that ticks, us: its start, the end of its newest room, and by how much it was late. */
export const TIMES = { start: 0, end: 1, late: 2 } as const;

/** Rooms that tick together. */
export interface Slot<T> {
  readonly index: number;
  readonly intervalUs: number;
  readonly rooms: T[];
  /** Moment of the next tick. */
  dueUs: number;
  /** Moment at which the tick that runs now was due: the nominal time of its newest tick. */
  tickUs: number;
  /** Ticks left out so far. */
  skipped: number;
  /** Intervals that have been ticked or slept through: what the ticks of dormant rooms are spread by. */
  turns: number;
  /** It sleeps through intervals: `rouse` it when one of its rooms has something to do. */
  resting: boolean;
  /** Through how many before the one that is due next. */
  slept: number;
  /** From one tick to the next: `intervalUs`, or more where time runs slower. */
  strideUs: number;
}

export class PhaseSlots<T> {
  readonly #slots: Slot<T>[] = [];
  readonly #phase: number;
  #permille = 1000;

  /** `phase` 0..1: part of a phase slot by which this worker is shifted, so that workers do not all wake at once. */
  constructor(phase = 0) {
    this.#phase = phase;
  }

  /**
   * Puts a room into the slot with the fewest rooms of its rate, or with `wishUs` into the one that is due nearest to that moment, so
   * that a room which ticked elsewhere keeps its beat to a sixteenth of an interval. Costs a walk over 8 slots.
   */
  add(room: T, intervalUs: number, nowUs: number, wishUs?: number): Slot<T> {
    let best: Slot<T> | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const index of SPREAD) {
      const slot = this.#slot(index, intervalUs);
      if (slot.rooms.length === 0) slot.dueUs = this.#nextOnGrid(slot, nowUs);
      const badness = wishUs === undefined ? slot.rooms.length : Math.abs(slot.dueUs - wishUs);
      if (badness < least) [best, least] = [slot, badness];
    }
    if (best === undefined) throw new Error('Cannot place a room: there is no phase slot');
    best.rooms.push(room);
    return best;
  }

  remove(slot: Slot<T>, room: T): void {
    const at = slot.rooms.indexOf(room);
    if (at >= 0) slot.rooms.splice(at, 1);
  }

  /** The slot with rooms that is due first; undefined where no room is. */
  next(): Slot<T> | undefined {
    let first: Slot<T> | undefined;
    for (let i = 0; i < this.#slots.length; i += 1) {
      const slot = this.#slots[i] as Slot<T>;
      if (slot.rooms.length > 0 && (first === undefined || slot.dueUs < first.dueUs)) first = slot;
    }
    return first;
  }

  /** How many ticks a due slot has to run now (1 + caught up); moves its beat on and counts what is skipped. */
  take(slot: Slot<T>, times: Float64Array): number {
    const nowUs = times[TIMES.start] as number;
    const behind = Math.max(0, Math.floor((nowUs - slot.dueUs) / slot.strideUs));
    // Where time runs slower already, to make up for ticks would only fill it again.
    const made = this.#permille < 1000 ? 0 : Math.min(behind, CATCH_UP_TICKS_MAX);
    slot.skipped += behind - made;
    slot.tickUs = slot.dueUs + behind * slot.strideUs;
    slot.dueUs = slot.tickUs + slot.strideUs;
    return 1 + made;
  }

  /** Speed of all slots: 1000 is real time, less stretches their intervals. In real time again they go back onto their grids. */
  pace(permille: number): void {
    this.#permille = permille;
    for (const slot of this.#slots) {
      slot.strideUs = (slot.intervalUs * 1000) / permille;
      if (permille === 1000) slot.dueUs = this.#nextOnGrid(slot, slot.dueUs - slot.intervalUs / 2);
    }
  }

  /** Sleeps through so many intervals from the next one on. */
  rest(slot: Slot<T>, intervals: number): void {
    slot.dueUs += intervals * slot.intervalUs;
    slot.turns += intervals;
    slot.resting = intervals > 0;
    slot.slept = intervals;
  }

  /** Is due with its next interval again. */
  rouse(slot: Slot<T>, nowUs: number): void {
    if (!slot.resting) return;
    slot.resting = false;
    const missing = Math.max(0, Math.ceil((slot.dueUs - nowUs) / slot.intervalUs) - 1);
    const intervals = Math.min(slot.slept, missing);
    slot.dueUs -= intervals * slot.intervalUs;
    slot.turns -= intervals;
    slot.slept -= intervals;
  }

  #slot(index: number, intervalUs: number): Slot<T> {
    for (const slot of this.#slots)
      if (slot.index === index && slot.intervalUs === intervalUs) return slot;
    const slot = emptySlot<T>(index, intervalUs, (intervalUs * 1000) / this.#permille);
    this.#slots.push(slot);
    return slot;
  }

  #nextOnGrid(slot: Slot<T>, nowUs: number): number {
    const offset = ((slot.index + this.#phase) / PHASE_SLOTS) * slot.intervalUs;
    return offset + (Math.floor((nowUs - offset) / slot.intervalUs) + 1) * slot.intervalUs;
  }
}

/** A slot without rooms, not due yet. */
export function emptySlot<T>(index: number, intervalUs: number, strideUs: number): Slot<T> {
  return {
    index,
    intervalUs,
    rooms: [],
    dueUs: 0,
    tickUs: 0,
    skipped: 0,
    turns: 0,
    resting: false,
    slept: 0,
    strideUs,
  };
}

/** Order in which empty slots are taken: 2 rooms stand half an interval apart, 4 a quarter. */
const SPREAD = [0, 4, 2, 6, 1, 5, 3, 7] as const;
