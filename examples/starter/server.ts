// The rules: they run in the server, once per room.
import { defineGame } from 'fray/plugin';
import { duel } from './schema.ts';

export default defineGame(duel, {
  onJoin(room, p) {
    room.place(p, room.freePlace());
  },
  onDeath(room, { victim, attacker }) {
    if (attacker) attacker.kills += 1;
    room.after(60, 'respawn', { who: victim.id });
  },
  onTimer: {
    respawn(room, { who }) {
      const p = room.player(who);
      if (p) room.place(p, room.freePlace());
    },
  },
  onMessage: {
    chat(room, from, { text }) {
      room.broadcast('chat', { from: from.id, text });
    },
  },
});
