/**
 * A game ends with its page. A browser cuts the sockets of a page that is left, and may keep the page itself for "back";
 * one that still has a socket then gets an error on its console (Chromium) or no word at all (Safari), and its player
 * stands in the room until the server times it out. So the game says goodbye first. A page that is shown again connects
 * anew.
 */
import type { GameStatus } from './game-events.ts';

/** The part of a game that is used. */
export interface PageGame {
  close(): void;
  on(kind: 'status', fn: (status: GameStatus) => void): unknown;
}

/** Calls `join` and closes its game on `pagehide`. `signal` gives up joining, as does a page that is left meanwhile. */
export async function untilPageHides<G extends PageGame>(
  join: (signal: AbortSignal) => Promise<G>,
  signal: AbortSignal | undefined,
): Promise<G> {
  const joining = new AbortController();
  const giveUp = () => joining.abort();
  let game: G | undefined;
  const leave = () => {
    giveUp();
    game?.close();
  };
  // Not there in a worker.
  const page = globalThis as Partial<Pick<Window, 'addEventListener' | 'removeEventListener'>>;
  const forget = () => page.removeEventListener?.('pagehide', leave);
  page.addEventListener?.('pagehide', leave);
  if (signal?.aborted) giveUp();
  signal?.addEventListener('abort', giveUp, { once: true });
  try {
    game = await join(joining.signal);
  } catch (error) {
    forget();
    throw error;
  } finally {
    signal?.removeEventListener('abort', giveUp);
  }
  game.on('status', (status) => {
    if (status === 'closed') forget();
  });
  return game;
}
