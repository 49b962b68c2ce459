/**
 * The simulation still finds the bugs that it has found. Of each file one that needs no build of the core is planted here, with the
 * seed that is kept for it; `node --import=tsx test/sim/canaries.ts` plants all.
 */
import t from 'tap';
import { canaries, canaryPatches, plantAll } from './canaries.ts';

t.setTimeout(600_000);
const list = canaries();
const patches = canaryPatches();
const found = list.filter(({ seed }) => seed !== null);
const fileOf = (name: string): string => patches.get(name)?.file ?? '';

t.test('at least 20 planted bugs in at least 8 modules have a seed below 2,000', async (t) => {
  t.same(
    list.filter(({ name }) => !patches.has(name)),
    [],
    'each has its break',
  );
  t.equal(new Set(list.map(({ name }) => name)).size, list.length, 'none twice');
  t.ok(found.length >= 20, `${found.length} found`);
  t.ok(found.every(({ seed }) => seed !== null && seed >= 1 && seed <= 2000));
  const modules = new Set(found.map(({ name }) => fileOf(name)));
  t.ok(modules.size >= 8, `in ${modules.size} modules`);
});

t.test('canaries are found by the seeds that have found them', { timeout: 600_000 }, async (t) => {
  const byFile = new Map(
    found.filter(({ name }) => fileOf(name).endsWith('.ts')).map((one) => [fileOf(one.name), one]),
  );
  t.ok(byFile.size >= 8, `${byFile.size} files`);
  plantAll([...byFile.values()], { seeds: 0, minutes: 1, kept: 'alone' }, (one) =>
    t.ok(one.seed !== null, `${one.name}: ${one.text}`),
  );
});
