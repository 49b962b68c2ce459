/** Processes that `fray loadtest` starts: servers and generators, each on the processors it is given. None outlives the command. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { availableParallelism, constants } from 'node:os';
import { allowedCpus } from './threads.ts';

/** Who runs where. Without `taskset`, or with too few processors, all share them, and the report says so. */
export interface Seats {
  readonly server: readonly number[] | null;
  /** One processor for each generator. */
  readonly generators: readonly (number | null)[];
  /** Why the generators have no processors of their own; null: they have. */
  readonly shared: string | null;
}

/** `taken`: processors of a server that runs already; null: it is started here, on the first `cores` ones, or runs elsewhere. */
export function seatsFor(wish: {
  readonly cores: number;
  readonly generators: number;
  readonly taken: readonly number[] | null;
  readonly elsewhere: boolean;
}): Seats {
  const all = allowedCpus('self') ?? Array.from({ length: availableParallelism() }, (_, at) => at);
  const { cores, taken, elsewhere } = wish;
  const server = elsewhere ? [] : (taken ?? all.slice(0, cores));
  const free = all.filter((cpu) => !server.includes(cpu));
  const none = Array.from({ length: Math.max(1, wish.generators) }, () => null);
  if (!existsSync(TASKSET))
    return { server: null, generators: none, shared: 'there is no taskset here' };
  const mine = server.length === 0 || taken !== null ? null : server;
  if (free.length === 0)
    return {
      server: mine,
      generators: none,
      shared: `there are ${all.length} processors, and the server may use all of them`,
    };
  const count = wish.generators === 0 ? free.length : wish.generators;
  const generators = Array.from({ length: count }, (_, at) => free[at % free.length] ?? null);
  return { server: mine, generators, shared: null };
}

export interface ChildOptions {
  readonly cpus: readonly number[] | null;
  readonly stdio: ('ignore' | 'pipe' | 'inherit' | 'ipc')[];
  readonly folder: string;
}

export function startChild(argv: readonly string[], options: ChildOptions): ChildProcess {
  const { cpus, stdio, folder } = options;
  const whole = cpus === null ? argv : [TASKSET, '-c', cpus.join(','), ...argv];
  // What this command was told by the environment is not meant for those it starts.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(FRAY_|NODE_OPTIONS$)/.test(name)),
  );
  const child = spawn(whole[0] ?? '', whole.slice(1), { stdio, env, cwd: folder });
  if (children.size === 0) watch();
  children.add(child);
  child.once('exit', () => {
    children.delete(child);
    if (children.size === 0) unwatch();
  });
  return child;
}

export async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
  await exit;
  clearTimeout(late);
}

function watch(): void {
  process.once('exit', killAll);
  for (const signal of SIGNALS) process.once(signal, endBy);
}

function unwatch(): void {
  process.off('exit', killAll);
  for (const signal of SIGNALS) process.off(signal, endBy);
}

/** By default a signal ends the process without its `exit`. */
function endBy(signal: NodeJS.Signals): void {
  process.exit(128 + constants.signals[signal]);
}

function killAll(): void {
  for (const one of children) one.kill('SIGKILL');
}

const children = new Set<ChildProcess>();
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const TASKSET = '/usr/bin/taskset';
const STOP_MS_MAX = 5000;
