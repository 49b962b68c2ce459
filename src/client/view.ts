/**
 * The view: what one frame shows, from reused objects. `fill` makes no garbage once every index in sight has had its row.
 */
import type { ClientCore } from '../../core-wasm/bindings/client.ts';
import { COLUMN, KIND, POSITION_ONE, WallBox } from '../../protocol/gen/tables.ts';
import { fromRaw } from '../schema/fields.ts';
import type { SchemaLayout } from '../schema/layout.ts';
import type { RawMover, Wall } from '../schema/map.ts';
import { moverAt } from '../schema/map.ts';
import { Roster } from './roster.ts';
import {
  type EntityRow,
  PlayerRow,
  type RowMaker,
  type RowSource,
  readText,
  rowMaker,
  type TextSource,
} from './rows.ts';
import type { MoverSeen } from './types.ts';

/** What a view is read from: the core of a client, or a room that is played again (src/watch). */
export type ViewSource = Pick<
  ClientCore,
  | 'matrix'
  | 'viewList'
  | 'view'
  | 'ownHandle'
  | 'roomFields'
  | 'roomTexts'
  | 'texts'
  | 'roster'
  | 'rosterBytes'
  | 'rosterRowBytes'
  | 'walls'
>;

/** The frame as the game hands it out; `ViewOf` gives it its types. */
export interface Frame {
  tick: number;
  ownTick: number;
  me: PlayerRow | null;
  readonly room: object;
  readonly players: PlayerRow[];
  readonly movers: Readonly<Record<string, MoverSeen>>;
  readonly walls: Required<Wall>[];
  readonly entities: EntityRow[];
}

export interface GameViewOptions {
  readonly core: ViewSource;
  readonly layout: SchemaLayout;
  readonly playerId: number;
}

export class GameView {
  readonly frame: Frame;
  readonly roster: Roster;
  readonly #core: ViewSource;
  readonly #source: RowSource;
  readonly #texts: TextSource;
  readonly #makers: readonly (RowMaker | undefined)[];
  /** [kind * entitiesMax + index] */
  readonly #rows: (EntityRow | undefined)[] = [];
  #roomTextVersion = 0;
  #shown = 0;

  constructor({ core, layout, playerId }: GameViewOptions) {
    this.#core = core;
    this.roster = new Roster(core, layout, playerId);
    this.#texts = { bytes: core.texts, bytesPerEntity: layout.textBytes, version: 0 };
    this.#source = {
      matrix: core.matrix,
      layout,
      roster: this.roster,
      texts: this.#texts,
      own: core.ownHandle,
      ownTick: 0,
    };
    this.#makers = [undefined, ...layout.kinds.map((kind) => rowMaker(this.#source, kind))];
    const cells = this.#makers.length * core.matrix.rows;
    for (let i = 0; i < cells; i += 1) this.#rows.push(undefined);
    const room = roomObject(layout, core, () => this.#roomTextVersion);
    const movers = Object.fromEntries(
      layout.movers.map(({ name }) => [name, { x: 0, y: 0, z: 0 }]),
    );
    const lists = { players: [], entities: [], walls: [] };
    this.frame = { tick: 0, ownTick: 0, me: null, room, movers, ...lists };
  }

  /** Text fields changed. */
  textsChanged(): void {
    this.#texts.version += 1;
    this.#roomTextVersion += 1;
  }

  /**
   * Shows the others at `ticks[0]` and the own player at `ticks[1]` (see `ClientClock.shown`). `known`: a snapshot
   * has come.
   */
  fill(ticks: Float64Array, known: boolean): Frame {
    const { frame } = this;
    const { matrix, viewList } = this.#core;
    const shown = this.#core.view(ticks);
    frame.tick = ticks[0] as number;
    frame.ownTick = ticks[1] as number;
    this.#source.ownTick = ticks[1] as number;
    this.#placeMovers();
    if (this.#core.walls.getUint32(0, true) !== frame.walls.length) this.#readWalls();
    this.#source.own = this.#core.ownHandle;
    let players = 0;
    let entities = 0;
    for (let i = 1; i <= shown; i += 1) {
      const index = viewList[i] ?? 0;
      const kind = matrix.cells[COLUMN.kind * matrix.rows + index] ?? 0;
      const row = this.#row(kind, index);
      if (row instanceof PlayerRow) frame.players[players++] = row;
      else if (row) frame.entities[entities++] = row;
    }
    if (frame.players.length !== players) frame.players.length = players;
    if (frame.entities.length !== entities) frame.entities.length = entities;
    this.#shown = shown;
    frame.me = known ? (this.#row(KIND.player, this.#source.own & 0xffff) as PlayerRow) : null;
    return frame;
  }

  /** Where they are at the moment at which the own player is shown, between the states after its last two commands. */
  #placeMovers(): void {
    const { movers } = this.#source.layout;
    for (let k = 0; k < movers.length; k += 1) {
      const mover = movers[k] as RawMover;
      const seen = this.frame.movers[mover.name] as { -readonly [Axis in keyof MoverSeen]: number };
      const { x, y, z } = moverAt(mover, this.frame.ownTick - 1);
      seen.x = x / POSITION_ONE;
      seen.y = y / POSITION_ONE;
      seen.z = z / POSITION_ONE;
    }
  }

  /** Once for those of the schema, and once more when those of the room have come. */
  #readWalls(): void {
    const { walls } = this.#core;
    const { walls: seen } = this.frame;
    seen.length = 0;
    for (let wall = walls.getUint32(0, true); wall > 0; wall -= 1) {
      const at = WALLS_HEAD_BYTES + seen.length * WallBox.bytes;
      const unit = (offset: number) => walls.getInt32(at + offset, true) / POSITION_ONE;
      seen.push({
        x: unit(WallBox.x),
        y: unit(WallBox.y),
        z: unit(WallBox.z),
        width: 2 * unit(WallBox.halfX),
        depth: 2 * unit(WallBox.halfY),
        height: unit(WallBox.height),
      });
    }
  }

  /** Rows in the newest frame. */
  get shown(): number {
    return this.#shown;
  }

  #row(kind: number, index: number): EntityRow | undefined {
    const at = kind * this.#core.matrix.rows + index;
    const row = this.#rows[at];
    if (row) return row;
    const made = this.#makers[kind]?.(index);
    this.#rows[at] = made;
    return made;
  }
}

/** The room's fields as getters over the core's memory. */
function roomObject(layout: SchemaLayout, core: ViewSource, textVersion: () => number): object {
  const room = {};
  for (const { name, spec, column, audience } of layout.roomFields) {
    if (audience === 'none') continue;
    const get = () => fromRaw(spec, core.roomFields[column] ?? 0);
    Object.defineProperty(room, name, { get, enumerable: true });
  }
  for (const { name, offset, audience } of layout.roomTexts) {
    if (audience === 'none') continue;
    let version = -1;
    let text = '';
    const get = () => {
      if (version !== textVersion()) text = readText(core.roomTexts, offset);
      version = textVersion();
      return text;
    };
    Object.defineProperty(room, name, { get, enumerable: true });
  }
  return room;
}

/** Their count, and padding, before the first (ADDRESS.walls). */
const WALLS_HEAD_BYTES = 8;
