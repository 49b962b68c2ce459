import t from 'tap';
import { Ending, PipeNumbers, transportOf } from '../../src/transport/types.ts';

t.test('pipe numbers: bounded, small integers, used again with a new generation', async (test) => {
  const numbers = new PipeNumbers<string>(2);
  const a = numbers.add('a');
  const b = numbers.add('b');
  test.equal(numbers.add('c'), -1);
  test.equal(numbers.count, 2);
  test.equal(numbers.remove(a), 'a');
  test.equal(numbers.remove(a), undefined);
  const c = numbers.add('c');
  test.not(c, a);
  test.equal(c & 0xffff, a & 0xffff);
  test.equal(numbers.get(a), undefined, 'the old number finds nothing');
  test.equal(numbers.remove(a), undefined);
  test.equal(numbers.get(c), 'c');
  test.same([...numbers.values()].sort(), ['b', 'c']);
  test.equal(numbers.get(b), 'b');
  let last = c;
  for (let k = 0; k < 70_000; k += 1) {
    numbers.remove(last);
    last = numbers.add('d');
    if (last < 0 || last >= 2 ** 31) throw new Error(`${last} is no small integer`);
  }
  test.equal(numbers.count, 2);
});

t.test('pipe numbers: each transport has its own, and they tell whose they are', async (test) => {
  const numbers = Array.from({ length: 8 }, (_, index) => new PipeNumbers<number>(2, index));
  const pipes = numbers.map((one, index) => one.add(index));
  test.same(pipes.map(transportOf), [0, 1, 2, 3, 4, 5, 6, 7]);
  test.equal(new Set(pipes).size, 8);
  test.ok(pipes.every((pipe) => pipe > 0 && pipe < 2 ** 31));
  for (const [index, one] of numbers.entries())
    test.same(
      pipes.map((pipe) => one.get(pipe)),
      pipes.map((_, k) => (k === index ? k : undefined)),
    );
  test.throws(() => new PipeNumbers(1, 8), RangeError);
});

t.test('an ending is told once, whichever comes first, listener or close', async (test) => {
  const told: number[] = [];
  const before = new Ending();
  before.listen((code) => told.push(code));
  before.happen(3);
  before.happen(4);
  test.same(told, [], 'not from inside the call');
  const after = new Ending();
  after.happen(5);
  after.listen((code) => told.push(code));
  await Promise.resolve();
  test.same(told, [3, 5]);
});
