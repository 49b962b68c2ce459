/**
 * Is the simulation worth anything? Plants bugs, one at a time, in a copy of the tree, and says which seed finds each. The bugs are
 * those of `test/mutants/` that are named here: chosen for what a running system would suffer from them, before it was known
 * what the simulation sees. Nothing of it is in a build.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Copy } from '../../tools/mutants/copy.ts';
import type { Patch } from '../../tools/mutants/patches.ts';
import { breakText, readPatches } from '../../tools/mutants/patches.ts';

const HELP = `node --import=tsx test/sim/canaries.ts [options]

Plants each canary (test/sim/canaries.txt) in a copy of the tree and simulates until a seed finds it.

  --seeds N   at most so many scenarios for each (default 2000)
  --only A,B  these alone
  --json      one array at the end

  node --import=tsx test/sim/canaries.ts --only packet-bits-off-by-one
`;

interface Found {
  readonly name: string;
  readonly file: string;
  /** null: no seed did. */
  readonly seed: number | null;
  readonly text: string;
  readonly seconds: number;
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Names of the kept list; `#` begins a comment. */
export function canaries(): string[] {
  return readFileSync(new URL('canaries.txt', import.meta.url), 'utf8')
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '');
}

function main(): void {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '2000' },
      only: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const names = values.only?.split(',') ?? canaries();
  const patches = new Map(readPatches(ROOT).map((patch) => [patch.name, patch]));
  const copy = new Copy(ROOT);
  const found: Found[] = [];
  try {
    for (const name of names) {
      const patch = patches.get(name);
      if (patch === undefined) throw new Error(`There is no ${name} in test/mutants`);
      const one = plant(copy, patch, values.seeds);
      found.push(one);
      const how = one.seed === null ? 'NOT FOUND' : `seed ${one.seed}, ${one.text}`;
      console.error(`${name} (${one.seconds.toFixed(0)} s): ${how}`);
    }
  } finally {
    copy.close();
  }
  if (values.json) console.log(JSON.stringify(found));
  const missed = found.filter(({ seed }) => seed === null);
  console.log(`${found.length - missed.length} of ${found.length} found`);
  process.exitCode = missed.length > 0 ? 1 : 0;
}

function plant(copy: Copy, patch: Patch, seeds: string): Found {
  const started = performance.now();
  const whole = copy.read(patch.file);
  const answer = breakText(patch, whole);
  if (typeof answer === 'string') throw new Error(`${patch.name} does not fit: ${answer}`);
  copy.write(patch.file, answer.broken);
  try {
    const core = patch.file.endsWith('.rs') ? build(copy.root) : null;
    const { stderr } = spawnSync(
      process.execPath,
      [
        '--import=tsx',
        '--conditions=fray-source',
        'test/sim/run.ts',
        '--no-shrink',
        '--seeds',
        seeds,
      ],
      {
        cwd: copy.root,
        encoding: 'utf8',
        env: { ...process.env, ...(core !== null && { FRAY_TEST_SIM_CORE: core }) },
      },
    );
    const hit = /^seed (\d+), \d+ ms: (.*)$/m.exec(stderr);
    const crashed = hit === null && !/ failed$/m.test(stderr) && /Error/.test(stderr);
    return {
      name: patch.name,
      file: patch.file,
      seed: hit === null ? null : Number(hit[1]),
      text: hit?.[2] ?? (crashed ? stderr.slice(0, 300) : ''),
      seconds: (performance.now() - started) / 1000,
    };
  } finally {
    copy.write(patch.file, whole);
  }
}

/** Both halves of the core in one module, as debuggable as a release is. */
function build(root: string): string {
  const target = join(root, 'target', 'sim');
  execFileSync(
    '/usr/bin/cargo',
    ['build', '--quiet', '--release', '--locked', '--lib', '--target', 'wasm32-unknown-unknown'],
    {
      cwd: join(root, 'core-wasm'),
      env: { ...process.env, CARGO_TARGET_DIR: target, RUSTC: '/usr/bin/rustc' },
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  return join(target, 'wasm32-unknown-unknown', 'release', 'fray_core.wasm');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
