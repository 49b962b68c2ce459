/** Movement as a game chooses it: crouching, landings, boosts, as hooks see them; and that a client predicts all of it. */
import t from 'tap';
import { ConfigHead } from '../../protocol/gen/tables.ts';
import { defineGame } from '../../src/plugin/index.ts';
import {
  axis2,
  button,
  circle,
  defineSchema,
  type MovementOptions,
  type SchemaDeclaration,
  u8,
} from '../../src/schema/index.ts';
import { Bench } from './bench.ts';

function schemaWith(movement: MovementOptions) {
  return defineSchema({
    name: 'moves',
    world: { width: 60, depth: 60, dimensions: 3 },
    input: { move: axis2(), jump: button(), crouch: button(), dash: button() },
    player: { shape: circle(0.5, { height: 2 }), solid: false, movement, fields: { a: u8() } },
  });
}

t.test('who crouches is lower, and a landing has the speed of its fall', (t) => {
  const heights: number[] = [];
  const landings: number[] = [];
  const crouched: boolean[] = [];
  const schema = schemaWith({ jumpSpeed: 8, crouch: { height: 1.2, speed: 0.4 } });
  const game = defineGame(schema, {
    onCreate: (room) => room.addBot({ name: 'b' }),
    onJoin: (room, p) => room.place(p, { x: 0, y: 0 }),
    onTick(room) {
      for (const p of room.players) {
        heights.push(p.height);
        crouched.push(p.crouched);
      }
    },
    onLand(_room, { player, speed }) {
      landings.push(speed + 100 * player.slot);
    },
    botInput: (room) => ({ crouch: room.tick < 20, jump: room.tick === 30, move: { x: 1, y: 0 } }),
  });
  const bench = new Bench(game, { playersMax: 2, entitiesMax: 16 }).tick(70);
  t.same(bench.errors, []);
  t.equal(heights[10]?.toFixed(3), '1.200');
  t.equal(crouched[10], true);
  t.equal(heights.at(-1), 2);
  t.equal(crouched.at(-1), false);
  t.equal(landings.length, 1);
  t.ok(Math.abs((landings[0] ?? 0) - 8) < 0.05, `${landings}`);
  t.end();
});

t.test('a game that does not crouch pays nothing for it, and one that does a bit', (t) => {
  const plain = schemaWith({}).layout.kinds[0]?.fields;
  t.same(
    plain?.map(({ name }) => name),
    ['a'],
  );
  const low = schemaWith({ crouch: { height: 1 } });
  t.same(
    low.layout.kinds[0]?.fields.map(({ name, spec }) => [name, spec.bits]),
    [
      ['a', 8],
      ['$low', 1],
    ],
  );
  const view = new DataView(low.config().buffer);
  t.equal(view.getUint32(ConfigHead.crouchColumn, true), 33);
  t.equal(view.getInt32(ConfigHead.crouchHeight, true), 65536);
  t.equal(view.getUint32(ConfigHead.crouchPermille, true), 500);
  t.equal(view.getUint32(ConfigHead.airPermille, true), 1000);
  const boost = schemaWith({ airControl: 0.25, boost: { speed: 1.5, durationMs: 500 } });
  const head = new DataView(boost.config().buffer);
  t.equal(head.getUint32(ConfigHead.boostPermille, true), 1500);
  t.equal(head.getUint32(ConfigHead.dashTicks, true), 15);
  t.equal(head.getUint32(ConfigHead.airPermille, true), 250);
  t.end();
});

t.test('movement that cannot be is E_SCHEMA', (t) => {
  const refused = (movement: object, message: RegExp, world: object = { dimensions: 3 }) => {
    const player = { shape: circle(0.5, { height: 2 }), movement };
    const declaration = { name: 'moves', input: {}, world, player };
    const make = () => defineSchema(declaration as unknown as SchemaDeclaration);
    t.throws(make, { code: 'E_SCHEMA', message });
  };
  refused({ crouch: { height: 2.5 } }, /crouch.height: must be 0.1..2 units/);
  refused({ crouch: {} }, /crouch.height: is missing/);
  refused({ crouch: { height: 1 } }, /crouch: needs world.dimensions 3/, {});
  refused({ airControl: 2 }, /airControl: must be 0..1/);
  refused({ boost: { speed: 0.5 } }, /boost.speed: must be 1..10/);
  const dash = { speed: 9, durationMs: 100, cooldownMs: 100 };
  refused({ dash, boost: { speed: 2 } }, /boost: cannot be beside a dash/);
  t.end();
});

t.test('hooks hear who enters a zone and who leaves it, once each, by name', (t) => {
  const schema = defineSchema({
    name: 'zones',
    world: {
      width: 60,
      depth: 60,
      zones: {
        gate: { x: 3, y: 0, width: 2, depth: 8 },
        ring: { x: 8, y: 0, radius: 2 },
      },
    },
    input: { move: axis2() },
    player: { shape: circle(0.5), solid: false },
  });
  const told: string[] = [];
  const game = defineGame(schema, {
    onCreate: (room) => room.addBot({ name: 'b' }),
    onJoin: (room, p) => room.place(p, { x: 0, y: 0 }),
    onTick(room) {
      const [p] = [...room.players].map(({ id }) => room.player(id));
      if (room.tick === 80 && p) room.place(p, { x: 8, y: 1 });
      if (room.tick === 90 && p) room.damage(p, 1000);
    },
    onZone(_room, { player, zone, entered }) {
      told.push(`${player.name} ${zone} ${entered}`);
    },
    botInput: (room) => ({ move: { x: room.tick < 75 ? 1 : 0, y: 0 } }),
  });
  const bench = new Bench(game, { playersMax: 2, entitiesMax: 16 }).tick(100);
  t.same(bench.errors, []);
  const walked = ['b gate true', 'b gate false', 'b ring true', 'b ring false'];
  t.same(told, [...walked, 'b ring true', 'b ring false']);
  t.end();
});
