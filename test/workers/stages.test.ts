/** Single ticks in shared memory: the worst of ten minutes, and one of each second. */
import { test } from 'tap';
import { ManualClock } from '../../src/clock.ts';
import { STAGE_AT, StageClock, sampledTick, worstTicks } from '../../workers/stages.ts';
import { createTiming, Timing, TimingReader } from '../../workers/timing.ts';

/** Plays ticks whose stages take as long as is said. */
function bench() {
  const memory = createTiming(4);
  const clock = new ManualClock();
  const stages = new StageClock(memory, () => clock.nowUs());
  const tick = (row: number, number: number, us: readonly number[]): void => {
    stages.start();
    for (const [stage, cost] of us.entries()) {
      clock.advance(cost);
      if (stage < STAGE_AT.out) stages.mark(stage);
    }
    stages.ended(row, number);
  };
  return { memory, clock, tick, worst: () => worstTicks(memory, clock.nowUs()) };
}

test('the worst 16 ticks stay, the longest first, with what each stage took', (t) => {
  const { tick, worst } = bench();
  for (let number = 1; number <= 100; number += 1) tick(number % 3, number, [1, number, 3, 4, 5]);
  t.same(
    worst().map(({ tick: number }) => number),
    Array.from({ length: 16 }, (_, at) => 100 - at),
  );
  t.match(worst()[0], { row: 1, us: 113 });
  t.same(worst()[0]?.stagesUs, { records: 1, begin: 100, hooks: 3, end: 4, out: 5 });
  t.end();
});

test('ticks of more than ten minutes ago make room', (t) => {
  const { tick, worst, clock } = bench();
  for (let number = 1; number <= 16; number += 1) tick(0, number, [0, 9000, 0, 0, 0]);
  clock.advance(601e6);
  t.same(worst(), [], 'and are not shown');
  tick(0, 17, [0, 5, 0, 0, 0]);
  t.same(
    worst().map(({ tick: number }) => number),
    [17],
  );
  t.end();
});

test('one tick of each second is sampled', (t) => {
  const { memory, clock, tick } = bench();
  t.equal(sampledTick(memory), null);
  const sampled = new Set<number>();
  for (let number = 1; number <= 90; number += 1) {
    const startUs = clock.nowUs();
    tick(2, number, [1, 1, 1, 1, 1]);
    clock.advance(33_328);
    const sample = sampledTick(memory);
    if (sample?.tick === number) t.equal(sample.startUs, startUs);
    sampled.add(sample?.tick ?? 0);
  }
  t.same([...sampled], [1, 32, 63]);
  t.end();
});

test('neither disturbs counters and rows beside them', (t) => {
  const { memory, tick } = bench();
  const timing = new Timing(memory);
  timing.setRow(0, 0, 7);
  timing.record(2, 1000);
  for (let number = 1; number <= 40; number += 1) tick(0, number, [9, 9, 9, 9, number]);
  const reader = new TimingReader(memory);
  t.equal(reader.row(0, 0), 7);
  t.equal(reader.histogram('slot').count, 1);
  t.equal(reader.counter('rooms'), 0);
  t.end();
});
