import t from 'tap';
import { checkShape, rowOf, runBench } from './command.ts';

/** On a busy machine V8's compiler comes late, and code that it has not compiled allocates; ours would in every run. */
const RUNS_MAX = 3;

t.test('a tick leaves no object behind, and one that is planted is seen', async (t) => {
  let bytes = Number.POSITIVE_INFINITY;
  let udpBytes = Number.POSITIVE_INFINITY;
  let progress = '';
  for (let run = 0; run < RUNS_MAX && bytes >= 16; run += 1) {
    const result = await runBench('garbage');
    for (const row of result.rows) checkShape(row);
    progress = result.progress;
    bytes = rowOf(result.rows, 'garbage/tick').ours;
    t.equal(rowOf(result.rows, 'garbage/planted').met, true, 'the planted object is seen');
    t.ok(rowOf(result.rows, 'garbage/event loop').ours > 0);
    t.ok(rowOf(result.rows, 'garbage/arena').ours > 0);
    t.equal(rowOf(result.rows, 'garbage/udp planted').met, true, 'here too');
    udpBytes = Math.min(udpBytes, rowOf(result.rows, 'garbage/udp').ours);
  }
  t.ok(bytes < 16, `${bytes} bytes per tick; repeat: fray bench garbage --quick\n${progress}`);
  t.ok(udpBytes < 16, `${udpBytes} bytes per datagram over UDP`);
  t.match(progress, /[1-9]\d* snapshots decoded and equal/);
  t.match(progress, /[1-9]\d* hits, [1-9]\d* deaths/);
});
