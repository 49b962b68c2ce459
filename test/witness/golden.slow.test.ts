/**
 * Golden hashes of the committed core: whatever compiler built it and wherever it runs, the same games give the same world.
 * A change of the simulation that is meant changes them: `FRAY_TEST_WRITE=1 npx tap test/witness/golden.slow.test.ts`
 * writes them anew; say why in the commit and in CHANGELOG.md.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'tap';
import arena from '../../games/arena/server.ts';
import type { Game } from '../../src/plugin/game.ts';
import { Bench } from '../plugin/bench.ts';
import { brawl } from '../plugin/games.ts';

const FILE = new URL('golden.json', import.meta.url);
const EVERY = 100;

/** The upper and lower half of the world's hash after every hundredth tick. */
function hashesOf(bench: Bench, ticks: number): string[] {
  bench.tick(ticks);
  return bench.journal.hashes
    .filter((_, tick) => tick > 0 && tick % EVERY === 0)
    .map((hash) => hash.split(':').slice(0, 2).join(':'));
}

const GAMES: Readonly<Record<string, () => string[]>> = {
  'arena, 50 bots, 256 entities, seed 11': () => {
    const size = { playersMax: 50, entitiesMax: 256 };
    return hashesOf(new Bench(arena as unknown as Game, { ...size, seed: 11n, bots: 50 }), 1000);
  },
  'brawl, 6 bots, seed 42': () => hashesOf(new Bench(brawl, { seed: 42n }), 1000),
};

test('the committed core makes the worlds that it always made', (t) => {
  const made = Object.fromEntries(Object.entries(GAMES).map(([name, play]) => [name, play()]));
  if (process.env['FRAY_TEST_WRITE'] === '1')
    writeFileSync(FILE, `${JSON.stringify(made, null, 2)}\n`);
  const golden = JSON.parse(readFileSync(FILE, 'utf8')) as Record<string, string[]>;
  t.same(Object.keys(made), Object.keys(golden));
  for (const [name, hashes] of Object.entries(made)) {
    t.equal(new Set(hashes).size, 1000 / EVERY, `${name}: no two are the same`);
    const first = hashes.findIndex((hash, k) => hash !== golden[name]?.[k]);
    t.equal(first, -1, `${name}: tick ${(first + 1) * EVERY} is the first that differs`);
  }
  t.end();
});
