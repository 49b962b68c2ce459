/** Weapons as a game declares them: heads, blasts, filters, and who had a share in a death. */
import t from 'tap';
import { ConfigHead, ConfigKind, ConfigWeapon, RULE } from '../../protocol/gen/tables.ts';
import { defineGame } from '../../src/plugin/index.ts';
import {
  angle,
  axis2,
  button,
  circle,
  defineSchema,
  hitscan,
  pitch,
  projectile,
  type Weapon,
} from '../../src/schema/index.ts';
import { Bench } from './bench.ts';

function schemaWith(weapon: Weapon) {
  return defineSchema({
    name: 'heads',
    world: { width: 60, depth: 60, dimensions: 3 },
    input: { move: axis2(), aim: angle(), look: pitch(), fire: button() },
    weapons: { gun: weapon },
    player: { shape: circle(0.5, { height: 2, head: 0.6 }), solid: false, assistMs: 1000 },
  });
}

interface Seen {
  readonly hits: { readonly zone: string; readonly amount: number; readonly target: number }[];
  readonly deaths: { readonly attacker: number | undefined; readonly assists: number[] }[];
  readonly bench: Bench;
}

/** Bots at these places; slot 0 fires along x once. `each` runs in every tick. */
function fight(weapon: Weapon, places: readonly [number, number][], hurt = 0): Seen {
  const hits: Seen['hits'] = [];
  const deaths: Seen['deaths'] = [];
  const game = defineGame(schemaWith(weapon), {
    onCreate(room) {
      for (const [at] of places.entries()) room.addBot({ name: `b${at}` });
    },
    onJoin(room, p) {
      const [x = 0, y = 0] = places[p.slot] ?? [];
      room.place(p, { x, y });
    },
    onTick(room) {
      const [first, ...others] = [...room.players].map(({ id }) => room.player(id));
      const victim = others.at(-1);
      if (room.tick === 5 && victim && hurt > 0)
        for (const by of [first, ...others]) room.damage(victim, hurt, by);
    },
    onHit(_room, batch) {
      for (const { zone, amount, target } of batch)
        hits.push({ zone, amount, target: target.kind === 'player' ? target.slot : -1 });
    },
    onDeath(_room, { attacker, assists }) {
      deaths.push({ attacker: attacker?.slot, assists: [...assists].map(({ slot }) => slot) });
    },
    botInput: (room, { name }) => ({ aim: 0, fire: name === 'b0' && room.tick === 8 }),
  });
  const bench = new Bench(game, { playersMax: 8, entitiesMax: 24 }).tick(40);
  return { hits, deaths, bench };
}

t.test('a hit says what it struck, and a blast whom it reached', (t) => {
  // The muzzle is at 1.5 units, the head begins at 1.4.
  const rifle = hitscan({ damage: 20, cooldownMs: 500, range: 30, headFactor: 2.5 });
  const shot = fight(rifle, [
    [0, 0],
    [6, 0],
  ]);
  t.same(shot.bench.errors, []);
  t.same(shot.hits, [{ zone: 'head', amount: 50, target: 1 }]);
  const rocket = projectile({
    damage: 10,
    cooldownMs: 500,
    speed: 20,
    lifeMs: 2000,
    blast: { radius: 4, damage: 80, edge: 0.25, knockback: 5 },
  });
  const { hits } = fight(rocket, [
    [0, 0],
    [6, 0],
    [6, 2],
    [6, -9],
  ]);
  t.match(hits, [
    { zone: 'head', amount: 10, target: 1 },
    { zone: 'blast', target: 2 },
  ]);
  t.equal(hits.length, 2);
  t.end();
});

t.test('a death names the killer and beside it who hurt the victim within assistMs', (t) => {
  const rifle = hitscan({ damage: 1, cooldownMs: 500, range: 30 });
  const { deaths, bench } = fight(
    rifle,
    [
      [0, 0],
      [0, 5],
      [0, 9],
      [9, 9],
    ],
    34,
  );
  t.same(bench.errors, []);
  t.same(deaths, [{ attacker: 2, assists: [0, 1] }]);
  t.end();
});

t.test('what a weapon declares is what the core is told', (t) => {
  const blast = { radius: 2, damage: 40, edge: 0.5, knockback: 3, self: false };
  const all = projectile({
    damage: 1,
    cooldownMs: 1,
    speed: 1,
    lifeMs: 1,
    forward: true,
    friendlyFire: true,
    throughProtection: true,
    headFactor: 1.5,
    blast,
  });
  const view = (weapon: Weapon): DataView => {
    const bytes = schemaWith(weapon).config({ playersMax: 2, entitiesMax: 8 });
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };
  const config = view(all);
  const at = ConfigHead.bytes + 2 * ConfigKind.bytes;
  t.equal(config.getUint32(ConfigHead.assistTicks, true), 30);
  t.equal(config.getInt32(ConfigHead.bytes + ConfigKind.head, true), Math.round(0.6 * 65536));
  const read = (field: number): number => config.getInt32(at + field, true);
  t.equal(read(ConfigWeapon.rules), RULE.forward | RULE.friendlyFire | RULE.throughProtection);
  t.equal(read(ConfigWeapon.headPermille), 1500);
  t.same(
    [read(ConfigWeapon.blastRadius), read(ConfigWeapon.blastDamage)],
    [2 * 65536, blast.damage],
  );
  t.same([read(ConfigWeapon.blastPermille), read(ConfigWeapon.blastPush)], [500, 6554]);
  const plain = view(projectile({ damage: 1, cooldownMs: 1, speed: 1, lifeMs: 1 }));
  t.equal(plain.getUint32(at + ConfigWeapon.rules, true), 0);
  t.equal(plain.getUint32(at + ConfigWeapon.headPermille, true), 1000);
  const own = view(
    projectile({ damage: 1, cooldownMs: 1, speed: 1, lifeMs: 1, blast: { radius: 1, damage: 1 } }),
  );
  t.equal(own.getUint32(at + ConfigWeapon.rules, true), RULE.selfHarm);
  t.end();
});

t.test('what cannot be is refused by name', (t) => {
  const gun = { damage: 1, cooldownMs: 1, range: 9 };
  const wrong: [object, RegExp][] = [
    [{ headFactor: -1 }, /weapons\.gun\.headFactor/],
    [{ forward: true }, /weapons\.gun.*forward/],
    [{ blast: { damage: 1 } }, /weapons\.gun\.blast.*radius/],
    [{ blast: { radius: 1, damage: 1, edge: 2 } }, /weapons\.gun\.blast\.edge/],
    [{ blast: { radius: 1, damage: 1, size: 2 } }, /weapons\.gun\.blast.*size/],
    [{ friendlyFire: 1 }, /weapons\.gun\.friendlyFire/],
  ];
  for (const [more, message] of wrong)
    t.throws(() => schemaWith(hitscan({ ...gun, ...more })), { code: 'E_SCHEMA', message });
  const tall = circle(0.5, { height: 1, head: 1.5 });
  const input = { move: axis2() };
  t.throws(() => defineSchema({ name: 'tall', input, player: { shape: tall } }), {
    message: /player\.shape\.head/,
  });
  t.end();
});
