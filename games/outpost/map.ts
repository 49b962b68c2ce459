/** The outpost's ground plan, shared by server and page. World units; x to the right, y up, z the height. */

/** A box that stands at `z`; `x` and `y` are its centre, as `world.walls` of the schema takes them. */
export interface Block {
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly width: number;
  readonly depth: number;
  readonly height: number;
  /** What it is made of; the page paints it so. */
  readonly paint: Paint;
}

export type Paint = 'wall' | 'crate' | 'deck' | 'step' | 'metal' | 'rim' | 'ember' | 'tide';

export interface Spot {
  readonly x: number;
  readonly y: number;
}

export const WIDTH = 72;
export const DEPTH = 48;
/** Edge of a body; paths keep so far from walls. */
export const BODY_RADIUS = 0.45;
export const BODY_HEIGHT = 2;
/** Shots leave at three quarters of the height, so eyes are there, too: what the crosshair is on is what is hit. */
export const EYE_HEIGHT = 1.5;
/** Of who crouches: the blocks on the point then hide all of it but the head. */
export const LOW_HEIGHT = 1.3;
/** Walked up without a jump. Steps of ramps are lower. */
export const STEP_HEIGHT = 0.4;

/** Where the point is held, and how far from its middle one still holds it. */
export const POINT = { x: 0, y: 0, z: 0.9, radius: 5.2 } as const;

/** Where the right-hand team comes to life, behind the wall of its base; the other team's places are opposite. */
const spawns: readonly Spot[] = [-4.8, -1.6, 1.6, 4.8].flatMap((y) => [
  { x: 28.5, y },
  { x: 32, y },
]);

/** By team, 1 and 2: team 1 is at home on the left. */
export function spawnsOf(team: number): readonly Spot[] {
  return team === 2 ? spawns : spawns.map(opposite);
}

/** The plan is the same for both teams: half of it, turned by half a turn, is the other half. */
function opposite<At extends Spot>(at: At): At {
  return { ...at, x: -at.x, y: -at.y };
}

const RAMP_STEPS = 8;

/** Stacked boxes that lead up to `x` from the right. */
function ramp(x: number, y: number, depth: number): Block[] {
  return Array.from({ length: RAMP_STEPS }, (_, n) => ({
    x: x + (RAMP_STEPS - n - 0.5) * 0.7,
    y,
    z: 0,
    width: 0.7,
    depth,
    height: 0.3 * (n + 1),
    paint: 'step',
  }));
}

function standing(paint: Paint, [x, y, width, depth, height]: readonly number[], z = 0): Block {
  return {
    x: x as number,
    y: y as number,
    z,
    width: width as number,
    depth: depth as number,
    height: height as number,
    paint,
  };
}

/** The middle: three low steps all around, and four blocks to hide behind. */
const middle: readonly Block[] = [
  standing('step', [0, 0, 14.2, 14.2, 0.3]),
  standing('step', [0, 0, 12.8, 12.8, 0.6]),
  standing('deck', [0, 0, 11.4, 11.4, 0.9]),
  ...[1, -1].flatMap((x) =>
    [1, -1].map((y) => standing('metal', [x * 4, y * 4, 1.5, 1.5, 1.5], 0.9)),
  ),
];

/** x, y, width, depth, height. */
const half: readonly Block[] = [
  standing('wall', [11, 6, 1.2, 7, 2.8]),
  standing('wall', [11, -8, 1.2, 5, 2.8]),
  standing('crate', [16, 0, 2.4, 2.4, 1.2]),
  standing('crate', [16.3, 0.2, 1.5, 1.5, 1.1], 1.2),
  standing('crate', [13.9, -3.9, 1.2, 1.2, 1.2]),
  // High ground with its ramp, and a parapet to duck behind.
  standing('deck', [8, 15, 10, 5, 2.4]),
  standing('rim', [8, 12.65, 6, 0.3, 0.8], 2.4),
  ...ramp(13, 15, 3),
  standing('metal', [6, -15, 7, 2.4, 2.6]),
  standing('crate', [10.6, -15.2, 1.4, 1.4, 1.2]),
  standing('crate', [20, -11.5, 3, 1.2, 1.3]),
  standing('wall', [18, 6.5, 1.2, 4, 1.5]),
  standing('metal', [0, 13, 5, 1.2, 1.7]),
  standing('crate', [24.5, 18, 2, 2, 1.6]),
  standing('crate', [21, -19.5, 2.2, 2.2, 1.4]),
  standing('wall', [25, 0, 1.2, 10, 3.2]),
  standing('wall', [26.5, 15, 5, 1.2, 3.2]),
  standing('wall', [26.5, -15, 5, 1.2, 3.2]),
];

const EDGE = 1;
/** The wall around it all. */
const edge: readonly Block[] = [
  standing('wall', [0, DEPTH / 2 - EDGE / 2, WIDTH, EDGE, 4.4]),
  standing('wall', [0, -DEPTH / 2 + EDGE / 2, WIDTH, EDGE, 4.4]),
  standing('tide', [WIDTH / 2 - EDGE / 2, 0, EDGE, DEPTH - 2 * EDGE, 4.4]),
  standing('ember', [-WIDTH / 2 + EDGE / 2, 0, EDGE, DEPTH - 2 * EDGE, 4.4]),
];

/** All boxes that stand still. */
export const blocks: readonly Block[] = [...middle, ...half, ...half.map(opposite), ...edge];

/** Up to each high ground from the side of the point, where its ramp is far: their floors at the bottom, and the ways up. */
const LIFT_MS = { goMs: 1800, stayMs: 1600 };
const lift = { ...standing('rim', [1.7, 15.3, 2.4, 2.6, 0.3]), way: { z: 2.1 }, ...LIFT_MS };
export const lifts = {
  lift1: lift,
  // The other one is up when this one is down: nobody waits on both sides.
  lift2: { ...opposite(lift), startMs: LIFT_MS.goMs + LIFT_MS.stayMs },
} as const;

type Point = Spot & { readonly z: number };

/** Part of the way from `a` to `b`, 0..1, at which the first box stands in it; 1 for a free way. */
export function clearPart(a: Point, b: Point): number {
  let nearest = 1;
  for (const block of blocks) {
    const part = enters(block, a, b);
    if (part < nearest) nearest = part;
  }
  return nearest;
}

/** Where the way enters a box; 1 where it does not. Asked thousands of times a second: no object, no closure. */
function enters(block: Block, a: Point, b: Point): number {
  let from = 0;
  let to = 1;
  for (let axis = 0; axis < 3; axis += 1) {
    const start = axis === 0 ? a.x : axis === 1 ? a.y : a.z;
    const way = (axis === 0 ? b.x : axis === 1 ? b.y : b.z) - start;
    const size = axis === 0 ? block.width : axis === 1 ? block.depth : block.height;
    const low = axis === 0 ? block.x - size / 2 : axis === 1 ? block.y - size / 2 : block.z;
    if (Math.abs(way) < 1e-9) {
      if (start < low || start > low + size) return 1;
      continue;
    }
    const one = (low - start) / way;
    const two = (low + size - start) / way;
    from = Math.max(from, Math.min(one, two));
    to = Math.min(to, Math.max(one, two));
    if (to < from) return 1;
  }
  return from;
}
