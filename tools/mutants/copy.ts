/**
 * A copy of the tree outside of it, in which code may be broken. It is kept between runs, so that cargo builds only what a
 * break touches; a second run at the same time gets a copy of its own.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export class Copy {
  readonly root: string;
  readonly #isKept: boolean;

  /** Copies the sources of `from`, changed files of the working tree included. */
  constructor(from: string) {
    const kept = join(tmpdir(), `fray-mutants-${shortHash(from)}`);
    this.#isKept = lock(kept);
    this.root = this.#isKept ? kept : mkdtempSync(join(tmpdir(), 'fray-mutants-'));
    const files = sources(from);
    for (const file of files) this.#put(file, readFileSync(join(from, file)));
    for (const file of this.#held('')) if (!files.has(file)) rmSync(join(this.root, file));
    const packages = join(this.root, 'node_modules');
    if (!existsSync(packages)) symlinkSync(join(from, 'node_modules'), packages);
  }

  read(file: string): string {
    return readFileSync(join(this.root, file), 'utf8');
  }

  write(file: string, text: string): void {
    writeFileSync(join(this.root, file), text);
  }

  /** Lets the next run have it; a copy of one run is removed. */
  close(): void {
    if (this.#isKept) rmSync(join(this.root, LOCK_FILE), { force: true });
    else rmSync(this.root, { recursive: true, force: true });
  }

  /** Only what differs is written: cargo goes by the times of files. */
  #put(file: string, bytes: Buffer): void {
    const path = join(this.root, file);
    if (existsSync(path) && readFileSync(path).equals(bytes)) return;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  }

  #held(folder: string): string[] {
    return readdirSync(join(this.root, folder), { withFileTypes: true })
      .filter((entry) => !KEPT.includes(entry.name))
      .flatMap((entry) => {
        const path = join(folder, entry.name);
        return entry.isDirectory() ? this.#held(path) : [path];
      });
  }
}

/** Tracked files, and new ones in folders: what lies about at the top is nobody's source. */
function sources(from: string): Set<string> {
  const list = (option: string): string[] =>
    execFileSync('git', ['ls-files', '-z', option, '--exclude-standard'], { cwd: from })
      .toString()
      .split('\0');
  const files = [...list('-c'), ...list('-o').filter((file) => file.includes('/'))];
  return new Set(files.filter((file) => file !== '' && existsSync(join(from, file))));
}

/** False: another run that lives has it. */
function lock(folder: string): boolean {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, LOCK_FILE);
  if (existsSync(path) && isAlive(Number(readFileSync(path, 'utf8')))) return false;
  writeFileSync(path, String(process.pid));
  return true;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

/** Holds the process that has the copy. */
const LOCK_FILE = '.mutants-pid';
/** No sources, but kept while the copy is. */
const KEPT = ['node_modules', 'target', LOCK_FILE];
