/**
 * An honest client in a process that will be stopped: `sleeper.ts URL CLOCK`. CLOCK is what its clock does meanwhile: `runs`
 * as a stopped process sees it, `stands` as a sleeping Linux machine, `leaps` on by an hour as where time asleep counts
 * and more. Told `look` it says how it fares, told `join` it connects anew.
 */
import { arena } from '../../games/arena/schema.ts';
import { connectWith } from '../../src/client/connect.ts';
import type { Game } from '../../src/client/game.ts';
import { nodeTools } from '../../src/client/node.ts';

export type ClockKind = 'runs' | 'stands' | 'leaps';
export type ToSleeper = 'look' | 'join';

export interface Look {
  readonly status: string;
  /** Why it closed; '' while it is open. */
  readonly code: string;
  readonly snapshots: number;
  readonly snapshotTick: number;
  /** Ticks by which the view is behind the newest snapshot. */
  readonly behind: number;
  readonly interpolationTicks: number;
  /** Commands made, and those that came too late. */
  readonly commands: number;
  readonly late: number;
}

/** No event loop of a waking process makes a step like this. */
const ASLEEP_MS = 700;
const HOUR_MS = 3_600_000;

const [url = '', clock = 'runs'] = process.argv.slice(2);
const nowMs = clockOf(clock as ClockKind);
let game: Game<typeof arena> | undefined;
game = await join();
process.on('message', async (wish: ToSleeper) => {
  if (wish === 'join') game = await join();
  if (game) process.send?.(look(game));
});
process.on('disconnect', () => process.exit(0));
process.send?.(look(game));

async function join(): Promise<Game<typeof arena>> {
  const { load, open } = nodeTools();
  const joined = await connectWith(
    url,
    { schema: arena, name: 'sleeper' },
    { load, open, nowMs, hooks: { beforeCommand: walk } },
  );
  return joined;
}

function walk(): void {
  game?.setInput({ move: { x: Math.cos(game.stats.commands / 20), y: 0 } });
}

function look(game: Game<typeof arena>): Look {
  const { status, stats, interpolationTicks, error } = game;
  return {
    status,
    code: error?.code ?? '',
    snapshots: stats.snapshots,
    snapshotTick: stats.snapshotTick,
    behind: stats.snapshotTick - game.view().tick,
    interpolationTicks,
    commands: stats.commands,
    late: stats.commandsLate,
  };
}

function clockOf(kind: ClockKind): () => number {
  let lastMs = performance.now();
  let shiftMs = 0;
  return () => {
    const realMs = performance.now();
    const step = realMs - lastMs;
    lastMs = realMs;
    if (step > ASLEEP_MS && kind === 'stands') shiftMs -= step;
    if (step > ASLEEP_MS && kind === 'leaps') shiftMs += HOUR_MS;
    return realMs + shiftMs;
  };
}
