/**
 * How many bytes of the JavaScript heap a piece of code takes, without a collection in between. Read in windows: what is allocated
 * in every tick shows in every window, what a compiler does at some moment shows in one.
 */
import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics } from 'node:v8';
import { median } from '../src/cli/bench-report.ts';
import { collector } from './gc.ts';

export interface HeapUse {
  /** Bytes per call: the median of all windows, less the same with an empty body. */
  readonly bytes: number;
  /** The largest window, bytes per call. */
  readonly bytesMax: number;
  /** All of it, compiled code left out and counted apart, bytes. */
  readonly total: number;
  readonly code: number;
  /** Windows that were left out because a collection ran in them. */
  readonly collected: number;
}

/** One piece of code and how it is measured. */
export interface HeapTask {
  readonly windows: number;
  readonly calls: number;
  /** The body; called `calls` times per window. */
  readonly body: () => void;
  /** Collect before each window, not only before the first: for code that fills the young generation. Default false. */
  readonly fresh?: boolean;
}

/** Runs `task.body` and an empty one in the same way. Collections are counted after the fact, hence the promise. */
export async function heapUse(task: HeapTask): Promise<HeapUse> {
  const empty = await run({ ...task, body: nothing });
  const full = await run(task);
  const own = median(empty.map((window) => window.heap));
  const kept = full.filter((window) => window.collections === 0);
  const perCall = kept.map((window) => (window.heap - own) / task.calls);
  const sum = (pick: (window: Window) => number): number =>
    kept.reduce((total, window) => total + pick(window), 0);
  return {
    bytes: kept.length === 0 ? Number.NaN : median(perCall),
    bytesMax: Math.max(...perCall),
    total: sum((window) => window.heap - own),
    code: sum((window) => window.code),
    collected: full.length - kept.length,
  };
}

interface Window {
  readonly heap: number;
  readonly code: number;
  readonly collections: number;
}

async function run({ windows, calls, body, fresh }: HeapTask): Promise<Window[]> {
  const collect = collector();
  const starts: number[] = [];
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) starts.push(entry.startTime);
  });
  observer.observe({ entryTypes: ['gc'] });
  const readings = new Float64Array(4 * windows);
  const times = new Float64Array(2 * windows);
  collect();
  for (let window = 0; window < windows; window += 1) {
    if (fresh === true && window > 0) collect();
    read(readings, 4 * window);
    times[2 * window] = performance.now();
    for (let call = 0; call < calls; call += 1) body();
    read(readings, 4 * window + 2);
    times[2 * window + 1] = performance.now();
  }
  await new Promise((resolve) => setTimeout(resolve, OBSERVER_MS));
  observer.disconnect();
  return Array.from({ length: windows }, (_, window) => {
    const [from, to] = [times[2 * window] as number, times[2 * window + 1] as number];
    const at = (index: number): number => readings[4 * window + index] as number;
    return {
      heap: at(2) - at(0),
      code: at(3) - at(1),
      collections: starts.filter((start) => start > from && start < to).length,
    };
  });
}

/** Bytes in use without compiled code, and of compiled code. */
function read(readings: Float64Array, at: number): void {
  let [heap, code] = [0, 0];
  for (const { space_name, space_used_size } of getHeapSpaceStatistics()) {
    if (CODE_SPACES.includes(space_name)) code += space_used_size;
    else heap += space_used_size;
  }
  readings[at] = heap;
  readings[at + 1] = code;
}

function nothing(): void {}

const CODE_SPACES = ['code_space', 'code_large_object_space'];
/** ms. Entries of collections are handed over by the event loop. */
const OBSERVER_MS = 20;
