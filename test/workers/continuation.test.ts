/** Rooms of a process that was killed: what their journals hold, wherever they end, is where another process goes on. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineGame } from 'fray/plugin';
import { angle, axis2, button, circle, defineSchema, u16 } from 'fray/schema';
import { type Test, test } from 'tap';
import { ShardHost } from '../../bench/shard-host.ts';
import { RoomCore } from '../../core-wasm/bindings/room.ts';
import { RosterRow } from '../../protocol/gen/tables.ts';
import { Replay } from '../../src/room/replay.ts';
import type { RoomTakeover } from '../../workers/boot.ts';
import { continueRoom, tickBeyond } from '../../workers/continuation.ts';
import {
  CheckpointPacker,
  CheckpointReader,
  PackedRoom,
} from '../../workers/journal-checkpoint.ts';
import { JournalFile, readJournal } from '../../workers/journal-file.ts';
import { CODEC, STAGE } from '../../workers/journal-format.ts';
import { PAGE_BYTES } from '../../workers/journal-pages.ts';
import { checkpointsOf, seekCheckpoint } from '../../workers/journal-places.ts';
import { testCore } from '../room/bench.ts';
import { continued } from './continued.ts';

const SEED = Number(process.env['FRAY_TEST_SEED'] ?? Math.floor(Math.random() * 0x7fff_ffff));
const module = await testCore();

const schema = defineSchema({
  name: 'continued',
  tickRateHz: 30,
  world: { width: 80, depth: 80 },
  input: { move: axis2(), aim: angle(), fire: button() },
  player: {
    shape: circle(0.5),
    health: 100,
    viewRadius: 30,
    movement: { topSpeed: 8, acceleration: 60, friction: 40 },
    fields: { score: u16() },
  },
  room: { fields: { sum: u16() } },
});

const game = defineGame(schema, {
  options: { playersMax: 8, botsYield: false },
  onCreate(room) {
    room.addBot();
  },
  onJoin(room, player) {
    room.place(player, room.freePlace());
  },
  onTick(room) {
    room.state.sum = (room.state.sum * 31 + room.randomInt(1000)) & 0xffff;
    if (room.tick % 20 === 0) room.addBot();
    const [first] = [...room.players].filter((player) => player.bot);
    if (room.tick % 50 === 0 && first !== undefined) room.removeBot(first);
  },
  botInput(room, bot) {
    return { move: { x: Math.cos(room.tick / 9 + bot.x), y: 1 }, aim: room.tick, fire: false };
  },
});

const SIZES = { playersMax: 8, entitiesMax: 64, roomsMax: 2 };

function hostIn(dir: string): ShardHost {
  return new ShardHost(module, game, { ...SIZES, journalDir: dir, checkpointMs: 1500 });
}

function folder(t: Test): string {
  const dir = mkdtempSync(join(tmpdir(), 'fray-continuation-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  return dir;
}

function fileIn(dir: string): string {
  return join(dir, readdirSync(dir)[0] ?? '');
}

/** Plays with two people until `ticks`, and leaves a journal that nobody has closed; hashes by tick. */
function played(dir: string, ticks: number): Map<number, string> {
  const host = hostIn(dir);
  host.open(0, { seed: 7 });
  host.turn();
  host.join(5, 0);
  host.join(6, 0);
  return run(host, ticks);
}

function run(host: ShardHost, ticks: number): Map<number, string> {
  const hashes = new Map<number, string>();
  for (let k = 0; k < ticks; k += 1) {
    host.turn();
    const core = host.core(0);
    core.stateHash();
    hashes.set(core.tick, `${core.stateHashHigh}:${core.stateHashLow}`);
  }
  return hashes;
}

function takeover(file: string, epoch = 2): RoomTakeover {
  return continued(file, { epoch, sessions: [5, 6] });
}

test('checkpoints keep what changed, and give the region back as it was', async (t) => {
  const reader = new CheckpointReader();
  const packer = new CheckpointPacker();
  const seen = { tick: 9, unixMs: 123_456.5 };
  const host = Uint8Array.of(1, 2, 3, 4, 5);
  const region = Uint8Array.from({ length: 700 * PAGE_BYTES + 76 }, (_, k) => (k * 31) >> 7);
  const room = new PackedRoom(region.length);
  const take = (payloads: readonly Uint8Array[], tick: number): boolean[] =>
    payloads.map((bytes) => reader.take({ stage: STAGE.checkpoint, tick, bytes }));
  const whole = packer.pack({ tick: 9, seen, host, region }, room, true);
  t.equal(whole.length, 2, 'no entry is too large for a block');
  t.same(take(whole.slice(0, 1), 9), [true]);
  t.equal(reader.newest, null, 'not before its last piece');
  t.same(take(whole.slice(1), 9), [true]);
  t.match(reader.newest, { tick: 9, seen, host });
  t.ok(isSame(reader.newest?.region, region));
  const next = region.slice();
  next[3 * PAGE_BYTES] = 1 + (next[3 * PAGE_BYTES] as number);
  next[next.length - 1] = 1 + (next[next.length - 1] as number);
  const changed = packer.pack({ tick: 20, seen, host, region: next }, room, false);
  t.equal(changed.length, 1);
  t.equal(changed[0]?.length, 32 + 8 + 2 * (8 + 4 + 4 + 4), 'two pages, a byte of each');
  t.same(take(changed, 20), [true]);
  t.ok(isSame(reader.newest?.region, next));
  t.same(take(packer.pack({ tick: 30, seen, host, region: next }, room, false), 30), [true]);
  t.equal(reader.newest?.tick, 30, 'one that changed nothing is one, too');
  const bad = (changed[0] as Uint8Array).slice();
  new DataView(bad.buffer).setUint32(40, 0xffff_ffff, true);
  t.same(take([bad], 40), [false], 'a page that is none');
  t.same(take(changed, 41), [false], 'and what builds on it');
  t.equal(reader.newest?.tick, 30);
  t.same(take(whole, 50), [true, true], 'until one is whole');
  for (let length = 0; length < (changed[0]?.length ?? 0); length += 1)
    t.notOk(take([(changed[0] as Uint8Array).subarray(0, length)], 60)[0], `${length} bytes`);
  for (const other of [region.subarray(1), region.subarray(4), new Uint8Array(4)])
    t.throws(() => packer.pack({ tick: 9, seen, host, region: other }, room, true), {
      code: 'E_CORE',
    });
});

test(`pages are packed by what stands where, whatever it is (seed ${SEED})`, async (t) => {
  const random = seeded(SEED);
  const [pages, words] = [12, 12 * (PAGE_BYTES / 4) - 300];
  for (let round = 0; round < 6; round += 1) {
    const room = new PackedRoom(4 * words);
    const [packer, reader] = [new CheckpointPacker(), new CheckpointReader()];
    const row = 7 + Math.floor(random() * 900);
    let bytes = 0;
    for (let tick = 1; tick <= 12; tick += 1) {
      // Rows that are much like each other, words of any bits, and what stays.
      const region = Int32Array.from({ length: words }, (_, k) => {
        if (k < words / 3) return k * 977;
        if (k < words / 2) return (random() * 2 ** 32) | 0;
        return ((k % row) * 0x0101_4001 + tick * 0x0003_fffd) | 0;
      });
      const checkpoint = { tick, seen: { tick, unixMs: 0 }, host: new Uint8Array(0) };
      const own = { ...checkpoint, region: new Uint8Array(region.buffer) };
      const pieces = packer.pack(own, room, tick % 5 === 1);
      bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
      for (const piece of pieces)
        t.ok(reader.take({ stage: STAGE.checkpoint, tick, bytes: piece }));
      t.ok(
        isSame(reader.newest?.region, own.region),
        `round ${round}, tick ${tick}, rows of ${row}`,
      );
      const [piece = new Uint8Array(0)] = pieces;
      // Any other bits are another region or none: never more than an answer.
      const other = piece.slice();
      for (let k = 0; k < 20; k += 1)
        other[32 + Math.floor(random() * (other.length - 32))] = random() * 256;
      const twin = new CheckpointReader();
      twin.take({ stage: STAGE.checkpoint, tick, bytes: other });
    }
    t.ok(bytes < (words / 6 + row) * 4.6 + pages * 150, `${bytes} bytes of rows of ${row}`);
  }
});

test('checkpoints of version 5, which were deflate, are read as ever', async (t) => {
  const region = (k: number): Uint8Array =>
    Uint8Array.from({ length: 3 * PAGE_BYTES + 80 }, (_, at) =>
      at < PAGE_BYTES ? at * 7 : at < 2 * PAGE_BYTES ? 0 : (at >> 3) * k,
    );
  for (const name of ['version-5.journal', 'version-5-stored.journal']) {
    const file = readFileSync(new URL(name, import.meta.url));
    const found = [...checkpointsOf(readJournal(file))];
    t.match(found, [
      { tick: 1, seen: { tick: 1, unixMs: 100.5 }, host: Uint8Array.of(1, 2, 3) },
      { tick: 3, seen: { tick: 3, unixMs: 200.5 } },
    ]);
    t.same(
      found.map((one) => isSame(one.region, region(one.tick))),
      [true, true],
      name,
    );
    const entries = [...readJournal(file).entries()].map(({ stage, tick }) => `${stage}:${tick}`);
    t.same(entries, ['1:1', '2:1', '1:2', '2:2', '8:1', '1:3', '2:3', '8:3', '1:4', '2:4']);
  }
});

test('a journal verifies at each checkpoint, and can be played from any of them', async (t) => {
  const dir = folder(t);
  const hashes = played(dir, 400);
  const file = readFileSync(fileIn(dir));
  const found = [...checkpointsOf(readJournal(file))];
  t.ok(found.length > 4, `${found.length} checkpoints`);
  const codecs = [...readJournal(file).blocks()].map(({ head }) => head.codec);
  t.equal(codecs.filter((codec) => codec === CODEC.packed).length, found.length);
  t.ok(codecs.filter((codec) => codec === CODEC.anew).length >= found.length - 1);
  const report = new Replay(readJournal(file), module).play();
  t.match(report, { differs: null, problem: null, end: 'open', checkpoints: found.length });
  for (const toTick of [found[0]?.tick ?? 0, 200, 333]) {
    const newest = found.findLast(({ tick }) => tick <= toTick);
    const jumped = new Replay(readJournal(file), module);
    jumped.jump(toTick);
    const part = jumped.play({ toTick });
    t.match(part, { differs: null, problem: null, from: newest?.tick, lastTick: toTick });
    jumped.room.stateHash();
    const { stateHashHigh, stateHashLow } = jumped.room;
    t.equal(`${stateHashHigh}:${stateHashLow}`, hashes.get(toTick));
  }
  const third = found[2] as (typeof found)[number];
  const wrong = new Replay(readJournal(file), module);
  while (wrong.tick < third.tick - 1) t.ok(wrong.next());
  // What stands in no hash of the state: a name.
  wrong.room.u8[wrong.room.roster + RosterRow.name] = 77;
  const differs = wrong.play({ toTick: third.tick + 20 });
  t.equal(differs.differs, third.tick);
});

test(`wherever a journal ends or is damaged, the room is there as it was at the last tick that is whole (seed ${SEED})`, async (t) => {
  const dir = folder(t);
  const hashes = played(dir, 300);
  const file = new Uint8Array(readFileSync(fileIn(dir)));
  const { config } = readJournal(file).head;
  const first = [...readJournal(file).blocks()][0]?.place.at ?? 0;
  const random = seeded(SEED);
  const [newest] = [...checkpointsOf(readJournal(file))].slice(-1);
  let begun = 0;
  const blocks = [...readJournal(file).blocks()];
  const lengths = [
    ...Array.from({ length: 60 }, () => first + Math.floor(random() * (file.length - first))),
    // Each edge of the last blocks, checkpoints among them.
    ...blocks.slice(-12).flatMap(({ place }) => [place.at - 1, place.at, place.at + 1]),
  ];
  for (const [k, length] of lengths.entries()) {
    const torn = file.slice(0, length);
    const bytes = k % 3 === 2 ? file.slice() : torn;
    if (bytes.length === file.length) (bytes[length] as number) ^= 1 << Math.floor(random() * 8);
    const core = new RoomCore(module, config);
    try {
      const { recovery, end, lostBytes } = continueRoom(core, bytes);
      begun += 1;
      core.stateHash();
      const { tick } = recovery;
      t.equal(core.tick, tick);
      if (tick > 0 && `${core.stateHashHigh}:${core.stateHashLow}` !== hashes.get(tick))
        t.fail(`another state at tick ${tick} of ${length} bytes (seed ${SEED}, try ${k})`);
      if (end.at > length || bytes.length - end.at !== lostBytes)
        t.fail(`it ends at ${end.at} of ${length} bytes (seed ${SEED}, try ${k})`);
      const next = blocks.find(({ place }) => place.at >= end.at);
      if (next !== undefined && next.place.at !== end.at) t.fail('it ends between two blocks');
    } catch (error) {
      if (error instanceof RangeError) throw error;
      t.match(error, { code: 'E_ROOM_FAULT' }, `nothing is kept of ${length} bytes`);
      t.ok(length < first + 2000, `${length} of ${file.length}`);
    }
  }
  t.ok(begun > lengths.length / 2);
  t.ok((newest?.tick ?? 0) > 200);
});

test('another process goes on with the room and its file, again and again, and the file verifies from end to end', async (t) => {
  const dir = folder(t);
  // No longer: nobody reads here, and who reads nothing is closed.
  played(dir, 200);
  const path = fileIn(dir);
  const random = seeded(SEED);
  let epoch = 1;
  for (let life = 0; life < 4; life += 1) {
    const whole = readFileSync(path);
    writeFileSync(path, whole.subarray(0, whole.length - Math.floor(random() * 1200)));
    epoch += 1;
    const host = hostIn(dir);
    const { end } = seekCheckpoint(readJournal(readFileSync(path)), Number.POSITIVE_INFINITY);
    const recovery = host.shard.takeOver(takeover(path, epoch));
    if (typeof recovery === 'string') {
      t.fail(`${recovery}: ${host.logs.join('; ')}`);
      return;
    }
    t.ok(recovery.tick > 100 && end.tick - recovery.tick <= 1, `${recovery.tick} of ${end.tick}`);
    const core = host.core(0);
    t.ok(core.tick > recovery.tick + 30, 'at a tick above all that can have been sent');
    t.same([...recovery.sessions.filter((session) => session !== 0)].sort(), [5, 6]);
    run(host, 100);
    t.equal(host.timing.counter('drops'), 2, 'who sat in it sits, and is away');
    t.equal(host.timing.counter('leaves'), 0);
    const report = new Replay(readJournal(readFileSync(path)), module).play();
    t.match(report, { differs: null, problem: null, resumptions: life + 1 });
    t.ok(report.checkpoints > 3);
  }
});

test('what the game kept outside of its room is left out where it does not fit, as in every copy', async (t) => {
  const dir = folder(t);
  played(dir, 60);
  const path = fileIn(dir);
  const { end } = seekCheckpoint(readJournal(readFileSync(path)), Number.POSITIVE_INFINITY);
  const file = new JournalFile(path, end);
  const saved = '{"bots":[],"removals":[],"kept":[],"standIns":[]}'.padEnd(1 << 18);
  const words = new Int32Array(new TextEncoder().encode(saved).buffer);
  file.append(STAGE.game, end.tick, { words, from: 0, bytes: saved.length });
  file.flush();
  file.close();
  const host = hostIn(dir);
  t.not(typeof host.shard.takeOver(takeover(path)), 'string', host.logs.join('; '));
  run(host, 30);
});

test('a file that is not of this room, or that was closed, is nobody to go on with', async (t) => {
  const dir = folder(t);
  const host = hostIn(dir);
  host.open(0, { seed: 7 });
  host.join(5, 0);
  run(host, 90);
  host.close(0, 12);
  host.turn();
  const path = fileIn(dir);
  const again = hostIn(dir);
  t.equal(again.shard.takeOver(takeover(path)), 'lost', 'it was closed');
  const other = folder(t);
  played(other, 90);
  const { order, ...rest } = takeover(fileIn(other));
  for (const wrong of [{ seed: 8n }, { id: 'room1' }])
    t.equal(again.shard.takeOver({ ...rest, order: { ...order, ...wrong } }), 'lost');
  t.match(again.logs.join('; '), /its game is another by now/);
});

test('what a room can have reached is bounded by time, and not by what is left of its journal', async (t) => {
  const room = { last: 100, tickRateHz: 30, unixMs: 60_000, owners: 0 };
  t.equal(tickBeyond([{ tick: 0, unixMs: 50_000 }], room), 300 + 30);
  t.equal(
    tickBeyond(
      [
        { tick: 0, unixMs: 50_000 },
        { tick: 90, unixMs: 59_000 },
      ],
      room,
    ),
    120 + 30,
    'the newest moment counts most',
  );
  t.equal(tickBeyond([{ tick: 90, unixMs: 59_999 }], room), 100 + 30, 'never below what there is');
  const wentBack = tickBeyond([{ tick: 0, unixMs: 70_000 }], room);
  t.equal(wentBack, 100 + 600 * 30 + 30, 'a clock that went back says nothing: ten minutes');
  const years = { ...room, tickRateHz: 128, unixMs: 1.8e12 };
  const wentOn = tickBeyond([{ tick: 0, unixMs: 50_000 }], years);
  t.equal(wentOn, 100 + 7 * 86_400 * 128 + 128, 'nor one that went forward by years');
  t.equal(
    tickBeyond([{ tick: 0, unixMs: 50_000 }], { ...room, owners: 2 }),
    300 + 30 + 2 * 256,
    'owners that left no word',
  );
});

function isSame(one: Uint8Array | undefined, other: Uint8Array): boolean {
  return one !== undefined && Buffer.compare(one, other) === 0;
}

function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
