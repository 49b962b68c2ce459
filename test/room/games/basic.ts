/** A small game for tests of rooms: walls, messages, a promise, and hooks that fail when a chat says so. */
import { defineGame } from 'fray/plugin';
import { angle, axis2, button, circle, defineSchema, text, u8 } from 'fray/schema';

export const basic = defineSchema({
  name: 'basic',
  tickRateHz: 60,
  world: { width: 60, depth: 60 },
  input: { move: axis2(), aim: angle(), fire: button() },
  player: {
    shape: circle(0.5),
    health: 100,
    viewRadius: 20,
    movement: { topSpeed: 8, acceleration: 60, friction: 40 },
    fields: { size: u8() },
  },
  toServer: { say: { text: text(60) } },
  toClient: { said: { text: text(60) } },
});

export default defineGame(basic, {
  options: { playersMax: 4, emptyCloseMs: 200, room: { size: u8(), mode: text(20) } },
  onCreate(room, { options }) {
    if (options.mode === 'throw') throw new Error('onCreate throws');
    room.addWalls([{ x: 0, y: 10, width: 4, depth: 1 }]);
    if (options.mode === 'exit') setTimeout(() => process.exit(3), 300);
    if (options.mode === 'defer') {
      void new Promise((resolve) => setTimeout(resolve, 20)).then(() =>
        room.defer((later) => later.log.info('deferred ran')),
      );
    }
    faulty.set(room.id, options.mode === 'faulty');
  },
  onJoin(room, player) {
    room.place(player, room.freePlace());
  },
  onTick(room) {
    if (faulty.get(room.id) === true) throw new Error('onTick throws');
  },
  botInput() {
    return { move: { x: 0, y: 1 }, aim: 0, fire: false };
  },
});

const faulty = new Map<string, boolean>();
