import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { test } from 'tap';
import { ERROR } from '../../protocol/gen/tables.ts';
import type { Game } from '../../src/client/game.ts';
import { controlsOf, Steer } from '../../src/client/headless/steer.ts';
import {
  angle,
  axis2,
  box,
  button,
  circle,
  defineSchema,
  player,
  projectile,
  text,
  u8,
  u16,
} from '../../src/schema/index.ts';
import { LocalRoom } from './local-room.ts';

const schema = defineSchema({
  name: 'play',
  tickRateHz: 30,
  world: { width: 48, depth: 48 },
  input: { move: axis2(), aim: angle(), fire: button(), dash: button() },
  weapons: {
    gun: projectile({ damage: 20, cooldownMs: 200, speed: 24, lifeMs: 1200, radius: 0.2 }),
  },
  player: {
    shape: circle(0.5),
    viewRadius: 30,
    movement: {
      topSpeed: 7,
      acceleration: 70,
      friction: 50,
      dash: { speed: 20, durationMs: 130, cooldownMs: 1500 },
    },
    fields: { kills: u16({ to: 'room' }), ammo: u8({ to: 'owner' }) },
  },
  kinds: { crate: { shape: box(1, 1), touch: true, fields: { ammo: u8() } } },
  toServer: { chat: { text: text(120) } },
  toClient: { chat: { from: player(), text: text(120) } },
});
type PlayGame = Game<typeof schema>;

const file =
  process.env['FRAY_TEST_CORE'] ?? new URL('../../core-wasm/fray_core.wasm', import.meta.url);
const module = new WebAssembly.Module(readFileSync(file));
const BAD_LINK = 'rtt=100,jitter=20,loss=5,seed=7';

/** Steers games by seeded scripts, one decision per tick. */
function script(games: readonly PlayGame[], seed: number): () => void {
  const steers = games.map(
    (_, i) =>
      new Steer({ seed: seed + i, controls: controlsOf(schema.layout), reach: 12, tickRateHz: 30 }),
  );
  let sinceMs = 0;
  return () => {
    sinceMs += 1;
    if (sinceMs % 33 !== 0) return;
    games.forEach((game, i) => {
      const view = game.view();
      steers[i]?.decide(view.me, view.players);
      game.setInput(steers[i]?.input as never);
    });
  };
}

for (const [link, lost] of [
  ['', 0],
  [BAD_LINK, 0.05],
  ['rtt=60,loss=20,burst=4,reorder=3,duplicate=2,seed=5', 0.2],
] as const) {
  test(`prediction is exact on every tick that nothing from outside touched: link "${link}"`, async (t) => {
    const room = new LocalRoom(module, schema);
    const games = [
      await room.connect(link, { verify: true, cleanJoin: true }),
      await room.connect(link, { verify: true, cleanJoin: true }),
    ];
    room.run(60_000, script(games, 3));
    for (const { stats, status } of games) {
      t.equal(status, 'open');
      t.equal(stats.correctionUnitsFreeMax, 0);
      const met = stats.freeTicks + stats.touchedTicks;
      t.ok(met > 0.96 * stats.snapshots, `${met} of ${stats.snapshots} met a prediction`);
      t.ok(stats.touchedTicks < 0.3 * met, `${stats.touchedTicks} of ${met} ticks touched`);
      t.equal(stats.hashMismatches, 0);
      t.equal(stats.hashChecks, stats.snapshots);
      t.ok(stats.snapshots > 1800 * (1 - lost) * 0.95, `${stats.snapshots} snapshots`);
      t.equal(stats.malformed, 0);
    }
    for (const game of games) game.close();
  });
}

test('with prediction switched off the same run is corrected', async (t) => {
  const room = new LocalRoom(module, schema);
  const game = await room.connect(BAD_LINK);
  game.predict(false);
  room.run(20_000, script([game], 3));
  t.ok(game.stats.corrections > 50, `${game.stats.corrections} corrections`);
  t.ok(game.stats.correctionUnitsFreeMax > 0);
  game.close();
});

test('the own player moves with the key, others one interpolation delay and a trip later', async (t) => {
  const room = new LocalRoom(module, schema);
  const [mine, theirs] = [await room.connect('rtt=100'), await room.connect('rtt=100')];
  room.run(3000);
  const place = (game: PlayGame, id: number) =>
    game.view(room.time.nowMs()).players.find((one) => one.id === id)?.x ?? Number.NaN;
  const from = place(theirs, mine.playerId);
  const ownFrom = mine.view(room.time.nowMs()).me?.x ?? Number.NaN;
  t.ok(Number.isFinite(from) && Math.abs(from - ownFrom) < 0.02, `${from} seen, ${ownFrom} own`);
  mine.setInput({ move: { x: 1, y: 0 } });
  let [ownMs, seenMs] = [0, 0];
  const pressedMs = room.time.nowMs();
  room.run(1000, () => {
    const nowMs = room.time.nowMs();
    if (ownMs === 0 && (mine.view(nowMs).me?.x ?? 0) > ownFrom + 0.02) ownMs = nowMs - pressedMs;
    if (seenMs === 0 && place(theirs, mine.playerId) > from + 0.02) seenMs = nowMs - pressedMs;
  });
  t.ok(ownMs > 0 && ownMs < 80, `own after ${ownMs} ms`);
  const [shownOwn, shownOther] = [new Set<number>(), new Set<number>()];
  room.run(300, () => {
    shownOwn.add(mine.view(room.time.nowMs()).me?.x ?? 0);
    shownOther.add(place(theirs, mine.playerId));
  });
  t.ok(
    shownOwn.size > 150,
    `the own player moves between ticks: ${shownOwn.size} places in 300 frames`,
  );
  t.ok(shownOther.size > 150, `others too: ${shownOther.size}`);
  t.ok(seenMs > 150 && seenMs < 100 + 100 + 3.5 * 33, `seen after ${seenMs} ms`);
  mine.close();
  theirs.close();
});

test('own shots show at once, marked as predicted, and are never shown twice', async (t) => {
  const room = new LocalRoom(module, schema);
  const game = await room.connect('rtt=120');
  room.run(2000);
  let [shots, firstMs, most, lastX, back] = [0, 0, 0, -100, 0];
  game.on('event', (event) => {
    if (event.kind === 'shot' && event.own) shots += 1;
  });
  const pressedMs = room.time.nowMs();
  game.setInput({ aim: 0, fire: true });
  room.run(60);
  game.setInput({ fire: false });
  room.run(900, () => {
    const bolts = game.view(room.time.nowMs()).entities.filter((one) => one.kind === 'projectile');
    most = Math.max(most, bolts.length);
    if (bolts.some((one) => one.predicted) && firstMs === 0)
      firstMs = room.time.nowMs() - pressedMs;
    for (const bolt of bolts) {
      if (bolt.x < lastX || !(bolt.kind === 'projectile' && bolt.own)) back += 1;
      lastX = bolt.x;
    }
  });
  t.equal(shots, 1, 'one shot, told once');
  t.equal(most, 1, 'never twice at the same time');
  t.ok(firstMs > 0 && firstMs < 80 + 60, `shown after ${firstMs} ms`);
  t.equal(back, 0, "it flies forward all the way, also when the server's entity is known");
  t.ok(lastX > 0, `as far as ${lastX}`);
  game.close();
});

test('messages arrive exactly once and in order on a bad link; a full channel says so', async (t) => {
  const room = new LocalRoom(module, schema);
  const [one, two] = [
    await room.connect(BAD_LINK),
    await room.connect('rtt=100,loss=20,burst=3,seed=3'),
  ];
  const heard: string[] = [];
  two.onMessage('chat', ({ from, text }) => heard.push(`${from === one.playerId}:${text}`));
  const said: string[] = [];
  for (let i = 0; i < 100; i += 1) {
    one.send('chat', { text: `line ${i}` });
    said.push(`true:line ${i}`);
    room.run(100);
  }
  room.run(5000);
  t.same(heard, said);
  t.throws(
    () => {
      for (let i = 0; i < 10_000; i += 1) one.send('chat', { text: 'x'.repeat(120) });
    },
    { code: 'E_CHANNEL_FULL' },
  );
  t.throws(() => one.send('chat', { text: 'x'.repeat(121) }), { code: 'E_MESSAGE_TOO_LONG' });
  t.throws(() => one.send('shout' as 'chat', { text: '' }), { code: 'E_MESSAGE_UNKNOWN' });
  t.throws(() => one.onMessage('shout' as 'chat', () => undefined), { code: 'E_MESSAGE_UNKNOWN' });
  t.throws(() => one.on('shout' as 'event', () => undefined), { code: 'E_VALUE' });
  t.throws(() => one.setInput({ jump: true } as never), { code: 'E_VALUE' });
  one.close();
  t.throws(() => one.send('chat', { text: '' }), { code: 'E_CLOSED' });
  two.close();
});

test('roster, sight and death are told', async (t) => {
  const room = new LocalRoom(module, schema);
  const first = await room.connect();
  const told: string[] = [];
  first.on('joined', (one) => told.push(`joined ${one.name}`));
  first.on('enter', (one) => told.push(`enter ${one.handle === room.handle(1)}`));
  first.on('leave', (one) => told.push(`leave ${one.handle === room.handle(1)}`));
  first.on('event', (event) => told.push(`${event.kind} ${event.object === room.handle(1)}`));
  room.run(500);
  told.length = 0;
  const second = await room.connect();
  room.run(1000);
  t.same(told, ['joined player 1', 'enter true']);
  t.same(
    first.roster.map(({ name, own }) => ({ name, own })),
    [
      { name: 'player 0', own: true },
      { name: 'player 1', own: false },
    ],
  );
  told.length = 0;
  room.damage(room.handle(1), room.handle(0), 1000);
  room.run(600);
  t.equal(second.view(room.time.nowMs()).me?.alive, false);
  room.run(1500);
  t.equal(second.view(room.time.nowMs()).me?.alive, true);
  t.ok(told.includes('death true'), told.join());
  t.ok(told.includes('leave true'), 'the dead are out of sight');
  first.on('left', (one) => told.push(`left ${one.name}`));
  second.close();
  room.run(500);
  t.ok(told.includes('left player 1'), told.join());
  t.equal(first.roster.length, 1);
  first.close();
});

test("things of the author's kinds come with their fields", async (t) => {
  const room = new LocalRoom(module, schema);
  const game = await room.connect();
  room.spawn(3, 3, -3);
  room.run(1000);
  const crate = game.view(room.time.nowMs()).entities.find((one) => one.kind === 'crate');
  t.match(crate, { kind: 'crate', x: 3, y: -3, predicted: false });
  game.close();
});

test('a hidden tab stays in the room and shows the present at once when it comes back', async (t) => {
  const room = new LocalRoom(module, schema);
  const game = await room.connect('rtt=60,jitter=10');
  const other = await room.connect();
  room.run(3000, script([other], 5));
  room.pacer.asleep = true;
  const commands = game.stats.commands;
  const packets = game.stats.packetsOut;
  room.run(60_000, script([other], 6));
  t.ok(
    game.stats.commands - commands > 1700,
    `${game.stats.commands - commands} commands from messages alone`,
  );
  t.ok(game.stats.packetsOut - packets > 60);
  t.equal(game.status, 'open');
  const view = game.view(room.time.nowMs());
  t.ok(
    game.stats.bufferTicks > 0 && game.stats.bufferTicks < 6,
    `${game.stats.bufferTicks} ticks of buffer`,
  );
  t.ok(Math.abs(room.core.tick - view.tick) < 3 + 6);
  game.close();
  other.close();
});

test('what arrives before the author could listen is handed out afterwards', async (t) => {
  const room = new LocalRoom(module, schema);
  const first = await room.connect();
  room.run(200);
  const second = await room.connect('', { stepMs: 150 });
  t.ok(second.stats.snapshots > 1, `${second.stats.snapshots} snapshots in the turn of connect`);
  first.close();
  second.close();
});

test('a link can be put in and taken out while running', async (t) => {
  const room = new LocalRoom(module, schema);
  const game = await room.connect();
  game.link({ rtt: 150, loss: 5 });
  t.equal(game.stats.link, 'rtt=150,loss=5');
  game.link('');
  t.equal(game.stats.link, '');
  t.throws(() => game.link({ loss: 101 }), { code: 'E_CONFIG' });
  game.close();
  game.link({ rtt: 1 });
});

test('every end of a game is told once, with its reason', async (t) => {
  const room = new LocalRoom(module, schema);
  const kicked = await room.connect();
  const told: unknown[] = [];
  kicked.on('status', (status, error) => told.push([status, error?.code]));
  room.kick(0, ERROR.E_KICKED);
  room.run(200);
  t.same(told, [['closed', 'E_KICKED']]);
  t.equal(kicked.error?.code, 'E_KICKED');
  kicked.close();
  t.equal(told.length, 1);
  const left = await room.connect();
  left.on('status', (status, error) => told.push([status, error]));
  left.close();
  left.close();
  t.same(told[1], ['closed', undefined]);
  t.ok(left.view(room.time.nowMs()), 'the last view can still be read');
  const silent = await room.connect();
  room.stalled = true;
  room.run(12_000);
  t.equal(silent.error?.code, 'E_TIMEOUT');
});

test('frames between two ticks make no garbage with the real core', async (t) => {
  const room = new LocalRoom(module, schema);
  const [game, other] = [await room.connect(), await room.connect()];
  room.run(2000, script([game, other], 9));
  const nowMs = room.time.nowMs();
  const cells = new Float64Array(1);
  const times: readonly unknown[] = [
    'time',
    ...Array.from({ length: 1000 }, (_, i) => nowMs + i * 1e-6),
  ];
  let next = 0;
  const frame = () => {
    next = (next % 1000) + 1;
    const view = game.view(times[next] as number);
    let sum = 0;
    for (const one of view.players) sum += one.x + one.y + one.aim;
    cells[0] = sum;
  };
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  for (let i = 0; i < 30_000; i += 1) frame();
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round += 1) {
    gc();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 20_000; i += 1) frame();
    least = Math.min(least, (process.memoryUsage().heapUsed - before) / 20_000);
  }
  t.ok(least < 1, `${least} bytes per frame`);
  game.close();
  other.close();
});
