/** Finds the benchmarks and runs them: one in this process, several each in a process of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { nearest } from '../config.ts';
import { FrayError } from '../errors.ts';
import { BENCHES } from './bench-list.ts';
import type { Bench, BenchChart, BenchOptions, BenchOutcome, BenchReport } from './bench-report.ts';
import { packageRoot } from './games.ts';

/** What was asked for; pictures are collected here. */
export type Asked = Omit<BenchOptions, 'chart'>;

/** In this process. One that throws, as one does whose answers are wrong, has no rows, whatever its speed. */
export async function runHere(name: string, asked: Asked): Promise<BenchOutcome> {
  const { bench } = await loadBench<{ readonly bench: Bench }>(name);
  const charts: BenchChart[] = [];
  const lines: string[] = [];
  const options: BenchOptions = {
    ...asked,
    progress: (line) => {
      lines.push(line);
      asked.progress(line);
    },
    chart: (chart) => void charts.push(chart),
  };
  const startMs = performance.now();
  const outcome = { name, summary: BENCHES[name] ?? '', charts, progress: lines };
  const seconds = (): number => Math.round((performance.now() - startMs) / 100) / 10;
  try {
    const rows = await bench.run(options);
    return { ...outcome, rows, seconds: seconds(), failure: null };
  } catch (error) {
    const failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { ...outcome, rows: [], seconds: seconds(), failure };
  }
}

/** Each in a process of its own: what ran before changes what V8 has compiled and what lies in the heap. */
export async function runAll(names: readonly string[], asked: Asked): Promise<BenchOutcome[]> {
  const folder = mkdtempSync(join(tmpdir(), 'fray-bench-'));
  const outcomes: BenchOutcome[] = [];
  try {
    for (const [index, name] of names.entries()) {
      asked.progress(`[${index + 1}/${names.length}] ${name}: ${BENCHES[name]}`);
      const outcome = await runApart(name, join(folder, `${name}.json`), asked);
      outcomes.push(outcome);
      asked.progress(`[${index + 1}/${names.length}] ${name}: ${outcome.seconds} s`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return outcomes;
}

async function runApart(name: string, file: string, asked: Asked): Promise<BenchOutcome> {
  const { quick, seed, shots, minutes } = asked;
  const flags = [
    ...['--json', '--out', file, '--seed', String(seed)],
    ...(quick ? ['--quick'] : []),
    ...(shots === undefined ? [] : ['--shots', String(shots)]),
    ...(minutes === undefined ? [] : ['--minutes', String(minutes)]),
  ];
  const argv = [...process.execArgv, process.argv[1] ?? '', 'bench', name, ...flags];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'ignore', 'inherit'] });
  const over = AbortSignal.timeout(quick ? QUICK_MS_MAX : FULL_MS_MAX);
  const late = (): void => void child.kill('SIGTERM');
  over.addEventListener('abort', late);
  const [code] = await once(child, 'close');
  over.removeEventListener('abort', late);
  if (existsSync(file)) {
    const { benches } = JSON.parse(readFileSync(file, 'utf8')) as BenchReport;
    if (benches[0] !== undefined) return benches[0];
  }
  const failure = over.aborted ? 'it took too long' : `it ended with ${code}`;
  return {
    name,
    summary: BENCHES[name] ?? '',
    seconds: 0,
    rows: [],
    charts: [],
    progress: [],
    failure,
  };
}

/** Throws E_CONFIG, before anything is measured. */
export function checkBench(name: string): void {
  const names = benchNames();
  if (names.includes(name)) return;
  if (Object.hasOwn(BENCHES, name))
    throw new FrayError(
      'E_CONFIG',
      `Cannot run bench ${name}: the package leaves it out, as it does the peers; run it in a clone of the repository`,
    );
  const near = nearest(name, names);
  const hint = near === null ? `there are: ${names.join(', ')}` : `did you mean ${near}?`;
  throw new FrayError('E_CONFIG', `Cannot run bench ${name}: there is none of that name; ${hint}`);
}

/** A module of bench/. They are loaded by path and not bundled into the command: they bring their peers, which users do not install. */
export async function loadBench<Module>(name: string): Promise<Module> {
  checkBench(name);
  return (await import(moduleOf(name))) as Module;
}

/** Those that are there. */
export function benchNames(): string[] {
  const root = packageRoot();
  const folder = isSource() ? join(root, 'bench') : join(root, 'dist', 'bench');
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).map((file) => file.replace(/\.(ts|js)$/, ''));
  return Object.keys(BENCHES).filter((name) => files.includes(name));
}

function moduleOf(name: string): string {
  const root = packageRoot();
  const built = join(root, 'dist', 'bench', `${name}.js`);
  const source = join(root, 'bench', `${name}.ts`);
  return pathToFileURL(isSource() && existsSync(source) ? source : built).href;
}

function isSource(): boolean {
  return import.meta.url.endsWith('.ts');
}

const QUICK_MS_MAX = 180_000;
const FULL_MS_MAX = 6 * 3_600_000;
