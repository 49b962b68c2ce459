/** One window of `fray loadtest`: brings the clients to a number, lets the server settle, and measures both ends. */
import type { Crew } from './crew.ts';
import type { Try } from './knee.ts';
import type { GeneratorFigures, PeerStats } from './messages.ts';
import {
  grown,
  labelValues,
  type MetricsPage,
  mostOf,
  quantileGrown,
  sumOf,
} from './metrics-page.ts';
import { judge, type Window } from './rule.ts';
import type { LoadedServer } from './servers.ts';
import { useOfServer } from './servers.ts';
import { between, type TreeUse } from './threads.ts';

/** What else was seen in a window, for people and for `fray plan`. */
export interface WindowFigures {
  /** us of the server per client and tick. */
  readonly cpuUs: number;
  /** Cores that each thread or child process kept busy, most first; [] where nobody knows. `io`, `worker N`, `fray-rtc`, `other`. */
  readonly threads: readonly { readonly name: string; readonly cores: number }[];
  /** Mean us of each stage of a room's tick, of those that the server times; [] for a peer. */
  readonly stages: readonly { readonly stage: string; readonly us: number }[];
  /** ms, upper bound: how late ticks began. */
  readonly lateMsP99: number | null;
  /** Bytes of one datagram from and to a client, as the transport carries it. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Bytes of the server with all of its children; null where nobody knows. */
  readonly memoryBytes: number | null;
  readonly rooms: number | null;
  readonly decoders: number;
  readonly checks: number;
  /** Share of players' ticks whose command was not there in time; null for a peer. */
  readonly inputsMissing: number | null;
}

export interface Measured extends Try {
  readonly figures: WindowFigures;
}

export interface MeasureOptions {
  readonly crew: Crew;
  readonly servers: readonly LoadedServer[];
  readonly cores: number;
  readonly settleMs: number;
  readonly measureMs: number;
}

export async function measure(players: number, options: MeasureOptions): Promise<Measured> {
  const { crew, servers, settleMs, measureMs } = options;
  await crew.become(players);
  await settle(servers, settleMs);
  const before = await lookAll(servers);
  await crew.begin();
  const uses = servers.map(useOfServer);
  const startMs = performance.now();
  await pause(measureMs);
  const usesAfter = servers.map(useOfServer);
  const seconds = (performance.now() - startMs) / 1000;
  const seen = await crew.end();
  const after = await lookAll(servers);
  const window = windowOf({
    players,
    before,
    after,
    uses,
    usesAfter,
    seconds,
    seen,
    options,
  });
  return {
    window,
    verdict: judge(window),
    figures: figuresOf({ window, before, after, uses, usesAfter, seen, rateHz: crew.rateHz }),
  };
}

interface Look {
  readonly metrics: MetricsPage | null;
  readonly stats: PeerStats | null;
}

interface Looks {
  readonly before: readonly Look[];
  readonly after: readonly Look[];
  readonly uses: readonly (TreeUse | null)[];
  readonly usesAfter: readonly (TreeUse | null)[];
  readonly seen: readonly GeneratorFigures[];
}

function lookAll(servers: readonly LoadedServer[]): Promise<Look[]> {
  return Promise.all(
    servers.map(async (one) => ({ metrics: await one.metrics(), stats: await one.stats() })),
  );
}

/** After more or fewer clients: V8 compiles, rooms open and close, and what a server did against overload is taken back. */
async function settle(servers: readonly LoadedServer[], settleMs: number): Promise<void> {
  await pause(settleMs);
  for (const endMs = performance.now() + SETTLE_MS_MAX; performance.now() < endMs; ) {
    const pages = await Promise.all(servers.map((one) => one.metrics()));
    if (pages.every((page) => page === null || mostOf(page, 'fray_overload_level') === 0)) return;
    await pause(SETTLE_LOOK_MS);
  }
}

function windowOf(
  parts: Looks & {
    players: number;
    seconds: number;
    options: MeasureOptions;
  },
): Window {
  const { players, before, after, seconds, seen, options } = parts;
  const sum = (read: (one: GeneratorFigures) => number): number =>
    seen.reduce((total, one) => total + read(one), 0);
  const pairs = pairsOf(before, after);
  const peers = before.flatMap((look, at) => {
    const then = after[at]?.stats;
    return look.stats && then ? [{ before: look.stats, after: then }] : [];
  });
  const shed = pairs.map((pair) =>
    Math.max(mostOf(pair.after, 'fray_overload_level'), levelEntered(pair.before, pair.after)),
  );
  const ours = pairs.length > 0;
  return {
    players,
    tickRateHz: options.crew.rateHz,
    seconds,
    cores: options.cores,
    cpuSeconds: cpuOf(parts) ?? Number.NaN,
    ticksSeen: sum((one) => one.ticksSeen),
    ticksDue: sum((one) => one.ticksDue),
    ticksSkipped: ours ? total(pairs, 'fray_ticks_skipped_total') : null,
    tickMsP99: ours
      ? most(pairs, 'fray_tick_duration_seconds')
      : peers.length > 0
        ? Math.max(...peers.map((one) => one.after.tickMsP99))
        : null,
    gapTicksMax: Math.max(0, ...seen.map((one) => one.gapTicksMax)),
    inputsSent: sum((one) => one.sent),
    inputsTaken: ours
      ? total(pairs, 'fray_received_datagrams_total')
      : peers.length > 0
        ? peers.reduce((all, one) => all + one.after.inputs - one.before.inputs, 0)
        : null,
    inputsDropped: ours
      ? INPUT_DROPS.map((reason) => ({
          reason,
          count: total(pairs, 'fray_drops_total', `reason="${reason}"`),
        }))
      : null,
    closed: sum((one) => one.closed) + Math.max(0, players - options.crew.players),
    broken: sum((one) => one.broken),
    mismatches: sum((one) => one.mismatches),
    overloadLevel: ours ? Math.max(0, ...shed) : null,
    generators: seen.map((one) => ({
      cpuShare: one.cpuUs / (one.ms * 1000),
      lateMsP99: one.lateMsP99,
    })),
  };
}

/** CPU seconds of all servers: of the whole tree where it is on this machine, else what the server says of its process. */
function cpuOf({ before, after, uses, usesAfter }: Looks): number | null {
  let seconds = 0;
  for (const [at, use] of uses.entries()) {
    const then = usesAfter[at];
    const [one, other] = [before[at]?.metrics, after[at]?.metrics];
    if (use && then) seconds += then.cpuSeconds - use.cpuSeconds;
    else if (one && other) seconds += grown(one, other, 'process_cpu_seconds_total');
    else return null;
  }
  return seconds;
}

function figuresOf(parts: Looks & { window: Window; rateHz: number }): WindowFigures {
  const { window, before, after, uses, usesAfter, seen, rateHz } = parts;
  const pairs = pairsOf(before, after);
  const sum = (read: (one: GeneratorFigures) => number): number =>
    seen.reduce((total, one) => total + read(one), 0);
  const memory = usesAfter.map((use) => use?.memoryBytes ?? null);
  const playerTicks = window.players * rateHz * window.seconds;
  return {
    cpuUs: (window.cpuSeconds * 1e6) / playerTicks,
    threads: threadsOf({ uses, usesAfter, pairs, seconds: window.seconds }),
    stages: stagesOf(pairs),
    lateMsP99: pairs.length > 0 ? most(pairs, 'fray_tick_lateness_seconds') : null,
    bytesIn: sum((one) => one.sentBytes) / Math.max(1, window.inputsSent),
    bytesOut:
      sum((one) => one.receivedBytes) /
      Math.max(
        1,
        sum((one) => one.received),
      ),
    memoryBytes: memory.some((one) => one === null)
      ? null
      : memory.reduce<number>((all, one) => all + (one ?? 0), 0),
    rooms:
      pairs.length > 0
        ? pairs.reduce((all, { after: page }) => all + sumOf(page, 'fray_rooms'), 0)
        : null,
    decoders: sum((one) => one.decoders),
    checks: sum((one) => one.checks),
    inputsMissing:
      pairs.length > 0 ? total(pairs, 'fray_inputs_missing_total') / playerTicks : null,
  };
}

/**
 * Names for threads. The first thread of a process is the I/O thread; the busiest others are the room workers, of which the server says how many there
 * are; what is left (collectors, compilers, journals) is one row.
 */
function threadsOf(parts: {
  uses: readonly (TreeUse | null)[];
  usesAfter: readonly (TreeUse | null)[];
  pairs: readonly Pair[];
  seconds: number;
}): { name: string; cores: number }[] {
  const { uses, usesAfter, pairs, seconds } = parts;
  const sums = new Map<string, number>();
  for (const [at, use] of uses.entries()) {
    const then = usesAfter[at];
    if (!use || !then) return [];
    const page = pairs[at]?.after;
    const workers =
      page === undefined ? 0 : labelValues(page, 'fray_time_speed_ratio', 'worker').length;
    let index = 0;
    const of = uses.length > 1 ? `, process ${at + 1}` : '';
    for (const thread of between(use, then)) {
      const named =
        thread.kind === 'child' || (thread.kind === 'other' && !PLAIN.test(thread.name));
      const name =
        thread.kind === 'io'
          ? 'I/O thread'
          : named
            ? thread.name
            : index < workers
              ? `worker ${index++}`
              : 'other threads';
      sums.set(name + of, (sums.get(name + of) ?? 0) + thread.cpuSeconds / seconds);
    }
  }
  return [...sums]
    .map(([name, cores]) => ({ name, cores }))
    .sort((one, other) => other.cores - one.cores);
}

function stagesOf(pairs: readonly Pair[]): { stage: string; us: number }[] {
  const [first] = pairs;
  if (first === undefined) return [];
  const name = 'fray_stage_duration_seconds';
  return labelValues(first.after, `${name}_count`, 'stage')
    .map((stage) => {
      const label = `stage="${stage}"`;
      const count = total(pairs, `${name}_count`, label);
      return { stage, us: (1e6 * total(pairs, `${name}_sum`, label)) / Math.max(1, count) };
    })
    .sort((one, other) => other.us - one.us);
}

interface Pair {
  readonly before: MetricsPage;
  readonly after: MetricsPage;
}

function pairsOf(before: readonly Look[], after: readonly Look[]): Pair[] {
  return before.flatMap((look, at) => {
    const then = after[at]?.metrics;
    return look.metrics && then ? [{ before: look.metrics, after: then }] : [];
  });
}

function total(pairs: readonly Pair[], name: string, label = ''): number {
  return pairs.reduce((all, { before, after }) => all + grown(before, after, name, label), 0);
}

/** ms. */
function most(pairs: readonly Pair[], name: string): number | null {
  const values = pairs.map(({ before, after }) => quantileGrown(before, after, name, 0.99));
  const known = values.filter((one) => one !== null);
  return known.length === 0 ? null : 1000 * Math.max(...known);
}

/** Highest level against overload that was entered between two pages. */
function levelEntered(before: MetricsPage, after: MetricsPage): number {
  return [1, 2, 3, 4].reduce(
    (level, one) =>
      grown(before, after, 'fray_overloads_total', `level="${one}"`) > 0 ? one : level,
    0,
  );
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Reasons of fray_drops_total that are inputs of players who sit. What goes out and is lost shows in gaps. */
const INPUT_DROPS = [
  'session_drop_rate',
  'session_drop_malformed',
  'session_drop_oversize',
  'session_drop_state',
  'room_inbox_full',
  'room_packets_unseated',
  'worker_packets_unseated',
  'worker_input_refused',
  'core_packets_malformed',
  'core_packets_beyond',
  'core_inputs_late',
];
/** Threads that have the name of their program. */
const PLAIN = /^(node|MainThread|fray)$/;
const SETTLE_MS_MAX = 10_000;
const SETTLE_LOOK_MS = 500;
