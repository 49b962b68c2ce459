/**
 * Makes the single-file program for Linux: this machine's Node with the built package and its production dependencies inside
 * (Node's "single executable application"). `npm run build:single`, which builds `dist/` first.
 *
 *   node --import tsx tools/build-single.ts [FILE]      default single/fray
 *
 * It runs on the architecture and the C library of this machine; src/single.ts says what it does there.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';
import { build } from 'esbuild';
import { ASSETS, type PackedFile, type Packing, START_FILE } from '../src/cli/unpack.ts';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const OUT = resolve(process.argv[2] ?? join(ROOT, 'single', 'fray'));
/** Of this package. Benches need what users do not install; maps are for those who debug a page of ours. */
const OWN = ['package.json', 'LICENSE', 'examples', 'dist'];
const OWN_NOT = /^dist\/(bench|types)\/|\.map$/;
/** Of packages: declarations, maps, papers and tests are read by no program. Licences stay. */
const PACKAGE_NOT =
  /\.(d\.[cm]?ts|map|md|markdown|[cm]?tsx?)$|(^|\/)(tests?|docs|benchmarks?|examples|\.github)\//;
/** esbuild's program lies in a package of its own; its installation puts it here once more. */
const TWICE = /^node_modules\/esbuild\/bin\//;
const NATIVE = 'native/fray_native.node';
const START = `exports.run = (path) => void import(require('node:url').pathToFileURL(path).href);\n`;
/** What Node looks for in itself to know that something was put in. */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

/** Of brotli: a second. 9 takes 17 seconds, for 3 % less of the packed files. */
const QUALITY = 5;

/** It comes without types. */
interface Postject {
  inject(
    program: string,
    name: string,
    bytes: Buffer,
    options: { readonly sentinelFuse: string },
  ): Promise<void>;
}

const startedMs = performance.now();
const contents = new Map<string, Buffer>([[START_FILE, Buffer.from(START)]]);
for (const name of OWN) add(name, OWN_NOT);
for (const folder of dependencies()) add(folder, PACKAGE_NOT);
// For native I/O threads: `npm run build:native` makes it, where there is cargo.
const hasNative = existsSync(join(ROOT, NATIVE));
if (hasNative) add(NATIVE, OWN_NOT);
const packing = pack();
const work = mkdtempSync(join(tmpdir(), 'fray-single-'));
try {
  await inject(await makeBlob());
} finally {
  rmSync(work, { recursive: true, force: true });
}
console.log(
  `build-single: ${relative(process.cwd(), OUT)}, ${megabytes(statSync(OUT).size)} (Node ${process.versions.node}: ${megabytes(statSync(process.execPath).size)}); ${contents.size} files inside, ${megabytes(sum())} unpacked, ${hasNative ? 'with' : 'without'} native I/O threads; ${Math.round(performance.now() - startedMs)} ms`,
);

/** Adds a file, or what lies in a folder, but for what `not` fits and packages inside it. */
function add(name: string, not: RegExp): void {
  const path = join(ROOT, name);
  if (statSync(path).isDirectory()) {
    for (const entry of readdirSync(path).sort())
      if (entry !== 'node_modules') add(`${name}/${entry}`, not);
  } else if (!not.test(name) && !TWICE.test(name)) contents.set(name, readFileSync(path));
}

/** Folders of production dependencies that are installed here, out of the lock file. */
function dependencies(): string[] {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: { [path: string]: { readonly dev?: boolean; readonly devOptional?: boolean } };
  };
  const shipped = Object.entries(packages)
    .filter(([path, entry]) => path !== '' && !entry.dev && !entry.devOptional)
    .map(([path]) => path);
  return shipped.filter((path) => existsSync(join(ROOT, path))).sort();
}

function pack(): Packing {
  const files = [...contents].map(([path, bytes]): PackedFile => {
    const runs = /\/bin\/[^/.]+$/.test(path);
    return { path, bytes: bytes.length, sha256: sha256(bytes), runs };
  });
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    version: string;
  };
  return { name: `fray-${version}-${sha256(JSON.stringify(files)).slice(0, 16)}`, files };
}

/** What Node makes of the first script and its assets. */
async function makeBlob(): Promise<Buffer> {
  const main = join(work, 'main.cjs');
  await build({
    entryPoints: [join(ROOT, 'src', 'single.ts')],
    outfile: main,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    logLevel: 'error',
  });
  const all = Buffer.concat([...contents.values()]);
  writeFileSync(
    join(work, ASSETS.files),
    brotliCompressSync(all, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: QUALITY,
        [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
        [constants.BROTLI_PARAM_SIZE_HINT]: all.length,
      },
    }),
  );
  writeFileSync(join(work, ASSETS.packing), JSON.stringify(packing));
  const output = join(work, 'blob');
  const assets = Object.fromEntries(Object.values(ASSETS).map((name) => [name, join(work, name)]));
  const config = join(work, 'sea.json');
  writeFileSync(
    config,
    JSON.stringify({ main, output, assets, disableExperimentalSEAWarning: true }),
  );
  // It tells on standard error that it is done; where it fails, that is in the error.
  execFileSync(process.execPath, ['--experimental-sea-config', config], { stdio: 'pipe' });
  return readFileSync(output);
}

async function inject(blob: Buffer): Promise<void> {
  const { inject: put } = createRequire(import.meta.url)('postject') as Postject;
  // It warns of each note of Node's own that it does not know.
  console.warn = () => {};
  mkdirSync(dirname(OUT), { recursive: true });
  const part = `${OUT}.part`;
  copyFileSync(process.execPath, part);
  chmodSync(part, 0o755);
  await put(part, 'NODE_SEA_BLOB', blob, { sentinelFuse: FUSE });
  renameSync(part, OUT);
}

function sha256(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function sum(): number {
  return packing.files.reduce((total, { bytes }) => total + bytes, 0);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
