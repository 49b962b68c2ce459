/** The short form of `npm run mutants`: a few quick breaks are really planted, and seen by the test that is named. */
import { spawnSync } from 'node:child_process';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
/** One of the session, one of the mailbox, one of the plugin: TypeScript, because cargo would have to build first. */
const CHOSEN = ['session-token-opens-twice', 'mailbox-padding-left', 'plugin-bot-sees-secrets'];

function mutants(...args: string[]): { readonly code: number | null; readonly output: string } {
  const all = ['--import=tsx', 'tools/mutants.ts', ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, all, {
    cwd: root,
    encoding: 'utf8',
    timeout: 120_000,
  });
  return { code: status, output: stdout + stderr };
}

test('three breaks are planted in a copy, and each is seen', (t) => {
  const { code, output } = mutants('--only', CHOSEN.join());
  for (const name of CHOSEN) t.match(output, new RegExp(`killed +\\w+ ${name}: test/`));
  t.match(output, /3 of 3 killed/);
  t.equal(code, 0, output);
  t.end();
});

test('a name or stage that is not there is refused, and the help says how', (t) => {
  for (const args of [['--only', 'nothing'], ['--nothing']]) {
    const { code, output } = mutants(...args);
    t.equal(code, 2, args.join(' '));
    t.match(output, /Example: npm run mutants/);
  }
  const { code, output } = mutants('--list', '--stage', 'mailbox');
  t.equal(code, 0);
  t.match(output, /mailbox-padding-left/);
  t.notMatch(output, /session-/);
  t.end();
});
