/** What the single-file program writes before it goes on, and where. */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { cacheFolders, type Packing, unpack } from '../../src/cli/unpack.ts';

const TEXTS = { 'start.cjs': 'one', 'dist/cli.js': 'two two', 'node_modules/x/bin/x': 'three' };
const packing: Packing = {
  name: 'fray-0.0.0-abc',
  files: Object.entries(TEXTS).map(([path, text]) => ({
    path,
    bytes: text.length,
    sha256: createHash('sha256').update(text).digest('hex'),
    runs: path.includes('/bin/'),
  })),
};
const whole = Buffer.from(Object.values(TEXTS).join(''));

function place(t: { teardown(fn: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'fray-unpack-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

t.test('files are written once, for their user alone, and mended where they are others', (t) => {
  const base = join(place(t), 'a', 'b');
  let reads = 0;
  const files = () => {
    reads += 1;
    return whole;
  };
  const open = () => unpack(packing, files, [base]);
  const folder = open();
  t.equal(folder, join(base, packing.name));
  for (const [path, text] of Object.entries(TEXTS))
    t.equal(readFileSync(join(folder, path), 'utf8'), text);
  t.equal(statSync(base).mode & 0o777, 0o700);
  t.equal(statSync(join(folder, 'dist/cli.js')).mode & 0o777, 0o600);
  t.equal(statSync(join(folder, 'node_modules/x/bin/x')).mode & 0o777, 0o700);
  open();
  t.equal(reads, 1, 'a second start unpacks nothing');
  writeFileSync(join(folder, 'dist/cli.js'), 'two zwo');
  rmSync(join(folder, 'start.cjs'));
  mkdirSync(join(folder, 'start.cjs'));
  open();
  t.equal(readFileSync(join(folder, 'dist/cli.js'), 'utf8'), TEXTS['dist/cli.js']);
  t.equal(readFileSync(join(folder, 'start.cjs'), 'utf8'), TEXTS['start.cjs']);
  t.same(readdirSync(join(folder, 'dist')), ['cli.js'], 'nothing half written stays');
  t.end();
});

t.test('a damaged program is not run', (t) => {
  const cut = () => Buffer.concat([whole.subarray(0, 5), Buffer.alloc(whole.length - 5)]);
  t.throws(() => unpack(packing, cut, [join(place(t), 'c')]), {
    code: 'E_CONFIG',
    message: /dist\/cli\.js is damaged in it; copy the program again/,
  });
  t.end();
});

t.test('a folder that others write, or that is none, is not used; the next one is', (t) => {
  const base = place(t);
  const open = join(base, 'open');
  mkdirSync(open);
  chmodSync(open, 0o777);
  const file = join(base, 'file');
  writeFileSync(file, '');
  const link = join(base, 'link');
  symlinkSync(base, link);
  t.throws(() => unpack(packing, () => whole, [open, file, link]), {
    code: 'E_CONFIG',
    message:
      /FRAY_CACHE_DIR \(.*open: others can write there; .*file: EEXIST.*link: it is no folder/,
  });
  t.same(readdirSync(open), []);
  const good = join(base, 'good');
  t.equal(
    unpack(packing, () => whole, [open, good]),
    join(good, packing.name),
  );
  t.end();
});

t.test('it is the folder that is named, else one for caches, else a temporary one', (t) => {
  t.same(cacheFolders({ FRAY_CACHE_DIR: '/var/cache/fray', XDG_CACHE_HOME: '/x' }), [
    '/var/cache/fray',
  ]);
  const [cache, temporary = ''] = cacheFolders({ XDG_CACHE_HOME: '/x' });
  t.equal(cache, '/x/fray');
  t.match(temporary, /\/fray-\d+$/);
  t.match(cacheFolders({})[0], /\/\.cache\/fray$/);
  t.end();
});
