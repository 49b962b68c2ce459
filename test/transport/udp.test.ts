import t from 'tap';
import { openUdp as openUdpPipe } from '../../src/client/udp.ts';
import { openUdp, parseBind, type UdpBufferShort } from '../../src/transport/server/udp.ts';
import { bytesOf, text, until } from './contract.ts';
import { udpBench, udpContract } from './udp-bench.ts';

udpContract('udp', {});

t.test('IPv4 and IPv6 sockets of one server; a pipe hears from its own', async (test) => {
  const bench = await udpBench({ bind: ['127.0.0.1:0', '[::1]:0'] });
  test.teardown(() => bench.transport.stop());
  const addresses: string[] = [];
  bench.transport.onOpen((pipe, address) => {
    addresses.push(address);
    bench.transport.send(pipe, bytesOf(`hello ${address}`));
  });
  for (const server of bench.raw.addresses) {
    const other = await udpBench();
    await other.transport.stop();
    const back: string[] = [];
    // The first server of the list is not there any more: the next one is tried at once.
    const pipe = await openUdpPipe(bench.token({ servers: [...other.raw.addresses, server] }));
    pipe.onDatagram((bytes) => back.push(text(bytes)));
    await until(() => back.length === 1);
    test.same(back, [`hello ${addresses.at(-1)}`]);
    pipe.close(0);
  }
  test.same(addresses, ['127.0.0.1', '::1']);
});

t.test('a pipe opens with the token that it proved', async (test) => {
  const bench = await udpBench();
  test.teardown(() => bench.transport.stop());
  const permits: unknown[] = [];
  bench.transport.onOpen((_pipe, _address, facts) => permits.push(facts.permit, facts.headers));
  const pipe = await openUdpPipe(bench.token({ userId: 'zoë' }));
  test.match(permits, [{ userId: 'zoë', servers: bench.raw.addresses }, null]);
  pipe.close(0);
});

t.test('who is not taken in hears why, where anybody can tell', async (test) => {
  const bench = await udpBench({ clientsMax: 1 });
  test.teardown(() => bench.transport.stop());
  const token = bench.token();
  const first = await openUdpPipe(token);
  await test.rejects(openUdpPipe(bench.token()), { code: 'E_CLOSED' });
  first.close(0);
  await until(() => bench.transport.pipes === 0);
  await test.rejects(openUdpPipe(token, { timeoutMs: 300 }), { code: 'E_JOIN_TIMEOUT' });
  test.ok(bench.netcode.counters.dropUsed > 0, 'a token opens one session');
  const gone = new AbortController();
  const waits = openUdpPipe(token, { signal: gone.signal });
  setTimeout(() => gone.abort(), 20);
  await test.rejects(waits, { code: 'E_ABORTED' });
  await test.rejects(openUdpPipe(token, { signal: gone.signal }), { code: 'E_ABORTED' });
  await test.rejects(openUdpPipe('nonsense'), { code: 'E_TOKEN_INVALID' });
  await bench.transport.stop();
  await test.rejects(openUdpPipe(bench.token()), { code: 'E_CLOSED' }, 'nobody listens');
});

t.test('addresses that cannot be bound are refused, and nothing stays open', async (test) => {
  for (const wrong of ['127.0.0.1', 'localhost:1', '::1:1', '[127.0.0.1]:1', '1.2.3.4:65536', ''])
    test.throws(() => parseBind(wrong), { code: 'E_ADDRESS' }, wrong);
  test.same(parseBind('[::1]:40000'), { address: '::1', port: 40_000 });
  await test.rejects(openUdp({ bind: [] }), { code: 'E_ADDRESS' });
  const taken = await openUdp({ bind: ['127.0.0.1:0'] });
  test.teardown(() => taken.stop());
  const [address = ''] = taken.addresses;
  await test.rejects(openUdp({ bind: ['127.0.0.1:0', address] }), { code: 'E_PORT' });
});

t.test('a buffer that the kernel cuts is told of', async (test) => {
  const told: UdpBufferShort[] = [];
  const raw = await openUdp({
    bind: ['127.0.0.1:0'],
    receiveBytes: 1 << 30,
    sendBytes: 4096,
    onBufferShort: (short) => told.push(short),
  });
  test.teardown(() => raw.stop());
  test.match(told, [{ direction: 'receive', askedBytes: 1 << 30, address: raw.addresses[0] }]);
  test.ok((told[0]?.gotBytes ?? 0) > 0);
});
