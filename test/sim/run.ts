/**
 * `npm run sim`: plays scenarios by seed, and says of each that fails how to repeat it. Each is the whole system in one thread on
 * simulated time, see scenario.ts; processors work side by side, each on seeds of its own.
 */
import { fork } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { guard } from './guard.ts';
import { loadModules } from './modules.ts';
import type { Outcome } from './scenario.ts';
import { play } from './scenario.ts';
import type { Fault, Script } from './script.ts';
import { draw } from './script.ts';
import { shrink } from './shrink.ts';

const HELP = `npm run sim -- [options]

Plays seeded scenarios of the whole system in simulated time: clients, links with faults, sessions, mailboxes,
rooms, journals. Ends with 1 if an invariant broke, and says which and how to repeat it.

  --seeds N      how many (default 200)
  --first F      the first seed (default 1)
  --with A,-B    only seeds whose scripts have these faults and not those with a -: cut, crash, killWorker, ...
  --minutes M    begins no scenario after so long
  --jobs J       processes (default: the processors there are)
  --trace        prints what happens, for one seed
  --script FILE  plays a script that was kept instead of a seed
  --keep-going   does not stop at the first seed that fails
  --no-shrink    leaves a script that fails as long as it is
  --json         one object at the end

  npm run sim -- --seeds 2000
  npm run sim -- --first 1234 --seeds 1 --trace
`;

/** What a process says of a seed. */
export interface Played {
  readonly seed: number;
  readonly faults: readonly Fault[];
  readonly players: number;
  readonly ms: number;
  readonly outcome: Outcome;
}

export async function playSeed(seed: number, modules: Awaited<ReturnType<typeof loadModules>>) {
  const script = draw(seed);
  const outcome = await play(script, modules);
  const faults = [...new Set(script.acts.map(({ kind }) => kind))];
  return { seed, faults, players: script.players.length, ms: script.ms, outcome };
}

interface Sums {
  scenarios: number;
  failed: Played[];
  simulatedMs: number;
  players: number;
  snapshots: number;
  ticks: number;
  lines: number;
  replayedTicks: number;
  /** Times that a room went to another worker, and went on from a disk. */
  moved: number;
  continued: number;
  byFault: Record<string, number>;
}

export async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '200' },
      first: { type: 'string', default: '1' },
      with: { type: 'string', default: '' },
      minutes: { type: 'string', default: '1e9' },
      jobs: { type: 'string', default: String(availableParallelism()) },
      trace: { type: 'boolean', default: false },
      script: { type: 'string' },
      'keep-going': { type: 'boolean', default: false },
      'no-shrink': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      child: { type: 'string' },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const [first, seeds, jobs] = [values.first, values.seeds, values.jobs].map(Number) as [
    number,
    number,
    number,
  ];
  const faults = values.with.split(',').filter((name) => name !== '');
  const endMs = performance.now() + 60_000 * Number(values.minutes);
  const range = { first, step: 1, end: first + seeds, faults, endMs };
  if (values.child !== undefined) {
    const own = { ...range, first: first + Number(values.child), step: jobs };
    await playRange(own, (played) => process.send?.(played) ?? false);
    process.disconnect();
    return;
  }
  if (values.script !== undefined) {
    await one(JSON.parse(readFileSync(values.script, 'utf8')) as Script);
    return;
  }
  if (values.trace) {
    await one(draw(first));
    return;
  }
  const startMs = performance.now();
  const sums = await many({
    range,
    jobs: Math.min(jobs, seeds),
    goOn: values['keep-going'],
    args: [
      `--first=${first}`,
      `--seeds=${seeds}`,
      `--jobs=${Math.min(jobs, seeds)}`,
      `--with=${values.with}`,
      `--minutes=${values.minutes}`,
    ],
  });
  const seconds = (performance.now() - startMs) / 1000;
  if (values.json) console.log(JSON.stringify({ first, seconds, ...sums }));
  else report(sums, seconds);
  for (const { seed } of sums.failed.slice(0, SHRUNK_MAX))
    if (!values['no-shrink']) await explain(seed);
  process.exitCode = sums.failed.length > 0 ? 1 : 0;
}

/** One script, told as it goes. */
async function one(script: Script): Promise<void> {
  const { acts: _, ...rest } = script;
  console.log(JSON.stringify(rest));
  const outcome = await play(script, await loadModules(), (line) => console.log(line));
  console.log(JSON.stringify(outcome, null, 1));
  process.exitCode = outcome.troubles.length > 0 ? 1 : 0;
}

interface Range {
  readonly first: number;
  readonly step: number;
  readonly end: number;
  /** Only scripts with all of these, and without those that begin with `-`. */
  readonly faults: readonly string[];
  /** Nothing begins after that. */
  readonly endMs: number;
}

/** Plays a range of seeds until `hear` says that it is enough. */
async function playRange(range: Range, hear: (played: Played) => boolean): Promise<void> {
  const modules = await loadModules();
  const begins = guard();
  for (let seed = range.first; seed < range.end; seed += range.step) {
    const kinds = new Set<string>(draw(seed).acts.map(({ kind }) => kind));
    const isWanted = (fault: string): boolean =>
      fault.startsWith('-') ? !kinds.has(fault.slice(1)) : kinds.has(fault);
    if (!range.faults.every(isWanted)) continue;
    if (performance.now() > range.endMs) break;
    begins(seed);
    if (!hear(await playSeed(seed, modules))) break;
  }
}

/** One job plays in this process; more have processes of their own, started with `args`. */
async function many(at: {
  readonly range: Range;
  readonly jobs: number;
  readonly goOn: boolean;
  readonly args: readonly string[];
}): Promise<Sums> {
  const { range, jobs, goOn, args } = at;
  const sums = noSums();
  const hear = hearer(sums, { seeds: range.end - range.first, goOn });
  if (jobs === 1) {
    await playRange(range, hear);
    return sums;
  }
  await new Promise<void>((resolve, reject) => {
    let running = jobs;
    const children = Array.from({ length: jobs }, (_, index) =>
      fork(process.argv[1] as string, [...args, `--child=${index}`], {
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      }),
    );
    for (const each of children) {
      each.on('message', (played: Played) => {
        if (!hear(played)) for (const other of children) other.kill();
      });
      each.on('exit', (code, signal) => {
        running -= 1;
        if (code !== 0 && signal === null)
          reject(new Error(`A process of the simulation ended with ${code}`));
        if (running === 0) resolve();
      });
    }
  });
  return sums;
}

/** Adds up what was played, and says of what failed and now and then how far it is. Its answer: whether to go on. */
function hearer(
  sums: Sums,
  { seeds, goOn }: { readonly seeds: number; readonly goOn: boolean },
): (played: Played) => boolean {
  const startMs = performance.now();
  let saidMs = startMs;
  return (played) => {
    add(sums, played);
    const nowMs = performance.now();
    if (nowMs - saidMs > PROGRESS_MS) {
      saidMs = nowMs;
      const rate = (1000 * sums.scenarios) / (nowMs - startMs);
      console.error(`${sums.scenarios} of ${seeds}, ${rate.toFixed(1)} a second`);
    }
    if (played.outcome.troubles.length === 0) return true;
    tell(played);
    return goOn;
  };
}

function noSums(): Sums {
  return {
    scenarios: 0,
    failed: [],
    simulatedMs: 0,
    players: 0,
    snapshots: 0,
    ticks: 0,
    lines: 0,
    replayedTicks: 0,
    moved: 0,
    continued: 0,
    byFault: {},
  };
}

function add(sums: Sums, played: Played): void {
  const { outcome } = played;
  sums.scenarios += 1;
  sums.simulatedMs += played.ms;
  sums.players += played.players;
  sums.snapshots += outcome.snapshots;
  sums.ticks += outcome.ticks;
  sums.lines += outcome.lines;
  sums.replayedTicks += outcome.replayed;
  sums.moved += outcome.moved;
  sums.continued += outcome.continued;
  for (const fault of played.faults) sums.byFault[fault] = (sums.byFault[fault] ?? 0) + 1;
  if (outcome.troubles.length > 0) sums.failed.push(played);
}

function tell({ seed, outcome }: Played): void {
  for (const { atMs, text } of outcome.troubles.slice(0, TOLD_MAX))
    console.error(`seed ${seed}, ${atMs} ms: ${text}`);
  console.error(`  repeat: npm run sim -- --first ${seed} --seeds 1 --trace`);
}

async function explain(seed: number): Promise<void> {
  const modules = await loadModules();
  const script = draw(seed);
  const outcome = await play(script, modules);
  if (outcome.troubles.length === 0) {
    console.error(`seed ${seed} does not fail again: the simulation is not the same each time`);
    return;
  }
  const shrunk = await shrink({ script, outcome }, modules);
  const file = join(tmpdir(), `fray-sim-${seed}.json`);
  writeFileSync(file, JSON.stringify(shrunk.script, null, 1));
  const { acts, players } = shrunk.script;
  console.error(`seed ${seed} comes down to ${acts.length} faults and ${players.length} players:`);
  for (const act of acts) console.error(`  ${JSON.stringify(act)}`);
  console.error(`  ${shrunk.outcome.troubles[0]?.atMs} ms: ${shrunk.outcome.troubles[0]?.text}`);
  console.error(`  repeat: npm run sim -- --script ${file}`);
}

function report(sums: Sums, seconds: number): void {
  const n = Math.max(1, sums.scenarios);
  const faults = Object.entries(sums.byFault)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
  console.log(
    `${sums.scenarios} scenarios in ${seconds.toFixed(1)} s, ${(sums.scenarios / seconds).toFixed(1)} a second; ` +
      `${(sums.simulatedMs / n / 1000).toFixed(1)} simulated seconds and ${(sums.players / n).toFixed(1)} players each\n` +
      `${sums.ticks} ticks, ${sums.snapshots} snapshots, ${sums.lines} lines, ${sums.replayedTicks} ticks replayed, ` +
      `${sums.moved} rooms moved, ${sums.continued} went on from a disk\n` +
      `scenarios with: ${faults}\n` +
      `${sums.failed.length} failed`,
  );
}

const PROGRESS_MS = 10_000;
const TOLD_MAX = 5;
const SHRUNK_MAX = 3;

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
