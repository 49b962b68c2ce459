/** Copies of rooms: what counts as one, and whose turn it is. */
import { test } from 'tap';
import { Ring } from '../../src/mailbox/ring.ts';
import { RoomCheckpoints } from '../../workers/checkpoints.ts';
import { createJournalRing, encodeOpening, RoomJournal } from '../../workers/journal.ts';
import { CheckpointPacker, CheckpointReader } from '../../workers/journal-checkpoint.ts';
import { STAGE } from '../../workers/journal-format.ts';
import { createShadow, readShadow, Shadow } from '../../workers/shadow.ts';
import { Shadows } from '../../workers/shadows.ts';
import type { ShardRoom } from '../../workers/shard-room.ts';
import { createTiming, Timing, TimingReader } from '../../workers/timing.ts';

const EVERY = 60;

test('the newest whole copy counts; one that was being made when its writer died is none', async (t) => {
  const memory = createShadow(100, 40);
  t.equal(readShadow(memory), null);
  const shadow = new Shadow(memory);
  const region = (k: number): Uint8Array => new Uint8Array(100).fill(k);
  for (let k = 1; k <= 5; k += 1) {
    shadow.position = -k;
    shadow.write(region(k), Uint8Array.of(k, k), 10 * k);
    const copy = readShadow(memory);
    t.match(copy, { tick: 10 * k, position: -k });
    t.same([copy?.host, copy?.region[99]], [Uint8Array.of(k, k), k]);
  }
  // Dies in the middle: the slot's word is taken back first.
  const broken = new Proxy(new Uint8Array(100), {
    get: (target, key) => {
      if (key === '50') throw new Error('died');
      return Reflect.get(target, key, target);
    },
  });
  t.throws(() => new Shadow(memory).write(broken, new Uint8Array(4), 60), { message: 'died' });
  t.match(readShadow(memory), { tick: 50, position: -5 });
  const next = new Shadow(memory);
  t.equal(next.tick, 50, 'who comes after goes on');
  next.write(region(7), new Uint8Array(0), 70);
  t.match(readShadow(memory), { tick: 70 });
  t.throws(() => next.write(new Uint8Array(99), new Uint8Array(0), 1), { code: 'E_CORE' });
});

class Bench {
  readonly ring = new Ring(createJournalRing(true), 'write');
  readonly asked: number[] = [];
  readonly timing = createTiming(4);
  readonly memories = new Map<number, SharedArrayBuffer>();
  readonly shadows = new Shadows({
    ring: this.ring,
    everyTicks: EVERY,
    timing: new Timing(this.timing),
    nowUs: () => 0,
    ask: ({ row }) => this.asked.push(row),
  });

  constructor() {
    this.shadows.settled();
  }

  room(row: number): FakeRoom {
    const room = new FakeRoom(row, this.ring);
    this.shadows.add(room as unknown as ShardRoom, room.journal, undefined);
    return room;
  }

  give(row: number): void {
    const memory = createShadow(64, 64);
    if (this.shadows.give(`r${row}`, memory)) this.memories.set(row, memory);
  }

  tickOf(row: number): number {
    return readShadow(this.memories.get(row) as SharedArrayBuffer)?.tick ?? -1;
  }

  get copies(): number {
    return new TimingReader(this.timing).counter('shadows');
  }
}

class FakeRoom {
  readonly row: number;
  readonly id: string;
  readonly core = {
    tick: 0,
    i32: new Int32Array(1 << 17),
    input: 0,
    stateHash: () => 0,
    stateHashLow: 0,
    stateHashHigh: 0,
    region: () => new Uint8Array(64),
  };
  readonly journal: RoomJournal;
  dormant = false;

  constructor(row: number, ring: Ring) {
    this.row = row;
    this.id = `r${row}`;
    const options = { ring, row, core: this.core, hashTicks: 0, onCut: () => {} };
    const opening = {
      roomId: 'r',
      schemaHash: 1n,
      epoch: 1,
      tickRateHz: 30,
      config: new Uint8Array(4),
    };
    this.journal = new RoomJournal(options, encodeOpening(opening));
  }

  ticks(count: number, bytes = 20): void {
    for (let k = 0; k < count; k += 1) {
      this.core.tick += 1;
      this.journal.record(STAGE.begin, this.core.tick, bytes);
    }
  }

  host(): Uint8Array {
    return new Uint8Array(8);
  }
}

test('a room is copied each so many of its ticks, where nothing else is due, one room a turn', async (t) => {
  const bench = new Bench();
  const [one, two] = [bench.room(0), bench.room(1)];
  two.dormant = true;
  bench.shadows.turn(10_000);
  t.same(bench.asked, [0], 'memory for the one that is played in');
  bench.give(1);
  bench.give(0);
  bench.shadows.turn(10_000);
  t.equal(bench.tickOf(0), 0, 'the first at once');
  one.ticks(EVERY - 1);
  bench.shadows.turn(10_000);
  t.equal(bench.copies, 1);
  one.ticks(1);
  bench.shadows.turn(100);
  t.equal(bench.copies, 1, 'not while a slot is due');
  bench.shadows.turn(10_000);
  t.same([bench.copies, bench.tickOf(0)], [2, EVERY]);
  one.ticks(EVERY + EVERY / 2);
  bench.shadows.turn(100);
  t.equal(bench.copies, 3, 'but not for ever');
  two.dormant = false;
  bench.shadows.turn(10_000);
  bench.give(1);
  two.ticks(EVERY);
  one.ticks(EVERY);
  bench.shadows.turn(10_000);
  t.same([bench.copies, bench.tickOf(1)], [4, EVERY]);
  bench.shadows.turn(10_000);
  t.same([bench.copies, bench.tickOf(0)], [5, one.core.tick]);
});

test('a room that is first played in where the ring is half full gets memory; others are copied meanwhile', async (t) => {
  const bench = new Bench();
  const [late, one] = [bench.room(0), bench.room(1)];
  late.dormant = true;
  bench.shadows.turn(10_000);
  bench.give(1);
  bench.shadows.turn(10_000);
  t.same([bench.asked, bench.copies], [[1], 1]);
  while (bench.ring.keptBytes <= bench.ring.capacity >> 1) one.ticks(1, 200_000);
  late.dormant = false;
  bench.shadows.turn(0);
  t.same(bench.asked, [1, 0]);
  t.equal(bench.tickOf(1), one.core.tick, 'which does not wait for that memory');
  bench.shadows.turn(0);
  t.same(bench.asked, [1, 0], 'once');
  t.notOk(bench.shadows.give('r7', createShadow(64, 64)), 'of a room that had the row before');
  t.equal(bench.copies, 3);
  bench.give(0);
  bench.shadows.turn(0);
  t.equal(bench.tickOf(0), late.core.tick);
  t.equal(bench.ring.keptBytes, 0);
});

test('records that no copy needs are given up; where they fill half the ring the oldest is copied at once', async (t) => {
  const bench = new Bench();
  const [one, two, idle] = [bench.room(0), bench.room(1), bench.room(2)];
  idle.dormant = true;
  for (let turn = 0; turn < 2; turn += 1) {
    bench.shadows.turn(10_000);
    for (const row of bench.asked.splice(0)) bench.give(row);
  }
  bench.shadows.turn(10_000);
  t.equal(bench.copies, 2);
  let most = 0;
  for (let round = 0; round < 40; round += 1) {
    one.ticks(1, 200_000);
    two.ticks(1, 100_000);
    for (let turn = 0; turn < 3; turn += 1) bench.shadows.turn(0);
    most = Math.max(most, bench.ring.keptBytes);
  }
  t.ok(most < bench.ring.capacity * 0.6, `${most} bytes of ${bench.ring.capacity}`);
  t.notOk(one.journal.gap || two.journal.gap, 'nothing was lost');
  t.ok(bench.copies > 4 && bench.copies < 20, `${bench.copies} copies`);
  t.ok(bench.tickOf(0) > 20 && bench.tickOf(1) > 20);
  bench.shadows.remove(one as unknown as ShardRoom);
  bench.shadows.remove(two as unknown as ShardRoom);
  bench.shadows.remove(idle as unknown as ShardRoom);
  t.equal(bench.ring.keptBytes, 0, 'of rooms that have gone nothing is kept');
});

test('a checkpoint whose copy is written over while it is packed is none, and the next needs none before it', async (t) => {
  const memory = createShadow(8192, 64);
  const writer = new Shadow(memory);
  const region = (tick: number): Uint8Array => new Uint8Array(8192).fill(tick);
  const host = new Uint8Array(4);
  const checkpoints = new RoomCheckpoints(memory, 0);
  const reader = new CheckpointReader();
  const packer = new CheckpointPacker();
  const times = { nowMs: 0, everyMs: 30_000, seen: { tick: 0, unixMs: 0 } };
  const takes = (by = packer): boolean => {
    const pieces = checkpoints.take(by, times);
    for (const bytes of pieces ?? [])
      t.ok(reader.take({ stage: STAGE.checkpoint, tick: checkpoints.tick, bytes }));
    return pieces !== null;
  };
  /** Its worker makes two copies meanwhile: the second lies where the one was that is packed. */
  class Slow extends CheckpointPacker {
    override pack(...of: Parameters<CheckpointPacker['pack']>): Uint8Array[] {
      for (const tick of [3, 4]) writer.write(region(tick), host, tick);
      return super.pack(...of);
    }
  }
  writer.write(region(1), host, 1);
  t.ok(takes());
  writer.write(region(2), host, 2);
  t.notOk(takes(new Slow()));
  t.equal(checkpoints.tick, 1);
  t.equal(checkpoints.dueMs, 1000, 'it is tried again soon');
  t.ok(takes());
  t.same([reader.newest?.tick, reader.newest?.region], [4, region(4)]);
});
