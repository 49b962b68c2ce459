/** `fray/testing` as an author uses it: by its name, on the games of these tests. */
import { testRoom } from 'fray/testing';
import t from 'tap';
import type { GameHooks } from '../../src/plugin/game.ts';
import { defineGame } from '../../src/plugin/index.ts';
import { defineSchema, u8 } from '../../src/schema/index.ts';
import { brawl, ledger } from './games.ts';

type Hooks = GameHooks<typeof ledger, Record<never, never>>;
const game = (hooks: Hooks) => defineGame(ledger, hooks);
/** Everybody stands in a row, 4 units apart. */
const inRow: Hooks = {
  onJoin: (room, p) => room.place(p, { x: p.slot * 4 - 8, y: 0 }, { aim: 0 }),
};

t.test(
  'who joins is in with the next tick, walks by its input and sees others where they are',
  (t) => {
    const room = testRoom(game(inRow));
    const ann = room.join({ name: 'Ann' });
    const bob = room.join({ name: 'Bob' });
    t.equal(ann.status, 'joining');
    t.throws(() => ann.view(), { code: 'E_CLOSED' });
    room.tick();
    t.match([ann.status, bob.status], ['in', 'in']);
    t.match(ann.view().me, { x: -8, y: 0, alive: true, name: 'Ann' });
    ann.input({ move: { x: 0, y: 1 } });
    room.tick(30);
    const y = ann.view().me?.y ?? 0;
    t.ok(y > 3, `${y}`);
    const seen = bob.view().players.find(({ name }) => name === 'Ann');
    t.ok(
      Math.abs((seen?.y ?? 0) - y) < 0.01,
      'at the same moment, but for the rounding of the wire',
    );
    const inside = room.run((hook) => hook.player(ann.id)?.y);
    t.equal(ann.view().me?.y, inside, 'nothing was predicted that is not so');
    ann.input({ move: { x: 0, y: 0 } });
    room.tick(30);
    const rest = ann.view().me?.y;
    t.equal(room.tick(10) && ann.view().me?.y, rest);
    t.same(
      bob.roster.map(({ name }) => name),
      ['Ann', 'Bob'],
    );
    t.end();
  },
);

t.test('a page sees the walls of its schema and those of its room', (t) => {
  const walled = defineSchema({
    name: 'walled',
    world: { width: 40, depth: 40, walls: [{ x: 3, y: 4, width: 2, depth: 1, height: 1.5 }] },
    input: {},
  });
  const room = testRoom(
    defineGame(walled, {
      onCreate(inside) {
        inside.addWalls([{ x: -7, y: 0.5, width: 1, depth: 6, z: 1 }]);
      },
    }),
  );
  const ann = room.join();
  room.tick(3);
  t.same(ann.view().walls, [
    { x: 3, y: 4, z: 0, width: 2, depth: 1, height: 1.5 },
    { x: -7, y: 0.5, z: 1, width: 1, depth: 6, height: 0 },
  ]);
  t.end();
});

t.test('shots hit, events are told, deaths come as events and as hooks', (t) => {
  const deaths: string[] = [];
  const room = testRoom(
    game({
      ...inRow,
      onDeath: (_room, { victim, attacker }) =>
        void deaths.push(`${attacker?.name} > ${victim.name}`),
    }),
  );
  const ann = room.join({ name: 'Ann' });
  const bob = room.join({ name: 'Bob' });
  room.tick(2);
  ann.input({ aim: 0, fire: true });
  room.tick(60);
  t.same(deaths, ['Ann > Bob']);
  const kinds = (player: typeof ann) => [...new Set(player.events.map(({ kind }) => kind))].sort();
  t.same(kinds(ann), ['death', 'hit', 'shot']);
  t.same(kinds(bob), ['death', 'hit', 'shot']);
  t.match(bob.view().me, { alive: false });
  t.end();
});

t.test('messages go both ways, once and in order', (t) => {
  const room = testRoom(
    game({
      ...inRow,
      onMessage: {
        chat: (inside, from, { text }) => inside.broadcast('chat', { from: from.id, text }),
      },
    }),
  );
  const ann = room.join();
  const bob = room.join();
  room.tick();
  ann.send('chat', { text: 'one' });
  ann.send('chat', { text: 'two' });
  t.throws(() => ann.send('chat', { text: 'x'.repeat(41) }), { code: 'E_MESSAGE_TOO_LONG' });
  room.tick(3);
  for (const player of [ann, bob])
    t.same(player.received('chat'), [
      { from: ann.id, text: 'one' },
      { from: ann.id, text: 'two' },
    ]);
  t.match(bob.messages[0], { name: 'chat', value: { text: 'one' }, tick: 2 });
  t.end();
});

t.test('timers ring, fields that no client is told are read inside', (t) => {
  const rung: number[] = [];
  const room = testRoom(
    game({
      onJoin(inside, p) {
        p.secret = 7;
        inside.after(10, 'ring', { who: p.id, n: 5, loud: true, dir: 0 });
      },
      onTimer: { ring: (inside, { n }) => void rung.push(inside.tick, n) },
    }),
  );
  const ann = room.join();
  room.tick(10);
  t.same(rung, []);
  room.tick(2);
  t.same(rung, [11, 5]);
  t.equal(
    room.run((inside) => inside.player(ann.id)?.secret),
    7,
  );
  t.equal(
    room.run((inside) => (inside.state.total = 12)) && room.tick() && ann.view().room.total,
    12,
  );
  t.end();
});

t.test('leave, drop, resume, a full room and its end are told to both sides', (t) => {
  const told: string[] = [];
  const room = testRoom(
    game({
      onLeave: (_room, p, { code }) => void told.push(`${p.name} leaves ${code}`),
      onDrop: (_room, p) => void told.push(`${p.name} drops`),
      onResume: (_room, p, { resumed }) => void told.push(`${p.name} resumes ${resumed}`),
      onClose: () => void told.push('closed'),
      onTick(inside) {
        for (const p of inside.players) if (p.name === 'Cid') inside.kick(p, 'out');
      },
    }),
    { playersMax: 2 },
  );
  const ann = room.join({ name: 'Ann' });
  const bob = room.join({ name: 'Bob' });
  const dan = room.join({ name: 'Dan' });
  room.tick();
  t.match([dan.status, dan.code], ['left', 'E_ROOM_FULL']);
  ann.drop();
  room.tick(40);
  ann.resume();
  room.tick(3);
  ann.input({ move: { x: 1, y: 0 } });
  room.run((inside) => {
    for (const p of inside.players) inside.place(p, { x: 0, y: p.slot * 4 });
  });
  room.tick(20);
  t.ok((ann.view().me?.x ?? 0) > 1, 'plays on');
  bob.leave();
  room.tick();
  const cid = room.join({ name: 'Cid' });
  room.tick(3);
  t.match([cid.status, cid.code], ['left', 'E_KICKED']);
  room.close();
  t.match([ann.status, ann.code], ['left', 'E_SHUTDOWN']);
  t.throws(() => room.tick(), { code: 'E_CLOSED' });
  t.same(told, [
    'Ann drops',
    'Ann resumes same',
    'Bob leaves E_LEFT',
    'Cid leaves E_KICKED',
    'closed',
  ]);
  t.end();
});

t.test('who comes by a token is named; options reach onCreate, wrong ones are refused', (t) => {
  const seen: unknown[] = [];
  const withOptions = defineGame(ledger, {
    options: { room: { rounds: u8({ min: 1, max: 9, initial: 3 }) } },
    onCreate: (_room, { options, seed }) => void seen.push(options.rounds, seed),
    onJoin: (_room, _p, { userId, userData }) => void seen.push(userId, userData[0]),
  });
  const room = testRoom(withOptions, { seed: 9, options: { rounds: 5 } });
  room.join({ userId: 'ann', userData: Uint8Array.of(4) });
  room.tick();
  t.same(seen, [5, 9n, 'ann', 4]);
  t.throws(() => testRoom(withOptions, { options: { rounds: 12 } }), { code: 'E_ROOM_OPTIONS' });
  t.end();
});

t.test('a hook that throws fails the test at the author’s line, or is kept', (t) => {
  const broken = game({
    onJoin() {
      throw new Error('mine');
    },
  });
  const room = testRoom(broken);
  room.join();
  t.throws(() => room.tick(), { message: 'mine', stack: /testing\.test\.ts/ });
  const kept = testRoom(broken, { faults: 'keep' });
  kept.join();
  kept.tick(2);
  t.match(kept.faults, [{ hook: 'onJoin', tick: 1, error: { message: 'mine' } }]);
  const always = testRoom(
    game({
      onTick() {
        throw new Error('always');
      },
    }),
    { faults: 'keep' },
  );
  t.throws(() => always.tick(200), { code: 'E_PLUGIN_FAULT' });
  t.throws(
    () =>
      testRoom(
        game({
          onCreate: () => {
            throw new Error('early');
          },
        }),
      ),
    { message: 'early' },
  );
  t.end();
});

t.test('a name that the schema has not: the error says which it has', (t) => {
  const room = testRoom(game(inRow));
  const { timers, kinds } = ledger.layout;
  for (const [act, text, names] of [
    ['after', /^Cannot start the timer 'rond': the schema has /, timers.map(({ name }) => name)],
    ['spawn', /^Cannot spawn 'sell': the schema has /, kinds.slice(2).map(({ name }) => name)],
  ] as const)
    room.run((inside) => {
      const call =
        act === 'after'
          ? () => inside.after(1, 'rond' as never, {} as never)
          : () => inside.spawn('sell' as never, { x: 0, y: 0 } as never);
      t.throws(call, {
        code: 'E_VALUE',
        message: new RegExp(`${text.source}${names.join(', ')}$`),
      });
    });
  t.end();
});

t.test('the same seed and inputs give the same hashes, another seed gives others', (t) => {
  const play = (seed: number): string[] => {
    const room = testRoom(brawl, { seed });
    const ann = room.join();
    const hashes: string[] = [];
    for (let n = 0; n < 90; n += 1) {
      ann.input({ move: { x: Math.sin(n / 9), y: 1 }, fire: n % 3 === 0 });
      hashes.push(room.tick().hash());
    }
    return hashes;
  };
  const hashes = play(4);
  t.same(play(4), hashes);
  t.notSame(play(5), hashes);
  t.match(hashes[0], /^[0-9a-f]{16}$/);
  t.end();
});

t.test('1,000 ticks of 10 players who fight', (t) => {
  const room = testRoom(
    game({
      ...inRow,
      onTick: (inside) => {
        for (const p of inside.players) p.health = 100;
      },
    }),
  );
  const players = Array.from({ length: 10 }, () => room.join());
  const before = process.cpuUsage();
  for (let n = 0; n < 1000; n += 1) {
    for (const [k, player] of players.entries())
      player.input({
        move: { x: Math.sin(n / 20 + k), y: Math.cos(n / 30 + k) },
        aim: n / 50,
        fire: n % 4 === 0,
      });
    room.tick();
  }
  const { user, system } = process.cpuUsage(before);
  t.equal(room.ticks, 1000);
  t.ok(players.every((player) => player.view().me?.alive));
  const ms = (user + system) / 1000;
  t.comment(`${ms.toFixed(0)} ms of CPU`);
  // 450 ms on a machine at rest; twice the second that is promised, as others may share its cores.
  t.ok(ms < 2000, `${ms.toFixed(0)} ms of CPU`);
  t.end();
});
