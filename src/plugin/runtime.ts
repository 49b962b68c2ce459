/**
 * What a worker runs of a game: hooks in, commands out. Drives one room's core together with its caller:
 *
 *   create()            after the core was made: onCreate          -> core.end(length)
 *   records(length)     before begin: bots and removals as records -> core.begin(length)
 *   hooks(eventBytes)   after begin: all hooks of the tick         -> core.end(length)
 *
 * Pure but for the author's code: no clock, no timers, no sockets. Nothing of its own is state of the room: what counts
 * lies in the region and changes by commands, so a replay needs the records and commands and not the hooks.
 */
import type { RoomCore } from '../../core-wasm/bindings/room.ts';
import {
  Area,
  Death,
  Dropped,
  ERROR,
  errorName,
  Fault,
  HOOK,
  Joined,
  Landed,
  Left,
  POSITION_ONE,
  RecordHeader,
  Resumed,
  Timer,
  Touch,
} from '../../protocol/gen/tables.ts';
import type { ErrorCode } from '../errors.ts';
import { fromRaw } from '../schema/fields.ts';
import { MessageCodec } from '../schema/messages.ts';
import { Absence } from './absence.ts';
import { Assists } from './assists.ts';
import { Batch } from './batch.ts';
import { BotRoom } from './bots.ts';
import { PluginContext } from './context.ts';
import type { ErasedHooks, Game, Hook } from './game.ts';
import { HitView } from './hits.ts';
import type { HookFault, OnWait, RuntimeHost, RuntimeOptions } from './host.ts';
import { logOf } from './host.ts';
import { checkRoomOptions } from './options.ts';
import { ReceiptView } from './receipts.ts';
import { PluginRoom } from './room.ts';
import { type OnRemoved, Seats } from './seats.ts';
import { StepFaults } from './step-faults.ts';
import type { EntityView } from './views.ts';

export type { HookFault, RuntimeHost, RuntimeOptions };

/** Hooks that throw in a row until the room is given up. */
export const FAULTS_MAX = 100;

export class GameRuntime {
  /** Messages of clients that did not decode. */
  messagesMalformed = 0;
  /** Hooks that threw. */
  hookFaults = 0;
  readonly #stepFaults = new StepFaults();
  readonly #hooks: ErasedHooks;
  readonly #context: PluginContext;
  readonly #seats: Seats;
  readonly #room: PluginRoom;
  readonly #bots: BotRoom;
  readonly #hits: Batch<HitView>;
  readonly #receipts: Batch<ReceiptView>;
  readonly #codec: MessageCodec;
  readonly #host: RuntimeHost;
  readonly #options: RuntimeOptions;
  readonly #roomOptions: object;
  readonly #zone: { player: EntityView | undefined; zone: string; entered: boolean } = {
    player: undefined,
    zone: '',
    entered: false,
  };
  readonly #land: { player: EntityView | undefined; speed: number } = {
    player: undefined,
    speed: 0,
  };
  readonly #touch: Touching = { player: undefined, other: undefined };
  readonly #assists: Assists;
  readonly #death: {
    victim: EntityView | undefined;
    attacker: EntityView | undefined;
    assists: Assists['listing'] | undefined;
  } = { victim: undefined, attacker: undefined, assists: undefined };
  readonly #loss: { entity: EntityView | undefined; attacker: EntityView | undefined } = {
    entity: undefined,
    attacker: undefined,
  };
  #onWait: OnWait = ignore;
  readonly #askBot: (slot: number) => Readonly<Record<string, unknown>> | null;
  #faultsInRow = 0;

  /** Throws E_ROOM_OPTIONS for options that the game does not declare. `core` has run nothing, or was restored. */
  constructor(
    game: Game,
    core: RoomCore,
    parts: { readonly host: RuntimeHost; readonly options: RuntimeOptions },
  ) {
    const { host, options } = parts;
    const { layout } = game.schema;
    this.#hooks = game.hooks;
    this.#host = host;
    this.#options = options;
    this.#roomOptions = checkRoomOptions(game.options.room, options.options ?? {});
    this.#context = new PluginContext(core, layout);
    this.#context.tick = core.tick;
    this.#seats = new Seats(this.#context, game.options.botsYield);
    this.#seats.keepBots(options.bots ?? 0);
    const log = logOf(host, this.#context, options.roomId);
    this.#room = new PluginRoom(this.#context, this.#seats, {
      id: options.roomId,
      seed: options.seed,
      log,
    });
    this.#bots = new BotRoom(this.#context, options.roomId);
    this.#hits = new Batch(() => new HitView(this.#context, this.#room));
    this.#receipts = new Batch(() => new ReceiptView(this.#context, this.#room));
    this.#assists = new Assists(this.#context, this.#room);
    this.#codec = new MessageCodec(layout.toServer);
    this.#askBot = (slot) => this.botInput(slot);
  }

  /** Runs onCreate. Returns bytes of commands in the core's input buffer, for `core.end`. */
  create(): number {
    this.#openTick(this.#context.core.firstTick, true);
    this.#call('onCreate', this.#hooks.onCreate, {
      seed: this.#options.seed,
      options: this.#roomOptions,
    });
    return this.#closeTick();
  }

  /**
   * Appends what the game itself lets in behind the `length` bytes of records in the core's input buffer: bots' Join and
   * Leave, Leave of players whom it kicks, controls of bots and of players whose client is away. Slots that the caller's records take are left alone. Returns
   * the new length. `onRemoved` is told of players whom the game takes out.
   */
  records(length: number, onRemoved: OnRemoved = ignore, asksBots = true): number {
    this.#context.turnTo(this.#context.core.tick + 1);
    this.#seats.records(length, onRemoved);
    if (asksBots && this.#hooks.botInput !== undefined) this.#seats.inputs(this.#askBot);
    return this.#seats.standIns();
  }

  /**
   * Runs the hooks of a tick over what `core.begin` left: deferred functions, the events in their order, hits and receipts as one batch each,
   * then onTick. Returns bytes of commands in the core's input buffer, for `core.end`. `onWait` is told of players whose client
   * is away and for whom the game waits less than the server would.
   */
  hooks(eventBytes: number, onWait: OnWait = ignore): number {
    this.#onWait = onWait;
    this.#openTick(this.#context.core.tick + 1, false);
    this.#stepFaults.look(this.#context.core, this.#host, this.#options.roomId);
    if (this.#room.deferredCount > 0) {
      for (const deferred of this.#room.takeDeferred()) this.#call('defer', deferred as Hook);
    }
    this.#dispatch(eventBytes);
    this.#call('onTick', this.#hooks.onTick);
    return this.#closeTick();
  }

  /** The records of a tick that is played again stand in the input buffer, for the `hooks` that follow. */
  again(length: number): void {
    this.#context.turnTo(this.#context.core.tick + 1);
    this.#seats.again(length);
  }

  /** What it has that lies in no region is another than at the last `save`. */
  get changed(): boolean {
    return this.#seats.changed;
  }

  /** Bots and removals that wait, whom the host keeps, who stands in: what has to go on with the room elsewhere. */
  save(): Uint8Array {
    return this.#context.encode(this.#seats.saved());
  }

  /** Takes what `save` answered in the runtime that had the room before. */
  load(saved: Uint8Array): void {
    this.#seats.load(new TextDecoder().decode(saved));
  }

  /** What the game ended the room with, as JSON; null: it goes on. */
  get result(): string | null {
    return this.#seats.result;
  }

  /** Hooks threw FAULTS_MAX times in a row: the room has to close with E_PLUGIN_FAULT. */
  get faulted(): boolean {
    return this.#faultsInRow >= FAULTS_MAX;
  }

  /** The room closes: onClose. What it commands has no effect. */
  close(): void {
    this.#openTick(this.#context.core.tick, false);
    this.#call('onClose', this.#hooks.onClose);
    this.#context.commands.reset();
  }

  #openTick(tick: number, wallsOpen: boolean): void {
    this.#context.turnTo(tick);
    this.#context.commands.reset();
    this.#room.openTick(wallsOpen);
    this.#hits.reset();
    this.#receipts.reset();
  }

  #closeTick(): number {
    const { commands, random } = this.#context;
    if (random.drawn) {
      commands.setRandom(random);
      random.settle();
    }
    return commands.length;
  }

  #dispatch(eventBytes: number): void {
    const { core } = this.#context;
    let at = core.events;
    const end = at + eventBytes;
    while (at + RecordHeader.bytes <= end) {
      const kind = core.view.getUint16(at + RecordHeader.kind, true);
      const length = core.view.getUint32(at + RecordHeader.length, true);
      if (kind === HOOK.hit.kind) this.#hits.add(at);
      else if (kind === HOOK.receipt.kind) {
        if (this.#hooks.onReceipt !== undefined) this.#receipts.add(at);
      } else this.#event(kind, at, length);
      at += RecordHeader.bytes + ((length + 3) & ~3);
    }
    if (this.#hits.count > 0) this.#call('onHit', this.#hooks.onHit, this.#hits.listing);
    if (this.#receipts.count > 0)
      this.#call('onReceipt', this.#hooks.onReceipt, this.#receipts.listing);
  }

  #event(kind: number, header: number, length: number): void {
    const { view } = this.#context.core;
    const at = header + RecordHeader.bytes;
    const slot = view.getUint16(header + RecordHeader.index, true);
    switch (kind) {
      case HOOK.joined.kind:
        this.#onPlayer(
          'onJoin',
          this.#hooks.onJoin,
          view.getUint32(at + Joined.handle, true),
          this.#seats.identity(slot),
        );
        break;
      case HOOK.left.kind: {
        const code = errorName(view.getUint32(at + Left.code, true));
        this.#onPlayer('onLeave', this.#hooks.onLeave, view.getUint32(at + Left.handle, true), {
          code,
        });
        break;
      }
      case HOOK.dropped.kind:
        this.#onDrop(slot, view.getUint32(at + Dropped.handle, true));
        break;
      case HOOK.resumed.kind: {
        const fresh = (view.getUint32(at + Resumed.flags, true) & 1) !== 0;
        this.#seats.stepBack(slot);
        const facts = { resumed: fresh ? 'fresh' : 'same' };
        this.#onPlayer(
          'onResume',
          this.#hooks.onResume,
          view.getUint32(at + Resumed.handle, true),
          facts,
        );
        break;
      }
      case HOOK.death.kind:
        this.#assists.point(at + Death.assists);
        this.#onDeath(
          view.getUint32(at + Death.victim, true),
          view.getUint32(at + Death.attacker, true),
        );
        break;
      case HOOK.touch.kind:
        this.#onTouch(
          view.getUint32(at + Touch.player, true),
          view.getUint32(at + Touch.other, true),
        );
        break;
      case HOOK.landed.kind:
        this.#onLand(at);
        break;
      case HOOK.area.kind:
        this.#onZone(at);
        break;
      case HOOK.message.kind:
        this.#onMessage(slot, at, length);
        break;
      case HOOK.timer.kind:
        this.#onTimer(view.getUint32(at + Timer.timer, true), at + Timer.args);
        break;
      case HOOK.fault.kind:
        this.#onFault(slot, view.getUint32(at + Fault.code, true));
        break;
      default:
        break;
    }
  }

  #onPlayer(name: string, hook: Hook | undefined, handle: number, facts?: unknown): void {
    if (hook !== undefined) this.#call(name, hook, handle, facts, this.#asPlayer);
  }

  #onDrop(slot: number, handle: number): void {
    this.#absence = undefined;
    this.#call('onDrop', this.#hooks.onDrop, handle, slot, this.#asAbsence);
    const absence = this.#absence as Absence | undefined;
    const ms = absence?.shortestMs ?? -1;
    if (ms >= 0) this.#onWait(slot, ms);
  }

  #onDeath(victim: number, attacker: number): void {
    this.#call('onDeath', this.#hooks.onDeath, victim, attacker, this.#asDeath);
    this.#call('onDestroy', this.#hooks.onDestroy, victim, attacker, this.#asLoss);
  }

  #onLand(at: number): void {
    const { core, layout } = this.#context;
    const speed = core.view.getInt32(at + Landed.speed, true);
    this.#land.speed = (speed * layout.tickRateHz) / POSITION_ONE;
    const player = core.view.getUint32(at + Landed.player, true);
    this.#call('onLand', this.#hooks.onLand, player, this.#land, this.#asEvent);
  }

  #onZone(at: number): void {
    const { core, layout } = this.#context;
    this.#zone.zone = layout.zones[core.view.getUint32(at + Area.area, true)]?.name ?? '';
    this.#zone.entered = core.view.getUint32(at + Area.inside, true) === 1;
    const player = core.view.getUint32(at + Area.player, true);
    this.#call('onZone', this.#hooks.onZone, player, this.#zone, this.#asEvent);
  }

  #onTouch(player: number, other: number): void {
    this.#call('onTouch', this.#hooks.onTouch, player, other, this.#asTouch);
  }

  #onMessage(slot: number, at: number, length: number): void {
    const { core } = this.#context;
    const code: ErrorCode = this.#codec.decode(core.u8.subarray(at, at + length));
    if (code !== ERROR.E_OK) {
      this.messagesMalformed += 1;
      return;
    }
    const { name, value } = this.#codec.decoded;
    this.#call(
      `onMessage.${name}`,
      this.#hooks.onMessage?.[name],
      core.players[slot] ?? 0,
      value,
      this.#asPlayer,
    );
  }

  #onTimer(index: number, at: number): void {
    const { layout, core } = this.#context;
    const timer = layout.timers[index];
    if (timer === undefined) return;
    const args: Record<string, unknown> = {};
    timer.fields.forEach(({ name, spec }, place) => {
      if (spec.type !== 'text')
        args[name] = fromRaw(spec, core.view.getInt32(at + 4 * place, true));
    });
    this.#call(`onTimer.${timer.name}`, this.#hooks.onTimer?.[timer.name], args);
  }

  /** The core wants a client closed: it leaves like one that the game kicks. */
  #onFault(slot: number, code: number): void {
    const playerId = this.#context.playerId(slot);
    if (playerId !== 0)
      this.#seats.remove({ slot, playerId, code: ERROR[errorName(code)], reason: '' });
  }

  /** What the game's `botInput` answers for who sits in `slot`; null: nothing, or it has no such hook. */
  botInput(slot: number): Readonly<Record<string, unknown>> | null {
    const { scope } = this.#context;
    const { stopwatch } = this.#host;
    const startUs = stopwatch?.nowUs() ?? 0;
    scope.open('botInput');
    try {
      const bot = this.#bots.look(slot);
      const input = bot === undefined ? null : this.#hooks.botInput?.(this.#bots, bot);
      this.#faultsInRow = 0;
      return typeof input === 'object' ? (input as Record<string, unknown> | null) : null;
    } catch (error) {
      this.#failed('botInput', error);
      return null;
    } finally {
      scope.close();
      stopwatch?.took('botInput', stopwatch.nowUs() - startUs);
    }
  }

  /**
   * Runs a hook with the room and up to two arguments. `shape` makes the arguments inside the hook, because views are
   * good only for the hook they are made in; it answers false where there is nothing to tell.
   */
  #call(name: string, hook: Hook | undefined, a?: unknown, b?: unknown, shape?: Shape): void {
    if (hook === undefined) return;
    const { scope } = this.#context;
    const { stopwatch } = this.#host;
    const startUs = stopwatch?.nowUs() ?? 0;
    scope.open(name);
    this.#room.openHook();
    this.#first = a;
    this.#second = b;
    try {
      if (name === 'onHit') this.#hits.stamp();
      else if (name === 'onReceipt') this.#receipts.stamp();
      if (shape !== undefined && !shape()) return;
      const result = hook(this.#room, this.#first, this.#second);
      if (result instanceof Promise) this.#awaits(name, result);
      else this.#returned();
    } catch (error) {
      this.#failed(name, error);
    } finally {
      scope.close();
      stopwatch?.took(name, stopwatch.nowUs() - startUs);
    }
  }

  /** A promise counts when it settles: one that always rejects fails. Apart, as what makes a function makes 48 bytes at each call. */
  #awaits(name: string, result: Promise<unknown>): void {
    result.then(this.#returned, (error: unknown) => this.#failed(name, error));
  }

  #first: unknown;
  #second: unknown;

  readonly #asPlayer: Shape = () => {
    this.#first = this.#room.playerView(this.#first as number);
    return this.#first !== undefined;
  };

  /** Made anew for each drop: it is a rare event, and an old one must not act on another player. */
  #absence: Absence | undefined;

  readonly #asAbsence: Shape = () => {
    this.#first = this.#room.playerView(this.#first as number);
    this.#absence = new Absence(this.#context, this.#seats, this.#second as number);
    this.#second = this.#absence;
    return this.#first !== undefined;
  };

  readonly #asDeath: Shape = () => {
    this.#assists.listing.reset();
    this.#death.assists = this.#assists.listing;
    this.#death.victim = this.#room.playerView(this.#first as number);
    this.#death.attacker = this.#room.playerView(this.#second as number);
    this.#first = this.#death;
    this.#second = undefined;
    return this.#death.victim !== undefined;
  };

  readonly #asLoss: Shape = () => {
    const entity = this.#room.view(this.#first as number);
    this.#loss.entity =
      entity === this.#room.playerView(this.#first as number) ? undefined : entity;
    this.#loss.attacker = this.#room.playerView(this.#second as number);
    this.#first = this.#loss;
    this.#second = undefined;
    return this.#loss.entity !== undefined;
  };

  /** Of an event that is one player's: the event itself is the second. */
  readonly #asEvent: Shape = () => {
    const event = this.#second as { player: EntityView | undefined };
    event.player = this.#room.playerView(this.#first as number);
    this.#first = event;
    this.#second = undefined;
    return event.player !== undefined;
  };

  readonly #asTouch: Shape = () => {
    this.#touch.player = this.#room.playerView(this.#first as number);
    this.#touch.other = this.#room.view(this.#second as number);
    this.#first = this.#touch;
    this.#second = undefined;
    return this.#touch.player !== undefined && this.#touch.other !== undefined;
  };

  readonly #returned = (): void => {
    this.#faultsInRow = 0;
  };

  #failed(hook: string, error: unknown): void {
    this.hookFaults += 1;
    this.#faultsInRow += 1;
    this.#host.hookFailed({ roomId: this.#options.roomId, tick: this.#context.tick, hook, error });
  }
}

type Shape = () => boolean;
type Touching = { player: EntityView | undefined; other: EntityView | undefined };

function ignore(): void {}
