/**
 * Properties of an entity in author's units over a row of the entity matrix (column-major i32: column f of row i is
 * `matrix[f * rows + i]`). The plugin's views read and write through them, the client's views only read. Defined once
 * per kind on a prototype; reading makes no garbage.
 */
import {
  BUILTIN_COLUMNS,
  COLUMN,
  FLAG,
  POSITION_MAX,
  POSITION_ONE,
} from '../../protocol/gen/tables.ts';
import { FrayError } from '../errors.ts';
import type { Audience, Field } from './fields.ts';
import { fromRaw, toRaw } from './fields.ts';
import type { PlacedField, SchemaLayout } from './layout.ts';
import { LOW_FIELD, lowColumn } from './layout.ts';
import {
  fromPitch16,
  fromTurn16,
  SPEED_UNITS_PER_TICK_MAX,
  toAcceleration,
  toPitch16,
  toPosition,
  toTurn16,
  toVelocity,
} from './units.ts';

/**
 * What a property is defined over: something that knows the raw value of each of its columns. Names of its own begin with
 * `$`, which no field's name can.
 */
export interface RawRow {
  /** i32 of a column of this row. */
  $raw(column: number): number;
}

/** A row that can be written, one raw column at a time. */
export interface WritableRow extends RawRow {
  $write(column: number, raw: number): void;
}

/** One property: where it stands and how it is converted. */
export interface RowProperty {
  readonly name: string;
  readonly column: number;
  /** Author's value of a raw one. */
  readonly read: (raw: number) => unknown;
  /** Raw value of an author's one, or null if it cannot be assigned. Throws E_VALUE. */
  readonly toRaw: ((value: unknown) => number) | null;
  /** Who knows it. Built-in properties are `visible`, but for those of movement, which are `owner`. */
  readonly audience: Audience;
}

/** What every entity has, to a reader. Units: world units, units/s, radians in [0, 2π), points. */
export interface EntityValues {
  /** Generation << 16 | index: names this entity and no later one. */
  readonly handle: number;
  readonly x: number;
  readonly y: number;
  /** Height of the feet; 0 in a flat game. */
  readonly z: number;
  readonly vx: number;
  readonly vy: number;
  readonly vz: number;
  readonly aim: number;
  /** Up is positive. */
  readonly pitch: number;
  readonly alive: boolean;
  readonly grounded: boolean;
  readonly health: number;
  /** 0 none. */
  readonly team: number;
  /** Circle: its radius; box: half its width. */
  readonly radius: number;
  /** Of who crouches: what is left of it. */
  readonly height: number;
  /** A player that crouches, where that makes it lower. */
  readonly crouched: boolean;
}

/** All properties of a kind: the built-in ones, then the author's integer fields. */
export function rowProperties(layout: SchemaLayout, kindNumber: number): RowProperty[] {
  const kind = layout.kinds[kindNumber - 1];
  const fields = kind?.fields ?? [];
  return [
    ...builtinProperties(layout, kindNumber),
    ...fields
      .filter(({ name }) => name !== LOW_FIELD)
      .map((field) => fieldProperty(field, kind?.name ?? '')),
  ];
}

/** One property of an author's field; also of room fields, with their index as column. */
export function fieldProperty(field: PlacedField, owner: string): RowProperty {
  const path = `${owner}.${field.name}`;
  const { spec } = field;
  return {
    name: field.name,
    column: field.column,
    read: reader(spec),
    toRaw: (value) => toRaw(spec, value, path),
    audience: field.audience,
  };
}

/** Puts getters for the properties on a prototype, and setters where `writable` and the property allows it. */
export function installProperties(
  prototype: RawRow | WritableRow,
  properties: readonly RowProperty[],
  options: { readonly writable: boolean },
): void {
  for (const property of properties) {
    const { name, column, read, toRaw: raw } = property;
    const descriptor: PropertyDescriptor = {
      configurable: false,
      enumerable: true,
      get(this: RawRow): unknown {
        return read(this.$raw(column));
      },
    };
    if (options.writable && raw !== null) {
      descriptor.set = function set(this: WritableRow, value: unknown): void {
        this.$write(column, raw(value));
      };
    } else {
      descriptor.set = function refuse(): never {
        throw new FrayError('E_VALUE', `Cannot set ${name}: it can only be read here`);
      };
    }
    Object.defineProperty(prototype, name, descriptor);
  }
}

function crouched(layout: SchemaLayout, kindNumber: number): (raw: number) => boolean {
  const shape = layout.kinds[0]?.shape.height ?? 0;
  if (kindNumber !== 1 || lowColumn(layout) === 0) return () => false;
  return (raw) => raw < toPosition(shape);
}

function builtinProperties(layout: SchemaLayout, kindNumber: number): RowProperty[] {
  const rate = layout.tickRateHz;
  const speed = rate / POSITION_ONE;
  const acceleration = (rate * rate) / POSITION_ONE;
  const position = {
    read: (raw: number) => raw / POSITION_ONE,
    write: (value: number) => toPosition(value),
  };
  const velocity = {
    read: (raw: number) => raw * speed,
    write: (value: number) => cut(toVelocity(value, rate)),
  };
  const upward =
    layout.world.dimensions === 3 ? velocity : { ...velocity, write: (value: number) => 0 * value };
  const growth = {
    read: (raw: number) => raw * acceleration,
    write: (value: number) => cut(toAcceleration(value, rate)),
    min: 0,
  };
  const healthMax = Math.max(...layout.kinds.map((kind) => kind.health));
  const points = {
    read: (raw: number) => raw,
    write: (value: number) => clamp(Math.round(value), 0, healthMax),
  };
  const integer = { read: (raw: number) => raw, write: (value: number) => Math.round(value) };
  const names = layout.weapons.map((weapon) => weapon.name);
  return [
    fixed('x', COLUMN.x, position.read),
    fixed('y', COLUMN.y, position.read),
    fixed('z', COLUMN.z, position.read),
    free('vx', COLUMN.vx, velocity),
    free('vy', COLUMN.vy, velocity),
    free('vz', COLUMN.vz, upward),
    free('aim', COLUMN.aim, { read: fromTurn16, write: toTurn16 }),
    free('pitch', COLUMN.pitch, { read: fromPitch16, write: toPitch16 }),
    fixed('alive', COLUMN.flags, (raw) => (raw & FLAG.alive) !== 0),
    fixed('grounded', COLUMN.flags, (raw) => (raw & FLAG.grounded) !== 0),
    free('health', COLUMN.health, points),
    free('team', COLUMN.team, { ...integer, min: 0, max: 255 }),
    free('radius', COLUMN.radius, { ...position, min: 0, max: EXTENT_MAX }),
    fixed('height', COLUMN.height, position.read),
    fixed('crouched', COLUMN.height, crouched(layout, kindNumber)),
    own(free('topSpeed', COLUMN.topSpeed, { ...velocity, min: 0 })),
    own(free('acceleration', COLUMN.acceleration, growth)),
    own(free('friction', COLUMN.friction, growth)),
    own(free('viewRadius', COLUMN.viewRadius, { ...position, min: 0, max: POSITION_MAX })),
    own(free('protectedUntil', COLUMN.protectedUntil, { ...integer, min: 0 })),
    own(fixed('owner', COLUMN.owner, (raw) => raw >>> 0)),
    {
      name: 'weapon',
      column: COLUMN.weapon,
      read: (raw) => names[raw] ?? '',
      toRaw: (value) => weaponIndex(names, value),
      audience: 'visible',
    },
  ];
}

interface Conversion {
  readonly read: (raw: number) => number;
  readonly write: (value: number) => number;
  readonly min?: number;
  readonly max?: number;
}

function free(name: string, column: number, conversion: Conversion): RowProperty {
  const { read, write, min = -0x80000000, max = 0x7fffffff } = conversion;
  const convert = (value: unknown): number => {
    const raw = typeof value === 'number' ? write(value) : Number.NaN;
    if (raw >= min && raw <= max) return raw | 0;
    const range = `${read(min)}..${read(max)}`;
    throw new FrayError(
      'E_VALUE',
      `Cannot set ${name}: ${String(value)} is not a number in ${range}`,
    );
  };
  return { name, column, read, toRaw: convert, audience: 'visible' };
}

/** Nothing is faster than the core allows; health is kept within 0 and the game's most: what is read back is what counts. */
function cut(raw: number): number {
  return clamp(raw, -SPEED_MAX, SPEED_MAX);
}

function clamp(value: number, min: number, max: number): number {
  return Math.max(min, Math.min(max, value));
}

function fixed(name: string, column: number, read: (raw: number) => unknown): RowProperty {
  return { name, column, read, toRaw: null, audience: 'visible' };
}

/** Only the player itself is told. */
function own(property: RowProperty): RowProperty {
  return { ...property, audience: 'owner' };
}

function weaponIndex(names: readonly string[], value: unknown): number {
  const index = names.indexOf(String(value));
  if (index >= 0) return index;
  throw new FrayError(
    'E_VALUE',
    `Cannot set weapon: ${JSON.stringify(value)} is not one of ${names.join(', ')}`,
  );
}

function reader(spec: Field): (raw: number) => unknown {
  if (spec.type === 'integer' || spec.type === 'tick') return (raw) => raw;
  return (raw) => fromRaw(spec, raw);
}

/** As the core has them (config.rs): 64 units per tick, 256 units. */
const SPEED_MAX = SPEED_UNITS_PER_TICK_MAX * POSITION_ONE;
const EXTENT_MAX = 256 * POSITION_ONE;
/** First column of the author's fields. */
export const FIRST_FIELD_COLUMN = BUILTIN_COLUMNS;
