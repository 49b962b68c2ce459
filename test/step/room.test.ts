/** A game whose players move by a step of its own: a room, its pages' prediction, a replay and what fails. */
import t from 'tap';
import { testRoom } from '../../src/plugin/testing/index.ts';
import { flight, flyers, GOLDEN } from './flight.ts';
import { EXAMPLES, exampleBytes, stepOf, withStep } from './steps.ts';

t.test('walks, jumps a second time in the air and flies until the fuel is gone', async (t) => {
  for (const name of EXAMPLES) {
    const { ann, heights, hash } = flight(stepOf(exampleBytes(name)));
    t.ok((ann.view().me?.x ?? 0) > 15, `${name}: it has walked: ${ann.view().me?.x}`);
    t.ok(Math.max(...heights.slice(0, 18)) > 1, 'it jumped');
    t.ok((heights[24] ?? 0) > (heights[19] ?? 0) + 0.5, 'and again in the air');
    const top = Math.max(...heights.slice(60));
    t.ok(top > 3.5 && heights.indexOf(top) < 119, `it flew to ${top}, and came down`);
    t.equal(hash, GOLDEN, 'the same numbers from Rust and AssemblyScript, and in the native core');
  }
});

t.test('a step that fails leaves its player where it is, and the author is told', async (t) => {
  for (const [body, why] of [
    ['(loop $again (br $again))', /more instructions than it may \(fuel\)/],
    ['(drop (i32.load (i32.const -1)))', /beyond its memory of 64 KiB \(read\)/],
    ['(i32.store (i32.const 8192) (i32.const 1))', /outside of the first 4,096 bytes.* \(write\)/],
    ['(drop (i32.div_u (i32.const 1) (i32.const 0)))', /by zero \(divide\)/],
    ['(unreachable)', /panics.* \(unreachable\)/],
  ] as const) {
    const room = testRoom(flyers(stepOf(withStep(body))), { faults: 'keep' });
    const ann = room.join();
    room.tick(150);
    ann.input({ move: { x: 1, y: 0 } });
    room.tick(10);
    t.same([ann.view().me?.x, ann.view().me?.y, ann.view().me?.z], [0, 0, 0], String(why));
    const fault = room.faults.at(-1);
    t.match(fault, { hook: 'step', error: { code: 'E_STEP' } });
    t.match(String(fault?.error), why);
    t.match(String(fault?.error), /\(1[56]\d so far\)/, 'in each tick, and the room lives');
  }
});
