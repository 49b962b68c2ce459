/** Rooms that go to another worker: no tick is left out, nothing of what players said is lost, and nobody is told. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'tap';
import { ClientStats, ERROR } from '../../protocol/gen/tables.ts';
import { Replay } from '../../src/room/replay.ts';
import { readJournal } from '../../workers/journal-file.ts';
import { journalsIn, pause, testCore } from './bench.ts';
import { assertTold, liveAtRandom, Page, spareReady, started } from './page.ts';

const SEED = Number(process.env['FRAY_TEST_SEED'] ?? 20_262);
const ROUNDS = 12;
const module = await testCore();

test('a room goes to and fro between two workers while players talk', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'fray-moves-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  const bench = await started(t, { workers: 2, journal: { dir, hashTicks: 1 } });
  const own = await Page.join(t, bench);
  const other = await Page.join(t, bench, own.room);
  const apart = await Page.join(t, bench);
  own.say('one');
  await bench.until(() => own.said.length === 1);
  t.match(bench.directory.move(own.room, 0), /there|played/, 'it is there, or has no copy yet');
  const words = ['one'];
  for (let round = 0; round < ROUNDS; round += 1) {
    const { worker = 0 } = bench.directory.rooms().find(({ id }) => id === own.room) ?? {};
    await bench.until(() => bench.directory.move(own.room, 1 - worker) === '');
    words.push(`moving ${round}`);
    own.say(`moving ${round}`);
    await bench.until(() => bench.directory.moves.count === round + 1);
    await bench.until(() => own.said.length === words.length);
  }
  await pause(300);
  assertTold(t, own, words);
  for (const page of [own, other, apart]) {
    const [checks, wrong] = page.hashes;
    t.ok(checks > 30 && wrong === 0, `${wrong} of ${checks} hashes differ`);
  }
  t.equal(other.said.length, words.length);
  t.equal(bench.outputs.length, 0, 'nobody was told anything');
  for (const { ms, shiftMs, from, to } of bench.directory.moves.reports) {
    t.equal(from + to, 1);
    t.comment(`${from} to ${to}: ${ms} ms, beat ${shiftMs} ms later`);
  }
  t.equal(bench.directory.crew?.crashCount, 0);
  await bench.directory.stop(0);
  const files = journalsIn(dir);
  t.equal(files.length, 2, 'a journal for each room, wherever it ran');
  for (const file of files) {
    const report = new Replay(readJournal(readFileSync(file)), module).play();
    t.match(report, { end: 'over', differs: null, problem: null, code: ERROR.E_SHUTDOWN });
  }
});

for (const [who, kills] of [
  ['the worker that it leaves', 'source'],
  ['the worker that it goes to', 'target'],
] as const) {
  test(`${who} dies on the way: the room goes on, and its journal is whole`, async (t) => {
    const dir = mkdtempSync(join(tmpdir(), 'fray-moves-'));
    t.teardown(() => rmSync(dir, { recursive: true }));
    const bench = await started(t, { workers: 2, journal: { dir, hashTicks: 1 } });
    const page = await Page.join(t, bench);
    page.say('one');
    await pause(700);
    const words = ['one'];
    for (let round = 0; round < 6; round += 1) {
      const { worker = 0 } = bench.directory.rooms()[0] ?? {};
      const target = 1 - worker;
      await bench.until(() => bench.directory.move(page.room, target) === '', 10_000);
      await pause(3 * round);
      bench.directory.workers()[kills === 'source' ? worker : target]?.kill('now');
      words.push(`round ${round}`);
      page.say(`round ${round}`);
      await bench.until(() => page.said.length === words.length, 15_000);
      await bench.until(() => bench.directory.workers().every(({ state }) => state === 'ready'));
      await spareReady(bench);
      await pause(600);
    }
    assertTold(t, page, words);
    t.ok(page.stat(ClientStats.snapshotTick) > 0);
    t.equal(bench.outputs.length, 0, 'nobody was told anything');
    t.equal(bench.directory.crew?.crashCount, 6);
    await bench.directory.stop(0);
    const [file = '', ...more] = journalsIn(dir);
    t.same(more, []);
    const report = new Replay(readJournal(readFileSync(file)), module).play();
    t.match(report, { end: 'over', differs: null, problem: null, code: ERROR.E_SHUTDOWN });
  });
}

test(`random joins, leaves, drops and returns while rooms move and workers die: one answer each (seed ${SEED})`, async (t) => {
  const bench = await started(t, { workers: 2, roomsMax: 6 });
  let began = 0;
  await liveAtRandom(t, bench, SEED, (round, random) => {
    const rooms = bench.directory.rooms();
    const room = rooms[random(rooms.length)];
    if (room !== undefined && bench.directory.move(room.id, 1 - room.worker) === '') began += 1;
    if (round % 50 === 37) bench.directory.workers()[random(2)]?.kill('now');
  });
  t.ok(began >= 20, `${began} moves`);
  t.ok(
    bench.directory.moves.count >= began - 10,
    `${bench.directory.moves.count} of ${began} arrived`,
  );
});
