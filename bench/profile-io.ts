/**
 * Where the I/O thread's time goes: a built server under `node --cpu-prof`, the load of `fray bench io` beside it, then the functions of the main thread by
 * their own time. `node --import=tsx --conditions=fray-source bench/profile-io.ts [COUNT] [SECONDS]`, default 500 and 10. Sampling
 * itself costs a few per cent; shares count, not sums.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../src/cli/games.ts';
import { selfTimes } from './cpu-profile.ts';
import { Load } from './io/processes.ts';
import { pause } from './worker-host.ts';

const TICK_RATE_HZ = 30;
const LINES = 25;
/** ms. V8 has compiled by then most of what is needed. */
const WARM_MS = 3000;
const [count = 500, seconds = 10] = process.argv.slice(2).map(Number);
const cli = join(packageRoot(), 'dist', 'cli.js');
const folder = mkdtempSync(join(tmpdir(), 'fray-profile-'));
/** A worker sleeps until its next phase slot in `Bell.pause`. */
const SLEEP = /^pause /;
const startMs = performance.now();
const server = spawn(
  process.execPath,
  ['--cpu-prof', '--cpu-prof-dir', folder, cli, 'start', ...serverFlags()],
  { stdio: ['ignore', 'pipe', 'inherit'] },
);
try {
  const url = await urlOf();
  const load = await Load.start({
    url,
    page: url,
    fray: true,
    clients: count,
    transport: 'websocket',
    botShare: 0,
    seed: 1,
    bytesOut: 0,
  });
  await pause(WARM_MS);
  const skipMs = performance.now() - startMs;
  await pause(seconds * 1000);
  server.kill('SIGTERM');
  await once(server, 'exit');
  load.kill();
  print(skipMs);
} finally {
  server.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}

function serverFlags(): string[] {
  return [
    '--port',
    '0',
    '--admin-port',
    '0',
    '--workers',
    '1',
    '--drain-ms',
    '0',
    '--log-level',
    'error',
    '--sessions-per-address-max',
    '16384',
    '--hellos-per-address-per-second',
    '100000',
  ];
}

/** The first line that the server prints names it. What it prints later is read too, or its pipe would break. */
function urlOf(): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    server.stdout.setEncoding('utf8').on('data', (more: string) => {
      text += more;
      const url = /https?:\/\/\S+/.exec(text)?.[0];
      if (url !== undefined) resolve(url);
    });
    server.once('exit', () => reject(new Error('The server ended before it listened')));
  });
}

function print(skipMs: number): void {
  // CPU.<date>.<time>.<pid>.<thread>.<number>.cpuprofile; thread 0 is the main one, which does I/O.
  for (const [thread, title] of [
    [0, 'I/O thread'],
    [1, 'room worker'],
  ] as const) {
    const file = readdirSync(folder).find((name) => name.split('.').at(-3) === String(thread));
    if (file === undefined) throw new Error(`There is no profile of the ${title}`);
    const { totalUs, by } = selfTimes(join(folder, file), {
      skipUs: skipMs * 1000,
      idle: SLEEP,
    });
    const clientTicks = count * seconds * TICK_RATE_HZ;
    console.log(`\n${title}: ${(totalUs / 1e6).toFixed(2)} s at work`);
    for (const { name, us } of by.slice(0, LINES)) {
      const share = ((us / totalUs) * 100).toFixed(1).padStart(5);
      const each = ((us * 1000) / clientTicks).toFixed(0).padStart(7);
      console.log(`${share} % ${each} ns per client and tick  ${name}`);
    }
  }
}
