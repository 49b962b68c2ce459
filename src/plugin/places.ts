/** Walls as a plugin gives them, and places that are free of walls and players. Integers of 1/65536 unit inside. */
import { COLUMN, FLAG, POSITION_ONE, WALLS_MAX } from '../../protocol/gen/tables.ts';
import { FrayError } from '../errors.ts';
import { rawWall, type Wall } from '../schema/map.ts';
import { toPosition } from '../schema/units.ts';
import type { PluginContext } from './context.ts';
import type { Place } from './types.ts';

/** Places tried for one free one. */
const TRIES = 32;
/** Tries that stood in no wall after which the best is taken. */
const CLEAR_TRIES = 8;

export class Places {
  readonly #context: PluginContext;

  constructor(context: PluginContext) {
    this.#context = context;
  }

  /** Checks walls and hands them on. Throws E_VALUE with the index of a wrong one, E_WALLS_LIMIT. */
  add(walls: readonly Wall[]): void {
    const { map, layout } = this.#context;
    if (map.count - layout.walls.length + walls.length > WALLS_MAX) {
      throw new FrayError(
        'E_WALLS_LIMIT',
        `Cannot add ${walls.length} walls: a room adds at most ${WALLS_MAX}; a schema has up to 10,000`,
      );
    }
    const raw = walls.map((wall, at) => rawWall(wall, `walls[${at}]`));
    this.#context.commands.addWalls(raw);
    map.add(raw);
  }

  /** See RoomOf.freePlace. */
  free(): Place {
    const { layout, random, core, map } = this.#context;
    const shape = layout.kinds[0]?.shape;
    const radius = toPosition(shape?.shape === 'circle' ? shape.radius : 0.5);
    const spanX = Math.max(1, toPosition(layout.world.width) - 2 * radius);
    const spanY = Math.max(1, toPosition(layout.world.depth) - 2 * radius);
    let best = -1;
    let place: Place = { x: 0, y: 0, z: 0 };
    for (let tries = 0, clear = 0; tries < TRIES && clear < CLEAR_TRIES; tries += 1) {
      const x = random.below(spanX) - Math.floor(spanX / 2);
      const y = random.below(spanY) - Math.floor(spanY / 2);
      if (!map.free({ x: x / POSITION_ONE, y: y / POSITION_ONE })) continue;
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
}
