/** `fray bots` against `fray start`, both as processes: by each transport, and by all of them in one room. */
import t from 'tap';
import type { BotsReport } from '../../src/cli/bots-report.ts';
import { nodeTools } from '../../src/client/node.ts';
import { kindsOf } from '../../src/client/pipes.ts';
import { fray, listening } from './fray-process.ts';

t.test('bots play by the transports they are told, and their process ends', async (t) => {
  const server = await listening(t, ['--port', '0', '--adminPort', '0', '--udp', '127.0.0.1:0']);
  const [, udp = ''] = /^UDP: (\S+)/m.exec(server.out) ?? [];
  for (const [name, transport] of [
    ['webrtc', 'webrtc'],
    ['mix', 'udp 2, webrtc 2, websocket 2'],
  ] as const) {
    const more = name === 'mix' ? ['--udp', udp] : [];
    const counts = ['--count', '6', '--seconds', '2', '--verify', '--json'];
    const run = fray(['bots', '--url', server.url, '--transport', name, ...counts, ...more]);
    t.teardown(() => void run.child.kill('SIGKILL'));
    t.equal(await run.ended, 0, `${name}: ${run.err}`);
    const report = JSON.parse(run.out) as BotsReport;
    t.match(report, { connected: 6, mismatches: 0, reliableErrors: 0, transport });
    t.ok(report.snapshotsReceived > 0);
    t.equal(report.hashChecks, report.snapshotsReceived);
  }
});

t.test('in Node nobody gets WebRTC unasked', async (t) => {
  const { open } = nodeTools();
  t.same(kindsOf('auto', open), ['udp', 'websocket']);
  t.same(kindsOf('webrtc', open), ['webrtc']);
});
