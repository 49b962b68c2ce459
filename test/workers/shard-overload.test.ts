/** A shard whose rooms take more time than there is. */
import { test } from 'tap';
import { ERROR, Overload } from '../../protocol/gen/tables.ts';
import { ORDER } from '../../src/mailbox/messages.ts';
import type { FakeCore } from './fake-core.ts';
import { Bench, INTERVAL } from './shard-bench.ts';

test('an overload is told to every room, to those opened later too, and stretches their time', (t) => {
  const bench = new Bench();
  bench.open(0);
  bench.join(5, 0);
  bench.run(2);
  let costUs = 0.97 * INTERVAL;
  const core = bench.slow(0, () => costUs);
  bench.run(200);
  const told = (room: FakeCore, kind: number) =>
    room.ticks.flatMap((records) =>
      records.filter((one) => one.kind === kind).map(({ payload }) => payload[0] as number),
    );
  t.same(told(core, Overload.kind).slice(0, 3), [1, 2, 3]);
  t.equal(bench.counter('overloadLevel'), 3);
  t.equal(bench.counter('overloadSlow'), 1);
  const slowed = bench.counter('slowedPermille');
  t.ok(slowed >= 50 && slowed <= 200, `${slowed}`);
  bench.open(1);
  bench.run(20);
  t.same(told(bench.cores.get(1) as FakeCore, Overload.kind), [3]);
  const ticks = core.ticks.length;
  bench.run(100);
  const [made, meant] = [core.ticks.length - ticks, 100 - slowed / 10];
  t.ok(Math.abs(made - meant) <= 2, `${made} ticks of ${meant}`);
  costUs = 0;
  bench.run(600);
  t.equal(bench.counter('overloadLevel'), 0);
  t.equal(bench.counter('slowedPermille'), 0);
  t.equal(told(core, Overload.kind).at(-1), 0);
  t.match(bench.logs.join('; '), /level 1: far.*level 2: .*level 3: .*level 0: all as usual/);
  t.end();
});

test('an overload ends with the last room', (t) => {
  const bench = new Bench();
  bench.open(0);
  bench.join(5, 0);
  bench.run(2);
  bench.slow(0, () => 3 * INTERVAL);
  bench.run(600);
  t.equal(bench.counter('overloadLevel'), 4);
  bench.order(0, ORDER.close, 0, ERROR.E_ROOM_CLOSED);
  bench.run(1);
  t.equal(bench.counter('overloadLevel'), 0);
  t.equal(bench.counter('slowedPermille'), 0);
  bench.open(1);
  bench.join(6, 1);
  const ticks = 30;
  bench.run(ticks + 1);
  t.ok(Math.abs((bench.cores.get(1) as FakeCore).tick - ticks) <= 1, 'in real time');
  t.end();
});
