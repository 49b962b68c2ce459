import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import t from 'tap';
import { connect } from '../../src/client/node.ts';
import { loadUws } from '../../src/transport/server/uws-module.ts';
import { CORE, freePort, GAME, until } from './fixture.ts';
import { fray } from './fray-process.ts';
import { duel } from './games/schema.ts';

const QUIET = ['--game', GAME, '--workers', '1', '--log-level', 'warn'];

t.test(
  'fray start says where it is, drains on SIGTERM and ends with 0 within the grace time',
  async (t) => {
    const run = fray([
      'start',
      ...QUIET,
      '--port',
      '0',
      '--admin-port',
      String(await freePort()),
      '--drain-ms',
      '2000',
    ]);
    t.teardown(() => run.child.kill('SIGKILL'));
    await until(`it listens: ${run.err}`, () => run.out.includes('Admin:'), 20_000);
    t.match(run.out, /^Play \w+: http:\/\/127\.0\.0\.1:\d+\/$/m);
    t.match(run.out, /^Workers: 1 \(as configured\)$/m);
    const [, url = ''] = /Play \w+: (\S+)/.exec(run.out) ?? [];
    const [, admin = ''] = /Admin: (\S+)/.exec(run.out) ?? [];
    const game = await connect(url, { schema: duel, name: 'ann', wasm: CORE });
    const notices: unknown[] = [];
    game.on('notice', (notice) => void notices.push(notice));
    await until('snapshots come', () => game.stats.snapshots > 10, 20_000);
    t.equal((await fetch(`${url}readyz`)).status, 200);
    const startedMs = Date.now();
    run.child.kill('SIGTERM');
    await until('readyz says no', async () => (await fetch(`${admin}readyz`)).status === 503);
    await until('those inside are told', () => notices.length > 0);
    t.equal(game.status, 'open', 'and play on meanwhile');
    await t.rejects(connect(url, { schema: duel, name: 'late', wasm: CORE }), {
      code: 'E_SHUTDOWN',
    });
    t.equal(await run.ended, 0, run.err);
    t.ok(Date.now() - startedMs < 2500, `${Date.now() - startedMs} ms`);
    t.equal(game.status, 'closed');
  },
);

t.test('a second signal ends it at once', async (t) => {
  const run = fray(['start', ...QUIET, '--port', '0', '--admin-port', '0', '--drain-ms', '30000']);
  t.teardown(() => run.child.kill('SIGKILL'));
  await until(`it listens: ${run.err}`, () => run.out.includes('Admin: off'), 20_000);
  const [, url = ''] = /Play \w+: (\S+)/.exec(run.out) ?? [];
  const game = await connect(url, { schema: duel, wasm: CORE });
  t.teardown(() => game.close());
  run.child.kill('SIGTERM');
  await new Promise((resolve) => setTimeout(resolve, 300));
  run.child.kill('SIGINT');
  t.equal(await run.ended, 130);
});

t.test('what cannot start ends with exit code 2 and one line', async (t) => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  t.teardown(() => taken.close());
  const port = String((taken.address() as AddressInfo).port);
  const cases: [readonly string[], RegExp][] = [
    [
      ['start', ...QUIET, '--port', port, '--admin-port', '0'],
      /Cannot listen on 127\.0\.0\.1:\d+: the port is taken; choose another with --port or FRAY_PORT \(E_PORT\)/,
    ],
    [
      ['start', ...QUIET, '--port', '0', '--admin-port', port],
      /the port is taken; choose another with --admin-port or FRAY_ADMIN_PORT \(E_PORT\)/,
    ],
    [['start', '--host', '0.0.0.0'], /development key is for loopback only.*\(E_ADDRESS\)/],
    [['start', '--prot', '1'], /did you mean --port\?/],
    [['start', '--game', 'nosuchgame'], /no game of that name is built/],
    [
      ['start', '--session-token-ms', '500'],
      /Cannot use sessionTokenMs = 500: it must be 0, or at least 1000 ms \(E_CONFIG\)/,
    ],
    [['start', '--tls-cert', 'x.pem'], /Cannot use tlsCert: it needs tlsKey too \(E_CONFIG\)/],
    [
      ['start', ...QUIET, '--port', '0', '--tls-cert', 'none.pem', '--tls-key', 'none.key'],
      /Cannot use tlsCert = none\.pem: there is no such file \(E_CONFIG\)/,
    ],
    ...(await withoutUws()),
    [['start', '--port', 'x'], /--port = "x": it must be 0\.\.65535/],
  ];
  const runs = cases.map(([args]) => fray(args));
  for (const [index, run] of runs.entries()) {
    t.equal(await run.ended, 2, run.err);
    t.match(run.err, cases[index]?.[1] ?? /$/);
    t.equal(run.err.trim().split('\n').length, 1, run.err);
  }
});

/** Where the library is installed, asking for it is no error. */
async function withoutUws(): Promise<[readonly string[], RegExp][]> {
  if ((await loadUws().catch(() => null)) !== null) return [];
  const flags = ['start', ...QUIET, '--port', '0', '--websocket', 'uws'];
  return [
    [flags, /Cannot use websocket = uws: uWebSockets\.js is not installed here.*\(E_CONFIG\)/],
  ];
}
