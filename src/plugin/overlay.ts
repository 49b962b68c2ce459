/**
 * What hooks have written in this tick and the core has not applied yet, laid over the room's memory: all later reads of
 * the tick see it, and the memory itself changes only by commands. A sparse set (Briggs and Torczon): each cell names the place
 * where it would stand among those written, and counts if it stands there; so to forget is to set the count to 0. 2 bytes per
 * cell, and 8 for each that was ever written in one tick.
 */
import type { RoomCore } from '../../core-wasm/bindings/room.ts';

export class Overlay {
  readonly #columns: Int32Array;
  readonly #rows: number;
  readonly #roomFields: Int32Array;
  /** Per cell, those of the room's fields last: its place below. What never was written may name any. */
  readonly #places: Uint16Array | Uint32Array;
  /** The cells written in this tick and what was written: the first `#count` of each. */
  #cells = new Uint32Array(WRITTEN_FIRST);
  #values = new Int32Array(WRITTEN_FIRST);
  #count = 0;
  readonly #texts = new Map<string, string>();

  constructor(core: Pick<RoomCore, 'columns' | 'entitiesMax' | 'roomFields'>) {
    const cells = core.columns.length + core.roomFields.length;
    this.#columns = core.columns;
    this.#rows = core.entitiesMax;
    this.#roomFields = core.roomFields;
    this.#places = cells <= 1 << 16 ? new Uint16Array(cells) : new Uint32Array(cells);
  }

  /** Forgets all writes: the core has applied them. */
  forget(): void {
    this.#count = 0;
    if (this.#texts.size > 0) this.#texts.clear();
  }

  read(column: number, index: number): number {
    const cell = column * this.#rows + index;
    const at = this.#placeOf(cell);
    return (at < 0 ? this.#columns[cell] : this.#values[at]) ?? 0;
  }

  write(column: number, index: number, raw: number): void {
    this.#put(column * this.#rows + index, raw);
  }

  readRoom(field: number): number {
    const at = this.#placeOf(this.#columns.length + field);
    return (at < 0 ? this.#roomFields[field] : this.#values[at]) ?? 0;
  }

  writeRoom(field: number, raw: number): void {
    this.#put(this.#columns.length + field, raw);
  }

  /** Where a cell stands that was written in this tick, or -1. */
  #placeOf(cell: number): number {
    const at = this.#places[cell] as number;
    return at < this.#count && this.#cells[at] === cell ? at : -1;
  }

  #put(cell: number, raw: number): void {
    let at = this.#placeOf(cell);
    if (at < 0) {
      at = this.#count;
      if (at === this.#cells.length) this.#grow();
      this.#count = at + 1;
      this.#cells[at] = cell;
      this.#places[cell] = at;
    }
    this.#values[at] = raw;
  }

  /** Twice as many writes in a tick; at most as many as there are cells. */
  #grow(): void {
    const [cells, values] = [this.#cells, this.#values];
    this.#cells = new Uint32Array(2 * cells.length);
    this.#values = new Int32Array(2 * values.length);
    this.#cells.set(cells);
    this.#values.set(values);
  }

  /** Text written in this tick. `field` 255 is the name of a player; handle 0 is the room. */
  readText(handle: number, field: number): string | undefined {
    return this.#texts.size === 0 ? undefined : this.#texts.get(`${handle}/${field}`);
  }

  writeText(handle: number, field: number, text: string): void {
    this.#texts.set(`${handle}/${field}`, text);
  }
}

/** Cells that can be written in a tick before the place for them grows. */
const WRITTEN_FIRST = 64;
