/**
 * Where single ticks spend their time: one of each second, and all while an operator looks (`watchTicks`); the worst of the last minutes
 * are kept, in the shared memory of timing.ts, and each stage has a histogram there. A tick that is timed runs stage by stage
 * (`RoomCore.stage`), which leaves the same bytes as the two calls of all others.
 *
 * Not every tick: looks at the clock in the function that ticks cost more than their time, as V8 then leaves other calls in it that return
 * objects (14 bytes a tick where there are to be none, `fray bench garbage`). One writer: the worker; `watched` is the host's.
 */
import type { RoomCore } from '../core-wasm/bindings/room.ts';
import { FIRST_STAGES, LAST_STAGES } from '../core-wasm/bindings/room.ts';
import { TIMES } from './slots.ts';
import { HISTOGRAM, STAGE_CELLS, STAGES, type StageName, stageCells, Timing } from './timing.ts';

/** Numbers of the first stages of each part, for `StageClock.mark`. */
export const STAGE_AT = {
  enter: STAGES.indexOf('enter'),
  ingest: STAGES.indexOf('ingest'),
  plugin: STAGES.indexOf('plugin'),
  command: STAGES.indexOf('command'),
  out: STAGES.indexOf('out'),
} as const;

/** One tick of one room, times in us. */
export interface TimedTick {
  readonly row: number;
  readonly tick: number;
  /** Of the clock that all threads of the process share. */
  readonly startUs: number;
  readonly us: number;
  readonly stagesUs: Readonly<Record<StageName, number>>;
}

export interface StageClockOptions {
  readonly nowUs: () => number;
  readonly times: Float64Array;
  /** Default a second; Infinity: none is timed. */
  readonly sampleUs?: number | undefined;
}

/** The worker's side: where a tick is `due`, a `mark` at the end of each stage, `begin` and `end` of the core through it, then `ended`. */
export class StageClock {
  readonly #cells: Float64Array;
  readonly #timing: Timing;
  readonly #nowUs: () => number;
  /** When the tick began, then when each stage ended. */
  readonly #at = new Float64Array(1 + STAGES.length);
  readonly #times: Float64Array;
  readonly #sampleUs: number;
  /** [0]: the least of the worst, us; [1]: when the next tick is timed; [2]: when the oldest of the worst is looked for. */
  readonly #limits = new Float64Array(3);

  /**
   * `times`: of its shard, as TIMES has them. A tick begins where the one before it ended. `sampleUs`: from one that is timed to the
   * next. Code that runs so seldom is never optimised and makes some 1,600 bytes of boxed numbers each time.
   */
  constructor(
    timing: SharedArrayBuffer,
    { nowUs, times, sampleUs = SAMPLE_US }: StageClockOptions,
  ) {
    this.#cells = stageCells(timing);
    this.#timing = new Timing(timing);
    this.#nowUs = nowUs;
    this.#times = times;
    this.#sampleUs = sampleUs;
    this.#limits[1] = sampleUs === Infinity ? Infinity : 0;
  }

  /** The tick that begins is to be timed. */
  get due(): boolean {
    return (this.#times[TIMES.end] as number) >= (this.#limits[1] as number);
  }

  mark(stage: number): void {
    this.#at[1 + stage] = this.#nowUs();
  }

  /** `core.begin`, stage by stage. */
  begin(core: Pick<RoomCore, 'stage'>, length: number): number {
    let eventBytes = 0;
    for (let at = 0; at < FIRST_STAGES.length; at += 1) {
      eventBytes = core.stage(1 + at, length);
      this.mark(STAGE_AT.ingest + at);
    }
    return eventBytes;
  }

  /** `core.end`, stage by stage. What was before it is the plugin's. */
  end(core: Pick<RoomCore, 'stage'>, length: number): number {
    this.mark(STAGE_AT.plugin);
    let packets = 0;
    for (let at = 0; at < LAST_STAGES.length; at += 1) {
      packets = core.stage(1 + FIRST_STAGES.length + at, length);
      this.mark(STAGE_AT.command + at);
    }
    return packets;
  }

  /** After the last stage of a tick that was due: keeps it, and where it is one of the worst for longer. */
  ended(row: number, tick: number): void {
    this.mark(STAGE_AT.out);
    const at = this.#at;
    const limits = this.#limits;
    const start = this.#times[TIMES.end] as number;
    at[0] = start;
    const isWatched = start < (this.#cells[WATCHED] as number);
    limits[1] = isWatched ? 0 : start + this.#sampleUs;
    this.#write(0, row, tick);
    this.#count();
    if (start >= (limits[2] as number)) this.#forget(start);
    if ((at[STAGES.length] as number) - start > (limits[0] as number)) this.#keep(row, tick);
  }

  #count(): void {
    const at = this.#at;
    for (let stage = 0; stage < STAGES.length; stage += 1)
      this.#timing.record(
        HISTOGRAMS[stage] as number,
        (at[1 + stage] as number) - (at[stage] as number),
      );
  }

  /** In the place of the least of them. */
  #keep(row: number, tick: number): void {
    const cells = this.#cells;
    let least = 1;
    for (let place = 2; place <= WORST; place += 1)
      if (usAt(cells, place) < usAt(cells, least)) least = place;
    this.#write(least, row, tick);
    this.#findLeast();
  }

  /** Those of long ago count no more. */
  #forget(nowUs: number): void {
    const cells = this.#cells;
    this.#limits[2] = nowUs + FORGET_EVERY_US;
    for (let place = 1; place <= WORST; place += 1) {
      const at = place * CELLS.tick;
      const isOld = (cells[at + CELLS.start] as number) < nowUs - KEPT_US;
      if (isOld) cells.fill(0, at, at + CELLS.tick);
    }
    this.#findLeast();
  }

  #findLeast(): void {
    let least = Infinity;
    for (let place = 1; place <= WORST; place += 1)
      least = Math.min(least, usAt(this.#cells, place));
    this.#limits[0] = least;
  }

  #write(place: number, row: number, tick: number): void {
    const cells = this.#cells;
    const from = this.#at;
    const at = place * CELLS.tick;
    cells[at + CELLS.row] = row;
    cells[at + CELLS.number] = tick;
    cells[at + CELLS.start] = from[0] as number;
    cells[at + CELLS.us] = (from[STAGES.length] as number) - (from[0] as number);
    for (let stage = 0; stage < STAGES.length; stage += 1)
      cells[at + CELLS.stages + stage] = (from[1 + stage] as number) - (from[stage] as number);
  }
}

/** The host's: from now on all ticks are timed, for a minute. */
export function watchTicks(timing: SharedArrayBuffer, nowUs: number): void {
  stageCells(timing)[WATCHED] = nowUs + WATCHED_US;
}

/** The worst of the ticks that were timed in the last ten minutes, the worst first: at most 16. */
export function worstTicks(timing: SharedArrayBuffer, nowUs: number): TimedTick[] {
  const cells = stageCells(timing);
  return Array.from({ length: WORST }, (_, place) => tickAt(cells, 1 + place))
    .filter(({ us, startUs }) => us > 0 && startUs >= nowUs - KEPT_US)
    .sort((a, b) => b.us - a.us);
}

/** The tick that was timed last; null before the first. */
export function sampledTick(timing: SharedArrayBuffer): TimedTick | null {
  const sampled = tickAt(stageCells(timing), 0);
  return sampled.startUs === 0 ? null : sampled;
}

function tickAt(cells: Float64Array, place: number): TimedTick {
  const cell = (offset: number): number => cells[place * CELLS.tick + offset] as number;
  const stages = STAGES.map((name, stage) => [name, cell(CELLS.stages + stage)] as const);
  return {
    row: cell(CELLS.row),
    tick: cell(CELLS.number),
    startUs: cell(CELLS.start),
    us: cell(CELLS.us),
    stagesUs: Object.fromEntries(stages) as Record<StageName, number>,
  };
}

function usAt(cells: Float64Array, place: number): number {
  return cells[place * CELLS.tick + CELLS.us] as number;
}

/** Of a tick: its room's row, number, start, all of it, stages. Place 0 is the newest that was timed. */
const CELLS = { row: 0, number: 1, start: 2, us: 3, stages: 4, tick: 4 + STAGES.length } as const;
const WORST = 16;
/** Until when all ticks are timed, us. */
const WATCHED = STAGE_CELLS - 1;
const WATCHED_US = 60_000_000;
const SAMPLE_US = 1_000_000;
/** Ten minutes: what an operator who was called still sees. */
const KEPT_US = 600_000_000;
const FORGET_EVERY_US = 5_000_000;
const HISTOGRAMS = STAGES.map((stage) => HISTOGRAM[stage]);
