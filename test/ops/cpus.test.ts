import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { test } from 'tap';
import type { CpuSources } from '../../src/ops/cpus.ts';
import { countCpus } from '../../src/ops/cpus.ts';

function sources(
  machine: number,
  affinity: number,
  files: Record<string, string> = {},
): CpuSources {
  return { machine, affinity, read: (path) => files[path] };
}

test('workers = the CPUs this process may use minus one, at least one, with the reason', (t) => {
  t.match(countCpus(sources(8, 8)), { workers: 7, reason: /the machine has 8/ });
  t.match(countCpus(sources(8, 3)), { workers: 2, reason: /affinity mask allows 3 of 8/ });
  t.match(countCpus(sources(1, 1)), { workers: 1, reason: /no whole CPU is left/ });
  t.ok(countCpus().workers >= 1);
  t.end();
});

test('cgroup v2 cpu.max counts, the least on the way to the root, fractions rounded down', (t) => {
  const v2 = {
    '/proc/self/cgroup': '0::/pod/box\n',
    '/sys/fs/cgroup/pod/cpu.max': '450000 100000\n',
    '/sys/fs/cgroup/pod/box/cpu.max': 'max 100000\n',
  };
  t.match(countCpus(sources(16, 16, v2)), {
    workers: 3,
    cpus: 4.5,
    reason: /cpu\.max allows 4\.5 CPUs, minus 1/,
  });
  t.match(countCpus(sources(16, 2, v2)), { workers: 1, reason: /affinity/ });
  t.match(countCpus(sources(16, 16, { '/sys/fs/cgroup/cpu.max': '50000 100000' })), {
    workers: 1,
    cpus: 0.5,
  });
  t.end();
});

test('cgroup v1 quota counts, -1 is none', (t) => {
  const v1 = {
    '/proc/self/cgroup': '4:cpu,cpuacct:/docker/abc\n1:name=systemd:/x\n',
    '/sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us': '300000',
    '/sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_period_us': '100000',
  };
  t.match(countCpus(sources(16, 16, v1)), { workers: 2, reason: /cfs_quota_us allows 3/ });
  const none = { ...v1, '/sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us': '-1' };
  t.equal(countCpus(sources(4, 4, none)).workers, 3);
  t.end();
});

test('the affinity mask of a real process counts', (t) => {
  const script =
    "import { countCpus } from './src/ops/cpus.ts'; console.log(JSON.stringify(countCpus()))";
  const node = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', script];
  const cwd = new URL('../..', import.meta.url);
  const said = execFileSync('taskset', ['-c', firstCpu(), ...node], { cwd, encoding: 'utf8' });
  const counted = JSON.parse(said) as { workers: number; cpus: number; reason: string };
  t.equal(counted.workers, 1);
  t.ok(counted.cpus <= 1, `${counted.cpus} CPUs`);
  // On a machine of one CPU, or in a container with less, the mask is not what limits.
  const limit = cpus().length === 1 ? /the machine has 1/ : /affinity mask allows 1 of|cpu\./;
  t.match(counted.reason, limit);
  t.end();
});

/** One that this process may use. */
function firstCpu(): string {
  const mask = /^Cpus_allowed_list:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'));
  return mask?.[1] ?? '0';
}
