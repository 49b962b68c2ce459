/**
 * What a worker counts, in shared memory, so that metrics read it without a message and without disturbing a tick. One
 * writer: the worker. Readers see each word whole, and words that belong together perhaps a moment apart.
 *
 * Layout of 8-byte cells (doubles): magic, version, counters, sums of RoomStats, then histograms (sum and
 * buckets), then what stages.ts keeps of single ticks, then per room `ROW` cells. Doubles, because a count of bytes passes 2^32 and an aligned 64-bit store is not
 * torn on the machines Node runs on.
 */
import { FIRST_STAGES, LAST_STAGES } from '../core-wasm/bindings/room.ts';
import type { RoomStats } from '../protocol/gen/tables.ts';
import { FrayError } from '../src/errors.ts';

/**
 * Counters of a worker. All rise but `rooms`, `people`, `bots`, `silentClients`, `awayClients`, `overloadLevel` and `slowedPermille` (real time
 * less the speed of its rooms), which are as of now. `overloadTiers` to `overloadFull`: times that each level of overload.ts was entered from below.
 */
export const COUNTERS = [
  'rooms',
  'people',
  'bots',
  'silentClients',
  'awayClients',
  'ticks',
  'slots',
  'ticksCaughtUp',
  'ticksSkipped',
  'overloadLevel',
  'slowedPermille',
  'overloadTiers',
  'overloadSends',
  'overloadSlow',
  'overloadFull',
  'busyUs',
  'roomsOpened',
  'roomsClosed',
  'roomsFaulted',
  'traps',
  'roomsRecovered',
  'recoveryUs',
  'shadows',
  'shadowUs',
  'joins',
  'leaves',
  'drops',
  'resumes',
  'resumesFresh',
  'botsYielded',
  'packetsIn',
  'packetsUnseated',
  'inputRefused',
  'messagesMalformed',
  'tellsDropped',
  'packetsOut',
  'outboxDropped',
  'wakes',
] as const;
export type CounterName = (typeof COUNTERS)[number];

/**
 * The parts of a room's tick, in their order. `enter`: who comes, bots' controls. `plugin`: hooks, and the journal of their commands.
 * `out`: packets into the mailbox, answers to who came. The others are the core's.
 */
export const STAGES = ['enter', ...FIRST_STAGES, 'plugin', ...LAST_STAGES, 'out'] as const;
export type StageName = (typeof STAGES)[number];
export const HISTOGRAMS = ['tick', 'lateness', 'slot', ...STAGES] as const;
/**
 * `tick`: one room, begin to last packet copied. `lateness`: start of a slot after it was due. `slot`: all its rooms. Stages: of the ticks
 * that stages.ts times. us.
 */
export type HistogramName = (typeof HISTOGRAMS)[number];

/** Fields of RoomStats that only rise, summed over all rooms a worker has had. */
export const SUMMED = [
  'packetsMalformed',
  'packetsBeyond',
  'packetsStale',
  'inputsAccepted',
  'inputsLate',
  'inputsAhead',
  'inputsMissing',
  'snapshots',
  'snapshotBits',
  'bytesOut',
  'entitiesDeferred',
  'snapshotsHeldBack',
  'eventsDropped',
  'messagesIn',
  'messagesOut',
  'poolFull',
  'fullStates',
  'commands',
  'commandsRefused',
  'spawnsRefused',
  'hits',
  'deaths',
  'recordsRefused',
] as const satisfies readonly (keyof typeof RoomStats)[];
export type SummedName = (typeof SUMMED)[number];

/** Cells of a room's row. */
export const ROW = { people: 0, bots: 1, tick: 2, entities: 3 } as const;
const ROW_CELLS = 4;

/** Buckets: 8 per power of two, so a value is known to 12.5 %. */
export const BUCKETS = 176;

/** Bucket of a duration in us; below 8 us each has its own, above 16.7 s all share the last. */
export function bucketOf(us: number): number {
  const value = us > 0xffffff ? 0xffffff : us > 0 ? us | 0 : 0;
  if (value < 8) return value;
  const exponent = 31 - Math.clz32(value);
  return (exponent - 2) * 8 + ((value >> (exponent - 3)) & 7);
}

/** Least value of a bucket in us; of bucket + 1 it is the upper bound, exclusive. */
export function bucketLow(bucket: number): number {
  if (bucket < 8) return bucket;
  return (8 + (bucket & 7)) * 2 ** ((bucket >> 3) - 1);
}

export function createTiming(roomsMax: number): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer((CELLS.rows + roomsMax * ROW_CELLS) * 8);
  const cells = new Float64Array(buffer);
  cells[CELLS.magic] = MAGIC;
  cells[CELLS.version] = VERSION;
  return buffer;
}

/** Cells in which stages.ts keeps single ticks. */
export const STAGE_CELLS = 256;

/** Those cells. */
export function stageCells(buffer: SharedArrayBuffer): Float64Array {
  return checkedCells(buffer).subarray(CELLS.stages, CELLS.rows);
}

/** The worker's side. No method allocates. */
export class Timing {
  readonly #cells: Float64Array;

  constructor(buffer: SharedArrayBuffer) {
    this.#cells = checkedCells(buffer);
  }

  add(counter: number, by: number): void {
    const cells = this.#cells;
    cells[CELLS.counters + counter] = (cells[CELLS.counters + counter] as number) + by;
  }

  set(counter: number, value: number): void {
    this.#cells[CELLS.counters + counter] = value;
  }

  addSum(index: number, by: number): void {
    const cells = this.#cells;
    cells[CELLS.sums + index] = (cells[CELLS.sums + index] as number) + by;
  }

  record(histogram: number, us: number): void {
    const cells = this.#cells;
    const start = CELLS.histograms + histogram * HISTOGRAM_CELLS;
    const bucket = start + 1 + bucketOf(us);
    cells[start] = (cells[start] as number) + us;
    cells[bucket] = (cells[bucket] as number) + 1;
  }

  setRow(row: number, cell: number, value: number): void {
    this.#cells[CELLS.rows + row * ROW_CELLS + cell] = value;
  }

  /** The row is free. */
  clearRow(row: number): void {
    for (let cell = 0; cell < ROW_CELLS; cell += 1) this.setRow(row, cell, 0);
  }
}

export interface Histogram {
  readonly count: number;
  readonly sumUs: number;
  /** Count per bucket, see `bucketLow`. A copy. */
  readonly buckets: Float64Array;
}

/** The reader's side: copies on request. */
export class TimingReader {
  readonly #cells: Float64Array;

  constructor(buffer: SharedArrayBuffer) {
    this.#cells = checkedCells(buffer);
  }

  counter(name: CounterName): number {
    return this.#cells[CELLS.counters + COUNTERS.indexOf(name)] as number;
  }

  sum(name: SummedName): number {
    return this.#cells[CELLS.sums + SUMMED.indexOf(name)] as number;
  }

  row(row: number, cell: number): number {
    return this.#cells[CELLS.rows + row * ROW_CELLS + cell] as number;
  }

  histogram(name: HistogramName): Histogram {
    const start = CELLS.histograms + HISTOGRAMS.indexOf(name) * HISTOGRAM_CELLS;
    const buckets = this.#cells.slice(start + 1, start + 1 + BUCKETS);
    return {
      count: buckets.reduce((sum, n) => sum + n, 0),
      sumUs: this.#cells[start] as number,
      buckets,
    };
  }
}

/** The value below which the part `q` (0..1) of a histogram lies, as the upper bound of its bucket; 0 where it is empty. */
export function quantileUs(histogram: Histogram, q: number): number {
  let left = Math.ceil(histogram.count * q);
  for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
    left -= histogram.buckets[bucket] as number;
    if (left <= 0 && histogram.count > 0) return bucketLow(bucket + 1);
  }
  return 0;
}

/** Index of a counter, for `Timing.add`. */
export const COUNTER: { readonly [K in CounterName]: number } = indices(COUNTERS);
/** Indices of the counters that are as of now: who takes up the memory of another worker begins them anew. */
export const AS_OF_NOW: readonly number[] = [
  COUNTER.rooms,
  COUNTER.people,
  COUNTER.bots,
  COUNTER.silentClients,
  COUNTER.awayClients,
  COUNTER.overloadLevel,
  COUNTER.slowedPermille,
];
/** Index of a histogram, for `Timing.record`. */
export const HISTOGRAM: { readonly [K in HistogramName]: number } = indices(HISTOGRAMS);

function indices<const N extends string>(names: readonly N[]): { readonly [K in N]: number } {
  return Object.fromEntries(names.map((name, index) => [name, index])) as { [K in N]: number };
}

function checkedCells(buffer: SharedArrayBuffer): Float64Array {
  const cells = new Float64Array(buffer);
  if (cells[CELLS.magic] !== MAGIC || cells[CELLS.version] !== VERSION) {
    throw new FrayError(
      'E_CORE',
      'Cannot read the counters of a worker: no magic number, or another version',
    );
  }
  return cells;
}

const MAGIC = 0x46525449;
const VERSION = 2;
const HISTOGRAM_CELLS = 1 + BUCKETS;
const SUMS_AT = 2 + COUNTERS.length;
const HISTOGRAMS_AT = SUMS_AT + SUMMED.length;
const STAGES_AT = HISTOGRAMS_AT + HISTOGRAMS.length * HISTOGRAM_CELLS;
const CELLS = {
  magic: 0,
  version: 1,
  counters: 2,
  sums: SUMS_AT,
  histograms: HISTOGRAMS_AT,
  stages: STAGES_AT,
  rows: STAGES_AT + STAGE_CELLS,
} as const;
