/** What `fray loadtest` says: a line for each window, a row for each run, and what --json and --out hold. Pure. */
import type { Knee } from './knee.ts';
import type { Measured } from './measure.ts';
import { cpuShare, failures, RULE } from './rule.ts';

/** What was loaded, and how. */
export interface RowFacts {
  /** As in `Fray` or `ws (ws 8.23.0)`. */
  readonly server: string;
  readonly transport: string;
  readonly game: string;
  readonly tickRateHz: number;
  readonly cores: number;
  /** Servers among which clients took turns. */
  readonly processes: number;
  /** What `fray start` was given beside; '' nothing. */
  readonly flags: string;
  /** Why generators had no processors of their own; null: they had. */
  readonly shared: string | null;
  /** Clients played on native threads. */
  readonly native: boolean;
  readonly seed: number;
}

/** One search for the knee. `fray plan` reads rows like this one from files. */
export interface LoadRow extends RowFacts {
  /** Players of the last pass; null: none was held. */
  readonly held: number | null;
  readonly playersPerCore: number | null;
  readonly limit: Knee<Measured>['limit'];
  /** Why the next window did not pass; '' where the ramp ended. */
  readonly why: string;
  /** What the last pass cost; of the first failure where none passed. */
  readonly cpuUs: number;
  readonly cpuShare: number;
  readonly threads: Measured['figures']['threads'];
  readonly stages: Measured['figures']['stages'];
  readonly saturates: string;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly memory: MemoryFit | null;
  readonly generator: { readonly cpuShare: number; readonly lateMsP99: number };
  readonly windows: readonly WindowRow[];
}

export interface WindowRow {
  readonly players: number;
  readonly outcome: string;
  readonly cpuShare: number;
  readonly cpuUs: number;
  readonly why: string;
  /** Clauses of rule R by name, figure and limit. */
  readonly clauses: { readonly [name: string]: string };
  /** Clients that decoded everything, and hashes of theirs that were compared since the start. */
  readonly decoders: number;
  readonly checks: number;
}

/** Resident memory as a straight line over players. */
export interface MemoryFit {
  readonly baseBytes: number;
  readonly perPlayerBytes: number;
}

export function rowOf(facts: RowFacts, knee: Knee<Measured>): LoadRow {
  const shown = knee.held ?? knee.failed;
  if (shown === null) throw new Error('Cannot report: no window was measured');
  const { window, figures } = shown;
  const held = knee.held === null ? null : knee.held.window.players;
  return {
    ...facts,
    held,
    playersPerCore: held === null ? null : Math.floor(held / facts.cores),
    limit: knee.limit,
    why: knee.failed === null ? '' : whyOf(knee.failed),
    cpuUs: round(figures.cpuUs, 2),
    cpuShare: round(cpuShare(window), 4),
    threads: figures.threads.map(({ name, cores }) => ({ name, cores: round(cores, 4) })),
    stages: figures.stages.map(({ stage, us }) => ({ stage, us: round(us, 1) })),
    saturates: saturates(shown),
    bytesIn: round(figures.bytesIn, 1),
    bytesOut: round(figures.bytesOut, 1),
    memory: memoryFit(knee.tries),
    generator: {
      cpuShare: round(Math.max(...window.generators.map((one) => one.cpuShare)), 3),
      lateMsP99: Math.max(...window.generators.map((one) => one.lateMsP99)),
    },
    windows: knee.tries.map((one) => ({
      players: one.window.players,
      outcome: one.verdict.outcome,
      cpuShare: round(cpuShare(one.window), 4),
      cpuUs: round(one.figures.cpuUs, 2),
      why: one.verdict.outcome === 'held' ? '' : whyOf(one),
      clauses: Object.fromEntries(one.verdict.clauses.map(({ name, text }) => [name, text])),
      decoders: one.figures.decoders,
      checks: one.figures.checks,
    })),
  };
}

/** Of the server, and of the generator where it was at its limit. */
export function whyOf({ verdict }: Pick<Measured, 'verdict'>): string {
  return [verdict.bound, failures(verdict)]
    .filter((text) => text !== null && text !== '')
    .join('; ');
}

/** The line of one window. */
export function windowLine(one: Measured): string {
  const { window, figures, verdict } = one;
  const threads = figures.threads
    .filter(({ cores }) => cores >= 0.005)
    .map(({ name, cores }) => `${name} ${(100 * cores).toFixed(0)} %`)
    .join(', ');
  const clause = (name: string): string =>
    verdict.clauses.find((each) => each.name === name)?.text.replace(/ \(.*\)$/, '') ?? '';
  const generator = window.generators
    .map((each) => `${(100 * each.cpuShare).toFixed(0)} %, ${each.lateMsP99.toFixed(1)} ms late`)
    .join(' and ');
  const why = verdict.outcome === 'held' ? '' : ` (${whyOf(one)})`;
  return (
    `${window.players} players: ${verdict.outcome}${why}; CPU ${clause('cpu')}${threads === '' ? '' : ` (${threads})`}, ` +
    `${figures.cpuUs.toFixed(1)} us per player and tick; ticks ${clause('ticks run')}, p99 ${clause('tick p99')}, ` +
    `gap ${clause('client gap')}; inputs dropped ${clause('inputs dropped')}; generator ${generator}`
  );
}

/** The sentence of one run. */
export function rowLine(row: LoadRow): string {
  const where = `${row.server} by ${row.transport} at ${row.tickRateHz} Hz on ${row.cores === 1 ? 'one core' : `${row.cores} cores`}${row.processes > 1 ? `, ${row.processes} processes` : ''}`;
  if (row.held === null) return `${where}: holds none (${row.why})`;
  const held =
    row.limit === 'generator'
      ? `generator-bound, at least ${row.held} players`
      : row.limit === 'ramp'
        ? `at least ${row.held} players (the ramp ends there)`
        : `${row.held} players`;
  const more =
    row.limit === 'server'
      ? ''
      : `; by its CPU there some ${promised(row)} would fill ${100 * RULE.cpuShareMax} % (not measured)`;
  return `${where}: ${held}, ${row.playersPerCore} per core, ${row.cpuUs.toFixed(1)} us per player and tick${more}; ${row.saturates}`;
}

/** Players that would fill what the rule allows at the last pass's cost. Not measured. */
export function promised(row: Pick<LoadRow, 'held' | 'cpuShare'>): number {
  return Math.floor(((row.held ?? 0) * RULE.cpuShareMax) / Math.max(row.cpuShare, 1e-6));
}

export const ROW_HEAD = [
  'server',
  'transport',
  'Hz',
  'cores',
  'processes',
  'players held',
  'per core',
  'us per player and tick',
  'bytes in, out',
  'limit',
] as const;

export function rowCells(row: LoadRow): string[] {
  const least = row.limit === 'server' || row.held === null ? '' : '>= ';
  return [
    row.server,
    row.transport,
    String(row.tickRateHz),
    String(row.cores),
    String(row.processes),
    `${least}${row.held ?? 0}`,
    `${least}${row.playersPerCore ?? 0}`,
    row.cpuUs.toFixed(1),
    `${row.bytesIn.toFixed(0)}, ${row.bytesOut.toFixed(0)}`,
    row.limit === 'ramp' ? 'end of the ramp' : `${row.limit}: ${row.why}`,
  ];
}

/** The thread that would be full first were there cores enough, and the part of it that takes most. */
export function saturates({ figures }: Pick<Measured, 'figures'>): string {
  const [first] = figures.threads;
  if (first === undefined) return 'which thread is full first is not known';
  const share = `${(100 * first.cores).toFixed(0)} % of a core`;
  const [stage] = figures.stages;
  const sum = figures.stages.reduce((all, { us }) => all + us, 0);
  const most =
    stage === undefined || !first.name.includes('worker')
      ? ''
      : `, most of it in ${stage.stage} (${((100 * stage.us) / sum).toFixed(0)} % of a tick)`;
  return `full first: ${first.name} (${share}${most})`;
}

/** Least squares over all windows; null where memory is not known, or all windows had as many players. */
export function memoryFit(tries: readonly Measured[]): MemoryFit | null {
  const points = tries.flatMap(({ window, figures }) =>
    figures.memoryBytes === null ? [] : [{ x: window.players, y: figures.memoryBytes }],
  );
  const mean = (read: (one: { x: number; y: number }) => number): number =>
    points.reduce((sum, one) => sum + read(one), 0) / points.length;
  const [meanX, meanY] = [mean(({ x }) => x), mean(({ y }) => y)];
  const spread = mean(({ x }) => (x - meanX) ** 2);
  if (points.length < 2 || spread === 0) return null;
  const slope = Math.max(0, mean(({ x, y }) => (x - meanX) * (y - meanY)) / spread);
  return { perPlayerBytes: Math.round(slope), baseBytes: Math.round(meanY - slope * meanX) };
}

/** How far two searches differ, as a share of the smaller; null where one held none. */
export function difference(one: LoadRow, other: LoadRow): number | null {
  if (one.held === null || other.held === null) return null;
  return Math.abs(one.held - other.held) / Math.min(one.held, other.held);
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
