/**
 * What every benchmark hands back, and how it is printed. Ratios only count when ours and the peer ran interleaved in the same
 * run; a row without a peer says null, never 0.
 */
import { cpus, release } from 'node:os';

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
  /** null where the goal needs a peer that did not run. */
  readonly met: boolean | null;
}

export interface BenchOptions {
  /** Under 30 s, with fewer ticks and rounds. */
  readonly quick: boolean;
  readonly seed: number;
  /** How many shots `shots` fires at least; undefined: its own number. */
  readonly shots?: number | undefined;
  /** A line of progress. */
  readonly progress: (line: string) => void;
}

export interface Bench {
  readonly name: string;
  readonly summary: string;
  run(options: BenchOptions): Promise<BenchRow[]>;
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
    met: null,
    ...row,
  };
}

/** A row of ours beside a peer, from rounds that took turns. Rounds without a peer make a row of ours alone. */
export function ratioRow(row: {
  readonly name: string;
  readonly unit: string;
  readonly rounds: readonly { readonly ours: number; readonly peer: number | null }[];
  readonly peerName: string | null;
  /** `ratioMin`: least median of peer / ours that meets it. Without a peer nobody knows. */
  readonly goal?: { readonly text: string; readonly ratioMin: number };
}): BenchRow {
  const { name, unit, rounds, peerName, goal } = row;
  const ours = median(rounds.map((round) => round.ours));
  const goalText = goal === undefined ? {} : { goal: goal.text };
  const pairs = rounds.flatMap(({ ours: own, peer }) => (peer === null ? [] : [{ own, peer }]));
  if (pairs.length === 0) return ownRow({ name, unit, ours, ...goalText });
  const ratios = pairs.map(({ own, peer }) => peer / own);
  const ratio = median(ratios);
  return ownRow({
    name,
    unit,
    ours,
    ...goalText,
    peer: median(pairs.map(({ peer }) => peer)),
    peerName,
    ratio,
    ratioMin: Math.min(...ratios),
    ratioMax: Math.max(...ratios),
    met: goal === undefined ? null : ratio >= goal.ratioMin,
  });
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The head of every run: without machine, versions and seed a figure means nothing. */
export function describeRun(
  options: Pick<BenchOptions, 'quick' | 'seed'>,
  facts: { readonly [name: string]: string | number } = {},
): string {
  const cpu = cpus()[0]?.model.trim() ?? 'unknown CPU';
  const parts = [
    `${cpus().length} x ${cpu}`,
    `${process.platform} ${release()}`,
    `node ${process.versions.node}`,
    `v8 ${process.versions.v8}`,
    ...Object.entries(facts).map(([name, value]) => `${name} ${value}`),
    `seed ${options.seed}`,
  ];
  if (options.quick) parts.push('quick: figures are coarse');
  return parts.join(', ');
}

/** Cells of the table that a person reads. */
export function rowCells(row: BenchRow): string[] {
  const number = (value: number | null): string =>
    value === null ? '-' : value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);
  const met = row.met === null ? '-' : row.met ? 'met' : 'MISSED';
  const range =
    row.ratio === null
      ? '-'
      : `${number(row.ratio)} (${number(row.ratioMin)}..${number(row.ratioMax)})`;
  return [
    row.name,
    number(row.ours),
    row.unit,
    row.peerName ?? '-',
    number(row.peer),
    range,
    row.goal ?? '-',
    met,
  ];
}

export const ROW_HEAD = [
  'bench',
  'ours',
  'unit',
  'peer',
  'its figure',
  'ratio',
  'goal',
  'met',
] as const;
