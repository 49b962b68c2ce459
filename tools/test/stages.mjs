/**
 * The stages of `npm test`, in order. A stage has a name, a title, what it needs of tools/setup, whether the quick loop
 * runs it, whether it may run beside the one before, and `parts`, which resolves with `{ name, passed, failed, output }` for each thing it counted.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './run.mjs';
import { runTap, runTogether, SLOW } from './tap.mjs';

/** Licences that production dependencies may have, as SPDX names. */
const LICENCES = new Set([
  'MIT',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'Unlicense',
  // Copyleft by file, for files that we do not change: node-datachannel, which writes it without a hyphen.
  'MPL 2.0',
]);
const TSC = [
  'node_modules/typescript/bin/tsc',
  '--incremental',
  '--tsBuildInfoFile',
  'node_modules/.cache/fray/tsc.json',
];
const CRATES = ['core-wasm', 'core-wasm/seal', 'native'];
/** Linted, too. */
const PEER_CRATES = ['test/peers/netcode'];
const DETERMINISM = join('test', 'browser', 'determinism.test.ts');
const HOST_CARGO = { CARGO_TARGET_DIR: 'target/host', CARGO_TERM_COLOR: 'never' };

export const STAGES = [
  { name: 'types', title: 'Types', quick: true, parts: node('tsc', TSC, 300) },
  {
    name: 'style',
    title: 'Format and lint',
    quick: true,
    parts: node(
      'biome',
      [
        'node_modules/@biomejs/biome/bin/biome',
        'check',
        '--error-on-warnings',
        '--max-diagnostics=40',
        '--colors=off',
      ],
      120,
    ),
  },
  { name: 'licences', title: 'Licences of production dependencies', quick: true, parts: licences },
  {
    name: 'generated',
    title: 'Generated files are fresh',
    quick: true,
    parts: node('generate --check', ['--import=tsx', 'tools/generate.ts', '--check'], 120),
  },
  { name: 'build', title: 'Build', quick: true, parts: node('build', ['tools/build.mjs'], 120) },
  { name: 'unit', title: 'Unit tests', quick: true, parts: unit },
  { name: 'rust-style', title: 'Rust format and lint', needs: ['rust'], parts: rustStyle },
  { name: 'rust', title: 'Rust tests', needs: ['rust'], parts: rustTests },
  { name: 'native', title: 'Native I/O threads', needs: ['rust'], parts: native },
  { name: 'peers', title: 'Against programs of others', needs: ['rust'], parts: peers },
  {
    name: 'wasm',
    title: 'The committed modules are what the sources make',
    needs: ['wasm-tools'],
    parts: (context) =>
      check('build-wasm --check', 'tools/build-wasm.sh', ['--check'], context, 900),
  },
  {
    name: 'browser',
    title: 'Browser tests',
    needs: ['chromium'],
    parts: ({ root, report }) => {
      const files = testFiles(root, 'browser').filter((file) => file !== DETERMINISM);
      return runTap(files, { cwd: root, jobs: 1, timeoutMs: 900_000, report });
    },
  },
  {
    name: 'determinism',
    title: 'The same hashes in Node, in a native build and in a browser',
    needs: ['rust', 'chromium'],
    parts: ({ root, report }) =>
      runTap([DETERMINISM], { cwd: root, jobs: 1, timeoutMs: 900_000, report }),
  },
  {
    name: 'install',
    title: 'Installation tests',
    // Neither judges time, and each leaves a processor to the other.
    beside: true,
    parts: ({ root, report }) =>
      runTap(testFiles(root, 'install'), { cwd: root, jobs: 1, timeoutMs: 600_000, report }),
  },
];

function node(name, args, timeoutS) {
  return (context) => check(name, process.execPath, args, context, timeoutS);
}

/** One command that passes or fails. */
async function check(name, command, args, { root, report }, timeoutS, options = {}) {
  const result = await run(command, args, { cwd: root, timeoutMs: timeoutS * 1000, ...options });
  const passed = result.code === 0;
  const limit = result.timedOut ? `ended after its limit of ${timeoutS} s\n` : '';
  const part = {
    name,
    passed: passed ? 1 : 0,
    failed: passed ? 0 : 1,
    output: `${limit}${result.output}${result.errors}`.trim(),
  };
  report(part);
  return [part];
}

/** Reads the lock file, which names the licence of each package, the ones for other systems included. */
async function licences({ root, report }) {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const shipped = Object.entries(packages).filter(([path, entry]) => path !== '' && !entry.dev);
  const refused = shipped.filter(([, { license }]) => !isAllowed(license ?? 'none'));
  const output = refused
    .map(([path, { license }]) => `${path}: ${license ?? 'names no licence'}`)
    .join('\n');
  const part = {
    name: `${shipped.length} packages`,
    passed: output === '' ? 1 : 0,
    failed: output === '' ? 0 : 1,
    output,
  };
  report(part);
  return [part];
}

/** `A AND B` needs both, `A OR B` one of them; deeper expressions are refused. */
export function isAllowed(expression) {
  const names = expression.replace(/^\((.*)\)$/, '$1');
  if (/ OR /.test(names)) return names.split(' OR ').some((name) => LICENCES.has(name));
  return names.split(' AND ').every((name) => LICENCES.has(name));
}

async function unit({ root, quick, report }) {
  const files = testFiles(root, '').filter(
    (file) => !/^test\/(browser|install|peers|native)\//.test(file),
  );
  const chosen = quick ? files.filter((file) => !SLOW.test(file)) : files;
  const alone = chosen.filter((file) => SLOW.test(file) || measuresGarbage(join(root, file)));
  const others = chosen.filter((file) => !alone.includes(file));
  const parts = await runTogether(others, { cwd: root, report });
  return [...parts, ...(await runTap(alone, { cwd: root, report }))];
}

/** Garbage is measured in a process of its own: what others ran decides what the compiler makes of the same code. */
function measuresGarbage(path) {
  return readFileSync(path, 'utf8').includes('--expose-gc');
}

function testFiles(root, folder) {
  const base = join('test', folder);
  if (!existsSync(join(root, base))) return [];
  const found = readdirSync(join(root, base), { recursive: true }).filter((file) =>
    file.endsWith('.test.ts'),
  );
  return found.map((file) => join(base, file)).sort();
}

async function rustStyle(context) {
  const parts = [];
  for (const folder of [...CRATES, ...PEER_CRATES]) {
    const crate = { cwd: join(context.root, folder), env: HOST_CARGO };
    const lint = ['clippy', '--locked', '--all-targets', '--', '-D', 'warnings'];
    parts.push(
      ...(await check(`cargo fmt ${folder}`, 'cargo', ['fmt', '--check'], context, 60, crate)),
      ...(await check(`cargo clippy ${folder}`, 'cargo', lint, context, 600, crate)),
    );
  }
  return parts;
}

async function rustTests({ root, report }) {
  const parts = [];
  for (const folder of CRATES) {
    const part = await crateTests(root, folder);
    report(part);
    parts.push(part);
  }
  return parts;
}

/** The modules, built for tests, and all that runs over them. */
async function native(context) {
  const { root, report } = context;
  const packages = ['--package', 'fray-native', '--package', 'fray-crowd'];
  const args = ['build', '--locked', '--features', 'fray-crowd/node', ...packages];
  const crate = { cwd: join(root, 'native'), env: HOST_CARGO };
  const build = await check('cargo build native', 'cargo', args, context, 600, crate);
  const built = join(root, 'native', 'target', 'host', 'debug');
  const env = {
    FRAY_TEST_NATIVE: join(built, 'libfray_native.so'),
    FRAY_TEST_CROWD: join(built, 'libfray_crowd.so'),
  };
  const files = testFiles(root, 'native');
  return [
    ...build,
    ...(await runTap(files, { cwd: root, jobs: 1, timeoutMs: 300_000, report, env })),
  ];
}

/** Programs built here that use others' implementations of what we speak. */
async function peers(context) {
  const { root, report } = context;
  const build = await check(
    'cargo build netcode-peer',
    'cargo',
    ['build', '--locked'],
    context,
    600,
    {
      cwd: join(root, 'test', 'peers', 'netcode'),
      env: { CARGO_TARGET_DIR: 'target', CARGO_TERM_COLOR: 'never' },
    },
  );
  const library = join(root, 'bench', 'uws');
  const install = await check(
    'npm ci --prefix bench/uws',
    'npm',
    ['ci', '--ignore-scripts', '--no-audit', '--no-fund'],
    context,
    300,
    { cwd: library },
  );
  const files = testFiles(root, 'peers');
  return [
    ...build,
    ...install,
    ...(await runTap(files, { cwd: root, jobs: 1, timeoutMs: 300_000, report })),
  ];
}

async function crateTests(root, folder) {
  const args = ['test', '--locked', '--no-fail-fast'];
  const timeoutS = 900;
  const result = await run('cargo', args, {
    cwd: join(root, folder),
    env: HOST_CARGO,
    timeoutMs: timeoutS * 1000,
  });
  const sums = [
    ...result.output.matchAll(/^test result: .*? (\d+) passed; (\d+) failed; (\d+) ignored/gm),
  ];
  const sum = (group) => sums.reduce((total, match) => total + Number(match[group]), 0);
  const [passed, counted, ignored] = [sum(1), sum(2), sum(3)];
  // A crate that does not build, a crash or the limit: no count says it, the exit code does.
  const failed = counted === 0 && (result.code !== 0 || passed === 0) ? 1 : counted;
  const limit = result.timedOut ? `ended after its limit of ${timeoutS} s\n` : '';
  const name = `cargo test ${folder}`;
  return {
    name: ignored === 0 ? name : `${name} (${ignored} ignored)`,
    passed,
    failed,
    output:
      failed === 0
        ? ''
        : `${limit}${result.errors.replace(/^ *(Compiling|Checking|Running|Doc-tests) .*\n/gm, '').trim()}\n${result.output.replace(/^(test .* ok|running \d+ tests?|test result: ok.*|)\n/gm, '').trim()}`,
  };
}
