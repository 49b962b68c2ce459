/**
 * What every benchmark hands back, and how it is printed. Ratios only count when ours and the peer ran interleaved in the same
 * run; a row without a peer says null, never 0.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { corePath, packageVersion } from './games.ts';
import { table } from './table.ts';

/** One round: ours and the peer took turns in it. */
export interface Round {
  readonly ours: number;
  readonly peer: number | null;
}

/** Beside a ratio: work that one side does and the other does not, and how the peer was set up. */
export interface More {
  readonly ours: string;
  readonly peer: string;
  /** The peer's settings and where they come from. */
  readonly settings: string;
}

export interface BenchRow {
  /** Stable; says workload and size. */
  readonly name: string;
  readonly unit: string;
  /** Median over the rounds. */
  readonly ours: number;
  readonly peer: number | null;
  readonly peerName: string | null;
  /** peer / ours for costs: how many times cheaper we are. Median, least and largest of the rounds. */
  readonly ratio: number | null;
  readonly ratioMin: number | null;
  readonly ratioMax: number | null;
  /** What the anchors' sheet asks, as text; null: only information. */
  readonly goal: string | null;
  /** Which goal of bench-goals.ts it is; null: one of an issue, or none. */
  readonly goalId: string | null;
  /** null where the goal needs a peer that did not run. */
  readonly met: boolean | null;
  /** All rounds; empty where there was one measurement. */
  readonly rounds: readonly Round[];
  /** null without a peer, and where the peer is ours under other circumstances. */
  readonly more: More | null;
}

/** A picture of the report page. `null` in a series: not measured. */
export interface BenchChart {
  readonly title: string;
  /** `bars` and `steps` (a histogram) stand beside one another; `points` are joined by lines. */
  readonly kind: 'bars' | 'steps' | 'points';
  readonly x: { readonly label: string; readonly values: readonly (number | string)[] };
  readonly y: { readonly label: string; readonly log?: boolean };
  readonly series: readonly {
    readonly label: string;
    readonly values: readonly (number | null)[];
  }[];
}

export interface BenchOptions {
  /** Under 30 s, with fewer ticks and rounds. */
  readonly quick: boolean;
  readonly seed: number;
  /** How many shots `shots` fires at least; undefined: its own number. */
  readonly shots?: number | undefined;
  /** How long `churn` plays; undefined: its own time. */
  readonly minutes?: number | undefined;
  /** A line of progress. */
  readonly progress: (line: string) => void;
  /** Takes a picture for the report page. */
  readonly chart: (chart: BenchChart) => void;
}

export interface Bench {
  readonly name: string;
  run(options: BenchOptions): Promise<BenchRow[]>;
}

/** What came of one benchmark. */
export interface BenchOutcome {
  readonly name: string;
  readonly summary: string;
  readonly seconds: number;
  readonly rows: readonly BenchRow[];
  readonly charts: readonly BenchChart[];
  /** What it said on its way: what was compared, which peer did not run and why. */
  readonly progress: readonly string[];
  /** Why it ended without rows: an answer that was wrong, for example; null: it did not. */
  readonly failure: string | null;
}

/** Without machine, versions and seed a figure means nothing. */
export interface RunHead {
  readonly when: string;
  readonly machine: string;
  readonly memoryGb: number;
  readonly kernel: string;
  readonly node: string;
  readonly v8: string;
  readonly fray: string;
  /** SHA-256 of the core, the first 16 hex digits. */
  readonly core: string;
  readonly seed: number;
  readonly quick: boolean;
}

export interface BenchReport {
  readonly head: RunHead;
  readonly benches: readonly BenchOutcome[];
}

/** A row of ours alone. `met` is judged by the caller, where the goal needs no peer. */
export function ownRow(
  row: Pick<BenchRow, 'name' | 'unit' | 'ours'> & Partial<BenchRow>,
): BenchRow {
  return {
    peer: null,
    peerName: null,
    ratio: null,
    ratioMin: null,
    ratioMax: null,
    goal: null,
    goalId: null,
    met: null,
    rounds: [],
    more: null,
    ...row,
  };
}

/** A row of ours beside a peer, from rounds that took turns. Rounds without a peer make a row of ours alone. */
export function ratioRow(row: {
  readonly name: string;
  readonly unit: string;
  readonly rounds: readonly Round[];
  readonly peerName: string | null;
  /** `ratioMin`: least median of peer / ours that meets it. Without a peer nobody knows. */
  readonly goal?: { readonly text: string; readonly ratioMin: number; readonly id?: string };
  readonly more?: More;
}): BenchRow {
  const { name, unit, rounds, peerName, goal } = row;
  const ours = median(rounds.map((round) => round.ours));
  const shared = {
    ...(goal !== undefined && { goal: goal.text, goalId: goal.id ?? null }),
    ...(rounds.length > 1 && { rounds }),
  };
  const pairs = rounds.flatMap(({ ours: own, peer }) => (peer === null ? [] : [{ own, peer }]));
  if (pairs.length === 0) return ownRow({ name, unit, ours, ...shared });
  const ratios = pairs.map(({ own, peer }) => peer / own);
  const ratio = median(ratios);
  return ownRow({
    name,
    unit,
    ours,
    ...shared,
    peer: median(pairs.map(({ peer }) => peer)),
    peerName,
    ratio,
    ratioMin: Math.min(...ratios),
    ratioMax: Math.max(...ratios),
    met: goal === undefined ? null : ratio >= goal.ratioMin,
    more: row.more ?? null,
  });
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The head of every run. */
export function runHead({ quick, seed }: Pick<BenchOptions, 'quick' | 'seed'>): RunHead {
  const all = cpus();
  return {
    when: new Date().toISOString().slice(0, 16).replace('T', ' '),
    machine: `${all.length} x ${all[0]?.model.trim() ?? 'unknown CPU'}`,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: `${process.platform} ${release()}`,
    node: process.versions.node,
    v8: process.versions.v8,
    fray: packageVersion(),
    core: createHash('sha256').update(readFileSync(corePath())).digest('hex').slice(0, 16),
    seed,
    quick,
  };
}

export function describeHead(head: RunHead): string {
  const parts = [
    head.machine,
    `${head.memoryGb} GB`,
    head.kernel,
    `node ${head.node}`,
    `v8 ${head.v8}`,
    `fray ${head.fray}`,
    `core ${head.core}`,
    `seed ${head.seed}`,
    `${head.when} UTC`,
  ];
  if (head.quick) parts.push('quick: figures are coarse');
  return parts.join(', ');
}

/**
 * By what a goal that begins with `>=`, `<=` or `<` is missed, and `''` where it is met or nobody knows: `35 %` up to twice, then `6.7 times`.
 */
export function shortfall(row: BenchRow): string {
  if (row.met !== false) return '';
  const [, sign, wanted] = /^([<>])=? ?([\d.,]+)/.exec(row.goal ?? '') ?? [];
  const goal = Number((wanted ?? '').replaceAll(',', ''));
  if (sign === undefined || !(goal > 0)) return '';
  const value = row.ratio === null ? row.ours : sign === '>' ? row.ratio : 1 / row.ratio;
  const times = sign === '>' ? goal / value : value / goal;
  return times < 2
    ? `${Math.max(1, Math.round((times - 1) * 100))} %`
    : `${times.toFixed(1)} times`;
}

/** A ratio in the direction of its goal: `ours/peer` where that is an upper bound, else `peer/ours`. */
export function ratioText(row: BenchRow): string {
  const { ratio, ratioMin, ratioMax } = row;
  if (ratio === null || ratioMin === null || ratioMax === null) return '-';
  if (!/^</.test(row.goal ?? ''))
    return `peer/ours ${figure(ratio)} (${figure(ratioMin)}..${figure(ratioMax)})`;
  return `ours/peer ${figure(1 / ratio)} (${figure(1 / ratioMax)}..${figure(1 / ratioMin)})`;
}

export function figure(value: number | null): string {
  if (value === null) return '-';
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}

/** Cells of the table that a person reads. */
export function rowCells(row: BenchRow): string[] {
  const by = shortfall(row);
  const met = row.met === null ? '-' : row.met ? 'met' : `MISSED${by === '' ? '' : ` by ${by}`}`;
  return [
    row.name,
    figure(row.ours),
    row.unit,
    row.peerName ?? '-',
    figure(row.peer),
    ratioText(row),
    row.goalId === null ? (row.goal ?? '-') : `${row.goalId}: ${row.goal}`,
    met,
  ];
}

export const ROW_HEAD = [
  'bench',
  'ours',
  'unit',
  'peer',
  'its figure',
  'ratio, median (least..most)',
  'goal',
  'met',
] as const;

/** The rows as a table; below it, beside whom a ratio stands, what either side does that the other does not. */
export function rowsText(rows: readonly BenchRow[]): string {
  const notes = moreOf(rows).map(
    ({ peer, more }) =>
      `beside ${peer}:\n  its settings: ${more.settings}\n  it does more: ${more.peer}\n  ours does more: ${more.ours}`,
  );
  return [table(ROW_HEAD, rows.map(rowCells)), ...notes].join('\n\n');
}

/** Of each peer and text once. */
export function moreOf(rows: readonly BenchRow[]): { peer: string; more: More }[] {
  const found = new Map<string, { peer: string; more: More }>();
  for (const { peerName, more } of rows)
    if (peerName !== null && more !== null)
      found.set(`${peerName} ${more.ours} ${more.peer} ${more.settings}`, { peer: peerName, more });
  return [...found.values()];
}
