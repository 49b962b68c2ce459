/** CPU time and memory of a server's process, its threads and all processes below it, as Linux counts them. */
import { readdirSync, readFileSync } from 'node:fs';

/** What one thread has used. A process below the server counts as one. */
export interface ThreadTime {
  /** `io`: the first thread of the server's process; `other`: a further one of it; `child`: a process below it. */
  readonly kind: 'io' | 'other' | 'child';
  /** Of a thread with a name of its own, or of a child's command. */
  readonly name: string;
  readonly key: string;
  readonly cpuSeconds: number;
}

export interface TreeUse {
  readonly threads: readonly ThreadTime[];
  /** All threads and processes, ended threads included. */
  readonly cpuSeconds: number;
  /** Resident memory, bytes. */
  readonly memoryBytes: number;
}

/** Null where there is no /proc, or no such process. */
export function useOf(pid: number): TreeUse | null {
  const family = familyOf(pid);
  if (family === null) return null;
  const threads: ThreadTime[] = [];
  let cpuSeconds = 0;
  let memoryBytes = 0;
  for (const one of family) {
    const stat = statOf(`/proc/${one}/stat`);
    if (stat === null) continue;
    // Children that have ended and were waited for count in their parent.
    const whole = stat.cpu + stat.endedCpu;
    cpuSeconds += whole;
    memoryBytes += stat.pages * PAGE_BYTES;
    if (one !== pid) {
      threads.push({
        kind: 'child',
        name: childName(one, stat.name),
        key: `${one}`,
        cpuSeconds: whole,
      });
      continue;
    }
    for (const task of listed(`/proc/${pid}/task`)) {
      const thread = statOf(`/proc/${pid}/task/${task}/stat`);
      if (thread === null) continue;
      const kind = task === String(pid) ? 'io' : 'other';
      threads.push({ kind, name: thread.name, key: `${pid}/${task}`, cpuSeconds: thread.cpu });
    }
  }
  return { threads, cpuSeconds, memoryBytes };
}

/** What each thread used between two looks, most first. */
export function between(before: TreeUse, after: TreeUse): ThreadTime[] {
  const earlier = new Map(before.threads.map((one) => [one.key, one.cpuSeconds]));
  return after.threads
    .map((one) => ({ ...one, cpuSeconds: one.cpuSeconds - (earlier.get(one.key) ?? 0) }))
    .filter((one) => one.cpuSeconds > 0)
    .sort((one, other) => other.cpuSeconds - one.cpuSeconds);
}

/** Processors that a process may use; null where that is not told. */
export function allowedCpus(pid: number | 'self'): number[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/status`, 'utf8');
    const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(text)?.[1];
    return list === undefined ? null : parseCpus(list);
  } catch {
    return null;
  }
}

/** As in `0-2,5`. */
export function parseCpus(list: string): number[] {
  return list.split(',').flatMap((part) => {
    const [first = 0, last = first] = part.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

interface Stat {
  readonly name: string;
  readonly parent: number;
  readonly cpu: number;
  readonly endedCpu: number;
  readonly pages: number;
}

/** The name stands in brackets and may hold anything; the last bracket ends it. */
function statOf(file: string): Stat | null {
  try {
    const text = readFileSync(file, 'utf8');
    const end = text.lastIndexOf(')');
    const fields = text.slice(end + 2).split(' ');
    const at = (index: number): number => Number(fields[index]);
    return {
      name: text.slice(text.indexOf('(') + 1, end),
      parent: at(1),
      cpu: (at(11) + at(12)) / TICKS_PER_SECOND,
      endedCpu: (at(13) + at(14)) / TICKS_PER_SECOND,
      pages: at(21),
    };
  } catch {
    return null;
  }
}

function familyOf(pid: number): number[] | null {
  const parents = new Map<number, number>();
  for (const name of listed('/proc')) {
    const one = Number(name);
    if (!Number.isInteger(one)) continue;
    const stat = statOf(`/proc/${one}/stat`);
    if (stat !== null) parents.set(one, stat.parent);
  }
  if (!parents.has(pid)) return null;
  const found = [pid];
  for (const one of found)
    for (const [child, parent] of parents) if (parent === one) found.push(child);
  return found;
}

/** Programs of Node all have one name; their script tells them apart. */
function childName(pid: number, name: string): string {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    const script = words.find(
      (word) => /\.(js|ts|mjs)$/.test(word) && !word.includes('node_modules'),
    );
    return (
      script
        ?.split('/')
        .at(-1)
        ?.replace(/\.\w+$/, '') ?? name
    );
  } catch {
    return name;
  }
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** USER_HZ is 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
/** Of x64 and most arm64 kernels. */
const PAGE_BYTES = 4096;
