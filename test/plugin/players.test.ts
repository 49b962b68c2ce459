/** Players, bots, messages, hits and touches of a game's runtime, on the real core. */
import t from 'tap';
import { ERROR } from '../../protocol/gen/tables.ts';
import { Bench, replay } from './bench.ts';
import { ledgerGame } from './games.ts';
import { ledgerBench as bench, codeOf } from './ledger-bench.ts';

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

t.test('who is kicked and leaves of himself leaves once, whichever comes first', (t) => {
  for (const first of ['kick', 'leave', 'both']) {
    const left: string[] = [];
    const b = bench({
      onLeave(_room, p, { code }) {
        left.push(`${p.name} ${code}`);
      },
      onTick(room) {
        const kicking = room.tick === (first === 'leave' ? 3 : 2);
        for (const p of room.players) if (kicking && p.slot === 1) room.kick(p);
      },
    });
    b.tick(2);
    // Kicked in tick 2, the Leave of the game would stand in tick 3 beside the one of the host.
    if (first !== 'kick') b.leave(1);
    b.tick(2);
    b.join(1, 'next');
    b.tick(3);
    t.same(left, [first === 'kick' ? 'p1 E_KICKED' : 'p1 E_LEFT'], first);
    t.equal(b.removed.length, first === 'kick' ? 1 : 0, first);
    t.equal(b.stat('recordsRefused'), 0, first);
    t.equal(b.stat('players'), 2, 'and nobody who has the slot after him');
  }
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
  t.equal(b.stat('recordsRefused'), 0);
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
