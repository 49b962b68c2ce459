// What server and page agree on.
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
} from 'fray/schema';

export const duel = defineSchema({
  name: 'duel',
  tickRateHz: 30,
  world: { width: 40, depth: 40 },
  input: { move: axis2(), aim: angle(), fire: button() },
  weapons: { bolt: projectile({ damage: 25, cooldownMs: 250, speed: 25, lifeMs: 1000 }) },
  player: { shape: circle(0.5), health: 100, fields: { kills: u16({ to: 'room' }) } },
  toServer: { chat: { text: text(120) } },
  toClient: { chat: { from: player(), text: text(120) } },
  timers: { respawn: { who: player() } },
});
