/**
 * `fray bench io` (W4): what a whole server costs per client and tick on loopback, beside a peer that moves datagrams of the same sizes. Ours is
 * `fray start` from dist/ with the arena in rooms of 50, as an operator runs it: sockets, sessions, rings, rooms, hooks, snapshots. Rounds take
 * turns, who goes first changes; CPU is that of the server's process, all of its threads and its children.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { findNative } from '../native/addon.ts';
import type { Bench, BenchChart, BenchOptions, BenchRow, More } from '../src/cli/bench-report.ts';
import { ownRow, ratioRow } from '../src/cli/bench-report.ts';
import { packageRoot } from '../src/cli/games.ts';
import { checkLoad, type LoadFigures, type LoadOptions } from './io/load-messages.ts';
import type { ServerProcess } from './io/processes.ts';
import { benchFile, compileC, Load, pinned, startFray, startPeer } from './io/processes.ts';
import { findPeer, WS_SETTINGS } from './peers.ts';
import { pause } from './worker-host.ts';

export const bench: Bench = {
  name: 'io',
  async run(options) {
    options.progress(
      `io: server and load ${pinned() ? 'each on a processor of its own' : 'share all processors: taskset is missing'}`,
    );
    const rows: BenchRow[] = [];
    for (const lane of LANES) {
      const lacking = (await lane.lacking?.()) ?? null;
      if (lacking === null) rows.push(...(await runLane(lane, options)));
      else options.progress(`io: ${lacking}`);
    }
    options.chart(chartOf(rows));
    return rows;
  },
};

/** One transport and what it is measured beside. */
interface LaneBench {
  readonly name: LoadOptions['transport'];
  /** What else its rows are told apart by. */
  readonly by?: string;
  /** Resolves with why it cannot run here; null: it can. */
  readonly lacking?: () => Promise<string | null>;
  readonly clients: { readonly full: number; readonly quick: number };
  readonly goal?: { readonly text: string; readonly ratioMin: number; readonly id: string };
  readonly more: More;
  readonly ours: () => Promise<ServerProcess>;
  /** Share of clients that decode everything; rule R wants 0.05. */
  readonly botShare: number;
  /** The peer, for datagrams of `bytes` to clients; a text says why it does not run. */
  readonly peer: (bytes: number) => Promise<{ name: string; server: ServerProcess } | string>;
}

/** Lets a process find uWebSockets.js. */
const UWS = pathToFileURL(benchFile('uws', 'library.mjs')).href;
const OURS_MORE =
  'sessions, rooms, movement, hooks, a snapshot of its own for each client, input checks, rate limits';

const WS_MORE = {
  settings: WS_SETTINGS,
  ours: OURS_MORE,
  peer: 'one turn for all clients, where ours has the phase slots of ten rooms',
};

const RAW_MORE = {
  settings:
    'batches of up to 64 datagrams, one thread (bench/peers/raw-udp.c; recvmmsg(2), sendmmsg(2))',
  ours: `${OURS_MORE}, encryption`,
  peer: 'nothing: recvmmsg and sendmmsg, and no other work',
};

const LANES: readonly LaneBench[] = [
  {
    name: 'websocket',
    clients: { full: 500, quick: 150 },
    goal: { text: '<= 0.6x of ws', ratioMin: 1 / 0.6, id: 'P8' },
    more: WS_MORE,
    ours: () => startFray('websocket'),
    botShare: 0.05,
    peer: wsFanOut,
  },
  {
    name: 'websocket',
    by: ', uWebSockets.js',
    lacking: async () => ((await import(UWS)) as typeof import('./uws/library.mjs')).lacking,
    clients: { full: 500, quick: 150 },
    goal: { text: '<= 0.6x of ws', ratioMin: 1 / 0.6, id: 'P8' },
    more: WS_MORE,
    ours: () => startFray('websocket', ['--websocket', 'uws'], ['--import', UWS]),
    botShare: 0.05,
    peer: wsFanOut,
  },
  {
    name: 'websocket',
    by: ', beside socket.io',
    clients: { full: 500, quick: 150 },
    more: {
      settings:
        'WebSocket alone, no compression, the MessagePack parser (one frame an event), ws with bufferutil, no HTTP request kept (https://socket.io/docs/v4/performance-tuning/); its other engine, eiows 11.1.1, does not build on Node 20',
      ours: OURS_MORE,
      peer: 'finds a handler by the name of an event, and could put any structure into one',
    },
    ours: () => startFray('websocket'),
    botShare: 0.05,
    peer: async (bytes) => {
      const found = findPeer('socket.io');
      if (typeof found === 'string') return found;
      const argv = [process.execPath, benchFile('peers', 'socketio-fanout.mjs'), String(bytes)];
      const server = await startPeer(argv, 'socketio');
      return { name: `${found.title} moving the same bytes, made once for all`, server };
    },
  },
  {
    name: 'udp',
    clients: { full: 500, quick: 150 },
    goal: { text: '<= 2.6x of RAW', ratioMin: 1 / 2.6, id: 'P7' },
    more: RAW_MORE,
    ours: () => startFray('udp', ['--io', 'js']),
    botShare: 0.05,
    peer: raw,
  },
  {
    name: 'udp',
    by: ', native',
    lacking: async () =>
      findNative() === null ? 'native UDP did not run: npm run build:native makes it' : null,
    clients: { full: 500, quick: 150 },
    goal: { text: '<= 1.2x of RAW', ratioMin: 1 / 1.2, id: 'P7' },
    more: RAW_MORE,
    ours: () => startFray('udp', ['--io', 'native']),
    botShare: 0.05,
    peer: raw,
  },
  {
    name: 'webrtc',
    clients: { full: 100, quick: 20 },
    goal: { text: '<= 0.167x of geckos.io', ratioMin: 6, id: 'P9' },
    more: {
      settings:
        'raw messages, not ordered and never sent again, which is its default; one port for all (https://github.com/geckosio/geckos.io#readme)',
      ours: `${OURS_MORE}, a process of its own for the native code`,
      peer: 'one turn for all clients',
    },
    ours: () => startFray('webrtc'),
    botShare: 0,
    peer: async (bytes) => {
      const found = findPeer('@geckos.io/server');
      if (typeof found === 'string') return found;
      return {
        name: `${found.title} moving the same bytes`,
        server: await startPeer(
          [process.execPath, benchFile('peers', 'geckos-fanout.mjs'), String(bytes)],
          'http',
        ),
      };
    },
  },
];

async function raw(bytes: number): ReturnType<LaneBench['peer']> {
  const program = compileC(benchFile('peers', 'raw-udp.c'), 'raw-udp');
  if (program === null) return 'RAW did not run: there is no cc';
  return {
    name: 'RAW C, recvmmsg and sendmmsg',
    server: await startPeer([program, String(bytes)], 'udp'),
  };
}

function wsFanOut(bytes: number): Promise<{ name: string; server: ServerProcess }> {
  const argv = [process.execPath, benchFile('peers', 'ws-fanout.mjs'), String(bytes)];
  return startPeer(argv, 'ws').then((server) => ({
    name: `ws ${wsVersion()} moving the same bytes`,
    server,
  }));
}

/** One side of one round. */
interface Round {
  /** us of the server per datagram out. */
  readonly us: number;
  readonly inBytes: number;
  readonly outBytes: number;
  readonly load: LoadFigures;
}

async function runLane(lane: LaneBench, options: BenchOptions): Promise<BenchRow[]> {
  const lengths = options.quick ? QUICK : FULL;
  const clients = options.quick ? lane.clients.quick : lane.clients.full;
  const name = `io/${lane.name} ${clients}${lane.by ?? ''}`;
  const fray = await lane.ours();
  let peer: Awaited<ReturnType<LaneBench['peer']>> = '';
  try {
    const rounds: { ours: number; peer: number | null }[] = [];
    const say = (who: string, round: Round): void =>
      options.progress(`${name}: ${told(who, round)}`);
    // The first round is not counted: V8 compiles, and the sizes for the peer come from it.
    const sizes = await playRound(fray, {
      lane,
      clients,
      lengths,
      seed: options.seed,
      bytes: null,
    });
    say('warm-up', sizes);
    peer = await lane.peer(Math.round(sizes.outBytes));
    if (typeof peer === 'string') options.progress(`${name}: ${peer}`);
    for (let index = 0; index < lengths.rounds; index += 1) {
      const seed = options.seed + index;
      const ours = () => playRound(fray, { lane, clients, lengths, seed, bytes: null });
      const server = typeof peer === 'string' ? null : peer.server;
      const bytes = { out: Math.round(sizes.inBytes), back: Math.round(sizes.outBytes) };
      const its = async () =>
        server === null ? null : await playRound(server, { lane, clients, lengths, seed, bytes });
      const [first, second] = index % 2 === 0 ? [ours, its] : [its, ours];
      const both = [await first(), await second()];
      const [own, other] = index % 2 === 0 ? both : both.reverse();
      if (own === null || own === undefined) throw new Error('unreachable');
      say('ours', own);
      if (other) say('peer', other);
      rounds.push({ ours: own.us, peer: other?.us ?? null });
    }
    return [
      ratioRow({
        name,
        unit: UNIT,
        rounds,
        peerName: typeof peer === 'string' ? null : peer.name,
        ...(lane.goal && { goal: lane.goal }),
        more: lane.more,
      }),
      ownRow({ name: `${name}/bytes out`, unit: 'bytes per datagram', ours: sizes.outBytes }),
      ownRow({ name: `${name}/bytes in`, unit: 'bytes per datagram', ours: sizes.inBytes }),
    ];
  } finally {
    await fray.stop();
    if (typeof peer !== 'string') await peer.server.stop();
  }
}

/** What a datagram each way costs, by transport. */
function chartOf(rows: readonly BenchRow[]): BenchChart {
  const found = rows.filter(({ unit }) => unit === UNIT);
  return {
    title: 'I/O cost of a client and tick, whole server',
    kind: 'bars',
    x: { label: '', values: found.map(({ name }) => name.slice('io/'.length)) },
    y: { label: 'us of CPU' },
    series: [
      { label: 'ours, everything', values: found.map(({ ours }) => ours) },
      { label: 'peer, bytes alone', values: found.map(({ peer }) => peer) },
    ],
  };
}

/** A server of ours beside one with other flags, in turns: `ours` is the one that has them. */
export async function serverRounds(
  name: string,
  flags: readonly string[],
  options: BenchOptions,
): Promise<{ ours: number; peer: number }[]> {
  const lane = LANES[0] as LaneBench;
  const lengths = options.quick ? QUICK : FULL;
  const clients = lane.clients.quick;
  const servers = [await startFray(lane.name, flags), await startFray(lane.name)];
  try {
    const rounds: { ours: number; peer: number }[] = [];
    // The first is not counted: V8 compiles.
    for (let index = 0; index <= lengths.rounds; index += 1) {
      const us = [0, 0];
      for (const which of index % 2 === 0 ? [0, 1] : [1, 0]) {
        const seed = options.seed + index;
        const server = servers[which] as ServerProcess;
        const round = await playRound(server, { lane, clients, lengths, seed, bytes: null });
        us[which] = round.us;
        options.progress(`${name}: ${told(which === 0 ? flags.join(' ') : 'without', round)}`);
      }
      const [ours = 0, peer = 0] = us;
      if (index > 0) rounds.push({ ours, peer });
    }
    return rounds;
  } finally {
    for (const server of servers) await server.stop();
  }
}

interface RoundOptions {
  readonly lane: LaneBench;
  readonly clients: number;
  readonly lengths: typeof FULL;
  readonly seed: number;
  /** Of datagrams to a peer and back; null: the server is ours. */
  readonly bytes: { readonly out: number; readonly back: number } | null;
}

async function playRound(server: ServerProcess, options: RoundOptions): Promise<Round> {
  const { lane, clients, lengths, seed, bytes } = options;
  const load = await Load.start({
    url: server.url,
    page: server.page,
    fray: bytes === null,
    clients,
    transport: lane.name,
    botShare: lane.botShare,
    seed,
    bytesOut: bytes?.out ?? 0,
    ...(bytes !== null && { bytesBack: bytes.back }),
  });
  try {
    await pause(lengths.warmMs);
    await load.begin();
    const before = server.cpuUs();
    await pause(lengths.measureMs);
    const cpuUs = server.cpuUs() - before;
    const seen = await load.end();
    const bots = await load.stop();
    checkLoad(seen, bots);
    // The bots get as many datagrams as the others; the load counts those of the others.
    const datagrams = (seen.received * clients) / seen.clients;
    return {
      us: cpuUs / datagrams,
      outBytes: seen.receivedWire / seen.received,
      inBytes: seen.sentWire / seen.sent,
      load: seen,
    };
  } catch (error) {
    load.kill();
    throw error;
  }
}

/** Rule R of a round; a load above its limits makes a figure "at most". */
function told(who: string, { us, inBytes, outBytes, load }: Round): string {
  const share = (100 * load.cpuUs) / (load.ms * 1000);
  const ran = (100 * load.received) / (load.clients * load.ms * HZ_MS);
  const bound =
    share > LOAD_PERCENT_MAX || load.lateMsP99 > LATE_MS_MAX ? ', NOISE or load-bound' : '';
  return (
    `${who} ${us.toFixed(2)} us, ${outBytes.toFixed(1)} B out, ${inBytes.toFixed(1)} B in, ${ran.toFixed(1)} % of ticks came, ` +
    `gap at most ${load.gapTicksMax} ticks; load ${share.toFixed(0)} % of a core, ${load.lateMsP99.toFixed(1)} ms late at p99${bound}`
  );
}

function wsVersion(): string {
  return JSON.parse(readFileSync(join(packageRoot(), 'node_modules', 'ws', 'package.json'), 'utf8'))
    .version;
}

const UNIT = 'us of CPU per client and tick';
const FULL = { rounds: 6, warmMs: 2000, measureMs: 8000 };
const QUICK = { rounds: 1, warmMs: 500, measureMs: 1000 };
const LOAD_PERCENT_MAX = 70;
const LATE_MS_MAX = 2;
const HZ_MS = 30 / 1000;
