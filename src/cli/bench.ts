/** `fray bench NAME`: runs one benchmark of bench/ and prints its rows. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { nearest } from '../config.ts';
import { FrayError } from '../errors.ts';
import type { Bench, BenchOptions, BenchRow } from './bench-report.ts';
import { describeRun, ROW_HEAD, rowCells } from './bench-report.ts';
import type { Command } from './command.ts';
import { EXIT, textOf, wholeNumber } from './command.ts';
import { packageRoot } from './games.ts';
import { table } from './table.ts';

export const command: Command = {
  name: 'bench',
  summary: 'Run a benchmark',
  examples: ['fray bench tick --quick', 'fray bench tick --json > tick.json', 'fray bench all'],
  args: {
    name: {
      type: 'positional',
      required: false,
      description:
        'Which one, or all of them, each in a process of its own; without it they are listed.',
    },
    quick: { type: 'boolean', description: 'Under 30 s: fewer ticks and rounds, coarser figures.' },
    seed: {
      type: 'string',
      default: '1',
      valueHint: 'n',
      description: 'Seed of the workload, 0..4294967295.',
    },
    shots: {
      type: 'string',
      valueHint: 'n',
      description: 'Shots that `shots` fires at least, 1..100000000.',
    },
    json: {
      type: 'boolean',
      description: 'Print the rows as a JSON array; the head goes to standard error.',
    },
  },
  async run(values, io) {
    const names = benchNames();
    if (values['name'] === undefined) {
      io.out(names.map((name) => `fray bench ${name}`).join('\n'));
      return EXIT.done;
    }
    const name = textOf(values, 'name');
    const options = {
      quick: values['quick'] === true,
      seed: wholeNumber(values, 'seed', { min: 0, max: 0xffff_ffff }),
      shots:
        values['shots'] === undefined
          ? undefined
          : wholeNumber(values, 'shots', { min: 1, max: 100_000_000 }),
      progress: io.progress,
    };
    const rows =
      name === ALL
        ? await runAll(names, options)
        : await runHere(await loadBench(name, names), options);
    io.out(
      values['json'] === true ? JSON.stringify(rows, null, 2) : table(ROW_HEAD, rows.map(rowCells)),
    );
    return rows.some((row) => row.met === false) ? EXIT.failed : EXIT.done;
  },
};

function runHere(bench: Bench, options: BenchOptions): Promise<BenchRow[]> {
  options.progress(describeRun(options));
  return bench.run(options);
}

/** Each in a process of its own: what ran before changes what V8 has compiled and what lies in the heap. */
async function runAll(names: readonly string[], options: BenchOptions): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  const flags = ['--json', '--seed', String(options.seed), ...(options.quick ? ['--quick'] : [])];
  for (const name of names) {
    const argv = [...process.execArgv, process.argv[1] ?? '', 'bench', name, ...flags];
    const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    await once(child, 'close');
    // Exit code 1 says that a goal is missed; a bench that failed has written no rows.
    if (output === '') throw new Error(`Cannot go on: bench ${name} ended with ${child.exitCode}`);
    rows.push(...(JSON.parse(output) as BenchRow[]));
  }
  return rows;
}

async function loadBench(name: string, names: readonly string[]): Promise<Bench> {
  if (!names.includes(name)) {
    const near = nearest(name, names);
    throw new FrayError(
      'E_CONFIG',
      `Cannot run bench ${name}: there is none of that name; ${near === null ? `there are: ${names.join(', ')}` : `did you mean ${near}?`}`,
    );
  }
  const module = (await import(moduleOf(name))) as { readonly bench: Bench };
  return module.bench;
}

/** Benches are loaded by path and not bundled into the command: they bring their peers, which users do not install. */
function moduleOf(name: string): string {
  const root = packageRoot();
  const built = join(root, 'dist', 'bench', `${name}.js`);
  const source = join(root, 'bench', `${name}.ts`);
  return pathToFileURL(import.meta.url.endsWith('.ts') && existsSync(source) ? source : built).href;
}

function benchNames(): string[] {
  const root = packageRoot();
  const folder = import.meta.url.endsWith('.ts')
    ? join(root, 'bench')
    : join(root, 'dist', 'bench');
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).map((file) => file.replace(/\.(ts|js)$/, ''));
  return BENCHES.filter((name) => files.includes(name));
}

const ALL = 'all';
/** Files of bench/ that are benchmarks, in the order in which `all` runs them; the others are their parts. */
const BENCHES: readonly string[] = [
  'tick',
  'bytes',
  'interest',
  'move',
  'native',
  'garbage',
  'memory',
  'lateness',
  'io',
  'flood',
  'shots',
  'journal',
  'frames',
];
