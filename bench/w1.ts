/**
 * Workload W1 "arena" of the anchors' sheet: N players, one per 100 m2, who walk at 4-8 m/s and change heading on 6 % of ticks; position
 * to 1 cm, heading 8 bits, health 8 bits that changes on 2 % of ticks; 30 Hz; the view radius makes ~10, 20 or 40 visible; acks come
 * 3-6 ticks late. Everything is drawn from one seed, so a run can be repeated.
 */
import { angle, axis2, circle, defineSchema } from '../src/schema/index.ts';

export const TICK_RATE_HZ = 30;
export const TOP_SPEED = 8;
/**
 * m/s2. The sheet says "speed 4-8 m/s, heading changes on 6 % of ticks". Read to the letter: the speed is never outside 4 to 8 m/s, and
 * on 94 % of ticks the velocity is what it was. Both hold only where a turn takes effect within its tick, so the acceleration is
 * what turns full speed into full speed the other way in one tick. This is W1.
 */
export const TURN_AT_ONCE = 2 * TOP_SPEED * TICK_RATE_HZ;
/**
 * m/s2. What a shooter would rather have: a player turns over several ticks (up to 8), passes through speeds below 4 m/s, and its
 * velocity changes on far more than 6 % of ticks. Not W1; `fray bench tick` prints the bytes beside those of W1.
 */
export const TURN_SOFTLY = 60;
const M2_PER_PLAYER = 100;
const HEADING_CHANGE = 0.06;
const HEALTH_CHANGE = 0.02;
/** Points; 8 bits. */
export const HEALTH_MAX = 255;

export interface W1Size {
  readonly players: number;
  /** Mean number of others in sight that the view radius aims at. */
  readonly visible: number;
}

/** Sizes of the sheet, and 1,000 at the visible count of 100 for P1b. */
export const W1_SIZES: readonly W1Size[] = [
  { players: 100, visible: 10 },
  { players: 300, visible: 20 },
  { players: 1000, visible: 40 },
  { players: 1000, visible: 10 },
];

/** Edge of the square world, metres (1 unit = 1 m). */
export function worldEdge(players: number): number {
  return Math.sqrt(players * M2_PER_PLAYER);
}

/** Radius within which `visible` others lie on average, the world's borders counted in. */
export function viewRadius(size: W1Size): number {
  const edge = worldEdge(size.players);
  let [low, high] = [0, edge / 2];
  for (let step = 0; step < 50; step += 1) {
    const middle = (low + high) / 2;
    if (nearProbability(middle / edge) * (size.players - 1) < size.visible) low = middle;
    else high = middle;
  }
  return high;
}

/** `turn`: acceleration and friction, m/s2. */
export function w1Schema(size: W1Size, turn: number = TURN_AT_ONCE) {
  const edge = worldEdge(size.players);
  return defineSchema({
    name: 'w1',
    tickRateHz: TICK_RATE_HZ,
    world: { width: edge, depth: edge },
    net: { positionPrecision: 0.01, aimBits: 8 },
    input: { move: axis2(), aim: angle() },
    player: {
      shape: circle(0.5),
      health: HEALTH_MAX,
      solid: false,
      viewRadius: viewRadius(size),
      movement: { topSpeed: TOP_SPEED, acceleration: turn, friction: turn },
    },
  });
}

/** What every player does in one tick. Reused arrays, one entry per player. */
export class W1Controls {
  /** -127..127. */
  readonly moveX: Int8Array;
  readonly moveY: Int8Array;
  /** 1/65536 turn. */
  readonly aim: Uint16Array;
  /** New health, or 0: unchanged. */
  readonly health: Uint8Array;
  readonly #random: () => number;
  readonly #edge: number;

  constructor(size: W1Size, seed: number) {
    const { players } = size;
    this.moveX = new Int8Array(players);
    this.moveY = new Int8Array(players);
    this.aim = new Uint16Array(players);
    this.health = new Uint8Array(players);
    this.#random = random(seed);
    this.#edge = worldEdge(players);
    for (let player = 0; player < players; player += 1)
      this.#head(player, this.#random() * 2 * Math.PI);
  }

  /** A place to start from, metres from the middle. */
  place(): { x: number; y: number } {
    return { x: (this.#random() - 0.5) * this.#edge, y: (this.#random() - 0.5) * this.#edge };
  }

  /** Next tick; `x` and `y` tell where a player is, metres: nobody walks against the border. */
  next(x: (player: number) => number, y: (player: number) => number): void {
    const border = this.#edge / 2 - 2;
    for (let player = 0; player < this.moveX.length; player += 1) {
      const turned = this.#random() < HEADING_CHANGE;
      if (turned) this.#head(player, this.#random() * 2 * Math.PI);
      // Reflected at the border, once: players stay spread evenly and do not turn more often than the workload says.
      const outX = Math.abs(x(player)) > border && x(player) * (this.moveX[player] ?? 0) > 0;
      const outY = Math.abs(y(player)) > border && y(player) * (this.moveY[player] ?? 0) > 0;
      if (outX || outY) this.#reflect(player, outX, outY);
      this.health[player] =
        this.#random() < HEALTH_CHANGE ? 1 + Math.floor(this.#random() * (HEALTH_MAX - 1)) : 0;
    }
  }

  /** A number in 0..n-1 from the same seed. */
  integer(n: number): number {
    return Math.floor(this.#random() * n);
  }

  #reflect(player: number, inX: boolean, inY: boolean): void {
    const sign = (flip: boolean): number => (flip ? -1 : 1);
    const moveX = (this.moveX[player] ?? 0) * sign(inX);
    const moveY = (this.moveY[player] ?? 0) * sign(inY);
    this.moveX[player] = moveX;
    this.moveY[player] = moveY;
    this.aim[player] = Math.round((Math.atan2(moveY, moveX) / (2 * Math.PI)) * 65536) & 0xffff;
  }

  /** 4 to 8 m/s in one direction. */
  #head(player: number, heading: number): void {
    const speed = 127 * (0.5 + 0.5 * this.#random());
    this.moveX[player] = Math.trunc(Math.cos(heading) * speed);
    this.moveY[player] = Math.trunc(Math.sin(heading) * speed);
    this.aim[player] = Math.round((heading / (2 * Math.PI)) * 65536) & 0xffff;
  }
}

/** Chance that two random points of a unit square lie within r of each other (0 <= r <= 1). */
function nearProbability(r: number): number {
  return r * r * (Math.PI - (8 / 3) * r + (r * r) / 2);
}

/** Numbers in [0, 1) (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
