/**
 * What the server's world held, tick by tick: read from the columns of the room's own memory, not from anything that was
 * encoded. It says what a player did in a tick, so that a test knows that the ticks it counts were worth counting.
 */
import type { RoomCore } from '../../core-wasm/bindings/room.ts';
import type { Block } from '../../games/arena/map.ts';
import { COLUMN, FLAG } from '../../protocol/gen/tables.ts';

/** What a player did in one tick; several may hold. */
export interface Doing {
  readonly alive: boolean;
  readonly moved: boolean;
  /** Its way bent by more than about 15 degrees. */
  readonly turned: boolean;
  /** It moved in the tick before and stands now. */
  readonly stopped: boolean;
  /** It stands against a wall that lies where it was going. */
  readonly atWall: boolean;
}

interface Pose {
  readonly x: number;
  readonly y: number;
  readonly vx: number;
  readonly vy: number;
  readonly alive: boolean;
}

export class WorldTrack {
  readonly #core: RoomCore;
  readonly #walls: readonly Block[];
  /** By tick, then slot. */
  readonly #poses = new Map<number, readonly Pose[]>();

  constructor(core: RoomCore, walls: readonly Block[]) {
    this.#core = core;
    this.#walls = walls;
  }

  /** Call after each tick. */
  record(): void {
    this.#poses.set(
      this.#core.tick,
      Array.from(this.#core.players, (handle) => this.#pose(handle)),
    );
  }

  doing(tick: number, slot: number): Doing {
    const [now, last] = [this.#poses.get(tick)?.[slot], this.#poses.get(tick - 1)?.[slot]];
    if (!now?.alive || !last?.alive)
      return { alive: false, moved: false, turned: false, stopped: false, atWall: false };
    const [speed, before] = [Math.hypot(now.vx, now.vy), Math.hypot(last.vx, last.vy)];
    const along = now.vx * last.vx + now.vy * last.vy;
    return {
      alive: true,
      moved: now.x !== last.x || now.y !== last.y,
      turned: speed > 0 && before > 0 && along < Math.cos(Math.PI / 12) * speed * before,
      stopped: before > 0 && speed === 0,
      atWall: this.#walls.some((wall) => touches(now, wall)),
    };
  }

  #pose(handle: number): Pose {
    const { columns, entitiesMax } = this.#core;
    const cell = (column: number) => columns[column * entitiesMax + (handle & 0xffff)] ?? 0;
    return {
      x: cell(COLUMN.x) / ONE,
      y: cell(COLUMN.y) / ONE,
      vx: cell(COLUMN.vx),
      vy: cell(COLUMN.vy),
      alive: handle !== 0 && (cell(COLUMN.flags) & FLAG.alive) !== 0,
    };
  }
}

/** The body's edge lies on the wall's edge. */
function touches({ x, y }: Pose, wall: Block): boolean {
  const dx = Math.max(0, Math.abs(x - wall.x) - wall.width / 2);
  const dy = Math.max(0, Math.abs(y - wall.y) - wall.depth / 2);
  return Math.hypot(dx, dy) < RADIUS + 0.001;
}

const ONE = 65_536;
/** Of the arena's players. */
const RADIUS = 0.5;
