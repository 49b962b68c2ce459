/** Velocities, and aims that follow the way (SPEC 6.4). */
import { type BitReader, Malformed } from './bits.ts';

/** Bits of each axis by bucket; the first two hold a change. */
const BUCKETS = [4, 7, 11, 16] as const;

/** A velocity that was `old`; as many axes as that has. */
export function readVelocity(r: BitReader, old: readonly number[]): number[] {
  const bucket = r.u(2);
  return old.map((value) => {
    const code = r.u(BUCKETS[bucket] ?? 0);
    const number = code % 2 === 0 ? code / 2 : -(code + 1) / 2;
    const velocity = bucket < 2 ? value + number : number;
    if (velocity < -32768 || velocity > 32767) throw new Malformed('velocity out of range');
    return velocity;
  });
}

/** Where x and y of a velocity point to, in bits of aim; undefined where both are 0. */
export function heading(x: number, y: number, aimBits: number): number | undefined {
  if (x === 0 && y === 0) return undefined;
  const [low, high] = [Math.min(Math.abs(x), Math.abs(y)), Math.max(Math.abs(x), Math.abs(y))];
  const way = Math.floor((low * 32768) / high);
  const bend = (way * (32768 - way)) >> 15;
  const eighth = (8192 * way + bend * (2552 + ((692 * way) >> 15))) >> 15;
  const quarter = Math.abs(y) > Math.abs(x) ? 16384 - eighth : eighth;
  const half = x < 0 ? 32768 - quarter : quarter;
  const angle = (y < 0 ? -half : half) & 0xffff;
  const drop = 16 - aimBits;
  return ((angle + (drop === 0 ? 0 : 1 << (drop - 1))) >> drop) & ((1 << aimBits) - 1);
}

/** True if an aim is the heading of a velocity, or a step beside it. */
export function faces(aim: number, x: number, y: number, aimBits: number): boolean {
  const way = heading(x, y, aimBits);
  if (way === undefined) return false;
  const off = (aim - way) & ((1 << aimBits) - 1);
  return off <= 1 || off === (1 << aimBits) - 1;
}

/** An aim where `way` is expected. */
export function readNearAim(r: BitReader, way: number, aimBits: number): number {
  if (!r.bit()) return way;
  if (r.bit()) return r.u(aimBits);
  return (way + (r.bit() ? 1 : -1)) & ((1 << aimBits) - 1);
}
