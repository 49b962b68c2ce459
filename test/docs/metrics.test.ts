/** docs/metrics.md names what stands on the metrics page, with its kind and labels, and nothing else. */
import { readFileSync } from 'node:fs';
import { test } from 'tap';
import { createMetrics, type MetricSources } from '../../src/ops/metrics.ts';

const page = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');

/** Each of them has something to show, so that all labels stand there. */
const histogram = { boundsSeconds: [1], counts: [1, 1], sumSeconds: 1 };
const traffic = { transport: 'udp', packetsIn: 1, packetsOut: 1, bytesIn: 1, bytesOut: 1 };
const one = () => 1;
const sources: MetricSources = {
  workers: () => [
    {
      worker: 0,
      tickDuration: histogram,
      tickLateness: histogram,
      stages: [{ stage: 'encode', histogram }],
      ticksSkipped: 1,
      overload: { level: 1, speed: 1, entered: [1] },
      recovery: { shadows: 1, shadowSeconds: 1, traps: 1, rooms: 1, seconds: 1 },
    },
  ],
  traffic: () => [traffic],
  drops: () => [{ reason: 'x', count: 1 }],
  logins: () => ({ awaited: 1, cancelled: 1 }),
  resumes: () => ({ same: 1, fresh: 1 }),
  rooms: one,
  players: one,
  playersAway: one,
  bots: one,
  sessions: one,
  silentClients: one,
  joins: one,
  leaves: one,
  absences: one,
  inputsMissing: one,
  snapshotsHeldBack: one,
  roomsMoved: one,
  roomsContinued: one,
  roomTicksLost: one,
  journal: () => ({
    fileBytes: 1,
    rawBytes: 1,
    checkpoints: 1,
    checkpointBytes: 1,
    checkpointUs: 1,
    sealed: 1,
    restarts: 1,
    cut: 1,
  }),
  ready: () => true,
  version: '1',
};

test('the table of metrics is what the page shows', async (t) => {
  const text = await createMetrics(sources).text();
  const shown = [...text.matchAll(/^# TYPE (fray_\w+) (\w+)$/gm)].map(([, name = '', kind]) => {
    const sample = new RegExp(`^${name}(?:_count)?(?:\\{(.*)\\})? `, 'm').exec(text)?.[1] ?? '';
    const labels = [...sample.matchAll(/(\w+)="/g)].map(([, label]) => label);
    return `${name} ${kind} ${labels.join(', ')}`.trim();
  });
  const named = page
    .split('\n')
    .filter((line) => line.startsWith('| `fray_'))
    .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')))
    .map(([, name, kind, labels]) => `${name} ${kind} ${labels}`.trim());
  t.ok(named.length > 15);
  t.same([...named].sort(), [...shown].sort());
});
