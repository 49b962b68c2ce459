import t from 'tap';
import { addressPrefix, Bucket, PrefixRates, Tally, widePrefix } from '../../src/limits.ts';
import { AddressLedger, SessionRates } from '../../src/session/server/limits.ts';

t.test(
  'a bucket lets a burst through, refills evenly, and never more than its depth',
  async (test) => {
    const bucket = new Bucket(10, 5, 0);
    const take = (count: number, nowUs: number): number =>
      Array.from({ length: count }, () => bucket.take(nowUs)).filter(Boolean).length;
    test.equal(take(20, 0), 5);
    test.equal(take(20, 99_999), 0);
    test.equal(take(20, 100_001), 1);
    test.equal(take(20, 60e6), 5);
    test.equal(take(20, 50e6), 0, 'time that goes back gives nothing');
    test.equal(bucket.isFull(60.4e6), false);
    test.equal(bucket.isFull(60.6e6), true);
  },
);

t.test(
  'rates of sessions do not touch each other, and time that goes back gives nothing',
  async (test) => {
    const rates = new SessionRates(2, 10, 1000);
    rates.reset(0, 0);
    rates.reset(1, 0);
    test.equal(Array.from({ length: 15 }, () => rates.take(0, 1, 0)).filter(Boolean).length, 10);
    test.equal(rates.take(1, 1000, 0), true);
    test.equal(rates.take(1, 1, 0), false, 'bytes are out');
    test.equal(rates.take(1, 1, -1e6), false);
    test.equal(rates.take(1, 1, 1000), true);
  },
);

t.test('an address is an IPv4 address or an IPv6 /56', async (test) => {
  test.equal(addressPrefix('10.1.2.3'), '10.1.2.3');
  test.equal(addressPrefix('2001:db8:1:2ff:a:b:c:d'), '2001:db8:1:200::/56');
  test.equal(addressPrefix('2001:db8::1'), '2001:db8:0:0::/56');
  test.equal(addressPrefix('::1'), '0:0:0:0::/56');
  test.equal(addressPrefix('2001:db8:1:200::'), addressPrefix('2001:db8:1:2ab:1::'));
  for (const text of ['', 'memory', ':', 'x:y:z:w:1:2:3:4', '1:2:3', '12345::'])
    test.equal(addressPrefix(text), text);
});

t.test('of too many addresses the oldest without a session is forgotten', async (test) => {
  const ledger = new AddressLedger({
    pipesPerAddressMax: 1,
    sessionsPerAddressMax: 1,
    hellosPerAddressPerSecond: 1,
    addressesMax: 3,
  });
  for (const address of ['a', 'b', 'c']) {
    test.equal(ledger.open(address, 0), true);
    for (let k = 0; k < 5; k += 1) ledger.hello(address, 0);
  }
  test.equal(ledger.open('a', 0), false);
  ledger.close('a');
  ledger.close('a');
  ledger.close('b');
  test.equal(ledger.open('d', 0), true);
  test.equal(ledger.size, 3);
  test.equal(ledger.open('b', 0), true);
  test.equal(ledger.hello('b', 0), false, 'b was remembered');
  ledger.close('d');
  test.equal(ledger.open('a', 0), true);
  test.equal(ledger.hello('a', 0), true, 'a was forgotten');
  ledger.close('c');
  for (let k = 0; k < 4; k += 1) test.equal(ledger.hello('nobody', 0), true, 'without a pipe');
  test.equal(ledger.hello('nobody', 0), false, 'and remembered, in the place of the oldest');
  test.equal(ledger.size, 3);
  for (const address of ['a', 'b', 'c', 'd']) ledger.close(address);
  ledger.sweep(100e6);
  test.equal(ledger.size, 0);
});

t.test('a wide prefix is an IPv4 /24, plain or wrapped in IPv6, or an IPv6 /56', async (test) => {
  test.equal(widePrefix('10.1.2.3'), '10.1.2.0/24');
  test.equal(widePrefix('::ffff:10.1.2.3'), '10.1.2.0/24');
  test.equal(widePrefix('2001:db8:1:2ff:a:b:c:d'), '2001:db8:1:200::/56');
  test.equal(widePrefix('memory'), 'memory');
  const rates = new PrefixRates(1, 2);
  for (let k = 0; k < 4; k += 1) test.equal(rates.take('10.0.0.1', 0), true);
  test.equal(rates.take('10.0.0.2', 0), false);
  rates.take('10.0.1.1', 0);
  rates.take('10.0.2.1', 0);
  test.equal(rates.size, 2, 'of too many the one that asked the longest time ago is forgotten');
  rates.sweep(60e6);
  test.equal(rates.size, 0);
});

t.test('a tally holds so many of one network, and of all', async (test) => {
  const tally = new Tally(3, 2);
  const enter = (address: string): string => {
    const refusal = tally.refusal(address);
    if (refusal === null) tally.enter(address);
    return refusal ?? 'in';
  };
  test.same(['10.0.0.1', '10.0.0.2', '10.0.0.3'].map(enter), ['in', 'in', 'address']);
  test.same(['10.0.1.1', '10.0.2.1'].map(enter), ['in', 'full']);
  tally.leave('10.0.0.9');
  test.same(['10.0.0.1', '10.0.0.1'].map(enter), ['in', 'full']);
  test.equal(tally.count, 3);
});

t.test(
  'of a tally each network has half, 16 at least, where nobody says otherwise',
  async (test) => {
    const most = (max: number): number => {
      const tally = new Tally(max);
      let count = 0;
      while (tally.refusal('10.0.0.1') === null && count < 1000) {
        tally.enter(`10.0.0.${count % 256}`);
        count += 1;
      }
      return count;
    };
    test.same([1, 16, 20, 64, 256].map(most), [1, 16, 16, 32, 128]);
  },
);
