import { defineGame } from 'fray/plugin';
import { latency } from './schema.ts';

export default defineGame(latency, {
  options: { playersMax: 50 },
  onJoin(room, player) {
    room.place(player, { x: (player.slot % 8) * 3 - 12, y: Math.floor(player.slot / 8) * 3 - 12 });
  },
});
