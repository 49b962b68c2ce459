/**
 * One server per folder of journals: two that write the same rooms would both be wrong. A file says which process has the folder; it
 * counts for nothing once that process is gone, which within one machine and one namespace of processes is looked up, and elsewhere
 * told by the file having been touched. Who only hung meanwhile finds another's name in it, and writes no more (`ownerName`).
 */
import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ownerName } from '../../workers/journal-owner.ts';
import { FrayError } from '../errors.ts';

interface Owner {
  /** Another one each time that the folder is taken. */
  readonly name: string;
  readonly pid: number;
  /** Clock ticks since the machine began, and which beginning, and whose numbers of processes; empty where the system does not say. */
  readonly started: string;
  readonly boot: string;
  readonly space: string;
}

export class FolderLock {
  readonly path: string;
  readonly name = randomUUID();
  readonly #timer: NodeJS.Timeout;

  /** Rejects with E_CONFIG while another server has the folder. Waits as long as one of another machine may still be there. */
  static async take(folder: string): Promise<FolderLock> {
    const path = join(folder, 'owner');
    for (const endMs = Date.now() + SILENT_MS; ; await pause(LOOK_MS)) {
      const state = stateOf(path);
      if (state === 'free') return new FolderLock(path);
      if (state === 'live' || Date.now() >= endMs)
        throw new FrayError('E_CONFIG', `Cannot keep journals in ${folder}: another server does`);
    }
  }

  private constructor(path: string) {
    this.path = path;
    writeFileSync(path, JSON.stringify({ ...self(), name: this.name }));
    const keep = (): void => {
      if (this.holds) touch(path);
    };
    this.#timer = setInterval(keep, TOUCH_MS).unref();
  }

  /** Nobody has taken it since. */
  get holds(): boolean {
    return ownerName(this.path) === this.name;
  }

  release(): void {
    clearInterval(this.#timer);
    if (this.holds) rmSync(this.path, { force: true });
  }
}

/** `unsure`: of another machine or container, and touched a moment ago. */
function stateOf(path: string): 'free' | 'live' | 'unsure' {
  let owner: Owner;
  try {
    owner = JSON.parse(readFileSync(path, 'utf8')) as Owner;
  } catch {
    return 'free';
  }
  const own = self();
  if (own.boot !== '' && owner.boot === own.boot && owner.space === own.space)
    return startOf(owner.pid) === owner.started ? 'live' : 'free';
  const touchedMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return Date.now() - touchedMs < SILENT_MS ? 'unsure' : 'free';
}

function self(): Omit<Owner, 'name'> {
  const boot = textOf('/proc/sys/kernel/random/boot_id').trim();
  return { pid: process.pid, started: startOf(process.pid), boot, space: spaceOf() };
}

/** Field 22 of its line in /proc, behind the name, which may hold anything. */
function startOf(pid: number): string {
  const line = textOf(`/proc/${pid}/stat`);
  return line.slice(line.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

function spaceOf(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function touch(path: string): void {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch {
    // The next look finds it old, and takes the folder: whoever removed the file wanted that.
  }
}

const TOUCH_MS = 500;
const LOOK_MS = 100;
/** ms after which nobody touches it any more. */
const SILENT_MS = 2500;
