/**
 * The room of a test: a `ShardRoom` as workers run it, whose mailboxes lie in the same thread. A tick is what a worker's turn is:
 * packets in, the tick, answers and packets out.
 */
import { readFileSync } from 'node:fs';
import { ERROR, PACKET_BYTES_MAX } from '../../../protocol/gen/tables.ts';
import { loadedGame, roomFactory } from '../../../workers/open-room.ts';
import type { ShardRoom } from '../../../workers/shard-room.ts';
import { emptySlot } from '../../../workers/slots.ts';
import { createTiming, Timing } from '../../../workers/timing.ts';
import { type ErrorName, FrayError } from '../../errors.ts';
import {
  ANSWER,
  createLink,
  createRoutes,
  DATA,
  IoEnd,
  JOINED,
  WorkerEnd,
} from '../../mailbox/messages.ts';
import { fitName, identityBytes } from '../../room/orders.ts';
import { compileConfig } from '../../schema/compile.ts';
import type { Game } from '../game.ts';
import type { HookFault } from '../host.ts';
import type { AnySchema, RoomOf } from '../types.ts';
import { type JoinOptions, TestPlayer } from './player.ts';

export interface TestOptions<S extends AnySchema = AnySchema> {
  /** Of all chance in the room, whole. Default 1. */
  readonly seed?: number | bigint;
  /** What a page would ask for by `{ create: options }`. Default: the game's own. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** Bots that the host keeps, as `fray start --bots` does. Default 0. */
  readonly bots?: number;
  /** Places, bots included. Default: the game's own. */
  readonly playersMax?: number;
  /**
   * What becomes of a hook that throws: `throw` out of `tick`, so that the test fails at the author's line; `keep` in `faults`, where
   * all are. Default `throw`.
   */
  readonly faults?: 'throw' | 'keep';
  /** Called in each tick after the game's own hooks, as one of them: reads what no client is told, and may command. */
  readonly onTick?: (room: RoomOf<S>) => void;
}

/** A hook that threw. */
export type TestFault = Pick<HookFault, 'hook' | 'tick' | 'error'>;

/** A line that the game has logged. */
export interface TestLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly text: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

export class TestRoom<S extends AnySchema> {
  /** Hooks that threw, oldest first. */
  readonly faults: TestFault[] = [];
  /** What the game has logged, oldest first. */
  readonly log: TestLine[] = [];
  /** Everybody who was ever let in or refused, in the order of their coming; bots are not among them. */
  readonly players: TestPlayer<S>[] = [];
  readonly #room: ShardRoom;
  readonly #io: IoEnd;
  readonly #worker: WorkerEnd;
  readonly #world: ConstructorParameters<typeof TestPlayer<S>>[0];
  readonly #throws: boolean;
  readonly #queue: ((room: RoomOf<S>) => void)[] = [];
  #thrown = 0;
  #isClosed = false;

  /** Use `testRoom`. */
  constructor(game: Game<S>, options: TestOptions<S>) {
    const { seed = 1, bots = 0, playersMax = 0, options: asked } = options;
    const core = compiledCore();
    const loaded = loadedGame({ playersMax, emptyCloseMs: 0 }, this.#watched(game, options));
    const sizes = { sessionsMax: 2 * loaded.facts.playersMax, roomsMax: 1 };
    const bytes = 2 * loaded.facts.playersMax * PACKET_BYTES_MAX;
    const rings = { inboxBytes: bytes, outboxBytes: bytes, packetBytesMax: PACKET_BYTES_MAX };
    const link = createLink({ ...sizes, ...rings });
    this.#io = new IoEnd(link);
    this.#worker = new WorkerEnd(link);
    this.#throws = options.faults !== 'keep';
    const host = {
      hookFailed: ({ hook, tick, error }: HookFault) =>
        void this.faults.push({ hook, tick, error }),
      log: (level: TestLine['level'], text: string, facts: TestLine['facts']) =>
        void this.log.push({ level, text, facts }),
    };
    const making = { report: () => {}, keeping: null, host };
    const order = { row: 0, owner: 0, id: 'test', seed: BigInt(seed), epoch: EPOCH, bots };
    this.#room = roomFactory(
      { core },
      loaded,
      making,
    )(
      { ...order, optionsJson: asked === undefined ? '' : JSON.stringify(asked) },
      {
        links: [this.#worker],
        routes: new Uint8Array(createRoutes()),
        timing: new Timing(createTiming(1)),
        onGone: () => {},
      },
    );
    this.#room.slot = STILL;
    const { entitiesMax } = loaded.facts;
    const config = compileConfig(game.schema, {
      playersMax: loaded.facts.playersMax,
      entitiesMax,
      epoch: EPOCH,
    });
    const { schema } = game;
    this.#world = { schema, module: core, config, ...this.#orders() };
    this.#room.create();
    this.#rethrow();
  }

  /** Ticks that have run. */
  get ticks(): number {
    return this.#room.core.tick;
  }

  /**
   * Somebody wants to come in, and does with the next tick, where a place is free: `onJoin` runs in it. Throws E_VALUE for a
   * user id or data that are too long.
   */
  join(who: JoinOptions = {}): TestPlayer<S> {
    const session = this.players.length + 1;
    const guest = `guest-${session.toString(16).padStart(16, '0')}`;
    const { name = `player ${session}`, userId = guest, userData = new Uint8Array(0) } = who;
    const player = new TestPlayer<S>(this.#world, session, name);
    const identity = identityBytes({ userId, userData });
    this.players.push(player);
    if (this.#isClosed) player.gone(ERROR.E_ROOM_UNKNOWN);
    else this.#room.join({ session, flags: 0, name: fitName(name), identity });
    return player;
  }

  /**
   * Runs so many ticks: all that players do goes in, hooks run, all that they are told comes out. Throws what a hook has thrown, after
   * the tick in which it did; E_CLOSED for a room that is closed, E_PLUGIN_FAULT where the game has closed it by its faults.
   */
  tick(count = 1): this {
    for (let n = 0; n < count; n += 1) this.#tick();
    return this;
  }

  /**
   * Runs `fn` as a hook, the last of one more tick, and answers what it answers: for what no client is told, and to set a scene. Views
   * are good inside it only: answer numbers and texts.
   */
  run<T>(fn: (room: RoomOf<S>) => T): T {
    const answers: T[] = [];
    this.#queue.push((room) => void answers.push(fn(room)));
    this.tick();
    if (answers.length === 0) throw this.faults.at(-1)?.error;
    return answers[0] as T;
  }

  /** State of the world as 16 hex digits: the same seed and the same inputs give the same, on every machine. */
  hash(): string {
    const { core } = this.#room;
    core.stateHash();
    return hex(core.stateHashHigh) + hex(core.stateHashLow);
  }

  /** The room closes: `onClose`, and everybody is told. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#room.close(ERROR.E_SHUTDOWN, new Uint8Array(0));
    this.#hear();
    this.#rethrow();
  }

  #tick(): void {
    if (this.#isClosed) throw new FrayError('E_CLOSED', 'Cannot tick: the room is closed');
    const room = this.#room;
    const tick = room.core.tick + 1;
    const { inbox } = this.#io;
    for (const [index, player] of this.players.entries()) {
      const packet = player.packet(tick);
      if (packet !== null) inbox.tryWrite(DATA.packet, index + 1, 0, packet, 0, packet.length);
    }
    const taken = this.#worker.inbox;
    while (taken.next()) {
      const slot = room.slotOf(taken.id);
      if (slot >= 0) room.packet(slot, taken);
    }
    taken.release();
    room.tick();
    this.#hear();
    this.#rethrow();
    if (!room.game.faulted) return;
    this.close();
    throw new FrayError(
      'E_PLUGIN_FAULT',
      'Cannot go on with the room: its hooks throw all the time',
    );
  }

  /** What the room answers, and its packets. */
  #hear(): void {
    const { answers, outbox } = this.#io;
    while (answers.next()) {
      const player = this.players[answers.id - 1];
      const word = (offset: number): number =>
        (answers.words[(answers.offset + offset) >> 2] as number) >>> 0;
      if (answers.kind === ANSWER.refused || answers.kind === ANSWER.left)
        player?.gone(answers.arg);
      else if (answers.kind === ANSWER.joined)
        player?.enter({
          playerId: word(JOINED.playerId),
          handle: word(JOINED.handle),
          epoch: word(JOINED.epoch),
          tick: word(JOINED.tick),
        });
    }
    answers.release();
    while (outbox.next()) {
      const { offset, length } = outbox;
      this.players[outbox.id - 1]?.receive(
        outbox.bytes.subarray(offset, offset + length),
        this.#room.core.tick,
      );
    }
    outbox.release();
  }

  #orders(): Pick<ConstructorParameters<typeof TestPlayer<S>>[0], 'leave' | 'drop' | 'resume'> {
    return {
      leave: (session, code = 'E_LEFT') => {
        const number = ERROR[code as ErrorName];
        if (number === undefined)
          throw new FrayError('E_VALUE', `Cannot leave: ${code} is no code of Fray's`);
        const player = this.players[session - 1];
        if (this.#isClosed || player === undefined || player.status === 'left') return;
        this.#room.leave(session, number);
        player.gone(number);
      },
      drop: (session) => this.#room.drop(session),
      resume: (session) => this.#room.resume(session, 0),
    };
  }

  /** The game with hooks of the test behind its own. */
  #watched(game: Game<S>, { onTick }: TestOptions<S>): Game<S> {
    const own = game.hooks.onTick;
    const hooks = {
      ...game.hooks,
      onTick: (room: unknown) => {
        try {
          return own?.(room);
        } finally {
          onTick?.(room as RoomOf<S>);
          for (const fn of this.#queue.splice(0)) fn(room as RoomOf<S>);
        }
      },
    };
    return { ...game, hooks };
  }

  #rethrow(): void {
    const fault = this.faults[this.#thrown];
    this.#thrown = this.faults.length;
    if (fault !== undefined && this.#throws) throw fault.error;
  }
}

function compiledCore(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(coreBytes());
  return compiled;
}

/** Beside this module in a build, in core-wasm/ in the source tree. */
function coreBytes(): Uint8Array<ArrayBuffer> {
  const places = ['./fray_core.wasm', '../../../core-wasm/fray_core.wasm'];
  for (const place of places) {
    try {
      return readFileSync(new URL(place, import.meta.url)) as Uint8Array<ArrayBuffer>;
    } catch {
      // The other one, then.
    }
  }
  throw new FrayError('E_CORE', 'Cannot load the core: fray_core.wasm is not beside fray/testing');
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}

let compiled: WebAssembly.Module | undefined;
/** Fencing number of the room's only owner. */
const EPOCH = 1;
/** Every packet arrives as its tick begins. */
const STILL = emptySlot<ShardRoom>(0, 1, 1);
