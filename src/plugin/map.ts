/**
 * What stands in a room, for questions of a game and its bots: free places, cover, ways. An R-tree over the walls (the schema's and
 * those of onCreate) and over the zones, made at the first question. It knows nothing of movers, players and things.
 */
import RBush from 'rbush';
import { POSITION_ONE, WallBox } from '../../protocol/gen/tables.ts';
import { type RawWall, type Wall, wallOf } from '../schema/map.ts';
import type { PluginContext } from './context.ts';
import type { MapArea, Place } from './types.ts';

/** A wall, or a zone, and the extent that the tree sorts by. World units. */
interface Item {
  readonly minX: number;
  readonly minY: number;
  readonly maxX: number;
  readonly maxY: number;
  readonly minZ: number;
  readonly maxZ: number;
  readonly wall: Required<Wall>;
}

interface ZoneItem extends Item {
  readonly name: string;
  readonly round: boolean;
}

export class RoomMap {
  readonly #context: PluginContext;
  /** Walls of onCreate, which the core does not have yet. */
  readonly #pending: RawWall[] = [];
  #walls: RBush<Item> | undefined;
  #zones: RBush<ZoneItem> | undefined;

  constructor(context: PluginContext) {
    this.#context = context;
  }

  /** @internal Walls that the core will have when this hook is over. */
  add(walls: readonly RawWall[]): void {
    this.#pending.push(...walls);
    this.#walls = undefined;
  }

  /** @internal It has them now. */
  settle(): void {
    this.#pending.length = 0;
  }

  /** @internal How many walls there are. */
  get count(): number {
    return this.#counted() + this.#pending.length;
  }

  search(area: MapArea): readonly Required<Wall>[] {
    const { minZ = Number.NEGATIVE_INFINITY, maxZ = Number.POSITIVE_INFINITY } = area;
    const found = this.#tree().search(area);
    return found.filter((item) => item.minZ < maxZ && item.maxZ > minZ).map(({ wall }) => wall);
  }

  ray(from: Place, to: Place): number {
    const area = {
      minX: Math.min(from.x, to.x),
      minY: Math.min(from.y, to.y),
      maxX: Math.max(from.x, to.x),
      maxY: Math.max(from.y, to.y),
    };
    const { dimensions } = this.#context.layout.world;
    let nearest = 1;
    for (const item of this.#tree().search(area))
      nearest = Math.min(nearest, enters(item, from, to, dimensions));
    return nearest;
  }

  free(at: Place, body: { readonly radius?: number; readonly height?: number } = {}): boolean {
    const shape = this.#context.layout.kinds[0]?.shape;
    const { radius = shape?.shape === 'circle' ? shape.radius : 0.5 } = body;
    const { height = shape?.height ?? 0 } = body;
    const { x, y, z = 0 } = at;
    const top = z + Math.max(height, 1 / POSITION_ONE);
    const { width, depth, dimensions } = this.#context.layout.world;
    if (Math.abs(x) + radius > width / 2 || Math.abs(y) + radius > depth / 2) return false;
    const area = { minX: x - radius, minY: y - radius, maxX: x + radius, maxY: y + radius };
    const near = this.#tree().search(area);
    return !near.some((item) => {
      const dx = Math.max(item.minX - x, 0, x - item.maxX);
      const dy = Math.max(item.minY - y, 0, y - item.maxY);
      // Where there is no height, every wall stands in the way.
      const stands = dimensions === 2 || (item.minZ < top && item.maxZ > z);
      return stands && dx * dx + dy * dy < radius * radius;
    });
  }

  zonesAt({ x, y, z = 0 }: Place): readonly string[] {
    this.#zones ??= new RBush<ZoneItem>().load(
      this.#context.layout.zones.map((zone) => ({
        ...itemOf(zone),
        name: zone.name,
        round: zone.round === 1,
      })),
    );
    const found = this.#zones.search({ minX: x, minY: y, maxX: x, maxY: y });
    const inside = found.filter(({ wall, round, ...box }) => {
      const flat = round
        ? Math.hypot(x - wall.x, y - wall.y) < wall.width / 2
        : x > box.minX && x < box.maxX && y > box.minY && y < box.maxY;
      return flat && z >= box.minZ && z < box.maxZ;
    });
    return inside.map(({ name }) => name).sort();
  }

  #tree(): RBush<Item> {
    this.#walls ??= new RBush<Item>().load([...this.#held(), ...this.#pending].map(itemOf));
    return this.#walls;
  }

  #held(): RawWall[] {
    const { i32, walls } = this.#context.core;
    return Array.from({ length: this.#counted() }, (_, at) => {
      const word = (offset: number): number =>
        i32[(walls + 8 + at * WallBox.bytes + offset) >> 2] as number;
      return {
        x: word(WallBox.x),
        y: word(WallBox.y),
        z: word(WallBox.z),
        halfX: word(WallBox.halfX),
        halfY: word(WallBox.halfY),
        height: word(WallBox.height),
      };
    });
  }

  #counted(): number {
    return this.#context.core.view.getUint32(this.#context.core.walls, true);
  }
}

function itemOf(raw: RawWall): Item {
  const wall = wallOf(raw);
  return {
    minX: wall.x - wall.width / 2,
    minY: wall.y - wall.depth / 2,
    maxX: wall.x + wall.width / 2,
    maxY: wall.y + wall.depth / 2,
    minZ: wall.z,
    maxZ: wall.height === 0 ? Number.POSITIVE_INFINITY : wall.z + wall.height,
    wall,
  };
}

/** Part of the way at which a line enters a box; 1 where it does not. A wall without end has no bottom for it either, as for shots. */
function enters(item: Item, a: Place, b: Place, dimensions: 2 | 3): number {
  let [from, to] = [0, 1];
  const cut = (start: number, end: number, low: number, high: number): void => {
    if (start === end) {
      if (start <= low || start >= high) to = -1;
      return;
    }
    const [one, two] = [(low - start) / (end - start), (high - start) / (end - start)];
    from = Math.max(from, Math.min(one, two));
    to = Math.min(to, Math.max(one, two));
  };
  cut(a.x, b.x, item.minX, item.maxX);
  cut(a.y, b.y, item.minY, item.maxY);
  if (item.wall.height > 0 && dimensions === 3) cut(a.z ?? 0, b.z ?? 0, item.minZ, item.maxZ);
  return from < to ? from : 1;
}
