import t from 'tap';
import { checkShape, rowOf, runBench } from './command.ts';

t.test(
  'handover reads what was written, and wakes the I/O thread at most once a slot',
  async (t) => {
    const { rows, progress } = await runBench('handover');
    for (const row of rows) checkShape(row);
    t.equal(rowOf(rows, 'handover/message').goalId, 'P13');
    t.ok(rowOf(rows, 'handover/message beside postMessage').rounds.length === 0);
    t.equal(rowOf(rows, 'handover/wakes of the I/O thread').met, true, progress);
    t.match(progress, /inputs accepted/);
  },
);

t.test('rooms of a killed worker come back with everybody in them', async (t) => {
  const { rows, progress } = await runBench('recovery');
  for (const row of rows) checkShape(row);
  t.ok(rowOf(rows, 'recovery/room at most').ours > 0, progress);
});
