/**
 * Prediction against the server: on every tick whose player nothing from outside touched, what the client had predicted
 * is what the server did, to the last bit. In simulated time, on the real core, with the demo game's schema and walls; a
 * run is the same each time. `FRAY_TEST_SECONDS=600` makes it ten times as long.
 */
import { readFileSync } from 'node:fs';
import { test } from 'tap';
import { walls } from '../../games/arena/map.ts';
import { arena } from '../../games/arena/schema.ts';
import { percentile } from '../../src/cli/bots-report.ts';
import type { Game } from '../../src/client/game.ts';
import { controlsOf, Steer } from '../../src/client/headless/steer.ts';
import { LocalRoom } from '../client/local-room.ts';
import { CORE } from '../server/fixture.ts';
import { type Doing, WorldTrack } from './track.ts';

const SECONDS = Number(process.env['FRAY_TEST_SECONDS'] ?? 60);
const PLAYERS = 8;
const module = new WebAssembly.Module(readFileSync(CORE));
const LINKS = [
  '',
  'rtt=100,jitter=20,loss=5,seed=7',
  'rtt=60,loss=20,burst=4,seed=5',
  'rtt=60,jitter=10,reorder=10,duplicate=10,seed=3',
];

interface Counts {
  /** Living ticks of the kinds that a proof needs, none touched. */
  readonly free: { -readonly [Name in keyof Doing]: number };
  /** Touched and untouched ones that met a prediction, the dead included. */
  met: number;
  /** Newer than all before. */
  fresh: number;
  freeTicks: number;
  touchedTicks: number;
  correctionFreeMax: number;
  corrections: number[];
}

/** Eight players over such links, steered by seeded scripts. */
async function play(link: string, predict: boolean): Promise<Counts> {
  const room = new LocalRoom(module, arena, { walls: walls.map(halves) });
  const track = new WorldTrack(room.core, walls);
  room.afterTick = () => track.record();
  const counts: Counts = {
    free: { alive: 0, moved: 0, turned: 0, stopped: 0, atWall: 0 },
    met: 0,
    fresh: 0,
    freeTicks: 0,
    touchedTicks: 0,
    correctionFreeMax: 0,
    corrections: [],
  };
  const games: Game<typeof arena>[] = [];
  for (let slot = 0; slot < PLAYERS; slot += 1) {
    const look = watch(counts, track, slot);
    const hooks = { afterSnapshot: () => look(games[slot]) };
    const own = link.replace(/seed=(\d+)/, (_, seed) => `seed=${Number(seed) + slot}`);
    const game = await room.connect(own, { verify: true, cleanJoin: true }, hooks);
    game.predict(predict);
    games.push(game);
  }
  const steers = games.map(
    (_, seed) => new Steer({ seed, controls: controlsOf(arena.layout), reach: 12, tickRateHz: 30 }),
  );
  let sinceMs = 0;
  room.run(SECONDS * 1000, () => {
    sinceMs += 1;
    if (sinceMs % 33 !== 0) return;
    games.forEach((game, slot) => {
      const view = game.view();
      steers[slot]?.decide(view.me, view.players);
      game.setInput(steers[slot]?.input as never);
    });
  });
  for (const { stats } of games) {
    counts.freeTicks += stats.freeTicks;
    counts.touchedTicks += stats.touchedTicks;
    counts.correctionFreeMax = Math.max(counts.correctionFreeMax, stats.correctionUnitsFreeMax);
  }
  for (const game of games) game.close();
  return counts;
}

/** Takes each snapshot that met a prediction to the counts of what its player did in that tick. */
function watch(
  counts: Counts,
  track: WorldTrack,
  slot: number,
): (game?: Game<typeof arena>) => void {
  let [newest, free, touched] = [0, 0, 0];
  return (game) => {
    if (!game) return;
    const { stats } = game;
    if (stats.snapshotTick > newest) counts.fresh += 1;
    newest = stats.snapshotTick;
    const isFree = stats.freeTicks > free;
    const met = isFree || stats.touchedTicks > touched;
    [free, touched] = [stats.freeTicks, stats.touchedTicks];
    if (!met) return;
    counts.met += 1;
    counts.corrections.push(stats.correctionUnits);
    if (!isFree) return;
    const doing = track.doing(stats.snapshotTick, slot);
    for (const name of KINDS) counts.free[name] += doing[name] ? 1 : 0;
  };
}

for (const link of LINKS) {
  test(`no correction on any tick that nothing touched: link "${link}"`, async (t) => {
    const counts = await play(link, true);
    const { free, met, fresh, touchedTicks } = counts;
    const excluded = touchedTicks / met;
    const line = `free and alive ${KINDS.map((name) => `${name} ${free[name]}`).join(', ')}`;
    const p99 = percentile(counts.corrections, 0.99).toFixed(5);
    t.comment(`${line}; excluded ${(excluded * 100).toFixed(1)} %; p99 with contact ${p99} units`);
    t.equal(counts.correctionFreeMax, 0, 'units');
    t.ok(free.alive >= (5000 * SECONDS) / 60, `${free.alive} free ticks of the living`);
    t.ok(excluded <= 0.3, `${excluded} of the ticks are excluded as touched`);
    t.ok(met >= 0.99 * fresh, `${met} of ${fresh} snapshots met a prediction`);
    t.ok(free.moved >= 0.6 * free.alive, `${free.moved} in motion`);
    t.ok(free.turned >= 300, `${free.turned} turns`);
    t.ok(free.stopped >= 30, `${free.stopped} stops`);
    t.ok(free.atWall >= 300, `${free.atWall} against a wall`);
  });
}

test('with prediction switched off the same play is corrected on most ticks', async (t) => {
  const { correctionFreeMax, corrections } = await play(LINKS[1] ?? '', false);
  const corrected = corrections.filter((units) => units > 0).length / corrections.length;
  t.comment(`at most ${correctionFreeMax} units, ${(corrected * 100).toFixed(1)} % of the ticks`);
  t.ok(correctionFreeMax > 0.1, `${correctionFreeMax} units`);
  t.ok(corrected > 0.5, `${corrected} of the ticks`);
});

test('a run is the same each time', async (t) => {
  const [one, two] = [await play(LINKS[2] ?? '', true), await play(LINKS[2] ?? '', true)];
  t.same(two, one);
});

function halves({ x, y, width, depth }: (typeof walls)[number]) {
  return { x, y, halfX: width / 2, halfY: depth / 2 };
}

const KINDS = ['alive', 'moved', 'turned', 'stopped', 'atWall'] as const;
