/**
 * `fray bench churn` (W8): a whole server with 150 clients over WebSocket, of whom 5 % a minute leave for others that come; by how much its resident
 * memory grows, as a line through what was read every second, with the error of its slope. `--minutes 30` is the workload; without it
 * as long as the head says, with as many comings and goings in that time.
 */
import { readFileSync } from 'node:fs';
import type { Bench, BenchRow } from '../src/cli/bench-report.ts';
import { ownRow } from '../src/cli/bench-report.ts';
import { checkLoad } from './io/load-messages.ts';
import { Load, startFray } from './io/processes.ts';
import { familyOf } from './io/tree-cpu.ts';
import { pause } from './worker-host.ts';

export const bench: Bench = {
  name: 'churn',
  async run(options) {
    const seconds = (options.minutes ?? 0) * 60 || (options.quick ? QUICK_SECONDS : SECONDS);
    // As many leave as would in the workload's half hour, and in it just those.
    const perMinute = Math.min(
      FASTEST,
      (SHARE * WORKLOAD_SECONDS) / Math.min(seconds, WORKLOAD_SECONDS),
    );
    const server = await startFray('websocket');
    try {
      const load = await Load.start({
        url: server.url,
        page: server.page,
        fray: true,
        transport: 'websocket',
        clients: CLIENTS,
        botShare: 0.05,
        seed: options.seed,
        bytesOut: 0,
        churnPerMinute: perMinute,
      });
      try {
        await pause(Math.min(WARM_SECONDS_MAX, seconds / 3) * 1000);
        await load.begin();
        const points: { x: number; y: number }[] = [];
        const startMs = performance.now();
        for (let at = 1; at <= seconds; at += 1) {
          await pause(Math.max(0, startMs + at * 1000 - performance.now()));
          points.push({ x: at / 60, y: residentMb(server.pid) });
          if (at % 60 === 0)
            options.progress(`churn: ${at / 60} min, ${points.at(-1)?.y.toFixed(1)} MB`);
        }
        const seen = await load.end();
        const bots = await load.stop();
        checkLoad(seen, bots);
        if (seen.replaced === 0) throw new Error('Nobody has left');
        const { slope, error } = line(points);
        const first = points[0]?.y ?? 0;
        options.progress(
          `churn: ${seconds} s, ${seen.replaced} of ${CLIENTS} clients left for others (${(100 * perMinute).toFixed(0)} % a minute), ${bots.checks} snapshots compared; ` +
            `${first.toFixed(1)} MB at first, ${points.at(-1)?.y.toFixed(1)} at last; slope ${slope.toFixed(3)} +- ${(ERRORS * error).toFixed(3)} MB a minute`,
        );
        options.chart({
          title: 'Resident memory of the server while players come and go',
          kind: 'points',
          x: { label: 'minutes', values: [0, ...points.map(({ x }) => Math.round(x * 100) / 100)] },
          y: { label: 'MB' },
          series: [{ label: 'ours', values: [null, ...points.map(({ y }) => y)] }],
        });
        return churnRows(points, seen.replaced);
      } catch (error) {
        load.kill();
        throw error;
      }
    } finally {
      await server.stop();
    }
  },
};

/** `points`: minutes and MB. */
export function churnRows(
  points: readonly { readonly x: number; readonly y: number }[],
  replaced: number,
): BenchRow[] {
  const { slope, error } = line(points);
  return [
    ownRow({
      name: 'churn/memory slope',
      unit: `MB a minute, +- ${(ERRORS * error).toFixed(2)} at 95 %`,
      ours: slope,
      goal: '0 within its error',
      met: slope <= ERRORS * error,
    }),
    ownRow({ name: 'churn/replaced', unit: 'clients', ours: replaced }),
  ];
}

/** Of the process and all below it. */
function residentMb(pid: number): number {
  return familyOf(pid).reduce((sum, one) => {
    const [, kb] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${one}/status`, 'utf8')) ?? [];
    return sum + Number(kb ?? 0) / 1024;
  }, 0);
}

/**
 * Least squares over means of `BLOCK` readings or a twentieth of all, whichever is more, because a reading is much like the one before; its error
 * from what is left over.
 */
function line(points: readonly { readonly x: number; readonly y: number }[]) {
  const block = Math.max(BLOCK, Math.floor(points.length / 20));
  const means: { x: number; y: number }[] = [];
  for (let at = 0; at + block <= points.length; at += block) {
    const some = points.slice(at, at + block);
    const mean = (of: 'x' | 'y'): number => some.reduce((sum, one) => sum + one[of], 0) / block;
    means.push({ x: mean('x'), y: mean('y') });
  }
  const count = means.length;
  const meanX = means.reduce((sum, { x }) => sum + x, 0) / count;
  const meanY = means.reduce((sum, { y }) => sum + y, 0) / count;
  const spread = means.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
  const slope = means.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0) / spread;
  const left = means.reduce((sum, { x, y }) => sum + (y - meanY - slope * (x - meanX)) ** 2, 0);
  return { slope, error: Math.sqrt(left / Math.max(1, count - 2) / spread) };
}

const CLIENTS = 150;
/** Of the clients, in a minute. */
const SHARE = 0.05;
const WORKLOAD_SECONDS = 1800;
const SECONDS = 300;
const QUICK_SECONDS = 12;
const WARM_SECONDS_MAX = 60;
/** Of the clients in a minute, at most. */
const FASTEST = 4;
const BLOCK = 2;
/** Standard errors on either side: 95 %. */
const ERRORS = 2;
