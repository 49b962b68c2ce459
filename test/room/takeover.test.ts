/** What is concluded from the death of a worker: which room is to blame, and what is tried without what clients sent. */
import { test } from 'tap';
import { ERROR } from '../../protocol/gen/tables.ts';
import { Placement } from '../../src/room/placement.ts';
import { takeovers } from '../../src/room/takeover.ts';
import type { RoomWorker } from '../../src/room/workers.ts';
import type { RoomTakeover } from '../../workers/boot.ts';

const WATCHDOG_MS = 250;

class Bench {
  readonly placement = new Placement({ roomsMax: 4, playersMax: 4, workers: 1 });
  nowMs = 100_000;
  watchdogMs = WATCHDOG_MS;
  wasTried = false;

  constructor() {
    const opening = { seed: 1n, epoch: 1, optionsJson: '' };
    for (const id of ['one', 'two'])
      this.placement.add({ id, worker: 0, open: true, openedUs: 0, bots: 0, opening });
  }

  /** The worker dies `afterMs` after the time before, with this pulse; what is left of the room in row 1. */
  dies(afterMs: number, pulse: { row: number; tick: number; makes?: boolean }): RoomTakeover {
    this.nowMs += afterMs;
    const worker = {
      index: 0,
      pulse: { beats: 1, makes: false, ...pulse },
      wasTried: this.wasTried,
      shadowOf: () => undefined,
      timing: { row: () => 0 },
    } as unknown as RoomWorker;
    const { nowMs, watchdogMs } = this;
    const rooms = this.placement.rooms();
    const left = takeovers({ worker, ioThread: 0, nowMs, watchdogMs, rooms, seats: [] });
    return left.find(({ order }) => order.row === 1) as RoomTakeover;
  }
}

test('a tick is tried without what clients sent after two deaths in that very tick', async (t) => {
  const bench = new Bench();
  t.match(bench.dies(0, { row: 1, tick: 50 }), { bareTick: -1, code: 0 });
  t.match(bench.dies(500, { row: 1, tick: 51 }), { bareTick: -1, code: 0 }, 'another tick');
  const third = bench.dies(500, { row: 1, tick: 51 });
  t.match(third, { bareTick: 51, code: ERROR.E_ROOM_FAULT }, 'but three in a row end the room');
  t.match(bench.dies(500, { row: 0, tick: 9 }), { bareTick: -1, code: 0 }, 'of another room');
  const other = new Bench();
  other.dies(0, { row: 1, tick: 50 });
  t.match(other.dies(500, { row: 1, tick: 50 }), { bareTick: 50, code: 0 });
});

test('calm is counted from the end of the time in which a worker that hangs is waited for', async (t) => {
  const bench = new Bench();
  bench.watchdogMs = 20_000;
  for (let k = 0; k < 2; k += 1) t.equal(bench.dies(20_100, { row: 1, tick: 7 }).code, 0);
  t.equal(bench.dies(20_100, { row: 1, tick: 7 }).code, ERROR.E_ROOM_FAULT);
  const calm = new Bench();
  for (let k = 0; k < 5; k += 1)
    t.match(calm.dies(10_300, { row: 1, tick: 7 }), { bareTick: -1, code: 0 });
});

test('a room that its worker died of while it was made is not made again', async (t) => {
  const bench = new Bench();
  t.equal(bench.dies(0, { row: -1, tick: 3, makes: true }).code, 0, 'some room is filled');
  t.equal(bench.dies(0, { row: 0, tick: 3, makes: true }).code, 0, 'another');
  t.equal(bench.dies(0, { row: 1, tick: 3, makes: true }).code, ERROR.E_ROOM_FAULT);
});

test('a worker that was killed on purpose accuses no room', async (t) => {
  const bench = new Bench();
  bench.wasTried = true;
  for (let k = 0; k < 5; k += 1)
    t.match(bench.dies(100, { row: 1, tick: 7 }), { bareTick: -1, code: 0 });
  t.equal(bench.dies(100, { row: 1, tick: 7, makes: true }).code, 0);
});
