/**
 * What hooks have written in this tick and the core has not applied yet, laid over the room's memory: all later reads of
 * the tick see it, and the memory itself changes only by commands. A cell counts while its stamp is the tick's; nothing
 * is allocated, and stamps are cleared only when they begin anew. They have 16 bits: a room has thousands of them.
 */
import type { RoomCore } from '../../core-wasm/bindings/room.ts';

export class Overlay {
  readonly #columns: Int32Array;
  readonly #rows: number;
  readonly #values: Int32Array;
  readonly #stamps: Uint16Array;
  readonly #roomFields: Int32Array;
  readonly #roomValues: Int32Array;
  readonly #roomStamps: Uint16Array;
  readonly #texts = new Map<string, string>();
  #stamp = 1;

  constructor(core: Pick<RoomCore, 'columns' | 'entitiesMax' | 'roomFields'>) {
    this.#columns = core.columns;
    this.#rows = core.entitiesMax;
    this.#values = new Int32Array(core.columns.length);
    this.#stamps = new Uint16Array(core.columns.length);
    this.#roomFields = core.roomFields;
    this.#roomValues = new Int32Array(core.roomFields.length);
    this.#roomStamps = new Uint16Array(core.roomFields.length);
  }

  /** Forgets all writes: the core has applied them. */
  forget(): void {
    this.#stamp = (this.#stamp + 1) & 0xffff;
    if (this.#stamp === 0) {
      this.#stamps.fill(0);
      this.#roomStamps.fill(0);
      this.#stamp = 1;
    }
    if (this.#texts.size > 0) this.#texts.clear();
  }

  read(column: number, index: number): number {
    const cell = column * this.#rows + index;
    return (this.#stamps[cell] === this.#stamp ? this.#values[cell] : this.#columns[cell]) ?? 0;
  }

  write(column: number, index: number, raw: number): void {
    const cell = column * this.#rows + index;
    this.#values[cell] = raw;
    this.#stamps[cell] = this.#stamp;
  }

  readRoom(field: number): number {
    return (
      (this.#roomStamps[field] === this.#stamp
        ? this.#roomValues[field]
        : this.#roomFields[field]) ?? 0
    );
  }

  writeRoom(field: number, raw: number): void {
    this.#roomValues[field] = raw;
    this.#roomStamps[field] = this.#stamp;
  }

  /** Text written in this tick. `field` 255 is the name of a player; handle 0 is the room. */
  readText(handle: number, field: number): string | undefined {
    return this.#texts.size === 0 ? undefined : this.#texts.get(`${handle}/${field}`);
  }

  writeText(handle: number, field: number, text: string): void {
    this.#texts.set(`${handle}/${field}`, text);
  }
}
