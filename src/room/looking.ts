/** What an operator sees of rooms: what stands in one now, and which ticks took longest. */
import type { Inspection } from '../../workers/inspect.ts';
import type { TimedTick } from '../../workers/stages.ts';
import { STAGES, type StageName } from '../../workers/timing.ts';
import type { RoomDirectory } from './directory.ts';

export { STAGES, type StageName };

type Looked = Pick<RoomDirectory, 'rooms' | 'workers'>;

/** What stands in a room now; null: there is none, or its worker does not answer. */
export async function lookInto(directory: Looked, id: string): Promise<Inspection | null> {
  const room = directory.rooms().find((one) => one.id === id);
  if (room === undefined) return null;
  return (await directory.workers()[room.worker]?.inspect(room)) ?? null;
}

/** A tick, with the room that has its row now: '' where that has gone. */
export interface RoomTick extends TimedTick {
  readonly worker: number;
  readonly room: string;
}

/** The longest ticks of the last ten minutes, over all workers, the longest first. */
export function longestTicks(directory: Looked, nowUs: number): RoomTick[] {
  const nameOf = namesOf(directory);
  return directory
    .workers()
    .flatMap((worker) =>
      worker.worstTicks(nowUs).map((tick) => ({ ...tick, ...nameOf(worker.index, tick.row) })),
    )
    .sort((a, b) => b.us - a.us)
    .slice(0, TICKS_MAX);
}

/** The stage of a tick that took the most. */
export function longestStage({ stagesUs }: TimedTick): StageName {
  return [...STAGES].sort((a, b) => stagesUs[b] - stagesUs[a])[0] as StageName;
}

/** Of each worker the tick that it sampled last. */
export function sampledTicks(directory: Looked): RoomTick[] {
  const nameOf = namesOf(directory);
  return directory.workers().flatMap((worker) => {
    const tick = worker.sampledTick();
    return tick === null ? [] : [{ ...tick, ...nameOf(worker.index, tick.row) }];
  });
}

function namesOf(directory: Looked) {
  const names = new Map(directory.rooms().map(({ worker, row, id }) => [`${worker} ${row}`, id]));
  return (worker: number, row: number): { worker: number; room: string } => ({
    worker,
    room: names.get(`${worker} ${row}`) ?? '',
  });
}

const TICKS_MAX = 16;
