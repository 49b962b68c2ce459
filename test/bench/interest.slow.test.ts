/** The short forms of `fray bench interest` and `fray bench move`: answers are equal, rows have their shape. No time is judged. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { World } from '../../bench/interest.ts';
import { indexes } from '../../bench/interest-peers.ts';
import { compileCore } from '../../core-wasm/bindings/instantiate.ts';
import { checkShape, installPeers, ROOT, rowOf, runBench } from './command.ts';

t.before(() => installPeers(['rbush', 'kdbush', '@dimforge/rapier2d-simd-compat']));

t.test('who is near whom: rbush and kdbush answer as the core does', async (t) => {
  const { rows, progress } = await runBench('interest');
  for (const row of rows) checkShape(row);
  for (const spread of ['uniform', 'clustered']) {
    for (const peer of ['rbush', 'kdbush']) {
      const row = rowOf(rows, `interest/1000 ${spread}, beside ${peer}`);
      t.match(row.peerName, new RegExp(`^${peer} 4\\.`));
      t.ok(row.ours > 0);
    }
    const [, hits] = progress.match(new RegExp(`1000 ${spread}: ([0-9.]+) others`)) ?? [];
    t.ok(Math.abs(Number(hits) - 20) < 2, `${hits} others`);
  }
  t.equal(progress.match(/[1-9][0-9]+ answers of peers compared and equal/g)?.length, 4);
});

t.test("an answer that is not the core's is noticed", async (t) => {
  const module = await compileCore(readFileSync(join(ROOT, 'core-wasm', 'fray_core.wasm')));
  for (const peer of await indexes()) {
    if (typeof peer === 'string') throw new Error(peer);
    const world = new World(module, { size: 60, spread: 'uniform', seed: 3 });
    world.round(20, [peer]);
    t.equal(world.compare(peer), 60);
    const within = peer.within.bind(peer);
    peer.within = (x, y, reach) => within(x, y, reach).slice(1);
    t.throws(() => world.compare(peer), /near for one and not for the other/);
  }
});

t.test('movement: both get as far', async (t) => {
  const { rows, progress } = await runBench('move');
  for (const row of rows) checkShape(row);
  for (const form of ['kinematic', 'dynamic'])
    t.match(rowOf(rows, `move/1000, beside ${form} bodies`).peerName, /rapier2d-simd/);
  const ways = (progress.match(/dynamic: ([0-9.,]+)/)?.[1] ?? '').split(',').map(Number);
  t.equal(ways.length, 3);
  for (const way of ways) t.ok(Math.abs(way / (ways[0] ?? 0) - 1) < 0.1, `${ways}`);
});
