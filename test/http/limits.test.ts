/** Slow, silent and too many HTTP peers: each is cut off within its limit, under a counter of its own. */
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import t from 'tap';
import type { HttpCounters, PublicHttpOptions } from '../../src/http/public.ts';
import { PublicHttp } from '../../src/http/public.ts';
import { until } from '../transport/contract.ts';

t.test('slow headers, slow bodies and silence are cut off in time, as slow', async (t) => {
  const { http, ask } = await start(t, { headersMs: 300, requestMs: 600 });
  const peers = [
    ask('', { drip: '' }),
    ask('GET / HTTP/1.1\r\n', { drip: 'X-A: b\r\n' }),
    ask('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n', { drip: 'x' }),
  ];
  await until(() => peers.every(({ closed }) => closed), 10_000);
  t.match(peers[0]?.heard, /^HTTP\/1.1 408 /);
  t.match(peers[1]?.heard, /^HTTP\/1.1 408 /);
  t.match(rises(http), { slow: 2, malformed: 0, refusedRequests: 0 });
  t.match(peers[2]?.heard, /^HTTP\/1.1 405 /, 'bodies are not wanted: it is told before it ends');
});

t.test('a body that a route waits for has to come in time', async (t) => {
  const { http, ask } = await start(t, {
    headersMs: 300,
    requestMs: 600,
    routes: { '/wait': () => undefined },
  });
  const peer = ask('GET /wait HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n', { drip: 'x' });
  await until(() => peer.closed, 10_000);
  t.match(rises(http), { slow: 1, requests: 1 });
});

t.test('what does not parse is malformed, too long headers as such', async (t) => {
  const { http, ask } = await start(t);
  const peers = [
    ask('nonsense\r\n\r\n'),
    ask(`GET / HTTP/1.1\r\nHost: x\r\nA: ${'x'.repeat(10_000)}\r\n\r\n`),
  ];
  await until(() => peers.every(({ closed }) => closed));
  t.match(peers[0]?.heard, /^HTTP\/1.1 400 /);
  t.match(peers[1]?.heard, /^HTTP\/1.1 431 /);
  t.match(rises(http), { malformed: 2, slow: 0, requests: 0 });
});

t.test('an answer that nobody takes is given up', async (t) => {
  const { http, folder, ask } = await start(t, { idleMs: 300 });
  await writeFile(join(folder, 'big.bin'), '');
  await truncate(join(folder, 'big.bin'), 64 << 20);
  const peer = ask('GET /big.bin HTTP/1.1\r\nHost: x\r\n\r\n', { reads: false });
  await until(() => http.counters.slowReaders === 1, 10_000);
  peer.socket.resume();
  await until(() => peer.closed);
  t.match(rises(http), { slow: 0, malformed: 0 });
});

t.test('so many requests at once and no more; health is answered all the same', async (t) => {
  const answers: (() => void)[] = [];
  const { http, ask } = await start(t, {
    requestsMax: 3,
    requestsPerAddressMax: 9,
    routes: { '/wait': (_request, response) => void answers.push(() => response.end('late')) },
  });
  const waiting = [1, 2, 3].map(() => ask('GET /wait HTTP/1.1\r\nHost: x\r\n\r\n'));
  await until(() => answers.length === 3);
  const fourth = ask('GET /index.html HTTP/1.1\r\nHost: x\r\n\r\n');
  await until(() => fourth.closed);
  t.match(fourth.heard, /^HTTP\/1.1 503 [\s\S]*Retry-After: 1/i);
  const health = ask('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  await until(() => health.heard.startsWith('HTTP/1.1 200 '));
  t.equal(http.counters.refusedRequests, 1);
  waiting[0]?.socket.destroy();
  answers[1]?.();
  await until(() => waiting[1]?.heard.endsWith('late') === true && waiting[0]?.closed === true);
  await until(letIn(() => ask('GET /index.html HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')));
  answers[2]?.();
});

t.test('of one network so many at once, and the others have their places', async (t) => {
  const { http, ask } = await start(t, {
    requestsMax: 40,
    requestsPerAddressMax: 2,
    routes: { '/wait': () => undefined },
    addressOf: ({ headers }) => String(headers['x-forwarded-for'] ?? '203.0.113.9'),
  });
  const from = (address: string, path: string) =>
    ask(`GET ${path} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: ${address}\r\n\r\n`);
  for (const address of ['192.0.2.1', '192.0.2.2']) from(address, '/wait');
  await until(() => http.counters.requests === 2);
  const third = from('192.0.2.3', '/index.html');
  await until(() => third.closed);
  t.match(third.heard, /^HTTP\/1.1 429 [\s\S]*Retry-After: 1/i);
  const other = from('192.0.3.1', '/index.html');
  await until(() => other.heard.startsWith('HTTP/1.1 200 '));
  const health = from('192.0.2.3', '/healthz');
  await until(() => health.heard.startsWith('HTTP/1.1 200 '));
  t.match(rises(http), { refusedAddress: 1, refusedRequests: 0 });
  for (let k = 0; k < 100; k += 1) from('192.0.2.4', '/index.html');
  await until(() => http.counters.refusedAddress === 101);
  const still = from('192.0.3.1', '/index.html');
  await until(() => still.heard.startsWith('HTTP/1.1 200 '));
});

t.test('who asks again before the answer came is cut off, and holds no place', async (t) => {
  const { http, ask } = await start(t, { requestsMax: 20 });
  const many = ask('GET /index.html HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(300));
  await until(() => many.closed);
  t.match(rises(http), { malformed: 299, requests: 300 });
  const one = ask('GET /index.html HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  await until(() => one.heard.startsWith('HTTP/1.1 200 '));
});

t.test('sockets over the limit are closed as they come', async (t) => {
  const { http, ask } = await start(t, { socketsMax: 2 });
  const held = [ask('GET /'), ask('GET /')];
  await until(() => held.every(({ open }) => open));
  const third = ask('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await until(() => third.closed);
  t.equal(third.heard, '');
  await until(() => http.counters.refusedSockets === 1);
  t.equal(http.counters.requests, 0);
});

/** What the counters say, all of them. */
function rises(http: PublicHttp): HttpCounters {
  return { ...http.counters };
}

interface Peer {
  readonly socket: Socket;
  heard: string;
  open: boolean;
  closed: boolean;
}

/** Asks again whenever the answer before was complete; true at the first that was not refused. */
function letIn(ask: () => Peer): () => boolean {
  let peer = ask();
  return () => {
    if (!peer.closed) return false;
    if (peer.heard.startsWith('HTTP/1.1 200 ')) return true;
    peer = ask();
    return false;
  };
}

async function start(t: Test, options: PublicHttpOptions = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'fray-limits-'));
  await writeFile(join(folder, 'index.html'), '<p>hello');
  const http = new PublicHttp({ mounts: [{ path: '/', directory: folder }], ...options });
  const port = await http.listen(0, '127.0.0.1');
  const sockets: Socket[] = [];
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy();
    await http.stop(0);
    await rm(folder, { recursive: true });
  });
  const ask = (text: string, how: { drip?: string; reads?: boolean } = {}): Peer => {
    const socket = connect(port, '127.0.0.1');
    sockets.push(socket);
    const peer: Peer = { socket, heard: '', open: false, closed: false };
    socket.on('connect', () => {
      peer.open = true;
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      peer.closed = true;
    });
    socket.setEncoding('latin1').on('data', (data: string) => {
      peer.heard += data;
    });
    if (how.reads === false) socket.pause();
    if (text !== '') socket.write(text);
    const { drip } = how;
    if (drip === undefined || drip === '') return peer;
    const timer = setInterval(
      () => (socket.destroyed ? clearInterval(timer) : socket.write(drip)),
      50,
    );
    return peer;
  };
  return { http, port, folder, ask };
}
