/**
 * `fray bench memory`: what a room of 50 players and 256 entities takes, what 200 rooms that nobody is in cost a worker, and what 1,000
 * rooms leave behind that were opened and closed. Rooms are arenas; those of the last two stand in a real worker behind a real
 * directory.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileCore } from '../core-wasm/bindings/instantiate.ts';
import { ERROR } from '../protocol/gen/tables.ts';
import type { Bench, BenchOptions, BenchRow } from '../src/cli/bench-report.ts';
import { ownRow } from '../src/cli/bench-report.ts';
import { packageRoot } from '../src/cli/games.ts';
import { ARENA_ENTITIES, ARENA_PLAYERS, arenaGame, arenaHost, recordArena } from './arena-play.ts';
import { collector } from './gc.ts';
import { ShardHost } from './shard-host.ts';
import { pause, WorkerHost } from './worker-host.ts';

export const bench: Bench = {
  name: 'memory',
  async run(options) {
    const core = readFileSync(join(packageRoot(), 'core-wasm', 'fray_core.wasm'));
    const module = await compileCore(core);
    const lengths = options.quick ? QUICK : FULL;
    const parts = { module, options, lengths, collect: collector() };
    return [
      ...(await roomRows(parts)),
      ...(await idleRows(parts)),
      ...(await heapLeftRows(parts)),
      ...(await workerLeftRows(parts)),
    ];
  },
};

interface Parts {
  readonly module: WebAssembly.Module;
  readonly options: BenchOptions;
  readonly lengths: typeof FULL;
  readonly collect: () => void;
}

/** Memory of this thread once all is collected, bytes. Linear memories count as external. */
async function memory(
  collect: () => void,
): Promise<{ heap: number; external: number; rss: number }> {
  for (let again = 0; again < COLLECTIONS; again += 1) {
    // Linear memories are given back by finalizers, which the event loop runs.
    collect();
    await pause(1);
  }
  collect();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed, external, rss };
}

async function roomRows({ module, options, lengths, collect }: Parts): Promise<BenchRow[]> {
  const host = new ShardHost(module, arenaGame, { ...SIZES, roomsMax: lengths.idleRooms });
  host.open(0, { seed: options.seed });
  host.turn();
  const linear = host.core(0).u8.byteLength;
  const before = await memory(collect);
  const rooms = lengths.idleRooms - 1;
  for (let row = 1; row <= rooms; row += 1) host.open(row, { seed: options.seed + row });
  host.turn();
  const after = await memory(collect);
  host.assertQuiet();
  const empty = (after.heap + after.external - before.heap - before.external) / rooms;
  const rss = (after.rss - before.rss) / rooms;
  const played = await playedHeap({ module, options, lengths, collect });
  options.progress(
    `memory/room: ${linear} bytes of linear memory, ${(empty - linear).toFixed(0)} of JavaScript beside it, ` +
      `${played.toFixed(0)} more once 50 players have played; resident ${rss.toFixed(0)}`,
  );
  const ours = (empty + played) / 1e6;
  return [
    ownRow({
      name: 'memory/room',
      unit: `MB (10^6 bytes) per room of ${ARENA_PLAYERS} players and ${ARENA_ENTITIES} entities`,
      ours,
      goal: `<= ${ROOM_MB_MAX}`,
      met: ours <= ROOM_MB_MAX,
    }),
    ownRow({ name: 'memory/room resident', unit: 'MB per empty room', ours: rss / 1e6 }),
  ];
}

/**
 * By how much the heap of a room grows when it is played: views of entities, texts, timers. The least of several rooms: what V8
 * compiles meanwhile lies in the same heap, and comes once.
 */
async function playedHeap({ module, options, lengths, collect }: Parts): Promise<number> {
  const { playedTicks, playedRooms } = lengths;
  const play = recordArena(module, { seed: options.seed, ticks: playedTicks });
  let least = Number.POSITIVE_INFINITY;
  for (let room = 0; room < playedRooms; room += 1) {
    const host = arenaHost(module, options.seed);
    const before = await memory(collect);
    for (let tick = 0; tick < playedTicks; tick += 1) {
      play.inputs.write(tick, host.io.inbox);
      host.turn();
      while (host.io.outbox.next());
      host.io.outbox.release();
    }
    host.answers();
    const after = await memory(collect);
    host.assertQuiet();
    least = Math.min(least, after.heap + after.external - before.heap - before.external);
  }
  return least;
}

async function idleRows({ options, lengths }: Parts): Promise<BenchRow[]> {
  const host = await WorkerHost.start({ roomsWarm: lengths.idleRooms });
  try {
    await host.until(() => host.counter('rooms') === lengths.idleRooms);
    await pause(SETTLE_MS);
    const [ticks, busyUs] = [host.counter('ticks'), host.counter('busyUs')];
    const [startMs, before] = [performance.now(), process.cpuUsage()];
    await pause(lengths.idleMs);
    const used = process.cpuUsage(before);
    const elapsedUs = (performance.now() - startMs) * 1000;
    const cpu = ((used.user + used.system) / elapsedUs) * 100;
    const busy = ((host.counter('busyUs') - busyUs) / elapsedUs) * 100;
    const roomTicks = host.directory.rooms().map((room) => room.tick);
    options.progress(
      `memory/idle: ${lengths.idleRooms} rooms, ${((host.counter('ticks') - ticks) / (elapsedUs / 1e6)).toFixed(0)} ticks/s, ` +
        `ticking ${busy.toFixed(2)} % of the time, the rest is waking; ticks of rooms ${Math.min(...roomTicks)} to ${Math.max(...roomTicks)}`,
    );
    return [
      ownRow({
        name: 'memory/idle',
        unit: `% of a core for a worker with ${lengths.idleRooms} idle rooms (its whole process)`,
        ours: cpu,
        goal: `< ${IDLE_PERCENT_MAX}`,
        met: cpu < IDLE_PERCENT_MAX && Math.min(...roomTicks) > 0,
      }),
    ];
  } finally {
    await host.stop();
  }
}

/** Rooms opened and closed in a shard of this thread, where the heap can be collected and looked at. */
async function heapLeftRows({ module, options, lengths, collect }: Parts): Promise<BenchRow[]> {
  const { leftRounds, leftRooms, leftBefore, leftBytesMax } = lengths;
  const host = new ShardHost(module, arenaGame, { ...SIZES, roomsMax: leftRooms });
  const left: number[] = [];
  for (let round = 0; round <= leftBefore + leftRounds; round += 1) {
    for (let row = 0; row < leftRooms; row += 1) host.open(row, { seed: options.seed + row });
    host.turn();
    host.turn();
    for (let row = 0; row < leftRooms; row += 1) host.close(row, ERROR.E_ROOM_CLOSED);
    host.turn();
    host.answers();
    const { heap, external } = await memory(collect);
    left.push(heap + external);
  }
  host.assertQuiet();
  const counted = left.slice(leftBefore);
  const perRoom = ((counted.at(-1) ?? 0) - (counted[0] ?? 0)) / (leftRounds * leftRooms);
  options.progress(
    `memory/closed: ${leftRounds} rounds of ${leftRooms} rooms after ${leftBefore} others, kB before and after each: ` +
      counted.map((bytes) => (bytes / 1e3).toFixed(0)).join(' '),
  );
  return [
    ownRow({
      name: 'memory/closed heap',
      unit: 'bytes that a closed room leaves in its thread',
      ours: perRoom,
      goal: `0, noise up to ${leftBytesMax}`,
      met: perRoom <= leftBytesMax,
    }),
  ];
}

/** The same in a worker, by players who create a room each and leave it: resident memory, threads, timers. */
async function workerLeftRows({ options, lengths, collect }: Parts): Promise<BenchRow[]> {
  const { leftRounds, leftRooms } = lengths;
  const host = await WorkerHost.start({ roomsWarm: 0, emptyCloseMs: 1 });
  try {
    const resident: number[] = [];
    const threads = threadCount();
    const resources = process.getActiveResourcesInfo().sort().join(' ');
    for (let round = 0; round < leftRounds; round += 1) {
      await host.createAndLeave(leftRooms);
      resident.push((await memory(collect)).rss);
    }
    const closed = host.counter('roomsClosed');
    const more = threadCount() - threads;
    const now = process.getActiveResourcesInfo().sort().join(' ');
    options.progress(
      `memory/closed: resident MB after each round in a worker: ${resident.map((bytes) => (bytes / 1e6).toFixed(0)).join(' ')}; ` +
        `threads before ${threads}, more after ${more}; timers and handles before '${resources}', after '${now}'`,
    );
    const grown = (resident.at(-1) ?? 0) - (resident[0] ?? 0);
    return [
      ownRow({
        name: 'memory/closed resident',
        unit: 'bytes of the process per closed room',
        ours: grown / ((leftRounds - 1) * leftRooms),
      }),
      ownRow({
        name: 'memory/closed threads and timers',
        unit: `more than before ${leftRounds * leftRooms} rooms`,
        ours: more + (now === resources ? 0 : 1),
        goal: '0',
        met: more === 0 && now === resources && closed === leftRounds * leftRooms,
      }),
    ];
  } finally {
    await host.stop();
  }
}

/** Threads of this process; 0 where the system does not say. */
function threadCount(): number {
  const tasks = '/proc/self/task';
  return existsSync(tasks) ? readdirSync(tasks).length : 0;
}

const SIZES = { playersMax: ARENA_PLAYERS, entitiesMax: ARENA_ENTITIES };
const FULL = {
  idleRooms: 200,
  idleMs: 20_000,
  playedTicks: 1500,
  playedRooms: 6,
  leftRounds: 10,
  leftRooms: 100,
  leftBefore: 20,
  // What V8 goes on to compile and to note about what it has run is some 30 bytes per room after 2,000 rooms, and ever less.
  leftBytesMax: 100,
};
const QUICK = {
  idleRooms: 40,
  idleMs: 2000,
  playedTicks: 300,
  playedRooms: 3,
  leftRounds: 5,
  leftRooms: 20,
  leftBefore: 10,
  // Much is compiled meanwhile. One reference to a room would be 2,000,000.
  leftBytesMax: 10_000,
};
/** MB. */
const ROOM_MB_MAX = 2;
const IDLE_PERCENT_MAX = 5;
const COLLECTIONS = 3;
/** ms. What starting leaves to do. */
const SETTLE_MS = 2000;
