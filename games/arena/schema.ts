/** What server and page of the arena agree on. */
import {
  angle,
  axis2,
  bits,
  box,
  button,
  circle,
  defineSchema,
  hitscan,
  player,
  projectile,
  text,
  tick,
  u8,
  u16,
} from 'fray/schema';
import { ARENA_SIZE } from './map.ts';

/** What a crate holds, in the order of its field `content`. */
export const contents = ['medkit', 'rapid', 'rail'] as const;

export const arena = defineSchema({
  name: 'arena',
  tickRateHz: 30,
  world: { width: ARENA_SIZE, depth: ARENA_SIZE },
  input: { move: axis2(), aim: angle(), fire: button(), dash: button() },
  weapons: {
    blaster: projectile({ damage: 18, cooldownMs: 200, speed: 28, lifeMs: 900, radius: 0.18 }),
    rapid: projectile({ damage: 12, cooldownMs: 100, speed: 32, lifeMs: 800, radius: 0.15 }),
    rail: hitscan({ damage: 55, cooldownMs: 900, range: 30 }),
  },
  room: { fields: { leader: player(), startedAt: tick() } },
  player: {
    shape: circle(0.5),
    health: 100,
    viewRadius: 22,
    movement: {
      topSpeed: 7,
      acceleration: 70,
      friction: 50,
      dash: { speed: 22, durationMs: 130, cooldownMs: 1500 },
    },
    fields: {
      kills: u16({ to: 'room' }),
      deaths: u16({ to: 'room' }),
      colour: bits(4, { to: 'room' }),
      best: u8({ to: 'owner' }),
      streak: u8({ to: 'none' }),
    },
  },
  kinds: {
    crate: { shape: box(0.9, 0.9), touch: true, fields: { content: bits(2) } },
  },
  toServer: { chat: { text: text(120) } },
  toClient: {
    chat: { from: player(), text: text(120) },
    kill: { attacker: player(), victim: player(), streak: u8() },
  },
  timers: {
    respawn: { who: player() },
    calm: { who: player() },
    crate: { spot: u8() },
  },
});
