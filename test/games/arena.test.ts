/** The arena's rules by `fray/testing`: lives, kills, crates, guns, chat and receipts. */
import { testRoom } from 'fray/testing';
import t from 'tap';
import { crateSpots } from '../../games/arena/map.ts';
import type { arena } from '../../games/arena/schema.ts';
import game from '../../games/arena/server.ts';
import type { RoomOf } from '../../src/plugin/index.ts';

type Room = RoomOf<typeof arena>;
const SECOND = 30;

/** Ann and Bob on a free line, 6 units apart, without protection. */
function duel() {
  const room = testRoom(game, { seed: 3, playersMax: 8 });
  const ann = room.join({ name: 'Ann' });
  const bob = room.join({ name: 'Bob' });
  room.tick(2 * SECOND);
  const face = () =>
    room.run((inside) => {
      for (const p of inside.players)
        inside.place(p, { x: p.id === ann.id ? -3 : 3, y: -17 }, { aim: 0, protectTicks: 0 });
    });
  face();
  return { room, ann, bob, face };
}

/** Puts a player onto a crate with the given content. */
function crateUnder(room: Room, id: Parameters<Room['player']>[0], content: number): void {
  const p = room.player(id);
  const [spot] = crateSpots;
  if (!p || !spot) throw new Error('Nobody, or no spot');
  for (const crate of room.entities('crate'))
    if (crate.x === spot.x && crate.y === spot.y) room.remove(crate);
  room.spawn('crate', { ...spot, content });
  room.place(p, spot, { protectTicks: 0 });
}

t.test('who is hit six times dies, is counted, and lives again after 2 s, protected', (t) => {
  const { room, ann, bob } = duel();
  ann.input({ aim: 0, fire: true });
  room.tick(3 * SECOND);
  t.match(bob.view().me, { alive: false });
  ann.input({ fire: false });
  const hits = ann.events.filter(({ kind, own }) => kind === 'hit' && own);
  t.same(
    hits.map(({ damage }) => damage),
    [18, 18, 18, 18, 18, 18],
  );
  const [died] = ann.events.filter(({ kind }) => kind === 'death');
  t.same(ann.received('kill'), [{ attacker: ann.id, victim: bob.id, streak: 1 }]);
  const rows = Object.fromEntries(
    ann.roster.map(({ name, kills, deaths }) => [name, [kills, deaths]]),
  );
  t.same(rows, { Ann: [1, 0], Bob: [0, 1] });
  t.equal(ann.view().room.leader, ann.id);
  room.tick((died?.tick ?? 0) + 2 * SECOND - room.ticks);
  t.match(bob.view().me, { alive: false });
  room.tick(3);
  t.match(bob.view().me, { alive: true, health: 100, protected: true, weapon: 'blaster' });
  room.tick(1.5 * SECOND);
  t.match(bob.view().me, { protected: false });
  t.end();
});

t.test('a medkit heals by 50 and no more than there is to heal; a whole player leaves it', (t) => {
  const { room, ann } = duel();
  const crates = () => room.run((inside) => [...inside.entities('crate')].length);
  const all = crates();
  room.run((inside) => crateUnder(inside, ann.id, 0));
  room.tick(5);
  t.equal(crates(), all, 'it lies there still');
  for (const [health, healed] of [
    [20, 70],
    [80, 100],
  ] as const) {
    room.run((inside) => {
      const p = inside.player(ann.id);
      crateUnder(inside, ann.id, 0);
      if (p) p.health = health;
    });
    room.tick(2);
    t.equal(ann.view().me?.health, healed);
  }
  t.equal(crates(), all - 1);
  room.tick(10 * SECOND + 1);
  t.equal(crates(), all, 'another lies there after 10 s');
  t.end();
});

t.test('a found gun is there for 9 s, and lost by death', (t) => {
  const { room, ann } = duel();
  for (const [content, weapon] of [
    [1, 'rapid'],
    [2, 'rail'],
  ] as const) {
    room.run((inside) => crateUnder(inside, ann.id, content));
    room.tick(2);
    t.equal(ann.view().me?.weapon, weapon);
    room.tick(9 * SECOND - 4);
    t.equal(ann.view().me?.weapon, weapon);
    room.tick(6);
    t.equal(ann.view().me?.weapon, 'blaster');
    // The next crate there comes after 10 s.
    room.tick(2 * SECOND);
  }
  room.run((inside) => crateUnder(inside, ann.id, 2));
  room.tick(2);
  room.run((inside) => {
    const p = inside.player(ann.id);
    if (p) inside.damage(p, 200);
  });
  room.tick(2 * SECOND + 5);
  t.match(ann.view().me, { alive: true, weapon: 'blaster' });
  t.end();
});

t.test('chat reaches all with who said it; receipts go to who watches, and to nobody else', (t) => {
  const { room, ann, bob } = duel();
  bob.send('chat', { text: 'hello' });
  ann.send('watch', { on: true });
  room.tick(2);
  for (const player of [ann, bob])
    t.same(player.received('chat'), [{ from: bob.id, text: 'hello' }]);
  room.run((inside) => {
    for (const p of inside.players) p.weapon = 'rail';
  });
  ann.input({ aim: 0, fire: true });
  bob.input({ aim: Math.PI, fire: true });
  room.tick(10);
  t.ok(ann.received('receipt').length > 0);
  t.equal(bob.received('receipt').length, 0);
  t.end();
});

t.test(
  'bots have names of their own, walk, fight and die, and yield their places to people',
  (t) => {
    const room = testRoom(game, { seed: 11, playersMax: 12, bots: 10 });
    const ann = room.join({ name: 'Ann' });
    room.tick(40 * SECOND);
    const bots = ann.roster.filter(({ bot }) => bot);
    t.equal(bots.length, 9);
    t.equal(new Set(ann.roster.map(({ name }) => name)).size, 10);
    t.ok(ann.roster.some(({ deaths }) => deaths > 0));
    const before = room.hash();
    t.not(room.tick().hash(), before);
    t.end();
  },
);
