/**
 * The pages' samples are code of an author: they type-check against the package as they stand there, and those that are marked to be run
 * hold what they assert.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';
import { errorsIn, ROOT, type Sample, samplesIn, samplesOf, writeSamples } from './samples.ts';

/** What a sample of the README may use without saying where it comes from. */
const GIVEN = 'declare function draw(x: number, y: number, name: string): void;\n';
const RUN = fileURLToPath(new URL('run-samples.ts', import.meta.url));

const pages = readdirSync(join(ROOT, 'docs'))
  .filter((file) => file.endsWith('.md'))
  .map((file) => `docs/${file}`);
/** A page that has no schema of its own means that of the README. */
const samples = ['README.md', ...pages].flatMap((page) => {
  const own = [...samplesIn(page), ...stepOf(page)];
  if (own.some(({ file }) => file === 'schema.ts')) return own;
  const borrowed = samplesIn('README.md').filter(({ file }) => file === 'schema.ts');
  return [...own, ...borrowed.map((sample) => ({ ...sample, page }))];
});

test('the samples of README and docs type-check against the package', (t) => {
  const named = samplesIn('README.md').map(({ file }) => file);
  t.same(named, ['schema.ts', 'server.ts', 'page.ts']);
  t.ok(samples.length > 30, `${samples.length} samples`);
  t.same(errorsIn(samples, GIVEN), []);
  t.end();
});

test('the game of the README is the one that fray new writes', (t) => {
  for (const { file, code } of samplesIn('README.md').filter(({ file }) => file !== 'page.ts'))
    t.equal(code, readFileSync(join(ROOT, 'examples', 'starter', file), 'utf8'), file);
  t.end();
});

test('a sample that names what is not there is found, and so is a name that is used twice', (t) => {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const wrong = samplesOf('README.md', readme.replace('attacker.kills', 'attacker.frags'));
  t.match(errorsIn(wrong, GIVEN), [/^README\.md server\.ts:\d+: .*frags/]);
  t.throws(() => samplesOf('a.md', '```ts\n// a.ts\n```\n```ts\n// a.ts\n```\n'), /two samples/);
  t.end();
});

test('samples that are run hold what they assert', async (t) => {
  // Inside the repository: they import the package by its name.
  const folder = mkdtempSync(join(ROOT, 'test', 'docs', '.samples-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const paths = writeSamples(samples, folder);
  t.ok(paths.length >= 10, `${paths.length} are run`);
  const { code, said } = await run(paths);
  for (const path of paths) t.ok(said.includes(`held ${path}\n`), path.slice(folder.length + 1));
  t.equal(code, 0, code === 0 ? 'all hold' : said);
});

test('every link of README and docs leads somewhere', (t) => {
  for (const page of ['README.md', ...pages]) {
    const text = readFileSync(join(ROOT, page), 'utf8');
    for (const [, link = ''] of text.matchAll(/\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)/g))
      t.ok(existsSync(join(ROOT, dirname(page), link)), `${page}: ${link}`);
  }
  const index = readFileSync(join(ROOT, 'docs', 'README.md'), 'utf8');
  for (const page of pages.filter((file) => file !== 'docs/README.md'))
    t.ok(index.includes(`](${page.slice(5)})`), `docs/README.md names ${page}`);
  t.end();
});

/** What `fray step` wrote, beside a page that imports it. */
function stepOf(page: string): Sample[] {
  if (!samplesIn(page).some(({ code }) => code.includes("from './step.ts'"))) return [];
  const code = readFileSync(join(ROOT, 'examples', 'own-step', 'step.ts'), 'utf8');
  return [{ page, file: 'step.ts', run: false, code }];
}

function run(paths: readonly string[]): Promise<{ code: number; said: string }> {
  const args = ['--import=tsx', '--conditions=fray-source', RUN, ...paths];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: ROOT, maxBuffer: 2 ** 24 }, (error, out, errors) => {
      resolve({ code: error === null ? 0 : 1, said: `${out}${errors}` });
    });
  });
}
