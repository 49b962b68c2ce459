/** `fray loadtest` as it is run, a second or two of it: what it says is checked, not how fast this machine is. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import type { LoadRow } from '../../../src/cli/loadtest/report.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const CLI = join(ROOT, 'dist', 'cli.js');
const SHORT = ['--ramp', 'from=24,to=24', '--seconds', '1', '--decode', '10', '--json'];

t.test(
  'it loads servers of ours by each transport, with clients that decode and are right',
  async (t) => {
    const { rows, progress } = await run([
      '--start',
      '--transport',
      'websocket,udp,webrtc',
      ...SHORT,
    ]);
    t.same(
      rows.map(({ transport }) => transport),
      ['websocket', 'udp', 'webrtc'],
      progress,
    );
    for (const row of rows) {
      const [window] = row.windows;
      t.equal(row.tickRateHz, 30);
      t.equal(window?.players, 24);
      t.equal(window?.decoders, 2);
      t.ok((window?.checks ?? 0) > 20, `${window?.checks} hashes were compared`);
      t.equal(window?.clauses['packets broken'], '0 (0)', progress);
      t.equal(window?.clauses['clients closed'], '0 (0)', progress);
      t.ok((window?.cpuUs ?? 0) > 5, 'CPU was measured');
      t.ok(row.bytesIn > 20 && row.bytesOut > 15, `${row.bytesIn} in, ${row.bytesOut} out`);
      t.ok(row.threads.some(({ name }) => name === 'I/O thread'));
      t.ok(row.threads.some(({ name }) => name === 'worker 0'));
      t.equal(
        row.threads.some(({ name }) => name === 'fray-rtc'),
        row.transport === 'webrtc',
        'a child process counts',
      );
      t.ok(row.stages.some(({ stage }) => stage === 'encode'));
      t.match(row.saturates, /^full first: /);
    }
  },
);

t.test('it loads a server that runs', async (t) => {
  const server = spawn(process.execPath, [CLI, 'start', '--port', '0', '--admin-port', '21987'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const folder = mkdtempSync(join(tmpdir(), 'fray-loadtest-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  t.teardown(() => server.kill('SIGKILL'));
  let said = '';
  server.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  while (!said.includes('Admin: ')) await once(server.stdout, 'data');
  const url = /^Play arena: (\S+)$/m.exec(said)?.[1] ?? '';
  const out = join(folder, 'rows.json');
  const where = ['--url', url, '--admin', 'http://127.0.0.1:21987', '--pid', String(server.pid)];
  const { rows, progress } = await run([...where, ...SHORT, '--out', out]);
  t.equal(rows.length, 1, progress);
  t.equal(rows[0]?.server, url);
  t.same(JSON.parse(readFileSync(out, 'utf8')), rows);
});

t.test('ended by a signal it leaves no server and no generator behind', async (t) => {
  const flags = ['--start', '--transport', 'websocket', '--seconds', '30'];
  const command = spawn(process.execPath, [CLI, 'loadtest', ...flags], { stdio: 'ignore' });
  const own = `/proc/${command.pid}/task/${command.pid}/children`;
  const children = (): number[] => readFileSync(own, 'utf8').split(' ').filter(Boolean).map(Number);
  await until(() => children().length === 2);
  const [server = 0, generator = 0] = children();
  command.kill('SIGTERM');
  const [code] = await once(command, 'exit');
  t.equal(code, 128 + 15);
  await until(() => [server, generator].every((pid) => !existsSync(`/proc/${pid}`)));
});

t.test('it says what makes no sense, before anything is started', async (t) => {
  for (const [flags, text] of [
    [[], /it needs --url, --start or --peer/],
    [['--start', '--url', 'http://x'], /with --start the server is started here/],
    [['--start', '--transport', 'tcp'], /it is not websocket, udp, webrtc/],
    [['--peer', 'raknet'], /it is not ws/],
    [['--start', '--ramp', 'x'], /parts are from=N/],
  ] as const) {
    const { rows, progress, code } = await run(flags);
    t.equal(code, 2);
    t.same(rows, []);
    t.match(progress, text);
  }
});

async function until(is: () => boolean): Promise<void> {
  for (
    const endMs = performance.now() + 30_000;
    !is();
    await new Promise((go) => setTimeout(go, 50))
  )
    if (performance.now() > endMs) throw new Error('It takes too long');
}

async function run(
  flags: readonly string[],
): Promise<{ rows: LoadRow[]; progress: string; code: number }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [CLI, 'loadtest', ...flags],
      { timeout: 150_000, maxBuffer: 1 << 24 },
      (error, stdout, progress) =>
        resolve({
          rows: stdout.startsWith('[') ? JSON.parse(stdout) : [],
          progress,
          code: typeof error?.code === 'number' ? error.code : 0,
        }),
    );
  });
}
