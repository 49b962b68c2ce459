/** The small game with words for those who are away: it logs what it hears and waits as the room's mode says. */
import { defineGame } from 'fray/plugin';
import { u16 } from 'fray/schema';
import { basic } from './basic.ts';

export default defineGame(basic, {
  options: { playersMax: 4, emptyCloseMs: 150, room: { waitMs: u16({ initial: 65535 }) } },
  onCreate(room, { options }) {
    waits.set(room.id, options.waitMs);
  },
  onJoin(room, player) {
    room.place(player, room.freePlace());
  },
  onDrop(room, player, absence) {
    room.log.info('drop', { player: player.id });
    absence.input({ move: { x: 1, y: 0 } });
    const waitMs = waits.get(room.id) ?? 65535;
    if (waitMs < 65535) absence.waitMs(waitMs);
  },
  onResume(room, player, { resumed }) {
    room.log.info(`resume ${resumed}`, { player: player.id });
  },
  onLeave(room, player, { code }) {
    room.log.info(`leave ${code}`, { player: player.id });
  },
  onMessage: {
    say(room, _from, { text }) {
      if (text === 'exit') process.exit(3);
      room.broadcast('said', { text });
    },
  },
});

const waits = new Map<string, number>();
