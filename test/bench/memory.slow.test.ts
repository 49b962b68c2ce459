import t from 'tap';
import { checkShape, rowOf, runBench } from './command.ts';

t.test('a room fits 2 MB, and closed rooms leave no memory, thread or timer', async (t) => {
  const { rows, progress } = await runBench('memory');
  for (const row of rows) checkShape(row);
  const linear = Number(/(\d+) bytes of linear memory/.exec(progress)?.[1]);
  t.ok(linear > 1_000_000, progress);
  const room = rowOf(rows, 'memory/room').ours;
  // What V8 compiles, or throws away, meanwhile is counted in a short run.
  t.ok(room * 1e6 > 0.85 * linear && room <= 2.1, `${room} MB beside ${linear} bytes`);
  t.equal(rowOf(rows, 'memory/closed heap').met, true, progress);
  t.equal(rowOf(rows, 'memory/closed threads and timers').met, true, progress);
  t.ok(rowOf(rows, 'memory/idle').ours > 0);
});
