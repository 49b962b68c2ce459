/** The kept breaks fit the code as it is, are enough, and one that does not fit is refused with its reason. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';
import type { Patch } from '../../tools/mutants/patches.ts';
import {
  breakText,
  FOLDER,
  PER_STAGE_MIN,
  parsePatch,
  problemOf,
  readPatches,
  STAGES,
  TOTAL_MIN,
} from '../../tools/mutants/patches.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

test('every break fits the code, and the test that is to see it is there', (t) => {
  for (const patch of readPatches(root)) {
    const problem = problemOf(patch, root);
    if (problem !== '')
      t.fail(`${FOLDER}/${patch.name}.patch does not fit, write it anew for the code: ${problem}`);
  }
  t.end();
});

test('each stage of the line has at least four breaks, and there are at least forty', (t) => {
  const patches = readPatches(root);
  for (const stage of STAGES) {
    const count = patches.filter((patch) => patch.stage === stage).length;
    t.ok(count >= PER_STAGE_MIN, `${stage} has ${count}`);
  }
  t.ok(patches.length >= TOTAL_MIN, `${patches.length} in all`);
  t.end();
});

const GOOD = `# stage: session
# breaks: one thing,
#   and another
# first: test/a.test.ts > what is seen
--- a/src/a.ts
+++ b/src/a.ts
@@ -1,3 +1,3 @@
 before
-now
+then
 after
`;

test('a patch says what it breaks, where, and who sees it', (t) => {
  t.same(parsePatch('one.patch', GOOD), {
    name: 'one',
    stage: 'session',
    breaks: 'one thing, and another',
    first: { file: 'test/a.test.ts', name: 'what is seen' },
    file: 'src/a.ts',
    removed: 'now',
    added: 'then',
    before: 'before\nnow\nafter\n',
    after: 'before\nthen\nafter\n',
  });
  const wrong: readonly (readonly [what: string, with_: string, says: RegExp])[] = [
    ['# stage: session', '# stage: sesion', /stage is not one of/],
    ['# stage: session\n', '', /no line "# stage/],
    ['# breaks: one thing,', '# brakes: one thing,', /no line "# breaks/],
    [' > ', ' - ', /not "FILE > NAME"/],
    ['+++ b/src/a.ts', '+++ b/src/b.ts', /renames/],
    ['+then\n', '+then\n+and more\n', /one line/],
    ['-now\n+then\n', '', /one line/],
    ['--- a/src/a.ts\n', '', /holds no diff/],
  ];
  for (const [what, with_, says] of wrong)
    t.throws(() => parsePatch('one.patch', GOOD.replace(what, with_)), says, says.source);
  t.end();
});

test('a break is found by its line where that stands once, else by all of its lines', (t) => {
  const patch = parsePatch('one.patch', GOOD);
  const broken = (text: string): unknown => {
    const answer = breakText(patch, text);
    return typeof answer === 'string' ? answer : answer.broken;
  };
  t.equal(broken('before\nnow\nafter\n'), 'before\nthen\nafter\n');
  t.equal(broken('x\n  now\ny\n'), 'x\n  then\ny\n', 'wherever it stands');
  t.equal(broken('now\nbefore\nnow\nafter\nnow\n'), 'now\nbefore\nthen\nafter\nnow\n');
  t.match(broken('before\nnow or never\nafter\n'), /no longer/, 'whole lines only');
  t.match(broken('now\nand now\nnow\n'), /no longer/);
  t.match(broken('before\nnow\nafter\n'.repeat(2)), /more than once/);
  const out = parsePatch('one.patch', GOOD.replace('+then\n', ''));
  t.same(breakText(out, 'x\nnow\ny\n'), { broken: 'x\ny\n' });
  const in_ = parsePatch('one.patch', GOOD.replace('-now\n', ''));
  t.same(breakText(in_, 'before\nafter\n'), { broken: 'before\nthen\nafter\n' });
  t.end();
});

test('what does not fit a tree is told: file, lines, test', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fray-patches-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const put = (file: string, text: string): void => {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  };
  const patch: Patch = parsePatch('one.patch', GOOD);
  t.match(problemOf(patch, folder), /there is no src/);
  put('src/a.ts', 'before\nafter\n');
  t.match(problemOf(patch, folder), /no longer/);
  put('src/a.ts', 'before\nnow\nafter\n');
  t.match(problemOf(patch, folder), /there is no test/);
  put('test/a.test.ts', "test('what is heard', () => {});\n");
  t.match(problemOf(patch, folder), /has no test 'what is seen'/);
  put('test/a.test.ts', "test('what is seen', () => {});\n");
  t.equal(problemOf(patch, folder), '');
  t.end();
});
