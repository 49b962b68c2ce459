/** `player.input`: what was applied in this tick, of clients and of bots, in the author's own units. */
import { testRoom } from 'fray/testing';
import t from 'tap';
import { defineGame } from '../../src/plugin/index.ts';
import {
  angle,
  axis,
  axis2,
  button,
  circle,
  defineSchema,
  pitch,
  quantised,
  u8,
} from '../../src/schema/index.ts';

const schema = defineSchema({
  name: 'cockpit',
  tickRateHz: 30,
  world: { dimensions: 3 },
  input: {
    move: axis2(),
    aim: angle(),
    pitch: pitch(),
    fire: button(),
    flaps: button(),
    rudder: axis(),
    gear: u8({ max: 5 }),
    trim: quantised({ min: -1, max: 1, step: 0.25 }),
  },
  player: { shape: circle(0.5) },
});

t.test('hooks read every kind of input as it was applied', (t) => {
  const seen = new Map<string, Record<string, unknown>[]>();
  const room = testRoom(
    defineGame(schema, {
      onCreate: (inside) => inside.addBot({ name: 'Bot' }),
      onTick(inside) {
        for (const { name, input } of inside.players) {
          const rows = seen.get(name) ?? [];
          rows.push({ ...input, move: { ...input.move } });
          seen.set(name, rows);
        }
      },
      botInput: (inside) => ({ gear: inside.tick % 5, flaps: true }),
    }),
  );
  const ann = room.join({ name: 'Ann' });
  room.tick(2);
  ann.input({
    move: { x: 0.5, y: -1 },
    aim: Math.PI / 2,
    pitch: -0.5,
    flaps: true,
    rudder: -1,
    gear: 9,
    trim: 0.6,
  });
  room.tick(2);
  const still = seen.get('Ann')?.[0];
  t.match(still, { move: { x: 0, y: 0 }, fire: false, flaps: false, rudder: 0, gear: 0 });
  const now = seen.get('Ann')?.at(-1) as unknown as {
    move: { x: number; y: number };
    aim: number;
    pitch: number;
  };
  t.match(now, { fire: false, flaps: true, rudder: -1, gear: 5, trim: 0.5 }, 'cut to what fits');
  t.ok(Math.abs(Math.hypot(now.move.x, now.move.y) - 1) < 0.01, 'a stick is at most 1 long');
  t.ok(Math.abs(now.move.x / now.move.y + 0.5) < 0.02);
  t.ok(Math.abs(now.aim - Math.PI / 2) < 0.001 && Math.abs(now.pitch + 0.5) < 0.001);
  const bot = seen.get('Bot')?.slice(-2) ?? [];
  t.equal(bot[0]?.['flaps'], true);
  t.equal(((bot[0]?.['gear'] as number) + 1) % 5, bot[1]?.['gear'], 'of a bot what it answered');
  t.end();
});
