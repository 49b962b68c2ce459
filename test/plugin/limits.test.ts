/** Bounds, faults, walls, messages, bots and seats of a game's runtime, on the real core. */
import t from 'tap';
import { ERROR, SEND_POOL_BYTES } from '../../protocol/gen/tables.ts';
import { defineGame } from '../../src/plugin/index.ts';
import { checkRoomOptions, parseRoomOptions } from '../../src/plugin/options.ts';
import { FAULTS_MAX } from '../../src/plugin/runtime.ts';
import { Bench, replay } from './bench.ts';
import type { LedgerHooks } from './games.ts';
import { brawl, ledger, ledgerGame } from './games.ts';

function codeOf(fn: () => unknown): string {
  try {
    fn();
    return 'no error';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

function bench(
  hooks: LedgerHooks,
  players = 2,
  size: { playersMax?: number; entitiesMax?: number } = {},
): Bench {
  const made = new Bench(ledgerGame(hooks), size);
  for (let slot = 0; slot < players; slot += 1) made.join(slot);
  return made;
}

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

t.test(
  'messages come from clients and go to them; what does not decode is counted and calls no hook',
  (t) => {
    const game = ledgerGame({
      onMessage: {
        chat(room, from, { text }) {
          room.broadcast('chat', { from: from.id, text });
          room.broadcast('chat', { from: from.id, text: 'others' }, { except: from });
          room.send(from, 'chat', { from: from.id, text: 'you' });
        },
      },
    });
    const b = new Bench(game);
    b.join(0);
    b.join(1);
    b.tick();
    const [ann, bob] = [b.client(0), b.client(1)];
    ann.send('chat', { text: 'héllo' });
    ann.sendBytes(Uint8Array.of(1, 0, 200));
    ann.sendBytes(Uint8Array.of(1, 9));
    for (let n = 0; n < 6; n += 1) {
      ann.post();
      bob.post();
      b.tick();
      ann.takePacket();
      bob.takePacket();
    }
    const from = b.core.view.getUint32(b.core.roster, true);
    t.same(
      ann.received.map(({ value }) => value),
      [
        { from, text: 'héllo' },
        { from, text: 'you' },
      ],
    );
    t.same(
      bob.received.map(({ value }) => value),
      [
        { from, text: 'héllo' },
        { from, text: 'others' },
      ],
    );
    t.equal(b.runtime.messagesMalformed, 2);
    t.same(b.errors, []);
    t.end();
  },
);

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

t.test('bots join and leave by records, and a kicked player leaves with its reason', (t) => {
  const left: string[] = [];
  const b = bench({
    onJoin(room, p) {
      if (p.name === 'p1') room.kick(p, 'no p1 here');
    },
    onLeave(_room, p, { code }) {
      left.push(`${p.name} ${code}`);
    },
    onTick(room) {
      if (room.tick === 1) for (const name of ['ann', 'bob']) room.addBot({ name, team: 2 });
      if (room.tick === 4) room.removeBot();
    },
    botInput: () => undefined,
  });
  b.tick(3);
  t.same(b.removed, [{ slot: 1, code: ERROR.E_KICKED, reason: 'no p1 here' }]);
  t.equal(b.stat('players'), 3);
  b.tick(3);
  t.same(left, ['p1 E_KICKED', 'bob E_LEFT']);
  t.equal(b.stat('players'), 2);
  t.equal(b.stat('recordsRefused'), 0);
  t.same(replay(b.journal), b.journal.hashes);
  t.end();
});

t.test('bots that the host keeps yield their places to people', (t) => {
  const b = new Bench(ledgerGame({}), { playersMax: 8, bots: 5 });
  b.tick(4);
  t.equal(b.stat('players'), 5);
  for (let slot = 5; slot < 8; slot += 1) b.join(slot);
  b.tick(2);
  t.equal(b.stat('players'), 5, '3 people, 2 bots');
  b.leave(5);
  b.tick(3);
  t.equal(b.stat('players'), 5, '2 people, 3 bots');
  b.runtime.keepBots(0);
  b.tick(2);
  t.equal(b.stat('players'), 2);
  t.equal(b.stat('recordsRefused'), 0);
  t.end();
});

t.test('a full room of bots makes room for people who wait', (t) => {
  const b = bench(
    {
      onCreate(room) {
        for (let n = 0; n < 8; n += 1) room.addBot();
      },
    },
    0,
  );
  b.tick(2);
  t.equal(b.stat('players'), 8);
  b.runtime.makeRoom(2);
  b.tick();
  t.equal(b.stat('players'), 6);
  t.end();
});

t.test(
  'a bot sees what a client in its place would: its interest set, sent fields, nothing to write',
  (t) => {
    const seen = new Map<string, unknown[]>();
    const errors: string[] = [];
    const b = bench(
      {
        onCreate(room) {
          for (const name of ['a', 'b', 'far']) room.addBot({ name });
          room.spawn('crate', { x: 1, y: 1, content: 5 });
          room.spawn('crate', { x: 25, y: 25, content: 6 });
          room.state.hidden = 9;
          room.state.total = 8;
        },
        onJoin(room, p) {
          room.place(p, p.name === 'far' ? { x: 20, y: 0 } : { x: p.slot * 2, y: 0 });
          p.secret = 5;
          p.ammo = 6;
        },
        botInput(room, bot) {
          const row: unknown[] = [];
          for (const other of room.players)
            row.push(
              other.name,
              other.kills,
              Object.hasOwn(other, 'x'),
              'ammo' in other,
              'secret' in other,
            );
          for (const crate of room.entities('crate')) row.push(crate.content);
          row.push(bot.ammo, 'secret' in bot, room.state.total, 'hidden' in room.state);
          seen.set(bot.name, row);
          errors.push(
            codeOf(() => Object.assign(bot, { ammo: 1 })),
            codeOf(() => Object.assign(room.state, { total: 1 })),
          );
          return { move: { x: 1, y: 0 } };
        },
      },
      0,
    );
    b.tick(3);
    t.same(seen.get('a'), ['b', 0, false, false, false, 5, 6, false, 8, false]);
    t.same(seen.get('far'), [6, false, 8, false]);
    t.same(new Set(errors), new Set(['E_VALUE']));
    t.same(b.errors, []);
    const x = (slot: number): number =>
      (b.core.columns[3 * b.core.entitiesMax + ((b.core.players[slot] ?? 0) & 0xffff)] ?? 0) /
      65536;
    const before = x(2);
    b.tick(5);
    t.ok(x(2) > before, 'and its controls move it');
    t.end();
  },
);

t.test(
  'hits come as one batch that can be cancelled and scaled; deaths and losses come in the next tick',
  (t) => {
    const log: string[] = [];
    const b = bench(
      {
        onCreate(room) {
          for (let n = 0; n < 2; n += 1) room.addBot({ name: `b${n}` });
          room.spawn('target', { x: 0, y: 5 });
        },
        onJoin(room, p) {
          room.place(p, { x: p.slot * 4, y: 0 }, { aim: 0 });
        },
        onHit(room, hits) {
          for (const hit of hits) {
            log.push(
              `${room.tick} ${hit.attacker?.name} hits ${hit.target.kind} for ${hit.amount} with ${hit.weapon}`,
            );
            if (room.tick < 10) hit.cancel();
            else hit.scale(2);
          }
        },
        onDeath(room, { victim, attacker }) {
          log.push(`${room.tick} ${victim.name} died by ${attacker?.name}`);
        },
        onDestroy(room, { entity, attacker }) {
          log.push(`${room.tick} ${entity.kind} lost by ${attacker?.name ?? 'nobody'}`);
        },
        onTick(room) {
          if (room.tick === 3)
            for (const target of room.entities('target')) room.damage(target, 30);
          if (room.tick === 9) for (const p of room.players) if (p.slot === 1) p.health = 80;
        },
        botInput: (_room, bot) => ({ aim: 0, fire: bot.x < 1 }),
      },
      0,
    );
    b.tick(14);
    t.same(b.errors, []);
    t.ok(log.includes('4 target lost by nobody'), log.join('; '));
    const hits = log.filter((line) => line.includes('hits player for 40 with rail'));
    t.ok(hits.length >= 3, log.join('; '));
    const [died] = log.filter((line) => line.includes('b1 died by b0'));
    const deadly = log
      .filter((line) => line.includes('hits'))
      .map((line) => Number.parseInt(line, 10))
      .find((tick) => tick >= 10);
    t.equal(died, `${(deadly ?? 0) + 1} b1 died by b0`, 'the one of 2 x 40 killed');
    t.end();
  },
);

t.test(
  'touches are told while they last, and a removed entity is not told again in the tick',
  (t) => {
    const touches: string[] = [];
    const b = bench({
      onCreate(room) {
        room.spawn('crate', { x: 0, y: 0, content: 7 });
      },
      onJoin(room, p) {
        room.place(p, { x: 0.3 - 0.6 * p.slot, y: 0 });
      },
      onTouch(room, { player, other }) {
        if (other.kind === 'crate') touches.push(`${room.tick} ${player.name} ${other.content}`);
        if (room.tick === 4) room.remove(other);
      },
    });
    b.tick(6);
    t.same(touches, ['2 p0 7', '2 p1 7', '3 p0 7', '3 p1 7', '4 p0 7']);
    t.same(b.errors, []);
    t.end();
  },
);

t.test('room.log adds room and tick', (t) => {
  const b = bench({ onTick: (room) => room.log.warn('hot', { n: 1 }) });
  b.tick();
  t.same(b.logs, [{ level: 'warn', text: 'hot', facts: { n: 1, room: 'r1', tick: 1 } }]);
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
  // @ts-expect-error no such field in the schema
  defineGame(ledger, { onJoin: (_room, p) => void p.kils });
  // @ts-expect-error a bot sees no secret field of others
  defineGame(ledger, {
    botInput: (room) => ({ fire: [...room.players].some((p) => p.secret > 0) }),
  });
  t.end();
});
