/**
 * Is the simulation worth anything? Plants bugs, one at a time, in a copy of the tree, and says which seed finds each. The list is
 * `canaries.txt`; the breaks are those of `test/mutants/`, which suites find, and of `test/sim/canaries/`, which only a system that runs
 * can suffer from. Nothing of it is in a build.
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

Plants each canary (test/sim/canaries.txt) in a copy of the tree and simulates until a seed finds it: the seed that is
kept first, then the others from 1 on.

  --seeds N    as far as this seed (default 2000)
  --only A,B   these alone
  --search     passes over the seeds that are kept
  --kept       plays nothing but the seeds that are kept
  --minutes M  gives each up after so long
  --json       one array at the end

  node --import=tsx test/sim/canaries.ts --only packet-bits-off-by-one
`;

/** One line of the list. */
export interface Canary {
  readonly name: string;
  /** The seed that has found it; null: none has yet. */
  readonly seed: number | null;
  /** Faults without which it cannot show: other seeds are passed over in the search. */
  readonly needs: string;
}

export interface Found {
  readonly name: string;
  readonly file: string;
  /** null: no seed did. */
  readonly seed: number | null;
  /** What was seen, or how far the search came. */
  readonly text: string;
  readonly seconds: number;
}

interface Search {
  readonly seeds: number;
  readonly minutes: number;
  readonly kept: 'first' | 'alone' | 'not';
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CANARIES = 'test/sim/canaries';

/** The kept list: name, seed or `-`, faults that it needs; `#` begins a comment. */
export function canaries(): Canary[] {
  return readFileSync(new URL('canaries.txt', import.meta.url), 'utf8')
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim().split(/\s+/))
    .filter(([name = '']) => name !== '')
    .map(([name = '', seed = '-', needs = '']) => ({
      name,
      seed: seed === '-' ? null : Number(seed),
      needs,
    }));
}

/** The breaks by name. */
export function canaryPatches(): ReadonlyMap<string, Patch> {
  const patches = [...readPatches(ROOT), ...readPatches(ROOT, CANARIES)];
  return new Map(patches.map((patch) => [patch.name, patch]));
}

/** Plants them one by one. Throws for a name without a break and for a break that does not fit. */
export function plantAll(
  list: readonly Canary[],
  search: Search,
  tell: (found: Found) => void = () => undefined,
): Found[] {
  const patches = canaryPatches();
  const copy = new Copy(ROOT);
  try {
    return list.map((canary) => {
      const patch = patches.get(canary.name);
      if (patch === undefined) throw new Error(`There is no break of the name ${canary.name}`);
      const found = plant(copy, { canary, patch, search });
      tell(found);
      return found;
    });
  } finally {
    copy.close();
  }
}

function main(): void {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '2000' },
      only: { type: 'string' },
      search: { type: 'boolean', default: false },
      kept: { type: 'boolean', default: false },
      minutes: { type: 'string', default: '1e9' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const only = values.only?.split(',');
  const found = plantAll(
    canaries().filter(({ name }) => only?.includes(name) ?? true),
    {
      seeds: Number(values.seeds),
      minutes: Number(values.minutes),
      kept: values.kept ? 'alone' : values.search ? 'not' : 'first',
    },
    ({ name, seed, seconds, text }) =>
      console.error(
        `${name} (${seconds.toFixed(0)} s): ${seed === null ? 'NOT FOUND,' : `seed ${seed},`} ${text}`,
      ),
  );
  if (values.json) console.log(JSON.stringify(found));
  const missed = found.filter(({ seed }) => seed === null);
  console.log(`${found.length - missed.length} of ${found.length} found`);
  process.exitCode = missed.length > 0 ? 1 : 0;
}

function plant(
  copy: Copy,
  { canary, patch, search }: { canary: Canary; patch: Patch; search: Search },
): Found {
  const started = performance.now();
  const { name, seed: kept, needs } = canary;
  const whole = copy.read(patch.file);
  const answer = breakText(patch, whole);
  if (typeof answer === 'string') throw new Error(`${name} does not fit: ${answer}`);
  copy.write(patch.file, answer.broken);
  try {
    const core = patch.file.endsWith('.rs') ? build(copy.root) : null;
    const play = (args: readonly string[]): Hit => simulate(copy.root, core, args);
    let hit: Hit = { seed: null, text: 'no seed is kept' };
    if (kept !== null && search.kept !== 'not')
      hit = play([`--first=${kept}`, '--seeds=1', '--with=']);
    if (hit.seed === null && search.kept !== 'alone')
      hit = play([`--seeds=${search.seeds}`, `--with=${needs}`, `--minutes=${search.minutes}`]);
    return { name, file: patch.file, ...hit, seconds: (performance.now() - started) / 1000 };
  } finally {
    copy.write(patch.file, whole);
  }
}

type Hit = Pick<Found, 'seed' | 'text'>;

function simulate(root: string, core: string | null, args: readonly string[]): Hit {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['test/sim/start.mjs', '--no-shrink', '--jobs=1', ...args],
    {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, ...(core !== null && { FRAY_TEST_SIM_CORE: core }) },
    },
  );
  const hit = /^seed (\d+), \d+ ms: (.*)$/m.exec(stderr);
  if (hit !== null) return { seed: Number(hit[1]), text: hit[2] ?? '' };
  // A simulation that cannot go on has found something too, but says no seed: it is to be looked at.
  const played = /^(\d+) scenarios/m.exec(stdout);
  const text = played === null ? stderr.trim().slice(-400) : `${played[1]} scenarios played`;
  return { seed: null, text };
}

/** Both halves of the core in one module; what a release does at the end, and needs minutes for, is left out. */
function build(root: string): string {
  const target = join(root, 'target', 'sim');
  execFileSync(
    '/usr/bin/cargo',
    ['build', '--quiet', '--release', '--locked', '--lib', '--target', 'wasm32-unknown-unknown'],
    {
      cwd: join(root, 'core-wasm'),
      env: { ...process.env, ...QUICK, CARGO_TARGET_DIR: target, RUSTC: '/usr/bin/rustc' },
      stdio: 'ignore',
    },
  );
  return join(target, 'wasm32-unknown-unknown', 'release', 'fray_core.wasm');
}

const QUICK = {
  CARGO_INCREMENTAL: '1',
  CARGO_PROFILE_RELEASE_LTO: 'off',
  CARGO_PROFILE_RELEASE_CODEGEN_UNITS: '8',
  CARGO_PROFILE_RELEASE_INCREMENTAL: 'true',
};

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
