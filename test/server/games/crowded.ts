/** The arena with 49 bots in each room, however many rooms there are: `fray start --game test/server/games/crowded.ts`. */
import type { RoomOf } from 'fray/plugin';
import type { arena as schema } from '../../../games/arena/schema.ts';
import arena from '../../../games/arena/server.ts';

const BOTS = 49;

export default {
  ...arena,
  hooks: {
    ...arena.hooks,
    onCreate(room: unknown, facts: unknown) {
      arena.hooks.onCreate?.(room, facts);
      for (let bot = 0; bot < BOTS; bot += 1) (room as RoomOf<typeof schema>).addBot();
    },
  },
};
