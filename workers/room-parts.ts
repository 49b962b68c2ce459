/** What a room of a shard is made of, and who waits in it. */
import type { RoomCore } from '../core-wasm/bindings/room.ts';
import type { WorkerEnd } from '../src/mailbox/messages.ts';
import type { RoomOrder, RoomTakeover } from './boot.ts';
import type { RoomJournal } from './journal.ts';
import type { Recovery } from './recovery.ts';
import type { RoomGame } from './room-game.ts';
import type { ShardRoom } from './shard-room.ts';
import type { Timing } from './timing.ts';

/** What a room's tick, and who looks into it, needs of its core. */
export type TickCore = Pick<
  RoomCore,
  | 'u8'
  | 'i32'
  | 'view'
  | 'input'
  | 'inputBytes'
  | 'players'
  | 'epochs'
  | 'playersMax'
  | 'tickRateHz'
  | 'firstTick'
  | 'roster'
  | 'rosterRowBytes'
  | 'tick'
  | 'begin'
  | 'end'
  | 'stage'
  | 'stat'
  | 'stateHash'
  | 'stateHashLow'
  | 'stateHashHigh'
  | 'packetSlot'
  | 'packetBytes'
  | 'packetAddress'
  | 'region'
  | 'revive'
  | 'messagesRead'
  | 'messagesDone'
  | 'columns'
  | 'entitiesMax'
  | 'walls'
>;

/** A person who waits for a slot, or whose Join runs in this tick. */
export interface Arrival {
  readonly session: number;
  readonly flags: number;
  readonly name: Uint8Array;
  /** Tail of the record Join. */
  readonly identity: Uint8Array;
  /** -1: waits for one. */
  slot: number;
}

/** A person whose Resume is written and not answered yet. */
export interface Return {
  readonly session: number;
  readonly slot: number;
  readonly fresh: boolean;
  /** Of its packets before. */
  readonly epoch: number;
}

export interface RoomOptions {
  readonly row: number;
  readonly id: string;
  /** I/O thread that opened it. */
  readonly owner: number;
  readonly botsYield: boolean;
  readonly emptyCloseTicks: number;
  readonly core: TickCore;
  readonly game: RoomGame;
  readonly links: readonly WorkerEnd[];
  /** See IoThreads. */
  readonly routes: Uint8Array;
  readonly timing: Timing;
  /** A session is no longer in the room; `code` and `text` have been answered. */
  readonly onGone: (session: number) => void;
  readonly journal?: Pick<RoomJournal, 'record' | 'game' | 'anew' | 'ended' | 'close'>;
  /** The room has been closed. */
  readonly onClosed?: () => void;
  /** Fills the core anew from what is kept. Left out: a trap is the room's end. */
  readonly recover?: () => Recovery;
}

/** What rooms of a shard share. */
export interface ShardParts {
  readonly links: readonly WorkerEnd[];
  readonly routes: Uint8Array;
  readonly timing: Timing;
  readonly onGone: (session: number) => void;
}

export type RoomFactory = (order: RoomOrder, parts: ShardParts) => ShardRoom;
/** What of a takeover says what is kept of the room. */
export type RoomLeft = Pick<RoomTakeover, 'order' | 'shadow' | 'tick' | 'dueUs' | 'file'>;
/** Makes a room that another worker has left; it stands before its last tick. Throws where too little of it is kept. */
export type RoomRestorer = (left: RoomLeft, parts: ShardParts) => Restored;

export interface Restored {
  readonly room: ShardRoom;
  readonly recovery: Recovery;
}
