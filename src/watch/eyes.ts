/**
 * A room as one of its players saw it: what `src/client/view.ts` reads of a client's core, read of the room itself. Whom that
 * player was sent is known by the room; where they stood, exactly, is in its columns. Between two ticks places are between, in a
 * straight line. No packet is read, so it shows what the server held to be true, and not what a bad line made of it.
 */
import type { EntityMatrix } from '../../core-wasm/bindings/client.ts';
import type { RoomCore } from '../../core-wasm/bindings/room.ts';
import { ClientEvent, COLUMN, EVENT, FLAG, KIND, RosterRow } from '../../protocol/gen/tables.ts';
import type { ViewSource } from '../client/view.ts';
import type { SchemaLayout } from '../schema/layout.ts';

export class Eyes implements ViewSource {
  readonly matrix: EntityMatrix;
  readonly viewList: Uint32Array;
  readonly roomFields: Int32Array;
  readonly roomTexts: Uint8Array;
  readonly texts: Uint8Array;
  readonly walls: DataView;
  readonly roster: DataView;
  readonly rosterBytes: Uint8Array;
  readonly rosterRowBytes: number;
  /** Whose eyes; 0: nobody's. */
  playerId = 0;
  /** Shows all there is, also what that player was not sent. */
  seesAll = false;
  readonly #room: RoomCore;
  readonly #players: Uint32Array;
  readonly #before: Moment;
  readonly #now: Moment;
  /** Columns that a player sees of itself alone. */
  readonly #private: readonly number[];

  constructor(room: RoomCore, layout: SchemaLayout) {
    const { entitiesMax: rows, columns, visible, players, view } = room;
    const { buffer } = view;
    this.#room = room;
    this.#players = players;
    this.#now = { columns, visible };
    this.#before = { columns: columns.slice(), visible: visible.slice() };
    this.matrix = { cells: new Int32Array(columns.length), rows };
    this.viewList = new Uint32Array(1 + rows);
    this.roomFields = room.roomFields;
    this.roomTexts = new Uint8Array(buffer, room.roomTexts, layout.roomTextBytes);
    this.texts = new Uint8Array(buffer, room.texts, layout.textBytes * rows);
    this.walls = new DataView(buffer, room.walls);
    this.rosterRowBytes = room.rosterRowBytes;
    const bytes = room.rosterRowBytes * room.playersMax;
    this.roster = new DataView(buffer, room.roster, bytes);
    this.rosterBytes = new Uint8Array(buffer, room.roster, bytes);
    const own = layout.kinds[0]?.fields.filter(({ audience }) => audience === 'owner') ?? [];
    this.#private = own.map(({ column }) => column);
  }

  /** The tick that is about to be played comes after this one: `view` shows what is between. */
  keep(): void {
    const { columns, visible } = this.#now;
    this.#before.columns.set(columns);
    this.#before.visible.set(visible);
  }

  /** Of the body of whose eyes these are; 0: that player is not in the room. */
  get ownHandle(): number {
    return this.#slot < 0 ? 0 : (this.#players[this.#slot] as number);
  }

  /** Fills `matrix` and `viewList` for `ticks[0]`, which is at most the room's tick and less than one below it. */
  view(ticks: Float64Array): number {
    const position = ticks[0] as number;
    const fraction = position - Math.floor(position);
    const from = fraction === 0 ? this.#now : this.#before;
    const { cells, rows } = this.matrix;
    cells.set(from.columns);
    const own = this.ownHandle & 0xffff;
    const body = this.ownHandle === 0 ? -1 : own;
    this.viewList[0] = 0;
    for (let index = 0; index < rows; index += 1) {
      const shown = index === body || this.#shows(from, index);
      if (!shown) continue;
      if (fraction !== 0) this.#between(index, fraction);
      if (index !== body && !this.seesAll && cells[COLUMN.kind * rows + index] === KIND.player)
        for (const column of this.#private) cells[column * rows + index] = 0;
      this.#list(index);
    }
    return this.viewList[0];
  }

  /**
   * True if that player is told of an event: of what happened to itself, and of what happened to somebody in sight or not there any
   * more, if it is near or was its own doing. `at` is the event's address in the room.
   */
  sees(at: number): boolean {
    if (this.seesAll) return true;
    const own = this.ownHandle;
    if (own === 0) return false;
    const { view } = this.#room;
    const subject = view.getUint32(at + ClientEvent.subject, true);
    const object = view.getUint32(at + ClientEvent.object, true);
    const isShot = view.getUint16(at + ClientEvent.kind, true) === EVENT.shot;
    const [whose, other] = isShot ? [subject, object] : [object, subject];
    if (whose === own) return true;
    if (this.#lives(whose) && !has(this.#now.visible, this.#bit(whose & 0xffff))) return false;
    if (other === own) return true;
    const far = (axis: number, column: number): number =>
      view.getInt32(at + axis, true) - this.#of(own & 0xffff, column);
    const away = Math.hypot(far(ClientEvent.x, COLUMN.x), far(ClientEvent.y, COLUMN.y));
    return away <= this.#of(own & 0xffff, COLUMN.viewRadius);
  }

  get #slot(): number {
    const slot = this.playerId & 0xffff;
    const at = slot * this.rosterRowBytes + RosterRow.playerId;
    const isThere =
      this.playerId !== 0 &&
      slot < this.#room.playersMax &&
      this.roster.getUint32(at, true) === this.playerId;
    return isThere ? slot : -1;
  }

  #of(index: number, column: number): number {
    return this.#now.columns[column * this.matrix.rows + index] as number;
  }

  #lives(handle: number): boolean {
    const index = handle & 0xffff;
    return (
      index < this.matrix.rows &&
      this.#of(index, COLUMN.generation) === handle >>> 16 &&
      (this.#of(index, COLUMN.flags) & FLAG.alive) !== 0
    );
  }

  #bit(index: number): number {
    return this.#slot * this.#room.setWords * 32 + index;
  }

  /** Living things that are in sight. */
  #shows({ columns, visible }: Moment, index: number): boolean {
    const { rows } = this.matrix;
    const lives =
      columns[COLUMN.kind * rows + index] !== KIND.free &&
      ((columns[COLUMN.flags * rows + index] as number) & FLAG.alive) !== 0;
    return lives && (this.seesAll || (this.#slot >= 0 && has(visible, this.#bit(index))));
  }

  /** Somewhere on the way to where it is a tick later, unless it has jumped there or is not there any more. */
  #between(index: number, fraction: number): void {
    const { cells, rows } = this.matrix;
    const { columns } = this.#now;
    for (const column of SAME)
      if (cells[column * rows + index] !== columns[column * rows + index]) return;
    if (((columns[COLUMN.flags * rows + index] as number) & FLAG.alive) === 0) return;
    for (const column of PLACES) {
      const at = column * rows + index;
      const from = cells[at] as number;
      cells[at] = from + Math.round(((columns[at] as number) - from) * fraction);
    }
    const aim = COLUMN.aim * rows + index;
    const from = cells[aim] as number;
    const turn = (((columns[aim] as number) - from + 0x8000) & 0xffff) - 0x8000;
    cells[aim] = (from + Math.round(turn * fraction)) & 0xffff;
  }

  #list(index: number): void {
    const count = (this.viewList[0] as number) + 1;
    this.viewList[count] = index;
    this.viewList[0] = count;
  }
}

/** What is looked at of a tick. */
interface Moment {
  readonly columns: Int32Array;
  readonly visible: Uint32Array;
}

function has(set: Uint32Array, bit: number): boolean {
  return ((set[bit >> 5] as number) & (1 << (bit & 31))) !== 0;
}

/** Columns that say whether it is the same thing on the same way. */
const SAME = [COLUMN.generation, COLUMN.kind, COLUMN.teleport];
const PLACES = [COLUMN.x, COLUMN.y, COLUMN.z, COLUMN.pitch];
