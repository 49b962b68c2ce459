import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t from 'tap';
import { openUdp } from '../../src/client/udp.ts';
import { bytesOf, until } from './contract.ts';
import { udpBench } from './udp-bench.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

t.test('1,000 UDP clients come and go, and leave nothing behind', async (test) => {
  const bench = await udpBench();
  test.teardown(() => bench.transport.stop());
  const opened: number[] = [];
  const closed: number[] = [];
  bench.transport.onOpen((pipe) => opened.push(pipe));
  bench.transport.onDatagram((pipe, bytes) => bench.transport.send(pipe, bytes));
  bench.transport.onClose((pipe) => closed.push(pipe));
  let heapBytes = 0;
  for (let k = 0; k < 1000; k += 1) {
    const pipe = await openUdp(bench.token());
    let back = 0;
    pipe.onDatagram(() => (back += 1));
    for (let tries = 0; back === 0 && tries < 20; tries += 1) {
      pipe.send(bytesOf('x'));
      await until(() => back > 0, 250).catch(() => {});
    }
    if (k % 3 === 0) pipe.close(0);
    else bench.transport.close(opened[k] ?? -1, 0);
    await until(() => closed.length === k + 1);
    if (k === 499) heapBytes = settledHeapBytes();
  }
  test.equal(new Set(opened).size, 1000, 'no number comes twice soon');
  test.same(closed, opened);
  test.equal(bench.transport.pipes, 0);
  test.same(bench.netcode.facts, { clients: 0, pending: 0, links: 0 });
  // The names of used tokens stay until they expire: 500 of them.
  const grownBytes = settledHeapBytes() - heapBytes;
  test.comment(`${grownBytes} bytes for the second 500`);
  test.ok(grownBytes < 1_000_000, `${grownBytes} bytes`);
});

function settledHeapBytes(): number {
  collect();
  return process.memoryUsage().heapUsed;
}
