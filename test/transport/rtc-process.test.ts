/** The parts of the life of `fray-rtc` that need no process. */
import t from 'tap';
import { restartMs } from '../../src/transport/server/rtc/rtc-process.ts';

t.test('the wait after deaths in a row never falls, and ends at ten seconds', async (test) => {
  const waits = Array.from({ length: 4000 }, (_, crashes) => restartMs(crashes));
  test.same(waits.slice(0, 4), [0, 100, 200, 400]);
  for (let k = 1; k < waits.length; k += 1)
    if ((waits[k] as number) < (waits[k - 1] as number)) test.fail(`${k}: ${waits[k]} ms`);
  test.equal(waits[26], 10_000, 'also where 50 << 26 is negative');
  test.equal(waits.at(-1), 10_000);
});
