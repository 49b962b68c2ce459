/** `fray new`, and what it copies. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import t from 'tap';
import { packageRoot } from '../../src/cli/games.ts';
import { command, dependencyOf, makeGame } from '../../src/cli/new.ts';

const base = mkdtempSync(join(tmpdir(), 'fray-new-'));
// Not a teardown: that of the root test ends it, and other files run behind this one.
process.once('exit', () => rmSync(base, { recursive: true }));
const read = (path: string) => JSON.parse(readFileSync(path, 'utf8'));

t.test('a new folder gets a game, and the author is told what comes next', async (t) => {
  const lines: string[] = [];
  const io = {
    out: (line: string) => void lines.push(line),
    progress: () => {},
    environment: {},
    folder: base,
  };
  t.equal(await command.run({ folder: 'duel-2' }, io), 0);
  const folder = join(base, 'duel-2');
  t.same(readdirSync(folder).sort(), [
    '.gitignore',
    'README.md',
    'game.test.ts',
    'index.html',
    'package.json',
    'page.ts',
    'schema.ts',
    'server.ts',
    'tsconfig.json',
  ]);
  const facts = read(join(folder, 'package.json'));
  t.equal(facts.name, 'duel-2');
  t.equal(resolve(folder, facts.dependencies.fray.replace(/^file:/, '')), resolve(packageRoot()));
  t.match(lines, [
    /^Made .*duel-2: /,
    '',
    'Next:',
    '  cd duel-2',
    '  npm install',
    '  npm run dev',
  ]);
});

t.test(
  'a folder that holds something, a file and a name that no package may have are refused, and nothing is written',
  async (t) => {
    const root = packageRoot();
    mkdirSync(join(base, 'held'));
    writeFileSync(join(base, 'held', 'mine.txt'), '');
    t.throws(() => makeGame(join(base, 'held'), root), {
      code: 'E_CONFIG',
      message: /not empty \(mine\.txt\)/,
    });
    t.same(readdirSync(join(base, 'held')), ['mine.txt']);
    t.throws(() => makeGame(join(base, 'held', 'mine.txt'), root), { message: /it is a file/ });
    for (const name of ['My Game', 'fray', '.hidden', 'node_modules']) {
      t.throws(() => makeGame(join(base, name), root), { code: 'E_CONFIG', message: /lower-case/ });
      t.notOk(existsSync(join(base, name)));
    }
    mkdirSync(join(base, 'cloned', '.git'), { recursive: true });
    t.ok(
      makeGame(join(base, 'cloned'), root).includes('server.ts'),
      'a repository without files is empty',
    );
  },
);

t.test(
  'a game depends on the Fray that made it: a version, a tarball, a repository, a clone',
  async (t) => {
    const root = join(base, 'author', 'node_modules', 'fray');
    const game = join(base, 'author', 'games', 'one');
    mkdirSync(root, { recursive: true });
    writeFileSync(join(root, 'package.json'), '{ "version": "0.1.0" }');
    t.equal(dependencyOf(root, game), '^0.1.0', 'without a lock of npm');
    for (const [resolved, expected] of [
      ['https://registry.example/fray/-/fray-0.1.0.tgz', '^0.1.0'],
      ['file:../fray-0.1.0.tgz', 'file:../../../fray-0.1.0.tgz'],
      ['https://builds.example/fray.tgz', 'https://builds.example/fray.tgz'],
      ['git+ssh://git@example.org/fray.git#0123', 'git+ssh://git@example.org/fray.git#0123'],
    ]) {
      const lock = { packages: { 'node_modules/fray': { resolved } } };
      writeFileSync(
        join(base, 'author', 'node_modules', '.package-lock.json'),
        JSON.stringify(lock),
      );
      t.equal(dependencyOf(root, game), expected);
    }
    t.equal(dependencyOf(join(base, 'clone'), game).startsWith('file:'), true);
  },
);

t.test(
  'the starter takes the development packages that this repository is tested with',
  async (t) => {
    const ours = read(join(packageRoot(), 'package.json'));
    const starter = read(join(packageRoot(), 'examples', 'starter', '_package.json'));
    for (const [name, version] of Object.entries(starter.devDependencies))
      t.equal(version, ours.devDependencies[name], name);
  },
);
