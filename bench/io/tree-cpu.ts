/**
 * CPU time of a process with all of its threads, and of all processes below it: what Linux has counted, user and kernel. A child that has
 * ended counts as soon as its parent has waited for it.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** us. Throws where there is no /proc: other systems are not measured. */
export function treeCpuUs(pid: number): number {
  const tree = familyOf(pid);
  return tree.reduce((sum, one) => sum + cpuUs(one), 0);
}

/** Fields of `/proc/PID/stat` behind the name, which may hold anything but is the last in brackets. */
function statOf(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

function cpuUs(pid: number): number {
  const stat = statOf(pid);
  if (stat === undefined) return 0;
  const ticks = [FIELD.user, FIELD.system, FIELD.childrenUser, FIELD.childrenSystem];
  return ticks.reduce((sum, field) => sum + Number(stat[field]), 0) * TICK_US;
}

export function familyOf(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    const one = Number(name);
    if (Number.isInteger(one)) parents.set(one, Number(statOf(one)?.[FIELD.parent] ?? 0));
  }
  if (!parents.has(pid)) throw new Error(`Cannot measure process ${pid}: it has ended`);
  const found = [pid];
  for (const one of found)
    for (const [child, parent] of parents) if (parent === one) found.push(child);
  return found;
}

/** Places behind the name. */
const FIELD = { parent: 1, user: 11, system: 12, childrenUser: 13, childrenSystem: 14 } as const;
/** USER_HZ is 100 on every Linux that Node runs on. */
const TICK_US = 10_000;
