/** The short form of `fray bench shots`: three links, seeded, on simulated time. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { addShots, type DuelResult, duel, noShots } from '../../bench/shots-duel.ts';
import { compileCore } from '../../core-wasm/bindings/instantiate.ts';

const LINKS = [
  { rttMs: 0, loss: 0 },
  { rttMs: 80, loss: 0.1 },
  { rttMs: 150, loss: 0.03 },
];

t.test('what is in plain sight is hit, and a false view gains nothing', async (t) => {
  const core = readFileSync(new URL('../../core-wasm/fray_core.wasm', import.meta.url));
  const module = await compileCore(core);
  const sum = (lies: boolean, seed: number): DuelResult => {
    const all = noShots();
    for (const link of LINKS) {
      const one = duel({ module, seed, ticks: 600, link, lies });
      t.ok(one.shots > 450, `${one.shots} shots at ${link.rttMs} ms`);
      addShots(all, one);
    }
    return all;
  };
  const honest = sum(false, 4);
  const lied = sum(true, 4);
  t.comment(JSON.stringify({ honest, lied }));
  t.ok(honest.seen > 400, 'it is in sight often');
  t.ok(honest.lateSeen > 0, 'and sometimes later than the cap allows for');
  t.ok(honest.seenHits >= 0.995 * honest.seen, `${honest.seenHits} of ${honest.seen}`);
  const gain = lied.hits / lied.shots - honest.hits / honest.shots;
  t.ok(gain <= 0.01, `a false view gains ${100 * gain} points`);
  t.equal(honest.beyond + lied.beyond, 0, 'nobody is hit where he was longer ago than the cap');
});
