/** The ground plan of a schema: what is refused, and what the core is told. */
import t from 'tap';
import { ConfigHead, MAP_BOXES_MAX, WallBox } from '../../protocol/gen/tables.ts';
import {
  axis2,
  defineSchema,
  type Schema,
  type SchemaDeclaration,
} from '../../src/schema/index.ts';

const wall = { x: 1, y: -2, width: 3, depth: 4 };

function schema(walls: unknown): Schema {
  const declaration = { name: 'plan', input: { move: axis2() }, world: { walls } };
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
