/** Which journals are deleted: whole files, the oldest first. */
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface Retention {
  /** While all files have more bytes; 0: never. */
  readonly bytesMax: number;
  /** Files that were closed before, milliseconds since 1970; 0: none. */
  readonly oldestMs: number;
  /** Paths that stay. */
  readonly inUse: ReadonlySet<string>;
}

/** The end of their names. */
export const JOURNAL_SUFFIX = '.journal';

/** Deletes what is too old or too much; answers how many files. */
export function retainJournals(dir: string, { bytesMax, oldestMs, inUse }: Retention): number {
  const files = readdirSync(dir)
    .filter((name) => name.endsWith(JOURNAL_SUFFIX))
    .map((name) => ({ path: join(dir, name), ...sizeOf(join(dir, name)) }))
    .sort((one, other) => one.endedMs - other.endedMs);
  let bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  let deleted = 0;
  for (const file of files) {
    const isOver = (bytesMax > 0 && bytes > bytesMax) || file.endedMs < oldestMs;
    if (!isOver || inUse.has(file.path)) continue;
    rmSync(file.path, { force: true });
    bytes -= file.bytes;
    deleted += 1;
  }
  return deleted;
}

function sizeOf(path: string): { bytes: number; endedMs: number } {
  const stat = statSync(path, { throwIfNoEntry: false });
  return { bytes: stat?.size ?? 0, endedMs: stat?.mtimeMs ?? 0 };
}
