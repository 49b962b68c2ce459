import { EventEmitter } from 'node:events';
import t from 'tap';
import { createLog } from '../../src/ops/log.ts';
import type { MetricSources } from '../../src/ops/metrics.ts';
import { createMetrics } from '../../src/ops/metrics.ts';
import { listenForSignals } from '../../src/ops/signals.ts';

function sources(change: Partial<MetricSources> = {}): MetricSources {
  const histogram = { boundsSeconds: [0.001, 0.002], counts: [3, 2, 1], sumSeconds: 0.5 };
  return {
    workers: () => [
      {
        worker: 1,
        tickDuration: histogram,
        tickLateness: histogram,
        stages: [{ stage: 'encode', histogram }],
        ticksSkipped: 4,
        overload: { level: 3, speed: 0.75, entered: [5, 4, 3, 0] },
        recovery: { shadows: 1, shadowSeconds: 1, traps: 1, rooms: 1, seconds: 1 },
      },
    ],
    traffic: () => [
      { transport: 'websocket', packetsIn: 1, packetsOut: 2, bytesIn: 30, bytesOut: 40 },
    ],
    drops: () => [{ reason: 'E_RATE', count: 7 }],
    rooms: () => 2,
    players: () => 5,
    bots: () => 6,
    sessions: () => 8,
    playersAway: () => 13,
    absences: () => 14,
    resumes: () => ({ same: 15, fresh: 16 }),
    logins: () => ({ awaited: 20, cancelled: 21 }),
    silentClients: () => 9,
    joins: () => 10,
    leaves: () => 11,
    inputsMissing: () => 12,
    snapshotsHeldBack: () => 13,
    roomsMoved: () => 14,
    roomsContinued: () => 15,
    roomTicksLost: () => 16,
    journal: () => ({
      fileBytes: 17,
      rawBytes: 18,
      checkpoints: 20,
      checkpointBytes: 21,
      checkpointUs: 22e6,
      sealed: 18,
      restarts: 17,
      cut: 19,
    }),
    ready: () => true,
    version: '1.2.3',
    ...change,
  };
}

t.test(
  'counted histograms are printed as Prometheus wants them: summed up, with +Inf, sum and count',
  async (t) => {
    const text = await createMetrics(sources()).text();
    for (const line of [
      '# TYPE fray_tick_duration_seconds histogram',
      'fray_tick_duration_seconds_bucket{le="0.001",worker="1"} 3',
      'fray_tick_duration_seconds_bucket{le="0.002",worker="1"} 5',
      'fray_tick_duration_seconds_bucket{le="+Inf",worker="1"} 6',
      'fray_tick_duration_seconds_sum{worker="1"} 0.5',
      'fray_tick_lateness_seconds_count{worker="1"} 6',
      'fray_ticks_skipped_total{worker="1"} 4',
      'fray_overload_level{worker="1"} 3',
      'fray_time_speed_ratio{worker="1"} 0.75',
      'fray_overloads_total{worker="1",level="2"} 4',
    ]) {
      t.ok(text.split('\n').includes(line), line);
    }
  },
);

t.test('state and traffic are read when asked, and a second reading does not add up', async (t) => {
  let bytesIn = 30;
  const metrics = createMetrics(
    sources({
      traffic: () => [
        { transport: 'websocket', packetsIn: 1, packetsOut: 2, bytesIn, bytesOut: 40 },
      ],
    }),
  );
  await metrics.text();
  bytesIn = 31;
  const lines = (await metrics.text()).split('\n');
  for (const line of [
    'fray_received_bytes_total{transport="websocket"} 31',
    'fray_drops_total{reason="E_RATE"} 7',
    'fray_players 5',
    'fray_bots 6',
    'fray_rooms 2',
    'fray_sessions 8',
    'fray_players_away 13',
    'fray_absences_total 14',
    'fray_resumes_total{state="same"} 15',
    'fray_resumes_total{state="fresh"} 16',
    'fray_silent_clients 9',
    'fray_joins_total 10',
    'fray_leaves_total 11',
    'fray_inputs_missing_total 12',
    'fray_ready 1',
  ])
    t.ok(lines.includes(line), line);
});

t.test(
  'every metric of ours carries a base unit or is a plain count, and no room is a label',
  async (t) => {
    const text = await createMetrics(sources()).text();
    for (const [, name, type] of text.matchAll(/^# TYPE (fray_\S+) (\S+)$/gm)) {
      if (type === 'histogram') t.match(name, /_seconds$/);
      if (type === 'counter') t.match(name, /_total$/);
    }
    t.notMatch(text, /[{,]room(_?id)?=/i);
  },
);

t.test(
  'a log line is JSON with a stable event name, and the level can change while running',
  async (t) => {
    const lines: string[] = [];
    const log = createLog('warn', (line) => void lines.push(line));
    log.info('server.listening', { port: 1 });
    log.setLevel('info');
    log.info('server.listening', { port: 1 });
    t.equal(lines.length, 1);
    t.match(JSON.parse(lines[0] ?? ''), { level: 'info', event: 'server.listening', port: 1 });
  },
);

t.test('the first signal is told, the second exits at once', async (t) => {
  const source = new EventEmitter();
  const exits: number[] = [];
  const signals = listenForSignals(source, (code) => void exits.push(code));
  source.emit('SIGTERM', 'SIGTERM');
  t.equal(await signals.first, 'SIGTERM');
  t.strictSame(exits, []);
  source.emit('SIGINT', 'SIGINT');
  t.strictSame(exits, [130]);
  signals.remove();
  t.equal(source.listenerCount('SIGTERM'), 0);
});
