/**
 * Builds the native I/O thread, `native/fray_native.node`, with cargo; half a minute the first time. A server uses it when it is there
 * (option `io`). Nothing is downloaded but crates, in the versions of native/Cargo.lock.
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
  ['build', '--release', '--locked', '--package', 'fray-native'],
  {
    cwd: NATIVE,
    stdio: 'inherit',
  },
);
if (error !== undefined) {
  console.error(`Cannot build the native I/O thread: there is no cargo (${error.message})`);
  process.exit(1);
}
if (status !== 0) process.exit(status ?? 1);
const target = join(NATIVE, 'fray_native.node');
// A process that has the old one loaded keeps it: it is replaced, not written over.
copyFileSync(join(NATIVE, 'target', 'release', 'libfray_native.so'), `${target}.new`);
renameSync(`${target}.new`, target);
console.log(`build: ${target}`);
