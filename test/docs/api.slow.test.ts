/** docs/api is the surface that the package ships: no export changes unseen. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'tap';
import { apiReports, fileOf } from '../../tools/api/report.ts';
import { entriesOf } from '../../tools/api.ts';
import { ROOT } from './samples.ts';

const entries = entriesOf(ROOT);

test('docs/api holds what the entries export; after a wanted change: npm run build:api', (t) => {
  const reports = apiReports(ROOT, entries);
  t.match(reports.get('fray/plugin'), /^function defineGame</m);
  t.match(reports.get('fray/client'), /^class Game</m);
  for (const [name, text] of reports) {
    const said = readFileSync(join(ROOT, fileOf(name)), 'utf8');
    t.equal(said, text, `${fileOf(name)} is fresh`);
    t.notMatch(text, /#private|^\s+\$|@internal/m, `${name} shows no insides`);
  }
  t.same(readdirSync(join(ROOT, 'docs', 'api')).length, reports.size, 'and no other files');
  t.end();
});

test('the reference and the promise of versions name every entry', (t) => {
  const { entryPoints } = JSON.parse(readFileSync(join(ROOT, 'typedoc.json'), 'utf8')) as {
    readonly entryPoints: readonly string[];
  };
  t.same(
    entryPoints,
    entries.map(({ source }) => source),
  );
  const promise = readFileSync(join(ROOT, 'docs', 'semver.md'), 'utf8');
  for (const { name } of entries) t.ok(promise.includes(`\`${name}\``), name);
  t.end();
});
