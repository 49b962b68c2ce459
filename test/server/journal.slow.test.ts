/** Journals as an operator has them: a real server writes, `fray replay` verifies. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { GAME, until } from './fixture.ts';
import { fray, small } from './fray-process.ts';

/** What `fray replay --json` prints. */
interface Verdict {
  readonly verified: boolean;
  readonly ticks: number;
  readonly hashes: number;
  readonly end: string;
  readonly code: string | null;
  readonly differs: number | null;
  readonly problem: string | null;
  readonly signature: string;
  readonly publicKey: string | null;
  readonly summary: { readonly players: readonly unknown[]; readonly bots: number } | null;
}

async function replay(...args: string[]): Promise<{ code: number | null; verdict: Verdict }> {
  const run = fray(['replay', ...args, '--json']);
  const code = await run.ended;
  return { code, verdict: JSON.parse(run.out || 'null') as Verdict };
}

/** Plays some seconds with bots in it; returns the journal of their room. */
async function record(t: Test, signal: NodeJS.Signals): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'fray-journals-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  const flags = [...small(0), '--bots', '4', '--log-level', 'warn'];
  const run = fray(['start', ...flags, '--journal-dir', dir]);
  t.teardown(() => run.child.kill('SIGKILL'));
  await until(`it listens: ${run.err}`, () => run.out.includes('Admin: off'), 20_000);
  const names = (): string[] => readdirSync(dir).filter((name) => name.endsWith('.journal'));
  const file = (): string => join(dir, names()[0] ?? '');
  const size = (): number => (names().length > 0 ? statSync(file()).size : 0);
  // The room's first checkpoint is the most of it.
  await until('a journal begins', () => size() > 4000, 20_000);
  const first = size();
  await until('a journal grows', () => size() > first + 6000, 30_000);
  run.child.kill(signal);
  await run.ended;
  // A machine that runs other tests beside may be too slow for a moment.
  const said = run.err.split('\n').filter((line) => line !== '' && !/overload level/.test(line));
  t.same(said, []);
  return file();
}

t.test('of a server that was stopped: whole, and verified', async (t) => {
  const file = await record(t, 'SIGTERM');
  const { code, verdict } = await replay(file);
  t.equal(code, 0);
  t.match(verdict, {
    verified: true,
    end: 'over',
    code: 'E_SHUTDOWN',
    differs: null,
    problem: null,
  });
  t.ok(
    verdict.ticks > 60 && verdict.hashes >= Math.floor(verdict.ticks / 30),
    JSON.stringify(verdict),
  );
  t.match(verdict, { signature: 'unknown key', summary: { players: [], result: null } });
  t.ok((verdict.summary?.bots ?? 0) >= 4);
  const key = join(dirname(file), 'key.pub.pem');
  t.equal(statSync(join(dirname(file), 'key.pem')).mode & 0o777, 0o600);
  t.match(await replay(file, '--public-key', key), { code: 0, verdict: { signature: 'right' } });
  const other = Buffer.alloc(32, 7).toString('base64');
  const unknown = await replay(file, '--public-key', other);
  t.match(unknown, { code: 1, verdict: { verified: true, signature: 'unknown key' } });
  const part = await replay(file, '--to-tick', '31');
  t.match(part, { code: 0, verdict: { ticks: 32, end: 'stopped', verified: true } });
  const text = fray(['replay', file]);
  await text.ended;
  t.match(
    text.out,
    /^verified: \d+ ticks, \d+ hashes, [1-9]\d* checkpoints; the room was closed$/m,
  );
  t.match(text.out, /^signed by unknown key \S{44}: name yours with --public-key$/m);
  const wrong = fray(['replay', file, '--core', join(process.cwd(), 'core-wasm/fray_seal.wasm')]);
  t.equal(await wrong.ended, 1);
  t.match(wrong.err, /core [0-9a-f]{16} played it, and this is [0-9a-f]{16}.* \(E_CORE\)/);
});

t.test(
  'of a server that was killed: good to its last block; damaged: to the block before',
  async (t) => {
    const file = await record(t, 'SIGKILL');
    const { code, verdict } = await replay(file);
    t.equal(code, 0);
    t.ok(['open', 'torn'].includes(verdict.end), verdict.end);
    t.equal(verdict.signature, 'none');
    const wanted = join(dirname(file), 'key.pub.pem');
    t.equal((await replay(file, '--public-key', wanted)).code, 1, 'nobody has signed it');
    t.ok(verdict.ticks > 60);
    const bytes = readFileSync(file);
    (bytes[Math.floor(bytes.length * 0.6)] as number) ^= 0x10;
    const wrong = `${file}.wrong`;
    writeFileSync(wrong, bytes);
    const damaged = await replay(wrong);
    t.equal(damaged.code, 1);
    t.match(damaged.verdict, { verified: false, end: 'damaged' });
    t.match(damaged.verdict.problem, /beyond tick \d+: block \d+ is damaged/);
    t.ok(damaged.verdict.ticks > 20 && damaged.verdict.ticks < verdict.ticks);
    writeFileSync(wrong, 'no journal');
    const none = fray(['replay', wrong]);
    t.equal(await none.ended, 1);
    t.match(none.err, /does not begin like one \(E_MALFORMED\)/);
    const gone = fray(['replay', `${file}.gone`]);
    t.equal(await gone.ended, 2);
    t.match(gone.err, /Cannot read .*ENOENT/);
  },
);

t.test('a folder that cannot be one is said at the start', async (t) => {
  const run = fray([
    'start',
    '--game',
    GAME,
    '--port',
    '0',
    '--admin-port',
    '0',
    '--journal-dir',
    '/dev/null/x',
  ]);
  t.teardown(() => run.child.kill('SIGKILL'));
  t.equal(await run.ended, 2);
  t.match(run.err, /Cannot keep journals in \/dev\/null\/x: .*ENOTDIR.*\(E_CONFIG\)/);
});
