/** What a page draws: a running game, or a journal that is played again (`fray/watch`). */
import type { MessagesToClient } from '../schema/infer.ts';
import type { GameEvents, GameStatus } from './game-events.ts';
import type { PlayerId, RosterEntry, ViewOf } from './types.ts';

/** The part of `Game` that needs nobody to play. A page that draws from this alone plays journals too. */
export interface Watchable<S> {
  /** Who plays, or who is watched. */
  readonly playerId: PlayerId;
  readonly tickRateHz: number;
  readonly status: GameStatus;
  readonly roster: readonly RosterEntry<S>[];
  view(nowMs?: number): ViewOf<S>;
  on<Kind extends keyof GameEvents<S>>(
    kind: Kind,
    fn: (...args: GameEvents<S>[Kind]) => void,
  ): () => void;
  onMessage<Name extends keyof MessagesToClient<S> & string>(
    name: Name,
    fn: (value: MessagesToClient<S>[Name]) => void,
  ): () => void;
  close(): void;
}
