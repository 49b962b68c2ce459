/**
 * A game whose hooks end their worker, loop for ever or fill its memory, when a player says so: once, or each time. Its state is declared, so it goes on: a
 * count of its ticks, and a sum over the plugin's own random numbers.
 */
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineGame } from 'fray/plugin';
import { angle, axis2, button, circle, defineSchema, i32, text, u16 } from 'fray/schema';

export const mortal = defineSchema({
  name: 'mortal',
  tickRateHz: 60,
  world: { width: 60, depth: 60 },
  input: { move: axis2(), aim: angle(), fire: button() },
  player: {
    shape: circle(0.5),
    health: 100,
    viewRadius: 40,
    movement: { topSpeed: 8, acceleration: 60, friction: 40 },
    fields: { words: u16() },
  },
  room: { fields: { ticks: i32(), sum: u16() } },
  toServer: { say: { text: text(60) } },
  toClient: { said: { text: text(60) } },
});

export default defineGame(mortal, {
  options: { playersMax: 6, emptyCloseMs: 60_000 },
  onCreate(room) {
    room.addBot();
  },
  onJoin(room, player) {
    room.place(player, room.freePlace());
  },
  onTick(room) {
    room.state.ticks += 1;
    room.state.sum = (room.state.sum * 31 + room.randomInt(1000)) & 0xffff;
    if (room.tick <= (newest.get(room.id) ?? 0)) room.log.error('time ran backwards');
    newest.set(room.id, room.tick);
  },
  onMessage: {
    say(room, from, { text: said }) {
      const [word, dir = ''] = said.split(' ');
      if (word === 'exit' && first(dir)) process.exit(3);
      if (word === 'hang' && first(dir)) for (;;);
      if (word === 'memory' && first(dir)) for (;;) kept.push(new Array(100_000).fill(room.tick));
      if (word === 'timer') setTimeout(() => process.exit(4), 20);
      from.words += 1;
      const { ticks, sum } = room.state;
      room.broadcast('said', { text: `${room.tick - ticks} ${from.words} ${said} ${sum}` });
    },
  },
  botInput(room) {
    return { move: { x: Math.cos(room.tick / 9), y: 1 }, aim: room.tick / 20, fire: false };
  },
});

/** What is kept for ever. */
const kept: number[][] = [];

/** The first time of all threads that it is asked for `dir`, or always for none. */
function first(dir: string): boolean {
  if (dir === '') return true;
  try {
    mkdirSync(join(tmpdir(), dir));
    return true;
  } catch {
    return false;
  }
}

const newest = new Map<string, number>();
