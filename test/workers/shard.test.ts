import { test } from 'tap';
import { COMMAND, ERROR, INPUT_BYTES_MAX, Join, Leave } from '../../protocol/gen/tables.ts';
import type { Bell } from '../../src/mailbox/bell.ts';
import type { IoEnd } from '../../src/mailbox/messages.ts';
import { ORDER } from '../../src/mailbox/messages.ts';
import { PHASE_SLOTS } from '../../workers/slots.ts';
import type { FakeCore, FakeGame } from './fake-core.ts';
import { packetsOf } from './fake-core.ts';
import { Bench, INTERVAL } from './shard-bench.ts';

const IO_1 = 1 << 28;

test('a room opens, a person joins with a tick, packets go both ways, a leave is answered once', (t) => {
  const bench = new Bench();
  bench.open(3);
  bench.run(1);
  t.same(bench.answers(), [['opened', 3, 0, '']]);
  bench.join(7, 3, 'Zoë'.normalize('NFC'));
  bench.run(2);
  t.same(bench.answers(), [['joined', 7, 3, '']]);
  t.ok(bench.packetsOut().every((session) => session === 7));
  t.ok(bench.send(7, [1, 2, 3, 4, 5]));
  bench.run(1);
  const core = bench.cores.get(3) as FakeCore;
  t.same(
    core.ticks.flatMap(packetsOf).map((one) => one.bytes),
    [[1, 2, 3, 4, 5]],
  );
  bench.order(0, ORDER.leave, 7, ERROR.E_LEFT);
  bench.order(0, ORDER.leave, 7, ERROR.E_LEFT);
  bench.run(2);
  t.same(bench.answers(), [['left', 7, ERROR.E_LEFT, '']]);
  t.equal(core.ticks.flat().filter((one) => one.kind === Leave.kind).length, 1);
  bench.send(7, [9]);
  bench.run(1);
  t.equal(bench.counter('packetsUnseated'), 1);
  t.equal(bench.counter('joins'), 1);
  t.equal(bench.counter('leaves'), 1);
  t.end();
});

test('who somebody is comes with the record of the join; of a crowd as many a tick as find place', (t) => {
  const bench = new Bench({ playersMax: 60 });
  bench.open(3);
  bench.run(1);
  const long = Uint8Array.of(64, ...new Array(192).fill(7));
  for (let session = 1; session <= 50; session += 1)
    bench.join(session, 3, 'Ann', session === 1 ? Uint8Array.of(1, 0x61, 9) : long);
  bench.run(8);
  const core = bench.cores.get(3) as FakeCore;
  const joins = core.ticks.map((tick) => tick.filter(({ kind }) => kind === Join.kind));
  const tails = joins.flat().map(({ payload }) => [...payload.subarray(Join.bytes)]);
  t.same(tails, [[1, 0x61, 9], ...new Array(49).fill([...long])]);
  t.ok(joins.filter((tick) => tick.length > 0).length > 1, 'not all in one tick');
  t.equal(bench.answers().filter(([name]) => name === 'joined').length, 50);
  t.end();
});

test('messages that did not decode are counted, also those of the last ticks of a room', (t) => {
  const bench = new Bench();
  bench.open(3);
  bench.join(7, 3, 'ann');
  bench.run(2);
  const game = bench.games.get(3) as FakeGame;
  game.messagesMalformed = 3;
  bench.run(32);
  t.equal(bench.counter('messagesMalformed'), 3);
  game.messagesMalformed = 5;
  bench.order(0, ORDER.close, 3, ERROR.E_ROOM_CLOSED);
  bench.run(1);
  t.equal(bench.counter('messagesMalformed'), 5);
  t.end();
});

test('who leaves before the tick of its join never enters the room', (t) => {
  const bench = new Bench();
  bench.open(0);
  bench.join(5, 0);
  bench.order(0, ORDER.leave, 5, ERROR.E_LEFT);
  bench.run(3);
  t.same(bench.answers(), [
    ['opened', 0, 0, ''],
    ['left', 5, ERROR.E_LEFT, ''],
  ]);
  t.equal(bench.cores.get(0)?.ticks.flat().length, 0);
  t.end();
});

test('packets carry their arrival inside the tick interval, in order of I/O threads', (t) => {
  const bench = new Bench({ ioThreads: 2 });
  bench.open(0, '', 1);
  bench.run(1);
  bench.join(IO_1 + 1, 0);
  bench.join(2, 0);
  bench.run(3);
  t.same(bench.answers(1), [
    ['opened', 0, 0, ''],
    ['joined', IO_1 + 1, 0, ''],
  ]);
  t.same(bench.answers(0), [['joined', 2, 0, '']]);
  t.ok(bench.packetsOut(1).every((session) => session === IO_1 + 1));
  t.ok(bench.packetsOut(0).every((session) => session === 2));
  const core = bench.cores.get(0) as FakeCore;
  const tickUs = (bench.shard.nextSlot()?.dueUs ?? 0) - INTERVAL;
  bench.send(IO_1 + 1, [11], tickUs + 100);
  bench.send(2, [22], tickUs + 20_000);
  bench.send(2, [23], tickUs - 5000);
  bench.send(2, [24], tickUs + 2 * INTERVAL);
  const before = core.ticks.length;
  bench.run(1);
  const packets = core.ticks.slice(before).flatMap(packetsOf);
  t.same(
    packets.map((one) => one.bytes[0]),
    [22, 23, 24, 11],
  );
  const near = (us: number, wanted: number): boolean => Math.abs(us - wanted) <= 1;
  t.ok(near(packets[0]?.arrivalUs ?? -1, 20_000));
  t.equal(packets[1]?.arrivalUs, 0, 'before the interval counts as its start');
  t.ok(near(packets[2]?.arrivalUs ?? -1, INTERVAL - 1), 'after it as its end');
  t.ok(near(packets[3]?.arrivalUs ?? -1, 100));
  t.end();
});

test('a full room: a bot yields, the person comes a tick later; without yielding it is refused', (t) => {
  for (const botsYield of [true, false]) {
    const bench = new Bench({ playersMax: 2, botsYield });
    bench.open(0);
    bench.run(1);
    (bench.games.get(0) as FakeGame).bots = [0, 1];
    bench.run(17);
    t.equal(bench.counter('bots'), 2);
    bench.answers();
    bench.join(5, 0);
    bench.run(4);
    if (botsYield) {
      t.same(bench.answers(), [['joined', 5, 0, '']]);
      const records = (bench.cores.get(0) as FakeCore).ticks
        .flat()
        .filter((one) => one.kind === Leave.kind);
      t.same(
        records.map((one) => one.slot),
        [1],
      );
      t.equal(bench.counter('botsYielded'), 1);
      t.equal(bench.counter('bots'), 1);
      bench.join(6, 0);
      bench.join(8, 0);
      bench.run(4);
      t.same(bench.answers(), [
        ['refused', 8, ERROR.E_ROOM_FULL, ''],
        ['joined', 6, 0, ''],
      ]);
    } else {
      t.same(bench.answers(), [['refused', 5, ERROR.E_ROOM_FULL, '']]);
    }
  }
  t.end();
});

test('a slot is given again only after the core has run its Leave', (t) => {
  const bench = new Bench({ playersMax: 1 });
  bench.open(0);
  bench.join(5, 0);
  bench.run(3);
  bench.order(0, ORDER.leave, 5, ERROR.E_LEFT);
  bench.join(6, 0);
  bench.run(4);
  t.same(bench.answers().slice(1), [
    ['joined', 5, 0, ''],
    ['left', 5, ERROR.E_LEFT, ''],
    ['joined', 6, 0, ''],
  ]);
  t.end();
});

test('a trap and a faulty plugin close one room with their code, and its neighbours go on', (t) => {
  const bench = new Bench();
  for (const row of [0, 1, 2]) {
    bench.open(row);
    bench.join(10 + row, row);
  }
  bench.run(3);
  bench.answers();
  (bench.cores.get(0) as FakeCore).trap = true;
  (bench.games.get(1) as FakeGame).faulted = true;
  (bench.games.get(1) as FakeGame).failAtClose = true;
  bench.run(3);
  const answers = bench.answers().sort((a, b) => (a[0] + a[1] < b[0] + b[1] ? -1 : 1));
  t.same(answers, [
    ['closed', 0, ERROR.E_ROOM_FAULT, ''],
    ['closed', 1, ERROR.E_PLUGIN_FAULT, ''],
    ['left', 10, ERROR.E_ROOM_FAULT, ''],
    ['left', 11, ERROR.E_PLUGIN_FAULT, ''],
  ]);
  t.equal(bench.counter('rooms'), 1);
  t.equal(bench.counter('people'), 1);
  t.equal(bench.counter('roomsFaulted'), 2);
  t.equal(bench.games.get(0)?.closed, 1);
  const before = bench.cores.get(2)?.tick ?? 0;
  bench.run(10);
  t.equal((bench.cores.get(2)?.tick ?? 0) - before, 10);
  bench.join(20, 0);
  bench.run(1);
  t.same(
    bench.answers(),
    [['refused', 20, ERROR.E_ROOM_FAULT, '']],
    'a join that was on its way hears why',
  );
  t.end();
});

test('a room that its game has ended is closed when its tick has gone out, and ticks no more', (t) => {
  const bench = new Bench();
  bench.open(0);
  bench.join(5, 0);
  bench.run(3);
  bench.answers();
  bench.packetsOut();
  const core = bench.cores.get(0) as FakeCore;
  const { tick } = core;
  (bench.games.get(0) as FakeGame).result = '7';
  bench.run(3);
  t.equal(core.tick, tick, 'not even once where it had ended before: another worker had it then');
  t.same(bench.answers(), [
    ['left', 5, ERROR.E_ROOM_CLOSED, ''],
    ['closed', 0, ERROR.E_ROOM_CLOSED, ''],
  ]);
  t.equal(bench.counter('roomsFaulted'), 0);
  t.equal(bench.games.get(0)?.closed, 1);
  t.end();
});

test('options that do not fit refuse the room and everybody on the way to it', (t) => {
  const bench = new Bench();
  bench.open(0, 'bad');
  bench.join(5, 0);
  bench.run(1);
  const text = 'Cannot create the room: options: not JSON';
  t.same(bench.answers(), [
    ['closed', 0, ERROR.E_ROOM_OPTIONS, text],
    ['refused', 5, ERROR.E_ROOM_OPTIONS, text],
  ]);
  bench.open(0);
  bench.join(6, 0);
  bench.run(2);
  t.same(
    bench.answers(),
    [
      ['opened', 0, 0, ''],
      ['joined', 6, 0, ''],
    ],
    'the row is used again',
  );
  t.end();
});

test('an empty room says so once, after its time, and again after the next person has gone', (t) => {
  const bench = new Bench({ emptyCloseTicks: 5 });
  bench.open(0);
  bench.run(4);
  t.same(bench.answers(), [['opened', 0, 0, '']]);
  bench.run(20);
  t.same(bench.answers(), [['idle', 0, 0, '']]);
  bench.join(5, 0);
  bench.run(20);
  t.same(bench.answers(), [['joined', 5, 0, '']]);
  bench.order(0, ORDER.leave, 5, ERROR.E_LEFT);
  bench.run(20);
  t.same(bench.answers(), [
    ['left', 5, ERROR.E_LEFT, ''],
    ['idle', 0, 0, ''],
  ]);
  bench.order(0, ORDER.close, 0, ERROR.E_ROOM_CLOSED);
  bench.order(0, ORDER.close, 0, ERROR.E_ROOM_CLOSED);
  bench.run(1);
  t.same(bench.answers(), [['closed', 0, ERROR.E_ROOM_CLOSED, '']]);
  t.equal(bench.shard.nextSlot(), undefined);
  t.end();
});

test('each room without players ticks in one of 16 intervals, and at once when somebody comes', (t) => {
  for (const rooms of [3, 10]) {
    const bench = new Bench({ emptyCloseTicks: 1000 });
    for (let row = 0; row < rooms; row += 1) bench.open(row);
    bench.run(160);
    for (const [row, core] of bench.cores)
      t.ok(core.tick >= 9 && core.tick <= 11, `room ${row} of ${rooms}: ${core.tick} ticks`);
    const turns = (bench.counter('slots') / Math.min(rooms, PHASE_SLOTS)).toFixed(1);
    t.ok(
      Number(turns) <= 24,
      `their slots sleep through seven of eight intervals: ${turns} of 160`,
    );
    const core = bench.cores.get(1) as FakeCore;
    const before = core.tick;
    bench.answers();
    bench.join(5, 1);
    bench.run(1.01);
    t.same(bench.answers(), [['joined', 5, 1, '']]);
    bench.run(7);
    t.ok(core.tick - before >= 8);
  }
  t.end();
});

test('what a tick can take is bounded: packets beyond it are refused and counted, joins and leaves still fit', (t) => {
  const bench = new Bench({ playersMax: 4 });
  bench.open(0);
  bench.join(5, 0);
  bench.run(3);
  const packet = new Array(1100).fill(7);
  let sent = 0;
  for (let round = 0; round < 4; round += 1) {
    while (bench.send(5, packet)) sent += 1;
    bench.shard.takePackets();
  }
  bench.order(0, ORDER.leave, 5, ERROR.E_LEFT);
  bench.join(6, 0);
  bench.run(1);
  const core = bench.cores.get(0) as FakeCore;
  const records = core.ticks.at(-1) ?? [];
  t.ok(
    records.some((one) => one.kind === Leave.kind) && records.some((one) => one.kind === Join.kind),
  );
  t.ok(packetsOf(records).length * 1112 < INPUT_BYTES_MAX);
  t.equal(packetsOf(records).length + bench.counter('inputRefused'), sent);
  t.ok(bench.counter('inputRefused') > 0);
  t.equal((bench.ends[0] as IoEnd).inbox.refused, 4, 'the full inbox refused the newest each time');
  t.end();
});

test('a full outbox drops the packet about to be written and counts it', (t) => {
  const bench = new Bench({ outboxBytes: 2048 });
  bench.open(0);
  bench.join(5, 0);
  bench.run(600);
  const waiting = bench.packetsOut().length;
  t.ok(waiting > 50);
  t.equal(bench.counter('packetsOut'), waiting);
  t.equal(bench.counter('packetsOut') + bench.counter('outboxDropped'), bench.cores.get(0)?.tick);
  t.end();
});

test('a late slot catches up at most 3 ticks and counts what it skips', (t) => {
  const bench = new Bench();
  bench.open(0);
  bench.join(5, 0);
  bench.run(5);
  const core = bench.cores.get(0) as FakeCore;
  const slot = bench.shard.nextSlot();
  if (slot === undefined) throw new Error('no slot');
  const ticksAfter = (intervals: number): number => {
    const before = core.tick;
    bench.nowUs = slot.dueUs + intervals * INTERVAL;
    bench.shard.tickSlot(slot);
    return core.tick - before;
  };
  t.equal(ticksAfter(0.9), 1);
  t.equal(ticksAfter(2.5), 3);
  t.equal(bench.counter('ticksCaughtUp'), 2);
  t.equal(ticksAfter(20.5), 4);
  t.equal(bench.counter('ticksSkipped'), 17);
  t.equal(ticksAfter(0), 1);
  t.end();
});

test('one wake per I/O thread and slot, none while it is awake or nothing was written', (t) => {
  const bench = new Bench();
  const bell = bench.bells[0] as Bell;
  for (const row of [0, 1, 2]) {
    bench.open(row);
    bench.join(10 + row, row);
    bench.join(20 + row, row);
  }
  bench.run(4);
  t.equal(bell.wakes, 0, 'awake all the time');
  const slots = bench.counter('slots');
  for (let i = 0; i < 30; i += 1) {
    bell.sleeping();
    bench.run(0.1);
  }
  t.ok(bell.wakes <= bench.counter('slots') - slots);
  t.ok(bell.wakes > 0);
  t.equal(bench.counter('wakes'), bell.wakes);
  for (const row of [0, 1, 2]) bench.order(0, ORDER.close, row, ERROR.E_ROOM_CLOSED);
  bench.run(1);
  const wakes = bell.wakes;
  bell.sleeping();
  bench.run(5);
  t.equal(bell.wakes, wakes, 'a shard without rooms writes nothing and wakes nobody');
  t.end();
});

test('a player whom the game takes out is told the reason and gone, others stay', (t) => {
  const bench = new Bench();
  bench.open(0);
  bench.join(5, 0);
  bench.join(6, 0);
  bench.run(3);
  bench.answers();
  (bench.games.get(0) as FakeGame).kick = { slot: 1, code: ERROR.E_KICKED, reason: 'be nice' };
  bench.run(3);
  t.same(bench.answers(), [['left', 6, ERROR.E_KICKED, 'be nice']]);
  t.equal(bench.counter('people'), 1);
  bench.order(0, ORDER.leave, 6, ERROR.E_LEFT);
  bench.run(2);
  t.same(bench.answers(), [], 'its session has been answered');
  t.end();
});

test('a core that makes no player for a join refuses it', (t) => {
  const bench = new Bench();
  bench.open(0);
  bench.run(1);
  (bench.cores.get(0) as FakeCore).refuseJoins = true;
  bench.join(5, 0);
  bench.run(3);
  t.same(bench.answers().slice(1), [['refused', 5, ERROR.E_ENTITY_LIMIT, '']]);
  t.equal(bench.counter('people'), 0);
  t.end();
});

test('a notice is a Send command of the next tick in every room', (t) => {
  const bench = new Bench();
  bench.open(0);
  bench.open(1);
  bench.run(2);
  bench.order(0, ORDER.notice, 0, 0, Uint8Array.of(0, 1, 2, 3, 4));
  bench.run(2);
  for (const core of bench.cores.values()) {
    const sent = core.commands.filter((bytes) => bytes.length > 0);
    t.same(
      sent.map((bytes) => [...bytes]),
      [[COMMAND.send.kind, 0, 0xff, 0xff, 9, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0]],
    );
  }
  t.end();
});

test('stop closes all rooms and tells everybody', (t) => {
  const bench = new Bench();
  bench.open(0);
  bench.join(5, 0);
  bench.run(2);
  bench.join(6, 0);
  bench.order(0, ORDER.stop, 0, ERROR.E_SHUTDOWN);
  bench.answers();
  bench.run(1);
  t.same(bench.answers(), [
    ['refused', 6, ERROR.E_SHUTDOWN, ''],
    ['left', 5, ERROR.E_SHUTDOWN, ''],
    ['closed', 0, ERROR.E_SHUTDOWN, ''],
  ]);
  t.ok(bench.shard.stopped);
  t.equal(bench.malformed, bench.cores.get(0)?.tick, 'counters of closed rooms are kept');
  t.end();
});
