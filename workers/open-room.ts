/** From a game's module to rooms: loads it once, and makes core and runtime for each order to open. */
import { RoomCore } from '../core-wasm/bindings/room.ts';
import { FrayError } from '../src/errors.ts';
import type { Game } from '../src/plugin/game.ts';
import { parseRoomOptions } from '../src/plugin/options.ts';
import type { RuntimeHost } from '../src/plugin/runtime.ts';
import { GameRuntime } from '../src/plugin/runtime.ts';
import { compileConfig, interpolationTicks, roomSizes } from '../src/schema/compile.ts';
import type { GameFacts, WorkerBoot, WorkerReport } from './boot.ts';
import type { Keeping } from './keeping.ts';
import type { RoomFactory } from './shard.ts';
import { ShardRoom } from './shard-room.ts';

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
      `Cannot use ${boot.game}: its default export is not made by defineGame`,
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

/** Makes rooms of a loaded game. The maker throws E_ROOM_OPTIONS for options that the game does not declare. */
export function roomFactory(
  boot: Pick<WorkerBoot, 'core' | 'hashEveryTick'>,
  loaded: LoadedGame,
  { report, keeping }: { readonly report: Report; readonly keeping: Keeping | null },
): RoomFactory {
  const { game, facts, emptyCloseMs } = loaded;
  return (order, parts) => {
    const host = hostOf(report);
    const options = parseRoomOptions(game.options.room, order.optionsJson);
    const { playersMax, entitiesMax } = facts;
    const { seed, epoch } = order;
    const config = compileConfig(game.schema, {
      playersMax,
      entitiesMax,
      seed,
      epoch,
      hashEveryTick: boot.hashEveryTick ?? false,
    });
    const core = new RoomCore(boot.core, config);
    const runtime = new GameRuntime(game, core, {
      host,
      options: { roomId: order.id, seed, options, bots: order.bots },
    });
    const kept = keeping === null ? null : keeping.open({ order, core, config, facts });
    const room = new ShardRoom({
      row: order.row,
      id: order.id,
      owner: order.owner,
      core,
      game: runtime,
      botsYield: facts.botsYield,
      emptyCloseTicks: Math.ceil((emptyCloseMs * facts.tickRateHz) / 1000),
      ...parts,
      ...kept?.parts,
    });
    kept?.made(room);
    return room;
  };
}

/** Where a room's runtime reports to. A hook that throws in every tick must not fill the disk. */
function hostOf(report: Report): RuntimeHost {
  let failures = 0;
  return {
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

/** Failed hooks of a room that get a line each; after them only every so many. */
const FAILURES_LOGGED = 10;
const FAILURES_LOGGED_EVERY = 100;
