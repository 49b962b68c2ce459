/**
 * What passes between the host and a worker outside the mailboxes: once at the start, and one message back. Shapes only.
 */
import type { LinkMemory } from '../src/mailbox/messages.ts';

/** `workerData` of a room worker. */
export interface WorkerBoot {
  /** 0..workers - 1; also shifts the phase slots of this worker. */
  readonly index: number;
  readonly workers: number;
  /** Absolute path or URL of the game's server module; its default export is a game. */
  readonly game: string;
  /** The compiled core, shared by all workers. */
  readonly core: WebAssembly.Module;
  /** One link per I/O thread, in index order, and the bell of each of them. */
  readonly links: readonly LinkMemory[];
  readonly bells: readonly SharedArrayBuffer[];
  /** Rung by I/O threads that want this worker to look at its mailboxes. */
  readonly bell: SharedArrayBuffer;
  /** See workers/timing.ts. */
  readonly timing: SharedArrayBuffer;
  /** Places of a room; 0 takes the game's own figure. */
  readonly playersMax: number;
  /** How long a room stands empty before it reports so; 0 takes the game's own figure. */
  readonly emptyCloseMs: number;
  readonly records: RecordsBoot;
  /** Hash the state every tick instead of every 30th. */
  readonly hashEveryTick?: boolean;
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

/** Host to worker, by postMessage. */
export interface ShadowMemory {
  readonly kind: 'shadow';
  readonly row: number;
  readonly memory: SharedArrayBuffer;
}

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

/** Worker to host, by postMessage. Nothing else is posted. */
export type WorkerReport =
  | { readonly kind: 'ready'; readonly facts: GameFacts }
  /** The room in `row` needs memory for its shadow. */
  | { readonly kind: 'shadow'; readonly row: number; readonly regionBytes: number }
  | {
      readonly kind: 'log';
      readonly level: 'info' | 'warn' | 'error';
      readonly fields: Record<string, string | number>;
      readonly text: string;
    };
