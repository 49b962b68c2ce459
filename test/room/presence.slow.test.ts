/** Sessions that drop, come back and are told something, over a real worker and the real core. */
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { test } from 'tap';
import { ClientCore } from '../../core-wasm/bindings/client.ts';
import { ClientStats, ERROR, MESSAGE } from '../../protocol/gen/tables.ts';
import type { DirectoryOptions } from '../../src/room/directory.ts';
import type { RoomOutput } from '../../src/room/outputs.ts';
import { Replay } from '../../src/room/replay.ts';
import { MessageCodec } from '../../src/schema/messages.ts';
import { readJournal } from '../../workers/journal-file.ts';
import { DirectoryBench, journalsIn, pause, testCore } from './bench.ts';
import { basic } from './games/basic.ts';

const GAME = fileURLToPath(new URL('./games/absent.ts', import.meta.url));

async function started(t: Test, options: Partial<DirectoryOptions> = {}): Promise<DirectoryBench> {
  const bench = await new DirectoryBench({ game: GAME, ...options }).start();
  t.teardown(() => bench.directory.stop(0));
  return bench;
}

/** What the game logged, in order. */
function heard(bench: DirectoryBench): string[] {
  return bench.logs
    .filter((line) => /^(drop|resume|leave) /.test(line))
    .map((line) => line.slice(0, line.indexOf(' {')));
}

/** A page in the place that an answer named. */
class Page {
  readonly said: string[] = [];
  readonly control: number[][] = [];
  readonly #core: ClientCore;
  readonly #bench: DirectoryBench;
  readonly #session: number;
  #taken: number;

  constructor(
    bench: DirectoryBench,
    module: WebAssembly.Module,
    place: RoomOutput,
    verify: boolean,
  ) {
    const { playersMax, entitiesMax } = bench.directory.facts;
    this.#core = ClientCore.create(module, basic.config({ playersMax, entitiesMax }));
    const { playerId, handle, epoch, tick } = place;
    this.#core.join({ playerId, handle, epoch, tick, verify });
    this.#bench = bench;
    this.#session = place.sessionId;
    this.#taken = 0;
    bench.packets.set(this.#session, []);
  }

  get mismatches(): [checks: number, wrong: number] {
    const { stats } = this.#core;
    return [
      stats.getUint32(ClientStats.hashChecks, true),
      stats.getUint32(ClientStats.hashMismatches, true),
    ];
  }

  /** Takes what has come, and sends a packet. */
  turn(): void {
    const packets = this.#bench.packets.get(this.#session) ?? [];
    for (const packet of packets.slice(this.#taken)) this.#core.receive(packet);
    this.#taken = packets.length;
    const codec = new MessageCodec(basic.layout.toClient);
    for (let length = this.#core.message(); length >= 0; length = this.#core.message()) {
      const bytes = this.#core.messageBytes.slice(0, length);
      if (bytes[0] === MESSAGE.control) this.control.push([...bytes]);
      else if (codec.decode(bytes) === 0)
        this.said.push((codec.decoded.value as { text: string }).text);
    }
    this.post();
  }

  post(): void {
    const length = this.#core.packet(this.#taken + 1);
    const { directory, nowUs } = this.#bench;
    directory.packet(this.#session, this.#core.packetBytes.slice(0, length), 0, length, nowUs());
  }

  say(text: string): void {
    const codec = new MessageCodec(basic.layout.toServer);
    this.#core.send(codec.encode('say', { text }, this.#core.messageBytes));
  }

  async until(condition: () => boolean): Promise<void> {
    await this.#bench.until(() => {
      this.turn();
      return condition();
    });
  }
}

test('drop and resume: the game hears both, and the same player plays on', async (t) => {
  const bench = await started(t);
  const module = await testCore();
  const id = bench.join({ any: true }, { verify: true });
  const place = await bench.answer(id);
  const page = new Page(bench, module, place, true);
  const other = bench.join({ any: true });
  await bench.answer(other);
  page.say('one');
  await page.until(() => page.said.length === 1);
  bench.directory.drop(id);
  bench.directory.drop(id);
  await bench.until(() => heard(bench).length === 1);
  await pause(300);
  t.equal(bench.directory.rooms()[0]?.people, 2, 'its place is kept');
  t.equal(bench.outputs.length, 0, 'a drop is not answered');
  bench.directory.resume(id, false);
  const back = await bench.answer(id);
  t.match(back, { kind: 'resumed', fresh: false, code: 0, roomId: place.roomId });
  for (const field of ['playerId', 'handle', 'epoch', 'wallsHash'] as const)
    t.equal(back[field], place[field], field);
  t.ok(back.tick > place.tick);
  page.say('two');
  await page.until(() => page.said.length === 2);
  t.same(page.said, ['one', 'two']);
  bench.directory.drop(id);
  bench.directory.leave(id, ERROR.E_TIMEOUT);
  bench.directory.resume(id, true);
  await bench.until(() => bench.directory.seats === 1);
  await bench.until(() => heard(bench).length === 4);
  t.same(heard(bench), ['drop', 'resume same', 'drop', 'leave E_TIMEOUT']);
  await pause(50);
  t.equal(bench.outputs.length, 0, 'nothing after leave');
});

test('a fresh resume: the same player, another epoch, what was not acknowledged again', async (t) => {
  const bench = await started(t);
  const module = await testCore();
  const id = bench.join({ any: true });
  const place = await bench.answer(id);
  const before = new Page(bench, module, place, false);
  before.say('heard');
  await before.until(() => before.said.length === 1);
  before.say('missed');
  before.post();
  await pause(200);
  bench.directory.resume(id, true, true);
  const back = await bench.answer(id);
  t.match(back, { kind: 'resumed', fresh: true, playerId: place.playerId, handle: place.handle });
  t.not(back.epoch & 15, place.epoch & 15);
  const after = new Page(bench, module, back, true);
  const malformed = (): number => bench.directory.workers()[0]?.timing.sum('packetsMalformed') ?? 0;
  before.post();
  after.say('again');
  await after.until(() => after.said.length === 2 && after.mismatches[0] > 20);
  t.same(after.said, ['missed', 'again']);
  t.equal(after.mismatches[1], 0, 'it asked for hashes, and they are right');
  await after.until(() => malformed() === 1);
  t.same(heard(bench), ['resume fresh'], 'a page loaded again at once was never away');
});

test('a fresh resume while another is under way follows it, and only the last is answered', async (t) => {
  const bench = await started(t);
  const id = bench.join({ any: true });
  const place = await bench.answer(id);
  bench.paused = true;
  bench.directory.drop(id);
  bench.directory.resume(id, false);
  bench.directory.drop(id);
  bench.directory.resume(id, true);
  bench.directory.resume(id, true);
  bench.directory.resume(id, false);
  await pause(100);
  bench.paused = false;
  const back = await bench.answer(id);
  t.match(back, { kind: 'resumed', fresh: true });
  t.not(back.epoch, place.epoch);
  await pause(100);
  t.equal(bench.outputs.length, 0);
  t.same(heard(bench), ['drop', 'resume same', 'resume fresh'], 'nor was it dropped in between');
  bench.directory.drop(id);
  await bench.until(() => heard(bench).length === 4);
});

test('a game may wait for less; who is away keeps the room open, until it leaves', async (t) => {
  const bench = await started(t);
  const id = bench.join({ create: '{"waitMs":700}' });
  const { roomId } = await bench.answer(id);
  bench.directory.drop(id);
  t.match(await bench.answer(id), { kind: 'wait', ms: 700, sessionId: id });
  await pause(400);
  t.equal(bench.directory.rooms().length, 1, 'longer than an empty room stays open');
  bench.directory.resume(id, false);
  t.match(await bench.answer(id), { kind: 'resumed' });
  bench.directory.drop(id);
  t.match(await bench.answer(id), { kind: 'wait', ms: 700 });
  bench.directory.leave(id, ERROR.E_TIMEOUT);
  await bench.until(() => bench.directory.rooms().length === 0);
  const patient = bench.join({ create: '{}' });
  t.not((await bench.answer(patient)).roomId, roomId);
  bench.directory.drop(patient);
  await pause(100);
  t.equal(bench.outputs.length, 0, 'a game that says nothing waits as long as the server');
});

test('a message to one client arrives there, also when it was away, and nowhere else', async (t) => {
  const bench = await started(t);
  const module = await testCore();
  const [id, other] = [bench.join({ any: true }), bench.join({ any: true })];
  t.notOk(bench.directory.tell(id, Uint8Array.of(MESSAGE.control, 1)), 'not before it is in');
  const page = new Page(bench, module, await bench.answer(id), false);
  const neighbour = new Page(bench, module, await bench.answer(other), false);
  const token = Uint8Array.from({ length: 2000 }, (_, i) => (i === 0 ? MESSAGE.control : i & 0xff));
  t.ok(bench.directory.tell(id, token));
  await page.until(() => page.control.length === 1);
  bench.directory.drop(id);
  t.ok(bench.directory.tell(id, Uint8Array.of(MESSAGE.control, 7)));
  await pause(100);
  bench.directory.resume(id, false);
  t.equal((await bench.answer(id)).kind, 'resumed');
  await page.until(() => page.control.length === 2);
  t.same(page.control, [[...token], [MESSAGE.control, 7]]);
  neighbour.say('hi');
  await neighbour.until(() => neighbour.said.length === 1);
  t.same(neighbour.control, []);
  t.notOk(bench.directory.tell(999, token), 'no seat');
  t.throws(() => bench.directory.tell(id, token.slice(1)), { code: 'E_VALUE' });
  let refused = 0;
  // The worker may take some meanwhile: until it cannot keep up.
  for (let k = 0; k < 100_000 && refused === 0; k += 1)
    refused += bench.directory.tell(id, token) ? 0 : 1;
  t.ok(refused > 0, 'there is an end');
  t.equal(bench.directory.counters.tellsRefused, refused);
  bench.directory.drop(id);
  bench.directory.resume(id, false);
  t.equal((await bench.answer(id)).kind, 'resumed', 'and orders have their space');
});

test('a worker that ends, and a room that closes, while sessions drop and come back: one answer each', async (t) => {
  const bench = await started(t, { workers: 2 });
  const module = await testCore();
  const ids = [0, 1, 2].map(() => bench.join({ any: true }));
  const places = await Promise.all(ids.map((id) => bench.answer(id)));
  const page = new Page(bench, module, places[0] as RoomOutput, false);
  bench.directory.drop(ids[1] as number);
  bench.directory.drop(ids[2] as number);
  const late = bench.join({ any: true });
  for (const worker of bench.directory.workers()) worker.kill('now');
  bench.directory.resume(ids[2] as number, true);
  await bench.until(() => {
    page.post();
    return bench.directory.workers().every((worker) => worker.restarts === 1);
  });
  bench.directory.resume(ids[1] as number, false);
  t.match(await bench.answer(ids[1] as number), { kind: 'resumed', fresh: false });
  t.match(await bench.answer(ids[2] as number), { kind: 'resumed', fresh: true });
  t.match(await bench.answer(late), { kind: 'joined' });
  page.say('hello');
  await page.until(() => page.said.length === 1);
  t.same(page.said, ['hello'], 'who was not away plays on');
  for (const id of [...ids, late]) bench.directory.leave(id, ERROR.E_LEFT);
  await bench.until(() => bench.directory.seats === 0);
  const again = bench.join({ any: true });
  await bench.answer(again);
  bench.directory.drop(again);
  const stopping = bench.directory.stop(0);
  bench.directory.resume(again, true);
  await stopping;
  bench.pump();
  const last = bench.outputs.filter((out) => out.sessionId === again).map((out) => out.kind);
  t.equal(last.at(-1), 'closed');
  t.equal(last.filter((kind) => kind === 'closed').length, 1);
  t.equal(bench.outputs.length, last.length, 'nobody else hears anything');
});

test('random drops, resumes and leaves: each resume is answered, each stay ends once', async (t) => {
  const bench = await started(t, { workers: 2, roomsMax: 4 });
  const ids = await Promise.all(
    Array.from(
      { length: 12 },
      async () => (await bench.answer(bench.join({ any: true }))).sessionId,
    ),
  );
  const state = new Map(ids.map((id) => [id, 'here']));
  const asked = new Map(ids.map((id) => [id, 0]));
  let seed = 4711;
  const random = (n: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % n;
  };
  for (let round = 0; round < 80; round += 1) {
    for (const id of ids) {
      const at = state.get(id);
      const answered = bench.outputs.filter((out) => out.sessionId === id).length;
      if (at === 'gone' || answered < (asked.get(id) ?? 0)) continue;
      if (random(60) === 0) {
        bench.directory.leave(id, ERROR.E_LEFT);
        state.set(id, 'gone');
      } else if (at === 'here' && random(3) === 0) {
        bench.directory.drop(id);
        state.set(id, 'away');
      } else if (at === 'away' && random(3) === 0) {
        bench.directory.resume(id, random(2) === 0);
        asked.set(id, (asked.get(id) ?? 0) + 1);
        state.set(id, 'here');
      }
    }
    await pause(random(15));
  }
  const answers = (id: number): number =>
    bench.outputs.filter((out) => out.sessionId === id).length;
  await bench.until(() =>
    ids.every((id) => state.get(id) === 'gone' || answers(id) === asked.get(id)),
  );
  t.ok(bench.outputs.every((out) => out.kind === 'resumed'));
  t.ok(bench.outputs.length > 40, `${bench.outputs.length} came back`);
  const gone = ids.filter((id) => state.get(id) === 'gone').length;
  await bench.until(() => heard(bench).filter((line) => line === 'leave E_LEFT').length === gone);
  await bench.until(() => bench.directory.seats === ids.length - gone);
});

test('the journal of a room whose players drop and return replays to the same hashes without the game', async (t) => {
  const journalDir = mkdtempSync(join(tmpdir(), 'fray-presence-'));
  const bench = await new DirectoryBench({
    game: GAME,
    journal: { dir: journalDir, hashTicks: 1 },
    hashEveryTick: true,
  }).start();
  const module = await testCore();
  const [id, other] = [bench.join({ any: true }), bench.join({ any: true })];
  const page = new Page(bench, module, await bench.answer(id), false);
  await bench.answer(other);
  page.say('hello');
  await page.until(() => page.said.length === 1);
  for (const fresh of [false, true, true]) {
    bench.directory.drop(id);
    bench.directory.drop(other);
    await pause(150);
    bench.directory.tell(id, Uint8Array.of(MESSAGE.control, 1, 2, 3));
    bench.directory.resume(id, fresh);
    bench.directory.resume(other, !fresh);
    await bench.answer(id);
    await bench.answer(other);
    await pause(50);
  }
  await bench.directory.stop(0);
  const [file = ''] = journalsIn(journalDir);
  const replay = new Replay(readJournal(readFileSync(file)), module);
  const report = replay.play();
  t.match(report, { differs: null, problem: null, end: 'over' });
  t.ok(report.hashes > 30);
  const { epochs } = replay.room;
  t.ok(epochs[0] !== 1 && epochs[1] !== 1, 'the returns are in it');
});
