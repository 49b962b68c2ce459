/** The game of server.ts, whose ticks take as long as a player says: `burn 66` in the chat, ms. */
import { defineGame } from '../../../src/plugin/index.ts';
import { duel } from './schema.ts';

let burnMs = 0;

export default defineGame(duel, {
  options: { playersMax: 8, emptyCloseMs: 60_000 },
  onJoin(room, p) {
    room.place(p, room.freePlace());
  },
  onTick() {
    for (const end = performance.now() + burnMs; performance.now() < end; );
  },
  onMessage: {
    chat(_room, _from, { text }) {
      burnMs = Number(text.replace('burn ', ''));
    },
  },
});
