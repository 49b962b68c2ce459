/**
 * What a schema is made of besides fields: inputs, shapes, weapons, movement, world and net. Each option states its
 * unit, default and range; all lengths are world units, all times milliseconds, all angles radians.
 */
import type { AnyField, Audience, Field, TextField } from './fields.ts';
import type { Mover, Wall, Zone } from './map.ts';
import type { OwnStep } from './step.ts';

/** The movement stick: `{ x, y }`, each -1..1, x right and y up; longer than 1 counts as 1. */
export interface Axis2Input {
  readonly input: 'axis2';
}

/** One analog value, -1..1 in steps of 1/127. Costs one of the four author's inputs. */
export interface AxisInput {
  readonly input: 'axis';
}

/** Looking up and down, radians, -π/2..π/2; worlds of three dimensions. */
export interface PitchInput {
  readonly input: 'pitch';
}

/**
 * On or off. `fire`, `dash`, `jump` and `crouch` (slower while held, see `MovementOptions`) are known to the core; others are read by
 * hooks.
 */
export interface ButtonInput {
  readonly input: 'button';
}

/** An input: one of the above, `angle()` (aim), or a small integer field for the author's own use. */
export type InputField =
  | Axis2Input
  | AxisInput
  | PitchInput
  | ButtonInput
  | Field<number, 'default'>;

/** The movement stick. At most one per schema. */
export function axis2(): Axis2Input {
  return { input: 'axis2' };
}

/** An author's own analog input. */
export function axis(): AxisInput {
  return { input: 'axis' };
}

/** Looking up and down. At most one per schema. */
export function pitch(): PitchInput {
  return { input: 'pitch' };
}

/** A button. 4 known to the core and 12 of the author's at most. */
export function button(): ButtonInput {
  return { input: 'button' };
}

/** An upright cylinder. */
export interface Circle {
  readonly shape: 'circle';
  readonly radius: number;
  readonly height: number;
  readonly head: number;
}

/** An upright box, not turned. */
export interface Box {
  readonly shape: 'box';
  readonly width: number;
  readonly depth: number;
  readonly height: number;
}

/**
 * `radius` 0.05..64 units; `height` 0..256 units, default 0 (in a flat game it has no meaning). `head`: so much of the height, from
 * the top down, is the head, which weapons may hurt more; default 0, none.
 */
export function circle(
  radius: number,
  options: { readonly height?: number; readonly head?: number } = {},
): Circle {
  return { shape: 'circle', radius, height: options.height ?? 0, head: options.head ?? 0 };
}

/** `width` (x) and `depth` (y) 0.05..128 units; `height` as for a circle. */
export function box(width: number, depth: number, options: { readonly height?: number } = {}): Box {
  return { shape: 'box', width, depth, height: options.height ?? 0 };
}

interface WeaponOptions {
  /** Points taken from a target. -32,768..32,767; negative heals. */
  readonly damage: number;
  /** Least time between two shots. 0..60,000 ms; at least one tick. */
  readonly cooldownMs: number;
  /** Speed added to a target, away from the shot. Default 0, 0..200 units/s. */
  readonly knockback?: number;
  /** Damage to a head, as a multiple of `damage`. Default 1, 0..100. */
  readonly headFactor?: number;
  /** Strikes members of the own team, whatever `world.friendlyFire` says. Default false. */
  readonly friendlyFire?: boolean;
  /** Harms the protected, too. Default false. */
  readonly throughProtection?: boolean;
  /** What the end of a shot does around it. Default null: nothing. */
  readonly blast?: BlastOptions | null;
}

/** Judged by the present; walls shield from it; who is struck by the shot itself takes that hit alone. */
export interface BlastOptions {
  /** 0.1..64 units. */
  readonly radius: number;
  /** Points in its middle. -32,768..32,767. */
  readonly damage: number;
  /** What is left of damage and knock-back at its edge; it falls off in a straight line. Default 0, 0..1. */
  readonly edge?: number;
  /** Speed added in its middle, away from it. Default 0, 0..200 units/s. */
  readonly knockback?: number;
  /** Who shot is not spared. Default true. */
  readonly self?: boolean;
}

export interface ProjectileOptions extends WeaponOptions {
  /** 0.1..400 units/s. */
  readonly speed: number;
  /** How long it flies. 1..60,000 ms. */
  readonly lifeMs: number;
  /** Its size. Default 0.1, 0..16 units. */
  readonly radius?: number;
  /**
   * It starts as far on as the view of its shooter is old, past those who stood in that view, within the caps of
   * `net.rewindMsMax`: it meets whom its shooter sees it meet. Default false: judged by the present, the shooter has to lead by
   * its own delay.
   */
  readonly forward?: boolean;
}

export interface HitscanOptions extends WeaponOptions {
  /** 0.1..16,384 units. */
  readonly range: number;
}

export interface ProjectileWeapon extends Required<ProjectileOptions> {
  readonly weapon: 'projectile';
}
export interface HitscanWeapon extends Required<HitscanOptions> {
  readonly weapon: 'hitscan';
}
export type Weapon = ProjectileWeapon | HitscanWeapon;

/** A weapon whose shots are entities that fly. */
export function projectile(options: ProjectileOptions): ProjectileWeapon {
  return { weapon: 'projectile', ...WEAPON_DEFAULTS, radius: 0.1, forward: false, ...options };
}

/** A weapon that hits at once. */
export function hitscan(options: HitscanOptions): HitscanWeapon {
  return { weapon: 'hitscan', ...WEAPON_DEFAULTS, ...options };
}

const WEAPON_DEFAULTS = {
  knockback: 0,
  headFactor: 1,
  friendlyFire: false,
  throughProtection: false,
  blast: null,
} as const;

export interface DashOptions {
  /** 0.1..400 units/s. */
  readonly speed: number;
  /** 1..10,000 ms. */
  readonly durationMs: number;
  /** From the start of one dash to the next. 0..60,000 ms. */
  readonly cooldownMs: number;
}

/** Instead of a dash: the button `dash` makes who goes faster, as long as it is held. */
export interface BoostOptions {
  /** Top speed and acceleration as a multiple of the usual ones. 1..10. */
  readonly speed: number;
  /** How long one boost lasts at most. Default 0: as long as it is held; 0..60,000 ms. */
  readonly durationMs?: number;
  /** From the end of a whole boost to the next; after half a boost, half of it. Default 0, 0..60,000 ms. */
  readonly cooldownMs?: number;
}

/** While the button `crouch` is held, and where there is no room to stand up. */
export interface CrouchOptions {
  /** Height of who crouches; shots leave at three quarters of it. 0.1 units to the height of the shape. */
  readonly height: number;
  /** Part of the top speed. Default 0.5, 0..1. */
  readonly speed?: number;
}

/** How players move. All of it is predicted. */
export interface MovementOptions {
  /** Default 6, 0..200 units/s. */
  readonly topSpeed?: number;
  /** Default 60, 0..10,000 units/s². */
  readonly acceleration?: number;
  /** Slowing down without input. Default 40, 0..10,000 units/s². */
  readonly friction?: number;
  /** Default: the button `dash` does nothing. */
  readonly dash?: DashOptions;
  /** What the button `dash` does instead of a dash. */
  readonly boost?: BoostOptions;
  /** How low, and how fast; three dimensions. Others are told by one bit. Default: `crouch` halves the top speed, no more. */
  readonly crouch?: CrouchOptions;
  /** Part of the acceleration that is left in the air; three dimensions. Default 1, 0..1. */
  readonly airControl?: number;
  /** Upward speed of a jump; three dimensions. Default 0 (no jump), 0..200 units/s. */
  readonly jumpSpeed?: number;
  /** Height that is walked up without a jump; three dimensions. Default 0.3, 0..16 units. */
  readonly stepHeight?: number;
  /** The stick is relative to where the player aims (shooters) instead of to the world. Default false. */
  readonly relativeToAim?: boolean;
  /**
   * How a player comes to its velocity and its way, by code of the game's own that runs on both ends, instead of by the numbers above (which it
   * is given), a dash or a boost. Default: Fray's own step.
   */
  readonly step?: OwnStep;
}

export interface WorldOptions {
  /** Extent in x; the world is a box around 0. Default 64, 2..32,768 units. */
  readonly width?: number;
  /** Extent in y. Default 64, 2..32,768 units. */
  readonly depth?: number;
  /** 2: flat, z and pitch cost nothing. Default 2. */
  readonly dimensions?: 2 | 3;
  /** Default 20, 0..400 units/s²; three dimensions only. */
  readonly gravity?: number;
  /** Members of one team can hurt each other. Default false. */
  readonly friendlyFire?: boolean;
  /**
   * The ground plan: at most 10,000 boxes that stand in every room. Server and page hold them, so they cost nothing on the wire,
   * and some 60 bytes each in every room and client. Default none.
   */
  readonly walls?: readonly Wall[];
  /** Lifts, platforms and doors, at most 64. Every move of a player looks at all of them. */
  readonly movers?: Readonly<Record<string, Mover>>;
  /** Parts of the world that `onZone` tells of, at most 32. Server only. */
  readonly zones?: Readonly<Record<string, Zone>>;
}

export interface NetOptions {
  /**
   * Wire step of others' positions. Default 1/128 unit, 1/1024..1/4 unit; the largest power of two that is not above it
   * is taken. Each halving costs about one bit per axis and moving entity.
   */
  readonly positionPrecision?: number;
  /** Bits of others' aim. Default 8, 4..16. */
  readonly aimBits?: number;
  /** Hard limit of one snapshot. Default 600, 224..1,000 bytes (the largest entity always fits). A path that takes less gets less. */
  readonly snapshotBytesMax?: number;
  /** How far in the past others are shown. Default 100, 0..1,000 ms; whole ticks, at least one unless 0. */
  readonly interpolationMs?: number;
  /**
   * Shots that hit at once are judged by what their shooter saw, as far back as its measured delay and `interpolationMs` reach;
   * of the delay at most this. Default 200, 0..1,000 ms.
   */
  readonly rewindMsMax?: number;
  /**
   * The same for a target that is behind a wall by now, so that nobody dies long after he reached cover. Default
   * `rewindMsMax`, 0..`rewindMsMax` ms.
   */
  readonly rewindCoverMsMax?: number;
  /**
   * A target that has died since stops the shot, as it did on the shooter's screen, and takes no harm. Default false: the
   * shot goes on to what stands behind it.
   */
  readonly deadStopShots?: boolean;
  /**
   * Who stands behind a wall is not sent, so that a client which draws more than it should has nothing to draw: not before he could
   * come into view within 200 ms, the interpolation delay and a snapshot, however both move by themselves. One wall has to hide him alone;
   * boxes of a row count as one. Movers hide nobody, and whoever is seen wherever he is (`seenByTeam`, `alwaysSeen`) stays so. Default
   * false. Costs a room two bytes per player and entity, twice the memory of its walls, and some 1 us per player and tick with 20 others in range.
   */
  readonly hideBehindWalls?: boolean;
  /**
   * Who is seen is seen this much further out, so that nobody flickers at the rim of the view. Default 0, 0..64 units.
   */
  readonly viewKeep?: number;
  /**
   * Part of the view radius from which on an entity's state goes into every 2nd snapshot only. Default 0: nowhere; 0..1. Saves
   * bytes (about a third with 40 in view at 0.5 and 0.75) and costs others' turns a snapshot's delay. Only where the interpolation
   * delay is at least as long.
   */
  readonly halfRateFrom?: number;
  /** The same for every 4th. Default 0: nowhere; `halfRateFrom`..1. */
  readonly quarterRateFrom?: number;
  /** Ticks from one snapshot of a client to its next. Default 1; 1, 2 or 4, not longer than `interpolationMs`. */
  readonly sendEvery?: 1 | 2 | 4;
}

/** Fields of a player or kind by name. */
export type FieldMap<To extends Audience | 'default' = Audience | 'default'> = Readonly<
  Record<string, Field<unknown, To> | TextField<To>>
>;

export interface PlayerDeclaration {
  /** Default `circle(0.5)`. */
  readonly shape?: Circle;
  /** Points at spawn, and the most. Default 100, 1..65,535. */
  readonly health?: number;
  /** How far a player sees. Default 25, 1..512 units. */
  readonly viewRadius?: number;
  /** Members of a team see each other wherever they are. Default false. */
  readonly seenByTeam?: boolean;
  /** Players push each other apart. Default true. */
  readonly solid?: boolean;
  readonly movement?: MovementOptions;
  /** Who hurt a player this long before its death is named with it (onDeath). Default 10,000, 0..60,000 ms. */
  readonly assistMs?: number;
  readonly fields?: FieldMap;
}

export interface KindDeclaration {
  readonly shape: Circle | Box;
  /** Points at spawn. Default 0: cannot be hurt. 0..65,535. */
  readonly health?: number;
  /** Pushes players away. Default false. */
  readonly solid?: boolean;
  /** Calls onTouch while a player overlaps it. Default false. */
  readonly touch?: boolean;
  /** It moves: velocity and aim travel. Default false (cheaper). */
  readonly moves?: boolean;
  /** How far away players see it, whatever their view radius. Default 0: the view radius; 0..512 units. */
  readonly seenWithin?: number;
  /** Everybody sees it wherever it is: a flag, a point to be held. Default false. */
  readonly alwaysSeen?: boolean;
  readonly fields?: FieldMap<'visible' | 'none' | 'default'>;
}

/** Fields of one message, in their order on the wire. */
export type MessageFields = Readonly<Record<string, AnyField & { readonly to: 'default' }>>;

/** Arguments of a timer: at most 4, no text. */
export type TimerFields = Readonly<Record<string, Field<unknown, 'default'>>>;

/** Everything that server and page share about a game. */
export interface SchemaDeclaration {
  /** 1..32 characters: letters, digits, `-`, `_`. */
  readonly name: string;
  /** Default 30, 1..128 ticks/s. */
  readonly tickRateHz?: number;
  readonly world?: WorldOptions;
  readonly net?: NetOptions;
  readonly input: Readonly<Record<string, InputField>>;
  /** At most 8; a player starts with the first. */
  readonly weapons?: Readonly<Record<string, Weapon>>;
  readonly room?: { readonly fields?: FieldMap<'room' | 'none' | 'default'> };
  readonly player?: PlayerDeclaration;
  /** Kinds of entities besides players and projectiles: at most 29. */
  readonly kinds?: Readonly<Record<string, KindDeclaration>>;
  /** Messages that a client sends. */
  readonly toServer?: Readonly<Record<string, MessageFields>>;
  /** Messages that the game sends. */
  readonly toClient?: Readonly<Record<string, MessageFields>>;
  /** Timers are data: a name and up to four arguments. */
  readonly timers?: Readonly<Record<string, TimerFields>>;
}
