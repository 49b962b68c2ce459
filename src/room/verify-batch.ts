/** Many journals judged at once, on threads of a pool that give way to everything else on the machine. */
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { JOURNAL_SUFFIX } from '../../workers/journal-retention.ts';
import type { Verification, VerifyOptions } from './verdict.ts';

export interface BatchOptions extends VerifyOptions {
  /** At once. Default: as many as the machine has processors. Each holds one journal and its room in memory. */
  readonly threads?: number;
  /** Told of each file as it is done. */
  readonly onDone?: (path: string, verification: Verification) => void;
}

/** Names of the journals in a folder, sorted. Throws what the file system throws. */
export function journalsIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(JOURNAL_SUFFIX))
    .sort();
}

/** Resolves with what became of each file, in their order. */
export async function verifyBatch(
  paths: readonly string[],
  { threads = availableParallelism(), onDone, ...options }: BatchOptions = {},
): Promise<Verification[]> {
  const pool = new Piscina<{ path: string; options: VerifyOptions }, Verification>({
    filename: JOB,
    name: 'verify',
    maxThreads: Math.min(threads, Math.max(paths.length, 1)),
    niceIncrement: NICE,
  });
  try {
    return await Promise.all(
      paths.map(async (path) => {
        const verification = await pool.run({ path, options });
        onDone?.(path, verification);
        return verification;
      }),
    );
  } finally {
    await pool.destroy();
  }
}

/** Beside the build; from source a file that lets its thread read TypeScript. */
const JOB = fileURLToPath(
  new URL(
    import.meta.url.endsWith('.ts') ? '../../workers/jobs/from-source.mjs' : './verify-job.js',
    import.meta.url,
  ),
);
const NICE = 10;
