/** `defineGame`: an author's rules as hooks over a schema. */
import { FrayError } from '../errors.ts';
import type { AnyField, ValueOf } from '../schema/fields.ts';
import type { MessagesToServer, TimersOf, ZoneName } from '../schema/infer.ts';
import type { Identity } from './identity.ts';
import { checkOptionFields } from './options.ts';
import type {
  AbsenceOf,
  AnyEntityOf,
  AnySchema,
  BotInputOf,
  BotRoomOf,
  BotViewOf,
  HitOf,
  Listing,
  PlayerViewOf,
  ReceiptOf,
  RoomOf,
} from './types.ts';

/** What a room of this game may be asked for by `{ create: options }`: fields by name. */
export type RoomOptionFields = Readonly<Record<string, AnyField>>;
export type RoomOptionsOf<Fields> = { readonly [Name in keyof Fields]: ValueOf<Fields[Name]> };

export interface GameOptions<Fields extends RoomOptionFields = RoomOptionFields> {
  /** Players of a room, bots included. Default 50, 1..1,024. */
  readonly playersMax?: number;
  /** Entities of a room, players included. Default 4 x playersMax + 56, at most 4,096. */
  readonly entitiesMax?: number;
  /** A room closes so long after the last person left. Default 30,000 ms; 0 at once. */
  readonly emptyCloseMs?: number;
  /** Every person takes the place of one of the bots that the host keeps. Default true. */
  readonly botsYield?: boolean;
  /** Options that a client may give when it creates a room; numbers, booleans and texts with their limits. */
  readonly room?: Fields;
}

type Done = void | Promise<void>;

/**
 * The hooks. Each is called with the room; all it is given is valid only until it returns. A hook that throws is
 * reported, and what it had commanded stays; 100 in a row close the room (E_PLUGIN_FAULT).
 */
export interface GameHooks<S extends AnySchema, Fields extends RoomOptionFields> {
  readonly options?: GameOptions<Fields>;
  /** Once, before the first tick: walls, first entities. */
  onCreate?(
    room: RoomOf<S>,
    facts: { readonly seed: bigint; readonly options: RoomOptionsOf<Fields> },
  ): Done;
  /**
   * A player came. It is not alive until it is placed. Who it is (`userId`, `userData`) is told here and at no other time: what
   * the game needs of it later goes into fields of the player, `to: 'none'` for what no client is to see. Journals hold both.
   */
  onJoin?(room: RoomOf<S>, player: PlayerViewOf<S>, who: Identity): Done;
  /**
   * A player goes, exactly once whatever the reason; it is in the room until this tick ends. `code` is an error name: E_LEFT for
   * a wish, E_TIMEOUT for one who was away for too long.
   */
  onLeave?(room: RoomOf<S>, player: PlayerViewOf<S>, facts: { readonly code: string }): Done;
  /**
   * Nothing has been heard of a player for `dropMs` (1 s); it may come back. It stays in the room and stands still unless
   * `absence.input` says otherwise; shield it by `player.protectedUntil`, remove it by `room.kick`. After `resumeMs` (30 s), or
   * what `absence.waitMs` says, it leaves with E_TIMEOUT. Who leaves by a wish is not dropped before.
   */
  onDrop?(room: RoomOf<S>, player: PlayerViewOf<S>, absence: AbsenceOf<S>): Done;
  /**
   * It is back, with the same id and entity. `same`: as if nothing had been, no message is lost or doubled. `fresh`: its page
   * was loaded again and knows nothing; messages that it had not acknowledged are sent again. What else the game once told it
   * alone has to be told anew. A page loaded again at once comes without onDrop before.
   */
  onResume?(
    room: RoomOf<S>,
    player: PlayerViewOf<S>,
    facts: { readonly resumed: 'same' | 'fresh' },
  ): Done;
  /** Every tick, after all other hooks. */
  onTick?(room: RoomOf<S>): Done;
  /** A player overlaps an entity of a kind with `touch`; in each tick it does. */
  onTouch?(
    room: RoomOf<S>,
    touch: { readonly player: PlayerViewOf<S>; readonly other: AnyEntityOf<S> },
  ): Done;
  /**
   * A player came down on something after it had been in the air: after a jump, too. `speed` is that of the fall at its end, units/s:
   * what a fall costs is the game's (`room.damage`).
   */
  onLand?(
    room: RoomOf<S>,
    landing: { readonly player: PlayerViewOf<S>; readonly speed: number },
  ): Done;
  /**
   * A player has come into a zone of the schema (`world.zones`), or is not in it any more: it went, was put elsewhere, died or left.
   * Once each.
   */
  onZone?(
    room: RoomOf<S>,
    event: {
      readonly player: PlayerViewOf<S>;
      readonly zone: ZoneName<S>;
      readonly entered: boolean;
    },
  ): Done;
  /** All proposed hits of this tick; they count unless cancelled. */
  onHit?(room: RoomOf<S>, hits: Listing<HitOf<S>>): Done;
  /**
   * Receipts of this tick's shots that were judged by what their shooters saw; after onHit. A receipt names only whom its
   * shooter's client had been sent, as it had been sent: `room.send` may tell it what it says, but for `covered` and `dead`.
   */
  onReceipt?(room: RoomOf<S>, receipts: Listing<ReceiptOf<S>>): Done;
  /**
   * A player died in the tick before. `attacker` may be the victim itself; `assists` are others who hurt it within
   * `player.assistMs`, three at most.
   */
  onDeath?(
    room: RoomOf<S>,
    death: {
      readonly victim: PlayerViewOf<S>;
      readonly attacker: PlayerViewOf<S> | undefined;
      readonly assists: Listing<PlayerViewOf<S>>;
    },
  ): Done;
  /** An entity of a kind with health lost all of it in the tick before; it is removed when this tick ends. */
  onDestroy?(
    room: RoomOf<S>,
    loss: { readonly entity: AnyEntityOf<S>; readonly attacker: PlayerViewOf<S> | undefined },
  ): Done;
  readonly onTimer?: {
    readonly [Name in keyof TimersOf<S>]?: (room: RoomOf<S>, args: TimersOf<S>[Name]) => Done;
  };
  readonly onMessage?: {
    readonly [Name in keyof MessagesToServer<S>]?: (
      room: RoomOf<S>,
      from: PlayerViewOf<S>,
      value: MessagesToServer<S>[Name],
    ) => Done;
  };
  /** Controls of a bot for the next tick, from what a client in its place would see. */
  botInput?(room: BotRoomOf<S>, bot: BotViewOf<S>): BotInputOf<S> | undefined;
  /** The room closes. Nothing commanded here has an effect. */
  onClose?(room: RoomOf<S>): Done;
}

/** A hook as the runtime calls it: the types were checked where it was written. */
export type Hook = (room: unknown, a?: unknown, b?: unknown) => unknown;

/** The hooks without their types. */
export interface ErasedHooks {
  readonly onCreate?: Hook;
  readonly onJoin?: Hook;
  readonly onLeave?: Hook;
  readonly onDrop?: Hook;
  readonly onResume?: Hook;
  readonly onTick?: Hook;
  readonly onTouch?: Hook;
  readonly onLand?: Hook;
  readonly onZone?: Hook;
  readonly onHit?: Hook;
  readonly onReceipt?: Hook;
  readonly onDeath?: Hook;
  readonly onDestroy?: Hook;
  readonly onTimer?: Readonly<Record<string, Hook | undefined>>;
  readonly onMessage?: Readonly<Record<string, Hook | undefined>>;
  readonly botInput?: Hook;
  readonly onClose?: Hook;
}

/** A game: what a worker needs of a server module's default export. */
export interface Game<S extends AnySchema = AnySchema> {
  readonly game: 'fray';
  readonly schema: S;
  readonly options: Required<Omit<GameOptions, 'entitiesMax'>> & Pick<GameOptions, 'entitiesMax'>;
  readonly hooks: ErasedHooks;
}

/** Ties hooks to a schema. Throws E_SCHEMA for a hook, timer or message that is not there, with its path. */
export function defineGame<
  const S extends AnySchema,
  const Fields extends RoomOptionFields = Record<never, never>,
>(schema: S, hooks: GameHooks<S, Fields>): Game<S> {
  const { options = {}, ...rest } = hooks;
  checkHooks(schema, rest);
  checkOptionFields(options.room ?? {});
  const game: Game<S> = {
    game: 'fray',
    schema,
    options: { playersMax: 50, emptyCloseMs: 30_000, botsYield: true, room: {}, ...options },
    hooks: rest as ErasedHooks,
  };
  return Object.freeze(game);
}

function checkHooks(schema: AnySchema, hooks: object): void {
  const { timers, toServer } = schema.layout;
  for (const [name, hook] of Object.entries(hooks)) {
    if (!HOOK_NAMES.includes(name))
      refuse(name, `is not a hook; there are ${HOOK_NAMES.join(', ')}`);
    if (name !== 'onTimer' && name !== 'onMessage') {
      if (hook !== undefined && typeof hook !== 'function') refuse(name, 'must be a function');
      continue;
    }
    const known = (name === 'onTimer' ? timers : toServer).map((message) => message.name);
    for (const [key, inner] of Object.entries((hook ?? {}) as object)) {
      if (!known.includes(key))
        refuse(`${name}.${key}`, `is not in the schema; there are ${known.join(', ') || 'none'}`);
      if (typeof inner !== 'function') refuse(`${name}.${key}`, 'must be a function');
    }
  }
}

function refuse(path: string, reason: string): never {
  throw new FrayError('E_SCHEMA', `Cannot use this game: ${path}: ${reason}`);
}

const HOOK_NAMES = [
  'onCreate',
  'onJoin',
  'onLeave',
  'onDrop',
  'onResume',
  'onTick',
  'onTouch',
  'onLand',
  'onZone',
  'onHit',
  'onReceipt',
  'onDeath',
  'onDestroy',
  'onTimer',
  'onMessage',
  'botInput',
  'onClose',
];
