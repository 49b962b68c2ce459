/** Ann walks, jumps twice and flies: the game of the examples, in one script that several tests play. */
import { defineGame } from '../../src/plugin/index.ts';
import { testRoom } from '../../src/plugin/testing/index.ts';
import { angle, axis2, button, defineSchema } from '../../src/schema/index.ts';
import type { OwnStep } from '../../src/schema/step.ts';

export const flyersSchema = (step: OwnStep) =>
  defineSchema({
    name: 'flyers',
    world: { width: 100, depth: 100, dimensions: 3 },
    input: { move: axis2(), aim: angle(), jump: button(), jet: button() },
    player: { movement: { step } },
  });

export const flyers = (step: OwnStep) =>
  defineGame(flyersSchema(step), { onJoin: (room, player) => room.place(player, { x: 0, y: 0 }) });

export function flight(step: OwnStep) {
  const room = testRoom(flyers(step), { seed: 3n });
  const ann = room.join();
  room.tick(2);
  const heights: number[] = [];
  for (let tick = 0; tick < 120; tick += 1) {
    const jump = tick === 5 || tick === 20;
    ann.input({ move: { x: 1, y: 0 }, jump, jet: tick > 35 && tick < 95 });
    room.tick();
    heights.push(ann.view().me?.z ?? 0);
  }
  return { room, ann, heights, hash: room.hash() };
}

/** Its state hash at the end: in Node, in a page and in the native core. */
export const GOLDEN = '9176eaa0d1dac492';
