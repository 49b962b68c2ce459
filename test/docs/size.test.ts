/** What a server needs installs in at most 60 MB, and nothing of it is compiled at the installation. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';
import { dependencyBytes } from '../../bench/size.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BYTES_MAX = 60e6;

interface Entry {
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly hasInstallScript?: boolean;
}

test('production dependencies take at most 60 MB of a disk, without a compiler', (t) => {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, Entry>;
  };
  const shipped = Object.entries(packages).filter(
    ([path, entry]) => path !== '' && !entry.dev && !entry.devOptional,
  );
  const here = shipped.map(([path]) => path).filter((path) => existsSync(join(ROOT, path)));
  t.ok(here.length > 50, `${here.length} packages`);
  const bytes = dependencyBytes(ROOT);
  t.ok(bytes <= BYTES_MAX, `${(bytes / 1e6).toFixed(1)} MB`);
  t.comment(`${here.length} packages, ${(bytes / 1e6).toFixed(1)} MB`);
  const scripts = shipped.filter(([, entry]) => entry.hasInstallScript).map(([path]) => path);
  // esbuild's only looks whether its binary, a package of its own, is the right one.
  t.same(scripts, ['node_modules/esbuild']);
  t.notOk(here.some((path) => existsSync(join(ROOT, path, 'binding.gyp'))));
  t.end();
});
