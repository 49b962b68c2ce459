/** The room that hooks get (RoomOf in types.ts). One object per room; works only inside a hook, but for what is said there. */
import {
  COLUMN,
  ERROR,
  KIND,
  NAME_BYTES_MAX,
  PLAYER_NONE,
  RoomStats,
  SEND_POOL_BYTES,
  TIMERS_MAX,
} from '../../protocol/gen/tables.ts';
import { FrayError } from '../errors.ts';
import { toRaw } from '../schema/fields.ts';
import type { PlacedMessage } from '../schema/layout.ts';
import type { Wall } from '../schema/map.ts';
import { MessageCodec } from '../schema/messages.ts';
import { toVelocity } from '../schema/units.ts';
import type { PluginContext } from './context.ts';
import { ReusedListing } from './listing.ts';
import type { RoomMap } from './map.ts';
import { Places } from './places.ts';
import type { Seats } from './seats.ts';
import { Spawner } from './spawner.ts';
import { roomState } from './state.ts';
import type { Place, RoomLog, SpawnOptions } from './types.ts';
import { unknownName } from './unknown-name.ts';
import { EntityView, ViewPool } from './views.ts';

/** Functions that may wait in `defer`. */
const DEFERRED_MAX = 1024;
/** Longest timer; ids hold the low 24 bits of the tick that made them. */
const TIMER_TICKS_MAX = 0xffffff;
const TIMER_IDS_PER_TICK = 256;
/** The send pool is given out in pieces of so many bytes (netchan/pool.rs). */
const POOL_CHUNK_BYTES = 64;
/** Bytes of JSON that a room's result may have. */
const RESULT_BYTES_MAX = 4096;
/** region.rs, Timer. */
const TIMER_ROW_BYTES = 28;

export interface RoomFacts {
  readonly id: string;
  readonly seed: bigint;
  readonly log: RoomLog;
}

export class PluginRoom {
  readonly id: string;
  readonly seed: bigint;
  readonly log: RoomLog;
  readonly tickRateHz: number;
  readonly state: object;
  readonly players: ReusedListing<EntityView>;
  readonly #context: PluginContext;
  readonly #views: ViewPool;
  readonly #places: Places;
  readonly #spawner: Spawner;
  readonly #seats: Seats;
  readonly #messages: MessageCodec;
  readonly #message: Uint8Array;
  readonly #kinds = new Map<string, ReusedListing<EntityView>>();
  readonly #deferred: ((room: PluginRoom) => unknown)[] = [];
  readonly #args = new Int32Array(4);
  #wallsOpen = false;
  #timersMade = 0;
  #queuedBytes = 0;

  constructor(context: PluginContext, seats: Seats, facts: RoomFacts) {
    this.#context = context;
    this.#seats = seats;
    this.id = facts.id;
    this.seed = facts.seed;
    this.log = facts.log;
    this.tickRateHz = context.layout.tickRateHz;
    this.#views = new ViewPool(context, 'write');
    this.#places = new Places(context);
    this.#spawner = new Spawner(context);
    this.#messages = new MessageCodec(context.layout.toClient);
    this.#message = new Uint8Array(this.#messages.bytesMax);
    this.state = roomState(context, 'write');
    this.players = new ReusedListing<EntityView>({
      after: (cursor) => this.#nextPlayer(cursor),
      at: (slot) => this.#views.byHandle(context.core.players[slot] ?? 0) as EntityView,
    });
    for (const kind of context.layout.kinds) {
      if (kind.number >= KIND.first) this.#kinds.set(kind.name, this.#listing(kind.number));
    }
  }

  get tick(): number {
    return this.#context.tick;
  }

  entities(kind: string): ReusedListing<EntityView> {
    const listing = this.#kinds.get(kind);
    if (listing !== undefined) return listing;
    throw unknownName(`list '${kind}'`, 'kinds', this.#kinds.keys());
  }

  player(id: number): EntityView | undefined {
    this.#context.scope.assertOpen('find a player');
    const slot = id & 0xffff;
    if (
      id === 0 ||
      slot >= this.#context.core.playersMax ||
      this.#context.playerId(slot) !== id >>> 0
    )
      return undefined;
    return this.#views.byHandle(this.#context.core.players[slot] ?? 0);
  }

  entity(handle: number): EntityView | undefined {
    this.#context.scope.assertOpen('find an entity');
    return handle === 0 ? undefined : this.#views.byHandle(handle >>> 0);
  }

  randomInt(n: number): number {
    this.#context.scope.assertOpen('draw a random integer');
    return this.#context.random.below(n);
  }

  freePlace(): Place {
    this.#context.scope.assertOpen('find a free place');
    return this.#places.free();
  }

  place(
    entity: EntityView,
    at: Place,
    options: { aim?: number; protectTicks?: number } = {},
  ): void {
    const handle = this.#handleOf(entity, 'place');
    const { aim, protectTicks } = options;
    this.#spawner.place(handle, this.#views.kindOf(handle), { at, aim, protectTicks });
  }

  spawn(kind: string, options: SpawnOptions & Readonly<Record<string, unknown>>): EntityView {
    this.#context.scope.assertOpen('spawn');
    return this.#views.byHandle(this.#spawner.spawn(kind, options)) as EntityView;
  }

  remove(entity: EntityView): void {
    const handle = this.#handleOf(entity, 'remove');
    if (this.#views.kindOf(handle) === KIND.player) {
      throw new FrayError('E_VALUE', 'Cannot remove a player: use room.kick or room.removeBot');
    }
    if (this.#views.kindOf(handle) === 0) return;
    this.#context.commands.remove(handle);
    this.#context.overlay.write(COLUMN.kind, handle & 0xffff, KIND.free);
  }

  damage(entity: EntityView, amount: number, attacker?: EntityView): void {
    const handle = this.#handleOf(entity, 'damage');
    const by = attacker === undefined ? 0 : this.#handleOf(attacker, 'damage');
    const points = Math.round(amount);
    if (!(Math.abs(points) <= 0x7fffffff)) {
      throw new FrayError('E_VALUE', `Cannot damage: ${String(amount)} is not a number of points`);
    }
    this.#context.commands.damage(handle, by, points);
  }

  impulse(
    entity: EntityView,
    velocity: { readonly x: number; readonly y: number; readonly z?: number },
  ): void {
    const handle = this.#handleOf(entity, 'push');
    const raw = {
      vx: this.#speed(velocity.x),
      vy: this.#speed(velocity.y),
      vz: this.#speed(velocity.z ?? 0),
    };
    this.#context.commands.impulse(handle, raw);
  }

  get map(): RoomMap {
    return this.#context.map;
  }

  addWalls(walls: readonly Wall[]): void {
    this.#context.scope.assertOpen('add walls');
    if (!this.#wallsOpen)
      throw new FrayError('E_WALLS_FIXED', 'Cannot add walls: they are fixed after onCreate');
    if (walls.length > 0) this.#places.add(walls);
  }

  after(ticks: number, name: string, args: Readonly<Record<string, unknown>>): number {
    const { scope, layout, commands, tick } = this.#context;
    scope.assertOpen('start a timer');
    const timer = layout.timers.find((row) => row.name === name);
    if (timer === undefined) {
      const names = layout.timers.map((row) => row.name);
      throw unknownName(`start the timer '${name}'`, 'timers', names);
    }
    if (!Number.isInteger(ticks) || ticks < 1 || ticks > TIMER_TICKS_MAX) {
      throw new FrayError(
        'E_VALUE',
        `Cannot start the timer '${name}': ${String(ticks)} is not 1..${TIMER_TICKS_MAX} ticks`,
      );
    }
    encodeArgs(timer, args, this.#args);
    if (
      this.#waiting() + this.#timersMade >= TIMERS_MAX ||
      this.#timersMade >= TIMER_IDS_PER_TICK
    ) {
      throw new FrayError(
        'E_TIMER_LIMIT',
        `Cannot start the timer '${name}': ${TIMERS_MAX} wait already`,
      );
    }
    // Unique among those that wait: none waits longer than the 24 bits of the tick take to come round.
    const id = (((tick & TIMER_TICKS_MAX) << 8) | this.#timersMade) >>> 0;
    commands.addTimer(id, tick + ticks, { timer: timer.index, args: this.#args });
    this.#timersMade += 1;
    return id;
  }

  cancel(timer: number): void {
    this.#context.scope.assertOpen('cancel a timer');
    this.#context.commands.cancelTimer(timer >>> 0);
  }

  broadcast(
    name: string,
    value: Readonly<Record<string, unknown>>,
    options: { except?: EntityView } = {},
  ): void {
    this.#context.scope.assertOpen('broadcast');
    this.#send(PLAYER_NONE, { name, value, except: options.except?.$slotOf() ?? PLAYER_NONE });
  }

  send(to: EntityView, name: string, value: Readonly<Record<string, unknown>>): void {
    this.#context.scope.assertOpen('send');
    this.#send(to.$slotOf(), { name, value, except: PLAYER_NONE });
  }

  addBot(options: { readonly name?: string; readonly team?: number } = {}): void {
    this.#context.scope.assertOpen('add a bot');
    const { name = 'Bot', team = 0 } = options;
    if (this.#context.encode(name).length > NAME_BYTES_MAX) {
      throw new FrayError(
        'E_NAME',
        `Cannot add a bot: its name has more than ${NAME_BYTES_MAX} bytes of UTF-8`,
      );
    }
    if (!Number.isInteger(team) || team < 0 || team > 255) {
      throw new FrayError(
        'E_VALUE',
        `Cannot add a bot: team ${String(team)} is not an integer in 0..255`,
      );
    }
    if (!this.#seats.addBot(name, team)) {
      throw new FrayError('E_COMMAND_LIMIT', 'Cannot add a bot: too many wait for a place');
    }
  }

  removeBot(bot?: EntityView): void {
    this.#context.scope.assertOpen('remove a bot');
    const slot = bot === undefined ? this.#seats.lastBot(false) : bot.$slotOf();
    if (slot < 0 || !this.#context.isBot(slot)) return;
    this.#seats.remove({
      slot,
      playerId: this.#context.playerId(slot),
      code: ERROR.E_LEFT,
      reason: '',
    });
  }

  kick(player: EntityView, reason = ''): void {
    this.#context.scope.assertOpen('kick a player');
    const slot = player.$slotOf();
    this.#seats.remove({
      slot,
      playerId: this.#context.playerId(slot),
      code: ERROR.E_KICKED,
      reason,
    });
  }

  end(result: unknown = null): void {
    this.#context.scope.assertOpen('end the room');
    const text = jsonOf(result);
    if (this.#context.encode(text).length > RESULT_BYTES_MAX)
      throw new FrayError(
        'E_VALUE',
        `Cannot end the room: its result has more than ${RESULT_BYTES_MAX} bytes of JSON`,
      );
    this.#seats.end(text);
  }

  defer(fn: (room: PluginRoom) => unknown): void {
    if (this.#deferred.length >= DEFERRED_MAX) {
      throw new FrayError(
        'E_COMMAND_LIMIT',
        `Cannot defer: ${DEFERRED_MAX} functions wait already`,
      );
    }
    this.#deferred.push(fn);
  }

  /** @internal The functions that wait now; those they defer in turn wait for the next tick. */
  takeDeferred(): ((room: PluginRoom) => unknown)[] {
    return this.#deferred.splice(0);
  }

  /** @internal */
  get deferredCount(): number {
    return this.#deferred.length;
  }

  /** @internal View of a player by handle, for the events of this tick. */
  view(handle: number): EntityView | undefined {
    return handle === 0 ? undefined : this.#views.byHandle(handle >>> 0);
  }

  /** @internal The same if it is a player. */
  playerView(handle: number): EntityView | undefined {
    return this.#views.kindOf(handle >>> 0) === KIND.player ? this.view(handle) : undefined;
  }

  /** @internal A tick's hooks begin; `wallsOpen` in onCreate. */
  openTick(wallsOpen: boolean): void {
    this.#timersMade = 0;
    this.#queuedBytes = 0;
    this.#wallsOpen = wallsOpen;
    this.#spawner.reset();
    if (!wallsOpen) this.#context.map.settle();
  }

  /** @internal A hook begins. */
  openHook(): void {
    this.players.reset();
    for (const listing of this.#kinds.values()) listing.reset();
  }

  /** Timers in the region: rows of id, due, timer, four arguments; due is never 0 in one that waits. */
  #waiting(): number {
    const { view, timers } = this.#context.core;
    let count = 0;
    while (count < TIMERS_MAX && view.getUint32(timers + count * TIMER_ROW_BYTES + 4, true) !== 0)
      count += 1;
    return count;
  }

  #handleOf(entity: EntityView, action: string): number {
    this.#context.scope.assertOpen(action);
    if (entity instanceof EntityView) return entity.handle;
    throw new FrayError(
      'E_VALUE',
      `Cannot ${action}: what was given is not an entity of this room`,
    );
  }

  #send(
    slot: number,
    message: { name: string; value: Readonly<Record<string, unknown>>; except: number },
  ): void {
    const bytes = this.#messages.encode(message.name, message.value, this.#message);
    const waiting = this.#context.core.stat(RoomStats.poolBytes) + this.#queuedBytes;
    const taken = Math.ceil(bytes / POOL_CHUNK_BYTES) * POOL_CHUNK_BYTES;
    if (waiting + taken > SEND_POOL_BYTES) {
      throw new FrayError(
        'E_CHANNEL_FULL',
        `Cannot send '${message.name}': ${waiting} bytes of messages wait in the room`,
      );
    }
    this.#context.commands.send(slot, message.except, this.#message.subarray(0, bytes));
    this.#queuedBytes += taken;
  }

  #speed(unitsPerSecond: number): number {
    const raw = toVelocity(unitsPerSecond, this.tickRateHz);
    if (Math.abs(raw) <= 0x7fffffff) return raw;
    throw new FrayError('E_VALUE', `Cannot push: ${String(unitsPerSecond)} is not a speed`);
  }

  #listing(kind: number): ReusedListing<EntityView> {
    const { core, overlay, scope } = this.#context;
    return new ReusedListing<EntityView>({
      after: (cursor) => {
        scope.assertOpen('list entities');
        for (let index = cursor + 1; index < core.entitiesMax; index += 1) {
          if (overlay.read(COLUMN.kind, index) === kind) return index;
        }
        return -1;
      },
      at: (index) => this.#views.byIndex(index) as EntityView,
    });
  }

  #nextPlayer(cursor: number): number {
    const { core, scope } = this.#context;
    scope.assertOpen('list players');
    for (let slot = cursor + 1; slot < core.playersMax; slot += 1) {
      if ((core.players[slot] ?? 0) !== 0) return slot;
    }
    return -1;
  }
}

/** A result as it is kept. Throws E_VALUE for what JSON cannot say. */
function jsonOf(result: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(result);
  } catch (cause) {
    throw new FrayError('E_VALUE', `Cannot end the room: its result is no JSON: ${String(cause)}`);
  }
  if (text !== undefined) return text;
  throw new FrayError('E_VALUE', `Cannot end the room: its result is a ${typeof result}`);
}

/** Arguments of a timer as the core keeps them. */
function encodeArgs(
  timer: PlacedMessage,
  args: Readonly<Record<string, unknown>>,
  into: Int32Array,
): void {
  into.fill(0);
  timer.fields.forEach(({ name, spec }, at) => {
    if (spec.type !== 'text') into[at] = toRaw(spec, args[name], `${timer.name}.${name}`);
  });
}
