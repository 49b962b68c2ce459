/**
 * Who is in the room: the core keeps the roster, this gives it names and objects. Refreshed only when the core says that
 * it changed; a name is decoded when its bytes changed. Entries are kept and updated in place while a player stays.
 */
import type { ClientCore } from '../../core-wasm/bindings/client.ts';
import { RosterRow as ROW } from '../../protocol/gen/tables.ts';
import { fromRaw } from '../schema/fields.ts';
import type { PlacedField, SchemaLayout } from '../schema/layout.ts';

/** The part of a core that is read. */
type RosterSource = Pick<ClientCore, 'matrix' | 'roster' | 'rosterBytes' | 'rosterRowBytes'>;

export class RosterRow {
  id = 0;
  handle = 0;
  team = 0;
  bot = false;
  own = false;
  name = '';
  /** Raw fields that are `to: 'room'`, in the order of their declaration. */
  readonly values: Int32Array;

  constructor(fields: number) {
    this.values = new Int32Array(fields);
    // Facts for the page are what it sees when it looks at an entry; this is not one.
    Object.defineProperty(this, 'values', { enumerable: false });
  }
}

export class Roster {
  /** The entries in the order of their slots. A new array after each change. */
  all: readonly RosterRow[] = [];
  readonly #core: RosterSource;
  readonly #slots: (RosterRow | undefined)[] = [];
  readonly #byEntity: (RosterRow | undefined)[] = [];
  readonly #fields: readonly PlacedField[];
  readonly #Row: new (
    fields: number,
  ) => RosterRow;
  /** The own player; who watches others changes it before a `refresh`. */
  ownId: number;

  constructor(core: RosterSource, layout: SchemaLayout, ownId: number) {
    this.#core = core;
    this.ownId = ownId;
    this.#fields = (layout.kinds[0]?.fields ?? []).filter((field) => field.audience === 'room');
    this.#Row = rowClass(this.#fields);
    for (let index = 0; index < core.matrix.rows; index += 1) this.#byEntity.push(undefined);
  }

  /** The player whose body stands at `index` of the matrix. */
  ofEntity(index: number): RosterRow | undefined {
    return this.#byEntity[index];
  }

  /** Reads the core's rows anew. Costs one pass over the slots. */
  refresh(): void {
    const { roster, rosterBytes, rosterRowBytes } = this.#core;
    const slots = rosterBytes.length / rosterRowBytes;
    const all: RosterRow[] = [];
    this.#byEntity.fill(undefined);
    for (let slot = 0; slot < slots; slot += 1) {
      const at = slot * rosterRowBytes;
      const id = roster.getUint32(at + ROW.playerId, true);
      let row = this.#slots[slot];
      if (id === 0) {
        this.#slots[slot] = undefined;
        continue;
      }
      if (row?.id !== id) {
        row = new this.#Row(this.#fields.length);
        this.#slots[slot] = row;
      }
      this.#read(row, at, id);
      all.push(row);
      this.#byEntity[row.handle & 0xffff] = row;
    }
    this.all = all;
  }

  #read(row: RosterRow, at: number, id: number): void {
    const { roster, rosterBytes } = this.#core;
    row.id = id;
    row.own = id === this.ownId;
    row.handle = roster.getUint32(at + ROW.handle, true);
    row.team = roster.getUint8(at + ROW.team);
    row.bot = (roster.getUint8(at + ROW.flags) & 1) !== 0;
    const start = at + ROW.name;
    const bytes = rosterBytes.subarray(start, start + roster.getUint8(at + ROW.nameBytes));
    const name = decoder.decode(bytes);
    if (name !== row.name) row.name = name;
    for (let i = 0; i < this.#fields.length; i += 1) {
      row.values[i] = roster.getInt32(at + ROW.bytes + i * 4, true);
    }
  }
}

/** An entry class with a getter for each of the author's fields. */
function rowClass(fields: readonly PlacedField[]): new (fields: number) => RosterRow {
  const Row = class extends RosterRow {};
  fields.forEach(({ name, spec }, position) => {
    const get = function value(this: RosterRow) {
      return fromRaw(spec, this.values[position] ?? 0);
    };
    Object.defineProperty(Row.prototype, name, { get, enumerable: true });
  });
  return Row;
}

const decoder = new TextDecoder();
