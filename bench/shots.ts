/**
 * `fray bench shots`: seeded duels over links of 0 to 250 ms and 0 to 10 % loss, with the real core on both ends. An honest rifleman
 * aims at what is on his screen; the same duels are played again by one that states a false view where the target is hidden.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileCore } from '../core-wasm/bindings/instantiate.ts';
import type { Bench, BenchRow } from '../src/cli/bench-report.ts';
import { ownRow } from '../src/cli/bench-report.ts';
import { packageRoot } from '../src/cli/games.ts';
import { crowd, SHOTS_IN_A_TICK } from './shots-crowd.ts';
import { addShots, type DuelResult, duel, noShots, REWIND_MS_MAX } from './shots-duel.ts';
import { random } from './w1.ts';

export const bench: Bench = {
  name: 'shots',
  async run({ quick, seed, shots, progress }) {
    const module = await compileCore(
      readFileSync(join(packageRoot(), 'core-wasm', 'fray_core.wasm')),
    );
    const most = shots ?? (quick ? QUICK_SHOTS : SHOTS);
    const sums = { near: noShots(), far: noShots(), false: noShots() };
    const draw = random(seed);
    let told = 0;
    for (let round = 0; sums.near.shots + sums.far.shots < most; round += 1) {
      const link = { rttMs: draw() * RTT_MS_MAX, loss: draw() * LOSS_MAX };
      const own = { module, seed: seed + round, ticks: DUEL_TICKS, link };
      addShots(link.rttMs <= RTT_MS_CAPPED ? sums.near : sums.far, duel({ ...own, lies: false }));
      addShots(sums.false, duel({ ...own, lies: true }));
      const done = Math.floor((10 * (sums.near.shots + sums.far.shots)) / most);
      if (done > told) progress(`${done * 10} % of ${most} shots`);
      told = done;
    }
    const { us, rewound } = crowd(module, seed, quick ? 100 : 400);
    progress(`${rewound} of 50 shots rewound in a tick`);
    return [...rows(sums), costRow(us)];
  },
};

function costRow(us: number): BenchRow {
  return ownRow({
    name: `shots/${SHOTS_IN_A_TICK} in one tick, 50 players`,
    unit: 'us',
    ours: us,
    goal: '<= 100',
    met: us <= 100,
  });
}

interface Sums {
  readonly near: DuelResult;
  readonly far: DuelResult;
  readonly false: DuelResult;
}

function rows({ near, far, false: lied }: Sums): BenchRow[] {
  const honest = noShots();
  addShots(honest, near);
  addShots(honest, far);
  const hitRate = part(honest.seenHits, honest.seen);
  const gain = part(lied.hits, lied.shots) - part(honest.hits, honest.shots);
  const beyond = honest.beyond + lied.beyond;
  const row = (name: string, unit: string, ours: number, more: Partial<BenchRow> = {}) =>
    ownRow({ name: `shots/${name}`, unit, ours, ...more });
  const ofLinks = ({ seen, seenHits, lateSeen, lateHits }: DuelResult): number =>
    part(seenHits + lateHits, seen + lateSeen);
  return [
    row('fired', 'shots', honest.shots),
    row('honest in sight, within the cap', '% hit', hitRate, {
      goal: '>= 99.5',
      met: hitRate >= 99.5,
    }),
    row('of which there are', 'shots', honest.seen),
    row('and of which miss', 'shots', honest.seen - honest.seenHits),
    row('honest in sight, beyond the cap', '% hit', part(honest.lateHits, honest.lateSeen)),
    row(`honest in sight, links up to ${REWIND_MS_MAX} ms`, '% hit', ofLinks(near)),
    row('honest in sight, longer links', '% hit', ofLinks(far)),
    row('honest, all', '% hit', part(honest.hits, honest.shots)),
    row('false view, all', '% hit', part(lied.hits, lied.shots)),
    row('false view gains', 'points', gain, { goal: '<= 1', met: gain <= 1 }),
    row('hits beyond the cap', 'hits', beyond, { goal: '0', met: beyond === 0 }),
  ];
}

function part(of: number, all: number): number {
  return all === 0 ? 0 : (100 * of) / all;
}

const SHOTS = 100_000;
const QUICK_SHOTS = 10_000;
const DUEL_TICKS = 600;
const RTT_MS_MAX = 250;
const LOSS_MAX = 0.1;
/** A link that is so long is beyond the cap for most shots: jitter, the grid of ticks and the lead of commands count, too. */
const RTT_MS_CAPPED = REWIND_MS_MAX;
