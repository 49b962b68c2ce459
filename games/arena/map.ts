/** The arena's ground plan, shared by server and page. World units; x to the right, y up. */

export interface Block {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly depth: number;
}

/** Edge of the square arena. 72 units hold 50 players with about 100 square units each. */
export const ARENA_SIZE = 72;

/** One quarter of the plan; the other three are its rotations, so that no corner is better than another. */
const quarter: readonly Block[] = [
  { x: 7, y: 7, width: 6, depth: 1.2 },
  { x: 9.4, y: 11, width: 1.2, depth: 6 },
  { x: 20, y: 5, width: 1.2, depth: 7 },
  { x: 18, y: 17, width: 5, depth: 5 },
  { x: 28, y: 12, width: 7, depth: 1.2 },
  { x: 29, y: 24, width: 1.2, depth: 8 },
  { x: 22, y: 29, width: 8, depth: 1.2 },
  { x: 11, y: 26, width: 3, depth: 3 },
];

/** Walls, as `room.addWalls` takes them: centre, width (x) and depth (y). */
export const walls: readonly Block[] = quarter.flatMap(({ x, y, width, depth }) => [
  { x, y, width, depth },
  { x: -y, y: x, width: depth, depth: width },
  { x: -x, y: -y, width, depth },
  { x: y, y: -x, width: depth, depth: width },
]);

/** Where crates lie; each comes back some time after it was taken. */
export const crateSpots: readonly { readonly x: number; readonly y: number }[] = [
  { x: 0, y: 0 },
  { x: 13, y: 0 },
  { x: -13, y: 0 },
  { x: 0, y: 13 },
  { x: 0, y: -13 },
  { x: 25, y: 25 },
  { x: -25, y: 25 },
  { x: 25, y: -25 },
  { x: -25, y: -25 },
  { x: 32, y: 0 },
  { x: -32, y: 0 },
  { x: 0, y: 32 },
  { x: 0, y: -32 },
];
