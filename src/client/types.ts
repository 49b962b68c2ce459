/** The shapes that a game's page reads, inferred from its schema. Everything here is reused: valid until the next `view`. */
import type { PlayerId } from '../schema/fields.ts';
import type {
  DeclarationOf,
  KindName,
  MoverName,
  OwnPlayerFieldsOf,
  SeenKindFieldsOf,
  SeenPlayerFieldsOf,
  SeenRoomFieldsOf,
  ValuesOf,
  WeaponName,
} from '../schema/infer.ts';
import type { Wall } from '../schema/map.ts';
import type { EntityValues } from '../schema/rows.ts';

export type { PlayerId };

/** What every shown thing has besides its place, speed and health. */
export interface Shown extends EntityValues {
  /** True for what this client shows in the present, ahead of the server: its own player and its own shots. */
  readonly predicted: boolean;
}

/** A player in sight. `id` names the person, `handle` the body. */
export type PlayerSeen<S> = Shown & {
  readonly kind: 'player';
  readonly id: PlayerId;
  /** From the roster; '' in the moment before the roster names a new player. */
  readonly name: string;
  readonly bot: boolean;
  /** The own player: `view.me` is the same object. */
  readonly own: boolean;
  readonly weapon: WeaponName<S>;
  /** Hits do nothing yet. Known of the own player only; false for others. */
  readonly protected: boolean;
} & SeenPlayerFieldsOf<S>;

/** The own player, which knows more of itself. */
export type OwnPlayer<S> = PlayerSeen<S> & {
  /** World units per second. */
  readonly topSpeed: number;
  /** World units per second and second. */
  readonly acceleration: number;
  readonly friction: number;
  /** World units. */
  readonly viewRadius: number;
  /** 0 right after a dash .. 1: the next one is possible; always 1 in a game without a dash. */
  readonly dashReady: number;
  /** 0 right after a shot .. 1: the next one is possible. */
  readonly weaponReady: number;
} & OwnPlayerFieldsOf<S>;

/** A shot under way. */
export type ProjectileSeen<S> = Shown & {
  readonly kind: 'projectile';
  /** Handle of who shot it. */
  readonly owner: number;
  /** Shot by the own player. */
  readonly own: boolean;
  readonly weapon: WeaponName<S>;
};

/** A thing of one of the author's kinds. */
export type KindSeen<S, Kind extends KindName<S>> = Shown & {
  readonly kind: Kind;
} & SeenKindFieldsOf<S, Kind>;

/** All but players; `kind` tells them apart. */
export type EntitySeen<S> =
  | ProjectileSeen<S>
  | { [Kind in KindName<S>]: KindSeen<S, Kind> }[KindName<S>];

type RoomAudience<Fields> = {
  readonly [Name in keyof Fields as Fields[Name] extends { readonly to: 'room' }
    ? Name
    : never]: Fields[Name];
};
type PlayerDeclared<S> = DeclarationOf<S>['player'] extends { readonly fields: infer Fields }
  ? Fields
  : Record<never, never>;

/** One player of the room, in sight or not, with the fields that are `to: 'room'`. Kept up to date in place. */
export type RosterEntry<S> = {
  readonly id: PlayerId;
  readonly handle: number;
  readonly name: string;
  readonly team: number;
  readonly bot: boolean;
  /** The own player. */
  readonly own: boolean;
} & Readonly<ValuesOf<RoomAudience<PlayerDeclared<S>>>>;

/** What one frame shows. The object, its lists and their rows are reused by the next call. */
export interface ViewOf<S> {
  /** Tick of the others, with its fraction: the interpolation delay behind the server. */
  readonly tick: number;
  /** Tick of the own player, with its fraction: ahead of the server by about half a round trip. */
  readonly ownTick: number;
  /** null until the first snapshot. While dead it is there with `alive: false`. */
  readonly me: OwnPlayer<S> | null;
  readonly room: SeenRoomFieldsOf<S>;
  /** Living players in sight, the own one among them. */
  readonly players: readonly PlayerSeen<S>[];
  readonly entities: readonly EntitySeen<S>[];
  /** Where the movers of the schema are: with the own player, so that it is seen to stand on what it stands on. */
  readonly movers: Readonly<Record<MoverName<S>, MoverSeen>>;
  /** Walls of the schema, then those that `room.addWalls` set up, which come with the first snapshots. `height` 0: endless. */
  readonly walls: readonly Required<Wall>[];
}

/** Place of a mover: its middle, and the height of its bottom; its size is that of the schema. */
export interface MoverSeen {
  readonly x: number;
  readonly y: number;
  readonly z: number;
}
