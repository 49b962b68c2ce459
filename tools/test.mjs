/**
 * `npm test`: everything that must hold, in stages. Goes on after a failure, prints what failed, then a table, and as its
 * last line `N passed, N failed`. A stage whose tools are missing fails with what tools/setup said; nothing is skipped.
 */
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { run } from './test/run.mjs';
import { STAGES } from './test/stages.mjs';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const HEARTBEAT_MS = 20_000;
const SETUP_TIMEOUT_MS = 1_800_000;
const FAILURE_LINES_MAX = 200;
const HELP = `npm test [-- --only NAME[,NAME]] [-- --quick]

  --only NAME  only these stages: ${STAGES.map(({ name }) => name).join(', ')}
  --quick      what npm run check runs: ${STAGES.filter(({ quick }) => quick)
    .map(({ name }) => name)
    .join(', ')};
               without unit tests in *.slow.test.ts
  --help       this text

Example: npm test -- --only unit,rust`;

process.exitCode = await main();

async function main() {
  const options = parse();
  if (typeof options === 'number') return options;
  const started = performance.now();
  const missing = await setup(options.stages);
  const rows = [];
  for (const stages of groupsOf(options.stages))
    rows.push(...(await Promise.all(stages.map((one) => runStage(one, missing, options.quick)))));
  return summarise(rows, performance.now() - started);
}

function parse() {
  try {
    const { values } = parseArgs({
      options: { only: { type: 'string' }, quick: { type: 'boolean' }, help: { type: 'boolean' } },
    });
    if (values.help) {
      console.log(HELP);
      return 0;
    }
    const only = values.only?.split(',');
    const unknown = only?.find((name) => !STAGES.some((stage) => stage.name === name));
    if (unknown !== undefined)
      throw new Error(`Cannot run stage ${unknown}: there is none of that name`);
    const stages = STAGES.filter(
      ({ name, quick }) => only?.includes(name) ?? (!values.quick || quick),
    );
    return { stages, quick: values.quick === true };
  } catch (error) {
    console.error(`${error.message}\n\n${HELP}`);
    return 2;
  }
}

/** Installs what the stages need; the tools that are still missing then, by name, with what setup says of them. */
async function setup(stages) {
  if (!stages.some(({ needs }) => needs !== undefined)) return new Map();
  heading('Set-up');
  const alive = heartbeat('set-up');
  const { output, errors } = await run('tools/setup', [], {
    cwd: ROOT,
    timeoutMs: SETUP_TIMEOUT_MS,
  });
  clearInterval(alive);
  process.stdout.write(output + errors);
  const lines = [...output.matchAll(/^missing ([\w-]+): .*$/gm)];
  if (lines.length === 0) console.log('  all tools are there');
  return new Map(lines.map((match) => [match[1], match[0]]));
}

/** Stages that run at the same time: one, and those after it that may run beside it. */
function groupsOf(stages) {
  const groups = [];
  for (const stage of stages)
    if (stage.beside && groups.length > 0) groups.at(-1).push(stage);
    else groups.push([stage]);
  return groups;
}

async function runStage(stage, missing, quick) {
  heading(stage.title);
  const started = performance.now();
  const lacking = (stage.needs ?? []).flatMap((name) => missing.get(name) ?? []);
  const alive = heartbeat(stage.name);
  const context = { root: ROOT, quick, report };
  const parts =
    lacking.length > 0 ? lack(stage, lacking) : await stage.parts(context).catch(crash(stage));
  clearInterval(alive);
  if (parts.length === 0) parts.push(...lack(stage, ['there are no tests']));
  const sum = (key) => parts.reduce((total, part) => total + part[key], 0);
  return {
    name: stage.name,
    passed: sum('passed'),
    failed: sum('failed'),
    ms: performance.now() - started,
    parts,
  };
}

function lack(stage, reasons) {
  const part = { name: stage.name, passed: 0, failed: 1, output: reasons.join('\n') };
  report(part);
  return [part];
}

function crash(stage) {
  return (error) => lack(stage, [error.stack]);
}

function heading(title) {
  console.log(`\n== ${title}`);
}

/** A line when a part has ended, with its output where it failed. */
function report(part, place) {
  const took = part.ms === undefined ? '' : `, ${seconds(part.ms)}`;
  const of = place === undefined ? '' : ` [${place}]`;
  const mark = part.failed === 0 ? 'ok  ' : 'FAIL';
  console.log(`${mark} ${part.name}: ${part.passed} passed, ${part.failed} failed${took}${of}`);
  if (part.failed === 0) return;
  const lines = part.output.split('\n');
  const cut = lines.length - FAILURE_LINES_MAX;
  if (cut > 0) lines.splice(FAILURE_LINES_MAX / 2, cut, `... ${cut} lines left out ...`);
  console.log(lines.map((line) => `     ${line}`).join('\n'));
}

/** Tells a person, and a CI that ends silent jobs, that a long stage is at work. */
function heartbeat(name) {
  const started = performance.now();
  return setInterval(() => {
    console.log(`  … ${name}, ${seconds(performance.now() - started)}`);
  }, HEARTBEAT_MS);
}

function summarise(rows, ms) {
  const width = Math.max(...rows.map(({ name }) => name.length));
  heading('Summary');
  for (const { name, passed, failed, ms: took, parts } of rows) {
    const counts = `${String(passed).padStart(7)} passed ${String(failed).padStart(4)} failed`;
    const where = parts
      .filter((part) => part.failed > 0 && part.name !== name)
      .map((part) => part.name);
    console.log(
      `  ${name.padEnd(width)} ${counts} ${seconds(took).padStart(8)}  ${where.join(', ')}`.trimEnd(),
    );
  }
  const sum = (key) => rows.reduce((total, row) => total + row[key], 0);
  console.log(`  took ${seconds(ms)}\n\n${sum('passed')} passed, ${sum('failed')} failed`);
  return sum('failed') === 0 ? 0 : 1;
}

function seconds(ms) {
  return `${(ms / 1000).toFixed(1)} s`;
}
