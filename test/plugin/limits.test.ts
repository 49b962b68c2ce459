/** Bounds, faults, walls and options of a game's runtime, on the real core. */
import t from 'tap';
import { SEND_POOL_BYTES } from '../../protocol/gen/tables.ts';
import { defineGame } from '../../src/plugin/index.ts';
import { checkRoomOptions, parseRoomOptions } from '../../src/plugin/options.ts';
import { FAULTS_MAX } from '../../src/plugin/runtime.ts';
import { Bench, replay } from './bench.ts';
import { brawl, ledger } from './games.ts';
import { ledgerBench as bench, codeOf } from './ledger-bench.ts';

t.test(
  'a hook that throws is reported with room, tick and hook; what it had commanded stays and the tick goes on',
  (t) => {
    let after = 0;
    const b = bench({
      onJoin(_room, p) {
        p.kills = 4;
        throw new Error('oops');
      },
      onTick(room) {
        for (const p of room.players) after += p.kills;
      },
    });
    b.tick();
    t.match(b.faults, [
      { roomId: 'r1', tick: 1, hook: 'onJoin', error: { message: 'oops' } },
      { hook: 'onJoin' },
    ]);
    t.equal(after, 8);
    t.equal(b.runtime.faulted, false);
    t.end();
  },
);

t.test(
  'hooks that throw 100 times in a row give the room up; one that returns starts the count again',
  (t) => {
    let good = false;
    const b = bench(
      {
        onTick() {
          if (!good) throw new Error('always');
        },
      },
      0,
    );
    b.tick(FAULTS_MAX - 1);
    t.equal(b.runtime.faulted, false);
    good = true;
    b.tick();
    good = false;
    b.tick(FAULTS_MAX - 1);
    t.equal(b.runtime.faulted, false);
    b.tick();
    t.equal(b.runtime.faulted, true);
    t.end();
  },
);

t.test('a game ends its room with what JSON can say, and who goes on with the room knows', (t) => {
  const codes: string[] = [];
  const b = bench(
    {
      onTick(room) {
        const loop: { self?: unknown } = {};
        loop.self = loop;
        for (const wrong of [loop, 1n, () => 1, 'x'.repeat(4095)])
          codes.push(codeOf(() => room.end(wrong)));
        if (room.tick === 2) room.end({ winner: 'Zoë' });
      },
    },
    0,
  );
  b.tick();
  t.same(codes, new Array(4).fill('E_VALUE'));
  t.equal(b.runtime.result, null);
  b.tick();
  t.equal(b.runtime.result, '{"winner":"Zoë"}');
  t.ok(b.runtime.changed);
  const next = bench({}, 0);
  next.runtime.load(b.runtime.save());
  t.equal(next.runtime.result, '{"winner":"Zoë"}');
  next.runtime.load(bench({}, 0).runtime.save());
  t.equal(next.runtime.result, null);
  t.end();
});

t.test('an async hook that always rejects gives the room up as well', async (t) => {
  const b = bench(
    {
      async onTick() {
        await Promise.resolve();
        throw new Error('late');
      },
    },
    0,
  );
  for (let n = 0; n < FAULTS_MAX; n += 1) {
    b.tick();
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.equal(b.runtime.faulted, true);
});

t.test(
  'commands of a tick are bounded: one too many is E_COMMAND_LIMIT, and those before it count',
  (t) => {
    let written = 0;
    const b = bench({
      onTick(room) {
        if (room.tick !== 1) return;
        room.randomInt(9);
        for (;;) {
          room.state.total = written + 1;
          written += 1;
        }
      },
    });
    b.tick();
    t.same(b.errors, ['onTick: E_COMMAND_LIMIT']);
    t.ok(written > 5000);
    t.equal(b.core.roomFields[0], written);
    t.equal(b.journal.ticks[1]?.end.at(-24), 43, 'the generator is written back all the same');
    t.same(replay(b.journal), b.journal.hashes);
    t.end();
  },
);

t.test('spawns are bounded by the places of the room: E_ENTITY_LIMIT', (t) => {
  let made = 0;
  const b = bench(
    {
      onTick(room) {
        for (;;) {
          room.spawn('crate', { x: made, y: 0 });
          made += 1;
        }
      },
    },
    1,
    { playersMax: 4, entitiesMax: 20 },
  );
  b.tick(2);
  t.same(b.errors, ['onTick: E_ENTITY_LIMIT', 'onTick: E_ENTITY_LIMIT']);
  t.equal(made, 16, 'one place is kept for each player who may still come');
  t.equal(b.stat('commandsRefused'), 0);
  t.end();
});

t.test('a spawn with a wrong value commands nothing', (t) => {
  const codes: string[] = [];
  const b = bench({
    onTick(room) {
      codes.push(
        codeOf(() => room.spawn('crate', { x: 0, y: 0, content: 16 })),
        codeOf(() => room.spawn('crate', { x: Number.NaN, y: 0 })),
        codeOf(() => room.spawn('crate', { x: 0, y: 0, note: 'much too long' })),
        codeOf(() => room.spawn('crate', { x: 0, y: 0, nothing: 1 } as never)),
        codeOf(() => room.spawn('player' as 'crate', { x: 0, y: 0 })),
        codeOf(() => room.spawn('crate', { x: 0, y: 0, lifeTicks: -1 })),
      );
    },
  });
  b.tick();
  t.same(codes, new Array(6).fill('E_VALUE'));
  t.equal(b.journal.ticks[1]?.end.length, 0);
  t.end();
});

t.test('timers are bounded: E_TIMER_LIMIT', (t) => {
  const codes: string[] = [];
  const ring = { who: 0 as never, n: 0, loud: false, dir: 0 };
  const b = bench({
    onTick(room) {
      if (room.tick > 2) return;
      for (let n = 0; n < 200; n += 1) codes.push(codeOf(() => room.after(90, 'ring', ring)));
      codes.push(
        codeOf(() => room.after(0, 'ring', ring)),
        codeOf(() => room.after(1.5, 'ring', ring)),
      );
      codes.push(
        codeOf(() => room.after(2 ** 24, 'ring', ring)),
        codeOf(() => room.after(1, 'none' as never, ring as never)),
      );
    },
  });
  b.tick(3);
  t.equal(codes.filter((code) => code === 'no error').length, 256);
  t.equal(codes.filter((code) => code === 'E_TIMER_LIMIT').length, 144);
  t.equal(codes.filter((code) => code === 'E_VALUE').length, 8);
  t.equal(b.stat('commandsRefused'), 0);
  t.end();
});

t.test('walls are fixed after onCreate, and checked', (t) => {
  const codes: string[] = [];
  const wall = { x: 0, y: 0, width: 10, depth: 10 };
  const b = bench({
    onCreate(room) {
      codes.push(
        codeOf(() => room.addWalls([{ ...wall, width: 0 }])),
        codeOf(() => room.addWalls([{ ...wall, x: Number.NaN }])),
      );
      codes.push(codeOf(() => room.addWalls(new Array(1025).fill(wall))));
      room.addWalls([wall]);
      for (let n = 0; n < 50; n += 1) free(room.freePlace());
    },
    onTick(room) {
      codes.push(codeOf(() => room.addWalls([wall])));
      for (let n = 0; n < 50; n += 1) free(room.freePlace());
    },
  });
  function free({ x, y }: { x: number; y: number }): void {
    if (Math.max(Math.abs(x), Math.abs(y)) < 5.5) t.fail(`${x}, ${y} is in the wall`);
    if (Math.max(Math.abs(x), Math.abs(y)) > 29.5) t.fail(`${x}, ${y} is outside`);
  }
  b.tick();
  t.same(codes, ['E_VALUE', 'E_VALUE', 'E_WALLS_LIMIT', 'E_WALLS_FIXED']);
  t.equal(b.core.view.getUint32(b.core.walls, true), 1);
  t.end();
});

t.test('a free place is the freest of several: far from who stands there', (t) => {
  let sum = 0;
  const b = bench({
    onTick(room) {
      for (const p of room.players) room.place(p, { x: 0, y: 0 });
      for (let n = 0; n < 100; n += 1) {
        const { x, y } = room.freePlace();
        sum += Math.hypot(x, y);
      }
    },
  });
  b.tick();
  t.ok(
    sum / 100 > 29,
    `${sum / 100} units from the middle on average; one random place would be 23`,
  );
  t.end();
});

t.test('a free place is away from other players, those placed in this tick too', (t) => {
  let nearest = 99;
  const b = bench(
    {
      onTick(room) {
        const taken: { x: number; y: number }[] = [];
        for (const p of room.players) {
          const at = room.freePlace();
          for (const other of taken)
            nearest = Math.min(nearest, Math.hypot(other.x - at.x, other.y - at.y));
          taken.push(at);
          room.place(p, at);
        }
      },
    },
    6,
  );
  b.tick();
  t.ok(nearest > 3, `${nearest} units`);
  t.end();
});

t.test('the send pool of the room is bounded: E_CHANNEL_FULL', (t) => {
  let sent = 0;
  const codes: string[] = [];
  const b = bench({
    onTick(room) {
      const code = codeOf(() => {
        for (let n = 0; n < 40; n += 1) {
          room.broadcast('big', { text: 'x'.repeat(2000) });
          sent += 1;
        }
      });
      codes.push(code);
    },
  });
  b.tick(6);
  t.same(codes, [
    'no error',
    'no error',
    'no error',
    'E_CHANNEL_FULL',
    'E_CHANNEL_FULL',
    'E_CHANNEL_FULL',
  ]);
  t.equal(b.stat('commandsRefused'), 0, 'the core took all that the author was told is sent');
  t.ok(sent * 2000 <= SEND_POOL_BYTES);
  t.end();
});

t.test('a message that does not fit its schema is an error of the author', (t) => {
  const codes: string[] = [];
  const b = bench({
    onTick(room) {
      codes.push(codeOf(() => room.broadcast('chat', { from: 1 as never, text: 'x'.repeat(41) })));
      codes.push(codeOf(() => room.broadcast('chat', { from: 1 as never } as never)));
      codes.push(codeOf(() => room.broadcast('nope' as never, {} as never)));
    },
  });
  b.tick();
  t.same(codes, ['E_MESSAGE_TOO_LONG', 'E_VALUE', 'E_MESSAGE_UNKNOWN']);
  t.end();
});

t.test('room options are checked against the declaration of the game', (t) => {
  const fields = brawl.options.room;
  t.same(parseRoomOptions(fields, '{"rounds":5,"title":"x"}'), { rounds: 5, title: 'x' });
  t.same(parseRoomOptions(fields, ''), { rounds: 3, title: '' });
  for (const json of [
    '{"rounds":10}',
    '{"rounds":"5"}',
    '{"other":1}',
    '[]',
    'null',
    '{',
    '{"title":"much too long a title"}',
    '{"__proto__":1}',
    ' '.repeat(513),
  ]) {
    t.throws(() => parseRoomOptions(fields, json), { code: 'E_ROOM_OPTIONS' }, json.slice(0, 20));
  }
  t.same(checkRoomOptions({}, undefined), {});
  const b = new Bench(brawl, { options: { rounds: 7 } });
  t.equal(b.core.roomFields[2], 7);
  t.end();
});

t.test('a hook, timer or message that is not there is E_SCHEMA with its path', (t) => {
  const loose = defineGame as unknown as (schema: typeof ledger, hooks: object) => unknown;
  for (const [hooks, path] of [
    [{ onJion() {} }, 'onJion'],
    [{ onTimer: { nope() {} } }, 'onTimer.nope'],
    [{ onMessage: { big() {} } }, 'onMessage.big'],
    [{ onTick: 3 }, 'onTick'],
  ] as const) {
    t.throws(() => loose(ledger, hooks), {
      code: 'E_SCHEMA',
      message: new RegExp(`game: ${path}:`),
    });
  }
  // @ts-expect-error no such timer in the schema
  t.throws(() => defineGame(ledger, { onTimer: { nope() {} } }), { code: 'E_SCHEMA' });
  defineGame(ledger, {
    onJoin(_room, p) {
      // @ts-expect-error no such field in the schema
      p.kils = 1;
    },
  });
  defineGame(ledger, {
    botInput(room) {
      // @ts-expect-error a bot sees no secret field of others
      for (const p of room.players) return { fire: p.secret > 0 };
      return undefined;
    },
  });
  t.end();
});
