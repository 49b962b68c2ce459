/** Refuses a ground plan that could not work. */
import { AREAS_MAX, MAP_BOXES_MAX, MOVERS_MAX } from '../../protocol/gen/tables.ts';
import type { Rows } from './check-values.ts';
import { atMost, checkName, knownKeys, needed, range, record, refuse } from './check-values.ts';
import { toTicks } from './units.ts';

/** Throws E_SCHEMA for the first thing that is wrong. */
export function checkWalls(walls: unknown): void {
  if (!Array.isArray(walls)) refuse('world.walls', 'must be an array');
  atMost('world.walls', walls.length, MAP_BOXES_MAX, 'walls');
  for (const [at, value] of walls.entries()) checkBox(`world.walls[${at}]`, value, WALL_KEYS);
}

/**
 * Boxes that stay inside the largest world, and go at most a unit a tick, across no further than a player's `radius`: nobody is
 * jumped over.
 */
export function checkMovers(
  movers: Rows,
  { tickRateHz, radius }: { readonly tickRateHz: number; readonly radius: number },
): void {
  atMost('world.movers', Object.keys(movers).length, MOVERS_MAX, 'movers');
  for (const [name, value] of Object.entries(movers)) {
    const path = `world.movers.${name}`;
    checkName(path, name, {});
    const mover = checkBox(path, value, [...WALL_KEYS, 'way', 'goMs', 'stayMs', 'startMs']);
    range(`${path}.goMs`, needed(path, mover, 'goMs'), 1, MS_MOST, 'ms');
    range(`${path}.stayMs`, mover['stayMs'], 0, MS_MOST, 'ms');
    range(`${path}.startMs`, mover['startMs'], 0, 2 * MS_MOST, 'ms');
    const way = record(needed(path, mover, 'way'), `${path}.way`);
    knownKeys(way, `${path}.way`, ['x', 'y', 'z']);
    const most = toTicks(Number(mover['goMs']), tickRateHz);
    for (const axis of ['x', 'y', 'z']) {
      const at = Number(mover[axis] ?? 0);
      const by = Number(way[axis] ?? 0);
      const far = axis === 'z' ? most : most * Math.min(1, radius);
      range(`${path}.way.${axis}`, way[axis], -far, far, 'units in goMs at this tick rate');
      const high = axis === 'z' ? Number(mover['height'] ?? 0) : 0;
      if (!(Math.abs(at + by) <= MOST && Math.max(at, at + by) + high <= MOST))
        refuse(`${path}.way.${axis}`, 'leads out of every world');
    }
  }
}

export function checkZones(zones: Rows): void {
  atMost('world.zones', Object.keys(zones).length, AREAS_MAX, 'zones');
  for (const [name, value] of Object.entries(zones)) {
    const path = `world.zones.${name}`;
    checkName(path, name, {});
    const zone = record(value, path);
    if (zone['radius'] === undefined) {
      checkBox(path, value, WALL_KEYS);
      continue;
    }
    knownKeys(zone, path, ['x', 'y', 'z', 'height', 'radius']);
    range(`${path}.radius`, zone['radius'], 2 ** -14, MOST / 2, 'units');
    checkBox(path, { ...zone, radius: undefined, width: 1, depth: 1 }, [...WALL_KEYS, 'radius']);
  }
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
/** Ten minutes. */
const MS_MOST = 600_000;
const WALL_KEYS = ['x', 'y', 'z', 'width', 'depth', 'height'];
