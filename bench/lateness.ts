/**
 * `fray bench lateness` (W7): how late a worker begins its ticks and how long they take, at 20, 50 and 80 % load. A real worker thread
 * runs arenas full of bots, as many as the load asks for; figures are those that the worker counts itself, the same that
 * metrics show. Lateness is that of a phase slot: of several rooms in one, each begins when those before it are done.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { compileCore } from '../core-wasm/bindings/instantiate.ts';
import type { Bench, BenchChart, BenchOptions, BenchRow } from '../src/cli/bench-report.ts';
import { ownRow } from '../src/cli/bench-report.ts';
import { packageRoot } from '../src/cli/games.ts';
import { PHASE_SLOTS } from '../workers/slots.ts';
import type { Histogram, HistogramName } from '../workers/timing.ts';
import { BUCKETS, bucketLow, quantileUs } from '../workers/timing.ts';
import { BotWorker } from './bot-worker.ts';
import { pause } from './worker-host.ts';

export const bench: Bench = {
  name: 'lateness',
  async run(options) {
    const core = readFileSync(join(packageRoot(), 'core-wasm', 'fray_core.wasm'));
    const worker = await BotWorker.start(await compileCore(core));
    const lengths = options.quick ? QUICK : FULL;
    const rows: BenchRow[] = [];
    try {
      rows.push(...(await bareSleep(lengths.sleepMs)));
      for (const percent of lengths.loads) rows.push(...(await runLoad(worker, percent, options)));
    } finally {
      await worker.stop();
    }
    return rows;
  },
};

async function runLoad(
  worker: BotWorker,
  percent: number,
  options: BenchOptions,
): Promise<BenchRow[]> {
  const lengths = options.quick ? QUICK : FULL;
  await reach(worker, percent, lengths);
  const before = take(worker);
  const { load, elapsedMs } = await cpuWhile(lengths.measureMs);
  const after = take(worker);
  const inTicks = (after.busyUs - before.busyUs) / (elapsedMs * 10);
  const name = `lateness/${percent} %`;
  const noise = inTicks > load + NOISE_PERCENT ? ', NOISE: other programs were in the way' : '';
  options.progress(
    `${name}: ${worker.rooms} rooms of ${worker.bots} bots, ${load.toFixed(1)} % of a core, ${inTicks.toFixed(1)} % of the time in ticks${noise}, ` +
      `${after.caughtUp - before.caughtUp} ticks caught up, ${after.skipped - before.skipped} skipped, overload level ${worker.counter('overloadLevel')}, ${(elapsedMs / 1000).toFixed(0)} s`,
  );
  const isGoal = percent === GOAL_LOAD;
  for (const histogram of ['lateness', 'tick'] as const)
    options.chart(
      histogramChart(
        `${NAMES[histogram]}${histogram === 'tick' ? '' : ' late'}, ${load.toFixed(0)} % load`,
        between(before[histogram], after[histogram]),
      ),
    );
  const rows = (['lateness', 'tick', 'slot'] as const).flatMap((histogram) =>
    quantiles(name, NAMES[histogram], between(before[histogram], after[histogram])).map((row) =>
      isGoal && histogram === 'lateness' && row.name.endsWith('p99')
        ? { ...row, goal: `<= ${P99_MS_MAX} ms`, goalId: 'P11', met: row.ours <= P99_MS_MAX }
        : row,
    ),
  );
  return [ownRow({ name: `${name} load`, unit: '% of a core, CPU time', ours: load }), ...rows];
}

/**
 * Opens as many rooms as make the load, by the CPU time of a room's tick; from below, because rooms are not closed again. That time and
 * not the time on the wall is measured: on a machine that is busy with others a worker gets less than it asks for.
 */
async function reach(worker: BotWorker, percent: number, lengths: typeof FULL): Promise<void> {
  if (worker.rooms === 0) await worker.open(ROOMS_FIRST);
  for (let step = 0; step < lengths.steps; step += 1) {
    await pause(lengths.settleMs);
    const ticks = worker.counter('ticks');
    const { load, elapsedMs } = await cpuWhile(lengths.settleMs);
    const tickMs = (load * elapsedMs) / 100 / (worker.counter('ticks') - ticks);
    const wanted = Math.floor(((percent / 100) * TICK_MS) / tickMs);
    if (wanted <= worker.rooms) return;
    // The first guess is made with code that V8 has not compiled yet and with few rooms: half the way, then all of it.
    const share = step === 0 ? 0.5 : 1;
    await worker.open(Math.ceil((wanted - worker.rooms) * share));
  }
  await pause(lengths.settleMs);
}

/** CPU time of this process, nearly all of it the worker's, in % of a core. */
async function cpuWhile(ms: number): Promise<{ load: number; elapsedMs: number }> {
  const [startMs, before] = [performance.now(), process.cpuUsage()];
  await pause(ms);
  const used = process.cpuUsage(before);
  const elapsedMs = performance.now() - startMs;
  return { load: (used.user + used.system) / (elapsedMs * 10), elapsedMs };
}

/** What the machine itself gives: a thread that does nothing but sleep until the next phase slot, as a worker does. */
async function bareSleep(ms: number): Promise<BenchRow[]> {
  const slots = Math.floor(ms / SLOT_MS);
  const thread = new Worker(SLEEPER, { eval: true, workerData: { slots, slotMs: SLOT_MS } });
  const [late] = (await once(thread, 'message')) as [Float64Array];
  const sorted = late.sort();
  const at = (q: number): number => sorted[Math.min(slots - 1, Math.floor(q * slots))] as number;
  const values: readonly (readonly [string, number])[] = [
    ['p50', at(0.5)],
    ['p99', at(0.99)],
    ['max', at(1)],
  ];
  return values.map(([quantile, lateMs]) =>
    ownRow({ name: `lateness/bare sleep ${quantile}`, unit: 'ms', ours: lateMs }),
  );
}

interface Figures {
  readonly busyUs: number;
  readonly caughtUp: number;
  readonly skipped: number;
  readonly lateness: Histogram;
  readonly tick: Histogram;
  readonly slot: Histogram;
}

function take(worker: BotWorker): Figures {
  const histogram = (name: HistogramName): Histogram => worker.timing.histogram(name);
  return {
    busyUs: worker.counter('busyUs'),
    caughtUp: worker.counter('ticksCaughtUp'),
    skipped: worker.counter('ticksSkipped'),
    lateness: histogram('lateness'),
    tick: histogram('tick'),
    slot: histogram('slot'),
  };
}

/** What came between two readings. */
function between(before: Histogram, after: Histogram): Histogram {
  return {
    count: after.count - before.count,
    sumUs: after.sumUs - before.sumUs,
    buckets: after.buckets.map((count, bucket) => count - (before.buckets[bucket] as number)),
  };
}

/** Two buckets of the counters in one step, from the first to the last that is not empty. */
function histogramChart(title: string, { buckets }: Histogram): BenchChart {
  const counts = [...buckets];
  const first = counts.findIndex((count) => count > 0) & ~1;
  const last = counts.findLastIndex((count) => count > 0);
  const starts: number[] = [];
  for (let bucket = Math.max(0, first); bucket <= last + 2; bucket += 2) starts.push(bucket);
  return {
    title,
    kind: 'steps',
    x: { label: 'ms', values: starts.map((bucket) => bucketLow(bucket) / 1000) },
    y: { label: 'times' },
    series: [
      {
        label: title,
        values: starts.map((bucket) => (counts[bucket] ?? 0) + (counts[bucket + 1] ?? 0)),
      },
    ],
  };
}

/** Upper bounds of buckets, which are 12.5 % wide. */
function quantiles(name: string, what: string, histogram: Histogram): BenchRow[] {
  let last = 0;
  for (let bucket = 0; bucket < BUCKETS; bucket += 1)
    if ((histogram.buckets[bucket] as number) > 0) last = bucket;
  const values: readonly (readonly [string, number])[] = [
    ['p50', quantileUs(histogram, 0.5)],
    ['p99', quantileUs(histogram, 0.99)],
    ['max', bucketLow(last + 1)],
  ];
  return values.map(([quantile, us]) =>
    ownRow({ name: `${name} ${what} ${quantile}`, unit: 'ms', ours: us / 1000 }),
  );
}

const NAMES = {
  lateness: 'start',
  tick: 'duration of a room',
  slot: 'duration of a slot',
} as const;
const FULL = { loads: [20, 50, 80], measureMs: 60_000, settleMs: 3000, sleepMs: 10_000, steps: 4 };
const QUICK = { loads: [20, 50, 80], measureMs: 2000, settleMs: 700, sleepMs: 1000, steps: 3 };
/** ms. At 30 Hz. */
const TICK_MS = 1000 / 30;
/** ms. */
const SLOT_MS = TICK_MS / PHASE_SLOTS;
const SLEEPER = `
  const { parentPort, workerData: { slots, slotMs } } = require('node:worker_threads');
  const never = new Int32Array(new SharedArrayBuffer(4));
  const late = new Float64Array(slots);
  let dueMs = performance.now() + slotMs;
  for (let slot = 0; slot < slots; slot += 1, dueMs += slotMs) {
    Atomics.wait(never, 0, 0, dueMs - performance.now());
    late[slot] = performance.now() - dueMs;
  }
  parentPort.postMessage(late);
`;
const ROOMS_FIRST = 8;
/** By how much more time than CPU a worker may spend in ticks before the figures are called noise. */
const NOISE_PERCENT = 5;
/** P11. */
const GOAL_LOAD = 80;
const P99_MS_MAX = 0.5;
