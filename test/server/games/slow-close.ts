/** The game of server.ts, whose rooms take their time to close. */
import { defineGame } from '../../../src/plugin/index.ts';
import { duel } from './schema.ts';

export const CLOSE_MS = 400;

export default defineGame(duel, {
  options: { playersMax: 8, emptyCloseMs: 60_000 },
  onJoin(room, p) {
    room.place(p, room.freePlace());
  },
  onClose() {
    for (const end = performance.now() + CLOSE_MS; performance.now() < end; );
  },
});
