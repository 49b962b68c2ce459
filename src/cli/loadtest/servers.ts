/** Whom `fray loadtest` loads: servers that it starts, ours or a peer's, or one that runs. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FrayError } from '../../errors.ts';
import { packageRoot } from '../games.ts';
import { startChild, stopChild } from './children.ts';
import type { PeerStats, PeerWay, Transport } from './messages.ts';
import { type MetricsPage, readMetrics } from './metrics-page.ts';
import { type TreeUse, useOf } from './threads.ts';

export interface LoadedServer {
  /** As tables name it. */
  readonly title: string;
  /** Where datagrams go to. */
  readonly url: string;
  /** null: nobody knows it. */
  readonly pid: number | null;
  /** What the server says of itself; null where it says nothing. Of a server of ours its metrics. */
  metrics(): Promise<MetricsPage | null>;
  /** Of a peer. */
  stats(): Promise<PeerStats | null>;
  stop(): Promise<void>;
}

/** CPU and memory of it with all of its children; null where they are not on this machine. */
export function useOfServer(server: LoadedServer): TreeUse | null {
  return server.pid === null ? null : useOf(server.pid);
}

/** A server that runs. Its metrics come from `admin`, its CPU from `pid` where it is on this machine. */
export function runningServer(options: {
  readonly url: string;
  readonly admin: string | null;
  readonly pid: number | null;
}): LoadedServer {
  const { url, admin, pid } = options;
  if (pid !== null && useOf(pid) === null)
    throw new FrayError('E_CONFIG', `Cannot measure process ${pid}: there is none, or no /proc`);
  return {
    title: url,
    url,
    pid,
    metrics: async () => (admin === null ? null : metricsOf(admin)),
    stats: async () => null,
    stop: async () => {},
  };
}

export interface StartOptions {
  readonly transport: Transport;
  readonly cpus: readonly number[] | null;
  readonly game: string;
  readonly folder: string;
  /** More flags for `fray start`. */
  readonly flags: readonly string[];
}

/** `fray start` as an operator runs it, with limits that let all clients come from this machine at once. Tries other admin ports where one is taken. */
export async function startFray(options: StartOptions): Promise<LoadedServer> {
  for (let tries = 1; ; tries += 1) {
    const admin = ADMIN_PORT_MIN + Math.floor(Math.random() * ADMIN_PORTS);
    try {
      return await startFrayAt(options, admin);
    } catch (error) {
      if (tries === START_TRIES) throw error;
    }
  }
}

async function startFrayAt(options: StartOptions, admin: number): Promise<LoadedServer> {
  const { transport, cpus, game, folder, flags } = options;
  const cli = join(packageRoot(), 'dist', 'cli.js');
  if (!existsSync(cli))
    throw new FrayError('E_CONFIG', 'Cannot start a server that is not built: npm run build');
  const isUdp = transport === 'udp';
  const argv = [process.execPath, cli, 'start', '--game', game, '--admin-port', String(admin)];
  argv.push(...FRAY_FLAGS, ...(isUdp ? UDP_FLAGS : []), ...flags);
  if (transport !== 'webrtc') argv.push('--no-webrtc');
  const child = startChild(argv, { cpus, stdio: ['ignore', 'pipe', 'inherit'], folder });
  const url = await spoken(child, (text) => {
    const page = /^Play [^:]+: (\S+)$/m.exec(text)?.[1];
    const udp = /^UDP: (\S+)$/m.exec(text)?.[1];
    if (!/^Admin: /m.test(text)) return undefined;
    return isUdp ? udp && `udp://${udp}/` : page;
  });
  return {
    title: 'Fray',
    url,
    pid: child.pid ?? null,
    metrics: () => metricsOf(`http://127.0.0.1:${admin}`),
    stats: async () => null,
    stop: () => stopChild(child),
  };
}

/** Peers by the names of `--peer`: program, lane, package, and how clients reach them. */
export const PEERS: { readonly [name: string]: PeerFacts } = {
  ws: { way: 'plain', transport: 'websocket', scheme: 'ws', packages: ['ws'], path: '' },
  geckos: {
    way: 'geckos',
    transport: 'webrtc',
    scheme: 'http',
    packages: ['@geckos.io/server'],
    path: '',
  },
  colyseus: {
    way: 'colyseus',
    transport: 'websocket',
    scheme: 'ws',
    packages: ['@colyseus/core', '@colyseus/ws-transport'],
    path: 'bytes',
  },
  'colyseus-state': {
    way: 'colyseus',
    transport: 'websocket',
    scheme: 'ws',
    packages: ['@colyseus/core', '@colyseus/ws-transport', '@colyseus/schema'],
    path: 'state',
  },
};

export interface PeerFacts {
  readonly way: PeerWay;
  readonly transport: Transport;
  readonly scheme: string;
  readonly packages: readonly string[];
  readonly path: string;
}

/** Name and version of a peer, or why it cannot run. */
export function findPeer(name: string): { readonly title: string } | { readonly missing: string } {
  const facts = PEERS[name];
  const bench = join(packageRoot(), 'bench');
  if (facts === undefined || !existsSync(join(bench, 'package.json')))
    return { missing: `${name} was not run: peers stand in a clone of the repository` };
  const versions: string[] = [];
  for (const one of facts.packages) {
    const manifest = [join(bench, 'node_modules', one), join(packageRoot(), 'node_modules', one)]
      .map((folder) => join(folder, 'package.json'))
      .find(existsSync);
    if (manifest === undefined)
      return { missing: `${name} was not run: ${one} is not installed; npm ci --prefix bench` };
    const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
    versions.push(`${one} ${version}`);
  }
  return { title: `${name} (${versions.join(', ')})` };
}

/** A peer's server, which sends each client `bytes` bytes `rateHz` times a second. */
export async function startPeer(
  name: string,
  options: { cpus: readonly number[] | null; bytes: number; rateHz: number; roomSize: number },
): Promise<LoadedServer> {
  const facts = PEERS[name];
  const found = findPeer(name);
  if (facts === undefined || 'missing' in found)
    throw new FrayError('E_CONFIG', `Cannot run ${name}: it is no peer`);
  const { cpus, bytes, rateHz, roomSize } = options;
  const file = join(packageRoot(), 'bench', 'peers', `load-${name.split('-')[0]}.mjs`);
  const words = [bytes, rateHz, roomSize].map(String);
  const child = startChild([process.execPath, file, ...words], {
    cpus,
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    folder: packageRoot(),
  });
  const url = await spoken(child, (text) => {
    const port = /^port (\d+)$/m.exec(text)?.[1];
    return port && `${facts.scheme}://127.0.0.1:${port}/${facts.path}`;
  });
  return {
    title: found.title,
    url,
    pid: child.pid ?? null,
    metrics: async () => null,
    stats: async () => {
      const heard = once(child, 'message');
      child.send('stats');
      return (await heard)[0] as PeerStats;
    },
    stop: () => stopChild(child),
  };
}

async function metricsOf(admin: string): Promise<MetricsPage> {
  const answer = await fetch(new URL('/metrics', admin)).catch((cause: unknown) => {
    throw new FrayError('E_CONFIG', `Cannot reach ${admin}: ${String(cause)}`, { cause });
  });
  if (!answer.ok) throw new FrayError('E_CONFIG', `Cannot read ${admin}/metrics: ${answer.status}`);
  return readMetrics(await answer.text());
}

/** What `find` finds in what a child prints. Its output is read until its end. */
function spoken(child: ChildProcess, find: (text: string) => string | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    let found: string | undefined;
    child.stdout?.setEncoding('utf8').on('data', (more: string) => {
      if (found !== undefined) return;
      text += more;
      found = find(text);
      if (found !== undefined) resolve(found);
    });
    child.once('error', reject);
    child.once('exit', (code) =>
      reject(
        new FrayError('E_CONFIG', `Cannot start ${child.spawnargs.join(' ')}: it ended (${code})`),
      ),
    );
  });
}

const ADMIN_PORT_MIN = 20_000;
const ADMIN_PORTS = 12_000;
const START_TRIES = 4;
/** All clients come from one address, and many at once; a room closes soon, so that fewer clients fill fewer rooms. */
const FRAY_FLAGS = [
  ...['--port', '0', '--log-level', 'error', '--drain-ms', '0', '--empty-close-ms', '1000'],
  ...['--sessions-max', '16384', '--sessions-per-address-max', '16384', '--rooms-max', '512'],
  ...['--hellos-per-address-per-second', '100000', '--hellos-per-prefix-per-second', '100000'],
  ...['--hellos-per-second', '100000', '--offers-per-second', '10000'],
  ...['--offers-per-prefix-per-second', '10000', '--http-requests-max', '65536'],
];
const UDP_FLAGS = ['--udp', '127.0.0.1:0', '--token-opens-per-second', '100000'];
