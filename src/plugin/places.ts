/** Walls as a plugin gives them, and places that are free of walls and players. Integers of 1/65536 unit inside. */
import { COLUMN, FLAG, POSITION_ONE, WALLS_MAX, WallBox } from '../../protocol/gen/tables.ts';
import { FrayError } from '../errors.ts';
import { toPosition } from '../schema/units.ts';
import type { RawWall } from './commands.ts';
import type { PluginContext } from './context.ts';
import type { Place, Wall } from './types.ts';

/** Places tried for one free one. */
const TRIES = 32;
/** Tries that stood in no wall after which the best is taken. */
const CLEAR_TRIES = 8;
/** Largest coordinate, world units. */
const COORDINATE_MAX = 16_384;

export class Places {
  readonly #context: PluginContext;
  /** Walls of onCreate, which the core does not have yet. */
  readonly #pending: RawWall[] = [];

  constructor(context: PluginContext) {
    this.#context = context;
  }

  /** Checks walls and hands them on. Throws E_VALUE with the index of a wrong one, E_WALLS_LIMIT. */
  add(walls: readonly Wall[]): void {
    if (this.#count() + this.#pending.length + walls.length > WALLS_MAX) {
      throw new FrayError(
        'E_WALLS_LIMIT',
        `Cannot add ${walls.length} walls: a room has at most ${WALLS_MAX}`,
      );
    }
    const raw = walls.map((wall, at) => rawWall(wall, at));
    this.#context.commands.addWalls(raw);
    this.#pending.push(...raw);
  }

  /** The core has the walls now. */
  settle(): void {
    this.#pending.length = 0;
  }

  /** See RoomOf.freePlace. */
  free(): Place {
    const { layout, random, core } = this.#context;
    const shape = layout.kinds[0]?.shape;
    const radius = toPosition(shape?.shape === 'circle' ? shape.radius : 0.5);
    const spanX = Math.max(1, toPosition(layout.world.width) - 2 * radius);
    const spanY = Math.max(1, toPosition(layout.world.depth) - 2 * radius);
    let best = -1;
    let place: Place = { x: 0, y: 0, z: 0 };
    for (let tries = 0, clear = 0; tries < TRIES && clear < CLEAR_TRIES; tries += 1) {
      const x = random.below(spanX) - Math.floor(spanX / 2);
      const y = random.below(spanY) - Math.floor(spanY / 2);
      if (this.#inWall(x, y, radius)) continue;
      clear += 1;
      const room = this.#distanceToPlayers(x, y, core.playersMax);
      if (room <= best) continue;
      best = room;
      place = { x: x / POSITION_ONE, y: y / POSITION_ONE, z: 0 };
    }
    return place;
  }

  /** Square of the distance to the nearest living player, in units²; very far if there is none. */
  #distanceToPlayers(x: number, y: number, slots: number): number {
    const { core, overlay } = this.#context;
    let nearest = Number.MAX_VALUE;
    for (let slot = 0; slot < slots; slot += 1) {
      const handle = core.players[slot] ?? 0;
      if (handle === 0) continue;
      const index = handle & 0xffff;
      if ((overlay.read(COLUMN.flags, index) & FLAG.alive) === 0) continue;
      const dx = (overlay.read(COLUMN.x, index) - x) / POSITION_ONE;
      const dy = (overlay.read(COLUMN.y, index) - y) / POSITION_ONE;
      nearest = Math.min(nearest, dx * dx + dy * dy);
    }
    return nearest;
  }

  /** Only walls that stand on the floor are in the way of somebody who is put there. */
  #inWall(x: number, y: number, radius: number): boolean {
    for (const wall of this.#pending) {
      if (
        wall.z <= 0 &&
        Math.abs(x - wall.x) < wall.halfX + radius &&
        Math.abs(y - wall.y) < wall.halfY + radius
      ) {
        return true;
      }
    }
    const { i32, walls } = this.#context.core;
    const count = this.#count();
    for (let at = 0; at < count; at += 1) {
      const word = (walls + 8 + at * WallBox.bytes) >> 2;
      if ((i32[word + (WallBox.z >> 2)] as number) > 0) continue;
      const dx = Math.abs(x - (i32[word + (WallBox.x >> 2)] as number));
      const dy = Math.abs(y - (i32[word + (WallBox.y >> 2)] as number));
      if (
        dx < (i32[word + (WallBox.halfX >> 2)] as number) + radius &&
        dy < (i32[word + (WallBox.halfY >> 2)] as number) + radius
      ) {
        return true;
      }
    }
    return false;
  }

  #count(): number {
    return this.#context.core.view.getUint32(this.#context.core.walls, true);
  }
}

/** A coordinate or extent of an author. Throws E_VALUE where it is no number or beyond the largest world. */
export function coordinate(value: unknown, path: string): number {
  if (typeof value === 'number' && Math.abs(value) <= COORDINATE_MAX) return toPosition(value);
  throw new FrayError(
    'E_VALUE',
    `Cannot set ${path}: ${String(value)} is not a number in -16384..16384`,
  );
}

function rawWall(wall: Wall, at: number): RawWall {
  const size = (value: number, name: string): number => {
    const raw = coordinate(value, `walls[${at}].${name}`);
    if (raw > 1) return Math.round(raw / 2);
    throw new FrayError(
      'E_VALUE',
      `Cannot set walls[${at}].${name}: ${String(value)} is not above 0`,
    );
  };
  const height = coordinate(wall.height ?? 0, `walls[${at}].height`);
  if (height < 0)
    throw new FrayError(
      'E_VALUE',
      `Cannot set walls[${at}].height: ${String(wall.height)} is below 0`,
    );
  return {
    x: coordinate(wall.x, `walls[${at}].x`),
    y: coordinate(wall.y, `walls[${at}].y`),
    z: coordinate(wall.z ?? 0, `walls[${at}].z`),
    halfX: size(wall.width, 'width'),
    halfY: size(wall.depth, 'depth'),
    height,
  };
}
