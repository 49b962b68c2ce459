/**
 * `npm run mutants`: plants the breaks that are kept in test/mutants, one after the other, in a copy of the tree, and says
 * which quick test sees each. A break that nobody sees is a missing test.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Copy } from './mutants/copy.ts';
import { Judge } from './mutants/judge.ts';
import type { Patch } from './mutants/patches.ts';
import { FOLDER, problemOf, readPatches, STAGES } from './mutants/patches.ts';
import { type Judged, markdown, said } from './mutants/results.ts';
import { run } from './test/run.mjs';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const STAGE_WIDTH = 10;
const HELP = `npm run mutants [-- --only NAME[,NAME]] [-- --stage STAGE[,STAGE]] [-- --list]

  --only NAME    only these breaks
  --stage STAGE  only breaks of these stages: ${STAGES.join(', ')}
  --list         prints the breaks and whether they fit the tree; runs nothing
  --help         this text

A run of all takes some 10 minutes on 2 cores, needs cargo, and writes ${FOLDER}/RESULTS.md. Ends with code 1 when a
break survives, does not fit the code any more, or is refused by a compiler.

Example: npm run mutants -- --stage session,mailbox`;

process.exitCode = await main();

async function main(): Promise<number> {
  let chosen: Patch[];
  let whole: boolean;
  try {
    const { values } = parseArgs({
      options: {
        only: { type: 'string' },
        stage: { type: 'string' },
        list: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
    if (values.help === true) {
      console.log(HELP);
      return 0;
    }
    chosen = choose(values.only?.split(','), values.stage?.split(','));
    whole = values.only === undefined && values.stage === undefined;
    if (values.list === true) return list(chosen);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    return 2;
  }
  if (chosen.some(({ file }) => file.endsWith('.rs')) && !(await hasCargo())) {
    console.error('Cannot judge breaks of the core: there is no cargo');
    return 2;
  }
  const state = commit();
  const judged = await judgeAll(chosen, whole);
  if (whole) writeFileSync(join(ROOT, FOLDER, 'RESULTS.md'), markdown(judged, state));
  return summarise(judged);
}

function choose(only?: readonly string[], stages?: readonly string[]): Patch[] {
  const patches = readPatches(ROOT);
  const strange = [
    ...(only ?? []).filter((name) => !patches.some((patch) => patch.name === name)),
    ...(stages ?? []).filter((name) => !STAGES.some((stage) => stage === name)),
  ];
  if (strange.length > 0)
    throw new Error(`Cannot run ${strange.join(', ')}: no such break or stage`);
  return patches.filter(
    ({ name, stage }) => (only?.includes(name) ?? true) && (stages?.includes(stage) ?? true),
  );
}

function list(patches: readonly Patch[]): number {
  const problems = patches.map((patch) => problemOf(patch, ROOT));
  for (const [at, { stage, name, breaks }] of patches.entries())
    console.log(`${stage.padEnd(STAGE_WIDTH)} ${name}: ${problems[at] || breaks}`);
  const count = problems.filter((problem) => problem !== '').length;
  console.log(`\n${patches.length} breaks, ${count} of them do not fit`);
  return count === 0 ? 0 : 1;
}

async function judgeAll(patches: readonly Patch[], whole: boolean): Promise<Judged[]> {
  const copy = new Copy(ROOT);
  const note = (text: string): void => console.log(`  note: ${text}`);
  const judge = new Judge(copy, { types: whole, note });
  const judged: Judged[] = [];
  console.log(`${patches.length} breaks, planted in ${copy.root}`);
  try {
    for (const [at, patch] of patches.entries()) {
      const verdict = await judge.judge(patch);
      judged.push({ patch, verdict });
      const word = verdict.kind === 'killed' ? 'killed  ' : verdict.kind.toUpperCase();
      const by = verdict.kind === 'survived' ? '' : ` ${said(verdict)}`;
      const took = verdict.kind === 'refused' ? '' : `, ${verdict.seconds.toFixed(1)} s`;
      const place = `[${String(at + 1).padStart(2)} of ${patches.length}]`;
      console.log(`${place} ${word} ${patch.stage} ${patch.name}:${by}${took}`);
    }
  } finally {
    copy.close();
  }
  return judged;
}

function summarise(judged: readonly Judged[]): number {
  const killed = (rows: readonly Judged[]): number =>
    rows.filter(({ verdict }) => verdict.kind === 'killed').length;
  console.log('');
  for (const stage of STAGES) {
    const rows = judged.filter(({ patch }) => patch.stage === stage);
    if (rows.length === 0) continue;
    console.log(`  ${stage.padEnd(STAGE_WIDTH)} ${killed(rows)} of ${rows.length} killed`);
  }
  console.log(`\n${killed(judged)} of ${judged.length} killed`);
  return killed(judged) === judged.length ? 0 : 1;
}

async function hasCargo(): Promise<boolean> {
  return (await run('cargo', ['--version'], { cwd: ROOT, timeoutMs: 10_000 })).code === 0;
}

function commit(): string {
  return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: ROOT }).toString().trim();
}
