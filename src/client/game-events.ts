/** What a game tells its author: the kinds of `game.on`, and the lists of who listens. */
import type { FrayError } from '../errors.ts';
import type { GameEvent, SightEvent } from './events.ts';
import { Listeners } from './listeners.ts';
import type { RosterEntry, ViewOf } from './types.ts';

/**
 * `open`: in the room. `resuming`: nothing comes through and new ways to the server are being tried; the view stands, the
 * player as well. `closed`: over.
 */
export type GameStatus = 'open' | 'resuming' | 'closed';

/** Something that an operator or the room tells the players. */
export interface GameNotice {
  /** For example `E_SHUTDOWN` for a server that is being drained. */
  readonly code: string;
  readonly text: string;
  /** ms until it takes effect. */
  readonly inMs: number;
  /** With `E_SHUTDOWN`: where to `connect` to then; empty: where this game came from. */
  readonly retryUrl: string;
}

/** What was lost with a server that was killed. All that is in sight has left it, and enters again. */
export interface GameSetback {
  /** Ticks that this client had seen and that are not so any more. */
  readonly ticksLost: number;
  /** Own messages that had arrived and that the game does not know of any more. */
  readonly messagesLost: number;
}

/** What `game.on` listens for, and what the function gets. */
export interface GameEvents<S> {
  /** A shot, a hit or a death in sight, when the view reaches its tick; at once if it concerns the own player. */
  event: [event: GameEvent];
  /** An entity came into sight, or left it. */
  enter: [entity: SightEvent];
  leave: [entity: SightEvent];
  /** The roster changed; `joined` and `left` name a single player. */
  roster: [roster: readonly RosterEntry<S>[]];
  joined: [player: RosterEntry<S>];
  left: [player: RosterEntry<S>];
  /** A field of the room changed. */
  room: [room: ViewOf<S>['room']];
  notice: [notice: GameNotice];
  /** The server was killed, and has gone on with the room as of a moment before that. */
  setback: [setback: GameSetback];
  /** The server refused something without ending the game. */
  fault: [error: FrayError];
  /** With the reason when the game has closed by other than an own wish. */
  status: [status: GameStatus, error: FrayError | undefined];
}

export type ListenerTable<S> = {
  [Kind in keyof GameEvents<S>]: Listeners<GameEvents<S>[Kind][0], GameEvents<S>[Kind][1]>;
};

export function newListeners<S>(): ListenerTable<S> {
  return {
    event: new Listeners(),
    enter: new Listeners(),
    leave: new Listeners(),
    roster: new Listeners(),
    joined: new Listeners(),
    left: new Listeners(),
    room: new Listeners(),
    notice: new Listeners(),
    setback: new Listeners(),
    fault: new Listeners(),
    status: new Listeners(),
  };
}
