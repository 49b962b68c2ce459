/** The job of a pool's thread (src/room/verify-batch.ts): plays a journal again and judges it. */
import type { Verification, VerifyOptions } from '../../src/room/verdict.ts';
import { verifyJournal } from '../../src/room/verdict.ts';

export function verify(job: {
  readonly path: string;
  readonly options: VerifyOptions;
}): Promise<Verification> {
  return verifyJournal(job.path, job.options);
}
