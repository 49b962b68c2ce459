/**
 * Which room a player comes to, and which worker a new room. Pure bookkeeping: no rings, no clock, no randomness; the
 * directory does what it decides. Counts are of seats given, not of players who have arrived, so that two joins of one
 * moment do not get the same place.
 */

import { ERROR } from '../../protocol/gen/tables.ts';
import type { ErrorCode } from '../errors.ts';
import type { Move } from './moves.ts';

/** One room as the host knows it. */
export interface HostedRoom {
  readonly id: string;
  /** Number of the room on its worker, below `roomsMax`; free again when the worker has closed it. `settle` changes both. */
  row: number;
  worker: number;
  /** Takes players who ask for any room. A room made by `create` is joined by its id alone: its maker hands it out. */
  readonly open: boolean;
  readonly openedUs: number;
  /** Seats given to people. */
  people: number;
  /** Places that bots hold and do not yield. */
  botsFixed: number;
  /** Bots it was opened with. */
  readonly bots: number;
  /** What its order to open says beside. */
  readonly opening: Opening;
  closing: boolean;
  /** The journal that a process before this one has left of it, until it is copied. */
  file?: string | undefined;
  /** Where that ended, once the room has gone on. And what players had heard of after that. */
  keptTick?: number;
  ticksLost?: number;
  /** It is on its way to another worker. */
  move: Move | undefined;
  /** Workers that died in a tick of it, each soon after the one before; when the last did, ms. */
  deaths: number;
  diedMs: number;
  /** The tick that the last of them died in, and how many did one after the other in that one. */
  diedTick: number;
  tickDeaths: number;
}

export interface Opening {
  readonly seed: bigint;
  /** Fencing number of its owner. */
  readonly epoch: number;
  readonly optionsJson: string;
}

export interface PlacementLimits {
  readonly roomsMax: number;
  readonly playersMax: number;
  readonly workers: number;
  /** Told of each room that has come, and that has gone. */
  readonly changed?: (room: HostedRoom, isThere: boolean) => void;
  /** True for a worker that lets nobody in. Default none does. */
  readonly full?: (worker: number) => boolean;
}

export type Choice = { readonly any: true } | { readonly id: string } | { readonly create: string };

/** A room with a free place, or a wish for a new room, or a refusal. */
export type Decision =
  | { readonly room: HostedRoom }
  | { readonly open: boolean }
  | { readonly code: ErrorCode };

export class Placement {
  readonly #limits: PlacementLimits;
  readonly #byId = new Map<string, HostedRoom>();
  /** Per worker: rooms by row. A hole is a free row. */
  readonly #rows: (HostedRoom | undefined)[][];

  constructor(limits: PlacementLimits) {
    this.#limits = limits;
    this.#rows = Array.from({ length: limits.workers }, () => []);
  }

  get count(): number {
    return this.#byId.size;
  }

  rooms(): IterableIterator<HostedRoom> {
    return this.#byId.values();
  }

  byId(id: string): HostedRoom | undefined {
    return this.#byId.get(id);
  }

  byRow(worker: number, row: number): HostedRoom | undefined {
    return this.#rows[worker]?.[row];
  }

  /** Where a player goes. O(rooms) for `any`; a join is rare beside a tick. */
  decide(choice: Choice): Decision {
    if ('id' in choice) {
      const room = this.#byId.get(choice.id);
      if (room === undefined) return { code: ERROR.E_ROOM_UNKNOWN };
      if (room.closing) return { code: ERROR.E_ROOM_CLOSED };
      if (this.#full(room.worker)) return { code: ERROR.E_OVERLOADED };
      return this.#free(room) > 0 ? { room } : { code: ERROR.E_ROOM_FULL };
    }
    if ('any' in choice) {
      let fullest: HostedRoom | undefined;
      for (const room of this.#byId.values()) {
        if (!room.open || room.closing || this.#free(room) <= 0) continue;
        if (this.#full(room.worker)) continue;
        if (fullest === undefined || room.people > fullest.people) fullest = room;
      }
      if (fullest !== undefined) return { room: fullest };
    }
    if (this.#byId.size >= this.#limits.roomsMax) return { code: ERROR.E_ROOM_LIMIT };
    return this.full ? { code: ERROR.E_OVERLOADED } : { open: 'any' in choice };
  }

  /** No worker lets anybody in. */
  get full(): boolean {
    for (let worker = 0; worker < this.#limits.workers; worker += 1)
      if (!this.#full(worker)) return false;
    return true;
  }

  /** The worker for one more room: the least loaded of those that `usable` names; -1 if none is. */
  worker(usable: (worker: number) => boolean): number {
    let best = -1;
    let least = Number.POSITIVE_INFINITY;
    for (let worker = 0; worker < this.#limits.workers; worker += 1) {
      if (!usable(worker) || this.#full(worker)) continue;
      const load = this.load(worker);
      if (load < least) [best, least] = [worker, load];
    }
    return best;
  }

  /** People and, for what they cost empty, rooms of a worker. */
  load(worker: number): number {
    let load = 0;
    for (const room of this.#rows[worker] ?? [])
      if (room !== undefined) load += room.people + EMPTY_ROOM_LOAD;
    return load;
  }

  /** Enters a new room in the first free row of its worker. */
  add(
    facts: Pick<HostedRoom, 'id' | 'worker' | 'open' | 'openedUs' | 'bots' | 'opening'>,
  ): HostedRoom {
    const rows = this.#rows[facts.worker];
    if (rows === undefined || this.#byId.has(facts.id))
      throw new Error(`Cannot add room ${facts.id}: no such worker, or it exists`);
    const row = freeRow(rows);
    const counts = { people: 0, botsFixed: 0, closing: false, deaths: 0, diedMs: 0 };
    const died = { diedTick: -1, tickDeaths: 0, move: undefined };
    const room: HostedRoom = { ...facts, ...counts, ...died, row };
    rows[row] = room;
    this.#byId.set(room.id, room);
    this.#limits.changed?.(room, true);
    return room;
  }

  remove(room: HostedRoom): void {
    if (this.#byId.delete(room.id)) this.#limits.changed?.(room, false);
    for (const rows of this.#rows) freeRows(rows, room);
  }

  /** A room is to go to another worker: a row is kept for it there, and counts. */
  reserve(room: HostedRoom, worker: number): void {
    const rows = this.#rows[worker] ?? [];
    rows[freeRow(rows)] = room;
  }

  /** The worker that a row of the room is kept on; its own where there is none. */
  reservedFor(room: HostedRoom): number {
    const kept = this.#rows.findIndex(
      (rows, worker) => worker !== room.worker && rows.includes(room),
    );
    return kept < 0 ? room.worker : kept;
  }

  /** The room stands on `worker`, where it has a row; those that it has on others are free. */
  settle(room: HostedRoom, worker: number): void {
    for (const [index, rows] of this.#rows.entries()) if (index !== worker) freeRows(rows, room);
    room.worker = worker;
    room.row = this.#rows[worker]?.indexOf(room) ?? room.row;
  }

  /** Open rooms without people. */
  idle(): number {
    let count = 0;
    for (const room of this.#byId.values())
      if (room.open && !room.closing && room.people === 0) count += 1;
    return count;
  }

  #full(worker: number): boolean {
    return this.#limits.full?.(worker) === true;
  }

  #free(room: HostedRoom): number {
    return this.#limits.playersMax - room.people - room.botsFixed;
  }
}

function freeRow(rows: readonly (HostedRoom | undefined)[]): number {
  const row = rows.indexOf(undefined);
  return row < 0 ? rows.length : row;
}

function freeRows(rows: (HostedRoom | undefined)[], room: HostedRoom): void {
  const row = rows.indexOf(room);
  if (row >= 0) rows[row] = undefined;
}

/** An empty room ticks too; measured at about the cost of so many players. */
export const EMPTY_ROOM_LOAD = 4;
