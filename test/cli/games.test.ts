import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { findGame, packageRoot } from '../../src/cli/games.ts';

t.test('a game is found by name, by folder and by its server file', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fray-games-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const installed = join(folder, 'dist', 'games');
  for (const name of ['arena', 'race']) {
    mkdirSync(join(installed, name, 'page'), { recursive: true });
    writeFileSync(join(installed, name, 'server.js'), '');
  }
  writeFileSync(join(installed, 'arena', 'schema.js'), '');
  writeFileSync(join(installed, 'arena', 'page', 'index.html'), '');
  const search = { folder, installed };
  const arena = {
    name: 'arena',
    server: join(installed, 'arena', 'server.js'),
    schema: join(installed, 'arena', 'schema.js'),
    page: join(installed, 'arena', 'page'),
  };
  t.strictSame(findGame('arena', search), arena);
  t.strictSame(findGame('dist/games/arena', search), arena);
  t.strictSame(findGame(join(installed, 'arena', 'server.js'), search), arena);
  t.match(findGame('race', search), { schema: null, page: null });
  t.throws(() => findGame('arean', search), { code: 'E_CONFIG', message: /did you mean arena\?/ });
  t.throws(() => findGame('zzzzzz', search), { message: /built games: arena, race/ });
  t.throws(() => findGame('./nowhere', search), { message: /no such folder or file/ });
  mkdirSync(join(folder, 'empty'));
  t.throws(() => findGame('./empty', search), { message: /holds no server\.js/ });
  mkdirSync(join(folder, 'race'));
  t.equal(
    findGame('race', search).server,
    join(installed, 'race', 'server.js'),
    'a name means the built game, whatever lies in the folder',
  );
});

t.test('the root of the package is where package.json lies', async (t) => {
  t.equal(JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')).name, 'fray');
});
