/** Rooms whose core traps: a fresh instance goes on where the old one was, from shadow copy and records. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineGame } from 'fray/plugin';
import { angle, axis2, button, circle, defineSchema, u16 } from 'fray/schema';
import { type Test, test } from 'tap';
import { ShardHost } from '../../bench/shard-host.ts';
import { ClientCore } from '../../core-wasm/bindings/client.ts';
import type { RoomCore } from '../../core-wasm/bindings/room.ts';
import { ERROR, InputCommand } from '../../protocol/gen/tables.ts';
import { ANSWER, DATA } from '../../src/mailbox/messages.ts';
import { Replay } from '../../src/room/replay.ts';
import { readJournal } from '../../workers/journal-file.ts';
import { STAGE } from '../../workers/journal-format.ts';
import { testCore } from '../room/bench.ts';

const schema = defineSchema({
  name: 'trapped',
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

/** Ticks that `onTick` was called with, by room. */
const seen = new Map<string, number[]>();

const game = defineGame(schema, {
  options: { playersMax: 8, botsYield: false },
  onCreate(room) {
    seen.set(room.id, []);
    room.addBot();
  },
  onJoin(room, player) {
    room.place(player, room.freePlace());
  },
  onTick(room) {
    seen.get(room.id)?.push(room.tick);
    room.state.sum = (room.state.sum * 31 + room.randomInt(1000)) & 0xffff;
    if (room.tick % 20 === 0) room.addBot();
    for (const player of room.players) player.score = (player.score + room.state.sum) & 0xffff;
    const [first] = [...room.players];
    if (room.tick % 50 === 0 && first !== undefined) room.removeBot(first);
  },
  botInput(room, bot) {
    return { move: { x: Math.cos(room.tick / 9 + bot.x), y: 1 }, aim: room.tick, fire: false };
  },
});

const module = await testCore();

/** A real trap of a real instance. */
const trap = new WebAssembly.Instance(
  new WebAssembly.Module(
    Uint8Array.of(
      ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0],
      ...[7, 5, 1, 1, 116, 0, 0, 10, 5, 1, 3, 0, 0, 11],
    ),
  ),
).exports['t'] as () => void;

/** From now on the core traps in `stage` where `when` says so, and leaves its memory in ruins. */
function plant(core: RoomCore, stage: 'begin' | 'end', when: (length: number) => boolean): void {
  const whole = core[stage].bind(core);
  core[stage] = (length: number): number => {
    if (!when(length)) return whole(length);
    core.region().fill(0xa5, 100);
    trap();
    return 0;
  };
}

function hostIn(t: Test): { host: ShardHost; dir: string } {
  const dir = mkdtempSync(join(tmpdir(), 'fray-recovery-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  const sizes = { playersMax: 8, entitiesMax: 64, roomsMax: 2 };
  return { host: new ShardHost(module, game, { ...sizes, journalDir: dir }), dir };
}

/** State hash after each tick of a room, as long as `ticks` turns of it take. */
function hashes(host: ShardHost, row: number, ticks: number): Map<number, string> {
  const core = host.core(row);
  const found = new Map<number, string>();
  for (let guard = 0; guard < 4 * ticks && core.tick < ticks; guard += 1) {
    host.turn();
    core.stateHash();
    found.set(core.tick, `${core.stateHashHigh}:${core.stateHashLow}`);
  }
  return found;
}

function started(t: Test, rooms = 1): { host: ShardHost; dir: string } {
  const { host, dir } = hostIn(t);
  for (let row = 0; row < rooms; row += 1) host.open(row, { seed: 7 + row });
  host.turn();
  return { host, dir };
}

test('a room whose core trapped goes on as if it had not, and its hooks see each tick once', async (t) => {
  const calm = hashes(started(t).host, 0, 200);
  const { host, dir } = started(t);
  const left = { begin: [2, 3, 61, 62, 150], end: [4, 30, 100, 101, 188] };
  for (const stage of ['begin', 'end'] as const) {
    const core = host.core(0);
    plant(core, stage, () => {
      const tick = core.tick + (stage === 'begin' || core.tick === 0 ? 1 : 0);
      if (left[stage][0] !== tick) return false;
      left[stage].shift();
      return true;
    });
  }
  seen.clear();
  seen.set('room0', []);
  const troubled = hashes(host, 0, 200);
  t.same(left, { begin: [], end: [] }, 'all traps were met');
  t.same(
    [...troubled],
    [...calm].filter(([tick]) => troubled.has(tick)),
  );
  t.equal(troubled.size, calm.size);
  const ticks = seen.get('room0') ?? [];
  t.same(
    ticks,
    [...ticks.keys()].map((k) => (ticks[0] ?? 0) + k),
    'no tick twice, none backwards',
  );
  t.equal(host.timing.counter('roomsRecovered'), 10);
  t.ok(host.timing.counter('shadows') >= 3, `${host.timing.counter('shadows')} copies`);
  host.close(0, ERROR.E_ROOM_CLOSED);
  host.turn();
  const [name = ''] = readdirSync(dir);
  t.match(new Replay(readJournal(readFileSync(join(dir, name))), module).play(), {
    end: 'over',
    differs: null,
  });
});

test('what traps with a packet is tried again without the packets of its tick', async (t) => {
  const { host, dir } = started(t);
  const core = host.core(0);
  host.join(1, 0);
  const client = ClientCore.create(module, schema.config({ playersMax: 8, entitiesMax: 64 }));
  for (let guard = 0; guard < 20; guard += 1) {
    host.turn();
    const [place] = host.answers();
    if (place === undefined) continue;
    const { playerId, handle, tick } = place;
    client.join({ playerId, handle, epoch: 1, tick, verify: false });
    break;
  }
  let trapped = 0;
  plant(core, 'begin', (length) => {
    // In every try with a packet in it: records of that kind are the longest.
    if (core.tick < 50 || trapped > 1 || length < 40) return false;
    trapped += 1;
    return true;
  });
  for (let turn = 0; turn < 60; turn += 1) {
    client.command.setUint32(InputCommand.tick, core.tick + 3, true);
    client.command.setInt8(InputCommand.moveX, 100);
    client.sample();
    const bytes = client.packet(core.tick + 3);
    host.io.inbox.tryWrite(DATA.packet, 1, host.nowUs, client.packetBytes, 0, bytes);
    host.turn();
    while (host.io.outbox.next()) client.receive(host.io.outbox.payload().slice());
    host.io.outbox.release();
  }
  t.equal(trapped, 2);
  t.ok(core.tick > 60, `it plays on: tick ${core.tick}`);
  t.equal(host.timing.counter('traps'), 2);
  t.equal(host.timing.counter('leaves'), 0);
  host.close(0, ERROR.E_ROOM_CLOSED);
  host.turn();
  const file = readFileSync(join(dir, readdirSync(dir)[0] ?? ''));
  const stages = [...readJournal(file).entries()].map(({ stage }) => stage);
  t.equal(stages.filter((stage) => stage === STAGE.anew).length, 1);
  const report = new Replay(readJournal(file), module).play();
  t.match(report, { end: 'over', differs: null, problem: null });
});

test('a room that traps three times in one tick is closed; its journal stays, others do not notice', async (t) => {
  const calm = hashes(started(t, 2).host, 1, 120);
  const { host, dir } = started(t, 2);
  host.join(5, 0);
  const core = host.core(0);
  plant(core, 'end', () => core.tick === 70);
  const other = hashes(host, 1, 120);
  t.same(
    [...other],
    [...calm].filter(([tick]) => other.has(tick)),
  );
  t.equal(host.timing.counter('traps'), 3);
  t.equal(host.timing.counter('roomsFaulted'), 1);
  const told: [number, number, number][] = [];
  while (host.io.answers.next())
    told.push([host.io.answers.kind, host.io.answers.id, host.io.answers.arg]);
  t.same(told.slice(-2), [
    [ANSWER.left, 5, ERROR.E_ROOM_FAULT],
    [ANSWER.closed, 0, ERROR.E_ROOM_FAULT],
  ]);
  const name = readdirSync(dir).find((file) => file.startsWith('room0')) ?? '';
  const report = new Replay(readJournal(readFileSync(join(dir, name))), module).play();
  t.match(report, { end: 'over', code: ERROR.E_ROOM_FAULT, differs: null });
  t.equal(report.lastTick, 71, 'all of it can be played');
});
