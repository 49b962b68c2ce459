/** The processes of `fray bench io`: servers, ours and peers, and the load. Each can be pinned to a processor. */
import type { ChildProcess } from 'node:child_process';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../src/cli/games.ts';
import type {
  BotsSay,
  LoadAsk,
  LoadFigures,
  LoadOptions,
  LoadSays,
  UdpHostStats,
} from './load-messages.ts';
import { treeCpuUs } from './tree-cpu.ts';

/** What a server that has started says. */
interface Addresses {
  readonly url: string;
  readonly page?: string;
}

/** A server that runs, ours or a peer. */
export class ServerProcess {
  /** Where datagrams go to. */
  readonly url: string;
  /** The page of ours; a peer has none and gives the same. */
  readonly page: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, { url, page = url }: Addresses) {
    this.#child = child;
    this.url = url;
    this.page = page;
  }

  /** Starts `argv` and waits until it prints something that `says` finds addresses in. */
  static async start(
    argv: readonly string[],
    says: (text: string) => Addresses | undefined,
    free = false,
  ): Promise<ServerProcess> {
    const cpu = free ? null : SERVER_CPU;
    const child = spawnPinned(argv, cpu, ['ignore', 'pipe', 'inherit']);
    const addresses = await new Promise<Addresses>((resolve, reject) => {
      let text = '';
      // Listened to until its end: what a server prints later has to be read too.
      child.stdout?.setEncoding('utf8').on('data', (more: string) => {
        text += more;
        const found = says(text);
        if (found !== undefined) resolve(found);
      });
      child.once('error', reject);
      child.once('exit', () => reject(new Error(`${argv.join(' ')} ended before it listened`)));
    });
    return new ServerProcess(child, addresses);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** us of all threads and child processes, since its start. */
  cpuUs(): number {
    return treeCpuUs(this.pid);
  }

  /** What bench/io/udp-host.ts says of itself when it is asked. */
  stats(): Promise<UdpHostStats> {
    this.#child.kill('SIGUSR2');
    return new Promise((resolve) => {
      let text = '';
      const listen = (more: string): void => {
        text += more;
        const [, json] = /^stats (.+)$/m.exec(text) ?? [];
        if (json === undefined || !text.endsWith('\n')) return;
        this.#child.stdout?.off('data', listen);
        resolve(JSON.parse(json) as UdpHostStats);
      };
      this.#child.stdout?.on('data', listen);
    });
  }

  stop(): Promise<void> {
    return stopped(this.#child, 'SIGTERM');
  }
}

/** `fray start` from dist/, as an operator runs it, with as many handshakes a second as come. */
export function startFray(
  transport: LoadOptions['transport'],
  flags: readonly string[] = [],
  /** Of Node. */
  execArgv: readonly string[] = [],
): Promise<ServerProcess> {
  const cli = join(packageRoot(), 'dist', 'cli.js');
  if (!existsSync(cli)) throw new Error('Cannot measure a server that is not built: npm run build');
  const isUdp = transport === 'udp';
  const game = flags.includes('--game') ? [] : ['--game', 'arena'];
  const own = [...FRAY_FLAGS, ...game, ...(isUdp ? UDP_FLAGS : []), ...flags];
  const argv = [process.execPath, ...execArgv, cli, 'start', ...own];
  return ServerProcess.start(argv, (text) => {
    const page = /^Play \w+: (\S+)$/m.exec(text)?.[1];
    const udp = /^UDP: (\S+)$/m.exec(text)?.[1];
    if (page === undefined || (isUdp && udp === undefined)) return undefined;
    return { url: isUdp ? `udp://${udp}/` : page, page };
  });
}

/** A peer prints its port. */
export function startPeer(
  argv: readonly string[],
  scheme: string,
  free = false,
): Promise<ServerProcess> {
  return ServerProcess.start(
    argv,
    (text) => {
      const port = /^port (\d+)$/m.exec(text)?.[1];
      return port === undefined ? undefined : { url: `${scheme}://127.0.0.1:${port}/` };
    },
    free,
  );
}

/** bench/io/udp-host.ts, which tells what `fray start` does not, on any processor. */
export function startUdpHost(): Promise<ServerProcess> {
  const argv = [process.execPath, '--expose-gc', ...TYPESCRIPT, benchFile('io', 'udp-host.ts')];
  return startPeer(argv, 'udp', true);
}

/** Path of a file under bench/, which a clone has and the package has not. */
export function benchFile(...path: string[]): string {
  const file = join(packageRoot(), 'bench', ...path);
  if (existsSync(file)) return file;
  throw new Error('Cannot run: this bench needs a clone of the repository, not the package');
}

/** Compiles a C peer into a temporary folder; null: there is no `cc`. */
export function compileC(source: string, name: string): string | null {
  const folder = join(tmpdir(), `fray-bench-${process.getuid?.() ?? 0}`);
  const program = join(folder, name);
  mkdirSync(folder, { recursive: true });
  try {
    execFileSync('cc', ['-O2', '-o', program, source], { stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  return program;
}

/** The load generator. */
export class Load {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Resolves when all clients are in and play. */
  static async start(options: LoadOptions): Promise<Load> {
    const argv = [process.execPath, ...TYPESCRIPT, benchFile('io', 'load.ts')];
    const child = spawnPinned([...argv, JSON.stringify(options)], LOAD_CPU, [
      'ignore',
      'inherit',
      'inherit',
      'ipc',
    ]);
    const load = new Load(child);
    await load.#hear('ready');
    return load;
  }

  async begin(): Promise<void> {
    this.#child.send('begin' satisfies LoadAsk);
    await this.#hear('begun');
  }

  end(): Promise<LoadFigures> {
    this.#child.send('end' satisfies LoadAsk);
    return this.#hear('figures') as Promise<LoadFigures>;
  }

  async stop(): Promise<BotsSay> {
    this.#child.send('stop' satisfies LoadAsk);
    const bots = (await this.#hear('bots')) as BotsSay;
    await stopped(this.#child, 'SIGTERM');
    return bots;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  async #hear(kind: string): Promise<LoadSays> {
    const over = new AbortController();
    const { signal } = over;
    try {
      const ended = once(this.#child, 'exit', { signal }).then(() => {
        throw new Error('The load of the bench ended early');
      });
      const [says] = (await Promise.race([once(this.#child, 'message', { signal }), ended])) as [
        LoadSays,
      ];
      const said = typeof says === 'string' ? says : says.kind;
      if (said !== kind) throw new Error(`The load says ${said} and not ${kind}`);
      return says;
    } finally {
      over.abort();
    }
  }
}

/** With two processors or more, and where `taskset` is: the server on the first, its load on the second. */
export function pinned(): boolean {
  return availableParallelism() > 1 && existsSync(TASKSET);
}

/** A process on one processor, or on any. It does not outlive this one. */
export function spawnPinned(
  argv: readonly string[],
  cpu: number | null,
  stdio: ('ignore' | 'pipe' | 'inherit' | 'ipc')[],
): ChildProcess {
  const whole = pinned() && cpu !== null ? [TASKSET, '-c', String(cpu), ...argv] : [...argv];
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([key]) => !/^(FRAY_|NODE_OPTIONS$)/.test(key)),
  );
  const child = spawn(whole[0] ?? '', whole.slice(1), { stdio, env, cwd: packageRoot() });
  keep(child);
  return child;
}

/** However this process ends, nothing that it started stays behind. */
function keep(child: ChildProcess): void {
  if (!keeping) {
    keeping = true;
    process.once('exit', () => {
      for (const one of CHILDREN) one.kill('SIGKILL');
    });
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      process.once(signal, () => process.exit(EXIT_BY_SIGNAL));
  }
  CHILDREN.add(child);
  child.once('exit', () => CHILDREN.delete(child));
}

async function stopped(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill(signal);
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
  await exit;
  clearTimeout(late);
}

const TYPESCRIPT = ['--conditions=fray-source', '--import', 'tsx'];
let keeping = false;
const CHILDREN = new Set<ChildProcess>();
const EXIT_BY_SIGNAL = 143;
const TASKSET = '/usr/bin/taskset';
const SERVER_CPU = 0;
const LOAD_CPU = 1;
const STOP_MS_MAX = 5000;
/** Everybody comes from one address and at once. */
const UDP_FLAGS = ['--udp', '127.0.0.1:0', '--token-opens-per-second', '100000'];
const FRAY_FLAGS = [
  ...['--port', '0', '--admin-port', '0', '--workers', '1', '--log-level', 'error'],
  ...['--drain-ms', '0', '--empty-close-ms', '1000'],
  ...['--sessions-per-address-max', '16384', '--hellos-per-address-per-second', '100000'],
  ...['--hellos-per-prefix-per-second', '100000', '--hellos-per-second', '100000'],
  ...['--rooms-max', '256'],
];
