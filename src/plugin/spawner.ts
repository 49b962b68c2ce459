/** Makes and places entities: the commands, and the same values laid over the matrix for later reads of the tick. */
import { COLUMN, FLAG, KIND, PLAYER_NONE } from '../../protocol/gen/tables.ts';
import { FrayError } from '../errors.ts';
import { toRaw } from '../schema/fields.ts';
import type { PlacedKind, SchemaLayout } from '../schema/layout.ts';
import { coordinate } from '../schema/map.ts';
import { SPEED_UNITS_PER_TICK_MAX, toPosition, toTurn16, toVelocity } from '../schema/units.ts';
import type { PlaceCommand, SpawnCommand } from './commands.ts';
import type { PluginContext } from './context.ts';
import type { Place, SpawnOptions } from './types.ts';
import { unknownName } from './unknown-name.ts';
import { checkedText, writeText } from './views.ts';

/** Longest life or protection, ticks: 6 days at 30 Hz. */
const TICKS_MAX = 0xffffff;
const PLACE_KEYS = ['x', 'y', 'z', 'vx', 'vy', 'vz', 'aim', 'owner', 'lifeTicks'];

export class Spawner {
  readonly #context: PluginContext;
  readonly #place: PlaceCommand = { handle: 0, x: 0, y: 0, z: 0, aim: -1, protectTicks: 0 };
  /** Handles taken from the spawnable list in this tick. */
  #taken = 0;

  constructor(context: PluginContext) {
    this.#context = context;
  }

  /** A new tick: the core offers new handles. */
  reset(): void {
    this.#taken = 0;
  }

  /** Puts the entity of a handle somewhere. `kind` is its kind number. */
  place(
    handle: number,
    kind: number,
    to: { at: Place; aim?: number | undefined; protectTicks?: number | undefined },
  ): void {
    const { overlay, commands, layout, tick } = this.#context;
    const { at } = to;
    const command = this.#place;
    command.handle = handle;
    command.x = inWorld(coordinate(at.x, 'place.x'), layout.world.width);
    command.y = inWorld(coordinate(at.y, 'place.y'), layout.world.depth);
    command.z = onFloor(coordinate(at.z ?? 0, 'place.z'), layout);
    command.aim = to.aim === undefined ? -1 : angle(to.aim, 'place.aim');
    command.protectTicks = ticksOf(to.protectTicks ?? 0, 'protectTicks');
    commands.place(command);
    const index = handle & 0xffff;
    overlay.write(COLUMN.x, index, command.x);
    overlay.write(COLUMN.y, index, command.y);
    overlay.write(COLUMN.z, index, command.z);
    overlay.write(COLUMN.vx, index, 0);
    overlay.write(COLUMN.vy, index, 0);
    overlay.write(COLUMN.vz, index, 0);
    if (command.aim >= 0) overlay.write(COLUMN.aim, index, command.aim);
    overlay.write(COLUMN.flags, index, overlay.read(COLUMN.flags, index) | FLAG.alive);
    const until = command.protectTicks === 0 ? 0 : tick + command.protectTicks;
    overlay.write(COLUMN.protectedUntil, index, until);
    if (kind === KIND.player) overlay.write(COLUMN.health, index, layout.kinds[0]?.health ?? 0);
  }

  /** Makes an entity; nothing is commanded unless all options are sound. Returns its handle. */
  spawn(kindName: string, options: SpawnOptions & Readonly<Record<string, unknown>>): number {
    const { commands, overlay, layout } = this.#context;
    const kind = layout.kinds.find((row) => row.name === kindName && row.number >= KIND.first);
    if (kind === undefined) {
      const own = layout.kinds.filter((row) => row.number >= KIND.first);
      const names = own.map((row) => row.name);
      throw unknownName(`spawn '${kindName}'`, 'kinds', names);
    }
    const fields = fieldValues(kind, options);
    for (const text of fields.texts) checkedText(this.#context, text);
    const command = spawnCommand(layout, kind, options);
    command.handle = this.#nextHandle();
    commands.spawn(command);
    this.#taken += 1;
    this.#layOver(kind, command);
    const index = command.handle & 0xffff;
    for (const { column, raw } of fields.integers) {
      commands.setField(command.handle, column, raw);
      overlay.write(column, index, raw);
    }
    for (const text of fields.texts) writeText(this.#context, { ...text, handle: command.handle });
    return command.handle;
  }

  #nextHandle(): number {
    const { spawnable } = this.#context.core;
    const offered = spawnable[0] ?? 0;
    if (this.#taken < offered) return spawnable[1 + this.#taken] ?? 0;
    throw new FrayError(
      'E_ENTITY_LIMIT',
      `Cannot spawn: ${this.#taken} were made in this tick and the room has no further place now`,
    );
  }

  #layOver(kind: PlacedKind, command: SpawnCommand): void {
    const { overlay, layout } = this.#context;
    const index = command.handle & 0xffff;
    const { shape } = kind;
    for (let column = 0; column < layout.columns; column += 1) overlay.write(column, index, 0);
    overlay.write(COLUMN.generation, index, command.handle >>> 16);
    overlay.write(COLUMN.kind, index, kind.number);
    overlay.write(COLUMN.slot, index, PLAYER_NONE);
    const flags = (kind.solid ? FLAG.solid : 0) | (kind.touch ? FLAG.touch : 0);
    overlay.write(COLUMN.flags, index, flags | FLAG.alive | FLAG.grounded);
    overlay.write(COLUMN.x, index, command.x);
    overlay.write(COLUMN.y, index, command.y);
    overlay.write(COLUMN.z, index, command.z);
    overlay.write(COLUMN.vx, index, command.vx);
    overlay.write(COLUMN.vy, index, command.vy);
    overlay.write(COLUMN.vz, index, command.vz);
    overlay.write(COLUMN.aim, index, command.aim);
    overlay.write(COLUMN.owner, index, command.owner | 0);
    overlay.write(COLUMN.health, index, kind.health);
    overlay.write(
      COLUMN.radius,
      index,
      toPosition(shape.shape === 'circle' ? shape.radius : shape.width / 2),
    );
    overlay.write(COLUMN.depth, index, shape.shape === 'circle' ? 0 : toPosition(shape.depth / 2));
    overlay.write(
      COLUMN.height,
      index,
      layout.world.dimensions === 3 ? toPosition(shape.height) : 0,
    );
    for (const field of kind.fields) overlay.write(field.column, index, field.spec.initial);
    for (const text of kind.texts) overlay.writeText(command.handle, text.index, '');
  }
}

function spawnCommand(layout: SchemaLayout, kind: PlacedKind, options: SpawnOptions): SpawnCommand {
  const speed = (value: number | undefined, name: string): number => {
    const most = toPosition(SPEED_UNITS_PER_TICK_MAX);
    const raw = toVelocity(value ?? 0, layout.tickRateHz);
    if (Number.isFinite(raw)) return Math.max(-most, Math.min(most, raw));
    throw new FrayError('E_VALUE', `Cannot set spawn.${name}: ${String(value)} is not a speed`);
  };
  return {
    handle: 0,
    kind: kind.number,
    x: inWorld(coordinate(options.x, 'spawn.x'), layout.world.width),
    y: inWorld(coordinate(options.y, 'spawn.y'), layout.world.depth),
    z: onFloor(coordinate(options.z ?? 0, 'spawn.z'), layout),
    vx: speed(options.vx, 'vx'),
    vy: speed(options.vy, 'vy'),
    vz: layout.world.dimensions === 3 ? speed(options.vz, 'vz') : 0,
    aim: angle(options.aim ?? 0, 'spawn.aim'),
    owner: (options.owner ?? 0) >>> 0,
    lifeTicks: ticksOf(options.lifeTicks ?? 0, 'lifeTicks'),
  };
}

function fieldValues(kind: PlacedKind, options: Readonly<Record<string, unknown>>) {
  const integers: { column: number; raw: number }[] = [];
  const texts: { field: number; bytesMax: number; path: string; value: unknown }[] = [];
  for (const [name, value] of Object.entries(options)) {
    if (PLACE_KEYS.includes(name) || value === undefined) continue;
    const path = `${kind.name}.${name}`;
    const field = kind.fields.find((row) => row.name === name);
    const text = kind.texts.find((row) => row.name === name);
    if (field !== undefined)
      integers.push({ column: field.column, raw: toRaw(field.spec, value, path) });
    else if (text !== undefined)
      texts.push({ field: text.index, bytesMax: text.spec.bytesMax, path, value });
    else throw new FrayError('E_VALUE', `Cannot set ${path}: the kind has no such field`);
  }
  return { integers, texts };
}

/** The core keeps everything inside the world; later reads of the tick must say the same. */
function inWorld(raw: number, extent: number): number {
  const half = toPosition(extent / 2);
  return Math.max(-half, Math.min(half, raw));
}

function onFloor(raw: number, layout: SchemaLayout): number {
  return layout.world.dimensions === 3 ? Math.max(0, raw) : 0;
}

function angle(value: number, path: string): number {
  if (Number.isFinite(value)) return toTurn16(value);
  throw new FrayError('E_VALUE', `Cannot set ${path}: ${String(value)} is not an angle`);
}

function ticksOf(value: number, path: string): number {
  if (Number.isInteger(value) && value >= 0 && value <= TICKS_MAX) return value;
  throw new FrayError(
    'E_VALUE',
    `Cannot set ${path}: ${String(value)} is not an integer in 0..${TICKS_MAX}`,
  );
}
