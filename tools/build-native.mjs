/**
 * Builds the native I/O thread, `native/fray_native.node`, with cargo; half a minute the first time. A server uses it when it is there
 * (option `io`). And `native/fray_crowd.node`, UDP clients for `fray loadtest`. Nothing is downloaded but crates, in the versions of native/Cargo.lock.
 *
 * `npm run build:native`
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, renameSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const NATIVE = join(resolve(dirname(fileURLToPath(import.meta.url)), '..'), 'native');

const { status, error } = spawnSync(
  'cargo',
  [
    ...['build', '--release', '--locked', '--features', 'fray-crowd/node'],
    ...['--package', 'fray-native', '--package', 'fray-crowd'],
  ],
  { cwd: NATIVE, stdio: 'inherit' },
);
if (error !== undefined) {
  console.error(`Cannot build the native I/O thread: there is no cargo (${error.message})`);
  process.exit(1);
}
if (status !== 0) process.exit(status ?? 1);
const built = join(process.env['CARGO_TARGET_DIR'] ?? join(NATIVE, 'target'), 'release');
for (const name of ['fray_native', 'fray_crowd']) {
  const target = join(NATIVE, `${name}.node`);
  // A process that has the old one loaded keeps it: it is replaced, not written over.
  copyFileSync(join(built, `lib${name}.so`), `${target}.new`);
  renameSync(`${target}.new`, target);
  console.log(`build: ${target}`);
}
