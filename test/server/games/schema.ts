import {
  angle,
  axis2,
  button,
  circle,
  defineSchema,
  player,
  projectile,
  text,
  u16,
} from '../../../src/schema/index.ts';

export const duel = defineSchema({
  name: 'test-duel',
  tickRateHz: 30,
  world: { width: 20, depth: 20 },
  input: { move: axis2(), aim: angle(), fire: button() },
  weapons: {
    bolt: projectile({ damage: 25, cooldownMs: 250, speed: 25, lifeMs: 1000, radius: 0.2 }),
  },
  player: { shape: circle(0.5), health: 100, fields: { kills: u16({ to: 'room' }) } },
  toServer: { chat: { text: text(120) } },
  toClient: { chat: { from: player(), text: text(120) } },
  timers: { respawn: { who: player() } },
});
