/**
 * Rule R: when a server counts as holding N players. Pure; one window of time in, a verdict out. The same clauses judge servers of ours and of
 * peers. What nobody could measure of a server is null, and the verdict names it as not judged: it is never taken for granted in silence.
 *
 * - at least 99.5 % of ticks run; the 99th percentile of a tick takes at most half the interval
 * - no client waits longer than 3 ticks for a snapshot
 * - at most 80 % of the cores that the server may use, threads and child processes summed
 * - no input is dropped; nobody is closed; every packet parses, comes in order, and decodes to what the server held
 * - the server gives all it is asked for (its own steps against overload are no capacity)
 *
 * A window in which the generator was at its limit (70 % of its core, or 2 ms late at p99) is judged `bound`, whatever the clauses say.
 */

/** What was seen of server and clients in one window. */
export interface Window {
  readonly players: number;
  readonly tickRateHz: number;
  readonly seconds: number;
  /** Cores that the server may use. */
  readonly cores: number;
  /** CPU seconds of the server, all of its threads and child processes. */
  readonly cpuSeconds: number;
  /** Ticks that went by from the first to the last snapshot of each client, of all clients together, and how many the clock says are due. */
  readonly ticksSeen: number;
  readonly ticksDue: number;
  /** Ticks that the server gave up, as it says. */
  readonly ticksSkipped: number | null;
  readonly tickMsP99: number | null;
  readonly gapTicksMax: number;
  readonly inputsSent: number;
  /** Datagrams that reached the server, as it counts them; and what it threw away of them. */
  readonly inputsTaken: number | null;
  readonly inputsDropped: readonly Dropped[] | null;
  readonly closed: number;
  readonly broken: number;
  readonly mismatches: number;
  /** Highest step against overload that was taken, 0: none. */
  readonly overloadLevel: number | null;
  readonly generators: readonly GeneratorLoad[];
}

/** As the server counts it, by its reason. */
export interface Dropped {
  readonly reason: string;
  readonly count: number;
}

export interface GeneratorLoad {
  /** Of one core. */
  readonly cpuShare: number;
  readonly lateMsP99: number;
}

export type ClauseName =
  | 'ticks run'
  | 'tick p99'
  | 'client gap'
  | 'cpu'
  | 'inputs dropped'
  | 'clients closed'
  | 'packets broken'
  | 'overload';

export interface Clause {
  readonly name: ClauseName;
  /** As a person reads it: the figure and its limit. */
  readonly text: string;
  /** null: it could not be measured. */
  readonly held: boolean | null;
}

export interface Verdict {
  /** `held` or `failed`: the server's; `bound`: the generator's, so it says nothing about the server but what clauses say. */
  readonly outcome: 'held' | 'failed' | 'bound';
  readonly clauses: readonly Clause[];
  /** Why it is `bound`. */
  readonly bound: string | null;
}

export function judge(window: Window): Verdict {
  const clauses = [
    ticksRun(window),
    tickP99(window),
    {
      name: 'client gap',
      text: `${window.gapTicksMax} ticks at most (<= ${RULE.gapTicksMax})`,
      held: window.gapTicksMax <= RULE.gapTicksMax,
    },
    cpu(window),
    inputs(window),
    count('clients closed', window.closed),
    count('packets broken', window.broken + window.mismatches),
    window.overloadLevel === null
      ? { name: 'overload', text: 'not known', held: null }
      : {
          name: 'overload',
          text: `level ${window.overloadLevel} (0)`,
          held: window.overloadLevel === 0,
        },
  ] satisfies Clause[];
  const bound = boundBy(window.generators);
  const failed = clauses.some(({ held }) => held === false);
  return { outcome: bound !== null ? 'bound' : failed ? 'failed' : 'held', clauses, bound };
}

/** The clauses that did not hold, as one line; '' if all did. */
export function failures({ clauses }: Pick<Verdict, 'clauses'>): string {
  return clauses
    .filter(({ held }) => held === false)
    .map(({ name, text }) => `${name} ${text}`)
    .join('; ');
}

/** Share of the server's cores that it used. */
export function cpuShare({ cpuSeconds, seconds, cores }: Window): number {
  return cpuSeconds / (seconds * cores);
}

function ticksRun({ ticksSeen, ticksDue, ticksSkipped }: Window): Clause {
  const ran = ticksDue > 0 ? ticksSeen / ticksDue : 0;
  // Those that the server gave up are missing in what clients saw, too.
  const skipped = ticksSkipped === null ? '' : `, ${ticksSkipped} given up`;
  return {
    name: 'ticks run',
    text: `${(100 * ran).toFixed(2)} %${skipped} (>= ${100 * RULE.ticksRunMin} %)`,
    held: ran >= RULE.ticksRunMin,
  };
}

function tickP99({ tickMsP99, tickRateHz }: Window): Clause {
  const limitMs = 500 / tickRateHz;
  if (tickMsP99 === null) return { name: 'tick p99', text: 'not known', held: null };
  return {
    name: 'tick p99',
    text: `${tickMsP99.toFixed(2)} ms (<= ${limitMs.toFixed(1)} ms)`,
    held: tickMsP99 <= limitMs,
  };
}

function cpu(window: Window): Clause {
  const share = cpuShare(window);
  const cores = window.cores === 1 ? 'one core' : `${window.cores} cores`;
  return {
    name: 'cpu',
    text: `${(100 * share).toFixed(1)} % of ${cores} (<= ${100 * RULE.cpuShareMax} %)`,
    held: share <= RULE.cpuShareMax,
  };
}

/** What the server says it threw away, and what it never saw: those on their way at either end of the window are no loss. */
function inputs({ players, inputsSent, inputsTaken, inputsDropped }: Window): Clause {
  if (inputsTaken === null && inputsDropped === null)
    return { name: 'inputs dropped', text: 'not known', held: null };
  const onTheirWay = players * RULE.onTheirWayTicks;
  const missing = inputsTaken === null ? 0 : Math.max(0, inputsSent - inputsTaken - onTheirWay);
  const reasons = [...(inputsDropped ?? []), { reason: 'never arrived', count: missing }];
  const there = reasons.filter(({ count: some }) => some > 0);
  const dropped = there.reduce((all, { count: some }) => all + some, 0);
  const why = there.map(({ reason, count: some }) => `${reason} ${some}`).join(', ');
  return {
    name: 'inputs dropped',
    text: `${dropped} of ${inputsSent}${why === '' ? '' : `: ${why}`} (0)`,
    held: dropped === 0,
  };
}

function count(name: ClauseName, value: number): Clause {
  return { name, text: `${value} (0)`, held: value === 0 };
}

function boundBy(generators: readonly GeneratorLoad[]): string | null {
  const share = Math.max(0, ...generators.map((one) => one.cpuShare));
  const lateMs = Math.max(0, ...generators.map((one) => one.lateMsP99));
  const why: string[] = [];
  if (share >= RULE.generatorShareMax)
    why.push(`${(100 * share).toFixed(0)} % of its core (< ${100 * RULE.generatorShareMax} %)`);
  if (lateMs > RULE.generatorLateMsMax)
    why.push(`${lateMs.toFixed(1)} ms late at p99 (<= ${RULE.generatorLateMsMax} ms)`);
  return why.length === 0 ? null : `the generator is at ${why.join(' and ')}`;
}

/** The figures of rule R, from the sheet of goals. */
export const RULE = {
  ticksRunMin: 0.995,
  gapTicksMax: 3,
  cpuShareMax: 0.8,
  generatorShareMax: 0.7,
  generatorLateMsMax: 2,
  /** A datagram takes at most so many ticks from client to counter at either end of a window; a server this far behind fails by its gaps. */
  onTheirWayTicks: 1,
} as const;
