/** A worker's overload, and who is told of it: its slots, the metrics, the log. Its rooms are told by the shard. */
import { LEVEL, Overload } from './overload.ts';
import type { Report } from './shard.ts';
import type { PhaseSlots } from './slots.ts';
import type { Timing } from './timing.ts';
import { COUNTER } from './timing.ts';

export interface PaceParts {
  readonly timing: Timing;
  readonly slots: Pick<PhaseSlots<unknown>, 'pace'>;
  readonly report: Report;
}

export class Pace {
  readonly #parts: PaceParts;
  #overload = new Overload();

  constructor(parts: PaceParts) {
    this.#parts = parts;
  }

  get level(): number {
    return this.#overload.level;
  }

  /** Speed of the rooms: 1000 is real time. */
  get permille(): number {
    return this.#overload.permille;
  }

  /** After each slot, as `Overload.account`. True: every room is to be told. */
  account(times: Float64Array, skipped: number): boolean {
    const { level } = this.#overload;
    if (!this.#overload.account(times, skipped)) return false;
    this.#tell(level);
    return true;
  }

  /** No room is left: nothing ticks that could show how calm it is now. */
  reset(): void {
    const { level } = this.#overload;
    if (level === LEVEL.none) return;
    this.#overload = new Overload();
    this.#tell(level);
  }

  #tell(before: number): void {
    const { level, permille, load } = this.#overload;
    const { timing, slots, report } = this.#parts;
    slots.pace(permille);
    timing.set(COUNTER.overloadLevel, level);
    timing.set(COUNTER.slowedPermille, 1000 - permille);
    if (level === before) return;
    if (level > before) timing.add(LEVEL_COUNTERS[level] as number, 1);
    const text = `overload level ${level}: ${LEVEL_TEXTS[level]}`;
    report({
      kind: 'log',
      level: level > before ? 'warn' : 'info',
      text,
      fields: { loadPercent: Math.round(load / 10), levelBefore: before },
    });
  }
}

/** Counter of each level of overload, and what a log says of it. */
const LEVEL_COUNTERS = [
  0,
  COUNTER.overloadTiers,
  COUNTER.overloadSends,
  COUNTER.overloadSlow,
  COUNTER.overloadFull,
];
const LEVEL_TEXTS = [
  'all as usual',
  'far states are sent more seldom',
  'snapshots are sent half as often',
  'time runs slower',
  'nobody is let in',
];
