/**
 * 1,000 clients of every transport come and go, half of them sent away, and leave nothing behind: no pipe, no number, no
 * socket, no memory, and over WebRTC none in `fray-rtc` either.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t, { type Test } from 'tap';
import { openUdp } from '../../src/client/udp.ts';
import { PublicHttp } from '../../src/http/public.ts';
import { connectMemory } from '../../src/transport/client/memory.ts';
import { releaseWebRtc } from '../../src/transport/client/webrtc-node.ts';
import { openNodeWebSocket } from '../../src/transport/client/websocket-node.ts';
import { lossyPipe, lossyServer } from '../../src/transport/lossy.ts';
import { MemoryServer } from '../../src/transport/server/memory.ts';
import { UwsTransport } from '../../src/transport/server/uws.ts';
import { UwsFront } from '../../src/transport/server/uws-front.ts';
import { loadUws, type UwsModule } from '../../src/transport/server/uws-module.ts';
import { WebSocketTransport } from '../../src/transport/server/websocket.ts';
import type { ClientPipe, ServerTransport } from '../../src/transport/types.ts';
import { bytesOf, text, until } from './contract.ts';
import { startRtc } from './rtc-bench.ts';
import { udpBench } from './udp-bench.ts';
import { standIn } from './uws-stand-in.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const CYCLES = 1000;
/** At once. */
const LANES = 10;
// Peers of WebRTC cost some 30 ms of a processor each, which others may want as well.
t.setTimeout(600_000);

interface Stage {
  readonly server: ServerTransport;
  connect(): Promise<ClientPipe>;
  stop(): Promise<void>;
  /** What else may have grown, in bytes. */
  bytes?(): Promise<number>;
  /** After all have gone. */
  settled?(test: Test): void;
}

interface Limits {
  /** That the second half of the cycles may add to the heap. */
  readonly heapBytesMax?: number;
  /** And to `Stage.bytes`. */
  readonly bytesMax?: number;
}

interface Bytes {
  readonly heap: number;
  readonly other: number;
}

function cycles(name: string, open: () => Promise<Stage>, limits: Limits = {}): void {
  t.test(`${name}: 1,000 come and go, and leave nothing behind`, async (test) => {
    const stage = await open();
    test.teardown(() => stage.stop());
    const { server } = stage;
    const opened: number[] = [];
    const closed = new Set<number>();
    /** Pipe by what its client says. */
    const pipes = new Map<string, number>();
    server.onOpen((pipe) => opened.push(pipe));
    server.onDatagram((pipe, bytes) => {
      pipes.set(text(bytes), pipe);
      server.send(pipe, bytes);
    });
    server.onClose((pipe) => closed.add(pipe));
    const one = async (k: number): Promise<void> => {
      const word = `client ${k}`;
      const pipe = await stage.connect();
      let back = 0;
      pipe.onDatagram(() => (back += 1));
      // Some kinds may lose one.
      for (let tries = 0; back === 0 && tries < 20; tries += 1) {
        pipe.send(bytesOf(word));
        await until(() => back > 0, 1000).catch(() => {});
      }
      const number = pipes.get(word) ?? -1;
      if (k % 2 === 0) pipe.close(0);
      else server.close(number, 0);
      await until(() => closed.has(number), 20_000);
      pipes.delete(word);
    };
    const half = async (from: number): Promise<Bytes> => {
      let next = from;
      const lane = async (): Promise<void> => {
        while (next < from + CYCLES / 2) await one(next++);
      };
      await Promise.all(Array.from({ length: LANES }, lane));
      return settled(stage);
    };
    const before = await half(0);
    const after = await half(CYCLES / 2);
    test.equal(new Set(opened).size, CYCLES, 'no number comes twice soon');
    test.equal(closed.size, CYCLES);
    test.equal(server.pipes, 0);
    test.equal(server.counters.opened, CYCLES);
    test.equal(server.counters.closed, CYCLES);
    stage.settled?.(test);
    let heapBytes = after.heap - before.heap;
    let otherBytes = after.other - before.other;
    const heapMost = limits.heapBytesMax ?? 1_000_000;
    if (heapBytes >= heapMost) {
      // V8 throws code away and makes it anew now and then, some 2 MB; what leaks grows each time.
      const again = await half(CYCLES);
      heapBytes = Math.min(heapBytes, again.heap - after.heap);
      otherBytes = Math.min(otherBytes, again.other - after.other);
    }
    test.comment(`${heapBytes} bytes of heap, ${otherBytes} others for the second half`);
    test.ok(heapBytes < heapMost, `${heapBytes} bytes of heap`);
    test.ok(otherBytes <= (limits.bytesMax ?? 0), `${otherBytes} bytes`);
  });
}

async function settled(stage: Stage): Promise<Bytes> {
  // What closes takes a moment to be let go.
  await new Promise((resolve) => setTimeout(resolve, 200));
  collect();
  return { heap: process.memoryUsage().heapUsed, other: (await stage.bytes?.()) ?? 0 };
}

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

async function openUws(uws: UwsModule): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'fray-uws-'));
  const http = new PublicHttp();
  const inner = join(folder, 'http.sock');
  await http.listenAt(inner);
  const server = new UwsTransport();
  const front = new UwsFront({ uws, inner, attach: (app) => server.attach(app, '/ws') });
  const port = await front.listen(0, '127.0.0.1');
  return {
    server,
    connect: () => openNodeWebSocket(`ws://127.0.0.1:${port}/ws`),
    async stop() {
      await server.stop();
      await front.stop();
      await http.stop();
      await rm(folder, { recursive: true });
    },
  };
}

cycles('uws stand-in', () => openUws(standIn));
const real = await loadUws().catch(() => null);
if (real !== null) cycles('uWebSockets.js', () => openUws(real));
else t.pass('not run: uWebSockets.js is not installed; the stand-in was run in its place');

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
