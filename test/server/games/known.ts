/** A game that tells each player, and nobody else, who it takes it for. */
import { defineGame } from '../../../src/plugin/index.ts';
import { duel } from './schema.ts';

export default defineGame(duel, {
  options: { playersMax: 8, emptyCloseMs: 60_000 },
  onJoin(room, p, { userId, userData }) {
    room.place(p, room.freePlace());
    const text = `${userId}/${[...userData].map((byte) => byte.toString(16)).join('')}`;
    room.send(p, 'chat', { from: p.id, text });
  },
});
