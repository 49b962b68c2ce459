/** What happens when `fray-rtc` hangs, or when the server itself was paused. */
import t from 'tap';
import { releaseWebRtc } from '../../src/transport/client/webrtc-node.ts';
import { WebRtcTransport } from '../../src/transport/server/webrtc.ts';
import { CLOSE } from '../../src/transport/types.ts';
import { until } from './contract.ts';
import { post, startRtc } from './rtc-bench.ts';
import { OFFER } from './rtc-offer.ts';

t.teardown(() => releaseWebRtc());

t.test(
  'a hung fray-rtc is killed and started again: its pipes are lost, new ones open',
  async (test) => {
    const running = await startRtc();
    test.teardown(() => running.stop());
    const { server } = running;
    const closed: number[] = [];
    server.onClose((_pipe, code) => void closed.push(code));
    await running.connect();
    await until(() => server.pipes === 1, 10_000);
    const { pid, port } = server;
    process.kill(pid, 'SIGSTOP');
    const answers = await Promise.all([post(running.port, OFFER), post(running.port, OFFER)]);
    test.same(
      answers.map(({ status }) => status),
      [204, 204],
      'offers that wait for it hear that there is no WebRTC just now',
    );
    test.same(closed, [CLOSE.lost]);
    test.same([server.pipes, server.offers.waiting], [0, 0]);
    await until(() => server.state === 'ready', 30_000);
    await running.connect();
    await until(() => server.pipes === 1, 10_000);
    test.not(server.pid, pid);
    test.equal(server.port, port, 'the port stays');
    test.match(server.drops, { process_hung: 1 });
    test.match(running.said.join(), /sent nothing for 1500 ms/);
  },
);

t.test('one that hangs at its first start is given up: nobody waits for ever', async (test) => {
  const said: string[] = [];
  const server = new WebRtcTransport({ startMs: 500, log: (_level, text) => void said.push(text) });
  test.teardown(() => server.stop());
  process.kill(server.pid, 'SIGSTOP');
  test.equal(await server.ready(), false);
  test.equal(server.state, 'unavailable');
  test.match(said.join(), /WebRTC is not available.*hangs as it starts/);
  await sleep(300);
  test.equal(server.pid, 0, 'and not started again');
});

t.test('one that dies each time as it starts is given up', async (test) => {
  const server = new WebRtcTransport();
  test.teardown(() => server.stop());
  const killed = new Set<number>();
  const timer = setInterval(() => {
    if (server.pid === 0 || killed.has(server.pid)) return;
    killed.add(server.pid);
    process.kill(server.pid, 'SIGKILL');
  }, 5);
  test.equal(await server.ready(), false);
  clearInterval(timer);
  test.equal(killed.size, 6);
  test.equal(server.state, 'unavailable');
});

t.test('a server that was paused itself kills no process that works', async (test) => {
  const running = await startRtc();
  test.teardown(() => running.stop());
  const { server } = running;
  const { pid } = server;
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  for (let k = 0; k < 3; k += 1) {
    Atomics.wait(sleeper, 0, 0, 2500);
    await sleep(20);
  }
  await running.connect();
  await until(() => server.pipes === 1, 10_000);
  test.equal(server.pid, pid);
  test.match(server.drops, { process_hung: 0, process_restarts: 0 });
});

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
