/**
 * `fray bench recovery`: two workers with rooms in which clients play; one of them is ended as a crash would, again and again. How long each of its rooms
 * stands still, from the kill to its next tick; nobody may lose a place, and no packet may be wrong.
 */
import type { Bench, BenchRow } from '../src/cli/bench-report.ts';
import { ownRow } from '../src/cli/bench-report.ts';
import { Crowd } from './crowd.ts';
import { pause, WorkerHost } from './worker-host.ts';

export const bench: Bench = {
  name: 'recovery',
  async run(options) {
    const { kills, rooms } = options.quick ? QUICK : FULL;
    const host = await WorkerHost.start({
      workers: 2,
      spareWorkers: 1,
      emptyCloseMs: 60_000,
      log: { info: () => {}, warn: () => {}, error: () => {} },
    });
    const { directory } = host;
    try {
      const crowd = await Crowd.join(host, { clients: rooms * PLAYERS, rooms });
      const people = (): number => directory.rooms().reduce((sum, room) => sum + room.people, 0);
      await pause(SETTLE_MS);
      const stood: number[] = [];
      let missed = 0;
      for (let kill = 0; kill < kills; kill += 1) {
        const one = await killOne(host, kill % 2);
        stood.push(...one.stoodMs);
        missed = Math.max(missed, one.otherMs);
        options.progress(
          `recovery: kill ${kill + 1} of ${kills}: ${one.stoodMs.length} rooms stood still for ${Math.min(...one.stoodMs).toFixed(0)} to ${Math.max(...one.stoodMs).toFixed(0)} ms; rooms of the other worker for ${one.otherMs.toFixed(0)} at most`,
        );
        // A shadow copy of each room, and another spare.
        await pause(SETTLE_MS);
        if (people() !== rooms * PLAYERS)
          throw new Error(`Of ${rooms * PLAYERS} players ${people()} are left`);
      }
      crowd.stop();
      crowd.check();
      return rowsOf(stood, missed);
    } finally {
      await host.stop();
    }
  },
};

/** Ends a worker and looks at the ticks of all rooms each millisecond, until all of its rooms have ticked. */
async function killOne(
  { directory }: WorkerHost,
  index: number,
): Promise<{ stoodMs: number[]; otherMs: number }> {
  const facts = directory.rooms();
  const own = new Map(
    facts.filter(({ worker }) => worker === index).map(({ id, tick }) => [id, tick]),
  );
  const others = facts.filter(({ worker }) => worker !== index).map(({ id }) => id);
  if (own.size === 0) throw new Error(`Worker ${index} has no rooms`);
  directory.workers()[index]?.kill('now');
  const killedMs = performance.now();
  const stoodMs: number[] = [];
  const seen = new Map(others.map((id) => [id, { tick: -1, ms: killedMs }]));
  let otherMs = 0;
  while (own.size > 0) {
    const nowMs = performance.now();
    if (nowMs - killedMs > WAIT_MS_MAX) throw new Error(`${own.size} rooms have not come back`);
    for (const { id, tick } of directory.rooms()) {
      const before = own.get(id);
      // Until the spare has it, its row says 0 or what it was.
      if (before !== undefined && tick > before + TICKS_IN_FLIGHT) {
        stoodMs.push(nowMs - killedMs);
        own.delete(id);
      }
      const other = seen.get(id);
      if (other === undefined || other.tick === tick) continue;
      if (other.tick >= 0) otherMs = Math.max(otherMs, nowMs - other.ms);
      other.tick = tick;
      other.ms = nowMs;
    }
    await pause(1);
  }
  return { stoodMs, otherMs };
}

function rowsOf(stood: readonly number[], otherMs: number): BenchRow[] {
  const sorted = [...stood].sort((a, b) => a - b);
  const at = (q: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] as number;
  const unit = 'ms from the kill to the next tick of a room';
  return [
    ownRow({ name: 'recovery/room p50', unit, ours: at(0.5) }),
    ownRow({
      name: 'recovery/room at most',
      unit,
      ours: at(1),
      goal: `<= ${ROOM_MS_MAX}`,
      met: at(1) <= ROOM_MS_MAX,
      rounds: stood.map((ms) => ({ ours: ms, peer: null })),
    }),
    ownRow({
      name: 'recovery/other worker',
      unit: 'ms between two ticks of a room at most, seen every ms',
      ours: otherMs,
    }),
  ];
}

/** Of a room, who play. */
const PLAYERS = 10;
const ROOM_MS_MAX = 100;
const SETTLE_MS = 2500;
const WAIT_MS_MAX = 10_000;
/** A tick may have ended between the look at it and the kill. */
const TICKS_IN_FLIGHT = 1;
const FULL = { kills: 20, rooms: 40 };
const QUICK = { kills: 3, rooms: 20 };
