/**
 * `fray bench budget`: a game's own plugin in the room that ships (`Shard`, `ShardRoom`, `GameRuntime`, the committed core), played by as
 * many clients as it has players, each with the client's core: inputs go in as packets, snapshots are decoded, acknowledgements come
 * late. Every tick is timed stage by stage, every hook by itself; then V8's profiler watches a shorter play, for the lines.
 */
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { compileCore } from '../core-wasm/bindings/instantiate.ts';
import type { BudgetAsked, BudgetReport, HookTime, WorstTick } from '../src/cli/bench-budget.ts';
import { DEMO_GAMES, judge, QUICK_SECONDS, SECONDS } from '../src/cli/bench-budget.ts';
import type { Bench, BenchRow } from '../src/cli/bench-report.ts';
import { ownRow } from '../src/cli/bench-report.ts';
import { importable } from '../src/cli/bundle.ts';
import { corePath, findGame, packageRoot } from '../src/cli/games.ts';
import { FrayError } from '../src/errors.ts';
import type { Game } from '../src/plugin/game.ts';
import { defineSchema } from '../src/schema/define.ts';
import { STAGES, type StageName } from '../workers/timing.ts';
import { linesAtWork, placesOf } from './budget-places.ts';
import { BudgetPlay } from './budget-play.ts';
import { collector } from './gc.ts';
import { pause } from './worker-host.ts';

export const bench: Bench = {
  name: 'budget',
  async run(options) {
    const rows: BenchRow[] = [];
    for (const game of DEMO_GAMES) {
      const report = await measureBudget({
        game,
        folder: packageRoot(),
        players: undefined,
        rate: undefined,
        seconds: options.quick ? QUICK_SECONDS : SECONDS,
        seed: options.seed,
      });
      const { ok, over } = judge(report);
      for (const line of over) options.progress(`budget/${game}: ${line}`);
      rows.push(...rowsOf(report, ok));
      options.chart({
        title: `${game}: a tick by stage, ${report.players} players at ${report.tickRateHz} Hz`,
        kind: 'bars',
        x: { label: '', values: report.stages.map(({ name }) => name) },
        y: { label: 'us' },
        series: [
          { label: 'mean', values: report.stages.map(({ meanUs }) => meanUs) },
          { label: 'p99', values: report.stages.map(({ p99Us }) => p99Us) },
        ],
      });
    }
    return rows;
  },
};

function rowsOf(report: BudgetReport, ok: boolean): BenchRow[] {
  const name = `budget/${report.game}`;
  const interval = 1000 / report.tickRateHz;
  return [
    ownRow({
      name: `${name} tick p99`,
      unit: `ms, ${report.players} players at ${report.tickRateHz} Hz`,
      ours: report.tickUs.p99 / 1000,
      goal: `<= ${(interval / 2).toFixed(1)}, half of the interval`,
      met: ok,
    }),
    ownRow({ name: `${name} tick mean`, unit: 'ms', ours: report.tickUs.mean / 1000 }),
    ownRow({ name: `${name} rooms`, unit: 'per core, ticks alone', ours: report.roomsPerCore }),
    ownRow({ name: `${name} memory`, unit: 'MB per room', ours: report.roomBytes / 1e6 }),
    ownRow({ name: `${name} bytes out`, unit: 'bytes per player and tick', ours: report.bytesOut }),
  ];
}

/** Throws E_CONFIG where the game cannot be found or built, and E_SCHEMA where its schema does not allow the rate. */
export async function measureBudget(asked: BudgetAsked): Promise<BudgetReport> {
  const { folder, seed } = asked;
  const found = findGame(asked.game, { folder });
  const built = await importable(found.server);
  let game: Game;
  try {
    const module = (await import(pathToFileURL(built.file).href)) as { default?: Game };
    if (module.default?.game !== 'fray')
      throw new FrayError(
        'E_CONFIG',
        `Cannot use game ${asked.game}: its default export is no game; defineGame makes one`,
      );
    game = at(module.default, asked.rate);
  } finally {
    built.dispose();
  }
  const core = await compileCore(readFileSync(corePath()));
  const players = asked.players ?? game.options.playersMax;
  const rate = game.schema.tickRateHz;
  const ticks = Math.max(MEASURED_MIN, Math.round(asked.seconds * rate));
  const checked = new BudgetPlay(core, { game, players, seed, verify: true });
  checked.run(CHECKED_TICKS);
  if (checked.checks === 0) throw new Error('No client could compare what it decoded');
  const play = new BudgetPlay(core, { game, players, seed, verify: false });
  play.run(Math.min(WARM_TICKS_MAX, Math.max(rate * 2, WARM_TICKS_MIN)));
  play.measure();
  play.run(ticks);
  const measured = play.figures();
  const lines = await linesAtWork(
    () => play.run(Math.max(MEASURED_MIN, Math.round(ticks * PROFILED_SHARE))),
    folder,
  );
  const places = placesOf(game.hooks, folder);
  const hooks: HookTime[] = [...measured.hooks]
    .map(([name, { calls, us, worstUs }]) => ({
      name,
      calls,
      meanUs: us / ticks,
      worstUs,
      place: places.get(name) ?? '',
    }))
    .sort((a, b) => b.meanUs - a.meanUs);
  return {
    game: found.name,
    players,
    tickRateHz: rate,
    ticks,
    controls: play.controls,
    tickUs: spread(measured.ticksUs),
    overPercent: (100 * measured.ticksUs.filter((us) => us > 1e6 / rate).length) / ticks,
    stages: STAGES.map((name, stage) => {
      const { mean, p99, max } = spread(measured.stagesUs.map((us) => us[stage] as number));
      return { name, meanUs: mean, p99Us: p99, maxUs: max };
    }),
    hooks,
    lines,
    worst: worstOf(measured, places),
    roomsPerCore: Math.floor((CORE_SHARE * 1e6) / rate / measured.turnUs),
    roomBytes: await roomBytes(play),
    bytesOut: measured.bytesOut / (ticks * players),
    bytesIn: measured.bytesIn / (ticks * players),
    faults: measured.faults.length,
    firstFault: measured.faults[0] ?? '',
  };
}

/** The game at another rate: its schema is checked and laid out anew. */
function at(game: Game, rate: number | undefined): Game {
  if (rate === undefined || rate === game.schema.tickRateHz) return game;
  const declaration = { ...game.schema.declaration, tickRateHz: rate };
  return { ...game, schema: defineSchema(declaration as never) as Game['schema'] };
}

function worstOf(
  measured: ReturnType<BudgetPlay['figures']>,
  places: ReadonlyMap<string, string>,
): WorstTick {
  const { ticksUs, stagesUs, hooksUs, firstTick } = measured;
  let index = 0;
  for (const [tick, us] of ticksUs.entries()) if (us > (ticksUs[index] as number)) index = tick;
  const row = stagesUs[index] ?? [];
  const stage = STAGES.reduce<StageName>(
    (most, name, one) =>
      (row[one] as number) > (row[STAGES.indexOf(most)] as number) ? name : most,
    'enter',
  );
  const own = [...(hooksUs[index] ?? [])].sort((a, b) => b[1] - a[1])[0];
  const isHook = (stage === 'plugin' || stage === 'enter') && own !== undefined;
  return {
    tick: firstTick + index,
    us: ticksUs[index] as number,
    stagesUs: Object.fromEntries(STAGES.map((name, one) => [name, row[one] as number])),
    stage,
    hook:
      isHook && own[1] > (row[STAGES.indexOf(stage)] as number) / 2
        ? { name: own[0], us: own[1], place: places.get(own[0]) ?? '' }
        : null,
  };
}

/** By how much memory grows when one more room is opened. */
async function roomBytes(play: BudgetPlay): Promise<number> {
  const collect = collector();
  const held = async (): Promise<number> => {
    for (let again = 0; again < COLLECTIONS; again += 1) {
      collect();
      await pause(1);
    }
    collect();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const before = await held();
  play.openAnother();
  return Math.max(0, (await held()) - before);
}

function spread(values: readonly number[]): BudgetReport['tickUs'] {
  const sorted = Float64Array.from(values).sort();
  const quantile = (q: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] as number;
  const sum = sorted.reduce((all, value) => all + value, 0);
  return { mean: sum / sorted.length, p50: quantile(0.5), p99: quantile(0.99), max: quantile(1) };
}

/** Of a play before, in which clients compare hashes. */
const CHECKED_TICKS = 90;
/** V8 compiles meanwhile. */
const WARM_TICKS_MIN = 120;
const WARM_TICKS_MAX = 400;
const MEASURED_MIN = 60;
const PROFILED_SHARE = 0.3;
/** Of a core, for rooms. */
const CORE_SHARE = 0.8;
const COLLECTIONS = 3;
