/** `net.hideBehindWalls` from the schema to whom a room tells of whom. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { BotRoom, metres } from '../../bench/bot-room.ts';
import { compileCore } from '../../core-wasm/bindings/instantiate.ts';
import { circle, defineSchema } from '../../src/schema/index.ts';

/** In front of a wall, and behind it; the second two near its end. */
const PLACES = [
  [-12, 0],
  [12, 0],
  [-3, 29],
  [3, 29],
] as const;
/** Who looks at whom. */
const PAIRS = [
  [0, 2],
  [0, 1],
  [1, 0],
  [2, 3],
] as const;

t.test('who is behind a wall is told to nobody in front of it, if the game says so', async (t) => {
  const core = readFileSync(new URL('../../core-wasm/fray_core.wasm', import.meta.url));
  const module = await compileCore(core);
  // The wall is in two pieces, so that they have to hide as one.
  const walls = [-1, 1].map((side) => ({ x: 0, y: 15 * side, width: 1, depth: 30 }));
  const sees = (hideBehindWalls: boolean): boolean[] => {
    const schema = defineSchema({
      name: 'hiding',
      world: { width: 100, depth: 100, walls },
      net: { hideBehindWalls },
      input: {},
      player: { shape: circle(0.5), viewRadius: 40, movement: { topSpeed: 5 } },
    });
    const bots = PLACES.map(([x, y]) => ({ x: metres(x), y: metres(y) }));
    const room = new BotRoom(module, { config: schema.config({ playersMax: 8 }), bots });
    for (let tick = 0; tick < 20; tick += 1) {
      room.begin();
      room.end();
    }
    return PAIRS.map(([slot, other]) => room.sees(slot, room.rows[other] as number));
  };
  t.same(sees(false), [true, true, true, true]);
  t.same(sees(true), [true, false, false, true], 'who is a step from its end could see the other');
});
