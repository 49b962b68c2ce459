/**
 * The buckets that the metrics page shows of the workers' finer ones. Why fewer: a worker counts 184 buckets for exact quantiles, a
 * Prometheus server stores one series for each. A fine bucket belongs where its upper bound lies, so a shown bound is never too low.
 */
import { BUCKETS, bucketLow } from '../../workers/timing.ts';

export { quantileUs } from '../../workers/timing.ts';

/** us. Powers of two from 16 us to 262 ms: all of them are bounds of fine buckets, so nothing is moved across one. */
export const HISTOGRAM_BOUNDS_US: readonly number[] = Array.from(
  { length: 15 },
  (_, step) => 16 * 2 ** step,
);

/** Counts per shown bucket, the last for all above the highest bound. */
export function rebucket(fine: ArrayLike<number>): number[] {
  const counts = new Array<number>(HISTOGRAM_BOUNDS_US.length + 1).fill(0);
  let shown = 0;
  for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
    while (
      shown < HISTOGRAM_BOUNDS_US.length &&
      bucketLow(bucket + 1) > (HISTOGRAM_BOUNDS_US[shown] ?? 0)
    )
      shown += 1;
    counts[shown] = (counts[shown] ?? 0) + (fine[bucket] ?? 0);
  }
  return counts;
}
