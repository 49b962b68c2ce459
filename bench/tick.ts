/**
 * `fray bench tick`: W1 at 100, 300 and 1,000 entities. CPU time of a tick per player, from the inbox to the outbox, and the bytes of
 * a snapshot's body. Every stream is decoded by the client core and compared at 1 cm before anything is timed.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileCore } from '../core-wasm/bindings/instantiate.ts';
import type { Bench, BenchOptions, BenchRow } from '../src/cli/bench-report.ts';
import { median, ownRow } from '../src/cli/bench-report.ts';
import { packageRoot } from '../src/cli/games.ts';
import type { W1Size } from './w1.ts';
import { W1_SIZES } from './w1.ts';
import { record } from './w1-recording.ts';
import { replay } from './w1-replay.ts';

export const bench: Bench = {
  name: 'tick',
  summary: 'CPU per player and tick, and bytes per snapshot (W1)',
  async run(options) {
    const module = await compileCore(
      readFileSync(join(packageRoot(), 'core-wasm', 'fray_core.wasm')),
    );
    const rows: BenchRow[] = [];
    for (const size of options.quick ? W1_SIZES.slice(0, 2) : W1_SIZES)
      rows.push(...runSize(module, size, options));
    return rows;
  },
};

function runSize(module: WebAssembly.Module, size: W1Size, options: BenchOptions): BenchRow[] {
  const name = `tick/${size.players}x${size.visible}`;
  const recording = record(module, {
    size,
    seed: options.seed,
    warmTicks: options.quick ? 150 : 300,
    timedTicks: options.quick ? 300 : 3000,
  });
  options.progress(
    `${name}: ${recording.compared} snapshots decoded and equal, ${recording.visibleMean.toFixed(1)} others visible, ` +
      `packet ${recording.packetBytesMean.toFixed(1)} B, ${recording.deferredMean.toFixed(3)} others deferred per snapshot`,
  );
  const rounds: number[] = [];
  for (let round = 0; round < (options.quick ? 3 : 5); round += 1) {
    rounds.push(replay(module, recording));
    options.progress(`${name}: round ${round + 1}, ${rounds.at(-1)?.toFixed(0)} ns`);
  }
  const isGoal = size === W1_SIZES[0];
  return [
    ownRow({ name, unit: 'CPU ns per player and tick', ours: median(rounds) }),
    ownRow({
      name: `${name}/body`,
      unit: 'bytes per snapshot',
      ours: recording.bodyBytesMean,
      ...(isGoal
        ? { goal: '<= 30 B now, <= 22 B the goal', met: recording.bodyBytesMean <= 30 }
        : {}),
    }),
    ownRow({
      name: `${name}/header`,
      unit: 'bytes per packet',
      ours: recording.packetBytesMean - recording.bodyBytesMean,
    }),
  ];
}
