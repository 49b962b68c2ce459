/**
 * `fray/testing`: a room in the test's own process. The real core, the code that runs rooms in a worker, and for each player the core
 * that runs in a page; no sockets, no threads and no clock, so that the same test goes the same way each time.
 */
import type { Game } from '../game.ts';
import type { AnySchema } from '../types.ts';
import { type TestOptions, TestRoom } from './room.ts';

export type { JoinOptions, TestEvent, TestMessage, TestPlayer } from './player.ts';
export type { TestFault, TestLine, TestOptions, TestRoom } from './room.ts';

/**
 * Opens a room of `game` and runs its `onCreate`: tick 0. Throws what that throws, E_ROOM_OPTIONS for options that the game does
 * not declare, and E_CORE where the core is not built. Costs about 50 ms the first time, a few afterwards.
 */
export function testRoom<S extends AnySchema>(
  game: Game<S>,
  options: TestOptions<S> = {},
): TestRoom<S> {
  return new TestRoom(game, options);
}
