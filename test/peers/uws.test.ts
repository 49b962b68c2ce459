/**
 * The transport over uWebSockets.js keeps the contract of all transports, and its front door passes plain HTTP on. Run over the library
 * itself, where it has a binary for this Node.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import t from 'tap';
import { WebSocket } from 'ws';
import { lacking } from '../../bench/uws/library.mjs';
import { ERROR, PACKET_BYTES_MAX } from '../../protocol/gen/tables.ts';
import { PublicHttp } from '../../src/http/public.ts';
import { readCertificate } from '../../src/http/tls.ts';
import { openNodeWebSocket } from '../../src/transport/client/websocket-node.ts';
import { UwsTransport } from '../../src/transport/server/uws.ts';
import { UwsFront } from '../../src/transport/server/uws-front.ts';
import type { UwsModule } from '../../src/transport/server/uws-module.ts';
import { addressText, loadUws } from '../../src/transport/server/uws-module.ts';
import type { WebSocketServerOptions } from '../../src/transport/server/websocket.ts';
import { CLOSE } from '../../src/transport/types.ts';
import type { Files } from '../http/certificates.ts';
import { folderFor, makeCertificate } from '../http/certificates.ts';
import { until } from '../transport/contract.ts';
import { cycles } from '../transport/cycles.ts';
import { statusOf, webSocketContract } from '../transport/websocket-contract.ts';

if (lacking === null) all('uWebSockets.js', await loadUws());
else t.pass(`not run: ${lacking}`);

function all(name: string, uws: UwsModule): void {
  webSocketContract(name, async (options) => {
    const running = await start(uws, options);
    return { ...running, socketUrl: `${running.url}/ws` };
  });

  t.test(`${name}: what does not belong closes the pipe with a code, and is counted`, async (t) => {
    const running = await start(uws);
    t.teardown(() => running.stop());
    const closed: number[] = [];
    running.server.onClose((_pipe, code) => closed.push(code));
    const codes: number[] = [];
    for (const message of ['text', PACKET_BYTES_MAX + 1, 3 * PACKET_BYTES_MAX]) {
      const ws = new WebSocket(`${running.url}/ws`);
      ws.on('error', () => undefined);
      await new Promise((resolve) => ws.on('open', resolve));
      const code = new Promise<number>((resolve) => ws.on('close', resolve));
      ws.send(typeof message === 'string' ? message : new Uint8Array(message));
      codes.push(await code);
    }
    await until(() => closed.length === 3);
    t.same(closed, [CLOSE.unsupported, CLOSE.oversize, CLOSE.oversize]);
    t.same(codes, [1003, 1009, 1006]);
    t.equal(running.server.counters.violations, 3);
  });

  t.test(`${name}: a flood of pings or pongs closes the pipe as over its rate`, async (t) => {
    const running = await start(uws);
    t.teardown(() => running.stop());
    const closed: number[] = [];
    let heard = 0;
    running.server.onDatagram(() => (heard += 1));
    running.server.onClose((_pipe, code) => closed.push(code));
    for (const kind of ['ping', 'pong'] as const) {
      const ws = new WebSocket(`${running.url}/ws`);
      const code = new Promise<number>((resolve) => ws.on('close', resolve));
      await new Promise((resolve) => ws.on('open', resolve));
      for (let k = 0; k < 60; k += 1) ws[kind]();
      ws.send(Uint8Array.of(7));
      await until(() => heard === 1);
      t.equal(running.server.pipes, 1, 'so many may come at once');
      for (let k = 0; k < 1000; k += 1) ws[kind]();
      t.equal(await code, 4000 + ERROR.E_RATE);
      await until(() => running.server.pipes === 0);
      heard = 0;
    }
    await until(() => closed.length === 2);
    t.same(closed, [ERROR.E_RATE, ERROR.E_RATE]);
    t.equal(running.server.counters.violations, 2);
  });

  t.test(`${name}: who may connect: origins, addresses, places`, async (t) => {
    const addresses: string[] = [];
    const running = await start(uws, {
      admit: (address) => address !== '9.9.9.9',
      trustProxy: 1,
      pipesMax: 2,
      allowedOrigins: ['https://game.example'],
    });
    t.teardown(() => running.stop());
    running.server.onOpen((_pipe, address, { headers }) =>
      addresses.push(`${address} ${headers?.['x-asked'] ?? ''}`),
    );
    const status = (headers: { [name: string]: string }) => statusOf(`${running.url}/ws`, headers);
    t.equal(await status({ origin: 'https://evil.example' }), 403);
    t.equal(await status({ 'x-forwarded-for': '1.1.1.1, 9.9.9.9' }), 429);
    const asked = { 'x-asked': 'yes', origin: 'https://game.example' };
    t.equal(await status({ 'x-forwarded-for': '9.9.9.9, 1.1.1.1', ...asked }), 101);
    t.equal(await status({}), 101);
    t.equal(await status({}), 503);
    t.same(addresses, ['1.1.1.1 yes', '127.0.0.1 ']);
    t.match(running.server.counters, { refusedOrigin: 1, refusedAddress: 1, refusedFull: 1 });
  });

  t.test(`${name}: page, health, bodies and errors come through the front door`, async (t) => {
    const heard: unknown[] = [];
    const running = await start(uws, {}, (http) => {
      http.push((request, body) => {
        heard.push([request.method, request.url, request.headers['x-forwarded-for'], body]);
      });
    });
    t.teardown(() => running.stop());
    const page = await fetch(`${running.url}/`);
    t.equal(page.status, 200);
    t.equal(await page.text(), '<p>hello');
    t.match(page.headers.get('content-security-policy'), /default-src/);
    t.equal((await fetch(`${running.url}/healthz`)).status, 200);
    t.equal((await fetch(`${running.url}/none`)).status, 404);
    const head = await fetch(`${running.url}/index.html`, { method: 'HEAD' });
    t.equal(head.status, 200);
    const etag = page.headers.get('etag') ?? '';
    const again = await fetch(`${running.url}/`, { headers: { 'If-None-Match': etag } });
    t.equal(again.status, 304);
    const big = await (await fetch(`${running.url}/big.bin`)).arrayBuffer();
    t.equal(big.byteLength, BIG_BYTES);
    t.ok(new Uint8Array(big).every((byte) => byte === 7));
    const asked = await fetch(`${running.url}/echo?a=1`, {
      headers: { 'X-Forwarded-For': '5.5.5.5' },
    });
    t.equal(await asked.text(), 'heard');
    t.same(heard, [['GET', '/echo?a=1', '5.5.5.5, 127.0.0.1', '']]);
    const long = await fetch(`${running.url}/`, { method: 'POST', body: 'x'.repeat(70_000) });
    t.ok([405, 413].includes(long.status), `${long.status}`);
    await running.http.stop(0);
    t.equal((await fetch(`${running.url}/`)).status, 502);
  });

  t.test(`${name}: a renewed certificate, with sockets open`, async (t) => {
    const folder = folderFor(t);
    const [first, second] = [makeCertificate(folder, 'a'), makeCertificate(folder, 'b')];
    const running = await start(uws, {}, () => undefined, first);
    t.teardown(() => running.stop());
    const shown = () => fingerprint(running.port);
    t.equal(await shown(), readCertificate(first).fingerprint);
    const ws = new WebSocket(`wss://127.0.0.1:${running.port}/ws`, { rejectUnauthorized: false });
    await new Promise((resolve) => ws.on('open', resolve));
    await running.front.setCertificate(second);
    t.equal(await shown(), readCertificate(second).fingerprint);
    t.equal(running.server.pipes, 1);
    ws.close();
    await until(() => running.server.pipes === 0);
  });

  cycles(name, async () => {
    const running = await start(uws);
    return {
      server: running.server,
      connect: () => openNodeWebSocket(`${running.url}/ws`),
      stop: () => running.stop(),
    };
  });

  t.test(`${name}: a taken port is one clear error`, async (t) => {
    const running = await start(uws);
    t.teardown(() => running.stop());
    const http = new PublicHttp();
    const port = await http.listen(0, '127.0.0.1');
    t.teardown(() => http.stop(0));
    const front = new UwsFront({ uws, attach: () => undefined, inner: 'none' });
    await t.rejects(front.listen(port, '127.0.0.1'), { code: 'E_PORT' });
    // The library would share the port with another that shares it, another server's included.
    await t.rejects(front.listen(running.port, '127.0.0.1'), { code: 'E_PORT' });
  });
}

t.test('addresses of 4 and 16 bytes as text', async (t) => {
  const of = (...bytes: number[]): string => addressText(Uint8Array.from(bytes).buffer);
  t.equal(of(10, 0, 0, 1), '10.0.0.1');
  t.equal(of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1), '10.0.0.1');
  t.equal(of(0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1), '2001:db8:0:0:0:0:0:1');
});

type Heard = (
  request: { readonly method?: string; readonly url?: string; readonly headers: Headers_ },
  body: string,
) => void;
type Headers_ = { readonly [name: string]: string | string[] | undefined };

async function start(
  uws: UwsModule,
  options: WebSocketServerOptions = {},
  listen: (heard: Heard[]) => void = () => undefined,
  certificate?: Files,
) {
  const folder = await mkdtemp(join(tmpdir(), 'fray-uws-'));
  await writeFile(join(folder, 'index.html'), '<p>hello');
  await writeFile(join(folder, 'big.bin'), Buffer.alloc(BIG_BYTES, 7));
  const heard: Heard[] = [];
  listen(heard);
  const http = new PublicHttp({
    mounts: [{ path: '/', directory: folder }],
    routes: {
      '/echo': (request, response) => {
        for (const one of heard) one(request as Parameters<Heard>[0], '');
        response.end('heard');
      },
    },
  });
  const inner = join(folder, 'http.sock');
  await http.listenAt(inner);
  const server = new UwsTransport(options);
  const attach = (app: Parameters<UwsTransport['attach']>[0]) => server.attach(app, '/ws');
  const front = new UwsFront({ uws, attach, inner, certificate });
  const port = await front.listen(0, '127.0.0.1');
  return {
    server,
    front,
    http,
    port,
    url: `http://127.0.0.1:${port}`,
    async stop() {
      await server.stop();
      front.stop();
      await http.stop(0);
      await rm(folder, { recursive: true });
    },
  };
}

/** Upgrades by hand and then never says a word. */

function fingerprint(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

const BIG_BYTES = 3 << 20;
