/** `fray bench NAME`: runs one benchmark of bench/ and prints its rows. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { nearest } from '../config.ts';
import { FrayError } from '../errors.ts';
import type { Bench } from './bench-report.ts';
import { describeRun, ROW_HEAD, rowCells } from './bench-report.ts';
import type { Command } from './command.ts';
import { EXIT, textOf, wholeNumber } from './command.ts';
import { packageRoot } from './games.ts';
import { table } from './table.ts';

export const command: Command = {
  name: 'bench',
  summary: 'Run a benchmark',
  examples: ['fray bench tick --quick', 'fray bench tick --json > tick.json'],
  args: {
    name: {
      type: 'positional',
      required: false,
      description: 'Which one; without it they are listed.',
    },
    quick: { type: 'boolean', description: 'Under 30 s: fewer ticks and rounds, coarser figures.' },
    seed: {
      type: 'string',
      default: '1',
      valueHint: 'n',
      description: 'Seed of the workload, 0..4294967295.',
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
    const bench = await loadBench(name, names);
    const options = {
      quick: values['quick'] === true,
      seed: wholeNumber(values, 'seed', { min: 0, max: 0xffff_ffff }),
      progress: io.progress,
    };
    io.progress(describeRun(options));
    const rows = await bench.run(options);
    io.out(
      values['json'] === true ? JSON.stringify(rows, null, 2) : table(ROW_HEAD, rows.map(rowCells)),
    );
    return rows.some((row) => row.met === false) ? EXIT.failed : EXIT.done;
  },
};

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
  return readdirSync(folder)
    .map((file) => file.replace(/\.(ts|js)$/, ''))
    .filter((name) => BENCHES.includes(name));
}

/** Files of bench/ that are benchmarks; the others are their parts. */
const BENCHES: readonly string[] = ['tick', 'garbage', 'memory', 'lateness'];
