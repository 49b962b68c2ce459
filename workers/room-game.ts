/**
 * The game as a worker drives it. The border between the tick loop and `src/plugin`: the loop knows no hooks, views or
 * schemas, and the plugin's runtime knows no mailboxes, sessions or phase slots.
 */

/** Told of a player whom the game takes out; its Leave is written. */
export type OnRemoved = (slot: number, code: number, reason: string) => void;

/** Told of a player whose client is away and for whom the game waits no longer than `ms`, from its drop on. */
export type OnWait = (slot: number, ms: number) => void;

export interface RoomGame {
  /** Runs onCreate; returns bytes of commands in the input buffer. */
  create(): number;
  /**
   * Appends what the game itself lets in behind `length` bytes of records: bots' Join, Leave and controls, Leave of players
   * whom it kicks, and controls that stand in for clients that are away. Returns the new length. Without `asksBots` no bot is asked for
   * its controls: the core repeats how it moves.
   */
  records(length: number, onRemoved: OnRemoved, asksBots: boolean): number;
  /** Records that were made before stand in the input buffer: their tick is played again, hooks follow. */
  again(length: number): void;
  /** What it has of its own that lies in no region is another than at the last `save`. */
  readonly changed: boolean;
  /** That, for the one who goes on with the room elsewhere and `load`s it. */
  save(): Uint8Array;
  load(saved: Uint8Array): void;
  /** Runs the hooks over `eventBytes` of events; returns bytes of commands in the input buffer. */
  hooks(eventBytes: number, onWait: OnWait): number;
  /** Hooks have thrown too often: the room has to close. */
  readonly faulted: boolean;
  /** The game has ended the room: JSON of what came of it; null: it goes on. */
  readonly result: string | null;
  /** Messages of clients that did not decode, since the room was made. */
  readonly messagesMalformed: number;
  close(): void;
}
