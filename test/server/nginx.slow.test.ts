/** The nginx block of docs/network.md is what nginx takes, and players come through it with their own addresses. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { WebSocket } from 'ws';
import { connect } from '../../src/client/node.ts';
import { CORE, freePort, metricsOf, serve, until } from './fixture.ts';
import { duel } from './games/schema.ts';

const docs = readFileSync(fileURLToPath(new URL('../../docs/network.md', import.meta.url)), 'utf8');
const block = /^```nginx\n([\s\S]*?)^```$/m.exec(docs)?.[1] ?? '';
const NGINX = '/usr/sbin/nginx';

t.test('the block says what a WebSocket and the address need', async (t) => {
  for (const line of [
    'proxy_http_version 1.1;',
    'proxy_set_header Upgrade $http_upgrade;',
    'proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;',
    'proxy_read_timeout',
  ])
    t.ok(block.includes(line), line);
});

if (!existsSync(NGINX)) {
  t.test('not run here: a player behind nginx', async (t) => {
    t.pass('not run: nginx is not installed (apt-get install nginx-light)');
  });
} else {
  t.test('a player behind nginx: real address, own origin, page and socket', async (t) => {
    const server = await serve({ trustProxy: 'true' });
    t.teardown(() => server.stop(0));
    const port = await freePort();
    const folder = mkdtempSync(join(tmpdir(), 'fray-nginx-'));
    t.teardown(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, 'nginx.conf');
    writeFileSync(file, configOf(folder, { port, server: new URL(server.url).host }));
    const flags = ['-p', folder, '-c', file, '-e', join(folder, 'error.log')];
    execFileSync(NGINX, ['-t', ...flags], { stdio: 'pipe' });
    const nginx = spawn(NGINX, flags, { stdio: 'ignore' });
    t.teardown(() => void nginx.kill('SIGKILL'));
    const url = `http://127.0.0.1:${port}/`;
    const healthy = () =>
      fetch(`${url}healthz`).then(
        ({ status }) => status === 200,
        () => false,
      );
    await until('nginx listens', healthy, 10_000);
    const game = await connect(url, { schema: duel, name: 'ann', wasm: CORE });
    t.teardown(() => game.close());
    await until('snapshots come', () => game.stats.snapshots > 20, 15_000);
    // What a client claims stands before what nginx adds, and does not count.
    t.equal(
      await statusOf(url, { 'X-Forwarded-For': '9.9.9.9', Origin: `http://127.0.0.1:${port}` }),
      101,
    );
    t.equal(server.sessions.pipesOf('9.9.9.9'), 0);
    t.equal(await statusOf(url, { Origin: 'https://evil.example' }), 403);
    const refused = (await metricsOf(server)).get(
      'fray_drops_total{reason="websocket_refused_origin"}',
    );
    t.equal(refused, 1);
  });
}

/** The documented block inside what a whole file needs, with the ports of this test. */
function configOf(folder: string, at: { readonly port: number; readonly server: string }): string {
  const own = block
    .replace('listen 80;', `listen 127.0.0.1:${at.port};`)
    .replace('127.0.0.1:8080', at.server);
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${join(folder, name)};`)
    .join('\n');
  return `daemon off;\nmaster_process off;\npid ${join(folder, 'pid')};\nevents {}\nhttp {\naccess_log off;\n${places}\n${own}}\n`;
}

function statusOf(url: string, headers: { [name: string]: string }): Promise<number> {
  return new Promise((resolve) => {
    const ws = new WebSocket(`${url.replace('http', 'ws')}ws`, { headers });
    ws.on('open', () => {
      resolve(101);
      setTimeout(() => ws.terminate(), 200);
    });
    ws.on('unexpected-response', (_request, response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    ws.on('error', () => undefined);
  });
}
