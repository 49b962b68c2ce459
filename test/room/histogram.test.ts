import t from 'tap';
import { HISTOGRAM_BOUNDS_US, rebucket } from '../../src/room/histogram.ts';
import { BUCKETS, bucketOf } from '../../workers/timing.ts';

t.test('a duration is shown at or below the bound that it does not exceed', async (t) => {
  for (const us of [0, 1, 7, 15, 16, 17, 1000, 1023, 1024, 30_000, 262_143, 262_144, 5_000_000]) {
    const fine = new Array<number>(BUCKETS).fill(0);
    fine[bucketOf(us)] = 1;
    const shown = rebucket(fine).indexOf(1);
    const expected = HISTOGRAM_BOUNDS_US.findIndex((bound) => us < bound);
    t.equal(shown, expected < 0 ? HISTOGRAM_BOUNDS_US.length : expected, `${us} us`);
  }
});

t.test('nothing is lost on the way', async (t) => {
  const fine = Array.from({ length: BUCKETS }, (_, bucket) => bucket);
  t.equal(
    rebucket(fine).reduce((sum, n) => sum + n, 0),
    fine.reduce((sum, n) => sum + n, 0),
  );
});
