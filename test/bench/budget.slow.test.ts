/** `fray bench budget` from the build, as an author runs it in the folder of a game. */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { BudgetReport, Verdict } from '../../src/cli/bench-budget.ts';
import { ROOT } from './command.ts';

type Report = BudgetReport & { readonly verdict: Verdict };

t.test(
  'a hook that is slow now and then puts a game over its budget, and is named with its line',
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'fray-budget-'));
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    cpSync(join(ROOT, 'examples', 'starter'), folder, { recursive: true });
    const server = join(folder, 'server.ts');
    const fast = readFileSync(server, 'utf8');
    const within = await budget(folder, ['--players', '20']);
    t.equal(within.code, 0, within.progress);
    t.match(within.report, {
      players: 20,
      verdict: { ok: true, over: [] },
      faults: 0,
    });
    t.equal(within.report.stages.length, 11);
    t.ok(within.report.bytesOut > 10 && within.report.bytesIn > 10);
    t.ok(within.report.roomBytes > 300_000, `${within.report.roomBytes}`);
    writeFileSync(server, planted(fast));
    const line =
      planted(fast)
        .split('\n')
        .findIndex((text) => text.includes('const slowly')) + 1;
    const over = await budget(folder, ['--players', '20', '--rate', '60']);
    t.equal(over.code, 1, over.progress);
    t.equal(over.report.tickRateHz, 60);
    t.equal(over.report.verdict.ok, false);
    t.match(over.report.worst, { stage: 'plugin', hook: { name: 'onTick' } });
    t.equal(over.report.worst.hook?.place, `server.ts:${line}`);
    t.ok((over.report.worst.hook?.us ?? 0) > 19_000, JSON.stringify(over.report.worst));
    // Its function has no name where the compiler has put it into its caller.
    t.match(over.report.lines[0]?.place, /^server\.ts:\d+( burn)?$/);
  },
);

t.test('what cannot be measured is said, with exit code 2', async (t) => {
  const run = await command(ROOT, ['--game', 'arena', '--rate', '200']);
  t.equal(run.code, 2);
  t.match(run.progress, /--rate = "200": it must be 1\.\.128/);
  const missing = await command(ROOT, ['--game', 'arenna']);
  t.equal(missing.code, 2);
  t.match(missing.progress, /did you mean arena\?/);
});

/** 20 ms in one of 20 ticks. */
function planted(server: string): string {
  const hook = `  onTick: slowly(),\n`;
  const helpers = [
    'function burn() {',
    '  const end = performance.now() + 20;',
    '  while (performance.now() < end);',
    '}',
    'const slowly = () => (room: { readonly tick: number }) => {',
    '  if (room.tick % 20 === 0) burn();',
    '};',
  ].join('\n');
  const at = server.search(/export default defineGame\([^\n]*\n/);
  const head = /export default defineGame\([^\n]*\n/.exec(server)?.[0] ?? '';
  const [before, after] = [server.slice(0, at), server.slice(at + head.length)];
  if (/onTick/.test(server)) throw new Error('the starter has an onTick by now');
  return `${before}${helpers}\n\n${head}${hook}${after}`;
}

async function budget(folder: string, flags: readonly string[]) {
  const run = await command(folder, [
    '--game',
    './server.ts',
    '--seconds',
    '6',
    '--json',
    ...flags,
  ]);
  if (run.out === '') throw new Error(run.progress);
  return { ...run, report: (JSON.parse(run.out) as Report[])[0] as Report };
}

function command(folder: string, flags: readonly string[]) {
  const argv = [join(ROOT, 'dist', 'cli.js'), 'bench', 'budget', ...flags];
  return new Promise<{ code: number; out: string; progress: string }>((resolve) => {
    execFile(
      process.execPath,
      argv,
      { cwd: folder, maxBuffer: 2 ** 24 },
      (error, out, progress) => {
        resolve({ code: error === null ? 0 : Number(error.code), out, progress });
      },
    );
  });
}
