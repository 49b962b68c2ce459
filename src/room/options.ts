/** What a directory is told at the start, what it is asked for, and what it counts. */
import type { Clock } from '../clock.ts';
import type { JournalOptions } from './journal.ts';
import type { Choice } from './placement.ts';
import type { Log, NativeLinks } from './workers.ts';

export interface JoinRequest {
  readonly sessionId: number;
  /** At most 64 bytes of UTF-8. The game's hooks are told it, and `userData`, with the join. */
  readonly userId: string;
  /** The author's own of the token or the login, at most 128 bytes. */
  readonly userData: Uint8Array;
  /** At most 32 bytes of UTF-8; empty: the game picks one. */
  readonly name: string;
  readonly choice: Choice;
  readonly schemaHash: bigint;
  readonly verify: boolean;
}

export interface DirectoryOptions {
  /** Worker threads, at least 1. See src/ops/cpus.ts. */
  readonly workers: number;
  /** Absolute path (or URL) of the game's server module. */
  readonly game: string;
  /** The compiled core, its bytes, or a path. Default: the committed one, beside the source or the build. */
  readonly core?: WebAssembly.Module | Uint8Array | string;
  readonly roomsMax: number;
  /** Empty rooms that any player may join are kept open up to this many. */
  readonly roomsWarm: number;
  /** Places of a room; 0 takes the game's own figure. */
  readonly playersMax: number;
  /** Bots of one open room; they yield their places if the game says so. */
  readonly bots: number;
  /** How long a room stands empty before it closes; 0 takes the game's own figure. */
  readonly emptyCloseMs?: number;
  /** Seats of this I/O thread. Default 16,384, what session ids can number. */
  readonly sessionsMax?: number;
  /** Index of the I/O thread this directory stands on. Default 0. */
  readonly ioThread?: number;
  /** Bytes of packets that a worker's mailbox holds, each way. Default: what 2,000 players of it send in a tick. */
  readonly inboxBytes?: number;
  readonly outboxBytes?: number;
  /** A room that is played in is copied so often into memory that outlives its worker, ms. Default 1,000. */
  readonly shadowMs?: number;
  /** Threads that have loaded the game and wait for a worker to die. Default 0: its rooms wait until another has loaded it. */
  readonly spareWorkers?: number;
  /** A worker without a sign of life for so long is ended and replaced, ms. Default 0: never. */
  readonly watchdogMs?: number;
  /** MB of JavaScript memory, beside that of rooms, beyond which a worker ends and is replaced. Default 0: what Node allows. */
  readonly heapMb?: number;
  /** See MovesOptions. Default 0. */
  readonly balancePercent?: number;
  /** Keeps the journal of every room. Default: none. */
  readonly journal?: JournalOptions;
  /** Where players are told to come back to after a drain. Default: where they came from. */
  readonly retryUrl?: string;
  readonly hashEveryTick?: boolean;
  /** See WorkerBoot. */
  readonly development?: boolean;
  /** Sessions whose packets go to another worker from now on. Told before the first that could. */
  readonly onMoved?: (sessions: readonly number[], worker: number) => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** The same with what a crew is to be told where nothing was said. */
export function crewDefaults<T extends Omit<DirectoryOptions, 'journal'>>(
  options: T,
  native: NativeLinks | undefined,
): T & { native?: NativeLinks } & Required<
    Pick<T, 'emptyCloseMs' | 'shadowMs' | 'spareWorkers' | 'watchdogMs'>
  > {
  const { emptyCloseMs = 0, shadowMs = SHADOW_MS, spareWorkers = 0, watchdogMs = 0 } = options;
  const own = { ...options, emptyCloseMs, shadowMs, spareWorkers, watchdogMs };
  return native === undefined ? own : { ...own, native };
}

/** ms: 15 ticks to play again at 30 Hz on average, so that 20 rooms of 50 tick again within 100 ms; two seconds took twice as long. */
const SHADOW_MS = 1000;

/** Counters of this side; those of the workers are in `workers()`. All rise. */
export interface DirectoryCounters {
  joins: number;
  refused: number;
  closed: number;
  /** Packets in that a full inbox refused. */
  inboxFull: number;
  /** Packets in of a session without a seat. */
  packetsUnseated: number;
  /** Packets out that a newer one of the same wake replaced. */
  replaced: number;
  /** Packets out for a session that has gone. */
  packetsGone: number;
  /** Wakes of this thread by its workers. */
  wakes: number;
  noticesRefused: number;
  /** Ticks that players had heard of and that a killed server has taken with it, over all rooms. */
  ticksLost: number;
  /** Rooms of a killed server that went on here. */
  roomsContinued: number;
  /** Messages to one client for which a control ring had no room. */
  tellsRefused: number;
}

export function directoryCounters(): DirectoryCounters {
  return {
    joins: 0,
    refused: 0,
    closed: 0,
    inboxFull: 0,
    packetsUnseated: 0,
    replaced: 0,
    packetsGone: 0,
    wakes: 0,
    noticesRefused: 0,
    ticksLost: 0,
    roomsContinued: 0,
    tellsRefused: 0,
  };
}

/** What a session id can number per I/O thread: 14 bits of slot. */
export const SESSIONS_MAX = 16_384;
/** ms. A room that has not come to where it moves by then is lost, as its worker stops. */
export const MOVE_MS_MAX = 250;
/** ms. A worker that has not ended by then hangs in a hook; it is ended. */
export const STOP_MS_MAX = 1000;
/** ms between two looks at who is still inside. */
export const DRAIN_POLL_MS = 20;
