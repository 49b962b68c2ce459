/**
 * Threads from source or from a build. Run from source (this file ends in .ts: tests, development) an entry is `workers/NAME.ts`, and
 * registers tsx itself, because Node 20 gives `--import tsx` no effect in threads. Run from a build it is `NAME.js` beside the
 * bundle, or in `workers/` beside it.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { FrayError } from '../errors.ts';

/**
 * Starts `entry` (a name under workers/) with its `workerData`; a debugger calls the thread the same. `heapMb`: JavaScript memory beyond
 * which it ends with ERR_WORKER_OUT_OF_MEMORY; 0 leaves it to Node, which allows some gigabytes.
 */
export function startThread(entry: string, workerData: unknown, heapMb = 0): Worker {
  const limits = heapMb > 0 ? { resourceLimits: { maxOldGenerationSizeMb: heapMb } } : {};
  const options = { workerData, name: entry, ...limits };
  if (import.meta.url.endsWith('.ts')) {
    const source = new URL(`../../workers/${entry}.ts`, import.meta.url).href;
    const code = `import('tsx/esm/api').then((tsx) => { tsx.register(); return import(${JSON.stringify(source)}); });`;
    return new Worker(code, { eval: true, ...options });
  }
  const file = `${entry}.js`;
  const found = [`./${file}`, `./workers/${file}`, `../workers/${file}`]
    .map((place) => new URL(place, import.meta.url))
    .find((url) => existsSync(fileURLToPath(url)));
  if (found === undefined)
    throw new FrayError('E_CONFIG', `Cannot start a thread: ${file} is not beside this build`);
  return new Worker(found, options);
}
