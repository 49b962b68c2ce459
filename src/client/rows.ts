/**
 * Rows of the view: one object per kind and entity index, made when first shown and then reused, whose getters read the
 * matrix that the core has filled. A getter is a load, a multiplication and nothing else, so that V8 inlines it where
 * it is used and reading makes no garbage. Author's values convert as in src/schema/rows.ts, which the room uses.
 */
import type { EntityMatrix } from '../../core-wasm/bindings/client.ts';
import { COLUMN, FLAG, POSITION_ONE } from '../../protocol/gen/tables.ts';
import { fromRaw } from '../schema/fields.ts';
import type { PlacedField, PlacedKind, PlacedText, SchemaLayout } from '../schema/layout.ts';
import { LOW_FIELD, lowColumn } from '../schema/layout.ts';
import { TURN, toTicks } from '../schema/units.ts';
import type { Roster, RosterRow } from './roster.ts';

/** What all rows of one game share. */
export interface RowSource {
  readonly matrix: EntityMatrix;
  readonly layout: SchemaLayout;
  readonly roster: Roster;
  readonly texts: TextSource;
  /** Handle of the own player. */
  own: number;
  /** Newest own tick, to tell whether protection has ended. */
  ownTick: number;
}

/** The text bytes of all entities, and a number that rises when any of them changed. */
export interface TextSource {
  readonly bytes: Uint8Array;
  readonly bytesPerEntity: number;
  version: number;
}

export class EntityRow {
  readonly kind: string;
  protected readonly source: RowSource;
  protected readonly index: number;
  // Plain fields, and one addition less per getter: V8 inlines only functions of at most 27 bytes of bytecode without
  // counting them, and a getter that is not inlined makes a heap number at each call.
  protected readonly cells: Int32Array;
  protected readonly rows: number;
  protected readonly speed: number;
  protected readonly xAt: number;
  protected readonly yAt: number;
  protected readonly zAt: number;
  protected readonly vxAt: number;
  protected readonly vyAt: number;
  protected readonly vzAt: number;
  protected readonly aimAt: number;

  constructor(source: RowSource, kind: string, index: number) {
    const { cells, rows } = source.matrix;
    this.source = source;
    this.kind = kind;
    this.index = index;
    this.cells = cells;
    this.rows = rows;
    this.speed = source.layout.tickRateHz / POSITION_ONE;
    this.xAt = COLUMN.x * rows + index;
    this.yAt = COLUMN.y * rows + index;
    this.zAt = COLUMN.z * rows + index;
    this.vxAt = COLUMN.vx * rows + index;
    this.vyAt = COLUMN.vy * rows + index;
    this.vzAt = COLUMN.vz * rows + index;
    this.aimAt = COLUMN.aim * rows + index;
  }

  /** i32 of a column. */
  raw(column: number): number {
    return this.cells[column * this.rows + this.index] as number;
  }

  get handle(): number {
    return ((this.raw(COLUMN.generation) << 16) | this.index) >>> 0;
  }
  get x(): number {
    return (this.cells[this.xAt] as number) / 65536;
  }
  get y(): number {
    return (this.cells[this.yAt] as number) / 65536;
  }
  get z(): number {
    return (this.cells[this.zAt] as number) / 65536;
  }
  get vx(): number {
    return (this.cells[this.vxAt] as number) * this.speed;
  }
  get vy(): number {
    return (this.cells[this.vyAt] as number) * this.speed;
  }
  get vz(): number {
    return (this.cells[this.vzAt] as number) * this.speed;
  }
  get aim(): number {
    return (this.cells[this.aimAt] as number) * RADIANS;
  }
  get pitch(): number {
    return this.raw(COLUMN.pitch) * RADIANS;
  }
  get alive(): boolean {
    return (this.raw(COLUMN.flags) & FLAG.alive) !== 0;
  }
  get grounded(): boolean {
    return (this.raw(COLUMN.flags) & FLAG.grounded) !== 0;
  }
  get health(): number {
    return this.raw(COLUMN.health);
  }
  get team(): number {
    return this.raw(COLUMN.team);
  }
  get radius(): number {
    return this.raw(COLUMN.radius) / 65536;
  }
  get height(): number {
    return this.raw(COLUMN.height) / 65536;
  }
  get crouched(): boolean {
    return false;
  }
  get predicted(): boolean {
    return false;
  }
}

export class ProjectileRow extends EntityRow {
  get owner(): number {
    return this.raw(COLUMN.owner) >>> 0;
  }
  get own(): boolean {
    return this.owner === this.source.own;
  }
  get weapon(): string {
    return this.source.layout.weapons[this.raw(COLUMN.weapon)]?.name ?? '';
  }
  override get predicted(): boolean {
    return this.raw(COLUMN.slot) === PREDICTED_SLOT;
  }
}

export class PlayerRow extends EntityRow {
  /** What one tick of waiting takes from readiness; 1 - wait * step is 0 at the beginning of a wait. */
  protected readonly dashStep: number;
  protected readonly dashAt: number;
  protected readonly weaponSteps: readonly number[];
  /** 0: nobody gets lower. */
  protected readonly lowColumn: number;

  constructor(source: RowSource, kind: string, index: number) {
    super(source, kind, index);
    const { movement, weapons, tickRateHz } = source.layout;
    const step = (ms: number) => 1 / Math.max(1, toTicks(ms, tickRateHz));
    this.dashAt = COLUMN.dashWait * this.rows + index;
    const dash = movement.boost ?? movement.dash;
    this.dashStep = dash ? step(dash.cooldownMs) : 1;
    this.lowColumn = lowColumn(source.layout);
    this.weaponSteps = weapons.map((weapon) => step(weapon.cooldownMs));
  }

  get #roster(): RosterRow | undefined {
    return this.source.roster.ofEntity(this.index);
  }
  get id(): number {
    return this.#roster?.id ?? 0;
  }
  get name(): string {
    return this.#roster?.name ?? '';
  }
  get bot(): boolean {
    return this.#roster?.bot ?? false;
  }
  get own(): boolean {
    return this.index === (this.source.own & 0xffff);
  }
  override get predicted(): boolean {
    return this.own;
  }
  override get crouched(): boolean {
    return this.lowColumn !== 0 && this.raw(this.lowColumn) !== 0;
  }
  get weapon(): string {
    return this.source.layout.weapons[this.raw(COLUMN.weapon)]?.name ?? '';
  }
  get topSpeed(): number {
    return (this.raw(COLUMN.topSpeed) * this.source.layout.tickRateHz) / POSITION_ONE;
  }
  get acceleration(): number {
    return (this.raw(COLUMN.acceleration) * this.source.layout.tickRateHz ** 2) / POSITION_ONE;
  }
  get friction(): number {
    return (this.raw(COLUMN.friction) * this.source.layout.tickRateHz ** 2) / POSITION_ONE;
  }
  get viewRadius(): number {
    return this.raw(COLUMN.viewRadius) / 65536;
  }
  get protected(): boolean {
    return this.own && this.raw(COLUMN.protectedUntil) > this.source.ownTick;
  }
  get dashReady(): number {
    return 1 - (this.cells[this.dashAt] as number) * this.dashStep;
  }
  get weaponReady(): number {
    return 1 - this.raw(COLUMN.weaponWait) * (this.weaponSteps[this.raw(COLUMN.weapon)] as number);
  }
  /** A field that is `to: 'room'`: known of every player, in sight or not. */
  fromRoster(position: number): number {
    return this.#roster?.values[position] ?? 0;
  }
}

export type RowMaker = (index: number) => EntityRow;

/** Makes the rows of one kind: a class of its own with a getter for each of the author's fields. */
export function rowMaker(source: RowSource, kind: PlacedKind): RowMaker {
  const Base: typeof EntityRow =
    kind.name === 'player' ? PlayerRow : kind.name === 'projectile' ? ProjectileRow : EntityRow;
  const Row = class extends Base {};
  let rosterPosition = 0;
  for (const field of kind.fields) {
    if (field.audience === 'none' || field.name === LOW_FIELD) continue;
    const fromRoster = field.audience === 'room' && kind.name === 'player';
    defineField(Row.prototype, field, fromRoster ? rosterPosition++ : -1);
  }
  for (const text of kind.texts) if (text.audience !== 'none') defineText(Row.prototype, text);
  return (index) => new Row(source, kind.name, index);
}

/** Each sort of value has a function literal of its own: sharing one would keep V8 from inlining any. */
function defineField(
  prototype: EntityRow,
  { name, spec, column }: PlacedField,
  rosterPosition: number,
): void {
  const define = (get: (this: EntityRow) => unknown) => {
    Object.defineProperty(prototype, name, { get, enumerable: true });
  };
  if (rosterPosition >= 0) {
    define(function room(this: EntityRow) {
      return fromRaw(spec, (this as PlayerRow).fromRoster(rosterPosition));
    });
  } else if (spec.type === 'bool') {
    define(function bool(this: EntityRow) {
      return this.raw(column) !== 0;
    });
  } else if (spec.type === 'angle') {
    define(function angle(this: EntityRow) {
      return (this['cells'][column * this['rows'] + this['index']] as number) * RADIANS;
    });
  } else if (spec.type === 'quantised') {
    const { origin, step } = spec;
    define(function quantised(this: EntityRow) {
      return origin + (this['cells'][column * this['rows'] + this['index']] as number) * step;
    });
  } else if (spec.type === 'player') {
    define(function player(this: EntityRow) {
      return this.raw(column) >>> 0;
    });
  } else {
    define(function integer(this: EntityRow) {
      return this.raw(column);
    });
  }
}

interface CachedText {
  version: number;
  handle: number;
  text: string;
}

function defineText(prototype: EntityRow, { name, offset }: PlacedText): void {
  const cache = new WeakMap<EntityRow, CachedText>();
  const get = function text(this: EntityRow): string {
    const { texts } = this['source'];
    const held = cache.get(this);
    if (held && held.version === texts.version && held.handle === this.handle) return held.text;
    const text = readText(texts.bytes, this['index'] * texts.bytesPerEntity + offset);
    cache.set(this, { version: texts.version, handle: this.handle, text });
    return text;
  };
  Object.defineProperty(prototype, name, { get, enumerable: true });
}

/** A text as the core keeps it: its length in bytes, then UTF-8. */
export function readText(bytes: Uint8Array, at: number): string {
  return decoder.decode(bytes.subarray(at + 1, at + 1 + (bytes[at] ?? 0)));
}

/** In the column `slot` of a predicted projectile. */
const PREDICTED_SLOT = 0xfffe;
const RADIANS = TURN / 65536;
const decoder = new TextDecoder();
