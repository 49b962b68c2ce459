/** `fray bench`: runs the benchmarks of bench/, all of them or one, and prints their rows; `--out` writes them as a page or as JSON. */
import { writeFileSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { FrayError } from '../errors.ts';
import { budgetCommand } from './bench-budget.ts';
import { goalsText } from './bench-goals.ts';
import { BENCHES } from './bench-list.ts';
import { benchPage } from './bench-page.ts';
import type { BenchOptions, BenchReport } from './bench-report.ts';
import { describeHead, rowsText, runHead } from './bench-report.ts';
import { type Asked, benchNames, checkBench, runAll, runHere } from './bench-run.ts';
import type { Command, Io, Values } from './command.ts';
import { EXIT, textOf, wholeNumber } from './command.ts';

export const command: Command = {
  name: 'bench',
  summary: 'Run the benchmarks, or one of them; hold a game against its tick budget',
  examples: [
    'fray bench --quick --out bench.html',
    'fray bench tick --json > tick.json',
    'fray bench churn --minutes 30',
    'fray bench budget --game ./server.ts --players 50 --rate 60',
  ],
  notes: [
    'Benchmarks:',
    ...Object.entries(BENCHES).map(([name, summary]) => `  ${name.padEnd(9)} ${summary}`),
  ],
  args: {
    name: {
      type: 'positional',
      required: false,
      description: 'Which one; without it all of them, each in a process of its own.',
    },
    quick: { type: 'boolean', description: 'Under 30 s each: fewer ticks and rounds.' },
    seed: {
      type: 'string',
      default: '1',
      valueHint: 'n',
      description: 'Seed of the workload, 0..4294967295.',
    },
    json: {
      type: 'boolean',
      description: 'Print the rows as a JSON array; all else goes to standard error.',
    },
    out: {
      type: 'string',
      valueHint: 'file',
      description: 'Write the whole run: FILE.html, a page with pictures, or FILE.json.',
    },
    shots: {
      type: 'string',
      valueHint: 'n',
      description: 'shots: fire so many at least, 1..100000000.',
    },
    minutes: {
      type: 'string',
      valueHint: 'n',
      description: 'churn: play so long, 1..1440; the workload says 30.',
    },
    game: {
      type: 'string',
      valueHint: 'name',
      description: 'budget: the game, as fray start takes it. Default: both demo games.',
    },
    players: {
      type: 'string',
      valueHint: 'n',
      description: "budget: who plays in a room, 1..1024. Default: the game's playersMax.",
    },
    rate: {
      type: 'string',
      valueHint: 'Hz',
      description: "budget: ticks a second, 1..128. Default: the game's.",
    },
    seconds: {
      type: 'string',
      valueHint: 's',
      description: 'budget: how long they play, 1..3600, of their time. Default 20.',
    },
  },
  async run(values, io) {
    const name = values['name'] === undefined ? ALL : textOf(values, 'name');
    if (name === 'budget') return await budgetCommand(values, io);
    for (const flag of BUDGET_FLAGS)
      if (values[flag] !== undefined)
        throw new FrayError('E_CONFIG', `Cannot use --${flag}: it belongs to fray bench budget`);
    if (name !== ALL) checkBench(name);
    const out = outOf(values, io);
    const options = optionsOf(values, io);
    const head = runHead(options);
    if (values['json'] === true) io.progress(describeHead(head));
    const benches =
      name === ALL ? await runAll(benchNames(), options) : [await runHere(name, options)];
    const report: BenchReport = { head, benches };
    const rows = benches.flatMap((bench) => bench.rows);
    if (out !== null) writeFileSync(out.file, out.isPage ? benchPage(report) : jsonOf(report));
    const failed = benches.filter((bench) => bench.failure !== null);
    if (values['json'] === true) io.out(JSON.stringify(rows, null, 2));
    else {
      io.out(`${describeHead(head)}\n`);
      if (rows.length > 0) io.out(rowsText(rows));
      if (name === ALL) io.out(`\n${goalsText(report)}`);
    }
    for (const bench of failed) io.progress(`fray: bench ${bench.name} failed: ${bench.failure}`);
    return failed.length > 0 || rows.some((row) => row.met === false) ? EXIT.failed : EXIT.done;
  },
};

function optionsOf(values: Values, io: Io): Asked {
  const ranged = (flag: string, max: number): number | undefined =>
    values[flag] === undefined ? undefined : wholeNumber(values, flag, { min: 1, max });
  return {
    quick: values['quick'] === true,
    seed: wholeNumber(values, 'seed', { min: 0, max: 0xffff_ffff }),
    shots: ranged('shots', 100_000_000),
    minutes: ranged('minutes', 1440),
    progress: io.progress,
  } satisfies Omit<BenchOptions, 'chart'>;
}

/** Checked before anything runs: half an hour later is late to hear of a wrong ending. */
function outOf(values: Values, io: Io): { file: string; isPage: boolean } | null {
  if (values['out'] === undefined) return null;
  const file = resolve(io.folder, textOf(values, 'out'));
  const ending = extname(file);
  if (ending !== '.html' && ending !== '.json')
    throw new FrayError('E_CONFIG', `Cannot use --out ${file}: it must end in .html or .json`);
  if (ending === '.html') benchPage(null);
  return { file, isPage: ending === '.html' };
}

function jsonOf(report: BenchReport): string {
  return `${JSON.stringify(report, null, 1)}\n`;
}

const ALL = 'all';
const BUDGET_FLAGS = ['game', 'players', 'rate', 'seconds'];
