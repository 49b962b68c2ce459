/** A small game for tests of the whole server: players shoot, talk, and come back. */
import { defineGame } from '../../../src/plugin/index.ts';
import { duel } from './schema.ts';

export default defineGame(duel, {
  options: { playersMax: 8, emptyCloseMs: 60_000, botsYield: true },
  onJoin(room, p) {
    room.place(p, room.freePlace());
  },
  onDeath(room, { victim, attacker }) {
    if (attacker) attacker.kills += 1;
    room.after(30, 'respawn', { who: victim.id });
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
  botInput(room, bot) {
    return {
      move: { x: Math.cos(room.tick / 20), y: Math.sin(room.tick / 20) },
      aim: bot.aim,
      fire: false,
    };
  },
});
