import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import t from 'tap';
import { WebSocket } from 'ws';
import { ERROR, PACKET_BYTES_MAX } from '../../protocol/gen/tables.ts';
import { openWebSocket, webSocketUrl } from '../../src/transport/client/websocket.ts';
import { openNodeWebSocket } from '../../src/transport/client/websocket-node.ts';
import { addressOf, originAllowed } from '../../src/transport/server/peer.ts';
import type { WebSocketServerOptions } from '../../src/transport/server/websocket.ts';
import { WebSocketTransport } from '../../src/transport/server/websocket.ts';
import { CLOSE } from '../../src/transport/types.ts';
import { bytesOf, until } from './contract.ts';
import { rawUpgrade, statusOf, webSocketContract } from './websocket-contract.ts';

interface Running {
  readonly server: WebSocketTransport;
  readonly url: string;
  readonly port: number;
  /** The server's ends of its sockets, oldest first. */
  readonly sockets: readonly Duplex[];
  stop(): Promise<void>;
}

webSocketContract('websocket', async (options) => {
  const running = await start(options);
  return { ...running, socketUrl: running.url };
});

t.test('a text frame closes the pipe and is counted', async (test) => {
  const running = await start();
  test.teardown(() => running.stop());
  const closed: number[] = [];
  let heard = 0;
  running.server.onDatagram(() => (heard += 1));
  running.server.onClose((_pipe, code) => closed.push(code));
  const ws = new WebSocket(running.url);
  const code = new Promise<number>((resolve) => ws.on('close', resolve));
  await new Promise((resolve) => ws.on('open', resolve));
  ws.send('hello');
  test.equal(await code, 1003);
  await until(() => closed.length === 1);
  test.same(closed, [CLOSE.unsupported]);
  test.equal(running.server.counters.violations, 1);
  test.equal(heard, 0);
});

t.test('an oversize frame closes the pipe and is counted', async (test) => {
  const running = await start();
  test.teardown(() => running.stop());
  const closed: number[] = [];
  running.server.onClose((_pipe, code) => closed.push(code));
  const ws = new WebSocket(running.url);
  ws.on('error', () => {});
  const code = new Promise<number>((resolve) => ws.on('close', resolve));
  await new Promise((resolve) => ws.on('open', resolve));
  ws.send(new Uint8Array(PACKET_BYTES_MAX + 1));
  test.equal(await code, 1009);
  await until(() => closed.length === 1);
  test.same(closed, [CLOSE.oversize]);
  test.equal(running.server.counters.violations, 1);
});

t.test('a peer that pings and does not read makes no queue of pongs', async (test) => {
  const running = await start();
  test.teardown(() => running.stop());
  let pipe = -1;
  let heard = 0;
  running.server.onOpen((number) => (pipe = number));
  running.server.onDatagram(() => (heard += 1));
  const socket = await rawUpgrade(running.port);
  test.teardown(() => void socket.destroy());
  socket.pause();
  const bytes = new Uint8Array(PACKET_BYTES_MAX);
  await until(() => {
    for (let k = 0; k < 1000 && running.server.send(pipe, bytes); k += 1);
    return running.server.counters.droppedSlow > 0;
  });
  const ping = Buffer.concat([Buffer.from([0x89, 0x80 | 125, 0, 0, 0, 0]), Buffer.alloc(125)]);
  const datagram = Buffer.from([0x82, 0x81, 0, 0, 0, 0, 7]);
  socket.write(Buffer.concat([...Array.from({ length: 60 }, () => ping), datagram]));
  await until(() => heard === 1);
  test.equal(running.server.pipes, 1);
  const queued = running.sockets[0]?.writableLength ?? 0;
  test.ok(queued > 0 && queued <= 3 * PACKET_BYTES_MAX, `${queued} bytes wait for it`);
});

t.test(
  'a flood of pings or pongs closes the pipe as over its rate, and is counted',
  async (test) => {
    const running = await start();
    test.teardown(() => running.stop());
    const closed: number[] = [];
    let heard = 0;
    running.server.onDatagram(() => (heard += 1));
    running.server.onClose((_pipe, code) => closed.push(code));
    for (const kind of ['ping', 'pong'] as const) {
      const ws = new WebSocket(running.url);
      const code = new Promise<number>((resolve) => ws.on('close', resolve));
      await new Promise((resolve) => ws.on('open', resolve));
      for (let k = 0; k < 60; k += 1) ws[kind]();
      ws.send(bytesOf('x'));
      await until(() => heard === 1);
      test.equal(running.server.pipes, 1, 'so many may come at once');
      for (let k = 0; k < 1000; k += 1) ws[kind]();
      test.equal(await code, 4000 + ERROR.E_RATE);
      await until(() => running.server.pipes === 0);
      heard = 0;
    }
    test.same(closed, [ERROR.E_RATE, ERROR.E_RATE]);
    test.equal(running.server.counters.violations, 2);
  },
);

t.test('pings alone are no life: who does not answer ours is silent', async (test) => {
  const running = await start({ silentMs: 400 });
  test.teardown(() => running.stop());
  const closed: number[] = [];
  running.server.onClose((_pipe, code) => closed.push(code));
  const socket = await rawUpgrade(running.port);
  const timer = setInterval(() => socket.write(Buffer.from([0x89, 0x80, 0, 0, 0, 0])), 100);
  test.teardown(() => clearInterval(timer));
  await until(() => closed.length === 1);
  test.same(closed, [CLOSE.silent]);
  test.match(running.server.counters, { silent: 1, violations: 0 });
});

t.test('who may connect: origins, addresses, places', async (test) => {
  const running = await start({
    admit: (address) => address !== '9.9.9.9',
    trustProxy: 1,
    pipesMax: 2,
    allowedOrigins: ['https://game.example'],
  });
  test.teardown(() => running.stop());
  test.equal(await statusOf(running.url, { origin: 'https://evil.example' }), 403);
  test.equal(await statusOf(running.url, { origin: `http://127.0.0.1:${running.port + 1}` }), 403);
  test.equal(await statusOf(running.url, { 'x-forwarded-for': '1.1.1.1, 9.9.9.9' }), 429);
  test.equal(
    await statusOf(running.url, {
      'x-forwarded-for': '9.9.9.9, 1.1.1.1',
      origin: 'https://game.example',
    }),
    101,
  );
  test.equal(await statusOf(running.url, {}), 101);
  test.equal(await statusOf(running.url, {}), 503);
  const { refusedOrigin, refusedAddress, refusedFull } = running.server.counters;
  test.same(
    { refusedOrigin, refusedAddress, refusedFull },
    { refusedOrigin: 2, refusedAddress: 1, refusedFull: 1 },
  );
});

t.test("origins are compared whole; the server's own is always one of them", async (test) => {
  const asks = (origin: string | undefined, allowed: string[], extra = {}, hops = 0): boolean =>
    originAllowed(
      {
        headers: {
          host: 'play.example:8080',
          ...(origin === undefined ? {} : { origin }),
          ...extra,
        },
        socket: {},
      },
      allowed,
      hops,
    );
  test.equal(asks(undefined, []), true);
  test.equal(asks('http://play.example:8080', []), true);
  test.equal(asks('https://play.example:8080', []), true);
  test.equal(asks('http://play.example', []), false);
  test.equal(asks('http://play.example:8080.evil.example', []), false);
  test.equal(asks('null', []), false);
  test.equal(asks('null', ['*']), true);
  test.equal(asks('https://a.example', ['https://a.example']), true);
  test.equal(asks('https://play.example:8080', ['https://a.example']), true);
  test.equal(asks('https://play.example', ['https://a.example']), false);
  test.equal(asks('https://a.example.evil', ['https://a.example']), false);
  test.equal(asks('https://front.example', [], { 'x-forwarded-host': 'front.example' }), false);
  test.equal(asks('https://front.example', [], { 'x-forwarded-host': 'front.example' }, 1), true);
});

t.test('the address: own socket, or what trusted proxies saw', async (test) => {
  const of = (remoteAddress: string, forwarded: string | undefined, hops: number): string =>
    addressOf(
      {
        headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
        socket: { remoteAddress },
      },
      hops,
    );
  test.equal(of('::ffff:10.0.0.1', undefined, 0), '10.0.0.1');
  test.equal(of('10.0.0.1', '6.6.6.6', 0), '10.0.0.1');
  test.equal(of('10.0.0.1', '6.6.6.6, 7.7.7.7', 1), '7.7.7.7');
  test.equal(of('10.0.0.1', '6.6.6.6, 7.7.7.7', 2), '6.6.6.6');
  test.equal(of('10.0.0.1', '6.6.6.6', 3), '10.0.0.1');
  test.equal(of('10.0.0.1', 'unknown', 1), '10.0.0.1');
  test.equal(of('10.0.0.1', '7.7.7.7:4711', 1), '7.7.7.7');
  test.equal(of('10.0.0.1', '[2001:db8::1]:4711', 1), '2001:db8::1');
  test.equal(of('fe80::1%eth0', undefined, 0), 'fe80::1');
});

t.test(
  'a client that finds nobody, is refused, gives up or waits too long hears why',
  async (test) => {
    await test.rejects(openNodeWebSocket('http://127.0.0.1:1/'), { code: 'E_CLOSED' });
    const running = await start({ admit: () => false });
    test.teardown(() => running.stop());
    await test.rejects(openNodeWebSocket(running.url), { code: 'E_CLOSED' });
    const gone = new AbortController();
    gone.abort();
    await test.rejects(openNodeWebSocket(running.url, { signal: gone.signal }), {
      code: 'E_ABORTED',
    });
    const silent = createServer();
    silent.on('upgrade', () => {});
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    test.teardown(() => void silent.close());
    test.teardown(() => silent.closeAllConnections());
    const url = `ws://127.0.0.1:${(silent.address() as AddressInfo).port}/ws`;
    await test.rejects(openNodeWebSocket(url, { timeoutMs: 50 }), { code: 'E_JOIN_TIMEOUT' });
    const later = new AbortController();
    setTimeout(() => later.abort(), 20);
    await test.rejects(openNodeWebSocket(url, { signal: later.signal }), { code: 'E_ABORTED' });
    await test.rejects(async () => openWebSocket('arena'), { code: 'E_ADDRESS' });
  },
);

t.test('URLs: http and ws alike, /ws where no path is given', async (test) => {
  test.equal(webSocketUrl('http://a.example'), 'ws://a.example/ws');
  test.equal(webSocketUrl('https://a.example:81/?room=x#y'), 'wss://a.example:81/ws');
  test.equal(webSocketUrl('wss://a.example/game/ws'), 'wss://a.example/game/ws');
  test.throws(() => webSocketUrl('ftp://a.example'), { code: 'E_ADDRESS' });
});

async function start(options: WebSocketServerOptions = {}): Promise<Running> {
  const server = new WebSocketTransport(options);
  const http: Server = createServer();
  const sockets: Duplex[] = [];
  http.on('upgrade', (request, socket, head) => {
    sockets.push(socket);
    server.handleUpgrade(request, socket, head);
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  return {
    server,
    port,
    sockets,
    url: `ws://127.0.0.1:${port}/ws`,
    async stop() {
      await server.stop();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

/** Upgrades by hand and then never says a word. */
