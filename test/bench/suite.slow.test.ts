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

t.test('size says what is installed, what a page loads, and how soon a server plays', async (t) => {
  const { rows, progress } = await runBench('size');
  for (const row of rows) checkShape(row);
  for (const name of ['package', 'dependencies', 'page'])
    t.equal(rowOf(rows, `size/${name}`).met, true, progress);
  t.ok(rowOf(rows, 'size/start to first snapshot').ours > 0);
});

/** A minute by themselves, so by hand with FRAY_TEST_BENCHES=1: what their rows are made of is tested without them (load.test.ts). */
if (process.env['FRAY_TEST_BENCHES'] !== undefined)
  t.test(
    'latency, churn, workers and framing run to their end and have all their rows',
    async (t) => {
      const counts = { latency: 2 * 3 * 5, churn: 2, workers: 3, framing: 2 };
      for (const [name, count] of Object.entries(counts)) {
        const { rows, progress } = await runBench(name);
        for (const row of rows) checkShape(row);
        t.equal(rows.length, count, progress);
        t.ok(rows.every(({ ours }) => Number.isFinite(ours)));
      }
      t.pass();
    },
  );
