/** Who a player is: told to onJoin, in the journal, and nowhere else. */
import t from 'tap';
import { Join, RecordHeader } from '../../protocol/gen/tables.ts';
import { defineGame, type Identity } from '../../src/plugin/index.ts';
import { axis2, defineSchema, text, u8 } from '../../src/schema/index.ts';
import type { Journal } from './bench.ts';
import { Bench, replay } from './bench.ts';
import { brawl, ledgerGame } from './games.ts';

const ZOE = Uint8Array.of(4, ...Buffer.from('zoë'), 0, 255, 7);

t.test('onJoin is told the user id and the data of each who comes; a bot has neither', (t) => {
  const told: [string, boolean, Identity][] = [];
  const game = ledgerGame({
    onCreate: (room) => room.addBot({ name: 'bot' }),
    onJoin: (_room, player, who) => void told.push([player.name, player.bot, who]),
  });
  const b = new Bench(game);
  b.tick();
  b.join(1, 'Ann', Uint8Array.of(3, ...Buffer.from('ann')));
  b.join(2, 'Zoë', ZOE);
  b.join(3, 'Max', Uint8Array.of(64, ...new Array(64).fill(0x61), ...new Array(128).fill(9)));
  b.tick();
  t.same(told, [
    ['bot', true, { userId: '', userData: new Uint8Array(0) }],
    ['Ann', false, { userId: 'ann', userData: new Uint8Array(0) }],
    ['Zoë', false, { userId: 'zoë', userData: Uint8Array.of(0, 255, 7) }],
    ['Max', false, { userId: 'a'.repeat(64), userData: new Uint8Array(128).fill(9) }],
  ]);
  b.leave(2);
  b.tick();
  b.join(2, 'Bob');
  b.tick();
  t.same(told.at(-1), ['Bob', false, { userId: '', userData: new Uint8Array(0) }], 'not as before');
  t.same(told[2]?.[2].userData, Uint8Array.of(0, 255, 7), 'the game may keep what it was given');
  t.same(b.errors, []);
  t.equal(b.stat('recordsRefused'), 0);
  t.end();
});

t.test('what is needed later is kept in fields, as docs/pages.md has it', (t) => {
  const schema = defineSchema({
    name: 'accounts',
    world: { width: 20, depth: 20 },
    input: { move: axis2() },
    player: { fields: { account: text(64, { to: 'none' }), rating: u8({ to: 'none' }) } },
  });
  const results: [string, number][] = [];
  const game = defineGame(schema, {
    onJoin(_room, player, { userId, userData }) {
      player.account = userId;
      player.rating = userData[0] ?? 0;
    },
    onLeave: (_room, { account, rating }) => void results.push([account, rating]),
  });
  const b = new Bench(game);
  b.join(0, 'Ann', Uint8Array.of(64, ...new Array(64).fill(0x61), 200));
  b.tick(5);
  b.leave(0);
  b.tick();
  t.same(results, [['a'.repeat(64), 200]]);
  t.same(b.errors, []);
  t.end();
});

t.test('a game that acts on it replays without its plugin to the same hashes', (t) => {
  const game = ledgerGame({
    onJoin(room, p, { userId, userData }) {
      p.tag = userId;
      p.ammo = userData[1] ?? 0;
      room.place(p, { x: userData[2] ?? 0, y: 0 });
    },
  });
  const b = new Bench(game);
  b.join(0, 'Zoë', ZOE);
  b.join(1, 'Ann');
  b.tick(20);
  t.same(b.errors, []);
  t.same(replay(b.journal), b.journal.hashes);
  t.ok(Buffer.concat(b.journal.ticks.map(({ begin }) => begin ?? ZOE)).includes(Buffer.from(ZOE)));
  t.end();
});

t.test(
  'it is no part of the world: nothing of it lies in the region, and no client is sent any',
  (t) => {
    const secret = Buffer.from('this-user-id-is-nobody-elses');
    const b = new Bench(brawl, { seed: 9n });
    b.join(6, 'Ann', Uint8Array.of(secret.length, ...secret, ...secret));
    b.join(7, 'Bob');
    for (let n = 0; n < 60; n += 1) {
      b.tick();
      for (let row = 0; row < b.packets; row += 1) {
        const at = b.core.packetAddress(row);
        const bytes = Buffer.from(b.core.u8.subarray(at, at + b.core.packetBytes(row)));
        if (bytes.includes(secret.subarray(0, 8))) t.fail(`a packet of tick ${b.core.tick} has it`);
      }
    }
    t.notOk(Buffer.from(b.core.region()).includes(secret.subarray(0, 8)));
    t.same(replay(withoutTails(b.journal)), b.journal.hashes, 'the same worlds without it');
    t.end();
  },
);

/** The journal as if everybody were nobody. */
function withoutTails({ ticks, ...rest }: Journal): Journal {
  const cut = (records: Uint8Array): Uint8Array => {
    const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
    const parts: Uint8Array[] = [];
    for (let at = 0; at < records.length; ) {
      const bytes = view.getUint32(at + RecordHeader.length, true);
      const end = at + RecordHeader.bytes + ((bytes + 3) & ~3);
      const isJoin = view.getUint16(at + RecordHeader.kind, true) === Join.kind;
      const part = records.slice(at, isJoin ? at + RecordHeader.bytes + Join.bytes : end);
      if (isJoin) new DataView(part.buffer).setUint32(RecordHeader.length, Join.bytes, true);
      parts.push(part);
      at = end;
    }
    return Uint8Array.from(Buffer.concat(parts));
  };
  const cutTicks = ticks.map(({ begin, end }) => ({ begin: begin && cut(begin), end }));
  return { ...rest, ticks: cutTicks };
}
