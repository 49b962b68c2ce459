/** The processes of a hostile evening: `fray start` from source, its honest players, and who disturbs them. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { freePort } from '../server/fixture.ts';
import type { Answer, Ask, Seen } from './witnesses.ts';

/** Asks `collector.cjs` in a server; so many threads have to answer: the main one and the room workers. */
interface MemoryRequest {
  readonly threads: number;
}

/** Bytes. */
export interface Memory {
  readonly rss: number;
  /** Objects and array buffers of all threads, after a collection. */
  readonly held: number;
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const NODE_FLAGS = ['--conditions=fray-source', '--import', 'tsx'] as const;

/** Who ends a child when the test ends, however it ends: a test of tap. */
export interface Keeper {
  teardown(fn: () => void): void;
}

/** A TypeScript file of the tree in a process of its own. What it writes on standard error goes to ours. */
export function startScript(
  keeper: Keeper,
  script: string,
  args: readonly string[],
  flags: readonly string[] = [],
): ChildProcess {
  const child = spawn(process.execPath, [...NODE_FLAGS, ...flags, script, ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    // A server takes FRAY_ variables for its options.
    env: Object.fromEntries(Object.entries(process.env).filter(([key]) => !/^FRAY_/.test(key))),
  });
  keeper.teardown(() => {
    // One that is stopped cannot die of anything else.
    child.kill('SIGKILL');
  });
  return child;
}

/** The next message of a child; rejects when it ends first. */
export async function hear<T>(child: ChildProcess): Promise<T> {
  const over = new AbortController();
  try {
    const [message] = (await Promise.race([
      once(child, 'message', { signal: over.signal }),
      once(child, 'exit', { signal: over.signal }).then(([code, signal]) => {
        throw new Error(`${child.spawnargs.slice(-4).join(' ')} ended with ${code ?? signal}`);
      }),
    ])) as [T];
    return message;
  } finally {
    over.abort();
  }
}

/** `fray start` in a process of its own, with one worker and the arena. */
export class ServerProcess {
  readonly child: ChildProcess;
  readonly url: string;
  readonly #adminUrl: string;

  private constructor(child: ChildProcess, url: string, adminUrl: string) {
    this.child = child;
    this.url = url;
    this.#adminUrl = adminUrl;
  }

  static async start(
    keeper: Keeper,
    flags: readonly string[],
    game = 'games/arena/server.ts',
  ): Promise<ServerProcess> {
    const args = [
      ...['start', '--game', game, '--workers', '1', '--log-level', 'error', '--no-webrtc'],
      ...['--port', '0', '--admin-port', String(await freePort()), ...flags],
    ];
    const collector = fileURLToPath(new URL('./collector.cjs', import.meta.url));
    const child = startScript(keeper, 'src/cli.ts', args, ['--expose-gc', '--require', collector]);
    let out = '';
    for await (const text of child.stdout ?? []) {
      out += String(text);
      const [, url] = /^Play \w+: (\S+)$/m.exec(out) ?? [];
      const [, admin] = /^Admin: (\S+)$/m.exec(out) ?? [];
      if (url !== undefined && admin !== undefined) return new ServerProcess(child, url, admin);
    }
    throw new Error(`Cannot start a server: it said ${JSON.stringify(out)}`);
  }

  /** The metrics page: line names with their labels, and values. */
  async metrics(): Promise<Map<string, number>> {
    const text = await (await fetch(`${this.#adminUrl}metrics`)).text();
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return new Map(
      lines.map((line) => {
        const at = line.lastIndexOf(' ');
        return [line.slice(0, at), Number(line.slice(at + 1))];
      }),
    );
  }

  memory(): Promise<Memory> {
    this.child.send({ threads: 2 } satisfies MemoryRequest);
    return hear<Memory>(this.child);
  }
}

/** Honest players on several servers, in one process. */
export class Witnesses {
  readonly #child: ChildProcess;
  #asked = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(keeper: Keeper, urls: readonly string[]): Promise<Witnesses> {
    const child = startScript(keeper, 'test/hostile/witnesses.ts', [String(WITNESSES), ...urls]);
    await hear<Answer>(child);
    return new Witnesses(child);
  }

  /** What they saw since they were asked last, per server. */
  async seen(): Promise<readonly Seen[]> {
    this.#asked += 1;
    this.#child.send({ id: this.#asked } satisfies Ask);
    return (await hear<Answer>(this.#child)).seen;
  }
}

/** Per server. */
export const WITNESSES = 6;
