/**
 * What passes between the host and a worker outside the mailboxes: once at the start, and one message back. Shapes only.
 */
import type { LinkMemory } from '../src/mailbox/messages.ts';
import type { Inspection } from './inspect.ts';

/** `workerData` of a room worker: what it needs to load the game. Then it waits for its post. */
export interface WorkerBoot {
  /** Absolute path or URL of the game's server module; its default export is a game. */
  readonly game: string;
  /** The compiled core, shared by all workers. */
  readonly core: WebAssembly.Module;
  /** The bell of each I/O thread, in index order; native ones behind those of JavaScript. */
  readonly bells: readonly SharedArrayBuffer[];
  readonly native?: NativeBoot;
  /** Places of a room; 0 takes the game's own figure. */
  readonly playersMax: number;
  /** How long a room stands empty before it reports so; 0 takes the game's own figure. */
  readonly emptyCloseMs: number;
  /** See DirectoryOptions. */
  readonly heapMb?: number;
  /** Hash the state every tick instead of every 30th. */
  readonly hashEveryTick?: boolean;
  /** For an author at work (`fray dev`): no warm-up, hooks are timed, work outside of hooks that throws is told and ends nothing. */
  readonly development?: boolean;
}

/** What a worker needs to know of native I/O threads. */
export interface NativeBoot {
  /** Absolute path of the module that wakes them. */
  readonly module: string;
  /** By I/O thread: what wakes it; -1: it is of JavaScript. */
  readonly wakers: readonly number[];
  /** See `linkFor` of src/mailbox/messages.ts. */
  readonly routes: SharedArrayBuffer;
}

/** The memory of a worker, which outlives its thread: the next one takes it up. */
export interface WorkerMemory {
  /** One link per I/O thread, in index order. */
  readonly links: readonly LinkMemory[];
  /** Rung by I/O threads that want this worker to look at its mailboxes. */
  readonly bell: SharedArrayBuffer;
  /** See workers/timing.ts. */
  readonly timing: SharedArrayBuffer;
  /** See workers/pulse.ts. */
  readonly pulse: SharedArrayBuffer;
  readonly records: RecordsBoot;
}

/** Host to worker, by postMessage, once: from now on it is worker `index`, with the rooms that another one has left. */
export interface WorkerPost extends WorkerMemory {
  readonly kind: 'post';
  /** 0..workers - 1; also shifts the phase slots of this worker. */
  readonly index: number;
  readonly workers: number;
  readonly rooms: readonly RoomTakeover[];
  /** When the host saw that they had to be taken over, us of the common clock; 0 without rooms. */
  readonly detectedUs: number;
}

/** Host to worker, by postMessage: a room that another worker has given. Answered by `taken`, or by `closed`. */
export interface RoomTransfer {
  readonly kind: 'take';
  readonly room: RoomTakeover;
}

/** A room that a dead worker has left or a living one has given, and what the host wishes of it. */
export interface RoomTakeover {
  readonly order: RoomOrder;
  readonly shadow: SharedArrayBuffer | undefined;
  /** The last tick whose packets may have gone out, as the dead worker counted it; 0: that is not known. */
  readonly tick: number;
  /** The file of its journal, where a process before this one has left it: what is kept of it is there. */
  readonly file?: string;
  /** The tick in which two workers died in a row: where it stands in the records, it is tried without what clients sent. -1: none. */
  readonly bareTick: number;
  /** Not 0: it is closed with this code. */
  readonly code: number;
  /** It was given: the shadow is all there is of it, and its next tick is due at this moment, us of the common clock. Null: left. */
  readonly dueUs: number | null;
  readonly seats: readonly SeatTakeover[];
}

/** A session of such a room, as the host sees it. */
export interface SeatTakeover {
  readonly session: number;
  /** `joining` is not answered yet; `leaving` has been ordered. */
  readonly state: 'joining' | 'in' | 'leaving';
  /** `away`: its drop was ordered. `resuming`: its resume was, and is not answered. */
  readonly presence: 'here' | 'away' | 'resuming';
  /** RESUME of mailbox/messages.ts, of a `resuming` one. */
  readonly resume: number;
  /** Of the record Join. */
  readonly flags: number;
  readonly name: Uint8Array;
  readonly identity: Uint8Array;
}

/** What an order to open a room says. */
export interface RoomOrder {
  readonly row: number;
  /** I/O thread that opened it. */
  readonly owner: number;
  readonly id: string;
  readonly seed: bigint;
  readonly epoch: number;
  readonly bots: number;
  readonly optionsJson: string;
}

/** Where rooms put what they are made of, for recovery and for journals. */
export interface RecordsBoot {
  /** See journal.ts. */
  readonly ring: SharedArrayBuffer;
  /** A state hash after each so many ticks; 0: none, nobody reads them. */
  readonly hashTicks: number;
  /** A room that is played in is copied into its shadow so often. */
  readonly shadowMs: number;
}

/** Host to worker, by postMessage, whenever one was asked for. */
export interface ShadowMemory {
  readonly kind: 'shadow';
  readonly row: number;
  /** Its id: another may have the row by now. */
  readonly room: string;
  readonly memory: SharedArrayBuffer;
}

/** Host to worker, by postMessage: dies, so that it can be seen what comes of it (`fray debug kill-worker`). */
export interface WorkerDeath {
  readonly kind: 'die';
  readonly how: 'exit' | 'hang';
}

/** Host to worker, by postMessage: somebody wants to see what stands in a room. Answered by `inspected`. */
export interface RoomLook {
  readonly kind: 'inspect';
  readonly row: number;
  /** Its id: another may have the row by now. */
  readonly room: string;
}

/** Host to a spare, by postMessage: the worker that it may have to stand in for has so many rooms that are played in. */
export interface SpareStock {
  readonly kind: 'stock';
  readonly rooms: number;
}

export type HostSays =
  | WorkerPost
  | RoomTransfer
  | ShadowMemory
  | WorkerDeath
  | RoomLook
  | SpareStock;

/** Bytes of a shadow for what lies outside the region: sessions, and the game's (bots that wait, at most 1,024). */
export const SHADOW_HOST_BYTES = 1 << 18;

/** What is true for every room of a game; the worker answers it when it has loaded the game. */
export interface GameFacts {
  readonly name: string;
  readonly schemaHash: bigint;
  readonly tickRateHz: number;
  readonly playersMax: number;
  readonly entitiesMax: number;
  readonly interpolationTicks: number;
  readonly snapshotBytesMax: number;
  /** Bots leave when a person needs their place. */
  readonly botsYield: boolean;
}

/** How a room went on. */
export interface RoomRecovered {
  readonly kind: 'recovered';
  readonly row: number;
  readonly us: number;
  /** The last tick that was kept, and how many were played again. */
  readonly tick: number;
  readonly ticks: number;
  readonly ticksLost: number;
  /** It was put into a core that had been made in advance. */
  readonly stocked: boolean;
}

/** Worker to host, by postMessage. Nothing else is posted. */
export type WorkerReport =
  /** The game is loaded: it can take up a post. */
  | { readonly kind: 'loaded'; readonly facts: GameFacts }
  /** It has taken it up. */
  | { readonly kind: 'ready' }
  /** A room has ticked again; us since it was seen that its worker had died, and ticks whose packets had gone out and that are lost. */
  | RoomRecovered
  /** A room that went on from a file was copied into this memory. */
  | {
      readonly kind: 'copied';
      readonly row: number;
      readonly room: string;
      readonly memory: SharedArrayBuffer;
    }
  /** What stands in a room; null: it is not here. */
  | { readonly kind: 'inspected'; readonly room: string; readonly found: Inspection | null }
  /** A room could not be taken over: it was closed, or as nobody had been in, it began anew. */
  | { readonly kind: 'missed'; readonly row: number; readonly what: 'lost' | 'anew' }
  /** The room in `row` needs memory for its shadow. */
  | {
      readonly kind: 'shadow';
      readonly row: number;
      readonly room: string;
      readonly regionBytes: number;
    }
  | {
      readonly kind: 'log';
      readonly level: 'info' | 'warn' | 'error';
      readonly fields: Record<string, string | number>;
      readonly text: string;
    };
