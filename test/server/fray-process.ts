/** `fray start` from source in a process of its own, as an operator runs it. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { GAME, until } from './fixture.ts';

/** `FRAY_TEST_CLI` names a build, for those who time it. */
const CLI = process.env['FRAY_TEST_CLI']?.split(' ') ?? ['--import', 'tsx', 'src/cli.ts'];
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface Run {
  readonly child: ChildProcess;
  out: string;
  /** The log, a JSON line per event. */
  err: string;
  readonly ended: Promise<number | null>;
}

/** Flags of a server with the test's game, one worker and a free port. `adminPort` 0: without its page. */
export function small(adminPort: number): string[] {
  const ports = ['--port', '0', '--admin-port', String(adminPort)];
  return ['--game', GAME, '--workers', '1', ...ports];
}

export function fray(
  args: readonly string[],
  environment: { readonly [name: string]: string } = {},
): Run {
  const child = spawn(process.execPath, [...CLI, ...args], {
    cwd: ROOT,
    env: { ...process.env, ...environment },
  });
  const ended = new Promise<number | null>((resolve) =>
    child.once('exit', (code) => resolve(code)),
  );
  const run: Run = { child, out: '', err: '', ended };
  child.stdout.on('data', (data: Buffer) => {
    run.out += data.toString();
  });
  child.stderr.on('data', (data: Buffer) => {
    run.err += data.toString();
  });
  return run;
}

/** Starts one, waits until it listens, and kills it with the test. */
export async function listening(
  keeper: { teardown(fn: () => void): void },
  ...[args, environment]: Parameters<typeof fray>
): Promise<Run & { readonly url: string; readonly admin: string }> {
  const run = fray(['start', ...args], environment);
  keeper.teardown(() => void run.child.kill('SIGKILL'));
  await until(
    'it listens',
    () => run.out.includes('Admin:') || run.child.exitCode !== null,
    30_000,
  );
  const [, url = ''] = /Play \w+: (\S+)/.exec(run.out) ?? [];
  const [, admin = ''] = /Admin: (\S+)$/m.exec(run.out) ?? [];
  if (url === '') throw new Error(`Cannot start: ${run.err}`);
  return Object.assign(run, { url, admin });
}

/** Events of the log so far, by name. */
export function events(run: Run, name: string): { readonly [fact: string]: unknown }[] {
  return run.err
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { readonly event?: string })
    .filter(({ event }) => event === name);
}
