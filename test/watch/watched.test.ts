/** A journal that is watched, without a page: what is shown is what the room held, wherever one goes and whoever looks. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { ShardHost } from '../../bench/shard-host.ts';
import { RoomCore } from '../../core-wasm/bindings/room.ts';
import { walls } from '../../games/arena/map.ts';
import { arena } from '../../games/arena/schema.ts';
import game from '../../games/arena/server.ts';
import { outpost } from '../../games/outpost/schema.ts';
import { ERROR } from '../../protocol/gen/tables.ts';
import { Replay } from '../../src/room/replay.ts';
import { watch } from '../../src/watch/index.ts';
import type { Watched } from '../../src/watch/watched.ts';
import { JournalFile, readJournal } from '../../workers/journal-file.ts';
import { STAGE } from '../../workers/journal-format.ts';
import { testCore } from '../room/bench.ts';
import { type Place, playersAt, replayed } from './truth.ts';

const module = await testCore();
const TICKS = 900;
const file = record();

/** 30 s of the arena with 12 bots: the journal, closed. */
function record(): Uint8Array {
  const journalDir = mkdtempSync(join(tmpdir(), 'fray-watch-'));
  const host = new ShardHost(module, game, { playersMax: 16, entitiesMax: 128, journalDir });
  host.open(0, { seed: 5, bots: 12 });
  host.turn();
  for (const core = host.core(0); core.tick < TICKS; ) host.turn();
  host.close(0, ERROR.E_ROOM_CLOSED);
  host.turn();
  const [name = ''] = readdirSync(journalDir);
  const whole = readJournal(readFileSync(join(journalDir, name)));
  const path = join(journalDir, 'flushed');
  const copy = new JournalFile(path, whole.head);
  let count = 0;
  for (const { stage, tick, bytes } of whole.entries()) {
    if (stage === STAGE.hash && tick % 30 !== 0) continue;
    const words = new Int32Array(Math.ceil(bytes.length / 4));
    new Uint8Array(words.buffer).set(bytes);
    copy.append(stage, tick, { words, from: 0, bytes: bytes.length });
    count += 1;
    // As a server writes it, twenty blocks a second: they begin and end anywhere in a tick.
    if (count % 5 === 0) copy.flush();
  }
  copy.flush();
  copy.close();
  const made = new Uint8Array(readFileSync(path));
  rmSync(journalDir, { recursive: true });
  return made;
}

type Film = Watched<typeof arena>;

async function open(t: Test, bytes = file): Promise<Film> {
  const film = await watch(bytes, { schema: arena, wasm: module, bar: null });
  t.teardown(() => film.close());
  return film;
}

/** Calls `view` at 60 Hz of a clock of our own until it says so. */
function turn(film: Film, clock: { nowMs: number }, until: () => boolean): void {
  for (let guard = 0; guard < 100_000 && !until(); guard += 1) {
    clock.nowMs += 1000 / 60;
    film.view(clock.nowMs);
  }
}

function goTo(film: Film, tick: number): void {
  film.seek(tick);
  for (let guard = 0; guard < 10_000 && film.seeking; guard += 1) film.view();
}

const truth = (tick: number): Place[] => playersAt(file, module, tick);

/** Living players as they are shown; the own one is there when it is dead, too. */
function shown(film: Film, nowMs?: number): Place[] {
  const living = film.view(nowMs).players.filter(({ alive }) => alive);
  const places = living.map(({ handle, x, y, z, health }) => ({ handle, x, y, z, health }));
  return places.sort((a, b) => a.handle - b.handle);
}

/** How many ticks any room plays meanwhile. */
function countTicks(run: () => void): number {
  const { begin } = RoomCore.prototype;
  let count = 0;
  RoomCore.prototype.begin = function counted(length) {
    count += 1;
    return begin.call(this, length);
  };
  run();
  RoomCore.prototype.begin = begin;
  return count;
}

/** Until the journal is read to its end. */
async function read(film: Film): Promise<void> {
  for (let guard = 0; guard < 2000 && film.report === null; guard += 1)
    await new Promise((resolve) => setTimeout(resolve, 5));
}

test('a journal is read and verified; what is shown at a tick is the state of the room, there and back', async (t) => {
  const film = await open(t);
  film.pause();
  film.seesAll = true;
  t.equal(film.lastTick, TICKS, 'known before it is read');
  goTo(film, 1);
  const seen = film
    .view(0)
    .walls.map(({ x, y, width, depth }) => [x, y, width, depth].map(rounded));
  const set = walls.map(({ x, y, width, depth }) => [x, y, width, depth].map(rounded));
  t.same(seen, set, 'walls that onCreate has set up');
  for (const tick of [1, 400, 399, 30, 900, 0, 655]) {
    goTo(film, tick);
    t.equal(film.tick, tick);
    t.same(shown(film), truth(tick), `tick ${tick}`);
  }
  await read(film);
  t.match(film.report, { differs: null, problem: null, end: 'over', lastTick: TICKS });
  for (const tick of [880, 12, 333, 334]) {
    goTo(film, tick);
    t.same(shown(film), truth(tick), `tick ${tick}, with places kept`);
  }
  for (const tick of [890, 70, 611]) {
    const played = countTicks(() => goTo(film, tick));
    t.ok(played <= 62, `${played} ticks were played to get to ${tick}`);
  }
  goTo(film, TICKS + 500);
  t.equal(film.tick, TICKS, 'not beyond the end');
  goTo(film, -3);
  t.equal(film.tick, film.firstTick, 'nor before the beginning');
});

test('time goes as it is told: speed, pause, the end; between two ticks things are between', async (t) => {
  const film = await open(t);
  const clock = { nowMs: 1000 };
  film.view(clock.nowMs);
  film.seesAll = true;
  turn(film, clock, () => clock.nowMs >= 3000);
  t.ok(Math.abs(film.tick - 60) < 1.5, `two seconds: tick ${film.tick}`);
  film.speed = 8;
  turn(film, clock, () => clock.nowMs >= 4000);
  t.ok(Math.abs(film.tick - 300) < 6, `a second at 8: tick ${film.tick}`);
  film.speed = 0.25;
  turn(film, clock, () => film.tick % 1 > 0.3 && film.tick % 1 < 0.7);
  const { tick } = film;
  const part = tick % 1;
  const [before, after] = [truth(Math.floor(tick)), truth(Math.ceil(tick))];
  let moved = 0;
  for (const place of shown(film, clock.nowMs)) {
    const a = before.find(({ handle }) => handle === place.handle);
    const b = after.find(({ handle }) => handle === place.handle);
    if (!a || !b || Math.hypot(a.x - b.x, a.y - b.y) > 1) continue;
    moved += a.x === b.x ? 0 : 1;
    const wanted = a.x + (b.x - a.x) * part;
    t.ok(Math.abs(place.x - wanted) < 2 / 65536, `${place.x} is between ${a.x} and ${b.x}`);
  }
  t.ok(moved > 3, `${moved} players moved`);
  film.pause();
  const still = film.tick;
  turn(film, clock, () => clock.nowMs >= 60_000);
  t.equal(film.tick, still, 'paused');
  film.speed = 16;
  film.play();
  turn(film, clock, () => !film.playing);
  t.equal(film.tick, TICKS, 'it stops at the end');
  film.play();
  turn(film, clock, () => !film.seeking);
  t.ok(film.tick < 30, 'and begins anew');
  t.throws(
    () => {
      film.speed = 0;
    },
    { code: 'E_VALUE' },
  );
});

test('through the eyes of a player one sees whom it was sent, itself, and hears what it was told', async (t) => {
  const film = await open(t);
  film.pause();
  goTo(film, 600);
  t.equal(film.roster.length, 12);
  for (const { id, handle, name } of film.roster) {
    film.watch(id);
    t.equal(film.playerId, id);
    const view = film.view();
    t.equal(view.me?.handle, handle, `${name} is the own player`);
    t.equal(film.roster.filter(({ own }) => own).length, 1);
    t.equal(view.me?.name, name);
    const { room } = replayed(file, module, 600);
    const slot = id & 0xffff;
    const sees = (index: number): boolean =>
      ((room.visible[slot * room.setWords + (index >> 5)] ?? 0) & (1 << (index & 31))) !== 0;
    const wanted = truth(600).filter((one) => one.handle === handle || sees(one.handle & 0xffff));
    t.same(shown(film), wanted);
  }
  film.watch(123456);
  t.ok(film.view().me, 'who is not there is not watched');
});

test('events and messages come with the tick that is shown; marks name who died', async (t) => {
  const film = await open(t);
  const clock = { nowMs: 0 };
  film.view(clock.nowMs);
  film.seesAll = true;
  const heard: string[] = [];
  const died: number[] = [];
  let early = 0;
  film.on('event', (event) => {
    heard.push(event.kind);
    if (event.kind === 'death') died.push(event.tick);
    if (event.tick > film.tick) early += 1;
  });
  let kills = 0;
  film.onMessage('kill', () => {
    kills += 1;
  });
  film.speed = 4;
  turn(film, clock, () => !film.playing);
  await read(film);
  const count = (kind: string): number => heard.filter((one) => one === kind).length;
  t.ok(count('shot') > 50, `${count('shot')} shots`);
  t.ok(count('hit') > 5, `${count('hit')} hits`);
  t.equal(early, 0, 'none before its tick');
  const deaths = film.marks.length;
  t.ok(deaths > 0, `${deaths} deaths`);
  // Those of the last tick would be told in the next.
  const marked = film.marks.map(({ tick }) => tick);
  t.same(
    marked,
    died.filter((tick) => tick < TICKS),
    'they stand where they were seen',
  );
  t.equal(kills, deaths, 'the game said each to everybody');
  const names = new Set(film.roster.map(({ name }) => name));
  t.ok(film.marks.every(({ victim, attacker }) => names.has(victim) && names.has(attacker)));
});

test('where another process went on with a room, one comes from the last tick before it to the first after it', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'fray-watch-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  const sizes = { playersMax: 8, entitiesMax: 128, journalDir: dir, checkpointMs: 1500 };
  const killed = new ShardHost(module, game, sizes);
  killed.open(0, { seed: 5, bots: 6 });
  for (let k = 0; k < 150; k += 1) killed.turn();
  const path = join(dir, readdirSync(dir)[0] ?? '');
  const host = new ShardHost(module, game, sizes);
  const order = { row: 0, owner: 0, id: 'room0', seed: 5n, epoch: 2, bots: 6, optionsJson: '' };
  const bare = { shadow: undefined, tick: 0, bareTick: -1, dueUs: null, code: 0, seats: [] };
  const recovery = host.shard.takeOver({ order, file: path, ...bare });
  t.type(recovery, 'object', host.logs.join());
  for (let k = 0; k < 120; k += 1) host.turn();
  const bytes = new Uint8Array(readFileSync(path));

  const ticks: number[] = [];
  const replay = new Replay(readJournal(bytes), module);
  while (replay.next()) ticks.push(replay.tick);
  const gap = ticks.findIndex((tick, k) => tick > (ticks[k - 1] ?? tick) + 1);
  const [last, first] = [ticks[gap - 1] ?? 0, ticks[gap] ?? 0];
  t.ok(first > last + 30, `nothing between ticks ${last} and ${first}`);

  const film = await open(t, bytes);
  const clock = { nowMs: 0 };
  film.view(clock.nowMs);
  film.seesAll = true;
  const between: number[] = [];
  turn(film, clock, () => {
    if (film.tick > last && film.tick < first) between.push(film.tick);
    return !film.playing;
  });
  t.equal(film.tick, ticks.at(-1));
  t.ok(Math.max(0, ...between) < last + 1, 'what is not there is not shown for seconds');
  t.ok(clock.nowMs < ((ticks.length + 20) * 1000) / 30, `${clock.nowMs} ms`);
  await read(film);
  t.match(film.report, { differs: null, problem: null, resumptions: 1 });
  for (const [wanted, there] of [
    [last, last],
    [last + 9, first],
    [first, first],
    [first + 31, first + 31],
    [last - 31, last - 31],
  ] as const) {
    goTo(film, wanted);
    t.equal(film.tick, there);
    t.same(shown(film, clock.nowMs), playersAt(bytes, module, there), `tick ${there}`);
  }
});

test('what is no journal, of another game, of another core or damaged is said with a code', async (t) => {
  const options = { schema: arena, wasm: module, bar: null };
  const refused = (bytes: Uint8Array) => watch(bytes, options);
  await t.rejects(refused(new Uint8Array(0)), { code: 'E_MALFORMED' });
  await t.rejects(refused(new TextEncoder().encode('<html>no journal</html>'.repeat(20))), {
    code: 'E_MALFORMED',
  });
  await t.rejects(refused(file.slice(0, 200)), { code: 'E_MALFORMED' });
  const other = watch(file, { schema: outpost as never, wasm: module, bar: null });
  await t.rejects(other, { code: 'E_SCHEMA_MISMATCH', message: /another|schema/ });
  await t.rejects(watch('http://127.0.0.1:9/none', options), { code: 'E_CONFIG' });

  const wrong = file.slice();
  const at = Math.floor(wrong.length * 0.6);
  wrong[at] = (wrong[at] ?? 0) ^ 4;
  const film = await open(t, wrong);
  await read(film);
  t.match(film.report, { end: 'damaged', problem: /Cannot read the journal beyond tick \d+/ });
  const last = film.report?.lastTick ?? 0;
  t.ok(last > 100 && last < TICKS, `good up to tick ${last}`);
  t.equal(film.lastTick, last);
  film.pause();
  film.seesAll = true;
  goTo(film, TICKS);
  t.equal(film.tick, last);
  t.same(shown(film), truth(last), 'and what is good is shown');
});

/** What the core keeps in 1/65536 unit, as the author wrote it. */
function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
