import t from 'tap';
import { checkShape, rowOf, runBench } from './command.ts';

t.test('lateness and duration have their quantiles at each load, in order', async (t) => {
  const { rows } = await runBench('lateness');
  for (const row of rows) checkShape(row);
  for (const load of [20, 50, 80]) {
    const name = `lateness/${load} %`;
    t.ok(rowOf(rows, `${name} load`).ours > 0);
    for (const what of ['start', 'duration of a room', 'duration of a slot']) {
      const values = ['p50', 'p99', 'max'].map(
        (quantile) => rowOf(rows, `${name} ${what} ${quantile}`).ours,
      );
      t.strictSame(
        values,
        [...values].sort((a, b) => a - b),
        `${name} ${what}`,
      );
      t.ok((values[2] ?? 0) > 0);
    }
  }
  t.type(rowOf(rows, 'lateness/80 % start p99').met, 'boolean');
});
