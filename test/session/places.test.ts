/** How many there may be: pipes, sessions, and handshakes of an address, a prefix and the whole server. */
import t from 'tap';
import { ERROR } from '../../protocol/gen/tables.ts';
import { VERDICT } from '../../src/session/server/table.ts';
import { Bench, hello, words } from './bench.ts';

t.test('places and addresses are limited; what is refused costs no place', async (test) => {
  const bench = new Bench({ sessionsMax: 3, sessionsPerAddressMax: 1 });
  for (const address of ['1.1.1.1', '1.1.1.1', '2001:db8:0:100::1', '2001:db8:0:1ff::2'])
    bench.open(address);
  const refused = [bench.open('1.1.1.1'), bench.open('2001:db8:0:1aa::3')];
  test.same(
    words(bench.poll()),
    refused.map((pipe) => `close ${pipe} ${ERROR.E_SESSIONS_LIMIT}`),
    'two pipes for each session that an address may have',
  );
  test.equal(bench.table.admits('2001:db8:0:100::9'), false);
  test.equal(bench.table.admits('3.3.3.3'), true);
  bench.open('3.3.3.3');
  bench.open('4.4.4.4');
  const late = bench.open('5.5.5.5');
  test.same(words(bench.poll()), [`close ${late} ${ERROR.E_SESSIONS_LIMIT}`]);
  test.equal(bench.table.facts.pipes, 6);
  test.equal(bench.table.refused.E_SESSIONS_LIMIT, 3);
  bench.table.closed(1, bench.nowUs);
  bench.poll();
  const again = bench.open('1.1.1.1');
  test.equal(bench.table.facts.pipes, 6);
  for (const pipe of [2, again]) bench.handle(pipe, hello());
  test.same(
    words(bench.poll()),
    ['send 2 accept', `send ${again} goodbye 35`, `close ${again} 35`],
    'a second session of the address is one too many',
  );
});

t.test('sessions are limited apart from pipes', async (test) => {
  const bench = new Bench({ sessionsMax: 2 });
  bench.join('1.1.1.1');
  bench.join('2.2.2.2');
  const third = bench.open('3.3.3.3');
  bench.handle(third, hello());
  test.same(words(bench.poll()), [`send ${third} goodbye 35`, `close ${third} 35`]);
  test.equal(bench.table.facts.joined, 2);
});

t.test('handshakes are limited per address and for the whole server', async (test) => {
  const bench = new Bench({
    hellosPerAddressPerSecond: 2,
    hellosPerSecond: 20,
    sessionsPerAddressMax: 1000,
  });
  const greet = (address: string): number => bench.handle(bench.open(address), hello());
  const verdicts = Array.from({ length: 10 }, () => greet('1.1.1.1'));
  test.equal(
    verdicts.filter((one) => one === VERDICT.consumed).length,
    8,
    'a burst of four seconds',
  );
  test.equal(bench.table.counters.dropHelloAddress, 2);
  const others = Array.from({ length: 20 }, (_, k) => greet(`2.2.2.${k}`));
  test.equal(others.filter((one) => one === VERDICT.consumed).length, 12);
  test.equal(bench.table.counters.dropHelloServer, 8);
  bench.wait(1000);
  test.equal(greet('1.1.1.1'), VERDICT.consumed);
});

t.test('handshakes are limited per prefix: a /24 of addresses is no crowd', async (test) => {
  const bench = new Bench({ hellosPerPrefixPerSecond: 3 });
  const greet = (address: string): number => bench.handle(bench.open(address), hello());
  const verdicts = Array.from({ length: 20 }, (_, k) => greet(`7.7.7.${k}`));
  test.equal(verdicts.filter((one) => one === VERDICT.consumed).length, 12, 'four seconds of them');
  test.equal(bench.table.counters.dropHelloPrefix, 8);
  test.equal(greet('7.7.8.1'), VERDICT.consumed, 'the next prefix does not notice');
  test.equal(bench.table.facts.prefixes, 2);
  bench.wait(1000);
  test.equal(greet('::ffff:7.7.7.99'), VERDICT.consumed);
  bench.wait(60_000);
  test.equal(bench.table.facts.prefixes, 0, 'prefixes that ask no more are forgotten');
});
