/** What a server needs installs in at most 60 MB, and nothing of it is compiled at the installation. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BYTES_MAX = 60e6;
/** A file takes whole blocks of a disk. */
const BLOCK_BYTES = 4096;
/** What has been counted: esbuild's binary lies in two packages, as one file of the disk. */
const counted = new Set<number>();

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
  const bytes = here.reduce((sum, path) => sum + bytesOf(join(ROOT, path)), 0);
  t.ok(bytes <= BYTES_MAX, `${(bytes / 1e6).toFixed(1)} MB`);
  t.comment(`${here.length} packages, ${(bytes / 1e6).toFixed(1)} MB`);
  const scripts = shipped.filter(([, entry]) => entry.hasInstallScript).map(([path]) => path);
  // esbuild's only looks whether its binary, a package of its own, is the right one.
  t.same(scripts, ['node_modules/esbuild']);
  t.notOk(here.some((path) => existsSync(join(ROOT, path, 'binding.gyp'))));
  t.end();
});

/** Without packages inside it, which the lock file lists themselves. */
function bytesOf(folder: string): number {
  return readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'node_modules' ? sum : sum + bytesOf(path);
    const { ino, size } = statSync(path);
    if (counted.has(ino)) return sum;
    counted.add(ino);
    return sum + Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
  }, 0);
}
