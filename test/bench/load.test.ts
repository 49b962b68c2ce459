/** What rows of `latency`, `churn`, `workers`, `framing` and `size` say of what was measured, and that nothing is said of a wrong answer. */
import t from 'tap';
import { churnRows } from '../../bench/churn.ts';
import { framingRows } from '../../bench/framing.ts';
import type { LoadFigures } from '../../bench/io/load-messages.ts';
import { checkLoad } from '../../bench/io/load-messages.ts';
import { benchFile, Load, startPeer } from '../../bench/io/processes.ts';
import { latencyRows } from '../../bench/latency.ts';
import { checkFirst } from '../../bench/size.ts';
import { workersRows } from '../../bench/workers.ts';
import { checkShape, rowOf } from './command.ts';

t.test('a peer that sends other bytes than were asked for fails a round', async (t) => {
  const argv = [process.execPath, benchFile('peers', 'lean-fanout.mjs'), '35'];
  const server = await startPeer(argv, 'ws');
  try {
    const seen = await Promise.all([35, 36].map((bytesBack) => window(server.url, bytesBack)));
    const [right, wrong] = seen as [LoadFigures, LoadFigures];
    t.ok(right.received > 10, 'they came');
    checkLoad(right);
    t.equal(wrong.broken > 10, true);
    t.throws(() => checkLoad(wrong), /packets of the server were not right/);
    for (const [change, message] of [
      [{ closed: 1 }, /The server closed 1 of 2 clients/],
      [{ broken: 1 }, /1 packets of the server were not right/],
      [{ received: 0 }, /No packet of the server came/],
    ] as const)
      t.throws(() => checkLoad({ ...right, ...change }), message);
    const bots = { kind: 'bots', checks: 9, mismatches: 1 } as const;
    t.throws(() => checkLoad(right, bots), /1 snapshots decoded to another state/);
    checkLoad(right, { ...bots, mismatches: 0 });
  } finally {
    await server.stop();
  }
});

t.test(
  'latency holds the 95th of 100 against its goal, and the server without its margin',
  async (t) => {
    const totalMs = Array.from({ length: 100 }, (_, index) => 20 + index);
    const found = { rateHz: 30, rttMs: 60, totalMs, serverMs: [10, 20, 40], marginMs: 12 };
    const rows = latencyRows(found);
    for (const row of rows) checkShape(row);
    const p95 = rowOf(rows, 'latency/30 Hz, RTT 60 p95');
    t.same([p95.ours, p95.goal, p95.goalId, p95.met], [115, '<= 120.0', 'P17', true]);
    t.equal(rowOf(rows, 'latency/30 Hz, RTT 60 seen on screen p95').ours, 215);
    const adds = rowOf(rows, 'latency/30 Hz, RTT 60 server adds p95');
    t.same([adds.ours, adds.goalId, adds.met], [28, 'P12', true]);
    const late = latencyRows({ ...found, totalMs: totalMs.map((ms) => ms + 6), marginMs: 5 });
    t.equal(rowOf(late, 'latency/30 Hz, RTT 60 p95').met, false);
    t.equal(
      rowOf(late, 'latency/30 Hz, RTT 60 server adds p95').met,
      false,
      '35 ms for a tick and 1',
    );
    t.throws(() => latencyRows({ ...found, totalMs: [] }), /No input was seen by another client/);
  },
);

t.test('churn tells growth from noise', async (t) => {
  const of = (mb: (minute: number) => number) => {
    const points = Array.from({ length: 40 }, (_, at) => ({ x: at / 60, y: mb(at / 60) }));
    const rows = churnRows(points, 7);
    for (const row of rows) checkShape(row);
    t.equal(rowOf(rows, 'churn/replaced').ours, 7);
    return rowOf(rows, 'churn/memory slope');
  };
  const grows = of((minute) => 100 + 3 * minute);
  t.ok(Math.abs(grows.ours - 3) < 1e-9, `${grows.ours}`);
  t.equal(grows.met, false);
  t.equal(of((minute) => 100 - 3 * minute).met, true);
  const noise = of((minute) => 100 + 5 * Math.sin(400 * minute));
  t.equal(noise.met, true, `${noise.ours} ${noise.unit}`);
});

t.test('workers are held against what the machine gives, framing against ws', async (t) => {
  const workers = workersRows({ rooms: [1.9, 1.8, 1.7], loop: [2, 1.8, 2] });
  for (const row of workers) checkShape(row);
  const share = rowOf(workers, 'workers/1 to 2');
  t.same([share.ours, share.met, share.rounds.length], [0.95, true, 3]);
  t.equal(rowOf(workers, 'workers/rooms, two threads').ours, 1.8);
  t.equal(rowOf(workersRows({ rooms: [1.8], loop: [2] }), 'workers/1 to 2').met, false);
  const framing = framingRows([
    [20, 18, 14],
    [20, 18, 15],
    [20, 18, 16],
  ]);
  for (const row of framing) checkShape(row);
  const lean = rowOf(framing, 'framing/lean');
  t.same([lean.ours, lean.peer, lean.peerName, lean.met], [18, 20, 'ws', false]);
  t.equal(rowOf(framing, 'framing/lean, past the stream of node:net').met, true, '15 of 20');
});

t.test('a start counts once a snapshot was compared with its room', async (t) => {
  checkFirst(300, { hashChecks: 1, hashMismatches: 0 });
  t.throws(() => checkFirst(300, { hashChecks: 0, hashMismatches: 0 }), /No snapshot came/);
  t.throws(() => checkFirst(0, { hashChecks: 1, hashMismatches: 0 }), /No snapshot came/);
  t.throws(() => checkFirst(300, { hashChecks: 2, hashMismatches: 1 }), /1 of 2 snapshots decoded/);
});

async function window(url: string, bytesBack: number): Promise<LoadFigures> {
  const load = await Load.start({
    url,
    page: url,
    fray: false,
    transport: 'websocket',
    clients: 2,
    botShare: 0,
    seed: 1,
    bytesOut: 23,
    bytesBack,
  });
  try {
    await load.begin();
    await new Promise((resolve) => setTimeout(resolve, 500));
    const seen = await load.end();
    await load.stop();
    return seen;
  } finally {
    load.kill();
  }
}
