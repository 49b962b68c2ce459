import fc from 'fast-check';
import t from 'tap';
import { fromRaw, toRaw } from '../../src/schema/fields.ts';
import {
  angle,
  bits,
  bool,
  i32,
  nobody,
  player,
  quantised,
  u8,
  u16,
} from '../../src/schema/index.ts';
import { encodeInput, neutralInput } from '../../src/schema/inputs.ts';
import { installProperties, rowProperties } from '../../src/schema/rows.ts';
import { fromTurn16, toTicks, toTurn16, toVelocity } from '../../src/schema/units.ts';
import { sample } from './sample.ts';

t.test('every value of a field comes back as it was written', (t) => {
  fc.assert(fc.property(fc.integer(), (v) => t.equal(fromRaw(i32(), toRaw(i32(), v, 'v')), v)));
  fc.assert(
    fc.property(fc.nat(0xffffffff), (v) => t.equal(fromRaw(player(), toRaw(player(), v, 'v')), v)),
  );
  fc.assert(fc.property(fc.nat(0xffff), (v) => t.equal(toTurn16(fromTurn16(v)), v)));
  const step = quantised({ min: -5, max: 5, step: 0.125 });
  fc.assert(
    fc.property(fc.integer({ min: -40, max: 40 }), (v) =>
      t.equal(fromRaw(step, toRaw(step, v / 8, 'v')), v / 8),
    ),
  );
  t.equal(fromRaw(bool(), toRaw(bool(), true, 'v')), true);
  t.equal(fromRaw(player(), toRaw(player(), nobody, 'v')), 0);
  t.equal(toRaw(angle(), -Math.PI / 2, 'v'), 0xc000, 'an angle is taken modulo one turn');
  t.end();
});

t.test('a value that does not fit is E_VALUE and names its path', (t) => {
  const wrong: [Parameters<typeof toRaw>[0], unknown][] = [
    [u8(), 256],
    [u8(), -1],
    [u8(), 1.5],
    [u8(), '1'],
    [u8(), Number.NaN],
    [u8({ max: 9 }), 10],
    [bits(3), 8],
    [u16(), undefined],
    [bool(), 1],
    [player(), -1],
    [angle(), Number.POSITIVE_INFINITY],
    [quantised({ min: 0, max: 1, step: 0.5 }), 1.3],
  ];
  for (const [spec, value] of wrong)
    t.throws(() => toRaw(spec, value, 'player.kills'), {
      code: 'E_VALUE',
      message: /player\.kills/,
    });
  t.end();
});

t.test('units have one rounding rule', (t) => {
  t.equal(toVelocity(7, 30), Math.round((7 * 65536) / 30));
  t.same(
    [0, 1, 33, 50, 100, 1000].map((ms) => toTicks(ms, 30)),
    [0, 1, 1, 2, 3, 30],
    'never 0 for what takes time',
  );
  t.end();
});

t.test('inputs become raw controls; what is missing, wrong or too large is neutral or cut', (t) => {
  const raw = neutralInput();
  encodeInput(
    sample.layout,
    { move: { x: 3, y: 4 }, aim: Math.PI, fire: true, wave: true, lean: -1, tool: 9 },
    raw,
  );
  t.match(raw, { moveX: 76, moveY: 102, aim: 0x8000, buttons: 1 | 16, pitch: 0 });
  t.same([...raw.aux], [-127, 7, 0, 0]);
  encodeInput(
    sample.layout,
    { move: { x: Number.NaN, y: 'up' }, aim: null, fire: 1, tool: -3 },
    raw,
  );
  t.match(raw, { moveX: 0, moveY: 0, aim: 0, buttons: 0 });
  t.same([...raw.aux], [0, 0, 0, 0]);
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom('move', 'aim', 'fire', 'lean', 'tool'), fc.anything()),
      (input) => {
        encodeInput(sample.layout, input, raw);
        t.ok(Math.hypot(raw.moveX, raw.moveY) <= 128);
      },
    ),
  );
  t.end();
});

class Row {
  readonly cells = new Map<number, number>();
  $raw(column: number): number {
    return this.cells.get(column) ?? 0;
  }
  $write(column: number, raw: number): void {
    this.cells.set(column, raw);
  }
}

t.test('properties of a row convert both ways', (t) => {
  class Player extends Row {}
  installProperties(Player.prototype, rowProperties(sample.layout, 1), { writable: true });
  const p = new Player() as Row & Record<string, unknown>;
  p['vx'] = 3;
  p['weapon'] = 'rail';
  p['charge'] = 2.5;
  p['health'] = 1e9;
  p['aim'] = -Math.PI / 2;
  t.ok(Math.abs(Number(p['vx']) - 3) < 0.001, 'to the nearest step of 1/65536 unit per tick');
  t.same(
    [p['weapon'], p['charge'], p['health']],
    ['rail', 2.5, 100],
    'health is kept within the most of the game',
  );
  t.equal(p['aim'], 1.5 * Math.PI);
  t.throws(() => Object.assign(p, { x: 1 }), { code: 'E_VALUE' }, 'places change by room.place');
  t.throws(() => Object.assign(p, { alive: true }), { code: 'E_VALUE' });
  t.throws(() => Object.assign(p, { weapon: 'spoon' }), {
    code: 'E_VALUE',
    message: /blaster, rail/,
  });
  t.throws(() => Object.assign(p, { kills: 70_000 }), {
    code: 'E_VALUE',
    message: /player\.kills/,
  });
  t.throws(() => Object.assign(p, { topSpeed: -1 }), { code: 'E_VALUE' });
  t.throws(() => Object.assign(p, { vx: Number.NaN }), { code: 'E_VALUE' });
  class Seen extends Row {}
  installProperties(Seen.prototype, rowProperties(sample.layout, 1), { writable: false });
  t.throws(() => Object.assign(new Seen(), { health: 1 }), { code: 'E_VALUE' });
  t.end();
});
