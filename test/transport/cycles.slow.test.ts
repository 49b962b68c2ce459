/**
 * 1,000 clients of every transport come and go, half of them sent away, and leave nothing behind: no pipe, no number, no
 * socket, no memory, and over WebRTC none in `fray-rtc` either.
 */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { openUdp } from '../../src/client/udp.ts';
import { connectMemory } from '../../src/transport/client/memory.ts';
import { releaseWebRtc } from '../../src/transport/client/webrtc-node.ts';
import { openNodeWebSocket } from '../../src/transport/client/websocket-node.ts';
import { lossyPipe, lossyServer } from '../../src/transport/lossy.ts';
import { MemoryServer } from '../../src/transport/server/memory.ts';
import { WebSocketTransport } from '../../src/transport/server/websocket.ts';
import type { ClientPipe } from '../../src/transport/types.ts';
import { cycles } from './cycles.ts';
import { startRtc } from './rtc-bench.ts';
import { udpBench } from './udp-bench.ts';

// Peers of WebRTC cost some 30 ms of a processor each, which others may want as well.
t.setTimeout(600_000);

cycles('memory', async () => {
  const server = new MemoryServer();
  return { server, connect: async () => connectMemory(server), stop: () => server.stop() };
});

cycles('lossy', async () => {
  const inner = new MemoryServer();
  const link = 'rtt=2,jitter=1,loss=5,seed=3';
  const server = lossyServer(inner, link);
  const connect = async (): Promise<ClientPipe> => lossyPipe(connectMemory(inner), link);
  return { server, connect, stop: () => server.stop() };
});

cycles('udp', async () => {
  const bench = await udpBench();
  return {
    server: bench.transport,
    connect: () => openUdp(bench.token()),
    stop: () => bench.transport.stop(),
    settled: (test) =>
      test.same(bench.netcode.facts, { clients: 0, pending: 0, links: 0 }) && undefined,
  };
});

cycles('websocket', async () => {
  const server = new WebSocketTransport();
  const http = createServer();
  http.on('upgrade', (request, socket, head) => server.handleUpgrade(request, socket, head));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}/ws`;
  return {
    server,
    connect: () => openNodeWebSocket(url),
    async stop() {
      await server.stop();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
});

t.teardown(() => releaseWebRtc());
cycles(
  'webrtc',
  async () => {
    const running = await startRtc({ offersPerSecond: 10_000, offersPerAddressPerSecond: 10_000 });
    return {
      server: running.server,
      connect: () => running.connect(),
      stop: () => running.stop(),
      bytes: () => residentBytes(running.server.pid),
    };
  },
  // The pipes of the bench itself are 500 more, with what Node's binding keeps of each.
  { heapBytesMax: 4_000_000, bytesMax: 30_000_000 },
);

/** Of another process. */
async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return 1024 * Number(/VmRSS:\s*(\d+)/.exec(status)?.[1]);
}
