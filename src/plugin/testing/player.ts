/**
 * Somebody who plays in a test room: the client's half of the core, the view that pages read, and nothing between it and the room. A
 * command leaves before each tick and arrives in it; the snapshot of the tick is there when it is over.
 */
import { ClientCore } from '../../../core-wasm/bindings/client.ts';
import { errorName, InputCommand, MESSAGE } from '../../../protocol/gen/tables.ts';
import { CLIENT_EVENT, EventQueue, type GameEvent } from '../../client/events.ts';
import { InputSampler } from '../../client/input.ts';
import type { RosterEntry, ViewOf } from '../../client/types.ts';
import { GameView } from '../../client/view.ts';
import { errorOf, FrayError } from '../../errors.ts';
import type { PlayerId } from '../../schema/fields.ts';
import type { InputOf, MessagesToClient, MessagesToServer } from '../../schema/infer.ts';
import { MessageCodec } from '../../schema/messages.ts';
import type { AnySchema } from '../types.ts';

/** Who comes in. */
export interface JoinOptions {
  /** At most 32 bytes of UTF-8. Default `player 1`, `player 2`, … */
  readonly name?: string;
  /** What `onJoin` is told of it. Default `guest-` and 16 hex digits. */
  readonly userId?: string;
  /** At most 128 bytes. Default none. */
  readonly userData?: Uint8Array;
}

/** A shot, a hit or a death that this player was told of. A copy: it may be kept. */
export type TestEvent = Readonly<GameEvent>;

/** A message that this player was sent. */
export type TestMessage<S> = {
  readonly [Name in keyof MessagesToClient<S>]: {
    readonly name: Name;
    readonly value: MessagesToClient<S>[Name];
    /** Tick after which it was there. */
    readonly tick: number;
  };
}[keyof MessagesToClient<S>];

/** The place that the room has given. */
export interface TestPlace {
  readonly playerId: number;
  readonly handle: number;
  readonly epoch: number;
  readonly tick: number;
}

/** What a player needs of its room. */
export interface TestWorld<S extends AnySchema> {
  readonly schema: S;
  readonly module: WebAssembly.Module;
  /** Configuration of the room. */
  readonly config: Uint8Array;
  leave(session: number, code?: string): void;
  drop(session: number): void;
  resume(session: number): void;
}

export class TestPlayer<S extends AnySchema> {
  readonly name: string;
  /** Shots, hits and deaths that it was told of, oldest first. */
  readonly events: TestEvent[] = [];
  /** Messages that it was sent, oldest first. */
  readonly messages: TestMessage<S>[] = [];
  /**
   * `joining` until the tick after `join`; `in`; `away` after `drop`; `left` for good: `code` says why.
   */
  status: 'joining' | 'in' | 'away' | 'left' = 'joining';
  /** Why it is not in the room any more, or was not let in: `E_LEFT`, `E_KICKED`, `E_ROOM_FULL`, … '' while it is in. */
  code = '';
  readonly #session: number;
  readonly #world: TestWorld<S>;
  readonly #input: InputSampler;
  readonly #events: EventQueue;
  readonly #outgoing: MessageCodec;
  readonly #incoming: MessageCodec;
  readonly #ticks = new Float64Array(2);
  readonly #stated = new Uint32Array(2);
  #inside:
    | { readonly core: ClientCore; readonly view: GameView; readonly id: PlayerId }
    | undefined;
  #snapshots = 0;

  /** Use `room.join`. */
  constructor(world: TestWorld<S>, session: number, name: string) {
    const { layout } = world.schema;
    this.name = name;
    this.#session = session;
    this.#world = world;
    this.#input = new InputSampler(layout);
    this.#events = new EventQueue(layout.weapons.map((weapon) => weapon.name));
    this.#outgoing = new MessageCodec(layout.toServer);
    this.#incoming = new MessageCodec(layout.toClient);
  }

  /** As hooks know it: `room.player(id)`. Throws E_CLOSED before the tick after `join`. */
  get id(): PlayerId {
    return this.#within('ask for its id').id;
  }

  /** All players of the room, in sight or not, as this one knows them. */
  get roster(): readonly RosterEntry<S>[] {
    return this.#within('read its roster').view.roster.all as unknown as readonly RosterEntry<S>[];
  }

  /**
   * Changes its controls; inputs that are not named stay as they are, also over ticks. Throws E_VALUE for an unknown input or a
   * value that does not fit.
   */
  input(input: Partial<InputOf<S>>): void {
    this.#input.set(input as Readonly<Record<string, unknown>>);
  }

  /** What its page would draw now: itself and all it sees as of the last tick. Reused by the next call: copy what you keep. */
  view(): ViewOf<S> {
    const { view } = this.#within('look at its view');
    return view.fill(this.#ticks, this.#snapshots > 0) as unknown as ViewOf<S>;
  }

  /**
   * Sends a message, which arrives with the next tick. Throws E_CHANNEL_FULL, E_VALUE, E_MESSAGE_TOO_LONG or E_CLOSED as
   * `game.send` of a page does.
   */
  send<Name extends keyof MessagesToServer<S> & string>(
    name: Name,
    value: MessagesToServer<S>[Name],
  ): void {
    const { core } = this.#within(`send '${name}'`);
    const bytes = this.#outgoing.encode(name, value as Record<string, unknown>, core.messageBytes);
    const answer = core.send(bytes);
    if (answer < 0) throw errorOf(-answer, `send '${name}'`);
  }

  /** Values of the messages of one name that it was sent, oldest first. */
  received<Name extends keyof MessagesToClient<S> & string>(
    name: Name,
  ): readonly MessagesToClient<S>[Name][] {
    return this.messages.filter((one) => one.name === name).map(({ value }) => value) as never;
  }

  /** Leaves with the next tick: `onLeave` with this code, E_LEFT by default. */
  leave(code?: string): void {
    this.#world.leave(this.#session, code);
  }

  /** Nothing more is heard of its client: `onDrop` in the next tick. It stays in the room. */
  drop(): void {
    if (this.status !== 'in') return;
    this.status = 'away';
    this.#world.drop(this.#session);
  }

  /** Its client is heard again: `onResume` in the next tick. Nothing of what was sent meanwhile is lost. */
  resume(): void {
    if (this.status !== 'away') return;
    this.status = 'in';
    this.#world.resume(this.#session);
  }

  /** @internal The room has given it a place. */
  enter({ playerId, handle, epoch, tick }: TestPlace): void {
    const { module, config, schema } = this.#world;
    const core = ClientCore.create(module, config);
    core.join({ playerId, handle, epoch, tick, verify: false });
    const view = new GameView({ core, layout: schema.layout, playerId });
    this.#inside = { core, view, id: playerId as PlayerId };
    this.#see(tick);
    this.status = 'in';
  }

  /** @internal It is not in the room, for good. */
  gone(code: number): void {
    this.status = 'left';
    this.code = errorName(code);
  }

  /** @internal Its packet for tick `tick`; null: it has none. */
  packet(tick: number): Uint8Array | null {
    if (this.#inside === undefined || this.status !== 'in') return null;
    const { core } = this.#inside;
    if (core.command.getUint32(InputCommand.tick, true) < tick) {
      this.#input.sample(core.command, tick, this.#stated);
      core.sample();
    }
    const bytes = core.packet(tick);
    return bytes > 0 ? core.packetBytes.subarray(0, bytes) : null;
  }

  /** @internal The room's packet of tick `tick`. */
  receive(packet: Uint8Array, tick: number): void {
    if (this.#inside === undefined || this.status !== 'in') return;
    const { core } = this.#inside;
    if (core.receive(packet) < 0) return;
    this.#snapshots += 1;
    this.#see(tick);
    this.#takeEvents();
    for (let bytes = core.message(); bytes >= 0; bytes = core.message()) {
      const message = core.messageBytes.subarray(0, bytes);
      if (message[0] === MESSAGE.control || this.#incoming.decode(message) !== 0) continue;
      const { name, value } = this.#incoming.decoded;
      this.messages.push({ name, value, tick } as unknown as TestMessage<S>);
    }
  }

  /** Others as of the tick; itself after the command of that tick, which is the same moment. */
  #see(tick: number): void {
    this.#ticks[0] = tick;
    this.#ticks[1] = tick + 1;
    this.#stated[0] = tick;
  }

  #takeEvents(): void {
    if (this.#inside === undefined) return;
    const { core, view } = this.#inside;
    while (core.event()) {
      const taken = this.#events.take(core.eventFields, core.ownHandle);
      for (
        let event = taken ?? this.#events.due(Infinity);
        event;
        event = this.#events.due(Infinity)
      ) {
        if (event.code === CLIENT_EVENT.text) view.textsChanged();
        else if (event.code >= CLIENT_EVENT.roster) view.roster.refresh();
        else if (event.code < CLIENT_EVENT.enter) {
          const { code: _, ...copy } = event;
          this.events.push(copy);
        }
      }
    }
  }

  #within(action: string): { core: ClientCore; view: GameView; id: PlayerId } {
    if (this.#inside !== undefined) return this.#inside;
    const state =
      this.status === 'left'
        ? `it was not let in (${this.code})`
        : 'it comes in with the next tick';
    throw new FrayError('E_CLOSED', `Cannot ${action}: ${this.name}: ${state}`);
  }
}
