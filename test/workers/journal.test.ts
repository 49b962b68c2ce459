/** Journals: the ring, the store, the file, and what any other byte makes of it. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, inflateRawSync } from 'node:zlib';
import { type Test, test } from 'tap';
import { Ring } from '../../src/mailbox/ring.ts';
import { createJournalRing, encodeOpening, RoomJournal } from '../../workers/journal.ts';
import { JournalFile, readJournal } from '../../workers/journal-file.ts';
import { JournalDamage, type JournalEntry, STAGE } from '../../workers/journal-format.ts';
import { JournalStore, type JournalStoreOptions } from '../../workers/journal-store.ts';

const SEED = Number(process.env['FRAY_TEST_SEED'] ?? Math.floor(Math.random() * 0x7fff_ffff));
const HASH = Uint8Array.from({ length: 32 }, (_, k) => k);
const OPENING = {
  roomId: 'r7',
  schemaHash: 0x1234_5678_9abc_def0n,
  epoch: 9,
  tickRateHz: 60,
  config: Uint8Array.from({ length: 37 }, (_, k) => 255 - k),
};

/** A room that is nothing but its input buffer. */
class Source {
  readonly i32 = new Int32Array(1 << 16);
  readonly input = 64;
  stateHashLow = 0;
  stateHashHigh = 0;
  hashed = 0;

  stateHash(): number {
    this.hashed += 1;
    this.stateHashLow = 7 * this.hashed;
    this.stateHashHigh = this.hashed;
    return 0;
  }

  put(bytes: readonly number[]): number {
    new Uint8Array(this.i32.buffer).set(bytes, this.input);
    return bytes.length;
  }
}

class Bench {
  readonly dir: string;
  readonly logs: string[] = [];
  readonly memory = createJournalRing();
  readonly write = new Ring(this.memory, 'write');
  readonly read = new Ring(this.memory, 'read');
  readonly source = new Source();
  readonly store: JournalStore;
  cuts = 0;
  nowMs = 1_700_000_000_000;

  constructor(t: Test, options: Partial<JournalStoreOptions> = {}) {
    this.dir = mkdtempSync(join(tmpdir(), 'fray-journal-'));
    t.teardown(() => rmSync(this.dir, { recursive: true }));
    this.store = new JournalStore({
      dir: join(this.dir, 'deep'),
      coreHash: HASH,
      bytesMax: 0,
      ageMsMax: 0,
      unixMs: () => this.nowMs,
      log: (level, text, fields) => this.logs.push(`${level} ${text} ${JSON.stringify(fields)}`),
      ...options,
    });
  }

  room(row: number, opening = OPENING): RoomJournal {
    const onCut = (): void => {
      this.cuts += 1;
    };
    const options = { ring: this.write, row, core: this.source, hashTicks: 4, onCut };
    return new RoomJournal(options, encodeOpening(opening));
  }

  /** What the files hold, by the begin of their names. */
  files(): Map<string, Uint8Array> {
    const dir = join(this.dir, 'deep');
    const names = readdirSync(dir).sort();
    return new Map(
      names.map((name) => [
        name.split('-')[0] ?? '',
        new Uint8Array(readFileSync(join(dir, name))),
      ]),
    );
  }

  play(journal: RoomJournal, from: number, to: number): void {
    for (let tick = from; tick <= to; tick += 1) {
      journal.record(STAGE.begin, tick, this.source.put([tick, 1, 2, 3, tick >> 8]));
      journal.record(STAGE.end, tick, this.source.put([]));
      journal.ended(tick);
      this.store.take(0, this.read);
      if (tick % 3 === 0) this.store.flush();
    }
  }
}

function entriesOf(file: Uint8Array): JournalEntry[] {
  return [...readJournal(file).entries()];
}

test('what a room recorded is what its file holds, block by block, whoever else writes', async (t) => {
  const bench = new Bench(t);
  const one = bench.room(3);
  const two = bench.room(4, { ...OPENING, roomId: 'other' });
  bench.play(one, 0, 40);
  bench.play(two, 100, 103);
  one.close(40, 12);
  bench.store.take(0, bench.read);
  bench.store.close();
  const folder = join(bench.dir, 'deep');
  for (const name of readdirSync(folder))
    t.equal(statSync(join(folder, name)).mode & 0o777, 0o600, 'nobody else reads it');
  const files = bench.files();
  const reader = readJournal(files.get('r7') ?? new Uint8Array());
  t.same(reader.head, { ...OPENING, coreHash: HASH, openedMs: bench.nowMs });
  const entries = [...reader.entries()];
  t.equal(reader.tornBytes, 0);
  t.equal(entries.length, 41 * 2 + 11 + 1);
  t.same(
    entries.filter(({ stage }) => stage === STAGE.begin).map(({ bytes }) => [...bytes]),
    Array.from({ length: 41 }, (_, tick) => [tick, 1, 2, 3, 0]),
  );
  const hashes = entries.filter(({ stage }) => stage === STAGE.hash);
  t.same(
    hashes.map(({ tick }) => tick),
    [0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40],
  );
  t.same([...(hashes[1]?.bytes ?? [])], [14, 0, 0, 0, 2, 0, 0, 0], 'low word first');
  t.match(entries.at(-1), { stage: STAGE.over, tick: 40, bytes: Uint8Array.of(12, 0, 0, 0) });
  t.equal(entriesOf(files.get('other') ?? new Uint8Array()).length, 9);
  const { figures } = bench.store;
  const bytes = [...files.values()].reduce((sum, file) => sum + file.length, 0);
  t.match(figures, { files: 2, entries: 94 + 9, cut: 0, fileBytes: bytes });
  t.ok(figures.rawBytes > 94 * 12);
  t.same([bench.cuts, bench.logs], [0, []]);
});

for (const [first, second] of [
  [0, 1],
  [1, 0],
] as const)
  test(`a room that goes and comes back has one file, in order, if ring ${first} is read first`, async (t) => {
    const bench = new Bench(t);
    const memory = createJournalRing();
    const away = new Ring(memory, 'write');
    const rings = [bench.read, new Ring(memory, 'read')] as const;
    const id = Buffer.from(OPENING.roomId);
    const options = { core: bench.source, hashTicks: 0, onCut: () => void t.fail('cut') };
    const on = (ring: Ring, row: number, tick: number): RoomJournal => {
      const journal = new RoomJournal({ ...options, ring, row }, undefined);
      journal.came(tick, id);
      return journal;
    };
    const take = (): void => {
      for (const worker of [first, second, first, second]) bench.store.take(worker, rings[worker]);
    };
    let journal = bench.room(3);
    for (let tick = 0; tick < 60; tick += 1) {
      journal.record(STAGE.begin, tick, bench.source.put([tick]));
      journal.record(STAGE.end, tick, bench.source.put([]));
      if (tick % 4 === 3) {
        t.equal(journal.moved(tick, id), true);
        // Twice, as by a worker that died in between.
        if (tick % 8 === 3) on(away, 5, tick);
        journal = tick % 8 === 3 ? on(away, 5, tick) : on(bench.write, 3, tick);
      }
      // Twice there and back before anybody reads.
      if (tick % 16 === 1) take();
    }
    journal.close(60, 12);
    take();
    take();
    bench.store.close();
    const files = bench.files();
    t.equal(files.size, 1);
    t.same(
      entriesOf(files.get('r7') ?? new Uint8Array()).map(({ stage, tick }) => [stage, tick]),
      [
        ...Array.from({ length: 60 }, (_, tick) => [
          [STAGE.begin, tick],
          [STAGE.end, tick],
        ]).flat(),
        [STAGE.over, 60],
      ],
    );
    t.equal(bench.store.figures.files, 1);
  });

test('the file of a room that never arrives does not hold up the others of its worker', async (t) => {
  const bench = new Bench(t);
  const lost = new RoomJournal(
    { ring: bench.write, row: 1, core: bench.source, hashTicks: 0, onCut: () => {} },
    undefined,
  );
  lost.came(4, Buffer.from('nobody'));
  const journal = bench.room(3);
  journal.close(0, 12);
  for (let turn = 0; turn < 100; turn += 1) bench.store.take(0, bench.read);
  t.notOk(bench.store.waits(0));
  bench.store.close();
  t.same([...bench.files().keys()], ['r7']);
});

test('a file that ends anywhere gives all whole blocks and says how much is torn', async (t) => {
  const bench = new Bench(t);
  bench.play(bench.room(1), 0, 20);
  bench.store.close();
  const file = bench.files().get('r7') ?? new Uint8Array();
  const all = entriesOf(file);
  let before = 0;
  let tornSeen = 0;
  for (let length = 0; length < file.length; length += 1) {
    const cut = file.subarray(0, length);
    let reader: ReturnType<typeof readJournal>;
    try {
      reader = readJournal(cut);
    } catch (error) {
      t.match(error, { code: 'E_MALFORMED' });
      t.ok(length < 200, 'only its head makes it none');
      continue;
    }
    const entries = [...reader.entries()];
    if (entries.length < before) t.fail(`fewer entries at ${length} bytes`);
    before = entries.length;
    tornSeen += reader.tornBytes > 0 ? 1 : 0;
    if (entries.some(({ tick, stage }, k) => all[k]?.tick !== tick || all[k]?.stage !== stage))
      t.fail(`other entries at ${length} bytes`);
  }
  t.equal(before < all.length, true, 'the last block is not whole without its last byte');
  t.ok(tornSeen > 100);
});

test(`no bit of it can change unseen (seed ${SEED})`, async (t) => {
  const bench = new Bench(t);
  bench.play(bench.room(1), 0, 60);
  bench.store.close();
  const file = bench.files().get('r7') ?? new Uint8Array();
  const whole = entriesOf(file).length;
  let torn = 0;
  for (let at = 0; at < file.length; at += 1) {
    const bit = (SEED + at * 5) & 7;
    const wrong = file.slice();
    (wrong[at] as number) ^= 1 << bit;
    let read = 0;
    try {
      const reader = readJournal(wrong);
      for (const _ of reader.entries()) read += 1;
      torn += 1;
      t.fail(`bit ${bit} of byte ${at} of ${file.length}: ${read} of ${whole} entries, no error`);
    } catch (error) {
      if ((error as { code?: string }).code !== 'E_MALFORMED') throw error;
      if (error instanceof JournalDamage && !(error.block >= 0 && error.tick <= 60))
        t.fail('it names a block and the last good tick');
    }
  }
  t.equal(torn, 0);
  const blocks = wrongOrder(file);
  t.throws(() => entriesOf(blocks), { code: 'E_MALFORMED' }, 'nor can a block be left out');
});

/** The same file without its second block. */
function wrongOrder(file: Uint8Array): Uint8Array {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const first = view.getUint32(8, true) + 4;
  const second = first + 36 + view.getUint32(first + 12, true);
  const third = second + 36 + view.getUint32(second + 12, true);
  return Uint8Array.from([...file.subarray(0, second), ...file.subarray(third)]);
}

test('the file is laid out as SPEC.md section 13 says', async (t) => {
  const bench = new Bench(t);
  const journal = bench.room(1);
  // More than a window, so that the dictionary of a block is only a part of what came before.
  const large = Array.from({ length: 30_000 }, (_, k) => (k * k) >> 3);
  for (let tick = 1; tick <= 5; tick += 1) {
    journal.record(STAGE.begin, tick, bench.source.put(large));
    journal.record(STAGE.begin, tick + 1, bench.source.put([tick]));
    bench.store.take(0, bench.read);
    bench.store.flush();
  }
  bench.store.close();
  const file = Buffer.from(bench.files().get('r7') ?? []);
  let check = crc32(file.subarray(0, file.readUInt32LE(8)));
  t.equal(file.readUInt32LE(file.readUInt32LE(8)), check);
  let entries = Buffer.alloc(0);
  let sequence = 0;
  for (let at = file.readUInt32LE(8) + 4; at < file.length; sequence += 1) {
    const word = (offset: number): number => file.readUInt32LE(at + offset);
    t.same([0, 4, 8].map(word), [0x424a5246, sequence, 2]);
    t.same([20, 24].map(word), [sequence + 1, sequence + 2], 'ticks');
    check = crc32(file.subarray(at, at + 28), check);
    t.equal(word(28), check, 'check of the head');
    const payload = file.subarray(at + 36, at + 36 + word(12));
    check = crc32(payload, check);
    t.equal(word(32), check, 'check of the payload');
    const dictionary = entries.subarray(Math.max(0, entries.length - 32_768));
    const raw = inflateRawSync(payload, dictionary.length === 0 ? {} : { dictionary });
    t.equal(raw.length, word(16));
    entries = Buffer.concat([entries, raw]);
    at += 36 + payload.length;
  }
  t.equal(sequence, 5);
  t.equal(entries.length, 5 * (12 + 30_000 + 12 + 4));
  t.same(
    [0, 4, 8].map((offset) => entries.readUInt32LE(offset)),
    [STAGE.begin, 1, 30_000],
  );
});

/** A record in a slot's name: kind, slot, bytes of the payload, padded. */
function recordOf(kind: number, slot: number, payload: readonly number[]): number[] {
  const padding = new Array((4 - (payload.length & 3)) & 3).fill(0);
  return [kind, 0, slot, 0, payload.length, 0, 0, 0, ...payload, ...padding];
}

test('packets stand in a block as differences to the ones before in their slots, and come back as they were', async (t) => {
  const bench = new Bench(t);
  const journal = bench.room(1);
  const long = Array.from({ length: 80 }, (_, k) => (k * 7) & 255);
  const ticks = [
    [recordOf(3, 2, [9, 0, 0, 0, 10, 20, 30]), recordOf(3, 1, long), recordOf(1, 2, [5, 5, 5, 5])],
    [recordOf(3, 2, [4, 0, 0, 0, 11, 20, 29, 7]), recordOf(3, 1, long)],
    [recordOf(3, 2, [4, 0, 0, 0]), recordOf(3, 2, [5, 0, 0, 0, 12, 21])],
    // Cut short, as no room writes it: left as it is.
    [[3, 0, 2, 0, 99, 0, 0, 0, 1, 2, 3, 4]],
  ].map((records) => records.flat());
  ticks.forEach((bytes, k) => {
    journal.record(STAGE.begin, k + 1, bench.source.put(bytes));
    // Commands are none: the same bytes stand there unchanged.
    journal.record(STAGE.end, k + 1, bench.source.put(bytes));
    bench.store.take(0, bench.read);
    if (k % 2 === 1) bench.store.flush();
  });
  bench.store.close();
  const file = Buffer.from(bench.files().get('r7') ?? []);
  const whole = entriesOf(file).map(({ stage, tick, bytes }) => [stage, tick, ...bytes]);
  t.same(
    whole,
    ticks.flatMap((bytes, k) => [STAGE.begin, STAGE.end].map((stage) => [stage, k + 1, ...bytes])),
  );
  // Two blocks of two ticks: between them one can take it up again, as often as one likes.
  const reader = readJournal(file);
  const entries = reader.entries();
  for (let k = 0; k < 3; k += 1) entries.next();
  t.equal(reader.place(), null, 'not within a block');
  entries.next();
  const place = reader.place();
  t.equal(reader.lastTickSaid(), 4);
  for (let k = 0; k < 2 && place !== null; k += 1) {
    const rest = [...reader.entries(place)];
    t.same(
      rest.map(({ stage, tick, bytes }) => [stage, tick, ...bytes]),
      whole.slice(4),
      'on from a place',
    );
  }
  const at = file.readUInt32LE(8) + 4;
  const raw = [...inflateRawSync(file.subarray(at + 36, at + 36 + file.readUInt32LE(at + 12)))];
  const first = ticks[0] as number[];
  t.same(raw.slice(12, 12 + first.length), first, 'the first packets are whole');
  const second = raw.slice(2 * (12 + first.length) + 12);
  t.same(second.slice(0, 16), recordOf(3, 2, [251, 0, 0, 0, 1, 0, 255, 7]));
  t.same(second.slice(24, 24 + 80), [...new Array(64).fill(0), ...long.slice(64)]);
});

test('a block longer than what the next may refer to is read back, and so is the next', async (t) => {
  const bench = new Bench(t);
  const journal = bench.room(1);
  // Packets that are alike, so that the second block refers to the first one.
  const packet = (tick: number) =>
    recordOf(3, tick & 7, [
      tick & 255,
      0,
      0,
      0,
      ...Array.from({ length: 60 }, (_, k) => (k * tick) & 255),
    ]);
  const bytesOf = (tick: number) => Array.from({ length: 24 }, () => packet(tick)).flat();
  for (let tick = 1; tick <= 60; tick += 1) {
    journal.record(STAGE.begin, tick, bench.source.put(bytesOf(tick)));
    bench.store.take(0, bench.read);
    if (tick % 30 === 0) bench.store.flush();
  }
  bench.store.close();
  const read = entriesOf(Buffer.from(bench.files().get('r7') ?? []));
  t.equal(read.length, 60);
  const wrong = read.find(({ tick, bytes }) => `${[...bytes]}` !== `${bytesOf(tick)}`);
  t.equal(wrong?.tick, undefined, 'all as they were');
});

test('a ring that nobody empties cuts the journal once and says so; the room plays on', async (t) => {
  const bench = new Bench(t);
  const journal = bench.room(1);
  const bytes = bench.source.put(new Array(200_000).fill(5));
  let ticks = 0;
  for (; bench.cuts === 0 && ticks < 100; ticks += 1) journal.record(STAGE.begin, ticks, bytes);
  t.ok(ticks > 5 && ticks < 60, `${ticks} records`);
  journal.record(STAGE.begin, ticks, bytes);
  t.ok(journal.gap, 'it cannot be recovered from its records alone');
  bench.store.take(0, bench.read);
  bench.store.flush();
  bench.write.keepFrom(bench.write.end);
  journal.record(STAGE.begin, ticks + 1, bytes);
  journal.record(STAGE.begin, ticks + 2, bytes);
  journal.copied();
  t.notOk(journal.gap, 'but from a copy made since');
  journal.close(ticks + 3, 1);
  bench.store.take(0, bench.read);
  bench.store.close();
  t.equal(bench.cuts, 1);
  const entries = entriesOf(bench.files().get('r7') ?? new Uint8Array());
  t.equal(entries.at(-1)?.stage, STAGE.cut);
  t.equal(
    entries.length,
    ticks,
    'all that fitted, and the cut in the place of the first that did not',
  );
  t.match(bench.store.figures, { cut: 1 });
});

test('a folder that cannot be written costs the journal, and a line, not the server', async (t) => {
  const bench = new Bench(t);
  rmSync(join(bench.dir, 'deep'), { recursive: true });
  bench.play(bench.room(1), 0, 5);
  bench.store.close();
  t.match(bench.store.figures, { files: 0, cut: 1 });
  t.match(bench.logs.join(), /warn a journal ended before its room .*ENOENT/);
  mkdirSync(join(bench.dir, 'deep'));
  bench.play(bench.room(2), 0, 5);
  bench.store.close();
  t.equal(bench.files().size, 1, 'the next room has one again');
});

test('a worker that ended leaves whole files; old and large ones go first, those in use never', async (t) => {
  const bench = new Bench(t, { bytesMax: 3000, ageMsMax: 3_600_000 });
  for (let k = 0; k < 6; k += 1) {
    bench.nowMs += 1000;
    const journal = bench.room(1, { ...OPENING, roomId: `m${k}` });
    bench.play(journal, 0, 30);
    if (k === 5) break;
    journal.close(30, 0);
    bench.store.take(0, bench.read);
  }
  const dir = join(bench.dir, 'deep');
  for (const [k, name] of readdirSync(dir).sort().entries())
    utimesSync(join(dir, name), bench.nowMs / 1000, (bench.nowMs - 1000 * (10 - k)) / 1000);
  const sizes = [...bench.files().values()].map(({ length }) => length);
  bench.store.retain();
  const kept = [...bench.files().keys()];
  const most = Math.floor(3000 / Math.max(...sizes));
  t.ok(kept.length <= most + 1 && kept.length < 6, `${kept.join()} of sizes ${sizes.join()}`);
  t.ok(kept.includes('m5'), 'the open one stays');
  t.notOk(kept.includes('m0'), 'the oldest went');
  bench.nowMs += 7_200_000;
  bench.store.retain();
  t.same([...bench.files().keys()], ['m5'], 'all others are too old');
  bench.store.end(0);
  bench.nowMs += 1;
  t.equal(entriesOf(bench.files().get('m5') ?? new Uint8Array()).length, 31 * 2 + 8);
});

test('a block of any length compresses and unpacks, also against what stands before it', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'fray-journal-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  const head = { ...OPENING, coreHash: HASH, openedMs: 1 };
  for (const compress of [true, false]) {
    const path = join(dir, `${compress}`);
    const file = new JournalFile(path, head, { compress });
    const words = Int32Array.from({ length: 70_000 }, (_, k) => (k * 2_654_435_761) >> (k & 15));
    const lengths = [0, 1, 2, 3, 4, 5, 100, 33_000, 65_537, 262_144];
    for (const [tick, bytes] of lengths.entries()) {
      file.append(STAGE.begin, tick, { words, from: 1, bytes });
      if (tick % 2 === 1) file.flush();
    }
    file.flush();
    file.flush();
    file.close();
    const source = new Uint8Array(words.buffer, 4);
    const entries = entriesOf(readFileSync(path));
    t.same(
      entries.map(({ bytes }) => bytes.length),
      lengths,
    );
    for (const { bytes } of entries)
      t.ok(Buffer.compare(bytes, source.subarray(0, bytes.length)) === 0, `${bytes.length} bytes`);
    t.throws(() => new JournalFile(path, head), { code: 'EEXIST' }, 'none is written over');
  }
});
