/**
 * What an author's hooks see: entities and the room, typed from the schema. Lengths are world units, speeds units/s,
 * angles radians, times ticks unless the name says otherwise.
 */

import type { Schema } from '../schema/define.ts';
import type { PlayerId } from '../schema/fields.ts';
import type {
  InputOf,
  KindFieldsOf,
  KindName,
  MessagesToClient,
  OwnPlayerFieldsOf,
  PlayerFieldsOf,
  RoomFieldsOf,
  SeenKindFieldsOf,
  SeenPlayerFieldsOf,
  SeenRoomFieldsOf,
  TimersOf,
  WeaponName,
  ZoneName,
} from '../schema/infer.ts';
import type { Wall } from '../schema/map.ts';
import type { EntityValues } from '../schema/rows.ts';

export type { Wall };

/** Any schema. */
export type AnySchema = Schema;

/** What can be written of every entity; position, life and size of the body's other axes change by room.place and kinds. */
type Writable = 'vx' | 'vy' | 'vz' | 'aim' | 'pitch' | 'health' | 'team' | 'radius';

/**
 * An entity inside a hook. A write is a command with an absolute value; all later reads of the tick see it. Valid only
 * inside the hook that got it (E_VIEW_STALE afterwards).
 */
export type EntityBase = Omit<EntityValues, Writable> & {
  -readonly [Name in Writable]: EntityValues[Name];
} & {
  /** Handle of the entity that made it, 0 none. */
  readonly owner: number;
  /** Hits before this tick do nothing. */
  protectedUntil: number;
};

/** A player inside a hook. */
export type PlayerViewOf<S> = EntityBase & {
  readonly kind: 'player';
  readonly id: PlayerId;
  /** Its place in the room, 0..playersMax-1. */
  readonly slot: number;
  /** Added by room.addBot. */
  readonly bot: boolean;
  /**
   * The controls that were applied in this tick: of a client its command for it, or, where that is missing, what stands in for it; of a
   * bot what `botInput` answered. Reused by the next look at the same player.
   */
  readonly input: InputOf<S>;
  /** At most 32 bytes of UTF-8. */
  name: string;
  weapon: WeaponName<S>;
  topSpeed: number;
  acceleration: number;
  friction: number;
  viewRadius: number;
} & PlayerFieldsOf<S>;

/** An entity of one of the author's kinds inside a hook. */
export type EntityViewOf<S, Kind extends KindName<S>> = EntityBase & {
  readonly kind: Kind;
} & KindFieldsOf<S, Kind>;

/** An entity of any of the author's kinds; `kind` tells which. */
export type AnyEntityOf<S> = { [Kind in KindName<S>]: EntityViewOf<S, Kind> }[KindName<S>];

/** Something to go through with for…of. Going through makes no garbage. */
export interface Listing<T> extends Iterable<T> {
  /** How many there are now. Counts them: keep it if you need it often. */
  readonly count: number;
}

/** A place. `z` is the height of the feet, 0 if left out. */
export interface Place {
  readonly x: number;
  readonly y: number;
  readonly z?: number;
}

/** A part of the world that is asked about. Without heights: whatever the height. */
export interface MapArea {
  readonly minX: number;
  readonly minY: number;
  readonly maxX: number;
  readonly maxY: number;
  readonly minZ?: number;
  readonly maxZ?: number;
}

/**
 * Questions about what stands in a room: its walls and zones, not movers, players and things. An index (rbush) answers them, made at
 * the first question; each makes a little garbage. The walls of onCreate are there as soon as they are added.
 */
export interface MapOf<S> {
  /** Walls that touch a part of the world. */
  search(area: MapArea): readonly Required<Wall>[];
  /** Part of the way from one place to another, 0..1, at which the first wall stands in it; 1: the way is free. */
  ray(from: Place, to: Place): number;
  /** True if a body, by default a player's, is in the world and in no wall there. */
  free(at: Place, body?: { readonly radius?: number; readonly height?: number }): boolean;
  /** Zones of the schema that a place is in, by name. */
  zonesAt(at: Place): readonly ZoneName<S>[];
}

export interface SpawnOptions extends Place {
  readonly vx?: number;
  readonly vy?: number;
  readonly vz?: number;
  readonly aim?: number;
  /** Handle of the entity it belongs to. */
  readonly owner?: number;
  /** Removed after so many ticks. Default 0: never. */
  readonly lifeTicks?: number;
}

declare const TIMER: unique symbol;
/** Names a waiting timer. */
export type TimerId = number & { readonly [TIMER]: 'TimerId' };

/** Lines in the server's log; room and tick are added. */
export interface RoomLog {
  info(text: string, facts?: Readonly<Record<string, unknown>>): void;
  warn(text: string, facts?: Readonly<Record<string, unknown>>): void;
  error(text: string, facts?: Readonly<Record<string, unknown>>): void;
}

/** The room inside a hook. Only id, seed, tick, tickRateHz, log and defer work outside of one. */
export interface RoomOf<S> {
  readonly id: string;
  readonly seed: bigint;
  /** The tick that runs now. */
  readonly tick: number;
  readonly tickRateHz: number;
  /** Fields of the room: the plugin's state lies here, in the room's region. */
  readonly state: RoomFieldsOf<S>;
  readonly players: Listing<PlayerViewOf<S>>;
  readonly log: RoomLog;

  entities<Kind extends KindName<S>>(kind: Kind): Listing<EntityViewOf<S, Kind>>;
  /** The player of that id while it is in the room. */
  player(id: PlayerId): PlayerViewOf<S> | undefined;
  /** The entity of that handle while it exists. */
  entity(handle: number): AnyEntityOf<S> | PlayerViewOf<S> | undefined;

  /** Uniform in 0..n-1, n in 1..2^32, from the plugin's own generator. */
  randomInt(n: number): number;
  /** What stands in the room. */
  readonly map: MapOf<S>;

  /** A random place where a player stands free of walls and of other players; the freest of 32 tries. */
  freePlace(): Place;

  /** Puts an entity somewhere: it stands still, lives, and a player has full health and, if asked, protection. */
  place(
    entity: EntityBase,
    at: Place,
    options?: { readonly aim?: number; readonly protectTicks?: number },
  ): void;
  /** Makes an entity; its fields may be given at once. Throws E_ENTITY_LIMIT (64 per tick, entitiesMax in all). */
  spawn<Kind extends KindName<S>>(
    kind: Kind,
    options: SpawnOptions & Partial<KindFieldsOf<S, Kind>>,
  ): EntityViewOf<S, Kind>;
  /** Removes an entity that is no player. */
  remove(entity: EntityBase): void;
  /** Hurts (negative: heals) at the end of this tick. Teams and protection filter shots, not this. */
  damage(entity: EntityBase, amount: number, attacker?: EntityBase): void;
  /** Adds to a velocity at the end of this tick. */
  impulse(
    entity: EntityBase,
    velocity: { readonly x: number; readonly y: number; readonly z?: number },
  ): void;
  /**
   * Walls beside those of the schema (`world.walls`); only in onCreate (E_WALLS_FIXED), at most 1,024 (E_WALLS_LIMIT): each client
   * is sent them when it joins.
   */
  addWalls(walls: readonly Wall[]): void;

  /** Calls onTimer[name] with `args` after 1..16,777,215 ticks. At most 256 wait (E_TIMER_LIMIT). */
  after<Name extends keyof TimersOf<S> & string>(
    ticks: number,
    name: Name,
    args: TimersOf<S>[Name],
  ): TimerId;
  cancel(timer: TimerId): void;

  /** A reliable message to all, or to all but one. Throws E_CHANNEL_FULL when the room's send pool is full. */
  broadcast<Name extends keyof MessagesToClient<S> & string>(
    name: Name,
    value: MessagesToClient<S>[Name],
    options?: { readonly except?: EntityBase },
  ): void;
  /** A reliable message to one player. */
  send<Name extends keyof MessagesToClient<S> & string>(
    to: PlayerViewOf<S>,
    name: Name,
    value: MessagesToClient<S>[Name],
  ): void;

  /** A player without a socket joins in the next tick, if a place is free; botInput moves it. */
  addBot(options?: { readonly name?: string; readonly team?: number }): void;
  /** Takes a bot out in the next tick: the one named, or the one in the highest slot. */
  removeBot(bot?: PlayerViewOf<S>): void;
  /** Takes a player out in the next tick; its client is told E_KICKED and the reason. */
  kick(player: PlayerViewOf<S>, reason?: string): void;

  /**
   * The match is over: the room closes at the end of this tick, and everybody in it is told E_ROOM_CLOSED. What they are to see of its
   * end has to be sent some seconds before (`room.after`). `result`, anything that JSON can say in 4,096 bytes, stands in the signed
   * summary of the room's journal; where no journals are kept, nowhere. The last call of a tick counts.
   */
  end(result?: unknown): void;

  /** Runs `fn` as a hook of a later tick: the way back from a promise. At most 1,024 wait (E_COMMAND_LIMIT). */
  defer(fn: (room: RoomOf<S>) => void): void;
}

/** A proposed hit of this tick. */
export interface HitOf<S> {
  readonly attacker: PlayerViewOf<S> | undefined;
  readonly target: PlayerViewOf<S> | AnyEntityOf<S>;
  /** Points before scaling. */
  readonly amount: number;
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly weapon: WeaponName<S>;
  /** What it struck; `blast`: it was near where a shot ended. */
  readonly zone: 'body' | 'head' | 'blast';
  /** The hit does nothing. */
  cancel(): void;
  /** The hit counts `factor` times, 0..1,000 in steps of 1/1000. */
  scale(factor: number): void;
}

/** By what a shot was judged that was not judged by the present. */
export interface ReceiptOf<S> {
  readonly shooter: PlayerViewOf<S> | undefined;
  readonly weapon: WeaponName<S>;
  /** Tick of the command that fired it. */
  readonly command: number;
  /** Moment that its shooter says it saw, in ticks, with its fraction. */
  readonly statedTick: number;
  /** Moment that counted: the stated one, or a later one. */
  readonly viewTick: number;
  /**
   * Why they differ: the view was older than the measured `delay` explains; that delay is above `rewindMsMax` (`most`); it is
   * longer ago than snapshots are kept (`history`).
   */
  readonly clamp: 'none' | 'delay' | 'most' | 'history';
  /** `harmless`: it struck somebody who is protected, or dead by now; `flies`: a projectile that was put forward and flies on. */
  readonly result: 'none' | 'wall' | 'hit' | 'harmless' | 'flies';
  /** What it struck. */
  readonly target: PlayerViewOf<S> | AnyEntityOf<S> | undefined;
  /** The muzzle. */
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly aim: number;
  readonly pitch: number;
  /** World units that it went. */
  readonly distance: number;
  /** What stood in its way or within one unit of it, at that moment; the first 8. */
  readonly shapes: Listing<SeenShapeOf<S>>;
}

/** A target as the shooter saw it. Good until the next one of its listing. */
export interface SeenShapeOf<S> {
  /** While it exists. */
  readonly entity: PlayerViewOf<S> | AnyEntityOf<S> | undefined;
  readonly x: number;
  readonly y: number;
  readonly z: number;
  /** Or half of its width. */
  readonly radius: number;
  /** The shot would have struck it, had nothing stood before it. */
  readonly inWay: boolean;
  /** It is behind a wall by now, and was looked up later for that. Of the present: not for the shooter. */
  readonly covered: boolean;
  /** It is dead by now. Of the present: not for the shooter. */
  readonly dead: boolean;
}

/** What onDrop may decide about a player whose client is away. Good only in that hook (E_VIEW_STALE afterwards). */
export interface AbsenceOf<S> {
  /**
   * Controls that the player goes on with, each tick until its client is back; the last call counts. What is left out is
   * neutral, but aim and pitch: it keeps looking where it looks.
   */
  input(controls: BotInputOf<S>): void;
  /**
   * Waits for it no longer than so many ms, counted from the drop; 0 ends its stay at once. The least of several counts, and
   * never more than the server's `resumeMs`.
   */
  waitMs(ms: number): void;
}

/** A bot's own player: what its client would know, read only. */
export type BotViewOf<S> = Readonly<EntityValues> & {
  readonly kind: 'player';
  readonly id: PlayerId;
  readonly name: string;
  readonly weapon: WeaponName<S>;
  readonly topSpeed: number;
} & OwnPlayerFieldsOf<S>;

/** Another player as a bot sees it. */
export type SeenPlayerOf<S> = Readonly<EntityValues> & {
  readonly kind: 'player';
  readonly id: PlayerId;
  readonly name: string;
  readonly weapon: WeaponName<S>;
} & SeenPlayerFieldsOf<S>;

/** An entity as a bot sees it. */
export type SeenEntityOf<S, Kind extends KindName<S>> = Readonly<EntityValues> & {
  readonly kind: Kind;
} & SeenKindFieldsOf<S, Kind>;

/** The room as a bot sees it: what a client in its place was sent, and nothing else. */
export interface BotRoomOf<S> {
  readonly id: string;
  readonly tick: number;
  readonly tickRateHz: number;
  readonly state: SeenRoomFieldsOf<S>;
  /** Other living players in its sight. */
  readonly players: Listing<SeenPlayerOf<S>>;
  /** What stands in the room: its page holds it as well. */
  readonly map: MapOf<S>;
  /** Entities of a kind in its sight. */
  entities<Kind extends KindName<S>>(kind: Kind): Listing<SeenEntityOf<S, Kind>>;
  randomInt(n: number): number;
}

/** What botInput answers; what is left out is neutral. */
export type BotInputOf<S> = Partial<InputOf<S>>;
