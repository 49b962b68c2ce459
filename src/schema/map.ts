/** The ground plan of a schema: walls, movers and zones as an author gives them, and as the core holds them. */
import { POSITION_ONE } from '../../protocol/gen/tables.ts';
import { FrayError } from '../errors.ts';
import { toPosition, toTicks } from './units.ts';

/** Upright wall box: centre, extent in x and y. World units. In two dimensions each stands in the way, whatever its bottom and height. */
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

/**
 * A box that goes to and fro: a lift, a platform, a door. Where it is follows from the tick alone, so that it costs nothing on the wire
 * and is predicted exactly; who stands on it goes with it, who is in its way is pushed.
 */
export interface Mover extends Wall {
  /** From its first place to the other; at most a unit a tick along each axis. */
  readonly way: { readonly x?: number; readonly y?: number; readonly z?: number };
  /** From one place to the other. 1..600,000 ms. */
  readonly goMs: number;
  /** At each place. Default 0, 0..600,000 ms. */
  readonly stayMs?: number;
  /** How far in its round (first place, way, other place, way back) it is at tick 0. Default 0, 0..1,200,000 ms. */
  readonly startMs?: number;
}

/** A part of the world that hooks are told of (`onZone`): a box, or a cylinder. A player is in it where the middle of its feet is. */
export interface Zone {
  readonly x: number;
  readonly y: number;
  /** Height of its bottom. Default 0. */
  readonly z?: number;
  /** Default 0: endless. */
  readonly height?: number;
  /** Of a cylinder; a box has `width` and `depth` in its place. */
  readonly radius?: number;
  readonly width?: number;
  readonly depth?: number;
}

/** A mover in the core's units. */
export interface RawMover extends RawWall {
  readonly name: string;
  readonly wayX: number;
  readonly wayY: number;
  readonly wayZ: number;
  readonly goTicks: number;
  readonly stayTicks: number;
  readonly startTick: number;
}

/** A zone in the core's units. `round` 1: a cylinder of radius `halfX`. */
export interface RawZone extends RawWall {
  readonly name: string;
  readonly round: number;
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

/** Throws E_VALUE with the path of what is wrong. */
export function rawMover(name: string, mover: Mover, tickRateHz: number): RawMover {
  const path = `world.movers.${name}`;
  const { x = 0, y = 0, z = 0 } = mover.way;
  return {
    name,
    ...rawWall(mover, path),
    wayX: coordinate(x, `${path}.way.x`),
    wayY: coordinate(y, `${path}.way.y`),
    wayZ: coordinate(z, `${path}.way.z`),
    goTicks: toTicks(mover.goMs, tickRateHz),
    stayTicks: toTicks(mover.stayMs ?? 0, tickRateHz),
    startTick: toTicks(mover.startMs ?? 0, tickRateHz),
  };
}

/** Throws E_VALUE with the path of what is wrong. */
export function rawZone(name: string, zone: Zone): RawZone {
  const { radius, width = 2 * (radius ?? 0), depth = width } = zone;
  const round = radius === undefined ? 0 : 1;
  return { name, ...rawWall({ ...zone, width, depth }, `world.zones.${name}`), round };
}

/**
 * Where a mover is at a tick, in 1/65536 unit: what the core computes, to the last bit. `tick` may lie between two: a page draws
 * what moves at the time at which it draws who stands on it.
 */
export function moverAt(mover: RawMover, tick: number): RawWall {
  const whole = Math.floor(tick);
  const now = placeAt(mover, whole);
  if (whole === tick) return now;
  const next = placeAt(mover, whole + 1);
  const on = (from: number, to: number): number => from + (to - from) * (tick - whole);
  return { ...now, x: on(now.x, next.x), y: on(now.y, next.y), z: on(now.z, next.z) };
}

function placeAt(mover: RawMover, tick: number): RawWall {
  const { goTicks, stayTicks, startTick, halfX, halfY, height } = mover;
  const half = goTicks + stayTicks;
  const round = (((tick + startTick) % (2 * half)) + 2 * half) % (2 * half);
  const done =
    round < half ? Math.max(0, round - stayTicks) : goTicks - Math.max(0, round - half - stayTicks);
  const on = (from: number, way: number): number => from + nearest(way * done, goTicks);
  const { x, y, z, wayX, wayY, wayZ } = mover;
  return { x: on(x, wayX), y: on(y, wayY), z: on(z, wayZ), halfX, halfY, height };
}

/** Of whole numbers: to the nearest, halves away from zero. */
function nearest(a: number, b: number): number {
  const rounded = Math.floor((2 * Math.abs(a) + b) / (2 * b));
  return a < 0 ? -rounded : rounded;
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
