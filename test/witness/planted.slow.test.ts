/**
 * The witness can fail: a server whose encoder is off by one is caught by the hash, in process and by `fray bots --verify`
 * over real sockets. Its clients run the core as it is. All errors of planted.ts one after the other, and none at all:
 * `FRAY_TEST_PLANTS=all npx tap --timeout=900 test/witness/planted.slow.test.ts`.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { arena } from '../../games/arena/schema.ts';
import type { Game } from '../../src/client/game.ts';
import { controlsOf, Steer } from '../../src/client/headless/steer.ts';
import { LocalRoom } from '../client/local-room.ts';
import { CORE, serve } from '../server/fixture.ts';
import { buildPlanted, PLANTS } from './planted.ts';
import { ARENA, runBots } from './run-bots.ts';

const whole = new WebAssembly.Module(readFileSync(CORE));
const isLong = process.env['FRAY_TEST_PLANTS'] === 'all';

for (const plant of isLong ? [null, ...PLANTS] : [PLANTS[0]]) {
  t.test(
    plant === null ? 'no error, built the same way' : `off by one: ${plant.name}`,
    { timeout: 300_000 },
    async (t) => {
      const core = await buildPlanted(plant);
      const seen = await playAgainst(core);
      t.comment(JSON.stringify(seen));
      t.ok(seen.hashChecks > 1000);
      if (plant === null) t.equal(seen.hashMismatches, 0);
      else t.ok(seen.hashMismatches > 0, `${seen.hashMismatches} of ${seen.hashChecks} snapshots`);

      const server = await serve({}, {}, { game: join(ARENA, 'server.ts'), core });
      t.teardown(() => server.stop(0));
      const args = ['--url', server.url, '--count', '6', '--seconds', '3', '--verify'];
      const { code, report, progress } = await runBots(...args);
      t.comment(`fray bots: ${report.mismatches} mismatches of ${report.hashChecks}`);
      t.equal(code, plant === null ? 0 : 1, progress);
      t.equal(report.mismatches > 0, plant !== null, `${report.mismatches} mismatches`);
      if (plant !== null) t.match(progress, /do not hash to what the server holds/);
    },
  );
}

/** Three players for 20 s of simulated time, in a room of that build. */
async function playAgainst(core: string): Promise<{ hashChecks: number; hashMismatches: number }> {
  const roomModule = new WebAssembly.Module(readFileSync(core));
  const room = new LocalRoom(whole, arena, { roomModule });
  const link = 'rtt=60,loss=5,seed=3';
  const games: Game<typeof arena>[] = [];
  for (let k = 0; k < 3; k += 1)
    games.push(await room.connect(link, { verify: true, cleanJoin: true }));
  const controls = controlsOf(arena.layout);
  const steers = games.map((_, seed) => new Steer({ seed, controls, reach: 8, tickRateHz: 30 }));
  let sinceMs = 0;
  room.run(20_000, () => {
    sinceMs += 1;
    if (sinceMs % 33 !== 0) return;
    games.forEach((game, k) => {
      const view = game.view();
      steers[k]?.decide(view.me, view.players);
      game.setInput(steers[k]?.input as never);
    });
  });
  const sums = { hashChecks: 0, hashMismatches: 0 };
  for (const game of games) {
    sums.hashChecks += game.stats.hashChecks;
    sums.hashMismatches += game.stats.hashMismatches;
    game.close();
  }
  return sums;
}
