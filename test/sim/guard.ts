/**
 * Looks at this process from a thread of its own: a scenario that hangs (a loop without end in the core, say) can say nothing itself.
 * It is said here, as of any that fails, and the process ends.
 */
import { Worker } from 'node:worker_threads';

/** What is called as each seed begins. */
export function guard(): (seed: number) => void {
  const words = new Int32Array(new SharedArrayBuffer(8));
  const thread = new Worker(WATCH, {
    eval: true,
    workerData: { words, cpuMs: HANGS_CPU_MS, waitMs: HANGS_MS },
  });
  thread.unref();
  return (seed) => {
    words[0] = seed;
    Atomics.add(words, 1, 1);
  };
}

/** ms of processor time: a hundred times what a scenario takes. Others may have the processor. */
const HANGS_CPU_MS = 30_000;
/** Real ms, for one that waits for what does not come. */
const HANGS_MS = 600_000;
const WATCH = `
  const { workerData: { words, cpuMs, waitMs } } = require('node:worker_threads');
  const { writeSync } = require('node:fs');
  const usedMs = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1000; };
  let [count, sinceMs, sinceCpuMs] = [0, Date.now(), usedMs()];
  setInterval(() => {
    const now = Atomics.load(words, 1);
    if (now !== count) [count, sinceMs, sinceCpuMs] = [now, Date.now(), usedMs()];
    if (count === 0 || (usedMs() - sinceCpuMs < cpuMs && Date.now() - sinceMs < waitMs)) return;
    writeSync(2, 'seed ' + words[0] + ', 0 ms: it hangs\\n');
    process.kill(process.pid, 'SIGKILL');
  }, 1000);
`;
