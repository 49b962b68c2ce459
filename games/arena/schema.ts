/** What server and page of the arena agree on. */
import {
  angle,
  axis2,
  bits,
  bool,
  box,
  button,
  circle,
  defineSchema,
  hitscan,
  player,
  projectile,
  quantised,
  text,
  tick,
  u8,
  u16,
} from 'fray/schema';
import { ARENA_SIZE } from './map.ts';

/** What a crate holds, in the order of its field `content`. */
export const contents = ['medkit', 'rapid', 'rail'] as const;

/** What a receipt says, in the order of its fields `clamp` and `result`. */
export const clamps = ['none', 'delay', 'most', 'history'] as const;
export const results = ['none', 'wall', 'hit', 'harmless', 'flies'] as const;

const across = quantised({ min: -ARENA_SIZE, max: ARENA_SIZE, step: 1 / 64 });
const spot = { x: across, y: across };

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
      /** Its page shows what its shots were judged by. */
      watches: bool({ to: 'none' }),
    },
  },
  kinds: {
    crate: { shape: box(0.9, 0.9), touch: true, fields: { content: bits(2) } },
  },
  toServer: { chat: { text: text(120) }, watch: { on: bool() } },
  toClient: {
    chat: { from: player(), text: text(120) },
    kill: { attacker: player(), victim: player(), streak: u8() },
    receipt: {
      ...spot,
      aim: angle(),
      distance: quantised({ min: 0, max: ARENA_SIZE, step: 1 / 64 }),
      /** How long ago what counted was, and what the page had said; ms. */
      agoMs: u16(),
      statedMs: u16(),
      clamp: bits(2),
      result: bits(3),
    },
    /** Behind its receipt. */
    shape: { ...spot, radius: quantised({ min: 0, max: 8, step: 1 / 64 }), inWay: bool() },
  },
  timers: {
    respawn: { who: player() },
    calm: { who: player() },
    crate: { spot: u8() },
  },
});
