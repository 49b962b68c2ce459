/** `npm test` itself: counts what ran, fails for what did not, and ends with the sums. In a small copy of the runner. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Test, test } from 'tap';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly last: string;
}

/** A house with the runner, a set-up that says this, and these tests. */
function house(t: Test, setup: string, tests: Record<string, string>): (...args: string[]) => Ran {
  const root = mkdtempSync(join(tmpdir(), 'fray-runner-'));
  t.teardown(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, 'tools'));
  for (const part of ['test.mjs', 'test'])
    cpSync(join(ROOT, 'tools', part), join(root, 'tools', part), { recursive: true });
  writeFileSync(join(root, 'tools', 'setup'), `#!/bin/sh\n${setup}\n`, { mode: 0o755 });
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }');
  for (const [name, text] of Object.entries(tests)) {
    mkdirSync(join(root, 'test', name, '..'), { recursive: true });
    writeFileSync(join(root, 'test', name), text);
  }
  return (...args) => {
    // Without what this test's own runner has set.
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([key]) => !/^TAP/.test(key)),
    );
    const ran = spawnSync(process.execPath, ['tools/test.mjs', ...args], {
      cwd: root,
      env,
      encoding: 'utf8',
    });
    const out = ran.stdout + ran.stderr;
    return { code: ran.status, out, last: ran.stdout.trimEnd().split('\n').at(-1) ?? '' };
  };
}

const GOOD = "import t from 'tap'; t.equal(1, 1); t.ok(true);";

test('the last line has the true sums, and the exit code says whether anything failed', (t) => {
  const run = house(t, 'exit 0', { 'a.test.ts': GOOD, 'b.test.ts': GOOD });
  t.match(run('--only', 'unit'), { code: 0, last: /^4 passed, 0 failed$/ });
  const bad = house(t, 'exit 0', {
    'a.test.ts': GOOD,
    'b.test.ts': "import t from 'tap'; t.equal(1, 2, 'one is two');",
  });
  t.match(bad('--only', 'unit'), { code: 1, out: /one is two/, last: /^2 passed, 1 failed$/ });
  t.end();
});

test('a test that skips, is to do, hangs up or says nothing counts as failed', (t) => {
  for (const [name, text] of [
    ['skipped', "import t from 'tap'; t.test('later', { skip: true }, () => {}); t.pass();"],
    ['to do', "import t from 'tap'; t.test('later', { todo: true }, () => {}); t.pass();"],
    ['killed', "process.kill(process.pid, 'SIGKILL');"],
    ['empty', ''],
  ] as const) {
    const { code, last } = house(t, 'exit 0', { 'a.test.ts': text })('--only', 'unit');
    t.equal(code, 1, name);
    t.match(last, /^\d+ passed, 1 failed$/, name);
  }
  t.end();
});

test('files that share a process keep their names; who ends it takes only the files after it along', (t) => {
  const bad =
    "import t from 'tap'; t.test('sums', async (t) => { t.equal(1, 2, 'one is two'); t.ok(true); });";
  const run = (tests: Record<string, string>) => house(t, 'exit 0', tests)('--only', 'unit');
  const named = run({ 'a.test.ts': GOOD, 'b.test.ts': GOOD, 'c.test.ts': bad, 'd.test.ts': GOOD });
  t.match(named.out, /FAIL test\/c\.test\.ts: 1 passed, 1 failed/);
  t.equal(named.last, '7 passed, 1 failed');
  const kill = "import t from 'tap'; t.pass(); process.kill(process.pid, 'SIGKILL');";
  // By turns into three processes: a, d and b, e and c, f.
  const killed = run({
    'a.test.ts': GOOD,
    'b.test.ts': GOOD,
    'c.test.ts': kill,
    'd.test.ts': GOOD,
    'e.test.ts': GOOD,
    'f.test.ts': GOOD,
  });
  t.match(killed.out, /FAIL test\/c\.test\.ts: .* 1 failed/);
  t.match(
    killed.out,
    /FAIL test\/f\.test\.ts: 0 passed, 1 failed\n +not run: test\/c\.test\.ts ended/,
  );
  t.equal(killed.last, '8 passed, 2 failed', 'the other processes go on');
  const wrong = run({ 'a.test.ts': "import './none.ts';", 'b.test.ts': GOOD, 'c.test.ts': GOOD });
  t.match(wrong.out, /FAIL test\/a\.test\.ts: 0 passed, 1 failed/);
  t.equal(wrong.last, '4 passed, 1 failed');
  const late = run({
    'a.test.ts': `${GOOD} process.once('exit', () => { process.exitCode = 3; });`,
  });
  t.match(late, { code: 1, out: /ended with code 3/ });
  t.end();
});

test('a tool that is missing is a failed test with what the set-up says of it', (t) => {
  const words = 'missing chromium: /usr/bin/chromium, which the browser tests open';
  const run = house(t, `echo "${words}"; exit 1`, { 'browser/a.test.ts': GOOD });
  const { code, out, last } = run('--only', 'browser');
  t.equal(code, 1);
  t.match(out, new RegExp(`FAIL browser: 0 passed, 1 failed\\n +${words}`));
  t.equal(last, '0 passed, 1 failed');
  const there = house(t, 'exit 0', { 'browser/a.test.ts': GOOD });
  t.match(there('--only', 'browser'), { code: 0, last: /^2 passed, 0 failed$/ });
  t.end();
});

test('the quick loop leaves the slow tests to npm test, and an unknown stage is refused', (t) => {
  const run = house(t, 'exit 0', { 'a.test.ts': GOOD, 'b.slow.test.ts': GOOD });
  t.match(run('--only', 'unit', '--quick'), { last: /^2 passed, 0 failed$/ });
  t.match(run('--only', 'unit'), { last: /^4 passed, 0 failed$/ });
  t.match(run('--only', 'nothing'), { code: 2, out: /there is none of that name/ });
  t.end();
});
