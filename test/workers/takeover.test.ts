/** What a shard makes of rooms that another worker has left, and what records have to say for it. */
import { test } from 'tap';
import { ERROR } from '../../protocol/gen/tables.ts';
import { FrayError } from '../../src/errors.ts';
import { Ring } from '../../src/mailbox/ring.ts';
import type { RoomTakeover, SeatTakeover } from '../../workers/boot.ts';
import { createJournalRing, encodeOpening, RoomJournal } from '../../workers/journal.ts';
import { STAGE } from '../../workers/journal-format.ts';
import { createPulse, Pulse, readPulse } from '../../workers/pulse.ts';
import { type Recovery, type RecoveryCore, recoverRoom } from '../../workers/recovery.ts';
import type { RoomRestorer } from '../../workers/room-parts.ts';
import { createShadow, Shadow } from '../../workers/shadow.ts';
import { ShardRoom } from '../../workers/shard-room.ts';
import { Ticking, type TickingOptions } from '../../workers/ticking.ts';
import { FakeCore, FakeGame } from './fake-core.ts';
import { Bench } from './shard-bench.ts';

const NOTHING = new Uint8Array(0);

function takeover(changes: Partial<RoomTakeover> = {}): RoomTakeover {
  const order = { row: 2, owner: 0, id: 'r2', seed: 1n, epoch: 1, bots: 0, optionsJson: '' };
  return {
    order,
    shadow: undefined,
    tick: 0,
    bareTick: -1,
    code: 0,
    dueUs: null,
    seats: [],
    ...changes,
  };
}

function seat(session: number, state: SeatTakeover['state']): SeatTakeover {
  const none = { presence: 'here', resume: 0, flags: 0, name: NOTHING, identity: NOTHING } as const;
  return { session, state, ...none };
}

/** Restores a room that stands before its tick 9, whose records are whole; what its `end` does is the test's. */
function restorer(seen: string[], end?: () => never): RoomRestorer {
  return ({ order }, parts) => {
    const core = new FakeCore(4);
    core.tick = 8;
    if (end !== undefined) core.end = end;
    const game = new FakeGame(core);
    game.hooks = () => {
      seen.push(`hooks of ${core.tick}`);
      return 0;
    };
    const journal = {
      record: (stage: number, tick: number) => seen.push(`stage ${stage} of ${tick}`),
      anew: (tick: number) => seen.push(`anew ${tick}`),
      game() {},
      ended() {},
      close() {},
    };
    const room = new ShardRoom({
      ...{ row: order.row, id: order.id, owner: order.owner, core, game, journal },
      ...{ botsYield: true, emptyCloseTicks: 5, ...parts },
    });
    const last = { tick: 9, begin: NOTHING, end: NOTHING };
    const sessions = Uint32Array.of(5, 0, 0, 0);
    const recovery: Recovery = {
      ...{
        last,
        sessions,
        left: new Map(),
        game: NOTHING,
        ticks: 8,
        tick: 8,
        since: 0,
        moved: false,
      },
    };
    return { room, recovery };
  };
}

test('a tick that clients have is not made anew where the worker died behind it', async (t) => {
  for (const [bareTick, first] of [
    [10, []],
    [9, ['anew 9', `stage ${STAGE.begin} of 9`, 'hooks of 9', `stage ${STAGE.end} of 9`]],
    [-1, []],
  ] as const) {
    const seen: string[] = [];
    const bench = new Bench({ takeover: { restoreRoom: restorer(seen) } });
    bench.shard.takeOver(takeover({ bareTick }));
    const next = [`stage ${STAGE.begin} of 10`, 'hooks of 10', `stage ${STAGE.end} of 10`];
    t.same(seen, [...first, ...next], `${bareTick}`);
  }
});

test('a room that comes back while others wait asks no bots in its first tick; the last one does, as if nothing had been', async (t) => {
  for (const hurries of [true, false]) {
    let room: ShardRoom | undefined;
    const restore = restorer([]);
    const restoreRoom: RoomRestorer = (left, parts) => {
      const restored = restore(left, parts);
      room = restored.room;
      return restored;
    };
    const bench = new Bench({ takeover: { restoreRoom } });
    bench.shard.takeOver(takeover(), hurries);
    room?.tick();
    t.same(((room as ShardRoom).game as FakeGame).asked, [!hurries, true]);
  }
});

test('a room that was closed stays closed: it is not opened again', async (t) => {
  const lost: number[] = [];
  const restoreRoom = (): never => {
    throw new FrayError('E_ROOM_CLOSED', 'it was closed');
  };
  const bench = new Bench({ takeover: { restoreRoom, onLost: (row) => lost.push(row) } });
  const seats = [seat(5, 'joining')];
  t.equal(bench.shard.takeOver(takeover({ seats })), 'lost');
  t.same(bench.answers(), [
    ['left', 5, ERROR.E_ROOM_CLOSED, ''],
    ['closed', 2, ERROR.E_ROOM_CLOSED, ''],
  ]);
  t.same(lost, [], 'its records have ended already');
  t.equal(bench.cores.size, 0);
});

test('a room that is lost on the way is answered once, and so is everybody in it', async (t) => {
  const fails = (): never => {
    throw new Error('no memory');
  };
  const seats = [seat(5, 'in'), seat(6, 'joining')];
  const bench = new Bench({ takeover: { restoreRoom: restorer([], fails) } });
  t.equal(bench.shard.takeOver(takeover({ seats })), 'lost');
  const answers = bench.answers().sort(([one], [other]) => (one < other ? -1 : 1));
  t.same(answers, [
    ['closed', 2, ERROR.E_ROOM_FAULT, ''],
    ['left', 5, ERROR.E_ROOM_FAULT, ''],
    ['left', 6, ERROR.E_ROOM_FAULT, ''],
  ]);
  const restoreRoom = (): never => {
    throw new FrayError('E_ROOM_FAULT', 'nothing of it is kept');
  };
  const other = new Bench({ takeover: { restoreRoom } });
  const order = { ...takeover().order, optionsJson: 'bad' };
  t.equal(other.shard.takeOver(takeover({ order, seats: [seat(6, 'joining')] })), 'lost');
  const text = 'Cannot create the room: options: not JSON';
  t.same(other.answers(), [
    ['closed', 2, ERROR.E_ROOM_OPTIONS, text],
    ['left', 6, ERROR.E_ROOM_OPTIONS, text],
  ]);
});

/** A room's records in a ring, which can be full. */
class Records {
  readonly memory = createJournalRing(true);
  readonly ring = new Ring(this.memory, 'write');
  readonly shadow = createShadow(64, 64);
  readonly journal: RoomJournal;
  readonly #core = { i32: new Int32Array(1 << 17), input: 0 };
  #tick = 0;

  constructor(roomId = 'r2') {
    this.journal = this.opened(roomId);
  }

  opened(roomId: string): RoomJournal {
    const core = { ...this.#core, stateHash: () => 0, stateHashLow: 0, stateHashHigh: 0 };
    const facts = { schemaHash: 1n, epoch: 1, tickRateHz: 30, config: new Uint8Array(4) };
    const options = { ring: this.ring, row: 2, core, hashTicks: 0, onCut: () => {} };
    return new RoomJournal(options, encodeOpening({ roomId, ...facts }));
  }

  ticks(count: number, bytes = 0): void {
    for (let k = 0; k < count; k += 1) {
      if (this.#tick > 0) this.journal.record(STAGE.begin, this.#tick, bytes);
      this.journal.record(STAGE.end, this.#tick, 0);
      this.#tick += 1;
    }
  }

  /** Others leave so many bytes, roughly. */
  fill(left: number): void {
    const bytes = new Uint8Array(10_000);
    while (this.ring.free() > left + 2 * bytes.length)
      this.ring.tryWrite(STAGE.hash, 99, 0, bytes, 0, bytes.length);
    if (left === 0) while (this.ring.tryWrite(STAGE.hash, 99, 0, NOTHING, 0, 0));
  }

  copy(): void {
    const shadow = new Shadow(this.shadow);
    shadow.position = this.ring.end;
    shadow.write(new Uint8Array(64), new Uint8Array(16), this.#tick - 1);
    this.journal.copied();
    this.ring.keepFrom(this.journal.since);
  }

  /** The tick that a successor comes to. */
  recovered(copied: boolean, least = 0): number {
    const u8 = new Uint8Array(1 << 20);
    const core = { u8, input: 0, playersMax: 4, tick: 0, firstTick: 0 };
    const idle = { begin: () => 0, end: () => 0, restore() {} };
    const shadow = copied ? this.shadow : undefined;
    const sources = { row: 2, id: 'r2', ring: this.memory, shadow, least };
    const { last, tick } = recoverRoom({ ...core, ...idle } as unknown as RecoveryCore, sources);
    return last?.tick ?? tick;
  }
}

test('records that are missing are noticed, and those that are not needed are not missed', async (t) => {
  const whole = new Records();
  whole.ticks(5);
  t.equal(whole.recovered(false, 4), 4);
  t.throws(() => whole.recovered(false, 5), { code: 'E_ROOM_FAULT' }, 'clients have tick 5');
  const full = new Records();
  full.ticks(2);
  full.fill(0);
  full.ticks(2);
  full.journal.copied();
  full.ticks(1);
  t.ok(full.journal.gap, 'not even the cut had a place');
  full.copy();
  full.ticks(3);
  t.notOk(full.journal.gap);
  t.equal(full.recovered(true), 7, 'the copy lies behind what is missing');
  full.fill(100_000);
  full.journal.game(8, new Uint8Array(300_000));
  full.ticks(1);
  t.throws(() => full.recovered(true), { code: 'E_ROOM_FAULT' }, 'what its game had is missing');
});

test('the end of another room in the same row says nothing of this one', async (t) => {
  const records = new Records('other');
  records.ticks(3);
  records.journal.close(2, ERROR.E_ROOM_CLOSED);
  t.throws(() => records.recovered(false), { code: 'E_ROOM_FAULT' }, 'it may be opened anew');
  records.opened('r2').close(0, ERROR.E_ROOM_CLOSED);
  t.throws(() => records.recovered(false), { code: 'E_ROOM_CLOSED' });
});

test('a room that has been put back is not the one in which its worker dies before it ticks', async (t) => {
  const memory = createPulse();
  const pulse = new Pulse(memory);
  const parts = { timing: {}, stages: {}, nowUs: () => 0, log() {}, fail() {}, end() {} };
  const ticking = new Ticking({ pulse, ...parts } as unknown as TickingOptions);
  pulse.ticks(3, 7);
  ticking.orRecover({} as ShardRoom, () => {
    t.match(readPulse(memory), { row: 3, tick: 7 });
  });
  t.equal(readPulse(memory).row, -1);
  pulse.ticks(3, 7);
  const broken = (): void => {
    throw new TypeError('its game');
  };
  t.throws(() => ticking.orRecover({} as ShardRoom, broken), TypeError);
  t.equal(readPulse(memory).row, 3, 'it still has to be closed, and its game is asked');
});
