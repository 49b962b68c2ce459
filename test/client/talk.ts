/** The game of the tests of gaps and bad links: who is in it moves, fires, and says something. */
import {
  axis2,
  button,
  circle,
  defineSchema,
  player,
  projectile,
  text,
  u16,
} from '../../src/schema/index.ts';

export const talk = defineSchema({
  name: 'talk',
  tickRateHz: 30,
  world: { width: 48, depth: 48 },
  input: { move: axis2(), fire: button() },
  weapons: {
    gun: projectile({ damage: 20, cooldownMs: 200, speed: 24, lifeMs: 1200, radius: 0.2 }),
  },
  player: { shape: circle(0.5), viewRadius: 30, fields: { kills: u16({ to: 'room' }) } },
  toServer: { chat: { text: text(120) } },
  toClient: { chat: { from: player(), text: text(120) } },
});
