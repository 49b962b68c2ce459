/** What TypeScript knows of a schema: inputs, fields, messages and timers, and the checks that types can make. */

import type { Schema } from './define.ts';
import type { Audience, Field, TextField, ValueOf } from './fields.ts';
import type {
  Axis2Input,
  ButtonInput,
  KindDeclaration,
  MovementOptions,
  NetOptions,
  PlayerDeclaration,
  SchemaDeclaration,
  WorldOptions,
} from './parts.ts';
import type { ReservedName } from './reserved.ts';

/** The declaration inside a schema. */
export type DeclarationOf<S> = S extends Schema<infer D> ? D : never;

/** Values by name, writable. */
export type ValuesOf<Fields> = { -readonly [Name in keyof Fields]: ValueOf<Fields[Name]> };

type InputValue<I> = I extends Axis2Input
  ? { readonly x: number; readonly y: number }
  : I extends ButtonInput
    ? boolean
    : I extends { readonly input: string }
      ? number
      : ValueOf<I>;

/** A player's controls for one tick. */
export type InputOf<S> = {
  [Name in keyof DeclarationOf<S>['input']]: InputValue<DeclarationOf<S>['input'][Name]>;
};

type FieldsIn<Part> = Part extends { readonly fields: infer Fields } ? Fields : unknown;
type Rows<Part> = Part extends Readonly<Record<string, unknown>> ? Part : Record<never, never>;

/** Fields of players as the server has them. */
export type PlayerFieldsOf<S> = ValuesOf<FieldsIn<DeclarationOf<S>['player']>>;
/** Names of the author's kinds. */
export type KindName<S> = keyof Rows<DeclarationOf<S>['kinds']> & string;
/** Fields of a kind as the server has them. */
export type KindFieldsOf<S, Kind extends KindName<S>> = ValuesOf<
  FieldsIn<Rows<DeclarationOf<S>['kinds']>[Kind]>
>;
/** Fields of the room as the server has them. */
export type RoomFieldsOf<S> = ValuesOf<FieldsIn<DeclarationOf<S>['room']>>;

type Sent<Fields, Hidden extends Audience> = {
  readonly [Name in keyof Fields as Fields[Name] extends { readonly to: Hidden }
    ? never
    : Name]: ValueOf<Fields[Name]>;
};
/** Fields of a player that every client who sees it has. */
export type SeenPlayerFieldsOf<S> = Sent<FieldsIn<DeclarationOf<S>['player']>, 'none' | 'owner'>;
/** Fields of a client's own player that it has. */
export type OwnPlayerFieldsOf<S> = Sent<FieldsIn<DeclarationOf<S>['player']>, 'none'>;
/** Fields of a kind that clients have. */
export type SeenKindFieldsOf<S, Kind extends KindName<S>> = Sent<
  FieldsIn<Rows<DeclarationOf<S>['kinds']>[Kind]>,
  'none'
>;
/** Fields of the room that clients have. */
export type SeenRoomFieldsOf<S> = Sent<FieldsIn<DeclarationOf<S>['room']>, 'none'>;

/** Names of the zones. */
export type ZoneName<S> = keyof PlanIn<DeclarationOf<S>['world'], 'zones'> & string;
/** Names of the movers. */
export type MoverName<S> = keyof PlanIn<DeclarationOf<S>['world'], 'movers'> & string;
type PlanIn<World, Part extends string> = World extends { readonly [K in Part]: infer Inner }
  ? Rows<Inner>
  : Record<never, never>;
/** Names of the weapons. */
export type WeaponName<S> = keyof Rows<DeclarationOf<S>['weapons']> & string;

/** Messages that a client sends, by name. */
export type MessagesToServer<S> = MessagesIn<Rows<DeclarationOf<S>['toServer']>>;
/** Messages that the game sends, by name. */
export type MessagesToClient<S> = MessagesIn<Rows<DeclarationOf<S>['toClient']>>;
/** Arguments of the timers, by name. */
export type TimersOf<S> = MessagesIn<Rows<DeclarationOf<S>['timers']>>;
type MessagesIn<Messages> = { [Name in keyof Messages]: ValuesOf<Messages[Name]> };

/** What `defineSchema` demands of a declaration beyond its shape: known keys, names that are free, fitting audiences. */
export type Checked<D> = KnownKeys<D, SchemaDeclaration> &
  Part<D, 'player', { readonly fields?: unknown }, PlayerDeclaration> &
  Part<D, 'world', unknown, WorldOptions> &
  Part<D, 'net', unknown, NetOptions> &
  FieldNames<D> &
  KindNames<D>;

type KnownKeys<D, Known> = {
  readonly [Key in keyof D]: Key extends keyof Known ? unknown : Unknown<Key>;
};
type Unknown<Key> = `${Key & string} is not an option`;
type Part<D, Key extends string, _Shape, Known> = D extends { readonly [K in Key]: infer Inner }
  ? { readonly [K in Key]: KnownKeys<Inner, Known> }
  : unknown;
type Free<Fields> = {
  readonly [Name in keyof Fields]: Name extends ReservedName
    ? `${Name} is built in: choose another name`
    : unknown;
};
type FieldNames<D> = D extends { readonly player: { readonly fields: infer Fields } }
  ? { readonly player: { readonly fields: Free<Fields> } }
  : unknown;
type KindNames<D> = D extends { readonly kinds: infer Kinds }
  ? {
      readonly kinds: {
        readonly [Name in keyof Kinds]: Name extends 'player' | 'projectile' | 'free'
          ? `${Name} is built in: choose another name`
          : KnownKeys<Kinds[Name], KindDeclaration> &
              (Kinds[Name] extends { readonly fields: infer Fields }
                ? { readonly fields: Free<Fields> }
                : unknown);
      };
    }
  : unknown;

export type { Field, MovementOptions, TextField };
