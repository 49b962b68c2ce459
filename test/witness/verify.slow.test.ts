/**
 * `fray bots --verify` over real sockets: each snapshot carries a hash of what the server's world holds of it, and no
 * client holds anything else. All links at once, in one room of the demo game. The long form is the command itself, see
 * test/README.md.
 */
import { join } from 'node:path';
import t from 'tap';
import { serve } from '../server/fixture.ts';
import { ARENA, runBots } from './run-bots.ts';

const BOTS = 8;
const SECONDS = 6;
const LINKS = [
  '',
  'rtt=100,jitter=20,loss=5,seed=7',
  'rtt=60,loss=20,burst=4,seed=5',
  'rtt=60,jitter=10,reorder=10,seed=3',
  'rtt=60,jitter=10,duplicate=10,seed=4',
];

t.test('no client holds anything but what the server meant, on any link', async (t) => {
  const server = await serve({}, {}, { game: join(ARENA, 'server.ts') });
  t.teardown(() => server.stop(0));
  const runs = await Promise.all(
    LINKS.map((link, k) =>
      runBots(
        ...['--url', server.url, '--count', String(BOTS), '--seconds', String(SECONDS)],
        ...['--seed', String(k + 1), '--verify', ...(link === '' ? [] : ['--link', link])],
      ),
    ),
  );
  for (const [k, { code, report, progress }] of runs.entries()) {
    const link = `link "${LINKS[k]}"`;
    t.comment(`${link}: ${JSON.stringify(report)}`);
    t.equal(code, 0, `${link}: ${progress}`);
    t.match(report, { connected: BOTS, mismatches: 0, correctionUnitsMaxFree: 0 }, link);
    t.ok(report.hashChecks >= report.snapshotsReceived, link);
    t.ok(report.hashChecks > BOTS * SECONDS * 10, `${link}: ${report.hashChecks} hashes compared`);
    t.ok(report.entitiesVisibleMean > 3, `${link}: ${report.entitiesVisibleMean} in sight`);
  }
});

t.test('without prediction the command shows what is missing', async (t) => {
  const server = await serve({}, {}, { game: join(ARENA, 'server.ts') });
  t.teardown(() => server.stop(0));
  const args = ['--url', server.url, '--count', '4', '--seconds', '3', '--link', 'rtt=100'];
  const { code, report } = await runBots(...args, '--no-predict');
  t.equal(code, 0, 'it was asked for');
  t.ok(report.correctionUnitsMaxFree > 0.1, `${report.correctionUnitsMaxFree} units`);
});
