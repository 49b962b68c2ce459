/** Workers that die: their rooms go on in another thread, and players notice a hitch at most. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { ERROR } from '../../protocol/gen/tables.ts';
import { Replay } from '../../src/room/replay.ts';
import { readJournal } from '../../workers/journal-file.ts';
import type { DirectoryBench } from './bench.ts';
import { journalsIn, pause, testCore } from './bench.ts';
import { assertTold, liveAtRandom, Page, spareReady, started } from './page.ts';

const SEED = Number(process.env['FRAY_TEST_SEED'] ?? 20_261);
const module = await testCore();

function logsOf(bench: DirectoryBench, pattern: RegExp): string[] {
  return bench.logs.filter((line) => pattern.test(line));
}

test('a worker ends between two ticks: its rooms go on where they were, those of others notice nothing', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'fray-recovery-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  const bench = await started(t, { workers: 2, journal: { dir, hashTicks: 1 } });
  const pages: Page[] = [];
  for (let k = 0; k < 4; k += 1) pages.push(await Page.join(t, bench));
  pages.push(await Page.join(t, bench, pages[0]?.room));
  const own = pages[0] as Page;
  own.say('one');
  await bench.until(() => own.said.length === 1);
  for (let round = 0; round < 3; round += 1) {
    await pause(300 + 250 * round);
    own.say(`before ${round}`);
    if (round === 0) own.say('timer');
    else bench.directory.workers()[0]?.kill(round === 1 ? 'now' : 'exit');
    own.say(`after ${round}`);
    await bench.until(() => bench.directory.workers()[0]?.restarts === round + 1, 10_000);
    await bench.until(() => own.said.some(([, , text]) => text === `after ${round}`), 10_000);
    await spareReady(bench);
  }
  await pause(500);
  const words = [
    'one',
    'before 0',
    'timer',
    'after 0',
    'before 1',
    'after 1',
    'before 2',
    'after 2',
  ];
  assertTold(t, own, words);
  for (const page of pages) {
    const [checks, wrong] = page.hashes;
    t.ok(checks > 50 && wrong === 0, `${wrong} of ${checks} hashes differ`);
  }
  t.equal(bench.outputs.length, 0, 'nobody was told anything');
  t.same(logsOf(bench, /backwards|hook failed/), []);
  const crashes = bench.directory.crew?.crashes ?? [];
  t.equal(crashes.length, 3);
  for (const { rooms, recovered, lost } of crashes) {
    t.same([rooms, recovered.length, lost], [2, 2, 0]);
    t.ok(recovered.every(({ ticksLost }) => ticksLost === 0));
    t.comment(recovered.map(({ ms, ticksReplayed }) => `${ms} ms, ${ticksReplayed} ticks`).join());
  }
  t.equal(bench.directory.workers()[1]?.restarts, 0);
  await bench.directory.stop(0);
  const files = journalsIn(dir);
  t.equal(files.length, 4, 'a journal for each room, whoever ran it');
  for (const file of files) {
    const report = new Replay(readJournal(readFileSync(file)), module).play();
    t.match(report, { end: 'over', differs: null, problem: null, code: ERROR.E_SHUTDOWN });
  }
});

/** Most memory that the process has from now on, bytes. */
function watchMemory(t: Test): () => number {
  let most = 0;
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, 10);
  t.teardown(() => clearInterval(timer));
  return () => most;
}

for (const [word, how] of [
  ['exit', 'ends its worker'],
  ['hang', 'loops for ever'],
  ['memory', 'fills its memory'],
] as const) {
  test(`a hook that ${how} once: the tick is played again, what a player said in it counts once`, async (t) => {
    const bench = await started(t, { watchdogMs: word === 'memory' ? 0 : 250, heapMb: 96 });
    const page = await Page.join(t, bench);
    const flag = mkdtempSync(join(tmpdir(), 'fray-once-'));
    t.teardown(() => rmSync(flag, { recursive: true, force: true }));
    page.say('one');
    await bench.until(() => page.said.length === 1);
    await pause(600);
    const fatal = `${word} ${flag.slice(tmpdir().length + 1)}/x`;
    const [beforeBytes, mostBytes] = [process.memoryUsage.rss(), watchMemory(t)];
    page.say(fatal);
    page.say('three');
    await bench.until(() => page.said.length === 3, 15_000);
    await pause(400);
    assertTold(t, page, ['one', fatal, 'three']);
    t.equal(bench.directory.workers()[0]?.restarts, 1);
    t.match(bench.directory.crew?.crashes, [{ hung: word === 'hang', lost: 0 }]);
    if (word !== 'memory') return;
    t.match(logsOf(bench, /a room worker failed/), [/ERR_WORKER_OUT_OF_MEMORY/]);
    const grownMb = (mostBytes() - beforeBytes) / 2 ** 20;
    t.ok(grownMb < 500, `it ends at its bound, and not at Node's: ${grownMb.toFixed(0)} MB more`);
    t.equal(bench.outputs.length, 0);
  });
}

test('a hook that loops for ever each time: its room is closed after the third worker, others go on', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'fray-recovery-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  const bench = await started(t, { watchdogMs: 250, journal: { dir } });
  const mad = await Page.join(t, bench);
  const calm = await Page.join(t, bench);
  await pause(700);
  calm.say('one');
  mad.say('hang');
  t.match(await bench.answer(mad.session, 30_000), { kind: 'closed', code: ERROR.E_ROOM_FAULT });
  calm.say('two');
  await bench.until(() => calm.said.length === 2, 10_000);
  await pause(400);
  assertTold(t, calm, ['one', 'two']);
  t.equal(bench.directory.workers()[0]?.restarts, 3);
  t.equal(bench.directory.rooms().length, 1);
  await bench.directory.stop(0);
  const file = readdirSync(dir).find((name) => name.startsWith(mad.room)) ?? '';
  const report = new Replay(readJournal(readFileSync(join(dir, file))), module).play();
  t.match(
    report,
    { end: 'over', differs: null, code: ERROR.E_ROOM_FAULT },
    'its journal tells of it',
  );
});

test(`random joins, leaves, drops and returns while workers die: one answer each (seed ${SEED})`, async (t) => {
  const bench = await started(t, { workers: 2, roomsMax: 6 });
  await liveAtRandom(t, bench, SEED, (round, random) => {
    if (round % 30 === 17)
      bench.directory.workers()[random(2)]?.kill(random(2) === 0 ? 'now' : 'exit');
  });
  t.ok((bench.directory.crew?.crashes.length ?? 0) >= 3);
});
