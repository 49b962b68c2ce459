/** `game.costOf`: what the newest state of each in sight took, over the real core on both ends. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { axis2, circle, defineSchema } from '../../src/schema/index.ts';
import { CORE } from '../server/fixture.ts';
import { LocalRoom } from './local-room.ts';

const module = new WebAssembly.Module(readFileSync(CORE));
const schema = defineSchema({
  name: 'costs',
  tickRateHz: 30,
  world: { width: 40, depth: 40 },
  input: { move: axis2() },
  player: { shape: circle(0.5), solid: false },
});

t.test(
  'states have their tick and bits: an enter costs most, who stands costs next to nothing',
  async (t) => {
    const room = new LocalRoom(module, schema);
    const ann = await room.connect();
    const bob = await room.connect();
    const cid = await room.connect();
    /** Bits of the others' states in each snapshot that comes. */
    const costs = new Map<number, number[]>([bob, cid].map(({ handle }) => [handle, []]));
    let seen = ann.stats.snapshots;
    const look = (): void => {
      if (ann.stats.snapshots === seen) return;
      seen = ann.stats.snapshots;
      const { snapshotTick, snapshotBytes } = ann.stats;
      let sum = 0;
      for (const [handle, bits] of costs) {
        const cost = ann.costOf(handle);
        if (cost.tick !== snapshotTick) continue;
        bits.push(cost.bits);
        sum += cost.bits;
      }
      t.ok(sum < snapshotBytes * 8, `${sum} bits of a snapshot of ${snapshotBytes} bytes`);
    };
    room.run(500, look);
    const still = costs.get(bob.handle)?.at(-1) ?? Number.NaN;
    t.ok(still >= 1 && still <= 8, `${still} bits of who stands`);
    bob.setInput({ move: { x: 1, y: 0.3 } });
    room.run(300, look);
    const moving = costs.get(bob.handle)?.at(-1) ?? Number.NaN;
    t.ok(moving > still, `${moving} bits of who walks`);
    t.equal(costs.get(cid.handle)?.at(-1), still, 'the other one still stands');

    const dan = await room.connect();
    costs.set(dan.handle, []);
    room.run(500, look);
    const [enter = 0, ...later] = costs.get(dan.handle) ?? [];
    const entered = Math.max(enter, ann.costOf(dan.handle).bits);
    t.ok(entered > 0 && later.length > 0);
    t.same(ann.costOf(ann.handle), { tick: 0, bits: 0 }, 'the own player is not told apart');
    t.end();
  },
);
