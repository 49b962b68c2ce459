/**
 * Looks at this process from a thread of its own: a scenario that hangs (a loop without end in the core, say) can say nothing itself.
 * It is said here, as of any that fails, and the process ends.
 */
import { Worker } from 'node:worker_threads';

/** What is called as each seed begins. */
export function guard(): (seed: number) => void {
  const words = new Int32Array(new SharedArrayBuffer(8));
  const thread = new Worker(WATCH, { eval: true, workerData: { words, waitMs: HANGS_MS } });
  thread.unref();
  return (seed) => {
    words[0] = seed;
    Atomics.add(words, 1, 1);
  };
}

/** Real ms: a hundred times what a scenario takes. */
const HANGS_MS = 40_000;
const WATCH = `
  const { workerData: { words, waitMs } } = require('node:worker_threads');
  const { writeSync } = require('node:fs');
  let [count, sinceMs] = [0, Date.now()];
  setInterval(() => {
    const now = Atomics.load(words, 1);
    if (now !== count) [count, sinceMs] = [now, Date.now()];
    if (count === 0 || Date.now() - sinceMs < waitMs) return;
    writeSync(2, 'seed ' + words[0] + ', 0 ms: it hangs\\n');
    process.kill(process.pid, 'SIGKILL');
  }, 1000);
`;
