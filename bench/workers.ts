/**
 * `fray bench workers`: what a second worker adds. Threads run rooms full of bots as fast as they can, in the shard that ships, one thread alone and two
 * at once; beside them, in turns, as many copies of a loop that does nothing but compute. What two threads gain over one is a matter
 * of the machine; what the rooms lose of that is ours.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { isMainThread, parentPort, type Worker, workerData } from 'node:worker_threads';
import { compileCore } from '../core-wasm/bindings/instantiate.ts';
import type { Bench, BenchOptions, BenchRow } from '../src/cli/bench-report.ts';
import { median, ownRow } from '../src/cli/bench-report.ts';
import { corePath } from '../src/cli/games.ts';
import { ARENA_ENTITIES, ARENA_PLAYERS, arenaGame } from './arena-play.ts';
import { ShardHost } from './shard-host.ts';
import { startBenchThread } from './threads.ts';

export const bench: Bench = {
  name: 'workers',
  async run(options) {
    const { rounds, ms } = options.quick ? QUICK : FULL;
    const threads = await startAll(options);
    try {
      const found = { rooms: [] as number[], loop: [] as number[] };
      for (let round = 0; round <= rounds; round += 1) {
        const kinds = round % 2 === 0 ? (['rooms', 'loop'] as const) : (['loop', 'rooms'] as const);
        for (const kind of kinds) {
          const [one, two] = threads[kind];
          const alone = await run([one], ms);
          const both = await run([one, two], ms);
          // The first round is not counted: V8 compiles.
          if (round > 0) found[kind].push(both / alone);
        }
        options.progress(
          `workers: round ${round} of ${rounds}: two threads beside one: rooms ${found.rooms.at(-1)?.toFixed(2) ?? '-'}, loop ${found.loop.at(-1)?.toFixed(2) ?? '-'}`,
        );
      }
      return workersRows(found);
    } finally {
      for (const thread of [...threads.rooms, ...threads.loop]) await thread.terminate();
    }
  },
};

/** What two threads did beside one, in each round. */
export function workersRows(found: {
  readonly rooms: readonly number[];
  readonly loop: readonly number[];
}): BenchRow[] {
  const shares = found.rooms.map((rooms, index) => rooms / (found.loop[index] as number));
  const ours = median(shares);
  return [
    ownRow({
      name: 'workers/1 to 2',
      unit: 'of what two copies of a loop gain',
      ours,
      goal: `>= ${SHARE_MIN}`,
      met: ours >= SHARE_MIN,
      rounds: shares.map((share) => ({ ours: share, peer: null })),
    }),
    ownRow({ name: 'workers/rooms, two threads', unit: 'times one', ours: median(found.rooms) }),
    ownRow({ name: 'workers/loop, two threads', unit: 'times one', ours: median(found.loop) }),
  ];
}

interface Part {
  readonly kind: 'rooms' | 'loop';
  readonly core: WebAssembly.Module;
  readonly seed: number;
}

type Pair = readonly [Worker, Worker];

async function startAll({ seed }: BenchOptions): Promise<{ rooms: Pair; loop: Pair }> {
  const core = await compileCore(readFileSync(corePath()));
  const start = (kind: Part['kind'], index: number): Worker =>
    startBenchThread(import.meta.url, { kind, core, seed: seed + index });
  const rooms: Pair = [start('rooms', 0), start('rooms', 1)];
  const loop: Pair = [start('loop', 0), start('loop', 1)];
  await Promise.all([...rooms, ...loop].map((thread) => once(thread, 'message')));
  return { rooms, loop };
}

/** Work done by all of them in `ms`. */
async function run(threads: readonly Worker[], ms: number): Promise<number> {
  const done = threads.map(async (thread) => {
    thread.postMessage(ms);
    const [work] = (await once(thread, 'message')) as [number];
    return work;
  });
  return (await Promise.all(done)).reduce((sum, work) => sum + work, 0);
}

/** A thread: answers how much it did for each second, when it is told for how long. */
function serve({ kind, core, seed }: Part): void {
  const step = kind === 'rooms' ? roomsStep(core, seed) : loopStep();
  parentPort?.on('message', (ms: number) => {
    const startMs = performance.now();
    let count = 0;
    while (performance.now() - startMs < ms) {
      step();
      count += 1;
    }
    parentPort?.postMessage((count * 1000) / (performance.now() - startMs));
  });
  parentPort?.postMessage(0);
}

function roomsStep(core: WebAssembly.Module, seed: number): () => void {
  const host = new ShardHost(core, arenaGame, {
    playersMax: ARENA_PLAYERS,
    entitiesMax: ARENA_ENTITIES,
    roomsMax: ROOMS,
  });
  for (let row = 0; row < ROOMS; row += 1) host.open(row, { seed: seed + row, bots: BOTS });
  host.turn();
  // One person in each, or the room rests.
  for (let row = 0; row < ROOMS; row += 1) host.join(row + 1, row);
  let turns = 0;
  return () => {
    host.turn();
    host.answers();
    while (host.io.outbox.next());
    host.io.outbox.release();
    turns += 1;
    if (turns % CHECK_TURNS !== 0) return;
    if (host.core(0).tick < turns / (2 * ROOMS))
      throw new Error('The rooms of the bench stand still');
    host.assertQuiet();
  };
}

function loopStep(): () => void {
  let state = 0x9e3779b9;
  return () => {
    for (let index = 0; index < LOOP; index += 1) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
    }
    if (state === 0) throw new Error('unreachable');
  };
}

const SHARE_MIN = 0.95;
const ROOMS = 8;
const BOTS = 48;
const LOOP = 20_000;
const CHECK_TURNS = 1000;
const FULL = { rounds: 8, ms: 2000 };
const QUICK = { rounds: 3, ms: 500 };
if (!isMainThread && (workerData as Part | null)?.kind !== undefined) serve(workerData as Part);
