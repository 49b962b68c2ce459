/**
 * `fray bench flood`: what 50 playing clients notice of 50,000 spoofed handshakes a second beside them, over UDP. Half of them have a valid public
 * part, so that only opening their sealed part tells (bench/peers/flood.c). Intervals with and without the flood take turns on one server; the
 * ratio is of the 99th percentile of a room's tick, its median over the pairs; replies and bytes are counted by the flood itself.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bench, BenchOptions, BenchRow } from '../src/cli/bench-report.ts';
import { median, ownRow } from '../src/cli/bench-report.ts';
import { issueConnectToken, tokenRequestOf } from '../src/session/token.ts';
import type { Histogram } from '../workers/timing.ts';
import { quantileUs } from '../workers/timing.ts';
import type { UdpHostStats } from './io/load-messages.ts';
import type { ServerProcess } from './io/processes.ts';
import { benchFile, compileC, Load, spawnPinned, startUdpHost } from './io/processes.ts';
import { pause } from './worker-host.ts';

export const bench: Bench = {
  name: 'flood',
  async run(options) {
    const program = compileC(benchFile('peers', 'flood.c'), 'flood');
    if (program === null) {
      options.progress('flood: did not run: there is no cc');
      return [];
    }
    const lengths = options.quick ? QUICK : FULL;
    const server = await startUdpHost();
    const folder = mkdtempSync(join(tmpdir(), 'fray-flood-'));
    try {
      const load = await Load.start({
        url: server.url,
        page: server.page,
        fray: true,
        transport: 'udp',
        clients: CLIENTS,
        botShare: 0,
        seed: options.seed,
        bytesOut: 0,
      });
      const request = join(folder, 'request');
      writeFileSync(request, requestFor(server));
      try {
        await pause(lengths.warmMs);
        return await measure({ server, program, request, lengths, options, load });
      } finally {
        load.kill();
      }
    } finally {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

interface Parts {
  readonly server: ServerProcess;
  readonly program: string;
  readonly request: string;
  readonly lengths: typeof FULL;
  readonly options: BenchOptions;
  readonly load: Load;
}

/** us: the 99th percentile of a tick without the flood, while it goes into a socket that nobody reads, and with it. */
interface Pair {
  off: number;
  sink: number;
  on: number;
}

/** What the flood says it did. */
interface Sent {
  readonly sent: number;
  readonly bytes: number;
  readonly replies: number;
  readonly replyBytes: number;
  readonly seconds: number;
}

async function measure(parts: Parts): Promise<BenchRow[]> {
  const { server, lengths, options, load } = parts;
  const pairs: Pair[] = [];
  const all: Sent[] = [];
  // One flood before all: V8 compiles the way of what is refused.
  await flood(parts, { seed: 0, sink: false });
  const before = await server.stats();
  await load.begin();
  for (let index = 0; index < lengths.pairs; index += 1) {
    const seed = index + 1;
    const pair = { off: 0, sink: 0, on: 0 };
    const stages = [
      async () => {
        pair.off = await tickP99(server, () => pause(lengths.measureMs));
      },
      async () => {
        pair.sink = await tickP99(server, () => flood(parts, { seed, sink: true }));
      },
      async () => {
        pair.on = await tickP99(server, async () =>
          all.push(await flood(parts, { seed, sink: false })),
        );
      },
    ];
    for (const stage of index % 2 === 0 ? stages : stages.reverse()) await stage();
    pairs.push(pair);
    options.progress(
      `flood: pair ${seed}: tick p99 ${pair.off.toFixed(0)} us without, ${pair.sink.toFixed(0)} us while it goes elsewhere, ${pair.on.toFixed(0)} us with`,
    );
  }
  const seen = await load.end();
  const after = await server.stats();
  options.progress(
    `flood: ${told(all)}; ${grown(before, after)}; clients: gap at most ${seen.gapTicksMax} ticks, ${seen.closed} closed, ${seen.broken} broken`,
  );
  return rows({ pairs, all, before, after });
}

function rows(found: {
  pairs: readonly Pair[];
  all: readonly Sent[];
  before: UdpHostStats;
  after: UdpHostStats;
}): BenchRow[] {
  const { pairs, all, before, after } = found;
  const sum = (key: keyof Sent): number => all.reduce((total, one) => total + one[key], 0);
  const grewMb = (after.held - before.held) / 1e6;
  return [
    tickRow(pairs, 'off'),
    tickRow(pairs, 'sink'),
    ownRow({
      name: 'flood/bytes out per byte in',
      unit: 'ratio',
      ours: sum('replyBytes') / sum('bytes'),
      goal: '<= 1',
      met: sum('replyBytes') <= sum('bytes'),
    }),
    ownRow({ name: 'flood/rate', unit: 'datagrams/s', ours: sum('sent') / sum('seconds') }),
    ownRow({
      name: 'flood/memory',
      unit: 'MB that the I/O thread holds more',
      ours: grewMb,
      goal: `<= ${GROWTH_MB_MAX}`,
      met: grewMb <= GROWTH_MB_MAX,
    }),
  ];
}

/** How much longer a tick takes with the flood. Beside `sink` the machine has as much to do, and the server not. */
function tickRow(pairs: readonly Pair[], beside: 'off' | 'sink'): BenchRow {
  const ratios = pairs.map((pair) => pair.on / pair[beside]);
  const ratio = median(ratios);
  const judged = beside === 'off';
  return ownRow({
    name: judged ? 'flood/tick p99' : 'flood/tick p99, as busy a machine',
    unit: 'us',
    ours: median(pairs.map(({ on }) => on)),
    peer: median(pairs.map((pair) => pair[beside])),
    peerName: judged ? 'without it' : 'while it goes elsewhere',
    ratio,
    ratioMin: Math.min(...ratios),
    ratioMax: Math.max(...ratios),
    ...(judged && { goal: 'with / without <= 1.10', met: ratio <= RATIO_MAX }),
  });
}

async function tickP99(server: ServerProcess, during: () => Promise<unknown>): Promise<number> {
  const before = (await server.stats()).ticks;
  await during();
  const after = (await server.stats()).ticks;
  const buckets = Float64Array.from(after, (count, bucket) => count - (before[bucket] ?? 0));
  const count = buckets.reduce((sum, one) => sum + one, 0);
  const between: Histogram = { count, sumUs: 0, buckets };
  return quantileUs(between, 0.99);
}

async function flood(parts: Parts, { seed, sink }: { seed: number; sink: boolean }): Promise<Sent> {
  const { server, program, request, lengths, options } = parts;
  const port = sink ? '0' : new URL(server.url).port;
  const args = [port, String(RATE), request, String(options.seed * 1000 + seed + 1)];
  const child = spawnPinned([program, ...args], null, ['ignore', 'pipe', 'inherit']);
  const said = output(child);
  await pause(lengths.measureMs);
  child.kill('SIGTERM');
  const match = /sent (\d+) bytes (\d+) replies (\d+) reply-bytes (\d+) seconds ([\d.]+)/.exec(
    await said,
  );
  const [sent = 0, bytes = 0, replies = 0, replyBytes = 0, seconds = 0] = (match ?? [])
    .slice(1)
    .map(Number);
  if (sent === 0) throw new Error('The flood sent nothing');
  return { sent, bytes, replies, replyBytes, seconds };
}

async function output(child: ChildProcess): Promise<string> {
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (more: string) => {
    text += more;
  });
  await once(child, 'close');
  return text;
}

/** A request with its prefix byte, of a token that this server would take. */
function requestFor(server: ServerProcess): Uint8Array {
  const token = issueConnectToken({
    userId: 'flood',
    servers: [new URL(server.url).host],
    expireMs: TOKEN_MS,
    // Of another key: its sealed part opens nowhere, whatever the noise in it.
    key: new Uint8Array(32).fill(7),
    nowMs: Date.now(),
    random: (into) => void crypto.getRandomValues(into),
  });
  return Buffer.concat([Buffer.of(0), tokenRequestOf(token.bytes)]);
}

function told(all: readonly Sent[]): string {
  const sent = all.reduce((sum, one) => sum + one.sent, 0);
  const seconds = all.reduce((sum, one) => sum + one.seconds, 0);
  const replies = all.reduce((sum, one) => sum + one.replies, 0);
  return `${sent} datagrams in ${seconds.toFixed(1)} s, ${replies} replies`;
}

function grown(before: UdpHostStats, after: UdpHostStats): string {
  const rose = Object.entries(after.netcode)
    .map(([name, count]) => [name, count - (before.netcode[name] ?? 0)] as const)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${name} ${count}`);
  const mb = (bytes: number): string => (bytes / 1e6).toFixed(1);
  const collections = after.collections - before.collections;
  return `${rose.join(', ')}; heap collected ${collections} times; resident ${mb(before.rss)} to ${mb(after.rss)} MB`;
}

const CLIENTS = 50;
const RATE = 50_000;
const FULL = { pairs: 10, warmMs: 5000, measureMs: 4000 };
const QUICK = { pairs: 2, warmMs: 2000, measureMs: 2000 };
const RATIO_MAX = 1.1;
const GROWTH_MB_MAX = 2;
const TOKEN_MS = 3_600_000;
