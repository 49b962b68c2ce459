/** A journal of four seconds, as each release leaves one of its core (`npm run release:core`). */
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { defineGame } from 'fray/plugin';
import { angle, axis2, circle, defineSchema } from 'fray/schema';
import { ShardHost } from '../../bench/shard-host.ts';
import { ERROR } from '../../protocol/gen/tables.ts';

const schema = defineSchema({
  name: 'kept',
  tickRateHz: 30,
  world: { width: 80, depth: 80 },
  input: { move: axis2(), aim: angle() },
  player: {
    shape: circle(0.5),
    health: 100,
    viewRadius: 30,
    movement: { topSpeed: 8, acceleration: 60, friction: 40 },
  },
});
const game = defineGame(schema, {
  options: { playersMax: 8, botsYield: false },
  onCreate(room) {
    for (let k = 0; k < 4; k += 1) room.addBot();
  },
  onJoin(room, player) {
    room.place(player, room.freePlace());
  },
  botInput: (room, bot) => ({ move: { x: Math.cos(room.tick / 9 + bot.x), y: 1 }, aim: 1 }),
});

export interface Recording {
  /** Default: none are written. */
  readonly checkpointMs?: number;
  /** Called after each turn. */
  readonly after?: (host: ShardHost, turn: number) => void;
}

/** Plays with that core, which has to be of the present tables; the path of the journal, in `journalDir`. */
export async function recordWith(
  core: Uint8Array,
  journalDir: string,
  { after, ...checkpoints }: Recording = {},
): Promise<string> {
  const sizes = { playersMax: 8, entitiesMax: 64, ...checkpoints };
  const module = await WebAssembly.compile(core as BufferSource);
  const coreHash = new Uint8Array(createHash('sha256').update(core).digest());
  const host = new ShardHost(module, game, { ...sizes, journalDir, coreHash });
  host.open(0, { seed: 7 });
  for (let k = 0; k < 120; k += 1) {
    host.turn();
    after?.(host, k);
  }
  host.close(0, ERROR.E_ROOM_CLOSED);
  host.turn();
  if (host.logs.length > 0) throw new Error(host.logs.join('; '));
  return join(journalDir, readdirSync(journalDir)[0] ?? '');
}
