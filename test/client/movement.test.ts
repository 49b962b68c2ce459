/**
 * All that a game can choose of movement, predicted: crouching under ceilings, control in the air, boosts, slopes and falls. Simulated
 * time, lossy links, the real core on both ends; a run is the same each time.
 */
import { readFileSync } from 'node:fs';
import t from 'tap';
import type { Game } from '../../src/client/game.ts';
import { angle, axis2, button, circle, defineSchema, type Wall } from '../../src/schema/index.ts';
import { CORE } from '../server/fixture.ts';
import { LocalRoom } from './local-room.ts';

const PLAYERS = 3;
const SECONDS = 25;
const module = new WebAssembly.Module(readFileSync(CORE));

/** Low roofs, ledges, and slopes of boxes. */
const walls: Wall[] = [
  { x: 6, y: 0, width: 6, depth: 30, z: 1.5, height: 1 },
  { x: -8, y: 6, width: 5, depth: 5, height: 2.2 },
  ...Array.from({ length: 8 }, (_, n) => ({
    x: -3 - n * 0.4,
    y: -6,
    width: 0.4,
    depth: 5,
    height: 0.3 * (n + 1),
  })),
];

const schema = defineSchema({
  name: 'moves',
  tickRateHz: 60,
  world: {
    width: 30,
    depth: 30,
    dimensions: 3,
    walls,
    movers: {
      lift: { x: 0, y: 8, width: 9, depth: 6, height: 0.3, way: { z: 4 }, goMs: 1500, stayMs: 300 },
      ferry: { x: -8, y: -10, width: 7, depth: 6, height: 0.3, way: { x: 14 }, goMs: 3000 },
      door: { x: 0, y: 0, width: 1, depth: 6, way: { y: -5, x: 1 }, goMs: 700, stayMs: 400 },
    },
  },
  input: { move: axis2(), aim: angle(), jump: button(), crouch: button(), dash: button() },
  player: {
    shape: circle(0.5, { height: 2 }),
    solid: false,
    movement: {
      topSpeed: 7,
      jumpSpeed: 8,
      stepHeight: 0.4,
      airControl: 0.3,
      crouch: { height: 1.2 },
      boost: { speed: 1.6, durationMs: 700, cooldownMs: 900 },
      relativeToAim: true,
    },
  },
});

/** Numbers in 0..1, the same each time. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

for (const link of ['', 'rtt=100,jitter=20,loss=5,seed=7']) {
  t.test(`no correction on any tick that nothing touched: link "${link}"`, async (t) => {
    const room = new LocalRoom(module, schema);
    const games: Game<typeof schema>[] = [];
    for (let slot = 0; slot < PLAYERS; slot += 1)
      games.push(await room.connect(link, { verify: true, cleanJoin: true }));
    const draws = games.map((_, slot) => seeded(slot + 1));
    const seen = { crouched: 0, fast: 0, high: 0, air: 0, others: 0, ridden: 0 };
    let ms = 0;
    room.run(SECONDS * 1000, () => {
      ms += 1;
      if (ms % 50 !== 0) return;
      games.forEach((game, slot) => {
        const draw = draws[slot] as () => number;
        const { me, players, movers } = game.view();
        if (me) {
          seen.crouched += me.crouched ? 1 : 0;
          seen.fast += Math.hypot(me.vx, me.vy) > 8 ? 1 : 0;
          if (me.grounded && me.z > 0.35 && Math.abs(me.z - movers.lift.z - 0.3) < 0.02)
            seen.ridden += 1;
          seen.high += me.z > 0.5 && me.grounded ? 1 : 0;
          seen.air += me.grounded ? 0 : 1;
          for (const other of players)
            if (other.crouched && !other.own && Math.abs(other.height - 1.2) < 0.01)
              seen.others += 1;
        }
        if (slot === 0 && me) {
          // To the lift, and then a hop on it now and then.
          const [x, y] = [-me.x, 8 - me.y];
          const move = { x: 0, y: Math.hypot(x, y) > 1 ? 1 : 0 };
          game.setInput({ move, aim: Math.atan2(y, x), jump: draw() < 0.05 });
          return;
        }
        if (ms % 200 !== 0) return;
        game.setInput({
          move: { x: 2 * draw() - 1, y: 1 },
          aim: ms % 1000 === 0 ? 2 * Math.PI * draw() : (me?.aim ?? 0),
          jump: draw() < 0.4,
          crouch: draw() < 0.3,
          dash: draw() < 0.6,
        });
      });
    });
    t.comment(JSON.stringify(seen));
    for (const { stats } of games) {
      t.equal(stats.correctionUnitsFreeMax, 0, 'units');
      t.ok(stats.freeTicks > SECONDS * 40, `${stats.freeTicks} free ticks`);
      t.equal(stats.hashMismatches, 0);
    }
    for (const [name, times] of Object.entries(seen)) t.ok(times > 5, `${name}: ${times} times`);
    for (const game of games) game.close();
  });
}
