/** Refuses a ground plan that could not work. */
import { MAP_BOXES_MAX } from '../../protocol/gen/tables.ts';
import type { Rows } from './check-values.ts';
import { atMost, knownKeys, needed, range, record, refuse } from './check-values.ts';

/** Throws E_SCHEMA for the first thing that is wrong. */
export function checkWalls(walls: unknown): void {
  if (!Array.isArray(walls)) refuse('world.walls', 'must be an array');
  atMost('world.walls', walls.length, MAP_BOXES_MAX, 'walls');
  for (const [at, value] of walls.entries()) checkBox(`world.walls[${at}]`, value, WALL_KEYS);
}

/** A box of the ground plan: where it stands, and how large it is. */
function checkBox(path: string, value: unknown, known: readonly string[]): Rows {
  const wall = record(value, path);
  knownKeys(wall, path, known);
  for (const axis of ['x', 'y'])
    range(`${path}.${axis}`, needed(path, wall, axis), -MOST, MOST, 'units');
  for (const size of ['width', 'depth'])
    range(`${path}.${size}`, needed(path, wall, size), 2 ** -14, MOST, 'units');
  range(`${path}.z`, wall['z'], -MOST, MOST, 'units');
  range(`${path}.height`, wall['height'], 0, MOST, 'units');
  return wall;
}

/** Largest coordinate, units. */
const MOST = 16_384;
const WALL_KEYS = ['x', 'y', 'z', 'width', 'depth', 'height'];
