/** Single ticks in shared memory: the worst of ten minutes, and one of each second. */
import { test } from 'tap';
import { ManualClock } from '../../src/clock.ts';
import { TIMES } from '../../workers/slots.ts';
import { STAGE_AT, StageClock, sampledTick, watchTicks, worstTicks } from '../../workers/stages.ts';
import { createTiming, Timing, TimingReader } from '../../workers/timing.ts';

/** Of the other stages, us. */
const NOTHING = [0, 0, 0, 0, 0, 0, 0, 0, 0];

/** Plays ticks whose stages take as long as is said; `watched`: as while an operator looks. */
function bench(watched: boolean) {
  const memory = createTiming(4);
  const clock = new ManualClock();
  const times = new Float64Array(4);
  const stages = new StageClock(memory, { nowUs: () => clock.nowUs(), times });
  const tick = (row: number, number: number, us: readonly number[]): boolean => {
    if (watched) watchTicks(memory, clock.nowUs());
    times[TIMES.end] = clock.nowUs();
    const { due } = stages;
    for (const [stage, cost] of us.entries()) {
      clock.advance(cost);
      if (due && stage < STAGE_AT.out) stages.mark(stage);
    }
    if (due) stages.ended(row, number);
    return due;
  };
  return { memory, clock, tick, worst: () => worstTicks(memory, clock.nowUs()) };
}

test('while somebody looks the worst 16 ticks stay, the longest first, with what each stage took', (t) => {
  const { tick, worst } = bench(true);
  for (let number = 1; number <= 100; number += 1)
    tick(number % 3, number, [1, 2, 3, 4, 5, number, 7, 8, 9, 10, 11]);
  t.same(
    worst().map(({ tick: number }) => number),
    Array.from({ length: 16 }, (_, at) => 100 - at),
  );
  t.match(worst()[0], { row: 1, us: 160 });
  t.same(worst()[0]?.stagesUs, {
    ...{ enter: 1, ingest: 2, apply: 3, simulate: 4, resolve: 5, plugin: 100 },
    ...{ command: 7, record: 8, select: 9, encode: 10, out: 11 },
  });
  t.end();
});

test('ticks of more than ten minutes ago make room', (t) => {
  const { tick, worst, clock } = bench(true);
  for (let number = 1; number <= 16; number += 1) tick(0, number, [0, 9000, ...NOTHING]);
  clock.advance(601e6);
  t.same(worst(), [], 'and are not shown');
  tick(0, 17, [0, 5, ...NOTHING]);
  t.same(
    worst().map(({ tick: number }) => number),
    [17],
  );
  t.end();
});

test('one tick of each second is timed, and all for a minute once somebody looks', (t) => {
  const { memory, clock, tick } = bench(false);
  t.equal(sampledTick(memory), null);
  const timed: number[] = [];
  const play = (from: number, to: number): void => {
    for (let number = from; number <= to; number += 1) {
      const startUs = clock.nowUs();
      if (tick(2, number, [1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0])) {
        timed.push(number);
        t.match(sampledTick(memory), { row: 2, tick: number, startUs, us: 5 });
      }
      clock.advance(33_328);
    }
  };
  play(1, 90);
  t.same(timed, [1, 32, 63]);
  watchTicks(memory, clock.nowUs());
  play(91, 120);
  t.same(
    timed.slice(3),
    Array.from({ length: 27 }, (_, at) => 94 + at),
    'from the next of a second on',
  );
  clock.advance(61e6);
  timed.length = 0;
  play(121, 160);
  t.same(timed, [121, 152]);
  t.end();
});

test('a tick that is timed runs stage by stage, and what was between is the plugin', (t) => {
  const clock = new ManualClock();
  const memory = createTiming(1);
  clock.advance(100);
  const times = new Float64Array(4);
  times[TIMES.end] = clock.nowUs();
  const stages = new StageClock(memory, { nowUs: () => clock.nowUs(), times });
  const ran: number[] = [];
  const core = {
    stage(number: number, length: number): number {
      ran.push(number);
      clock.advance(10 * number);
      return 100 * number + length;
    },
  };
  stages.mark(STAGE_AT.enter);
  t.equal(stages.begin(core, 4), 404);
  clock.advance(7);
  t.equal(stages.end(core, 5), 805);
  stages.ended(0, 1);
  t.same(ran, [1, 2, 3, 4, 5, 6, 7, 8]);
  t.same(sampledTick(memory)?.stagesUs, {
    ...{ enter: 0, ingest: 10, apply: 20, simulate: 30, resolve: 40, plugin: 7 },
    ...{ command: 50, record: 60, select: 70, encode: 80, out: 0 },
  });
  t.end();
});

test('neither disturbs counters and rows beside them', (t) => {
  const { memory, tick } = bench(true);
  const timing = new Timing(memory);
  timing.setRow(0, 0, 7);
  timing.record(2, 1000);
  for (let number = 1; number <= 40; number += 1)
    tick(0, number, [9, 9, 9, 9, 9, 9, 9, 9, 9, 9, number]);
  const reader = new TimingReader(memory);
  t.equal(reader.row(0, 0), 7);
  t.equal(reader.histogram('slot').count, 1);
  t.equal(reader.counter('rooms'), 0);
  t.match(reader.histogram('encode'), { count: 40, sumUs: 360 });
  t.match(reader.histogram('out'), { count: 40, sumUs: 820 });
  t.end();
});
