/** The transport `udp` over native I/O threads keeps what every transport has to keep. Needs `npm run build:native`. */
import t from 'tap';
import { loadNative, type NativeModule } from '../../native/addon.ts';
import { openUdp as openUdpPipe } from '../../src/client/udp.ts';
import { bytesOf, text, until } from '../transport/contract.ts';
import { udpBench, udpContract } from '../transport/udp-bench.ts';
import { MODULE, NOT_BUILT } from './module.ts';

if (MODULE === null) t.pass(NOT_BUILT);
else run(loadNative(MODULE));

function run(native: NativeModule): void {
  for (const threads of [1, 2]) udpContract(`udp, native, threads ${threads}`, { native, threads });

  t.test('IPv4 and IPv6 sockets of one server; a pipe hears from its own', async (test) => {
    const bench = await udpBench({ native, bind: ['127.0.0.1:0', '[::1]:0'] });
    test.teardown(() => bench.transport.stop());
    const addresses: string[] = [];
    bench.transport.onOpen((pipe, address) => {
      addresses.push(address);
      bench.transport.send(pipe, bytesOf(`hello ${address}`));
    });
    for (const server of bench.raw.addresses) {
      const back: string[] = [];
      const pipe = await openUdpPipe(bench.token({ servers: [server] }));
      pipe.onDatagram((bytes) => back.push(text(bytes)));
      await until(() => back.length === 1);
      test.same(back, [`hello ${addresses.at(-1)}`]);
      pipe.close(0);
    }
    test.same(addresses, ['127.0.0.1', '::1']);
  });

  t.test('who is not taken in hears why, where anybody can tell', async (test) => {
    const bench = await udpBench({ native, clientsMax: 1 });
    test.teardown(() => bench.transport.stop());
    const token = bench.token();
    const first = await openUdpPipe(token);
    await test.rejects(openUdpPipe(bench.token()), { code: 'E_CLOSED' });
    first.close(0);
    await until(() => bench.transport.pipes === 0);
    await test.rejects(openUdpPipe(token, { timeoutMs: 300 }), { code: 'E_JOIN_TIMEOUT' });
    test.ok(bench.netcode.counters.dropUsed > 0, 'a token opens one session');
  });
}
