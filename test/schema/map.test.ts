/** The ground plan of a schema: what is refused, and what the core is told. */
import t from 'tap';
import {
  ConfigArea,
  ConfigHead,
  ConfigMover,
  MAP_BOXES_MAX,
  WallBox,
} from '../../protocol/gen/tables.ts';
import {
  axis2,
  defineSchema,
  type Schema,
  type SchemaDeclaration,
} from '../../src/schema/index.ts';
import { moverAt } from '../../src/schema/map.ts';

const wall = { x: 1, y: -2, width: 3, depth: 4 };

function schema(walls: unknown, more: object = {}): Schema {
  const declaration = { name: 'plan', input: { move: axis2() }, world: { walls, ...more } };
  return defineSchema(declaration as unknown as SchemaDeclaration) as Schema;
}

t.test('walls stand at the end of the configuration, and count in the hash', (t) => {
  const plan = schema([wall, { ...wall, z: 0.5, height: 2 }]);
  const bytes = plan.config();
  const view = new DataView(bytes.buffer);
  t.equal(view.getUint32(ConfigHead.boxes, true), 2);
  const row = (at: number): number[] =>
    Array.from({ length: 6 }, (_, k) => view.getInt32(bytes.length - at + 4 * k, true) / 65536);
  t.same(row(2 * WallBox.bytes), [1, -2, 0, 1.5, 2, 0]);
  t.same(row(WallBox.bytes), [1, -2, 0.5, 1.5, 2, 2]);
  t.not(plan.hash, schema([wall]).hash);
  t.not(schema([wall]).hash, schema([{ ...wall, x: 2 }]).hash);
  t.end();
});

t.test('a plan that cannot be is E_SCHEMA that names the wall', (t) => {
  const refused = (walls: unknown, message: string) =>
    t.throws(() => schema(walls), { code: 'E_SCHEMA', message });
  const path = 'Cannot use this schema: world.walls';
  refused(7, `${path}: must be an array`);
  refused([wall, { ...wall, x: Number.NaN }], `${path}[1].x: must be -16384..16384 units, not NaN`);
  refused([{ x: 0, y: 0, width: 1 }], `${path}[0].depth: is missing`);
  refused([{ ...wall, height: -1 }], `${path}[0].height: must be 0..16384 units, not -1`);
  refused([{ ...wall, paint: 1 }], /world.walls.0..paint: is not an option/ as never);
  const many = Array.from({ length: MAP_BOXES_MAX + 1 }, () => wall);
  refused(many, `${path}: has 10001 walls, at most 10000 are possible`);
  t.equal(schema(many.slice(1)).layout.walls.length, MAP_BOXES_MAX);
  t.end();
});

t.test('movers and zones follow the walls, in ticks and in the core’s units', (t) => {
  const way = { x: 1, z: -0.5 };
  const lift = { x: 0, y: 1, z: 2, width: 2, depth: 4, height: 0.5, way, goMs: 500, stayMs: 100 };
  const spot = { x: 3, y: 0, radius: 1.5, height: 2 };
  const plan = schema([wall], { movers: { lift }, zones: { spot, base: { ...wall, z: 1 } } });
  const bytes = plan.config();
  const view = new DataView(bytes.buffer);
  t.equal(view.getUint32(ConfigHead.movers, true), 1);
  t.equal(view.getUint32(ConfigHead.areas, true), 2);
  const row = (at: number, words: number): number[] =>
    Array.from({ length: words }, (_, k) => view.getInt32(bytes.length - at + 4 * k, true));
  const units = (...values: number[]): number[] => values.map((value) => value * 65536);
  t.same(row(2 * ConfigArea.bytes, 7), [...units(3, 0, 0, 1.5, 1.5, 2), 1]);
  t.same(row(ConfigArea.bytes, 7), [...units(1, -2, 1, 1.5, 2, 0), 0]);
  const at = 2 * ConfigArea.bytes + ConfigMover.bytes;
  t.same(row(at, 12), [...units(0, 1, 2, 1, 2, 0.5, 1, 0, -0.5), 15, 3, 0]);
  t.not(plan.hash, schema([wall], { movers: { lift }, zones: { spot } }).hash);
  t.end();
});

t.test('movers and zones that cannot be are E_SCHEMA', (t) => {
  const mover = { ...wall, way: { x: 1 }, goMs: 100 };
  const refused = (more: object, message: RegExp) =>
    t.throws(() => schema([], more), { code: 'E_SCHEMA', message });
  refused({ movers: { a: { ...mover, goMs: 0 } } }, /movers.a.goMs: must be 1..600000 ms/);
  refused({ movers: { a: { ...mover, way: { z: 4 } } } }, /a.way.z: must be -3..3 units in goMs/);
  refused({ movers: { a: { ...mover, way: { x: 2 } } } }, /a.way.x: must be -1.5..1.5 units in/);
  const high = { ...mover, z: 16000, height: 500, way: { z: -1 } };
  refused({ movers: { a: high } }, /a.way.z: leads out of every world/);
  refused({ movers: { a: { ...mover, x: 16384 } } }, /a.way.x: leads out of every world/);
  refused({ movers: { a: wall } }, /a.goMs: is missing/);
  const many = Object.fromEntries(Array.from({ length: 65 }, (_, k) => [`m${k}`, mover]));
  refused({ movers: many }, /has 65 movers, at most 64/);
  refused({ zones: { a: { x: 0, y: 0 } } }, /zones.a.width: is missing/);
  refused({ zones: { a: { x: 0, y: 0, radius: 1, width: 2 } } }, /zones.a.width: is not an option/);
  refused({ zones: { a: { x: 0, y: 0, radius: -1 } } }, /zones.a.radius: must be/);
  t.end();
});

t.test('a page has a mover where the core has it', (t) => {
  // The same as in core-wasm/tests/movers.rs.
  const size = { x: 0, y: 0, z: 0, halfX: 1, halfY: 1, height: 1 };
  const lift = { ...size, name: 'lift', wayX: 0, wayY: 7, wayZ: 100 };
  const mover = { ...lift, goTicks: 10, stayTicks: 5, startTick: 3 };
  const z = Array.from({ length: 32 }, (_, tick) => moverAt(mover, tick).z);
  t.same(z.slice(0, 13), [0, 0, 0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
  t.same(z.slice(12, 28), [100, 100, 100, 100, 100, 100, 90, 80, 70, 60, 50, 40, 30, 20, 10, 0]);
  t.same(z.slice(30), z.slice(0, 2));
  t.equal(moverAt(mover, 7).y, 4);
  t.same(moverAt(mover, -1), moverAt(mover, 29));
  t.equal(moverAt(mover, 3.25).z, 12.5);
  t.equal(moverAt({ ...mover, wayY: -7 }, 7).y, -4, 'halves away from zero');
  t.end();
});
