/**
 * Builds `dist/` with esbuild, in a second or two: the command, the worker, the modules an author imports, the games.
 * Runs in `prepare`, so it needs production dependencies only. Writes what changed and removes what is no longer made:
 * a second run writes nothing, and a server that runs from `dist/` is not disturbed.
 *
 * `node tools/build.mjs [--types]`; with `--types` (before packing) tsc adds the declarations in `dist/types`.
 */
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, formatMessages } from 'esbuild';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const DIST = join(ROOT, 'dist');
const CORE = join(ROOT, 'core-wasm', 'fray_core.wasm');
const CLIENT = join(ROOT, 'core-wasm', 'fray_client.wasm');
const CLIENT_STEP = join(ROOT, 'core-wasm', 'fray_client_step.wasm');
const SEAL = join(ROOT, 'core-wasm', 'fray_seal.wasm');
/** What pages import, by the names of their files in dist. */
const PAGE_MODULES = [
  ['client.browser', 'src/client/index.ts'],
  ['watch', 'src/watch/index.ts'],
  ['devtools', 'src/devtools/index.ts'],
];
/** Of declarations: what no entry's types lead to, tsc writes all the same, and nobody needs. */
const RELATIVE_IMPORT = /(?:from|import|import\() ?'(\.[^']+)'/g;
/** What a page may have beside its script. */
const PAGE_FILE = /\.(html|css|png|jpg|webp|svg|ico|woff2|webmanifest|json)$/;

/**
 * For pages: offsets of structs and columns stand in the code as numbers, where the source names them. esbuild does that with enums, which
 * the generated tables are not (src is free of them), so they are turned into some on the way: 1.1 KB less, gzipped.
 */
const OFFSETS = {
  name: 'offsets',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]protocol[\\/]gen[\\/]tables\.ts$/ }, ({ path }) => {
      const source = fs.readFileSync(path, 'utf8');
      let count = 0;
      const contents = source.replace(OFFSET_TABLE, (_, name, rows) => {
        count += 1;
        return `export enum ${name} {\n${rows.replace(/^ {2}(\w+): (-?\w+),$/gm, '  $1 = $2,')}}`;
      });
      if (count < 40) throw new Error(`${path} has ${count} tables of offsets`);
      return { contents, loader: 'ts' };
    });
  },
};
/** Those of structs, and COLUMN; the others are gone through by name somewhere. */
const OFFSET_TABLE = /^export const (COLUMN|[A-Z]\w*[a-z]\w*) = \{\n([\s\S]*?)^\} as const;/gm;

const startedMs = performance.now();
const made = new Map();
await Promise.all([
  buildHost(),
  buildAdmin(),
  buildBenchPage(),
  ...PAGE_MODULES.map(buildPageModule),
  ...games().map(buildGame),
]);
if (exists(CORE, 'the core')) made.set(join(DIST, 'fray_core.wasm'), fs.readFileSync(CORE));
if (exists(CLIENT, 'the core of clients'))
  made.set(join(DIST, 'fray_client.wasm'), fs.readFileSync(CLIENT));
if (exists(CLIENT_STEP, 'the core of clients whose game has a step of its own'))
  made.set(join(DIST, 'fray_client_step.wasm'), fs.readFileSync(CLIENT_STEP));
if (exists(SEAL, 'the sealer')) made.set(join(DIST, 'fray_seal.wasm'), fs.readFileSync(SEAL));
const capacity = join(ROOT, 'bench', 'capacity.json');
if (exists(capacity)) made.set(join(DIST, 'capacity.json'), fs.readFileSync(capacity));
const cores = join(ROOT, 'cores');
if (exists(cores))
  for (const file of fs.readdirSync(cores))
    made.set(join(DIST, 'cores', file), fs.readFileSync(join(cores, file)));
const { written, removed } = writeAll();
console.log(
  `build: ${made.size} files in dist (${written} written, ${removed} removed), ${Math.round(performance.now() - startedMs)} ms`,
);
if (process.argv.includes('--types')) emitTypes();

/**
 * Everything that runs in Node, in one build with shared chunks: `fray/schema` and `fray/plugin` in a game's module are
 * then the same classes and symbols as in the worker. Chunks lie flat in `dist/`, so that a file beside the bundle is
 * found from any of them.
 */
async function buildHost() {
  const entries = {
    cli: 'src/cli.ts',
    'room-worker': 'workers/room-worker.ts',
    'journal-writer': 'workers/journal-writer.ts',
    'verify-job': 'workers/jobs/verify.ts',
    'fray-rtc': 'src/transport/server/rtc/fray-rtc.ts',
    schema: 'src/schema/index.ts',
    plugin: 'src/plugin/index.ts',
    testing: 'src/plugin/testing/index.ts',
    tokens: 'src/tokens.ts',
    'client.node': 'src/client/node.ts',
    'load-generator': 'bench/loadtest/generator.ts',
    ...benches(),
  };
  const present = Object.entries(entries).filter(([, file]) => exists(join(ROOT, file)));
  await bundle({
    entryPoints: Object.fromEntries(present),
    outdir: DIST,
    platform: 'node',
    target: 'node20',
    packages: 'external',
    splitting: true,
  });
}

/** The page of the admin port: one script, no map; its policy lets in nothing else. */
async function buildAdmin() {
  const from = join(ROOT, 'src', 'admin');
  if (!exists(from)) return;
  await bundle({
    entryPoints: [join(from, 'main.ts')],
    outdir: join(DIST, 'admin'),
    platform: 'browser',
    target: 'es2022',
    minify: true,
  });
  for (const file of ['index.html', 'style.css'])
    made.set(join(DIST, 'admin', file), fs.readFileSync(join(from, file)));
}

/** The script and style of `fray bench --out FILE.html`, which stand in that file; uPlot among them, whose licence stays. */
async function buildBenchPage() {
  const main = join(ROOT, 'bench', 'page', 'main.ts');
  if (!exists(main)) return;
  await bundle({
    entryPoints: [main],
    outdir: join(DIST, 'bench-page'),
    platform: 'browser',
    target: 'es2022',
    minify: true,
    legalComments: 'inline',
  });
}

/** Minified, with its map beside it: a page without a bundler loads this file as it is. */
async function buildPageModule([name, entry]) {
  if (!exists(join(ROOT, entry))) return;
  await bundle({
    entryPoints: { [name]: entry },
    outdir: DIST,
    platform: 'browser',
    target: 'es2022',
    minify: true,
    sourcemap: 'linked',
    // Names and lines are what a stack needs; the text of the sources is larger than all of them.
    sourcesContent: false,
    plugins: [OFFSETS],
  });
}

/** A game as its author would ship it: the server side imports `fray/…` by name, the page has all in one file, but for what it loads on demand. */
async function buildGame(name) {
  const from = join(ROOT, 'games', name);
  const to = join(DIST, 'games', name);
  const modules = ['server.ts', 'schema.ts'].map((file) => join(from, file)).filter(fs.existsSync);
  if (modules.length > 0) {
    await bundle({
      entryPoints: modules,
      outdir: to,
      platform: 'node',
      target: 'node20',
      packages: 'external',
      splitting: true,
    });
  }
  const page = join(from, 'page');
  if (!exists(page, `page of ${name}`)) return;
  const main = join(page, 'main.ts');
  if (exists(main)) {
    const built = await bundle({
      entryPoints: [main],
      outdir: join(to, 'page'),
      splitting: true,
      platform: 'browser',
      target: 'es2022',
      conditions: ['fray-source'],
      minify: true,
      sourcemap: 'linked',
      plugins: [OFFSETS],
      // What is bundled with the page keeps its licence.
      legalComments: 'eof',
    });
    if (!built) return;
  }
  for (const file of fs.readdirSync(page, { recursive: true })) {
    if (PAGE_FILE.test(file)) made.set(join(to, 'page', file), fs.readFileSync(join(page, file)));
  }
  for (const core of [CLIENT, CORE])
    if (fs.existsSync(core)) made.set(join(to, 'page', basename(core)), fs.readFileSync(core));
}

/** False if a development dependency is not installed that what is to be bundled needs: it is left out then. */
async function bundle(options) {
  try {
    const result = await build({
      bundle: true,
      format: 'esm',
      write: false,
      absWorkingDir: ROOT,
      logLevel: 'silent',
      legalComments: 'none',
      ...options,
    });
    await tell('warning', result.warnings);
    for (const file of result.outputFiles) made.set(file.path, file.contents);
    return true;
  } catch (cause) {
    const missing = missingPackage(cause.errors ?? []);
    if (missing) {
      const entry = relative(ROOT, options.entryPoints[0]);
      console.log(`build: ${entry} needs ${missing}, a development dependency, left out`);
      return false;
    }
    await tell('error', cause.errors ?? []);
    console.error(`build: ${cause.message.split('\n')[0]}`);
    return process.exit(1);
  }
}

/** What pages bundle is no dependency of those who run the package: without it (`npm ci --omit=dev`) the rest is built. */
function missingPackage(errors) {
  const { devDependencies } = JSON.parse(fs.readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const names = errors.map(
    ({ text }) => /^Could not resolve "((?:@[^"/]+\/)?[^"/]+)/.exec(text)?.[1],
  );
  const all =
    names.length > 0 && names.every((name) => name && Object.hasOwn(devDependencies, name));
  return all ? names[0] : undefined;
}

async function tell(kind, messages) {
  const color = process.stderr.isTTY ?? false;
  for (const text of await formatMessages(messages, { kind, color })) console.error(text);
}

function games() {
  const folder = join(ROOT, 'games');
  if (!exists(folder)) return [];
  const found = fs.readdirSync(folder, { withFileTypes: true });
  // What is no game is shared by their pages, and bundled with them.
  const isGame = (entry) => fs.existsSync(join(folder, entry.name, 'server.ts'));
  return found.filter(isGame).map((entry) => entry.name);
}

/** Files of `bench/` that are benchmarks; loaded by path, so that the command does not carry their peers. */
function benches() {
  const folder = join(ROOT, 'bench');
  const files = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
  const isBench = (file) =>
    file.endsWith('.ts') &&
    /^export const bench\b/m.test(fs.readFileSync(join(folder, file), 'utf8'));
  return Object.fromEntries(
    files.filter(isBench).map((file) => [`bench/${file.slice(0, -3)}`, `bench/${file}`]),
  );
}

function exists(path, what = relative(ROOT, path)) {
  if (fs.existsSync(path)) return true;
  console.log(`build: ${what} is not there, left out`);
  return false;
}

function writeAll() {
  let written = 0;
  for (const [path, contents] of made) {
    if (fs.existsSync(path) && Buffer.compare(fs.readFileSync(path), contents) === 0) continue;
    fs.mkdirSync(dirname(path), { recursive: true });
    // Renamed into place: nobody reads half a file.
    fs.writeFileSync(`${path}.part`, contents);
    fs.renameSync(`${path}.part`, path);
    written += 1;
  }
  const command = join(DIST, 'cli.js');
  if (made.has(command)) fs.chmodSync(command, 0o755);
  const old = fs.existsSync(DIST) ? fs.readdirSync(DIST, { recursive: true }) : [];
  const stale = old.filter((file) => isFile(join(DIST, file)) && !file.startsWith('types/'));
  const gone = stale.filter((file) => !made.has(join(DIST, file)));
  for (const file of gone) fs.rmSync(join(DIST, file));
  return { written, removed: gone.length };
}

function isFile(path) {
  return fs.statSync(path).isFile();
}

function emitTypes() {
  const types = join(DIST, 'types');
  fs.rmSync(types, { recursive: true, force: true });
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const config = join(ROOT, 'tsconfig.types.json');
  execFileSync(process.execPath, [tsc, '-p', config], { stdio: 'inherit' });
  const { files } = JSON.parse(fs.readFileSync(config, 'utf8'));
  const wanted = new Set(files.map((file) => join(types, declarationOf(file))));
  for (const file of wanted)
    for (const [, name] of fs.readFileSync(file, 'utf8').matchAll(RELATIVE_IMPORT))
      wanted.add(resolve(dirname(file), declarationOf(name)));
  for (const name of fs.readdirSync(types, { recursive: true }))
    if (isFile(join(types, name)) && !wanted.has(join(types, name))) fs.rmSync(join(types, name));
}

function declarationOf(file) {
  return file.replace(/\.ts$/, '.d.ts');
}
