/** What package.json, the first screen of the README and the compiler's options promise. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const facts = JSON.parse(read('package.json')) as {
  readonly type: string;
  readonly license: string;
  readonly engines: { readonly node: string };
  readonly bin: { readonly fray: string };
  readonly exports: Record<string, unknown>;
  readonly files: readonly string[];
  readonly scripts: Record<string, string>;
};

test('the package is ES modules for Node 20.19 and newer, with a command and seven entries', (t) => {
  t.equal(facts.type, 'module');
  t.equal(facts.license, 'Apache-2.0');
  t.equal(facts.engines.node, '>=20.19');
  t.equal(facts.bin.fray, 'dist/cli.js');
  const entries = Object.keys(facts.exports).filter((name) => !/json$|wasm$/.test(name));
  t.same(entries, [
    './schema',
    './plugin',
    './testing',
    './client',
    './watch',
    './devtools',
    './tokens',
  ]);
  for (const name of entries) {
    const text = JSON.stringify(facts.exports[name]);
    t.match(text, /"types":"\.\/dist\/types\//, `${name} has types`);
    for (const [, source = ''] of text.matchAll(/"(\.\/src\/[^"]+)"/g))
      t.ok(existsSync(join(ROOT, source)), source);
  }
  t.match(facts.scripts, { prepare: /build\.mjs/, start: /start --bots 20/, test: /test\.mjs/ });
  t.end();
});

test('the rooms of the house and its papers are there', (t) => {
  for (const path of [
    ...['src', 'core-wasm', 'workers', 'protocol', 'bench', 'games/arena', 'test', 'tools/setup'],
    ...['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'],
    ...[
      'LICENSE',
      'protocol/SPEC.md',
      'core-wasm/fray_core.wasm',
      'core-wasm/fray_client.wasm',
      '.ci/run',
    ],
  ])
    t.ok(existsSync(join(ROOT, path)), path);
  t.match(read('LICENSE'), /Apache License\s+Version 2\.0/);
  t.ok(readdirSync(join(ROOT, 'protocol', 'vectors', '1')).length >= 5, 'golden vectors');
  t.match(read('.ci/run'), /^npm ci .*&& npm test/m);
  t.end();
});

test('the first screen of the README has what it is, a picture and the two commands', (t) => {
  const screen = read('README.md').split('\n').slice(0, 24).join('\n');
  t.match(screen, /authoritative real-time game server/);
  t.match(screen, /^npm ci && npm start$/m);
  t.match(screen, /^npm ci && npm test$/m);
  const picture = /!\[[^\]]+\]\(([^)]+)\)/.exec(screen)?.[1] ?? 'none';
  t.ok(existsSync(join(ROOT, picture)), picture);
  t.end();
});

test('TypeScript is as strict as the style asks for', (t) => {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, ROOT);
  t.match(options, {
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    verbatimModuleSyntax: true,
  });
  t.end();
});
