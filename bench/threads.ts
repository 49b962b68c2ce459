/** A thread of a benchmark: its module once more, which asks `workerData` what it is. */
import { Worker } from 'node:worker_threads';

/** `url`: of the module. From source it registers tsx itself, because Node 20 gives `--import tsx` no effect in threads. */
export function startBenchThread(url: string, workerData: unknown): Worker {
  if (!url.endsWith('.ts')) return new Worker(new URL(url), { workerData });
  const code = `import('tsx/esm/api').then((tsx) => { tsx.register(); return import(${JSON.stringify(url)}); });`;
  return new Worker(code, { eval: true, workerData, execArgv: ['--conditions=fray-source'] });
}
