/** The same journal in worker threads: two rooms in one, or each in one of its own; one may die in the middle of a tick, and another goes on. */
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { RoomCore } from '../../core-wasm/bindings/room.ts';
import { createJournalRing } from '../../workers/journal.ts';
import { createShadow } from '../../workers/shadow.ts';

/** `workerData` of room-thread.ts. */
export interface ThreadWork {
  readonly module: WebAssembly.Module;
  /** Path. */
  readonly journal: string;
  readonly rows: readonly number[];
  readonly ring: SharedArrayBuffer;
  /** By row. */
  readonly shadows: readonly SharedArrayBuffer[];
  /** Tick of row 0 in which it dies; 0: it does not. */
  readonly dieAt: number;
  readonly takesOver: boolean;
}

/** Of a room in the thread that ended with it. */
export interface RoomReport {
  readonly row: number;
  /** State hashes that were compared. */
  readonly hashes: number;
  readonly last: string;
  /** First tick whose hash differs; -1: none. */
  readonly differs: number;
  /** Ticks that were played again from the ring. */
  readonly replayed: number;
  /** Hash of the region at the end. */
  readonly region: string;
}

export interface ThreadsOptions {
  readonly workers: 1 | 2;
  readonly dieAt: number;
  readonly module: WebAssembly.Module;
  readonly journal: string;
  readonly config: Uint8Array;
}

/** Two rooms. Rejects where a thread fails, or does not die where it should. */
export async function inThreads(options: ThreadsOptions): Promise<RoomReport[]> {
  const { workers, dieAt, module, journal, config } = options;
  const { playersMax, region } = sizesOf(module, config);
  const shadows = [0, 1].map(() => createShadow(region, 4 * playersMax));
  const crews = workers === 1 ? [[0, 1]] : [[0], [1]];
  const reports = crews.map(async (rows) => {
    const ring = createJournalRing(true);
    const own = rows.includes(0) ? dieAt : 0;
    const work = { module, journal, rows, ring, shadows, dieAt: own, takesOver: false };
    const first = await run(work);
    if (own === 0) return first;
    if (first !== null) throw new Error('the thread was told to die and did not');
    return run({ ...work, dieAt: 0, takesOver: true });
  });
  return (await Promise.all(reports)).flatMap((report) => {
    if (report === null) throw new Error('a thread died');
    return report;
  });
}

/** What it reports; null: it has died as it was told to. */
function run(work: ThreadWork): Promise<RoomReport[] | null> {
  const source = fileURLToPath(new URL('./room-thread.ts', import.meta.url));
  const code = `import('tsx/esm/api').then((tsx) => { tsx.register(); return import(${JSON.stringify(source)}); });`;
  const thread = new Worker(code, { eval: true, workerData: work });
  return new Promise((resolve, reject) => {
    thread.once('message', resolve);
    thread.once('error', reject);
    thread.once('exit', (exitCode) => {
      if (exitCode === DIES) resolve(null);
      else reject(new Error(`a thread ended with ${exitCode}`));
    });
  });
}

function sizesOf(module: WebAssembly.Module, config: Uint8Array) {
  const core = new RoomCore(module, config);
  return { playersMax: core.playersMax, region: core.region().length };
}

/** As room-thread.ts ends. */
const DIES = 9;
