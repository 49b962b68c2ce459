/**
 * `fray bench latency` (P12, P17): from the moment in which client A samples an input to the first snapshot that client B decodes with its effect, in a
 * room of 50 over UDP: sockets, encryption, sessions, workers, all of `fray start`, at 30, 60 and 128 Hz. A and B are whole clients, with
 * their clocks; each stands behind the client's own link simulator, half of the round trip each way; 32 others send and are sent from
 * another process. The pipe below the simulator is watched: when A's datagram entered the socket, and when B's came out of it, which is what
 * the server (and loopback) added.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { Bench, BenchOptions, BenchRow } from '../src/cli/bench-report.ts';
import { ownRow } from '../src/cli/bench-report.ts';
import { importable } from '../src/cli/bundle.ts';
import { packageRoot } from '../src/cli/games.ts';
import { connectWith } from '../src/client/connect.ts';
import type { Game } from '../src/client/game.ts';
import { nodeTools } from '../src/client/node.ts';
import type { ClientPipe } from '../src/transport/types.ts';
import type { latency as Schema } from '../test/bench/games/latency/schema.ts';
import { checkLoad } from './io/load-messages.ts';
import { Load, type ServerProcess, startFray } from './io/processes.ts';
import { tokenFor } from './io/udp-lanes.ts';
import { random } from './w1.ts';

export const bench: Bench = {
  name: 'latency',
  async run(options) {
    const rows: BenchRow[] = [];
    const found: LatencyFound[] = [];
    for (const rateHz of options.quick ? RATES.slice(0, 2) : RATES) {
      const some = await runRate(rateHz, options);
      found.push(...some);
      rows.push(...some.flatMap(latencyRows));
    }
    options.chart({
      title: "A's input to B's decoded snapshot, p95, and seen on screen",
      kind: 'bars',
      x: { label: '', values: found.map(({ rateHz, rttMs }) => `${rateHz} Hz, RTT ${rttMs}`) },
      y: { label: 'ms' },
      series: [
        { label: 'decoded', values: found.map(({ totalMs }) => quantile(totalMs, 0.95)) },
        {
          label: `seen: and ${INTERPOLATION_MS} ms of interpolation`,
          values: found.map(({ totalMs }) => quantile(totalMs, 0.95) + INTERPOLATION_MS),
        },
      ],
    });
    return rows;
  },
};

export interface LatencyFound {
  readonly rateHz: number;
  readonly rttMs: number;
  /** Of each probe: sampled to decoded; into the server's socket and out of it. */
  readonly totalMs: readonly number[];
  readonly serverMs: readonly number[];
  /** What clients keep deliberately: mean of their target. */
  readonly marginMs: number;
}

async function runRate(rateHz: number, options: BenchOptions): Promise<LatencyFound[]> {
  process.env['BENCH_TICK_RATE_HZ'] = String(rateHz);
  const game = gameFile('server.ts');
  const schema = await schemaAt(rateHz);
  const server = await startFray('udp', ['--game', game]);
  try {
    const load = await Load.start({
      url: server.url,
      page: server.page,
      fray: true,
      transport: 'udp',
      clients: OTHERS,
      botShare: 0,
      seed: options.seed,
      bytesOut: 0,
      speaks: { schemaHash: String(schema.hash), inputButtons: 4, rateHz },
    });
    try {
      const pairs = RTTS.flatMap((rttMs) => Array.from({ length: PAIRS }, () => rttMs));
      const parts = { server, schema, seed: options.seed };
      const probes = await Promise.all(
        pairs.map((rttMs, index) => Probe.start({ ...parts, rttMs, index })),
      );
      await sleep(options.quick ? 1500 : 4000);
      for (const probe of probes) probe.begin();
      await load.begin();
      await sleep(options.quick ? 3500 : 30_000);
      const seen = await load.end();
      checkLoad(seen);
      const found = RTTS.map((rttMs) => {
        const own = probes.filter((probe) => probe.rttMs === rttMs);
        const all = (of: (probe: Probe) => readonly number[]): number[] => own.flatMap(of);
        return {
          rateHz,
          rttMs,
          totalMs: all((probe) => probe.totalMs),
          serverMs: all((probe) => probe.serverMs),
          marginMs: own.reduce((sum, probe) => sum + probe.marginTargetMs, 0) / own.length,
        };
      });
      for (const { rttMs, totalMs, serverMs } of found)
        options.progress(
          `latency/${rateHz} Hz, RTT ${rttMs}: ${totalMs.length} inputs seen by another client; server and loopback ${quantile(serverMs, 0.5).toFixed(1)} ms at p50, ` +
            `load ${((100 * seen.cpuUs) / (seen.ms * 1000)).toFixed(0)} % of a core, ${seen.lateMsP99.toFixed(1)} ms late at p99`,
        );
      for (const probe of probes) probe.close();
      return found;
    } finally {
      load.kill();
    }
  } finally {
    await server.stop();
  }
}

/** The rate is read when it is made: a query makes each a module of its own, where it is not built anew anyway. */
async function schemaAt(rateHz: number): Promise<typeof Schema> {
  const built = await importable(gameFile('schema.ts'));
  const module = (await import(`${pathToFileURL(built.file).href}?rate=${rateHz}`)) as {
    latency: typeof Schema;
  };
  built.dispose();
  return module.latency;
}

/** An author's game: it imports the package by its name, which only what stands beside the package's own files can. */
function gameFile(name: string): string {
  const file = join(packageRoot(), 'test', 'bench', 'games', 'latency', name);
  if (existsSync(file)) return file;
  throw new Error('Cannot run: this bench needs a clone of the repository, not the package');
}

interface ProbeParts {
  readonly server: ServerProcess;
  readonly schema: typeof Schema;
  readonly rttMs: number;
  readonly index: number;
  readonly seed: number;
}

/** A, who turns, and B, who looks at A. */
class Probe {
  readonly rttMs: number;
  readonly totalMs: number[] = [];
  readonly serverMs: number[] = [];
  readonly #draw: () => number;
  readonly #sent: number[] = [];
  readonly #came: number[] = [];
  #a: Game<typeof Schema> | undefined;
  #b: Game<typeof Schema> | undefined;
  #counts = false;
  /** The newest input of A: where it looks, and when it was sampled; `seen`: B has it. */
  #aim = 0;
  #sampledMs = 0;
  #seen = true;
  #waitUntilMs = 0;

  static async start(parts: ProbeParts): Promise<Probe> {
    const probe = new Probe(parts);
    await probe.#open(parts);
    return probe;
  }

  private constructor({ rttMs, index, seed }: ProbeParts) {
    this.rttMs = rttMs;
    this.#draw = random(seed * 977 + index);
  }

  get marginTargetMs(): number {
    const { tickRateHz = 30, stats } = this.#a ?? {};
    return ((stats?.marginTargetTicks ?? 0) * 1000) / tickRateHz;
  }

  begin(): void {
    this.#counts = true;
  }

  close(): void {
    this.#a?.close();
    this.#b?.close();
  }

  async #open({ server, schema, rttMs, index, seed }: ProbeParts): Promise<void> {
    const tools = nodeTools();
    const connect = (name: string, watch: (pipe: ClientPipe) => ClientPipe, hooks: object) =>
      connectWith(
        server.page,
        {
          schema,
          name,
          room: 'any',
          transport: 'udp',
          verify: true,
          token: tokenFor(new URL(server.url), `${name} ${index}`),
          ...(rttMs > 0 && { link: `rtt=${rttMs},seed=${seed + index}` }),
        },
        {
          ...tools,
          open: {
            ...tools.open,
            udp: async (target, limits) => {
              if (tools.open.udp === undefined) throw new Error('unreachable');
              return watch(await tools.open.udp(target, limits));
            },
          },
          hooks,
        },
      );
    this.#b = await connect(`B${index}`, (pipe) => watched(pipe, [], this.#came), {
      afterSnapshot: () => this.#look(),
    });
    this.#a = await connect(`A${index}`, (pipe) => watched(pipe, this.#sent, []), {
      beforeCommand: () => this.#turn(),
    });
  }

  /** Before each command of A: now and then it looks elsewhere. */
  #turn(): void {
    const nowMs = performance.now();
    if (this.#a === undefined || nowMs < this.#waitUntilMs) return;
    // One that was lost on its way would be repeated, and be late: it counts as it is.
    if (!this.#seen) return;
    this.#aim = (this.#aim + 1 + this.#draw()) % (2 * Math.PI);
    this.#sampledMs = nowMs;
    this.#seen = false;
    this.#a.setInput({ aim: this.#aim });
  }

  /** After each snapshot of B. */
  #look(): void {
    if (this.#seen || this.#a === undefined || this.#b === undefined) return;
    const { players } = this.#b.view();
    const a = players.find(({ id }) => id === this.#a?.playerId);
    if (a === undefined || Math.abs(turn(a.aim - this.#aim)) > AIM_OFF_MAX) return;
    const nowMs = performance.now();
    this.#seen = true;
    this.#waitUntilMs = nowMs + 10 + this.#draw() * 40;
    if (this.#b.stats.hashMismatches > 0)
      throw new Error('B decoded another state than the room had');
    if (!this.#counts) return;
    const half = this.rttMs / 2;
    const into = this.#sent.find((ms) => ms >= this.#sampledMs + half - SLACK_MS);
    const out = this.#came.findLast((ms) => ms <= nowMs - half + SLACK_MS);
    this.totalMs.push(nowMs - this.#sampledMs);
    if (into !== undefined && out !== undefined) this.serverMs.push(out - into);
    this.#sent.length = this.#came.length = 0;
  }
}

/** Writes down when datagrams go into the socket and come out of it. */
function watched(pipe: ClientPipe, sent: number[], came: number[]): ClientPipe {
  return new Proxy(pipe, {
    get(target, name) {
      if (name === 'send')
        return (bytes: Uint8Array) => {
          sent.push(performance.now());
          target.send(bytes);
        };
      if (name === 'onDatagram')
        return (fn: (bytes: Uint8Array) => void) =>
          target.onDatagram((bytes) => {
            came.push(performance.now());
            fn(bytes);
          });
      const value = Reflect.get(target, name) as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

export function latencyRows({
  rateHz,
  rttMs,
  totalMs,
  serverMs,
  marginMs,
}: LatencyFound): BenchRow[] {
  const name = `latency/${rateHz} Hz, RTT ${rttMs}`;
  const tickMs = 1000 / rateHz;
  const most = rttMs + 1.5 * tickMs + 10;
  const p95 = quantile(totalMs, 0.95);
  const limit = rttMs <= 40 ? Math.min(most, 100) : most;
  const added = quantile(serverMs, 0.95) - marginMs;
  return [
    ownRow({
      name: `${name} p95`,
      unit: `ms from A's input to B's decoded snapshot, ${totalMs.length} inputs`,
      ours: p95,
      goal: `<= ${limit.toFixed(1)}`,
      goalId: 'P17',
      met: p95 <= limit,
    }),
    ownRow({ name: `${name} p50`, unit: 'ms', ours: quantile(totalMs, 0.5) }),
    ownRow({ name: `${name} p99`, unit: 'ms', ours: quantile(totalMs, 0.99) }),
    ownRow({
      name: `${name} seen on screen p95`,
      unit: `ms, with ${INTERPOLATION_MS} ms of interpolation, the default`,
      ours: p95 + INTERPOLATION_MS,
    }),
    ownRow({
      name: `${name} server adds p95`,
      unit: `ms, less the margin of ${marginMs.toFixed(1)} that clients keep`,
      ours: added,
      goal: `<= ${(tickMs + 1).toFixed(1)}, a tick and 1 ms`,
      goalId: 'P12',
      met: added <= tickMs + 1,
    }),
  ];
}

function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) throw new Error('No input was seen by another client');
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] as number;
}

function turn(angle: number): number {
  const whole = 2 * Math.PI;
  return ((((angle + Math.PI) % whole) + whole) % whole) - Math.PI;
}

const RATES = [30, 128, 60];
const RTTS = [20, 60, 100];
/** Of each round trip. */
const PAIRS = 3;
const OTHERS = 50 - 2 * 3 * PAIRS;
/** ms. Default of `net.interpolationMs`. */
const INTERPOLATION_MS = 100;
/** An eighth of a turn in 8 bits is exact to 0.02; A turns by 1 at least. */
const AIM_OFF_MAX = 0.1;
/** ms. Timers of the link simulator are late, not early, but for this. */
const SLACK_MS = 1;
