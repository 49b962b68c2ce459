import { execFileSync } from 'node:child_process';
import t from 'tap';
import { checkShape, rowOf, runBench } from './command.ts';

const HAS_CC = canRun('cc');

t.test('io measures a whole server over each transport beside its peer', async (t) => {
  const { rows, progress } = await runBench('io');
  for (const row of rows) checkShape(row);
  const websocket = rowOf(rows, 'io/websocket 150');
  t.match(websocket.peerName, /^ws 8\./);
  t.ok(websocket.ours > 0 && (websocket.peer ?? 0) > 0, progress);
  const socketIo = rowOf(rows, 'io/websocket 150, beside socket.io');
  if (socketIo.peer === null) t.match(progress, /socket\.io did not run: it is not installed/);
  else t.match(socketIo.peerName, /^socket\.io 4\./);
  const udp = rowOf(rows, 'io/udp 150');
  t.ok(udp.ours > 0, progress);
  t.equal(udp.peer !== null, HAS_CC, 'RAW runs where there is a compiler, and else says so');
  if (!HAS_CC) t.match(progress, /RAW did not run/);
  const webrtc = rowOf(rows, 'io/webrtc 20');
  t.ok(webrtc.ours > 0, progress);
  if (webrtc.peer === null)
    t.match(progress, /geckos\.io\/server did not run: it is not installed/);
  else t.match(webrtc.peerName, /^@geckos\.io\/server 3\./);
  t.notMatch(progress, /Error/);
  for (const name of ['websocket 150', 'udp 150', 'webrtc 20'])
    for (const way of ['in', 'out']) {
      const bytes = rowOf(rows, `io/${name}/bytes ${way}`).ours;
      t.ok(bytes > 13 && bytes < 1200, `${bytes} bytes ${way} over ${name}`);
    }
});

t.test('the flood sends what it says, gets no byte back, and players stay', async (t) => {
  const { rows, progress } = await runBench('flood');
  if (!HAS_CC) {
    t.match(progress, /flood: did not run/);
    return;
  }
  for (const row of rows) checkShape(row);
  t.ok(rowOf(rows, 'flood/rate').ours > 1000, progress);
  t.equal(rowOf(rows, 'flood/bytes out per byte in').met, true, progress);
  t.equal(rowOf(rows, 'flood/memory').met, true, progress);
  t.match(progress, /dropOpens [1-9]\d*/, 'opening is capped');
  t.match(progress, /0 closed, 0 broken/);
  // Four a second without `collectSeldom`.
  const [, collections] = /heap collected (\d+) times/.exec(progress) ?? [];
  t.ok(Number(collections) <= 5, progress);
  t.ok(rowOf(rows, 'flood/tick p99').ours > 0);
});

function canRun(command: string): boolean {
  try {
    execFileSync(command, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
