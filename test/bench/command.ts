/** Runs `fray bench NAME --quick --json` in a process of its own, as a person does. */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchRow } from '../../src/cli/bench-report.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface BenchRun {
  readonly rows: readonly BenchRow[];
  /** What it said on its way. */
  readonly progress: string;
}

/** Rejects where the bench failed; a goal that is missed (exit code 1, with rows) is none of a test's business. */
export function runBench(name: string): Promise<BenchRun> {
  const flags = ['--import=tsx', '--conditions=fray-source', 'src/cli.ts', 'bench', name];
  return new Promise((resolve, reject) => {
    const options = { cwd: ROOT, timeout: TIMEOUT_MS, maxBuffer: 1 << 24 };
    execFile(
      process.execPath,
      [...flags, '--quick', '--json'],
      options,
      (error, stdout, progress) => {
        if (stdout === '') reject(new Error(`bench ${name}: ${error?.message} ${progress}`));
        else resolve({ rows: JSON.parse(stdout) as BenchRow[], progress });
      },
    );
  });
}

/** Installs the peers where one of them is not the one that the lock file of bench/ names: not what lies there from last year. */
export function installPeers(names: readonly string[]): void {
  const lock = JSON.parse(readFileSync(join(ROOT, 'bench', 'package-lock.json'), 'utf8'));
  const versionIn = (name: string): unknown => {
    const manifest = join(ROOT, 'bench', 'node_modules', name, 'package.json');
    return existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).version;
  };
  if (names.some((name) => versionIn(name) !== lock.packages[`node_modules/${name}`].version))
    execFileSync('npm', ['ci', '--prefix', 'bench'], { cwd: ROOT });
}

/** The row of a name; fails the test where there is none. */
export function rowOf(rows: readonly BenchRow[], name: string): BenchRow {
  const row = rows.find((one) => one.name === name);
  if (row === undefined) throw new Error(`There is no row ${name}`);
  return row;
}

/** Throws unless the row has just the fields that every bench hands back, of their types. */
export function checkShape(row: BenchRow): void {
  const numbers = ['ratio', 'ratioMin', 'ratioMax', 'peer'] as const;
  const fail = (what: string): never => {
    throw new Error(`Row ${row.name}: ${what}`);
  };
  if (Object.keys(row).sort().join(' ') !== FIELDS) fail(`has ${Object.keys(row).join(' ')}`);
  if (typeof row.unit !== 'string' || row.unit === '') fail('has no unit');
  if (!Number.isFinite(row.ours)) fail(`says ${row.ours}`);
  for (const name of numbers)
    if (row[name] !== null && !Number.isFinite(row[name])) fail(`${name} is ${row[name]}`);
  if ((row.peer === null) !== (row.peerName === null)) fail('a peer has a name and a figure');
  if ((row.peer === null) !== (row.ratio === null)) fail('a ratio is of a peer');
  if (row.more !== null && !/https:|bench\/peers\//.test(row.more.settings))
    fail('does not say where the settings of its peer come from');
  if (row.ratio !== null && !((row.ratioMin ?? 0) <= row.ratio && row.ratio <= (row.ratioMax ?? 0)))
    fail('the ratio is not between its least and its most');
}

const FIELDS = 'goal goalId met more name ours peer peerName ratio ratioMax ratioMin rounds unit';
const TIMEOUT_MS = 240_000;
