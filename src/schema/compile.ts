/**
 * From a schema to the bytes a core is created with (CONFIG of protocol/tables.ts): ConfigHead, then the rows of kinds,
 * fields, room fields, weapons and texts, the ground plan, the game's own step. Deterministic: server, client and replay make the same bytes.
 */
import {
  AUDIENCE,
  BUILTIN_BUTTONS,
  ConfigArea,
  ConfigField,
  ConfigHead,
  ConfigKind,
  ConfigMover,
  ConfigText,
  ConfigWeapon,
  ENTITIES_MAX,
  FLAG,
  HISTORY_TICKS_MIN,
  PLAYERS_MAX,
  RULE,
  TABLE_HASH,
  WallBox,
} from '../../protocol/gen/tables.ts';
import { FrayError } from '../errors.ts';
import type { Schema } from './define.ts';
import { bitsFor } from './fields.ts';
import type { PlacedField, PlacedKind, PlacedText, SchemaLayout } from './layout.ts';
import { lowColumn } from './layout.ts';
import type { SchemaDeclaration, Weapon } from './parts.ts';
import {
  SPEED_UNITS_PER_TICK_MAX,
  toAcceleration,
  toPosition,
  toTicks,
  toVelocity,
} from './units.ts';

/** What differs from room to room. A client takes these from its JoinReply and leaves the seeds out. */
export interface ConfigOptions {
  /** Default 50, 1..1,024. */
  readonly playersMax?: number;
  /** Players included. Default 4 x playersMax + 56 (256 for 50 players), at most 4,096. */
  readonly entitiesMax?: number;
  /** Seed of the simulation and of the plugin's generator; u64. Default 0. */
  readonly seed?: bigint;
  /** Fencing number of the room's owner; u32. Default 1. */
  readonly epoch?: number;
  /** 0 for a new room. */
  readonly firstTick?: number;
  /** Hash the state in every tick instead of every 30th (tests, verification). Default false. */
  readonly hashEveryTick?: boolean;
  /** As the server prescribes; default from the schema. */
  readonly interpolationTicks?: number;
  /** As the server prescribes; default from the schema. */
  readonly snapshotBytesMax?: number;
}

/** Bytes of the configuration of a room. Throws E_CONFIG for sizes out of range. */
export function compileConfig<D extends SchemaDeclaration>(
  schema: Pick<Schema<D>, 'layout' | 'hash'>,
  options: ConfigOptions = {},
): Uint8Array {
  const { layout } = schema;
  const fields = layout.kinds.flatMap((kind) =>
    kind.fields.map((field) => ({ kind: kind.number, field })),
  );
  const texts = [
    ...layout.kinds.flatMap((kind) => kind.texts.map((text) => ({ kind: kind.number, text }))),
    ...layout.roomTexts.map((text) => ({ kind: 0, text })),
  ];
  const step = layout.movement.step?.bytes() ?? new Uint8Array(0);
  const bytes = new Uint8Array(
    ConfigHead.bytes +
      layout.kinds.length * ConfigKind.bytes +
      (fields.length + layout.roomFields.length) * ConfigField.bytes +
      layout.weapons.length * ConfigWeapon.bytes +
      texts.length * ConfigText.bytes +
      layout.walls.length * WallBox.bytes +
      layout.movers.length * ConfigMover.bytes +
      layout.zones.length * ConfigArea.bytes +
      4 * Math.ceil(step.length / 4),
  );
  const view = new DataView(bytes.buffer);
  writeHead(view, schema, {
    options,
    fields: fields.length,
    texts: texts.length,
    stepBytes: step.length,
  });
  let at: number = ConfigHead.bytes;
  for (const kind of layout.kinds) at = writeKind(view, at, { layout, kind });
  for (const { kind, field } of fields) at = writeField(view, at, { kind, field });
  for (const field of layout.roomFields) at = writeField(view, at, { kind: 0, field });
  for (let index = 0; index < layout.weapons.length; index += 1)
    at = writeWeapon(view, at, { layout, index });
  for (const { kind, text } of texts) at = writeText(view, at, { kind, text });
  for (const wall of layout.walls) at = writeRow(view, at, { row: wall, table: WallBox });
  for (const row of layout.movers) at = writeRow(view, at, { row, table: ConfigMover });
  for (const row of layout.zones) at = writeRow(view, at, { row, table: ConfigArea });
  bytes.set(step, at);
  return bytes;
}

/** The same configuration for another room: of what it was compiled with, seed and epoch are others. */
export function configAgain(
  config: Uint8Array,
  { seed, epoch }: { readonly seed: bigint; readonly epoch: number },
): Uint8Array {
  const own = config.slice();
  const view = new DataView(own.buffer);
  for (const [name, value] of Object.entries({ ...seedWords(seed), epoch }))
    view.setUint32(ConfigHead[name as keyof typeof ConfigHead], value, true);
  return own;
}

/** Sizes of a room after defaults. Throws E_CONFIG. */
export function roomSizes(options: ConfigOptions): { playersMax: number; entitiesMax: number } {
  const playersMax = sized('playersMax', options.playersMax ?? 50, 1, PLAYERS_MAX);
  const usual = Math.min(ENTITIES_MAX, 4 * playersMax + 56);
  return {
    playersMax,
    entitiesMax: sized('entitiesMax', options.entitiesMax ?? usual, playersMax, ENTITIES_MAX),
  };
}

/** Ticks that others are shown in the past. */
export function interpolationTicks(layout: SchemaLayout): number {
  return toTicks(layout.net.interpolationMs, layout.tickRateHz);
}

/** History is a power of two of ticks, at least 64 and at least a second. */
export function historyTicks(tickRateHz: number): number {
  let ticks: number = HISTORY_TICKS_MIN;
  while (ticks < tickRateHz) ticks *= 2;
  return ticks;
}

function writeHead(
  view: DataView,
  schema: { readonly layout: SchemaLayout; readonly hash: bigint },
  counts: {
    readonly options: ConfigOptions;
    readonly fields: number;
    readonly texts: number;
    readonly stepBytes: number;
  },
): void {
  const { layout, hash } = schema;
  const { options } = counts;
  const { world, net, movement, tickRateHz } = layout;
  const { playersMax, entitiesMax } = roomSizes(options);
  const healthMax = Math.max(...layout.kinds.map((kind) => kind.health));
  const head: Record<Exclude<keyof typeof ConfigHead, 'bytes' | 'reserved'>, number> = {
    magic: 0x31435246,
    tableHash: TABLE_HASH,
    schemaHashLow: low(hash),
    schemaHashHigh: high(hash),
    tickRateHz,
    dimensions: world.dimensions,
    playersMax,
    entitiesMax,
    historyTicks: historyTicks(tickRateHz),
    snapshotBytesMax: sized(
      'snapshotBytesMax',
      options.snapshotBytesMax ?? net.snapshotBytesMax,
      224,
      1000,
    ),
    interpolationTicks: sized(
      'interpolationTicks',
      options.interpolationTicks ?? interpolationTicks(layout),
      0,
      128,
    ),
    halfWidth: toPosition(world.width / 2),
    halfDepth: toPosition(world.depth / 2),
    cell: cellSize(layout),
    positionShift: positionShift(net.positionPrecision),
    aimBits: net.aimBits,
    healthBits: bitsFor(healthMax),
    healthMax,
    gravity: accelerationOf(layout, world.gravity),
    jumpSpeed: world.dimensions === 3 ? toVelocity(movement.jumpSpeed, tickRateHz) : 0,
    stepHeight: world.dimensions === 3 ? toPosition(movement.stepHeight) : 0,
    dashSpeed: toVelocity(movement.dash?.speed ?? 0, tickRateHz),
    ...dashOf(layout),
    ...crouchOf(layout),
    airPermille: Math.round(movement.airControl * 1000),
    boostPermille: Math.round((movement.boost?.speed ?? 0) * 1000),
    rules: rulesOf(layout, options),
    ...seedWords(options.seed ?? 0n),
    epoch: options.epoch ?? 1,
    firstTick: options.firstTick ?? 0,
    inputAux: layout.inputs.filter((input) => input.kind === 'axis' || input.kind === 'field')
      .length,
    inputButtons: Math.max(
      BUILTIN_BUTTONS,
      ...layout.inputs.map((input) => (input.kind === 'button' ? input.place + 1 : 0)),
    ),
    inputPitch: layout.inputs.some((input) => input.kind === 'pitch') ? 1 : 0,
    kinds: layout.kinds.length,
    fields: counts.fields,
    roomFields: layout.roomFields.length,
    weapons: layout.weapons.length,
    texts: counts.texts,
    columns: layout.columns,
    textBytes: layout.textBytes,
    roomTextBytes: layout.roomTextBytes,
    rewindMsMax: Math.round(net.rewindMsMax),
    rewindCoverMsMax: Math.round(net.rewindCoverMsMax),
    viewKeep: toPosition(net.viewKeep),
    tierHalf: Math.round(net.halfRateFrom * 1000),
    tierQuarter: Math.round(net.quarterRateFrom * 1000),
    assistTicks: toTicks(layout.assistMs, tickRateHz),
    sendEvery: net.sendEvery,
    boxes: layout.walls.length,
    movers: layout.movers.length,
    areas: layout.zones.length,
    stepBytes: counts.stepBytes,
  };
  for (const [name, value] of Object.entries(head)) {
    view.setUint32(ConfigHead[name as keyof typeof head], value, true);
  }
}

function seedWords(given: bigint) {
  const seed = BigInt.asUintN(64, given);
  const pluginSeed = mix(seed);
  return {
    seedLow: low(seed),
    seedHigh: high(seed),
    pluginSeedLow: low(pluginSeed),
    pluginSeedHigh: high(pluginSeed),
  };
}

function dashOf({ movement, tickRateHz }: SchemaLayout) {
  const { durationMs = 0, cooldownMs = 0 } = movement.boost ?? movement.dash ?? {};
  return {
    dashTicks: toTicks(durationMs, tickRateHz),
    dashWaitTicks: toTicks(cooldownMs, tickRateHz),
  };
}

function crouchOf(layout: SchemaLayout) {
  const { crouch } = layout.movement;
  const column = lowColumn(layout);
  const high = layout.world.dimensions === 3;
  return {
    crouchPermille: Math.round((crouch?.speed ?? 0.5) * 1000),
    crouchHeight: column === 0 || crouch === null ? 0 : toPosition(crouch.height),
    crouchColumn: column,
    standHeight: high ? toPosition(layout.kinds[0]?.shape.height ?? 0) : 0,
  };
}

function writeKind(
  view: DataView,
  at: number,
  row: { layout: SchemaLayout; kind: PlacedKind },
): number {
  const { layout, kind } = row;
  const { shape } = kind;
  const player = kind.number === 1;
  const { movement, tickRateHz } = layout;
  const set = setter(view, at);
  set(ConfigKind.radius, toPosition(shape.shape === 'circle' ? shape.radius : shape.width / 2));
  set(ConfigKind.depth, shape.shape === 'circle' ? 0 : toPosition(shape.depth / 2));
  set(ConfigKind.height, layout.world.dimensions === 3 ? toPosition(shape.height) : 0);
  set(
    ConfigKind.head,
    layout.world.dimensions === 3 && shape.shape === 'circle' ? toPosition(shape.head) : 0,
  );
  set(ConfigKind.flags, (kind.solid ? FLAG.solid : 0) | (kind.touch ? FLAG.touch : 0));
  set(ConfigKind.health, kind.health);
  set(ConfigKind.topSpeed, player ? toVelocity(movement.topSpeed, tickRateHz) : 0);
  set(ConfigKind.acceleration, player ? accelerationOf(layout, movement.acceleration) : 0);
  set(ConfigKind.friction, player ? accelerationOf(layout, movement.friction) : 0);
  set(ConfigKind.viewRadius, player ? toPosition(layout.viewRadius) : 0);
  set(ConfigKind.moves, kind.moves ? 1 : 0);
  set(ConfigKind.seenWithin, toPosition(kind.seenWithin));
  set(ConfigKind.relevance, kind.relevance);
  return at + ConfigKind.bytes;
}

function writeField(view: DataView, at: number, row: { kind: number; field: PlacedField }): number {
  const { column, audience, spec } = row.field;
  view.setUint16(at + ConfigField.kind, row.kind, true);
  view.setUint16(at + ConfigField.column, column, true);
  view.setUint8(at + ConfigField.bits, spec.bits);
  view.setUint8(at + ConfigField.audience, AUDIENCE[audience]);
  view.setUint8(at + ConfigField.signed, spec.signed ? 1 : 0);
  view.setInt32(at + ConfigField.min, spec.min, true);
  view.setInt32(at + ConfigField.max, spec.max, true);
  view.setInt32(at + ConfigField.initial, spec.initial, true);
  return at + ConfigField.bytes;
}

function writeWeapon(
  view: DataView,
  at: number,
  row: { layout: SchemaLayout; index: number },
): number {
  const { tickRateHz } = row.layout;
  const weapon = row.layout.weapons[row.index];
  if (weapon === undefined) return at;
  const set = setter(view, at);
  set(ConfigWeapon.shape, weapon.weapon === 'projectile' ? 0 : 1);
  set(ConfigWeapon.damage, weapon.damage);
  set(ConfigWeapon.waitTicks, Math.max(1, toTicks(weapon.cooldownMs, tickRateHz)));
  set(ConfigWeapon.knockback, toVelocity(weapon.knockback, tickRateHz));
  const { blast } = weapon;
  set(ConfigWeapon.rules, weaponRules(weapon));
  set(ConfigWeapon.headPermille, Math.round(weapon.headFactor * 1000));
  if (blast !== null) {
    set(ConfigWeapon.blastRadius, toPosition(blast.radius));
    set(ConfigWeapon.blastDamage, blast.damage);
    set(ConfigWeapon.blastPermille, Math.round((blast.edge ?? 0) * 1000));
    set(ConfigWeapon.blastPush, toVelocity(blast.knockback ?? 0, tickRateHz));
  }
  if (weapon.weapon === 'projectile') {
    set(ConfigWeapon.speed, toVelocity(weapon.speed, tickRateHz));
    set(ConfigWeapon.lifeTicks, toTicks(weapon.lifeMs, tickRateHz));
    set(ConfigWeapon.radius, toPosition(weapon.radius));
  } else {
    set(ConfigWeapon.range, Math.min(0x3fffffff, toPosition(weapon.range)));
  }
  return at + ConfigWeapon.bytes;
}

function weaponRules(weapon: Weapon): number {
  return (
    (weapon.weapon === 'projectile' && weapon.forward ? RULE.forward : 0) |
    (weapon.friendlyFire ? RULE.friendlyFire : 0) |
    (weapon.blast !== null && weapon.blast.self !== false ? RULE.selfHarm : 0) |
    (weapon.throughProtection ? RULE.throughProtection : 0)
  );
}

function writeText(view: DataView, at: number, row: { kind: number; text: PlacedText }): number {
  const { index, offset, audience, spec } = row.text;
  view.setUint16(at + ConfigText.kind, row.kind, true);
  view.setUint16(at + ConfigText.index, index, true);
  view.setUint16(at + ConfigText.offset, offset, true);
  view.setUint8(at + ConfigText.bytesMax, spec.bytesMax);
  view.setUint8(at + ConfigText.audience, AUDIENCE[audience]);
  return at + ConfigText.bytes;
}

/** A row of the ground plan: its numbers have the names of the table. */
function writeRow(
  view: DataView,
  at: number,
  { row, table }: { row: object; table: { readonly bytes: number } },
): number {
  const set = setter(view, at);
  for (const [name, value] of Object.entries(row)) {
    const offset = (table as Readonly<Record<string, number>>)[name];
    if (offset !== undefined && typeof value === 'number') set(offset, value);
  }
  return at + table.bytes;
}

/**
 * Half of the view radius: a query then walks five rows of cells; more rows cost more wrong guesses than they save looks.
 * At least 2 units, and at most 64 cells along the world.
 */
function cellSize(layout: SchemaLayout): number {
  const { width, depth } = layout.world;
  return toPosition(Math.max(2, layout.viewRadius / 2, Math.max(width, depth) / 64));
}

/** Per tick and tick; more than the fastest speed would change nothing. */
function accelerationOf(layout: SchemaLayout, unitsPerSecond2: number): number {
  return Math.min(
    toPosition(SPEED_UNITS_PER_TICK_MAX),
    toAcceleration(unitsPerSecond2, layout.tickRateHz),
  );
}

/** Largest power-of-two quantum that is not above the asked precision. */
function positionShift(precision: number): number {
  return Math.max(0, Math.min(14, Math.floor(Math.log2(precision * 65536) + 1e-9)));
}

function rulesOf(layout: SchemaLayout, options: ConfigOptions): number {
  const solid = layout.kinds[0]?.solid === true;
  return (
    (layout.world.friendlyFire ? 1 : 0) |
    (layout.movement.relativeToAim ? 2 : 0) |
    (solid ? 4 : 0) |
    (options.hashEveryTick === true ? 8 : 0) |
    (layout.net.deadStopShots ? 16 : 0) |
    (layout.net.hideBehindWalls ? 32 : 0)
  );
}

/** splitmix64: the plugin's seed has nothing in common with the simulation's. */
function mix(seed: bigint): bigint {
  const mask = 0xffffffffffffffffn;
  let z = (seed + 0x9e3779b97f4a7c15n) & mask;
  z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & mask;
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & mask;
  return z ^ (z >> 31n);
}

function setter(view: DataView, at: number): (offset: number, value: number) => void {
  return (offset, value) => view.setInt32(at + offset, value, true);
}

function sized(name: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new FrayError(
    'E_CONFIG',
    `Cannot configure the room: ${name} is ${value}, allowed is ${min}..${max}`,
  );
}

function low(value: bigint): number {
  return Number(value & 0xffffffffn);
}

function high(value: bigint): number {
  return Number((value >> 32n) & 0xffffffffn);
}
