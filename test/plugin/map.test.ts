/** What stands in a room, as games and bots ask for it: the same as by looking at every wall. */
import t from 'tap';
import type { MapOf, Wall } from '../../src/plugin/index.ts';
import { defineGame } from '../../src/plugin/index.ts';
import { axis2, circle, defineSchema } from '../../src/schema/index.ts';
import { Bench } from './bench.ts';

const SIZE = 60;

/** Numbers in 0..1, the same each time. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const draw = seeded(11);
/** In steps that the core holds exactly. */
const step = (most: number): number => Math.round(draw() * most * 16) / 16;
const some = (count: number): Wall[] =>
  Array.from({ length: count }, () => ({
    x: step(SIZE) - SIZE / 2,
    y: step(SIZE) - SIZE / 2,
    z: step(3),
    width: step(4) + 0.25,
    depth: step(4) + 0.25,
    height: step(3),
  }));
const own = some(40);
const schema = defineSchema({
  name: 'map',
  world: {
    width: SIZE,
    depth: SIZE,
    dimensions: 3,
    walls: some(300),
    zones: {
      ring: { x: 0, y: 0, radius: 5, z: 1, height: 2 },
      east: { x: 15, y: 0, width: 30, depth: SIZE },
    },
  },
  input: { move: axis2() },
  player: { shape: circle(0.5, { height: 2 }) },
});

/** The map of a room, inside onCreate and then in a tick of a bot. */
function maps(look: (map: MapOf<typeof schema>, where: string) => void): void {
  let looked = 0;
  const game = defineGame(schema, {
    onCreate(room) {
      look(room.map, 'before its own walls');
      room.addWalls(own);
      look(room.map, 'onCreate');
      room.addBot({ name: 'b' });
    },
    onTick(room) {
      if (room.tick === 2) look(room.map, 'onTick');
    },
    botInput(room) {
      if (looked++ === 0) look(room.map, 'botInput');
      return {};
    },
  });
  const bench = new Bench(game, { playersMax: 2, entitiesMax: 16 }).tick(4);
  t.same(bench.faults, []);
}

t.test('answers are those of looking at every wall, in hooks and for bots', (t) => {
  const seen: string[] = [];
  maps((map, where) => {
    seen.push(where);
    const walls = [...schema.declaration.world.walls, ...(where.startsWith('before') ? [] : own)];
    const all = walls.map((wall) => ({ z: 0, height: 0, ...wall }));
    const area = { minX: -40, minY: -40, maxX: 40, maxY: 40 };
    t.equal(map.search(area).length, all.length, where);
    for (let n = 0; n < 200; n += 1) {
      const at = { x: step(64) - 32, y: step(64) - 32, z: step(4) };
      const top = (wall: (typeof all)[number]) => (wall.height === 0 ? 1e9 : wall.z + wall.height);
      const off = (centre: number, size: number, value: number) =>
        Math.max(Math.abs(value - centre) - size / 2, 0);
      const free =
        Math.max(Math.abs(at.x), Math.abs(at.y)) <= SIZE / 2 - 0.5 &&
        !all.some((wall) => {
          const gap = Math.hypot(off(wall.x, wall.width, at.x), off(wall.y, wall.depth, at.y));
          return gap < 0.5 && wall.z < at.z + 2 && top(wall) > at.z;
        });
      t.equal(map.free(at), free, `${where} ${JSON.stringify(at)}`);
      const to = { x: step(64) - 32, y: step(64) - 32, z: step(4) };
      const part = map.ray(at, to);
      // Just before it no wall, just behind it one: by many small steps.
      let first = 1;
      for (let k = 0; k <= 400 && first === 1; k += 1) {
        const on = (a: number, b: number) => a + ((b - a) * (k + 0.5)) / 401;
        const [x, y, z] = [on(at.x, to.x), on(at.y, to.y), on(at.z, to.z)];
        const hit = all.some(
          (wall) =>
            Math.abs(x - wall.x) < wall.width / 2 &&
            Math.abs(y - wall.y) < wall.depth / 2 &&
            (wall.height === 0 || (z > wall.z && z < wall.z + wall.height)),
        );
        if (hit) first = (k + 0.5) / 401;
      }
      t.ok(part <= first && (first === 1 || first - part < 0.2), `${where}: ${part} ${first}`);
    }
  });
  t.same(seen, ['before its own walls', 'onCreate', 'botInput', 'onTick']);
  t.end();
});

t.test(
  'a free place is in no wall that reaches into who stands there, whatever its bottom',
  (t) => {
    // A beam to be bumped into, and a roof over all that one stands under; in two dimensions everything stands in the way.
    const beam = { x: 0, y: 0, z: 1.5, width: SIZE, depth: SIZE / 2, height: 1 };
    const roof = { x: 0, y: SIZE / 2, z: 3, width: SIZE, depth: SIZE / 4 };
    for (const dimensions of [2, 3] as const) {
      const under: number[] = [];
      const game = defineGame(
        defineSchema({
          name: 'map',
          world: { width: SIZE, depth: SIZE, dimensions, walls: [beam, roof] },
          input: { move: axis2() },
          player: { shape: circle(0.5, dimensions === 3 ? { height: 2 } : {}) },
        }),
        {
          onCreate(room) {
            for (let n = 0; n < 40; n += 1) under.push(room.freePlace().y);
            const part = room.map.ray({ x: 0, y: -SIZE / 2 }, { x: 0, y: SIZE / 2 });
            t.equal(part, dimensions === 2 ? 0.25 : 0.875, 'a line meets what a shot meets');
          },
        },
      );
      t.same(new Bench(game, { playersMax: 2, entitiesMax: 16 }).tick(1).faults, []);
      t.ok(Math.min(...under.map(Math.abs)) >= SIZE / 4 + 0.5, 'beside the beam');
      const most = Math.max(...under);
      if (dimensions === 2) t.ok(most <= (SIZE * 3) / 8 - 0.5, `${most}: before the roof`);
      else t.ok(most > (SIZE * 3) / 8, `${most}: under the roof, too`);
    }
    t.end();
  },
);

t.test('a way past a wall is free, one through it ends at it; zones are told by name', (t) => {
  maps((map, where) => {
    if (where !== 'onTick') return;
    const [wall] = map.search({ minX: -30, minY: -30, maxX: 30, maxY: 30 });
    if (wall === undefined) return t.fail('there are walls');
    const { x, y, z, width, height } = wall;
    const middle = { x, y, z: z + Math.min(0.1, height / 2 || 0.1) };
    t.ok(map.ray({ ...middle, x: x - width }, { ...middle, x: x + width }) <= 0.25 + 1e-9);
    t.equal(map.ray({ ...middle, z: 99 }, { ...middle, x: x + 9, z: 99 }) < 1, height === 0);
    t.same(map.zonesAt({ x: 0, y: 4, z: 1 }), ['ring']);
    t.same(map.zonesAt({ x: 1, y: 4, z: 2.5 }), ['east', 'ring']);
    t.same(map.zonesAt({ x: 4, y: 4, z: 2 }), ['east']);
    t.same(map.zonesAt({ x: 0, y: 4, z: 3 }), []);
  });
  t.end();
});
