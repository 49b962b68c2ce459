import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'tap';
import { ERROR } from '../../protocol/gen/tables.ts';
import { Replay } from '../../src/room/replay.ts';
import { readJournal } from '../../workers/journal-file.ts';
import { DirectoryBench, journalsIn, pause, testCore } from './bench.ts';

test('two workers: joins are placed, packets go both ways, leaving ends it, no error is logged', async (t) => {
  const bench = await new DirectoryBench({ workers: 2, roomsMax: 2 }).start();
  t.teardown(() => bench.directory.stop(0));
  const ids = Array.from({ length: 8 }, () => bench.join({ any: true }));
  const joined = await Promise.all(ids.map((id) => bench.answer(id)));
  t.ok(
    joined.every(
      (out) => out.kind === 'joined' && out.playerId > 0 && out.handle > 0 && out.wallsHash !== 0,
    ),
  );
  t.same(
    bench.directory.rooms().map((room) => [room.worker, room.people]),
    [
      [0, 4],
      [1, 4],
    ],
    'the second room goes to the other worker',
  );
  const ninth = await bench.answer(bench.join({ any: true }));
  t.match(ninth, { kind: 'refused', code: ERROR.E_ROOM_LIMIT });
  await bench.until(() => ids.every((id) => (bench.packets.get(id)?.length ?? 0) > 5));
  const packetsIn = () =>
    bench.directory.workers().reduce((sum, worker) => sum + worker.timing.counter('packetsIn'), 0);
  for (const id of ids)
    t.ok(bench.directory.packet(id, Uint8Array.of(9, 9, 0x16, 1, 2, 3), 2, 4, bench.nowUs()));
  await bench.until(() => packetsIn() === 8);
  t.notOk(bench.directory.packet(999, new Uint8Array(4), 0, 4, 0), 'no seat');
  for (const id of ids) bench.directory.leave(id, ERROR.E_LEFT);
  bench.directory.leave(ids[0] ?? 0, ERROR.E_LEFT);
  await bench.until(() => bench.directory.seats === 0);
  t.equal(bench.outputs.length, 0, 'nobody who left hears anything');
  t.same(bench.logs, []);
});

test('rooms by id and by create; full, unknown, wrong options, wrong schema', async (t) => {
  const bench = await new DirectoryBench({ roomsMax: 2 }).start();
  t.teardown(() => bench.directory.stop(0));
  const first = await bench.answer(bench.join({ create: '{"size":7}' }));
  t.equal(first.kind, 'joined');
  t.match(first.roomId, /^[A-Za-z0-9_-]{10,}$/);
  t.equal((await bench.answer(bench.join({ id: first.roomId }))).roomId, first.roomId);
  for (let i = 0; i < 2; i += 1) await bench.answer(bench.join({ id: first.roomId }));
  t.match(await bench.answer(bench.join({ id: first.roomId })), {
    kind: 'refused',
    code: ERROR.E_ROOM_FULL,
  });
  t.match(await bench.answer(bench.join({ id: 'nowhere' })), {
    kind: 'refused',
    code: ERROR.E_ROOM_UNKNOWN,
  });
  t.match(await bench.answer(bench.join({ create: '{"size":700}' })), {
    kind: 'refused',
    code: ERROR.E_ROOM_OPTIONS,
    text: /size/,
  });
  t.match(await bench.answer(bench.join({ create: '{}' }, { schemaHash: 1n })), {
    kind: 'refused',
    code: ERROR.E_SCHEMA_MISMATCH,
  });
  await bench.until(() => bench.directory.rooms().length === 1);
  const any = await bench.answer(bench.join({ any: true }));
  t.not(any.roomId, first.roomId, 'any does not lead into a room that somebody made');
  t.match(await bench.answer(bench.join({ create: '{}' })), {
    kind: 'refused',
    code: ERROR.E_ROOM_LIMIT,
  });
});

test('exactly once: leaving while joining, joining twice, coming back', async (t) => {
  const bench = await new DirectoryBench().start();
  t.teardown(() => bench.directory.stop(0));
  const hasty = bench.join({ any: true });
  bench.directory.leave(hasty, ERROR.E_LEFT);
  bench.directory.leave(hasty, ERROR.E_LEFT);
  const patient = bench.join({ any: true });
  bench.join({ any: true }, { sessionId: patient });
  t.equal((await bench.answer(patient)).kind, 'joined');
  await bench.until(() => bench.directory.seats === 1);
  t.equal(bench.directory.rooms()[0]?.people, 1);
  t.equal(bench.outputs.length, 0);
  bench.directory.leave(patient, ERROR.E_LEFT);
  await bench.until(() => bench.directory.seats === 0);
  bench.join({ any: true }, { sessionId: patient });
  t.equal((await bench.answer(patient)).kind, 'joined');
});

test('who leaves while the answer to its join is on the way is not told that it has joined', async (t) => {
  const bench = await new DirectoryBench().start();
  t.teardown(() => bench.directory.stop(0));
  bench.paused = true;
  const id = bench.join({ any: true });
  await bench.until(() => bench.directory.workers()[0]?.timing.counter('joins') === 1);
  bench.directory.leave(id, ERROR.E_LEFT);
  bench.paused = false;
  await bench.until(() => bench.directory.seats === 0);
  t.equal(bench.outputs.length, 0);
});

test('random joins and leaves: every session that stays is joined once, counts end true', async (t) => {
  const bench = await new DirectoryBench({ workers: 2, roomsMax: 4 }).start();
  t.teardown(() => bench.directory.stop(0));
  const stay = new Set<number>();
  let state = 12345;
  const random = (n: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state % n;
  };
  for (let round = 0; round < 60; round += 1) {
    for (let i = random(4); i > 0; i -= 1) {
      if (stay.size < 16) stay.add(bench.join({ any: true }));
    }
    for (const id of stay) {
      if (random(3) !== 0) continue;
      bench.directory.leave(id, ERROR.E_LEFT);
      stay.delete(id);
    }
    await pause(random(20));
  }
  await bench.until(
    () =>
      bench.directory.seats ===
      stay.size -
        bench.outputs.filter((out) => out.kind === 'refused' && stay.has(out.sessionId)).length,
  );
  for (const id of stay)
    t.equal(
      bench.outputs.filter((out) => out.sessionId === id).length,
      1,
      `session ${id} has one answer`,
    );
  const seen = bench.outputs.filter((out) => out.kind === 'joined').map((out) => out.sessionId);
  t.equal(new Set(seen).size, seen.length);
  const inside = bench.outputs.filter(
    (out) => out.kind === 'joined' && stay.has(out.sessionId),
  ).length;
  t.equal(
    bench.directory.rooms().reduce((sum, room) => sum + room.people, 0),
    inside,
  );
  await bench.until(
    () =>
      bench.directory
        .workers()
        .reduce((sum, worker) => sum + worker.timing.counter('people'), 0) === inside,
  );
  t.same(bench.logs, []);
});

test('an empty room closes after its time; warm ones stay', async (t) => {
  const bench = await new DirectoryBench({ roomsWarm: 1, emptyCloseMs: 100 }).start();
  t.teardown(() => bench.directory.stop(0));
  t.equal(bench.directory.rooms().length, 1);
  const id = bench.join({ any: true });
  const { roomId } = await bench.answer(id);
  await bench.until(() => bench.directory.rooms().length === 2);
  await pause(250);
  t.equal(bench.directory.rooms().length, 2, 'one in use, one warm');
  bench.directory.leave(id, ERROR.E_LEFT);
  await bench.until(() => bench.directory.rooms().length === 1);
  t.match(await bench.answer(bench.join({ id: roomId })), {
    kind: 'refused',
    code: ERROR.E_ROOM_UNKNOWN,
  });
});

test('bots fill the first room, do not keep it open, and yield to people', async (t) => {
  const bench = await new DirectoryBench({ bots: 4, emptyCloseMs: 300, roomsMax: 1 }).start();
  t.teardown(() => bench.directory.stop(0));
  const ids = Array.from({ length: 4 }, () => bench.join({ any: true }));
  t.equal((await bench.answer(ids[0] ?? 0)).kind, 'joined');
  for (const id of ids.slice(1)) t.equal((await bench.answer(id)).kind, 'joined');
  await bench.until(() => bench.directory.rooms()[0]?.bots === 0);
  for (const id of ids) bench.directory.leave(id, ERROR.E_LEFT);
  await bench.until(() => (bench.directory.rooms()[0]?.bots ?? 0) >= 3);
  await bench.until(() => bench.directory.rooms().length === 0);
});

test('a plugin whose hooks keep throwing loses its room and only that', async (t) => {
  const bench = await new DirectoryBench().start();
  t.teardown(() => bench.directory.stop(0));
  const healthy = bench.join({ create: '{}' });
  const faulty = bench.join({ create: '{"mode":"faulty"}' });
  const broken = bench.join({ create: '{"mode":"throw"}' });
  const home = await bench.answer(healthy);
  t.equal(home.kind, 'joined');
  t.equal((await bench.answer(faulty)).kind, 'joined');
  t.equal((await bench.answer(broken)).kind, 'joined', 'a hook that throws once is only logged');
  t.match(await bench.answer(faulty), { kind: 'closed', code: ERROR.E_PLUGIN_FAULT });
  const ticks = () => bench.directory.rooms().find((room) => room.id === home.roomId)?.tick ?? 0;
  const before = ticks();
  await bench.until(() => ticks() > before + 10);
  t.equal(bench.outputs.length, 0);
  t.ok(bench.logs.some((line) => /a hook failed.*onTick throws/.test(line)));
  t.ok(bench.logs.length < 20, 'and not a line per tick');
  t.equal(bench.directory.workers()[0]?.restarts, 0);
});

test("an author's promise goes on between ticks", async (t) => {
  const bench = await new DirectoryBench({
    journal: { dir: mkdtempSync(join(tmpdir(), 'fray-')) },
  }).start();
  t.teardown(() => bench.directory.stop(0));
  const { roomId } = await bench.answer(bench.join({ create: '{"mode":"defer"}' }));
  await bench.until(() =>
    bench.logs.some((line) => line.includes(`deferred ran`) && line.includes(roomId)),
  );
});

test('a worker that ends while nothing of its rooms is copied yet: they play on all the same', async (t) => {
  const bench = await new DirectoryBench({ workers: 2 }).start();
  t.teardown(() => bench.directory.stop(0));
  const doomed = bench.join({ create: '{"mode":"exit"}' });
  const other = bench.join({ create: '{}' });
  t.equal((await bench.answer(doomed)).kind, 'joined');
  t.equal((await bench.answer(other)).kind, 'joined');
  t.not(bench.directory.rooms()[0]?.worker, bench.directory.rooms()[1]?.worker);
  const restarts = () => bench.directory.workers().map((worker) => worker.restarts);
  await bench.until(() => restarts()[0] === 1);
  bench.packets.clear();
  await bench.until(() => (bench.packets.get(doomed)?.length ?? 0) > 5);
  const again = await bench.answer(bench.join({ create: '{}' }));
  t.equal(again.kind, 'joined');
  t.same(restarts(), [1, 0]);
  const ticks = () => bench.directory.rooms().find((room) => room.worker === 1)?.tick ?? 0;
  const before = ticks();
  await bench.until(() => ticks() > before + 5);
  t.equal(bench.outputs.length, 0);
});

test('a worker that keeps dying loses its rooms, each session is told once, and it comes back', async (t) => {
  const bench = await new DirectoryBench({ spareWorkers: 1 }).start();
  t.teardown(() => bench.directory.stop(0));
  const id = bench.join({ any: true });
  t.equal((await bench.answer(id)).kind, 'joined');
  const [worker] = bench.directory.workers();
  const timer = setInterval(() => {
    if (worker?.state === 'ready' && bench.directory.seats > 0) worker.terminate();
  }, 5);
  t.teardown(() => clearInterval(timer));
  t.match(await bench.answer(id, 60_000), { kind: 'closed', code: ERROR.E_ROOM_FAULT });
  clearInterval(timer);
  t.equal(bench.directory.rooms().length, 0);
  await bench.until(() => worker?.state === 'ready', 20_000);
  t.equal((await bench.answer(bench.join({ any: true }), 20_000)).kind, 'joined');
  t.equal(bench.outputs.length, 0);
});

test('a game that cannot be loaded rejects start with its reason', async (t) => {
  await t.rejects(
    new DirectoryBench({ game: '/nowhere/server.js', workers: 2 }).start(),
    /nowhere/,
  );
  await t.rejects(
    new DirectoryBench({ game: new URL('../../src/room/id.ts', import.meta.url).pathname }).start(),
    { code: 'E_SCHEMA' },
  );
});

test('stop: a notice, nobody new, a grace time, then all are closed', async (t) => {
  const bench = await new DirectoryBench().start();
  const stays = bench.join({ any: true });
  const goes = bench.join({ any: true });
  await bench.answer(stays);
  await bench.answer(goes);
  const stopping = bench.directory.stop(400);
  t.match(await bench.answer(bench.join({ any: true })), {
    kind: 'refused',
    code: ERROR.E_SHUTDOWN,
  });
  bench.directory.leave(goes, ERROR.E_LEFT);
  const before = bench.packets.get(stays)?.length ?? 0;
  await pause(200);
  t.ok((bench.packets.get(stays)?.length ?? 0) > before + 3, 'those inside play on');
  await stopping;
  t.match(await bench.answer(stays), { kind: 'closed', code: ERROR.E_SHUTDOWN });
  t.equal(bench.outputs.length, 0);
});

test('stop without people does not wait', async (t) => {
  const bench = await new DirectoryBench({ roomsWarm: 2 }).start();
  const before = performance.now();
  await bench.directory.stop(5000);
  t.ok(performance.now() - before < 1500);
});

test('the journal of a room, replayed into a fresh core without the plugin, gives the same hash at every tick', async (t) => {
  const journalDir = mkdtempSync(join(tmpdir(), 'fray-journal-'));
  const bench = await new DirectoryBench({
    journal: { dir: journalDir, hashTicks: 1 },
    bots: 3,
    hashEveryTick: true,
    emptyCloseMs: 60_000,
  }).start();
  const ids = [bench.join({ any: true }), bench.join({ any: true })];
  for (const id of ids) await bench.answer(id);
  for (let i = 0; i < 40; i += 1) {
    for (const id of ids)
      bench.directory.packet(
        id,
        Uint8Array.of(0x16, i, 0, i, i * 7, 3, 200, 1, 0, 0, 0, 9),
        0,
        12,
        bench.nowUs(),
      );
    await pause(10);
  }
  bench.directory.notice(ERROR.E_SHUTDOWN, 'soon', 1000);
  bench.directory.leave(ids[0] ?? 0, ERROR.E_LEFT);
  await pause(100);
  await bench.directory.stop(0);
  const [file = ''] = journalsIn(journalDir);
  const replay = new Replay(readJournal(readFileSync(file)), await testCore());
  const report = replay.play();
  t.match(report, { differs: null, problem: null, end: 'over', code: ERROR.E_SHUTDOWN });
  t.ok(report.hashes > 30);
});
