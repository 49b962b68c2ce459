/** systemd is told over its own socket: ready, alive, about to end. Run where systemd-notify and Python are, else listed as not run. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'tap';
import { createNotifier } from '../../src/ops/notify.ts';
import { until } from '../server/fixture.ts';

const MISSING = ['systemd-notify', 'python3'].filter(
  (name) =>
    !(process.env['PATH'] ?? '').split(':').some((folder) => existsSync(join(folder, name))),
);
/** What systemd does: reads datagrams from a unix socket, and closes the descriptors that come as barriers. */
const RECEIVER = `
import array, os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(sys.argv[1]); print('bound', flush=True)
while True:
    text, more, _, _ = s.recvmsg(4096, socket.CMSG_LEN(64))
    for _, kind, data in more:
        if kind == socket.SCM_RIGHTS:
            fds = array.array('i'); fds.frombytes(data[:len(data) - len(data) % fds.itemsize])
            for fd in fds: os.close(fd)
    print(text.decode().replace('\\n', ' '), flush=True)
`;

test(MISSING.length === 0 ? 'systemd hears of a server' : 'not run here: systemd', async (t) => {
  if (MISSING.length > 0) {
    t.pass(`not run: ${MISSING.join(' and ')} not installed`);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'fray-notify-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const socket = join(folder, 'notify');
  const receiver = spawn('python3', ['-c', RECEIVER, socket]);
  t.teardown(() => void receiver.kill('SIGKILL'));
  let heard = '';
  receiver.stdout.on('data', (data: Buffer) => {
    heard += data.toString();
  });
  await until('the socket is there', () => heard.includes('bound'), 20_000);
  // The environment of systemd-notify is that of the process.
  const before = process.env['NOTIFY_SOCKET'];
  process.env['NOTIFY_SOCKET'] = socket;
  t.teardown(() => {
    if (before === undefined) delete process.env['NOTIFY_SOCKET'];
    else process.env['NOTIFY_SOCKET'] = before;
  });
  const failures: string[] = [];
  const notifier = createNotifier({
    environment: { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '400000' },
    failed: (error) => failures.push(error),
  });
  await notifier.ready('plays');
  await until('ready', () => /^READY=1 STATUS=plays/m.test(heard), 20_000);
  await until('signs of life', () => (heard.match(/WATCHDOG=1/g) ?? []).length >= 2, 20_000);
  await notifier.stopping(1000);
  await until('stopping', () => /^STOPPING=1 EXTEND_TIMEOUT_USEC=6000000/m.test(heard), 20_000);
  t.same(failures, []);
});

test('without systemd nothing is started', async (t) => {
  const notifier = createNotifier({
    environment: { WATCHDOG_USEC: '1000' },
    failed: (error) => t.fail(error),
  });
  await notifier.ready('plays');
  await notifier.stopping(0);
  t.pass();
});
