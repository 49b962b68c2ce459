import t from 'tap';
import { Seen } from '../../../bench/loadtest/clients.ts';
import { Pace, shuffled } from '../../../bench/loadtest/pace.ts';
import {
  grown,
  labelValues,
  mostOf,
  quantileGrown,
  readMetrics,
} from '../../../src/cli/loadtest/metrics-page.ts';
import type { LoadRow } from '../../../src/cli/loadtest/report.ts';
import { memoryFit, promised, rowLine } from '../../../src/cli/loadtest/report.ts';
import { between, parseCpus, useOf } from '../../../src/cli/loadtest/threads.ts';
import { apart, beside, parseRamp } from '../../../src/cli/loadtest.ts';

const PAGE = (scale: number) => `# HELP x y
fray_drops_total{reason="a"} ${3 * scale}
fray_drops_total{reason="ab"} ${5 * scale}
fray_tick_duration_seconds_bucket{le="0.001",worker="0"} ${90 * scale}
fray_tick_duration_seconds_bucket{le="0.002",worker="0"} ${98 * scale}
fray_tick_duration_seconds_bucket{le="+Inf",worker="0"} ${100 * scale}
fray_tick_duration_seconds_bucket{worker="1",le="0.001"} ${100 * scale}
fray_tick_duration_seconds_bucket{worker="1",le="0.002"} ${100 * scale}
fray_tick_duration_seconds_bucket{worker="1",le="+Inf"} ${100 * scale}
fray_overload_level{worker="0"} 1
fray_overload_level{worker="1"} 2
process_cpu_seconds_total 1.5
`;

t.test('of two pages of metrics it is known what happened between them', async (t) => {
  const [before, after] = [readMetrics(PAGE(1)), readMetrics(PAGE(3))];
  t.equal(grown(before, after, 'fray_drops_total'), 16);
  t.equal(grown(before, after, 'fray_drops_total', 'reason="a"'), 6, 'not those of ab');
  t.equal(mostOf(after, 'fray_overload_level'), 2);
  t.equal(before.get('process_cpu_seconds_total'), 1.5);
  t.same(labelValues(after, 'fray_overload_level', 'worker'), ['0', '1']);
  // 380 of 400 within 1 ms, 396 within 2 ms: both workers together.
  t.equal(quantileGrown(before, after, 'fray_tick_duration_seconds', 0.95), 0.001);
  t.equal(quantileGrown(before, after, 'fray_tick_duration_seconds', 0.99), 0.002);
  t.equal(quantileGrown(before, after, 'fray_tick_duration_seconds', 1), Number.POSITIVE_INFINITY);
  t.equal(quantileGrown(after, after, 'fray_tick_duration_seconds', 0.99), null);
});

t.test('CPU of this process is found by its threads', async (t) => {
  const before = useOf(process.pid);
  if (before === null) {
    t.equal(process.platform === 'linux', false, 'Linux has /proc');
    return;
  }
  for (const from = process.cpuUsage(); process.cpuUsage(from).user < 300_000; );
  const after = useOf(process.pid);
  const [first] = between(before, after as NonNullable<typeof after>);
  t.equal(first?.kind, 'io', 'the first thread worked');
  // Others of this process have a share of the time that it was looked at.
  t.ok((first?.cpuSeconds ?? 0) > 0.15, `${first?.cpuSeconds} s`);
  t.ok((after?.memoryBytes ?? 0) > 2e7);
  t.equal(useOf(2 ** 30), null);
  t.same(parseCpus('0-2,5'), [0, 1, 2, 5]);
});

t.test('a client knows the longest wait, the last one included', async (t) => {
  const seen = new Seen();
  seen.begin(1000);
  for (const [tick, ms] of [
    [10, 1030],
    [11, 1063],
    [13, 1130],
  ] as const)
    seen.snapshot(tick, ms);
  t.equal(seen.gap(1150, 30), 2);
  t.equal(seen.ticks, 3);
  t.ok(Math.abs(seen.due(1150, 30) - 3) < 1e-9);
  t.equal(seen.gap(1330, 30), 6, 'silence at the end counts');
  seen.begin(2000);
  t.equal(seen.gap(3000, 30), 30);
  t.equal(seen.due(3000, 30), 30, 'who got nothing is due all of the window');
});

t.test('each sends once an interval, at a moment of its own, and says how late', async (t) => {
  const sent = new Map<number, number>();
  const pace = new Pace<number>(50, 7, (one) => sent.set(one, (sent.get(one) ?? 0) + 1));
  pace.poll(performance.now());
  pace.set([1, 2, 3, 4, 5]);
  pace.begin();
  await new Promise((resolve) => setTimeout(resolve, 520));
  pace.set([]);
  const counts = [...sent.values()];
  t.equal(counts.length, 5);
  t.ok(Math.max(...counts) - Math.min(...counts) <= 1, String(counts));
  t.ok(Math.min(...counts) >= 9, String(counts));
  t.ok(pace.lateMsP99 >= 0 && pace.lateMsP99 <= 100);
  t.notSame(shuffled([1, 2, 3, 4, 5, 6, 7, 8], 1), shuffled([1, 2, 3, 4, 5, 6, 7, 8], 2));
});

t.test('memory is a straight line over players', async (t) => {
  const window = (players: number, memoryBytes: number | null) =>
    ({ window: { players }, figures: { memoryBytes } }) as never;
  t.same(memoryFit([window(100, 90e6), window(200, 95e6), window(400, 105e6)]), {
    baseBytes: 85e6,
    perPlayerBytes: 50_000,
  });
  t.equal(memoryFit([window(100, 90e6), window(100, 95e6)]), null);
  t.equal(memoryFit([window(100, null), window(200, null)]), null);
});

t.test('a ramp says what it does not understand', async (t) => {
  t.same(parseRamp('to=500,step=10'), { from: 100, to: 500, step: 0.1 });
  for (const bad of ['to=50', 'from=0', 'step=0', 'step=x', 'by=5', 'from=1,to=2,step=101'])
    t.throws(() => parseRamp(bad), { code: 'E_CONFIG' }, bad);
});

const ROW = {
  server: 'Fray',
  transport: 'udp',
  tickRateHz: 30,
  cores: 1,
  processes: 1,
  held: 1000,
  playersPerCore: 1000,
  limit: 'server',
  why: 'cpu 81 %',
  cpuUs: 20,
  cpuShare: 0.6,
  saturates: 'full first: I/O thread (50 % of a core)',
} as unknown as LoadRow;

t.test('rows that belong together are compared, and what is a bound says so', async (t) => {
  t.same(apart([ROW], 1), []);
  t.match(apart([ROW, { ...ROW, held: 1100 }], 2), [{ fails: false, text: /10\.0 % apart/ }]);
  t.match(apart([ROW, { ...ROW, held: 1101 }], 2), [{ fails: true }]);
  t.match(apart([ROW, { ...ROW, held: null }], 2), [{ fails: true }]);
  const peer = { ...ROW, server: 'colyseus (x)', held: 200 };
  t.match(beside([ROW, peer]), [{ text: /ratio 5\.00, goal >= 8: MISSED/ }]);
  t.match(beside([ROW, { ...peer, held: 125 }]), [{ text: /ratio 8\.00, goal >= 8: met/ }]);
  t.match(beside([{ ...ROW, limit: 'generator' }, peer]), [{ text: /one of them at least/ }]);
  t.same(beside([ROW, { ...peer, transport: 'websocket' }]), []);
  t.match(rowLine(ROW), /: 1000 players, 1000 per core/);
  t.equal(promised(ROW), 1333);
  t.match(
    rowLine({ ...ROW, limit: 'generator' }),
    /generator-bound, at least 1000 players.*some 1333 would fill 80 % \(not measured\)/,
  );
  t.match(rowLine({ ...ROW, limit: 'ramp' }), /at least 1000 players \(the ramp ends there\)/);
  t.match(rowLine({ ...ROW, held: null }), /holds none \(cpu 81 %\)/);
});
