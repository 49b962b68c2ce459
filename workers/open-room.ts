/** From a game's module to rooms: loads it once, and makes core and runtime for each order to open. */
import { readFileSync } from 'node:fs';
import { RoomCore } from '../core-wasm/bindings/room.ts';
import { systemClock } from '../src/clock.ts';
import { FrayError } from '../src/errors.ts';
import type { Game } from '../src/plugin/game.ts';
import type { RuntimeHost, Stopwatch } from '../src/plugin/host.ts';
import { parseRoomOptions } from '../src/plugin/options.ts';
import { GameRuntime } from '../src/plugin/runtime.ts';
import {
  compileConfig,
  configAgain,
  interpolationTicks,
  roomSizes,
} from '../src/schema/compile.ts';
import type { GameFacts, RoomOrder, WorkerBoot, WorkerReport } from './boot.ts';
import { readJournal } from './journal-file.ts';
import type { JournalHead } from './journal-format.ts';
import type { Keeping, KeptParts, Opened } from './keeping.ts';
import type { RoomFactory, RoomLeft, RoomRestorer, ShardParts } from './room-parts.ts';
import { hasCopy } from './shadow.ts';
import { ShardRoom } from './shard-room.ts';
import { Stock } from './stock.ts';

/** Where a worker's parts report to. */
export type Report = (message: WorkerReport) => void;

export interface LoadedGame {
  readonly game: Game;
  readonly facts: GameFacts;
  readonly emptyCloseMs: number;
}

/** Imports the game. Throws E_SCHEMA where its default export is no game, and what the module itself throws. */
export async function loadGame(
  boot: Pick<WorkerBoot, 'game' | 'playersMax' | 'emptyCloseMs'>,
): Promise<LoadedGame> {
  const module = (await import(boot.game)) as { default?: Partial<Game> };
  const game = module.default as Game | undefined;
  if (game?.game !== 'fray') {
    throw new FrayError(
      'E_SCHEMA',
      'Cannot use this game: its server module has to end in export default defineGame(schema, { ... })',
    );
  }
  return loadedGame(boot, game);
}

/** What a worker knows of a game that has been imported. */
export function loadedGame(
  boot: Pick<WorkerBoot, 'playersMax' | 'emptyCloseMs'>,
  game: Game,
): LoadedGame {
  const { layout, hash, name } = game.schema;
  const own = game.options.entitiesMax;
  const sizes = roomSizes({
    playersMax: boot.playersMax || game.options.playersMax,
    ...(own !== undefined && boot.playersMax === 0 && { entitiesMax: own }),
  });
  return {
    game,
    emptyCloseMs: boot.emptyCloseMs || game.options.emptyCloseMs,
    facts: {
      name,
      schemaHash: hash,
      tickRateHz: layout.tickRateHz,
      ...sizes,
      interpolationTicks: interpolationTicks(layout),
      snapshotBytesMax: layout.net.snapshotBytesMax,
      botsYield: game.options.botsYield,
    },
  };
}

/**
 * From now on what an author's timer or promise throws is told, and the thread goes on: whoever writes a game wants to read the error,
 * and to keep the room.
 */
export function outliveAuthors(report: Report): void {
  const tell = (error: unknown): void =>
    report({
      kind: 'log',
      level: 'error',
      fields: { error: errorText(error) },
      text: 'work outside of hooks failed',
    });
  process.on('uncaughtException', tell);
  process.on('unhandledRejection', tell);
}

/** What makes rooms. `keeping` null: nothing of them is kept. */
export interface MakingParts {
  readonly report: Report;
  readonly keeping: Keeping | null;
  /** Told of hooks that throw and of what games log, in the place of `report`. */
  readonly host?: RuntimeHost;
}

/** Makes rooms of a loaded game. The maker throws E_ROOM_OPTIONS for options that the game does not declare. */
export function roomFactory(
  boot: Pick<WorkerBoot, 'core' | 'hashEveryTick' | 'development'>,
  loaded: LoadedGame,
  parts: MakingParts,
): RoomFactory {
  return (order, shared) => {
    const making = makingOf(boot, loaded, order);
    const kept = parts.keeping?.open(making);
    const tickUs = boot.development === true ? 1e6 / loaded.facts.tickRateHz : undefined;
    const host = parts.host ?? hostOf(parts.report, tickUs);
    const room = roomOf(making, { loaded, shared, host, kept: kept?.parts });
    kept?.made(room);
    return room;
  };
}

/** The cores that a spare makes in advance. */
export function stockOf(
  boot: Pick<WorkerBoot, 'core' | 'hashEveryTick'>,
  loaded: LoadedGame,
): Stock {
  const config = configOf(boot, loaded);
  return new Stock(() => new RoomCore(boot.core, config));
}

/**
 * Makes rooms out of what another worker has left, those that were copied in cores of `stock`. The maker throws E_ROOM_FAULT where too
 * little of one is kept.
 */
export function roomRestorer(
  boot: Pick<WorkerBoot, 'core' | 'hashEveryTick'>,
  loaded: LoadedGame,
  parts: {
    readonly report: Report;
    readonly keeping: Keeping;
    readonly stock?: Pick<Stock, 'take'>;
  },
): RoomRestorer {
  const coreOf = (left: RoomLeft) => (hasCopy(left.shadow) ? parts.stock?.take() : undefined);
  return (left, shared) => {
    const { order, file: path } = left;
    const file = path === undefined ? undefined : { path, bytes: readFileSync(path) };
    const making =
      file === undefined
        ? makingOf(boot, loaded, order, coreOf(left))
        : makingAgain(boot, loaded, { order, head: readJournal(file.bytes).head });
    const { keeping } = parts;
    const { recovery, ...kept } =
      file === undefined ? keeping.restore(making, left) : keeping.goOn(making, file);
    const host = hostOf(parts.report);
    const room = roomOf(making, { loaded, shared, host, kept: kept.parts });
    kept.made(room);
    return { room, recovery };
  };
}

/** `made`: a core for a room that was copied. */
function makingOf(
  boot: Pick<WorkerBoot, 'core' | 'hashEveryTick'>,
  loaded: LoadedGame,
  ...[order, made]: readonly [order: RoomOrder, made?: RoomCore | undefined]
): Making {
  const { game, facts } = loaded;
  const options = parseRoomOptions(game.options.room, order.optionsJson);
  const config = configAgain(configOf(boot, loaded), order);
  made?.become(config);
  return { order, options, config, core: made ?? new RoomCore(boot.core, config), facts };
}

/** Of all rooms of a game, but for seed and epoch. */
function configOf({ hashEveryTick = false }: Pick<WorkerBoot, 'hashEveryTick'>, of: LoadedGame) {
  let config = CONFIGS.get(of);
  if (config === undefined) {
    const { playersMax, entitiesMax } = of.facts;
    config = compileConfig(of.game.schema, { playersMax, entitiesMax, hashEveryTick });
    CONFIGS.set(of, config);
  }
  return config;
}

/** The same for a room that was made by a process before, as its journal says. Throws E_ROOM_FAULT where this game would make another. */
function makingAgain(
  boot: Pick<WorkerBoot, 'core' | 'hashEveryTick'>,
  loaded: LoadedGame,
  { order, head }: { readonly order: RoomOrder; readonly head: JournalHead },
): Making {
  const making = makingOf(boot, loaded, { ...order, epoch: head.epoch });
  const isSame =
    head.roomId === order.id &&
    head.schemaHash === loaded.facts.schemaHash &&
    Buffer.compare(head.config, making.config) === 0;
  if (!isSame)
    throw new FrayError('E_ROOM_FAULT', 'Cannot recover a room: its game is another by now');
  return { ...making, order };
}

interface Making extends Opened {
  readonly options: unknown;
}

function roomOf(
  { order, options, core, facts }: Making,
  parts: {
    readonly loaded: LoadedGame;
    readonly shared: ShardParts;
    readonly host: RuntimeHost;
    readonly kept: KeptParts | undefined;
  },
): ShardRoom {
  const { game, emptyCloseMs } = parts.loaded;
  const { seed, bots } = order;
  const runtime = new GameRuntime(game, core, {
    host: parts.host,
    options: { roomId: order.id, seed, options, bots },
  });
  return new ShardRoom({
    row: order.row,
    id: order.id,
    owner: order.owner,
    core,
    game: runtime,
    botsYield: facts.botsYield,
    emptyCloseTicks: Math.ceil((emptyCloseMs * facts.tickRateHz) / 1000),
    ...parts.shared,
    ...parts.kept,
  });
}

/**
 * Where a room's runtime reports to. A hook that throws in every tick must not fill the disk. With `tickUs`, the length of a tick, hooks
 * are timed.
 */
function hostOf(report: Report, tickUs?: number): RuntimeHost {
  let failures = 0;
  return {
    ...(tickUs !== undefined && { stopwatch: stopwatchOf(report, tickUs) }),
    hookFailed({ roomId, tick, hook, error }) {
      failures += 1;
      if (failures > FAILURES_LOGGED && failures % FAILURES_LOGGED_EVERY !== 0) return;
      report({
        kind: 'log',
        level: 'error',
        fields: { room: roomId, tick, hook, failures, error: errorText(error) },
        text: 'a hook failed',
      });
    },
    log: (level, text, fields) => report({ kind: 'log', level, fields: plainFields(fields), text }),
  };
}

/** Tells of each hook that is slow again and again; once is the machine's business, or the compiler's. */
function stopwatchOf(report: Report, tickUs: number): Stopwatch {
  const { nowUs } = systemClock();
  const slow = new Map<string, number>();
  return {
    nowUs,
    took(hook, us) {
      if (us < tickUs * SLOW_HOOK_SHARE || hook === 'onCreate') return;
      const times = (slow.get(hook) ?? 0) + 1;
      slow.set(hook, times);
      if (times !== SLOW_HOOK_TIMES) return;
      const fields = { hook, ms: Math.round(us / 1000), tickMs: Math.round(tickUs / 1000) };
      report({ kind: 'log', level: 'warn', fields, text: 'a hook is slow' });
    },
  };
}

function errorText(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** An author's log fields as text and numbers: whatever they were, they can be posted. */
function plainFields(fields: Readonly<Record<string, unknown>>): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === 'number' ? value : String(value),
    ]),
  );
}

/** Compiled once: a worker that takes over twenty rooms would wait for it twenty times. */
const CONFIGS = new WeakMap<LoadedGame, Uint8Array>();
/** Failed hooks of a room that get a line each; after them only every so many. */
const FAILURES_LOGGED = 10;
const FAILURES_LOGGED_EVERY = 100;
/** Of the time between two ticks, which all rooms of a thread share. */
const SLOW_HOOK_SHARE = 0.5;
const SLOW_HOOK_TIMES = 3;
