/**
 * uWebSockets.js itself, as the package.json beside names it: a package of npm that holds the library with its binaries for Node 20 and older
 * (`npm ci --prefix bench/uws`). Once this is imported, `import('uWebSockets.js')` finds it in this process.
 */
import { existsSync } from 'node:fs';
import { register } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const entry = fileURLToPath(new URL('./node_modules/uWebSockets.js/src/uws.js', import.meta.url));
const binary = `uws_${process.platform}_${process.arch}_${process.versions.modules}.node`;

/** Why the library is not here for this Node; null: it is. Without its binary the package would stand in for itself, in JavaScript. */
export const lacking = existsSync(join(dirname(entry), '..', 'binaries', binary))
  ? null
  : `uWebSockets.js did not run: ${existsSync(entry) ? `it has no ${binary}` : 'it is not installed: npm ci --prefix bench/uws'}`;

const url = JSON.stringify(pathToFileURL(entry).href);
register(
  `data:text/javascript,${encodeURIComponent(
    `export const resolve = (name, context, next) =>
      name === 'uWebSockets.js' ? { url: ${url}, shortCircuit: true } : next(name, context);`,
  )}`,
);
