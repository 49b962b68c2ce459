/** From an author's TypeScript to a module, and what an author is told of it. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import t from 'tap';
import { type BuildError, Bundler, placeOf } from '../../src/cli/bundle.ts';
import { mutableState } from '../../src/cli/dev/mutable.ts';
import { defineSchema } from '../../src/schema/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'fray-bundle-'));
// Not a teardown: that of the root test ends it, and other files run behind this one.
process.once('exit', () => rmSync(folder, { recursive: true }));
const write = (file: string, text: string): void => {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), text);
};
write('node_modules/dice/package.json', '{ "name": "dice", "main": "dice.cjs" }');
write(
  'node_modules/dice/dice.cjs',
  'module.exports = () => require("node:path").basename(__filename);',
);
write(
  'deep/rules.ts',
  'export const rules: string = "rules";\nexport function fail(): never {\n  throw new Error("mine");\n}\n',
);
write(
  'server.ts',
  `import dice from 'dice';
import { defineSchema } from 'fray/schema';
import { fail, rules } from './deep/rules.ts';
export default { dice: dice(), rules, defineSchema, fail };
`,
);

t.test(
  'the author’s files are one module, packages stay where they are, Fray is the one that runs',
  async (t) => {
    const bundler = new Bundler(join(folder, 'server.ts'));
    const { file, inputs, changed } = await bundler.build();
    t.equal(changed, true);
    t.same([...inputs].sort(), [join(folder, 'deep/rules.ts'), join(folder, 'server.ts')]);
    const made = (await import(pathToFileURL(file).href)).default;
    t.match(made, { dice: 'dice.cjs', rules: 'rules' });
    t.equal(made.defineSchema, defineSchema, 'the very same function');
    t.match(readFileSync(file, 'utf8'), /sourceMappingURL=data:/);
    t.match(await bundler.build(), { file, changed: false });
    write('deep/rules.ts', 'export const rules: string = "other";\nexport const fail = 0;\n');
    const next = await bundler.build();
    t.equal(next.changed, true);
    t.not(next.file, file);
    t.ok(existsSync(file), 'who runs the one before may load it again');
    bundler.dispose();
    t.notOk(existsSync(file));
  },
);

t.test('what does not build is a line for each error, with the file', async (t) => {
  const bundler = new Bundler(join(folder, 'server.ts'));
  write('deep/rules.ts', 'export const rules = ;\n');
  const error = (await bundler.build().catch((error: unknown) => error)) as BuildError;
  t.same(error.lines, ['deep/rules.ts:1:22: Unexpected ";"']);
  t.same(error.files, [join(folder, 'deep/rules.ts')]);
  t.match(error, {
    code: 'E_CONFIG',
    message: 'Cannot build server.ts: deep/rules.ts:1:22: Unexpected ";"',
  });
  write('deep/rules.ts', "import 'fray/nothing';\nexport const rules = 1, fail = 1;\n");
  const unknown = (await bundler.build().catch((error: unknown) => error)) as BuildError;
  t.match(unknown.lines, [
    /^deep\/rules\.ts:1:8: Cannot import fray\/nothing: Fray has no such module/,
  ]);
  bundler.dispose();
});

t.test('a stack leads to the first line of the author’s', (t) => {
  const stack = `Error: no
    at place (file:///srv/node_modules/fray/dist/plugin.js:10:3)
    at async step (/srv/game/node_modules/dice/dice.cjs:1:1)
    at onJoin (/srv/game/rules/join.ts:12:7)
    at file:///srv/game/server.ts:3:1`;
  t.equal(placeOf(stack, '/srv/game'), 'rules/join.ts:12:7');
  t.equal(
    placeOf('Error: no\n    at file:///srv/game/server.ts:3:1', '/srv/game'),
    'server.ts:3:1',
  );
  t.equal(placeOf(stack, '/srv/other'), '');
  t.end();
});

t.test('variables of a module are told where the module writes them, and tables are not', (t) => {
  const source = `const speeds = [1, 2, 3];
let count = 0;
let fixed = 1;
const seen = new Map<string, number>();
export const scores: Record<string, number> = {};
const table = { a: 1 };
const names: string[] = [];
const counted = { count: 0 };
export default defineGame(duel, {
  onJoin(room, p) {
    const local = new Map();
    local.set(p.id, fixed + speeds[0] + table.a);
    count += 1;
    seen.set(p.name, count);
    scores[p.name] = 0;
    p.seen = names.length === 0;
    p.names.push(1);
    counted.count++;
  },
});
`;
  t.same(mutableState(source), [
    { name: 'count', line: 2 },
    { name: 'seen', line: 4 },
    { name: 'scores', line: 5 },
    { name: 'counted', line: 8 },
  ]);
  t.end();
});
