/**
 * How many workers fit the CPUs that this process may use. `os.cpus()` counts the machine; a container or `taskset`
 * gives less, and a worker too many makes every tick late. So: the least of affinity and of the CPU quota of the cgroup
 * (v2 `cpu.max`, v1 `cpu.cfs_quota_us`), minus one for the I/O thread.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';

export interface CpuCount {
  /** Threads for rooms, at least 1. */
  readonly workers: number;
  /** CPUs this process may use at once; a quota may be a fraction. */
  readonly cpus: number;
  /** One sentence for the log: which limit was the least. */
  readonly reason: string;
}

/** What the count is made from; tests pass their own. */
export interface CpuSources {
  /** CPUs of the machine. */
  readonly machine: number;
  /** CPUs in the affinity mask of the process. */
  readonly affinity: number;
  /** Text of a file, or undefined where it cannot be read. */
  read(path: string): string | undefined;
}

/** Counts for this process. Costs a few file reads: call it once, at start. */
export function countCpus(sources: CpuSources = systemSources()): CpuCount {
  const quota = cgroupQuota(sources);
  const limited = quota !== undefined && quota.cpus < sources.affinity;
  const usable = limited ? quota.cpus : sources.affinity;
  const workers = Math.max(1, Math.floor(usable) - 1);
  const cause = limited
    ? `${quota.name} allows ${round(usable)}`
    : sources.affinity < sources.machine
      ? `the affinity mask allows ${usable} of ${sources.machine}`
      : `the machine has ${usable}`;
  const rest =
    usable < 2 ? 'no whole CPU is left beside the I/O thread' : 'minus 1 for the I/O thread';
  return {
    workers,
    cpus: usable,
    reason: `${cause} CPUs, ${rest}: ${workers} ${workers === 1 ? 'worker' : 'workers'}`,
  };
}

interface Quota {
  readonly cpus: number;
  readonly name: string;
}

/** The least quota on the way from this process's cgroup to the root; undefined where there is none. */
function cgroupQuota(sources: CpuSources): Quota | undefined {
  let least: Quota | undefined;
  const take = (cpus: number, name: string): void => {
    if (cpus > 0 && (least === undefined || cpus < least.cpus)) least = { cpus, name };
  };
  for (const line of (sources.read('/proc/self/cgroup') ?? '0::/').split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (path === undefined || controllers === undefined) continue;
    if (controllers === '') {
      for (const folder of folders('/sys/fs/cgroup', path)) {
        const [quota, period] = (sources.read(`${folder}/cpu.max`) ?? '').trim().split(/\s+/);
        if (quota !== undefined && quota !== 'max')
          take(Number(quota) / Number(period), 'cgroup cpu.max');
      }
    } else if (controllers.split(',').includes('cpu')) {
      for (const folder of [
        ...folders('/sys/fs/cgroup/cpu', path),
        ...folders('/sys/fs/cgroup/cpu,cpuacct', path),
      ]) {
        const quota = Number(sources.read(`${folder}/cpu.cfs_quota_us`) ?? '-1');
        const period = Number(sources.read(`${folder}/cpu.cfs_period_us`) ?? '0');
        if (quota > 0 && period > 0) take(quota / period, 'cgroup cpu.cfs_quota_us');
      }
    }
  }
  return least;
}

/** `/a/b` below a root: the root itself, then each folder on the way. Inside a container often only the root exists. */
function folders(root: string, path: string): string[] {
  const found = [root];
  let at = root;
  for (const part of path.split('/')) {
    if (part === '' || part === '..') continue;
    at += `/${part}`;
    found.push(at);
  }
  return found;
}

function systemSources(): CpuSources {
  return {
    machine: Math.max(1, cpus().length),
    affinity: availableParallelism(),
    read(path) {
      try {
        return readFileSync(path, 'utf8');
      } catch {
        return undefined;
      }
    },
  };
}

function round(value: number): string {
  return String(Math.round(value * 100) / 100);
}
