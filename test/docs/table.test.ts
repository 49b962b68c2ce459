/** The table of test/README.md: what it names is there. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TESTS = join(ROOT, 'test');
const RUST = join(ROOT, 'core-wasm', 'tests');
const readme = readFileSync(join(TESTS, 'README.md'), 'utf8');

/** Between back ticks: `folder/name.test.ts` below test/, `name.rs` below core-wasm/tests/. */
const named = new Set(
  [...readme.matchAll(/`([\w./-]+\.(?:ts|rs))`/g)].map(([, name = '']) => name),
);

test('every test and page that the table names is there', (t) => {
  t.ok(named.size > 80, `${named.size} files`);
  for (const name of named) {
    const path = name.endsWith('.rs') ? join(RUST, name) : join(TESTS, name);
    t.ok(existsSync(path), name);
  }
  for (const [, link = ''] of readme.matchAll(/\]\(([^)]+)\)/g))
    t.ok(existsSync(join(TESTS, link)), link);
  t.end();
});

test('every npm script and stage that the table names is there', (t) => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    readonly scripts: Record<string, string>;
  };
  for (const [, name = ''] of readme.matchAll(/`npm run (\w+)/g)) t.ok(scripts[name], name);
  const stages = readFileSync(join(ROOT, 'tools', 'test', 'stages.mjs'), 'utf8');
  for (const [, name = ''] of readme.matchAll(/stage `(\w+)`/g))
    t.ok(stages.includes(`name: '${name}'`), name);
  t.end();
});
