/**
 * A schema with every default filled in and every field placed: which column of which kind, which index on the wire.
 * Both ends derive it from the same declaration; its canonical form is what `schema.hash` covers. Plain data.
 */
import { BUILTIN_COLUMNS, BUTTON, KIND } from '../../protocol/gen/tables.ts';
import type { Audience, Field, TextField } from './fields.ts';
import { bool } from './fields.ts';
import { type RawMover, type RawWall, type RawZone, rawMover, rawWall, rawZone } from './map.ts';
import type {
  BoostOptions,
  Box,
  Circle,
  CrouchOptions,
  DashOptions,
  InputField,
  KindDeclaration,
  MessageFields,
  MovementOptions,
  NetOptions,
  SchemaDeclaration,
  Weapon,
  WorldOptions,
} from './parts.ts';
import type { OwnStep } from './step.ts';

/** An integer field in its place. */
export interface PlacedField {
  readonly name: string;
  readonly spec: Field;
  readonly audience: Audience;
  /** Column of the entity matrix; for the room its index. */
  readonly column: number;
}

/** A text field in its place. */
export interface PlacedText {
  readonly name: string;
  readonly spec: TextField;
  readonly audience: Audience;
  /** The how-many-eth text of its kind. */
  readonly index: number;
  /** Where its length byte stands in the text bytes of an entity (or of the room). */
  readonly offset: number;
}

export interface PlacedKind {
  readonly name: string;
  /** Number in the column `kind`: 1 player, 2 projectile, 3.. the author's. */
  readonly number: number;
  readonly shape: Circle | Box;
  readonly health: number;
  readonly solid: boolean;
  readonly touch: boolean;
  readonly moves: boolean;
  /** Units; 0: by the view radius. */
  readonly seenWithin: number;
  /** 1 always seen by all, 2 by its team. */
  readonly relevance: number;
  readonly fields: readonly PlacedField[];
  readonly texts: readonly PlacedText[];
}

export interface PlacedMessage {
  readonly name: string;
  readonly index: number;
  readonly fields: readonly { readonly name: string; readonly spec: Field | TextField }[];
}

export interface PlacedInput {
  readonly name: string;
  readonly kind: 'move' | 'aim' | 'pitch' | 'button' | 'axis' | 'field';
  /** Bit of the buttons; index of the author's analog input; else 0. */
  readonly place: number;
  readonly spec: Field | null;
}

export interface Movement
  extends Required<Omit<MovementOptions, 'dash' | 'boost' | 'crouch' | 'step'>> {
  readonly step?: OwnStep;
  readonly dash: DashOptions | null;
  readonly boost: Required<BoostOptions> | null;
  readonly crouch: Required<CrouchOptions> | null;
}

export interface SchemaLayout {
  readonly name: string;
  readonly tickRateHz: number;
  readonly world: Required<Omit<WorldOptions, 'walls' | 'movers' | 'zones'>>;
  readonly walls: readonly RawWall[];
  readonly movers: readonly RawMover[];
  readonly zones: readonly RawZone[];
  readonly net: Required<NetOptions>;
  readonly inputs: readonly PlacedInput[];
  readonly weapons: readonly (Weapon & { readonly name: string })[];
  readonly viewRadius: number;
  readonly assistMs: number;
  readonly movement: Movement;
  /** Player, projectile, then the author's kinds: `kinds[number - 1]`. */
  readonly kinds: readonly PlacedKind[];
  readonly roomFields: readonly PlacedField[];
  readonly roomTexts: readonly PlacedText[];
  readonly toServer: readonly PlacedMessage[];
  readonly toClient: readonly PlacedMessage[];
  readonly timers: readonly PlacedMessage[];
  /** Columns of the entity matrix. */
  readonly columns: number;
  /** Text bytes kept per entity and for the room; multiples of 4. */
  readonly textBytes: number;
  readonly roomTextBytes: number;
}

/** The field that the core itself writes where players crouch, behind the author's: no name of theirs begins so. */
export const LOW_FIELD = '$low';
/** Default tick rate. */
export const TICK_RATE_HZ_DEFAULT = 30;
/** ms. What a shot is rewound by at most, beside the interpolation delay. */
export const REWIND_MS_MAX_DEFAULT = 200;

/** Places everything. The declaration has been checked. */
export function layOut(declaration: SchemaDeclaration): SchemaLayout {
  const { player = {}, kinds = {}, room = {}, weapons = {} } = declaration;
  const { walls = [], movers = {}, zones = {}, ...worldOptions } = declaration.world ?? {};
  const tickRateHz = declaration.tickRateHz ?? TICK_RATE_HZ_DEFAULT;
  const world = { ...WORLD_DEFAULTS, ...worldOptions };
  const placedKinds = [
    placeKind('player', KIND.player, {
      shape: player.shape ?? {
        shape: 'circle',
        radius: 0.5,
        height: world.dimensions === 3 ? 1.8 : 0,
        head: 0,
      },
      health: player.health ?? 100,
      solid: player.solid ?? true,
      moves: true,
      fields: { ...player.fields, ...(lowers(declaration) && { [LOW_FIELD]: bool() }) },
      relevance: player.seenByTeam === true ? 2 : 0,
    }),
    placeKind('projectile', KIND.projectile, {
      shape: { shape: 'circle', radius: 0.1, height: 0, head: 0 },
      moves: true,
    }),
    ...Object.entries(kinds).map(([name, kind], at) => placeKind(name, KIND.first + at, kind)),
  ];
  const roomPlaces = placeFields(room.fields ?? {}, 0, 'room');
  const textEnds = placedKinds.map((kind) => textEnd(kind.texts));
  return {
    name: declaration.name,
    tickRateHz,
    world: world.dimensions === 2 ? { ...world, gravity: 0 } : world,
    walls: walls.map((wall, at) => rawWall(wall, `world.walls[${at}]`)),
    movers: Object.entries(movers).map(([name, mover]) => rawMover(name, mover, tickRateHz)),
    zones: Object.entries(zones).map(([name, zone]) => rawZone(name, zone)),
    net: {
      ...NET_DEFAULTS,
      rewindCoverMsMax: declaration.net?.rewindMsMax ?? REWIND_MS_MAX_DEFAULT,
      ...declaration.net,
    },
    inputs: placeInputs(declaration.input),
    weapons: Object.entries(weapons).map(([name, weapon]) => ({ ...weapon, name })),
    viewRadius: player.viewRadius ?? 25,
    assistMs: player.assistMs ?? 10_000,
    movement: moves(player.movement),
    kinds: placedKinds,
    roomFields: roomPlaces.fields,
    roomTexts: roomPlaces.texts,
    toServer: placeMessages(declaration.toServer ?? {}),
    toClient: placeMessages(declaration.toClient ?? {}),
    timers: placeMessages(declaration.timers ?? {}),
    columns: BUILTIN_COLUMNS + Math.max(...placedKinds.map((kind) => kind.fields.length)),
    textBytes: Math.max(...textEnds),
    roomTextBytes: textEnd(roomPlaces.texts),
  };
}

/** 64 bits over the canonical form: FNV-1a, the same in every engine. */
export function hashLayout(layout: SchemaLayout): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(canonical(layout))) {
    hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
  }
  return hash;
}

/** JSON with sorted keys and no spaces; arrays keep their order, for that order is on the wire. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const rows = Object.entries(value).filter(([, inner]) => inner !== undefined);
  rows.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${rows.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join(',')}}`;
}

/** Players of the game can be lower than they are. */
function lowers({ player, world }: SchemaDeclaration): boolean {
  return player?.movement?.crouch !== undefined && world?.dimensions === 3;
}

/** The column that says who is low; 0: none. */
export function lowColumn(layout: SchemaLayout): number {
  return layout.kinds[0]?.fields.find(({ name }) => name === LOW_FIELD)?.column ?? 0;
}

function moves(options: MovementOptions = {}): Movement {
  const { dash = null, boost, crouch } = options;
  return {
    ...MOVEMENT_DEFAULTS,
    ...options,
    dash,
    boost: boost === undefined ? null : { durationMs: 0, cooldownMs: 0, ...boost },
    crouch: crouch === undefined ? null : { speed: 0.5, ...crouch },
  };
}

function placeKind(name: string, number: number, kind: PlayerKind): PlacedKind {
  const { shape, health = 0, solid = false, touch = false, moves = false, fields = {} } = kind;
  return {
    name,
    number,
    shape,
    health,
    solid,
    touch,
    moves,
    seenWithin: kind.seenWithin ?? 0,
    relevance: kind.alwaysSeen === true ? 1 : (kind.relevance ?? 0),
    ...placeFields(fields, BUILTIN_COLUMNS, 'visible'),
  };
}

type PlayerKind = Omit<KindDeclaration, 'fields'> & {
  readonly relevance?: number;
  readonly fields?: Readonly<Record<string, Field | TextField>>;
};

function placeFields(
  fields: Readonly<Record<string, Field | TextField>>,
  firstColumn: number,
  usual: Audience,
): { fields: PlacedField[]; texts: PlacedText[] } {
  const placed: PlacedField[] = [];
  const texts: PlacedText[] = [];
  for (const [name, spec] of Object.entries(fields)) {
    const audience = spec.to === 'default' ? usual : spec.to;
    if (spec.type === 'text') {
      texts.push({ name, spec, audience, index: texts.length, offset: endOf(texts) });
    } else {
      placed.push({ name, spec, audience, column: firstColumn + placed.length });
    }
  }
  return { fields: placed, texts };
}

function placeMessages(messages: Readonly<Record<string, MessageFields>>): PlacedMessage[] {
  return Object.entries(messages).map(([name, fields], index) => ({
    name,
    index,
    fields: Object.entries(fields).map(([field, spec]) => ({ name: field, spec })),
  }));
}

function placeInputs(inputs: Readonly<Record<string, InputField>>): PlacedInput[] {
  let button = FIRST_FREE_BUTTON;
  let analog = 0;
  return Object.entries(inputs).map(([name, input]) => {
    if (!('input' in input)) {
      if (input.type === 'angle') return { name, kind: 'aim', place: 0, spec: null };
      return { name, kind: 'field', place: analog++, spec: input };
    }
    switch (input.input) {
      case 'axis2':
        return { name, kind: 'move', place: 0, spec: null };
      case 'pitch':
        return { name, kind: 'pitch', place: 0, spec: null };
      case 'axis':
        return { name, kind: 'axis', place: analog++, spec: null };
      default: {
        const known = BUILTIN_BUTTON_BITS[name];
        return { name, kind: 'button', place: known ?? button++, spec: null };
      }
    }
  });
}

function endOf(texts: readonly PlacedText[]): number {
  const last = texts[texts.length - 1];
  return last === undefined ? 0 : last.offset + 1 + last.spec.bytesMax;
}

function textEnd(texts: readonly PlacedText[]): number {
  return (endOf(texts) + 3) & ~3;
}

/** Bit number of each button that the core knows. */
export const BUILTIN_BUTTON_BITS: Readonly<Record<string, number>> = Object.fromEntries(
  Object.entries(BUTTON).map(([name, mask]) => [name, 31 - Math.clz32(mask)]),
);
const FIRST_FREE_BUTTON = Object.keys(BUTTON).length;

const WORLD_DEFAULTS: SchemaLayout['world'] = {
  width: 64,
  depth: 64,
  dimensions: 2,
  gravity: 20,
  friendlyFire: false,
};
const NET_DEFAULTS: Omit<Required<NetOptions>, 'rewindCoverMsMax'> = {
  positionPrecision: 1 / 128,
  aimBits: 8,
  snapshotBytesMax: 600,
  interpolationMs: 100,
  rewindMsMax: REWIND_MS_MAX_DEFAULT,
  deadStopShots: false,
  hideBehindWalls: false,
  viewKeep: 0,
  halfRateFrom: 0,
  quarterRateFrom: 0,
  sendEvery: 1,
};
const MOVEMENT_DEFAULTS: Omit<Movement, 'dash' | 'boost' | 'crouch' | 'step'> = {
  topSpeed: 6,
  acceleration: 60,
  friction: 40,
  jumpSpeed: 0,
  stepHeight: 0.3,
  airControl: 1,
  relativeToAim: false,
};
