/** What a room held after a tick, by its journal: as `fray replay --to-tick` leaves it. */
import { COLUMN, FLAG } from '../../protocol/gen/tables.ts';
import { Replay } from '../../src/room/replay.ts';
import { readJournal } from '../../workers/journal-file.ts';

export interface Place {
  readonly handle: number;
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly health: number;
}

export function replayed(file: Uint8Array, module: WebAssembly.Module, tick: number): Replay {
  const replay = new Replay(readJournal(file), module);
  replay.play({ toTick: tick });
  return replay;
}

/** Living players, by handle. */
export function playersAt(file: Uint8Array, module: WebAssembly.Module, tick: number): Place[] {
  const { room } = replayed(file, module, tick);
  const found: Place[] = [];
  const of = (column: number, index: number): number =>
    room.columns[column * room.entitiesMax + index] ?? 0;
  for (const handle of room.players) {
    const index = handle & 0xffff;
    if (handle === 0 || (of(COLUMN.flags, index) & FLAG.alive) === 0) continue;
    const unit = (column: number): number => of(column, index) / 65536;
    const [x, y, z] = [unit(COLUMN.x), unit(COLUMN.y), unit(COLUMN.z)];
    found.push({ handle, x, y, z, health: of(COLUMN.health, index) });
  }
  return found.sort((a, b) => a.handle - b.handle);
}
