import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import t from 'tap';
import type { PublicHttpOptions } from '../../src/http/public.ts';
import { DEFAULT_CSP, PublicHttp } from '../../src/http/public.ts';
import { openNodeWebSocket } from '../../src/transport/client/websocket-node.ts';
import { WebSocketTransport } from '../../src/transport/server/websocket.ts';

t.test('serves the page with types and cache headers', async (test) => {
  const { get } = await start(test);
  const rows: [string, string, string][] = [
    ['/', 'text/html; charset=utf-8', 'no-cache'],
    ['/index.html', 'text/html; charset=utf-8', 'no-cache'],
    ['/app-3F2A9C1B.js', 'text/javascript; charset=utf-8', 'public, max-age=31536000, immutable'],
    ['/core.wasm', 'application/wasm', 'no-cache'],
    ['/my-settings.js?x=1', 'text/javascript; charset=utf-8', 'no-cache'],
    ['/sub/', 'text/html; charset=utf-8', 'no-cache'],
    ['/lib/one.css', 'text/css; charset=utf-8', 'no-cache'],
    ['/odd.xyz', 'application/octet-stream', 'no-cache'],
    ['/empty.txt', 'text/plain; charset=utf-8', 'no-cache'],
  ];
  for (const [path, type, cache] of rows) {
    const answer = await get(path);
    test.match(
      answer,
      { status: 200, headers: { 'content-type': type, 'cache-control': cache } },
      path,
    );
    test.equal(answer.body.length, Number(answer.headers['content-length']), path);
  }
  test.equal((await get('/')).body, '<p>hello');
  test.equal((await get('/lib/one.css')).body, 'b{}', 'the longest mount wins');
});

t.test(
  'asks are answered with 304 while nothing has changed, HEAD without a body',
  async (test) => {
    const { get, folder } = await start(test);
    const first = await get('/');
    const etag = String(first.headers.etag);
    const again = await get('/', { headers: { 'If-None-Match': etag } });
    test.match(again, { status: 304, body: '' });
    test.match(await get('/', { method: 'HEAD' }), {
      status: 200,
      body: '',
      headers: { 'content-length': '8' },
    });
    await writeFile(join(folder, 'index.html'), '<p>hello again');
    test.match(await get('/', { headers: { 'If-None-Match': etag } }), {
      status: 200,
      body: '<p>hello again',
    });
  },
);

t.test('nothing outside the folder can be had', async (test) => {
  const { get, http } = await start(test);
  const paths = [
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e%2fsecret.txt',
    '/sub/../../secret.txt',
    '/sub/..%5c..%5csecret.txt',
    '//etc/passwd',
    '/link.txt',
    '/.hidden',
    '/sub/.git/config',
    '/sub',
    '/none.js',
    '/%',
    '/%00',
    '/index.html/',
    '/lib/../../secret.txt',
    '*',
  ];
  for (const path of paths) test.equal((await get(path)).status, 404, path);
  test.equal(http.counters.notFound, paths.length);
});

t.test('headers of every answer, and the hook that may replace them', async (test) => {
  const { get } = await start(test, {
    setHeaders: (response) => response.setHeader('Referrer-Policy', 'no-referrer'),
  });
  for (const path of ['/', '/none', '/healthz']) {
    test.match((await get(path)).headers, {
      'content-security-policy': DEFAULT_CSP,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    });
  }
  const own = await start(test, { csp: '' });
  test.equal((await own.get('/')).headers['content-security-policy'], undefined);
});

t.test('health and readiness', async (test) => {
  let ready = false;
  const { get } = await start(test, { ready: () => ready });
  test.match(await get('/healthz'), {
    status: 200,
    body: 'ok\n',
    headers: { 'cache-control': 'no-store' },
  });
  test.match(await get('/readyz'), { status: 503 });
  ready = true;
  test.match(await get('/readyz'), { status: 200 });
});

t.test('other methods are refused and the socket ends', async (test) => {
  const { get } = await start(test);
  const answer = await get('/', { method: 'POST', body: 'x'.repeat(100_000) });
  test.match(answer, { status: 405, headers: { allow: 'GET, HEAD', connection: 'close' } });
});

t.test('broken and endless requests are cut off', async (test) => {
  const { port, http } = await start(test, { headersMs: 200, requestMs: 400, idleMs: 600 });
  test.match(await raw(port, ['nonsense\r\n\r\n']), /^HTTP\/1.1 400/);
  test.match(
    await raw(port, [`GET / HTTP/1.1\r\nHost: x\r\nA: ${'x'.repeat(10_000)}\r\n\r\n`]),
    /^HTTP\/1.1 4/,
  );
  const started = performance.now();
  const slow = raw(
    port,
    ['GET / HTTP/1.1\r\n', ...Array.from({ length: 50 }, (_, k) => `X-${k}: y\r\n`)],
    100,
  );
  await slow;
  test.ok(performance.now() - started < 3000, 'slow headers');
  await raw(
    port,
    ['POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n', ...Array(50).fill('x')],
    100,
  );
  await raw(port, []);
  test.ok(performance.now() - started < 8000, 'a silent socket');
  test.ok(http.counters.malformed >= 2);
  test.ok(http.counters.slow >= 2);
});

t.test('a reader who stops reading is cut off', async (test) => {
  const { port, folder } = await start(test, { idleMs: 300 });
  await truncate(join(folder, 'odd.xyz'), 64 << 20);
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write('GET /odd.xyz HTTP/1.1\r\nHost: x\r\n\r\n');
  await new Promise((resolve) => socket.once('readable', resolve));
  await new Promise((resolve) => setTimeout(resolve, 1500));
  let bytes = 0;
  socket.on('data', (chunk: Buffer) => (bytes += chunk.length));
  await new Promise((resolve) => socket.on('close', resolve));
  test.ok(bytes < 32 << 20, `${bytes} bytes came`);
});

t.test('upgrades go to /ws and nowhere else', async (test) => {
  const transport = new WebSocketTransport();
  const { port } = await start(test, {
    upgrade: (request, socket, head) => transport.handleUpgrade(request, socket, head),
    idleMs: 100,
  });
  test.teardown(() => transport.stop());
  const pipe = await openNodeWebSocket(`http://127.0.0.1:${port}`);
  await test.rejects(openNodeWebSocket(`ws://127.0.0.1:${port}/other`), { code: 'E_CLOSED' });
  const plain = await start(test);
  await test.rejects(openNodeWebSocket(`ws://127.0.0.1:${plain.port}/ws`), { code: 'E_CLOSED' });
  await new Promise((resolve) => setTimeout(resolve, 300));
  test.equal(transport.pipes, 1, 'the idle limit of HTTP does not hold for an upgraded socket');
  pipe.close(0);
});

t.test('a taken port is one clear error', async (test) => {
  const { port } = await start(test);
  await test.rejects(new PublicHttp().listen(port, '127.0.0.1'), {
    code: 'E_PORT',
    message: `Cannot listen on 127.0.0.1:${port}: the port is taken`,
  });
});

t.test('stop ends what hangs', async (test) => {
  const { port, http } = await start(test);
  const socket = connect(port, '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\n');
  await new Promise((resolve) => setTimeout(resolve, 50));
  const started = performance.now();
  await http.stop(100);
  test.ok(performance.now() - started < 1000);
  socket.destroy();
});

interface Answer {
  readonly status: number;
  readonly headers: { readonly [name: string]: unknown };
  readonly body: string;
}

interface Ask {
  readonly method?: string;
  readonly headers?: { readonly [name: string]: string };
  readonly body?: string;
}

async function start(test: Test, options: PublicHttpOptions = {}) {
  const root = await mkdtemp(join(tmpdir(), 'fray-http-'));
  const folder = join(root, 'page');
  await mkdir(join(folder, 'sub', '.git'), { recursive: true });
  await mkdir(join(folder, 'lib'));
  await mkdir(join(root, 'lib'));
  const files = {
    'secret.txt': 'secret',
    'page/index.html': '<p>hello',
    'page/app-3F2A9C1B.js': 'let a',
    'page/core.wasm': '\0asm',
    'page/my-settings.js': '',
    'page/sub/index.html': 'sub',
    'page/sub/.git/config': 'x',
    'page/.hidden': 'x',
    'page/odd.xyz': 'x',
    'page/empty.txt': '',
    'page/lib/one.css': 'a{}',
    'lib/one.css': 'b{}',
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(root, name), content);
  await symlink(join(root, 'secret.txt'), join(folder, 'link.txt'));
  const http = new PublicHttp({
    mounts: [
      { path: '/', directory: folder },
      { path: '/lib/', directory: join(root, 'lib') },
    ],
    ...options,
  });
  const port = await http.listen(0, '127.0.0.1');
  test.teardown(async () => {
    await http.stop(50);
    await rm(root, { recursive: true });
  });
  const get = (path: string, ask: Ask = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const sent = httpRequest(
        {
          port,
          host: '127.0.0.1',
          path,
          method: ask.method ?? 'GET',
          headers: { ...ask.headers },
          agent: false,
        },
        (response) => {
          let body = '';
          response.setEncoding('utf8').on('data', (text: string) => (body += text));
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
          );
        },
      );
      sent.on('error', reject);
      sent.end(ask.body);
    });
  return { http, port, folder, get };
}

/** Writes pieces with pauses; resolves with all that came once the server has closed the socket. */
function raw(port: number, pieces: readonly string[], pauseMs = 0): Promise<string> {
  return new Promise((resolve) => {
    let heard = '';
    const socket = connect(port, '127.0.0.1');
    socket.setEncoding('utf8').on('data', (text: string) => (heard += text));
    socket.on('error', () => {});
    socket.on('close', () => resolve(heard));
    const write = (k: number): void => {
      const piece = pieces[k];
      if (piece === undefined || socket.destroyed) return;
      socket.write(piece);
      setTimeout(() => write(k + 1), pauseMs);
    };
    write(0);
  });
}
