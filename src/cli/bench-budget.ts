/** `fray bench budget`: what a tick of a game costs, stage by stage, and whether it holds its budget. */
import { writeFileSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { FrayError } from '../errors.ts';
import { describeHead, figure, runHead } from './bench-report.ts';
import { loadBench } from './bench-run.ts';
import type { Io, Values } from './command.ts';
import { EXIT, textOf, wholeNumber } from './command.ts';
import { table } from './table.ts';

export interface BudgetAsked {
  /** As `fray start --game` takes it. */
  readonly game: string;
  readonly folder: string;
  /** undefined: the game's own. */
  readonly players: number | undefined;
  readonly rate: number | undefined;
  readonly seconds: number;
  readonly seed: number;
}

export interface HookTime {
  /** As in `onTick`, `onMessage.chat`. */
  readonly name: string;
  readonly calls: number;
  /** us per tick, all its calls. */
  readonly meanUs: number;
  /** us of all its calls in one tick, at most. */
  readonly worstUs: number;
  /** Where it is written: `server.ts:41`; '' where that cannot be told. */
  readonly place: string;
}

/** Of all ticks that were timed the longest. */
export interface WorstTick {
  readonly tick: number;
  readonly us: number;
  readonly stagesUs: { readonly [stage: string]: number };
  /** The stage that took most of it. */
  readonly stage: string;
  /** Where that is the plugin's, or the bots' controls: the hook that took most of it. */
  readonly hook: { readonly name: string; readonly us: number; readonly place: string } | null;
}

export interface BudgetReport {
  readonly game: string;
  readonly players: number;
  readonly tickRateHz: number;
  readonly ticks: number;
  /** Who played: the game's own bots, or controls drawn by chance from its schema. */
  readonly controls: 'botInput' | 'random';
  readonly tickUs: {
    readonly mean: number;
    readonly p50: number;
    readonly p99: number;
    readonly max: number;
  };
  /** Ticks that took longer than an interval, in %. */
  readonly overPercent: number;
  readonly stages: readonly {
    readonly name: string;
    readonly meanUs: number;
    readonly p99Us: number;
    readonly maxUs: number;
  }[];
  readonly hooks: readonly HookTime[];
  /** The author's lines that were at work most, `server.ts:57 nearest`, with their part of all samples of the author's code. */
  readonly lines: readonly { readonly place: string; readonly percent: number }[];
  readonly worst: WorstTick;
  /** Of this kind on one core that is full to 80 %: ticks alone, without sockets. */
  readonly roomsPerCore: number;
  /** Bytes of a room when it is opened: its linear memory, and JavaScript beside it. */
  readonly roomBytes: number;
  /** Bytes per player and tick, header included, without that of the transport. */
  readonly bytesOut: number;
  readonly bytesIn: number;
  /** Hooks that threw, and what the first said. */
  readonly faults: number;
  readonly firstFault: string;
}

export interface Verdict {
  readonly ok: boolean;
  /** What is over, a line each. */
  readonly over: readonly string[];
}

/** The budget of DESIGN's rule R: p99 of a tick within half the interval, 99.5 % of ticks within all of it; and no hook throws. */
export function judge(report: BudgetReport): Verdict {
  const intervalUs = 1e6 / report.tickRateHz;
  const over: string[] = [];
  if (report.tickUs.p99 > intervalUs * P99_SHARE)
    over.push(
      `p99 of a tick is ${ms(report.tickUs.p99)}, more than ${ms(intervalUs * P99_SHARE)}, half of the interval`,
    );
  if (report.overPercent > OVER_PERCENT_MAX)
    over.push(
      `${figure(report.overPercent)} % of ticks took longer than the interval of ${ms(intervalUs)}; ${OVER_PERCENT_MAX} % may`,
    );
  if (report.faults > 0)
    over.push(`hooks threw ${report.faults} times, first: ${report.firstFault}`);
  return { ok: over.length === 0, over };
}

/** The reports of both demo games, or of the one that was named. */
export async function budgetCommand(values: Values, io: Io): Promise<number> {
  for (const flag of ['shots', 'minutes'])
    if (values[flag] !== undefined)
      throw new FrayError('E_CONFIG', `Cannot use --${flag}: fray bench budget has no such thing`);
  const number = (name: string, min: number, max: number): number | undefined =>
    values[name] === undefined ? undefined : wholeNumber(values, name, { min, max });
  const quick = values['quick'] === true;
  const seed = wholeNumber(values, 'seed', { min: 0, max: 0xffff_ffff });
  const games = values['game'] === undefined ? DEMO_GAMES : [textOf(values, 'game')];
  const out = values['out'] === undefined ? null : resolve(io.folder, textOf(values, 'out'));
  if (out !== null && extname(out) !== '.json')
    throw new FrayError('E_CONFIG', `Cannot use --out ${out}: a budget is written to a .json`);
  const asked = {
    folder: io.folder,
    players: number('players', 1, 1024),
    rate: number('rate', 1, 128),
    seconds: number('seconds', 1, 3600) ?? (quick ? QUICK_SECONDS : SECONDS),
    seed,
  };
  const { measureBudget } = await loadBench<{
    measureBudget(asked: BudgetAsked): Promise<BudgetReport>;
  }>('budget');
  const head = describeHead(runHead({ quick, seed }));
  io.progress(head);
  const found: (BudgetReport & { readonly verdict: Verdict })[] = [];
  for (const game of games) {
    io.progress(`budget: ${game}, ${asked.seconds} s of its time`);
    const report = await measureBudget({ ...asked, game });
    found.push({ ...report, verdict: judge(report) });
  }
  const json = `${JSON.stringify(found, null, 2)}\n`;
  if (out !== null) writeFileSync(out, json);
  if (values['json'] === true) io.out(json.trimEnd());
  else io.out(found.map((report) => budgetText(report, report.verdict)).join('\n\n'));
  return found.every(({ verdict }) => verdict.ok) ? EXIT.done : EXIT.failed;
}

export function budgetText(report: BudgetReport, verdict: Verdict): string {
  const intervalUs = 1e6 / report.tickRateHz;
  const { tickUs, worst } = report;
  const share = (us: number): string => `${((100 * us) / intervalUs).toFixed(1)} %`;
  const by =
    report.controls === 'botInput'
      ? "played by the game's own botInput"
      : 'played by chance, as its schema allows';
  const stages = report.stages.map(({ name, meanUs, p99Us, maxUs }) => [
    name,
    ms(meanUs),
    ms(p99Us),
    ms(maxUs),
    share(meanUs),
  ]);
  const all = ['tick', ms(tickUs.mean), ms(tickUs.p99), ms(tickUs.max), share(tickUs.mean)];
  const hooks = report.hooks.map(({ name, calls, meanUs, worstUs, place }) => [
    name,
    String(calls),
    ms(meanUs),
    ms(worstUs),
    place,
  ]);
  const cause =
    worst.hook === null
      ? `${ms(worst.stagesUs[worst.stage] ?? 0)} of it in ${worst.stage}`
      : `${ms(worst.hook.us)} of it in ${worst.hook.name}${worst.hook.place === '' ? '' : ` (${worst.hook.place})`}`;
  const lines = report.lines.map(({ place, percent }) => `  ${percent.toFixed(0)} %  ${place}`);
  return [
    `${report.game}: ${report.players} players at ${report.tickRateHz} Hz, ${report.ticks} ticks, ${by}; a tick may take ${ms(intervalUs * P99_SHARE)} (p99), half of ${ms(intervalUs)}`,
    table(['stage', 'mean', 'p99', 'most', 'of the interval'], [...stages, all]),
    hooks.length === 0
      ? 'No hook ran.'
      : table(['hook', 'calls', 'mean per tick', 'most in a tick', 'written at'], hooks),
    ...(lines.length === 0
      ? []
      : [`Lines of the game that were at work most:\n${lines.join('\n')}`]),
    `Worst tick: ${worst.tick}, ${ms(worst.us)}: ${cause}.`,
    `A core full to 80 % has room for ${report.roomsPerCore} such rooms (ticks alone; sockets come on top). A room takes ${(report.roomBytes / 1e6).toFixed(2)} MB. ` +
      `A player is sent ${figure(report.bytesOut)} bytes a tick (${figure((report.bytesOut * report.tickRateHz * 8) / 1000)} kbit/s) and sends ${figure(report.bytesIn)}.`,
    verdict.ok
      ? 'Within budget.'
      : `OVER BUDGET:\n${verdict.over.map((line) => `  ${line}`).join('\n')}`,
  ].join('\n\n');
}

function ms(us: number): string {
  const value = us / 1000;
  return `${value.toFixed(value >= 100 ? 0 : value >= 1 ? 1 : 3)} ms`;
}

export const DEMO_GAMES: readonly string[] = ['arena', 'outpost'];
export const QUICK_SECONDS = 5;
export const SECONDS = 20;
/** Of the interval between two ticks. */
const P99_SHARE = 0.5;
const OVER_PERCENT_MAX = 0.5;
