/** The ground plan of a schema: walls as an author gives them, and as the core holds them. */
import { POSITION_ONE } from '../../protocol/gen/tables.ts';
import { FrayError } from '../errors.ts';
import { toPosition } from './units.ts';

/** Upright wall box: centre, extent in x and y. World units. */
export interface Wall {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly depth: number;
  /** Height of its bottom. Default 0. */
  readonly z?: number;
  /** Default 0: endless. */
  readonly height?: number;
}

/** The same in 1/65536 unit. */
export interface RawWall {
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly halfX: number;
  readonly halfY: number;
  readonly height: number;
}

/** Largest coordinate, world units. */
const COORDINATE_MAX = 16_384;

/** A coordinate or extent of an author. Throws E_VALUE where it is no number or beyond the largest world. */
export function coordinate(value: unknown, path: string): number {
  if (typeof value === 'number' && Math.abs(value) <= COORDINATE_MAX) return toPosition(value);
  throw new FrayError(
    'E_VALUE',
    `Cannot set ${path}: ${String(value)} is not a number in -16384..16384`,
  );
}

/** Throws E_VALUE with the path of what is wrong. */
export function rawWall(wall: Wall, path: string): RawWall {
  const height = coordinate(wall.height ?? 0, `${path}.height`);
  if (height < 0)
    throw new FrayError('E_VALUE', `Cannot set ${path}.height: ${String(wall.height)} is below 0`);
  return {
    x: coordinate(wall.x, `${path}.x`),
    y: coordinate(wall.y, `${path}.y`),
    z: coordinate(wall.z ?? 0, `${path}.z`),
    halfX: half(wall.width, `${path}.width`),
    halfY: half(wall.depth, `${path}.depth`),
    height,
  };
}

function half(value: number, path: string): number {
  const raw = coordinate(value, path);
  if (raw > 1) return Math.round(raw / 2);
  throw new FrayError('E_VALUE', `Cannot set ${path}: ${String(value)} is not above 0`);
}

/** What the core holds, in world units again. */
export function wallOf(raw: RawWall): Required<Wall> {
  return {
    x: raw.x / POSITION_ONE,
    y: raw.y / POSITION_ONE,
    z: raw.z / POSITION_ONE,
    width: (2 * raw.halfX) / POSITION_ONE,
    depth: (2 * raw.halfY) / POSITION_ONE,
    height: raw.height / POSITION_ONE,
  };
}
