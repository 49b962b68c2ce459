/**
 * What the single-file program runs first (`npm run build:single`): it unpacks itself, and goes on as `fray COMMAND ...`. Where the first
 * argument is a script of the folder, that script: the server starts processes of its own with `process.execPath`, as under Node.
 * Bundled as CommonJS, which is all that Node runs out of a program.
 */
import { createRequire } from 'node:module';
import { join, sep } from 'node:path';
import { getAsset } from 'node:sea';
import { brotliDecompressSync } from 'node:zlib';
import { errorLine, exitCodeOf } from './cli/command.ts';
import { ASSETS, cacheFolders, type Packing, START_FILE, unpack } from './cli/unpack.ts';

const COMMAND = join('dist', 'cli.js');

try {
  const packing = JSON.parse(getAsset(ASSETS.packing, 'utf8')) as Packing;
  const places = cacheFolders(process.env);
  const script = process.argv[2] ?? '';
  const home = places
    .map((place) => join(place, packing.name))
    .find((folder) => script.startsWith(folder + sep));
  const folder = home ?? unpack(packing, files, places);
  // Node puts the program where a script is named.
  if (home === undefined) process.argv[1] = join(folder, COMMAND);
  else process.argv.splice(1, 1);
  // Here `import()` knows Node's own modules alone; in a module out of a file it knows all.
  const { run } = createRequire(join(folder, START_FILE))(`./${START_FILE}`) as {
    run(path: string): void;
  };
  run(process.argv[1] ?? '');
} catch (error) {
  process.stderr.write(`${errorLine(error)}\n`);
  process.exitCode = exitCodeOf(error);
}

function files(): Uint8Array {
  return brotliDecompressSync(new Uint8Array(getAsset(ASSETS.files)));
}
