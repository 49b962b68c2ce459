/** The parts of the life of `fray-rtc` that need no process. */
import t from 'tap';
import { Pulse, TURN_MS } from '../../src/transport/server/rtc/pulse.ts';
import { restartMs } from '../../src/transport/server/rtc/rtc-process.ts';

t.test('the wait after deaths in a row never falls, and ends at ten seconds', async (test) => {
  const waits = Array.from({ length: 4000 }, (_, crashes) => restartMs(crashes));
  test.same(waits.slice(0, 4), [0, 100, 200, 400]);
  for (let k = 1; k < waits.length; k += 1)
    if ((waits[k] as number) < (waits[k - 1] as number)) test.fail(`${k}: ${waits[k]} ms`);
  test.equal(waits[26], 10_000, 'also where 50 << 26 is negative');
  test.equal(waits.at(-1), 10_000);
});

t.test(
  'a process is hung after so many turns without a beat, and a beat starts anew',
  async (test) => {
    const pulse = new Pulse(0);
    const turns = (from: number, count: number): boolean[] =>
      Array.from({ length: count }, (_, k) => pulse.turn((from + k) * TURN_MS, 1500));
    test.same(turns(1, 5), [false, false, false, false, false]);
    pulse.beat();
    test.same(turns(6, 7), [false, false, false, false, false, true, true]);
  },
);

t.test('turns of a server that was late itself accuse nobody', async (test) => {
  const pulse = new Pulse(0);
  for (let k = 1; k <= 100; k += 1) test.notOk(pulse.turn(k * 3000, 1500));
  for (let k = 1; k <= 5; k += 1) test.notOk(pulse.turn(300_000 + k * TURN_MS, 1500));
  test.notOk(pulse.turn(400_000, 1500), 'paused before the last turn: once more');
  test.ok(pulse.turn(400_000 + TURN_MS, 1500));
});
