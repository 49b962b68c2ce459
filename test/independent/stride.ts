/** How players move, as far as the codes make use of it (SPEC 6.2): strides and lags. */
import type { BitReader } from './bits.ts';
import type { Game, Movement } from './game.ts';

type Plane = readonly [number, number];

const HALF = 2n;
/** 127 in 1/256. */
const WISH = 127 * 256;

/** x and y of a velocity per tick, exact; undefined where they are not told so. */
export function readStride(r: BitReader, { movement }: Game): Plane | undefined {
  if (movement.relativeToAim || !r.bit()) return undefined;
  const controls: Plane = [r.s(8) * 256, r.s(8) * 256];
  const length = Math.floor(Math.hypot(...controls));
  const wish = controls.map((w) => (length > WISH ? rounded(w * WISH, length) : w));
  return [0, 1].map((k) => rounded(wish[k]! * movement.topSpeed, WISH)) as unknown as Plane;
}

/** The same in 1/16 quantum. */
export function readWireStride(r: BitReader, game: Game): Plane | undefined {
  const exact = readStride(r, game);
  if (exact === undefined) return undefined;
  const wire = (v: number) => within(rounded(v * 16, 2 ** game.positionShift), -32768, 32767);
  return [wire(exact[0]), wire(exact[1])];
}

/** What a player falls behind one that changes its velocity at once: exact velocities, and 1/65536 unit. */
export function lagOf(movement: Movement, old: Plane, now: Plane, age: number): Plane {
  return behind(movement, old, now, { one: 1n, age: BigInt(age) });
}

/** The same of velocities of the wire, in 1/256 quantum. */
export function wireLagOf(game: Game, old: Plane, now: Plane, age: number): Plane {
  const units = { one: 1n << BigInt(game.positionShift), age: BigInt(age) * 16n };
  return behind(game.movement, old, now, units);
}

function behind(
  { acceleration, friction }: Movement,
  old: Plane,
  now: Plane,
  { one, age }: { one: bigint; age: bigint },
): Plane {
  const by = [0, 1].map((k) => within(now[k]! - old[k]!, -(2 ** 30), 2 ** 30)) as unknown as Plane;
  const rate = BigInt(now[0] === 0 && now[1] === 0 ? friction : acceleration);
  const change = BigInt(Math.floor(Math.sqrt(by[0] * by[0] + by[1] * by[1]))) * one;
  const slow = change >= rate * age;
  const lag = (v: number) =>
    Number(slow ? quotient(BigInt(v) * age, HALF) : quotient(BigInt(v) * change, HALF * rate));
  return [lag(by[0]), lag(by[1])];
}

function within(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value));
}

function rounded(a: number, b: number): number {
  return Number(quotient(BigInt(a), BigInt(b)));
}

/** To nearest, halves away from zero. */
function quotient(a: bigint, b: bigint): bigint {
  const size = (2n * (a < 0n ? -a : a) + b) / (2n * b);
  return a < 0n ? -size : size;
}
