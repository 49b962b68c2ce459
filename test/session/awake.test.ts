/** Silence is what the server could have heard: its own sleep is none. */
import t from 'tap';
import { AwakeClock } from '../../src/session/server/awake.ts';
import { Bench, words } from './bench.ts';

t.test('while the server itself sleeps, nobody is silent', async (test) => {
  const bench = new Bench();
  bench.join();
  bench.open();
  bench.wait(3000);
  test.same(bench.sleep(60_000), [], 'neither a player nor a handshake is out of time');
  test.same(bench.wait(1500), []);
  test.equal(words(bench.wait(500)).length, 2, 'the handshake has had its 5 s awake');
  test.same(bench.wait(4500), []);
  test.equal(words(bench.wait(500)).length, 3, 'the player was silent for 10 s awake');
});

t.test('an awake clock goes on as long as it is looked at, and never back', async (test) => {
  const clock = new AwakeClock();
  test.equal(clock.at(7_000_000), 7_000_000, 'before the first look it is the clock itself');
  test.equal(clock.look(7_000_000), 7_000_000);
  test.equal(clock.look(7_100_000), 7_100_000);
  test.equal(clock.at(7_200_000), 7_200_000);
  test.equal(clock.at(99_000_000), 7_350_000, 'nobody looked for long: it was asleep');
  test.equal(clock.look(99_000_000), 7_350_000);
  test.equal(clock.at(99_000_000), 7_350_000);
  test.equal(clock.look(99_100_000), 7_450_000);
});
