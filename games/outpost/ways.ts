/** Where bots walk: places of the plan, who is next to whom, and how many of them lie before the point. */
import { POINT, type Spot } from './map.ts';

/** One half of the places; the others are opposite. */
const half: readonly Spot[] = [
  { x: 30, y: 0 },
  { x: 27, y: 9.5 },
  { x: 27, y: -9.5 },
  { x: 20.5, y: -2.2 },
  { x: 12.5, y: -1.8 },
  { x: 14.6, y: 11 },
  { x: 5, y: 10 },
  { x: 16, y: -13 },
  { x: 4, y: -10 },
  { x: 20.5, y: 15 },
  { x: 12, y: 15 },
  { x: 4.5, y: 15 },
  { x: 21, y: 10.5 },
  { x: 21.5, y: -7.5 },
];

/** Pairs of places with a free way between them, by number; `MIDDLE` is the point. */
const MIDDLE = 2 * half.length;
const pairs: readonly (readonly [number, number])[] = [
  [0, 1],
  [0, 2],
  [1, 12],
  [2, 13],
  [12, 5],
  [12, 3],
  [12, 9],
  [13, 3],
  [13, 4],
  [13, 7],
  [3, 4],
  [4, MIDDLE],
  [5, 6],
  [6, MIDDLE],
  [7, 8],
  [8, MIDDLE],
  [9, 10],
  [10, 11],
];

/** Down from the high ground, and not up again. */
const drops: readonly (readonly [number, number])[] = [[11, 6]];

/** All places; the last is the point. */
export const places: readonly Spot[] = [
  ...half,
  ...half.map(({ x, y }) => ({ x: -x, y: -y })),
  POINT,
];

const other = (n: number): number => (n === MIDDLE ? n : n + half.length);

function bothHalves(ways: readonly (readonly [number, number])[]) {
  return [...ways, ...ways.map(([a, b]) => [other(a), other(b)] as const)];
}

/** Numbers of the places next to each place. */
export const next: readonly (readonly number[])[] = places.map((_, at) => [
  ...bothHalves(pairs).flatMap(([a, b]) => (a === at ? [b] : b === at ? [a] : [])),
  ...bothHalves(drops).flatMap(([a, b]) => (a === at ? [b] : [])),
]);

/** Steps from each place to the point. */
export const stepsToPoint: readonly number[] = measure();

function measure(): number[] {
  const steps = places.map(() => Number.POSITIVE_INFINITY);
  steps[MIDDLE] = 0;
  const open = [MIDDLE];
  for (const at of open) {
    next.forEach((around, from) => {
      if (!around.includes(at) || steps[from] !== Number.POSITIVE_INFINITY) return;
      steps[from] = (steps[at] ?? 0) + 1;
      open.push(from);
    });
  }
  return steps;
}

/** Number of the point among the places. */
export const POINT_PLACE = MIDDLE;

/** The place that is nearest. */
export function nearestPlace({ x, y }: Spot): number {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  places.forEach((place, at) => {
    const squared = (place.x - x) ** 2 + (place.y - y) ** 2;
    if (squared < least) [best, least] = [at, squared];
  });
  return best;
}

/**
 * Where to go from a place, by a die of 0..65,535: mostly nearer to the point, at times along or around, so that not all
 * come by the same way.
 */
export function onward(at: number, die: number): number {
  const around = next[at] ?? [];
  const own = stepsToPoint[at] ?? 0;
  const wish = around.flatMap((to) => {
    const gain = own - (stepsToPoint[to] ?? 0);
    return gain > 0 ? [to, to, to] : gain === 0 ? [to] : around.length > 2 && own > 2 ? [to] : [];
  });
  return wish[die % Math.max(1, wish.length)] ?? around[die % Math.max(1, around.length)] ?? at;
}
