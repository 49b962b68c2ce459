/** What server and page of the outpost agree on. */
import {
  angle,
  axis2,
  bits,
  bool,
  button,
  circle,
  defineSchema,
  hitscan,
  pitch,
  player,
  projectile,
  quantised,
  tick,
  u8,
  u16,
} from 'fray/schema';
import {
  BODY_HEIGHT,
  BODY_RADIUS,
  blocks,
  DEPTH,
  LOW_HEIGHT,
  lifts,
  POINT,
  STEP_HEIGHT,
  WIDTH,
} from './map.ts';

/** In the order of the field `weapon` of messages. */
export const weapons = ['rifle', 'launcher'] as const;

/** What a receipt says, in the order of its fields `clamp` and `result`. */
export const clamps = ['none', 'delay', 'most', 'history'] as const;
export const results = ['none', 'wall', 'hit', 'harmless', 'flies'] as const;

/** `phase` of the room. */
export const PLAYING = 0;
export const OVER = 1;

/** `hold` of the room: 0 is team 1's, 200 team 2's. */
export const HOLD_MOST = 200;
export const HOLD_NOBODY = 100;

const across = quantised({ min: -WIDTH, max: WIDTH, step: 1 / 64 });
const spot = { x: across, y: across, z: across };

/** What the game knows of a box. */
function unpainted<Box extends { readonly paint: unknown }>({ paint: _, ...box }: Box) {
  return box;
}

export const outpost = defineSchema({
  name: 'outpost',
  tickRateHz: 60,
  world: {
    width: WIDTH,
    depth: DEPTH,
    dimensions: 3,
    gravity: 20,
    walls: blocks.map(unpainted),
    movers: { lift1: unpainted(lifts.lift1), lift2: unpainted(lifts.lift2) },
    // On the deck, not under a jump's height above it.
    zones: { point: { x: POINT.x, y: POINT.y, z: 0.5, radius: POINT.radius } },
  },
  net: { sendEvery: 2, aimBits: 10 },
  input: {
    move: axis2(),
    aim: angle(),
    pitch: pitch(),
    fire: button(),
    jump: button(),
    crouch: button(),
  },
  weapons: {
    rifle: hitscan({ damage: 18, cooldownMs: 110, range: 90, headFactor: 2 }),
    launcher: projectile({
      damage: 60,
      cooldownMs: 900,
      speed: 30,
      lifeMs: 2500,
      radius: 0.25,
      knockback: 7,
      forward: true,
      // Who is clever jumps with it.
      blast: { radius: 3.2, damage: 45, knockback: 8 },
    }),
  },
  room: {
    fields: {
      round: u16(),
      phase: bits(1),
      /** Tick in which the round, or the pause after it, ends. */
      endsAt: tick(),
      /** Team that holds the point, 0 nobody. */
      holder: bits(2),
      hold: u8({ max: HOLD_MOST, initial: HOLD_NOBODY }),
      /** Both teams are there. */
      contested: bool(),
      points1: u16(),
      points2: u16(),
      /** Of the round that is over; 0 for a draw. */
      winner: bits(2),
    },
  },
  player: {
    shape: circle(BODY_RADIUS, { height: BODY_HEIGHT, head: 0.44 }),
    health: 100,
    viewRadius: 90,
    seenByTeam: true,
    movement: {
      topSpeed: 6.5,
      acceleration: 60,
      friction: 45,
      jumpSpeed: 7.6,
      stepHeight: STEP_HEIGHT,
      relativeToAim: true,
      crouch: { height: LOW_HEIGHT },
    },
    fields: {
      kills: u16({ to: 'room' }),
      deaths: u16({ to: 'room' }),
      assists: u16({ to: 'room' }),
      /** Seconds on the point while it was taken or held. */
      held: u16({ to: 'room' }),
      /** Stands on the point. */
      onPoint: bool({ to: 'none' }),
      /** Its page shows what its shots were judged by. */
      watches: bool({ to: 'none' }),
      /** A bot's mind, which its botInput reads; see bots.ts. */
      place: u8({ to: 'owner' }),
      die: u16({ to: 'owner' }),
      skill: u8({ to: 'owner' }),
      enemy: player({ to: 'owner' }),
      since: tick({ to: 'owner' }),
    },
  },
  kinds: { point: { shape: circle(POINT.radius), alwaysSeen: true } },
  toServer: { arm: { weapon: bits(1) }, watch: { on: bool() } },
  toClient: {
    kill: { attacker: player(), victim: player(), weapon: bits(1) },
    taken: { team: bits(2) },
    receipt: {
      ...spot,
      aim: angle(),
      pitch: quantised({ min: -2, max: 2, step: 1 / 4096 }),
      distance: quantised({ min: 0, max: 2 * WIDTH, step: 1 / 64 }),
      /** How long ago what counted was, and what the page had said; ms. */
      agoMs: u16(),
      statedMs: u16(),
      clamp: bits(2),
      result: bits(3),
    },
    /** Behind its receipt. */
    shape: { ...spot, radius: quantised({ min: 0, max: 8, step: 1 / 64 }), inWay: bool() },
  },
  timers: { respawn: { who: player() } },
});
