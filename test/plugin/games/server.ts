/** The rules beside schema.ts, as the plan has them. */
import { defineGame } from 'fray/plugin';
import { arena } from './schema.ts';

export default defineGame(arena, {
  options: { playersMax: 50, emptyCloseMs: 30_000 },
  onCreate(room, { seed, options }) {
    room.addWalls([{ x: 0, y: 0, width: 4, depth: 1 }]);
    room.log.info('created', { seed, options });
  },
  onJoin(room, p) {
    p.colour = room.randomInt(16);
    room.place(p, room.freePlace());
  },
  onTouch(room, { player: p, other }) {
    if (other.kind === 'crate') {
      p.ammo += other.ammo;
      room.remove(other);
    }
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
  botInput(room, _bot) {
    return { move: { x: 0, y: 1 }, aim: 0, fire: room.tick % 30 === 0, dash: false };
  },
  onTick(_room) {},
  onDrop(_room, _p) {},
  onResume(_room, _p) {},
  onLeave(room, p, { code }) {
    room.log.info('left', { name: p.name, code });
  },
  onClose(_room) {},
});
