import fc from 'fast-check';
import { test } from 'tap';
import {
  BUCKETS,
  bucketLow,
  bucketOf,
  COUNTER,
  createTiming,
  HISTOGRAM,
  quantileUs,
  ROW,
  Timing,
  TimingReader,
} from '../../workers/timing.ts';

test('a bucket holds its value and is at most an eighth wide', (t) => {
  const property = fc.property(fc.double({ min: 0, max: 16_000_000, noNaN: true }), (us) => {
    const bucket = bucketOf(us);
    const [low, high] = [bucketLow(bucket), bucketLow(bucket + 1)];
    return low <= us && us < high && (high - low <= 1 || high - low <= low / 8) && bucket < BUCKETS;
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 2000 }));
  t.equal(bucketOf(-3), 0);
  t.equal(bucketOf(1e12), BUCKETS - 1);
  t.end();
});

test('counters, rows and histograms arrive at the reader', (t) => {
  const memory = createTiming(3);
  const timing = new Timing(memory);
  const reader = new TimingReader(memory);
  timing.add(COUNTER.ticks, 3);
  timing.add(COUNTER.ticks, 4);
  timing.setRow(2, ROW.people, 17);
  for (let us = 1; us <= 1000; us += 1) timing.record(HISTOGRAM.lateness, us);
  t.equal(reader.counter('ticks'), 7);
  t.equal(reader.row(2, ROW.people), 17);
  t.equal(reader.row(1, ROW.people), 0);
  const histogram = reader.histogram('lateness');
  t.equal(histogram.count, 1000);
  t.equal(histogram.sumUs, 500_500);
  t.ok(Math.abs(quantileUs(histogram, 0.5) - 500) <= 63);
  t.equal(quantileUs(reader.histogram('tick'), 0.99), 0);
  t.throws(() => new TimingReader(new SharedArrayBuffer(64)), { code: 'E_CORE' });
  t.end();
});
