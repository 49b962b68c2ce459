/** The short form of `fray bench bytes`: every bit has a part, and loss costs something. */
import t from 'tap';
import { checkShape, rowOf, runBench } from './command.ts';

t.test('a body is the sum of its parts, and grows with loss', async (t) => {
  const { rows, progress } = await runBench('bytes');
  for (const row of rows) checkShape(row);
  const parts = rows.filter(({ name }) => name.startsWith('bytes/body/'));
  t.equal(parts.length, 12);
  for (const { name, ours } of parts) t.ok(ours > 0, `${name} takes some`);
  const sum = parts.reduce((all, { ours }) => all + ours, 0);
  t.ok(Math.abs(sum / 8 - rowOf(rows, 'bytes/body').ours) < 1e-6);
  const taken = Number(progress.match(/the core says ([0-9.]+) bytes/)?.[1]);
  t.ok(Math.abs(taken / (sum / 8) - 1) < 0.1, `${taken} bytes of all clients, ${sum / 8} of ten`);
  const growth = (loss: string): number => rowOf(rows, `bytes/W5, ${loss}`).ours;
  t.ok(growth('5 % loss') > growth('2 % loss') && growth('2 % loss') > 0);
});
