/** A schema with one of everything, for the tests. */
import {
  angle,
  axis,
  axis2,
  bits,
  bool,
  box,
  button,
  circle,
  defineSchema,
  hitscan,
  i32,
  player,
  projectile,
  quantised,
  text,
  tick,
  u8,
  u16,
} from '../../src/schema/index.ts';

export const sample = defineSchema({
  name: 'sample',
  tickRateHz: 30,
  world: { width: 40, depth: 20, friendlyFire: true },
  net: { positionPrecision: 0.01, aimBits: 10, snapshotBytesMax: 500, interpolationMs: 67 },
  input: {
    move: axis2(),
    aim: angle(),
    fire: button(),
    wave: button(),
    dash: button(),
    lean: axis(),
    tool: bits(3),
  },
  weapons: {
    blaster: projectile({
      damage: 18,
      cooldownMs: 200,
      speed: 28,
      lifeMs: 900,
      radius: 0.18,
      knockback: 3,
    }),
    rail: hitscan({ damage: 55, cooldownMs: 900, range: 30 }),
  },
  room: {
    fields: { leader: player(), startedAt: tick(), secret: u8({ to: 'none' }), motto: text(20) },
  },
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
      colour: bits(4),
      ammo: u8({ to: 'owner', initial: 5 }),
      streak: u8({ to: 'none' }),
      stealth: bool(),
      charge: quantised({ min: 0, max: 10, step: 0.25 }),
      score: i32({ to: 'none' }),
      clan: text(12),
    },
  },
  kinds: {
    crate: {
      shape: box(0.9, 0.7),
      touch: true,
      health: 30,
      fields: { content: bits(2), note: text(8) },
    },
    flag: { shape: circle(0.3), moves: true, fields: { holder: player(), facing: angle() } },
  },
  toServer: {
    chat: { text: text(120) },
    order: { what: u8(), where: quantised({ min: -1, max: 1, step: 0.01 }), loud: bool() },
  },
  toClient: {
    chat: { from: player(), text: text(120) },
    score: { value: i32(), at: tick(), dir: angle(), long: text(600) },
  },
  timers: {
    respawn: { who: player() },
    blink: {
      on: bool(),
      angle: angle(),
      level: quantised({ min: 0, max: 1, step: 0.1 }),
      n: i32(),
    },
  },
});
