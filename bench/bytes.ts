/**
 * `fray bench bytes` (P3, P3b): what a snapshot's body takes in W1 at 100 players, first to last bit, and which part of it takes how much,
 * counted by the decoder that was written from SPEC.md alone; and by how much it grows over the lossy links of W5.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileCore } from '../core-wasm/bindings/instantiate.ts';
import type { Bench, BenchRow } from '../src/cli/bench-report.ts';
import { ownRow } from '../src/cli/bench-report.ts';
import { packageRoot } from '../src/cli/games.ts';
import { parseLink } from '../src/transport/lossy.ts';
import { snapshotParts } from './snapshot-parts.ts';
import { bodyBytes } from './w5.ts';

export const bench: Bench = {
  name: 'bytes',
  async run({ quick, seed, progress, chart }) {
    const core = readFileSync(join(packageRoot(), 'core-wasm', 'fray_core.wasm'));
    const module = await compileCore(core);
    const { players, partTicks, warmTicks, ticks } = quick ? QUICK : FULL;
    const parts = snapshotParts(module, { players, visible: VISIBLE, seed, ticks: partTicks });
    const all = [...parts.bits.values()].reduce((sum, bits) => sum + bits, 0);
    progress(
      `${parts.snapshots} snapshots decoded, ${parts.visibleMean.toFixed(1)} others in sight; of all clients the core says ${parts.bodyBytesMean.toFixed(2)} bytes`,
    );
    const rows: BenchRow[] = [
      ownRow({
        name: 'bytes/body',
        unit: 'bytes per snapshot, first to last bit',
        ours: all / 8,
        goal: `<= ${BODY_MAX}`,
        goalId: 'P3',
        met: all / 8 <= BODY_MAX,
      }),
      ...Array.from(parts.bits, ([name, bits]) =>
        ownRow({ name: `bytes/body/${name}`, unit: 'bits per snapshot', ours: bits }),
      ),
    ];
    chart({
      title: 'Where the bits of a body go',
      kind: 'bars',
      x: { label: '', values: [...parts.bits.keys()].map((_, index) => `${index + 1}`) },
      y: { label: 'bits per snapshot' },
      series: [
        {
          label: [...parts.bits.keys()].map((name, index) => `${index + 1} ${name}`).join(', '),
          values: [...parts.bits.values()],
        },
      ],
    });
    const size = { players, visible: VISIBLE };
    const over = (loss: string): number =>
      bodyBytes(module, {
        size,
        seed,
        link: parseLink(`${LINK},seed=${seed},${loss}`),
        warmTicks,
        ticks,
      });
    const whole = over('loss=0');
    rows.push(ownRow({ name: 'bytes/W5, no loss', unit: 'bytes per snapshot', ours: whole }));
    for (const { loss, most } of LOSSES)
      for (const burst of [0, 3]) {
        const bytes = over(`loss=${loss},burst=${burst}`);
        const growth = 100 * (bytes / whole - 1);
        progress(`${loss} % loss, burst ${burst}: ${bytes.toFixed(2)} bytes`);
        rows.push(
          ownRow({
            name: `bytes/W5, ${loss} % loss${burst > 0 ? ' in bursts' : ''}`,
            unit: '% more than without',
            ours: growth,
            goal: `<= ${most}`,
            goalId: 'P3b',
            met: growth <= most,
          }),
        );
      }
    return rows;
  },
};

const VISIBLE = 10;
const BODY_MAX = 22;
/** W5: ms, and percent. */
const LINK = 'rtt=60,jitter=10,reorder=1,duplicate=0.5';
const LOSSES = [
  { loss: 2, most: 8 },
  { loss: 5, most: 20 },
];
const FULL = { players: 100, partTicks: 300, warmTicks: 150, ticks: 1000 };
const QUICK = { players: 60, partTicks: 30, warmTicks: 100, ticks: 150 };
