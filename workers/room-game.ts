/**
 * The game as a worker drives it. The border between the tick loop and `src/plugin`: the loop knows no hooks, views or
 * schemas, and the plugin's runtime knows no mailboxes or slots of phases.
 */

/** What a game asks of its room's host; acted on before the next tick. */
export type RoomWish =
  | { readonly kind: 'addBot'; readonly name: string; readonly team: number }
  | { readonly kind: 'removeBot'; readonly slot: number }
  | { readonly kind: 'kick'; readonly slot: number; readonly reason: string };

export interface RoomGame {
  /** Runs onCreate; returns bytes of commands in the input buffer. */
  create(): number;
  /** Appends BotInput records from byte `at` of the input buffer; returns where they end. */
  botInputs(at: number): number;
  /** Runs the hooks over `eventBytes` of events; returns bytes of commands in the input buffer. */
  hooks(eventBytes: number): number;
  /** The next wish, or undefined. */
  wish(): RoomWish | undefined;
  /** Hooks have thrown too often: the room has to close. */
  readonly faulted: boolean;
  close(): void;
}
