/** Runs test files, a few at a time, and counts their assertions as TAP states them. */
import { availableParallelism } from 'node:os';
import { run } from './run.mjs';

/** Files with tests that take long, and are left to `npm test`, end so. */
export const SLOW = /\.slow\.test\.ts$/;
const FILE_TIMEOUT_MS = 300_000;
const LINES_SHOWN_MAX = 120;
const JOBS = Math.min(2, availableParallelism());
/** Processes that files share: one more than run at once, for those whose tests wait. More would load the same modules more often. */
const GROUPS = 3;
const ARGUMENTS = ['--import=tsx', '--conditions=fray-source'];

/** Runs `files`, each in a process of its own, `jobs` at a time. Resolves with one part per file. */
export async function runTap(
  files,
  { cwd, jobs = JOBS, timeoutMs = FILE_TIMEOUT_MS, report, env = {} },
) {
  const parts = [];
  const queue = [...files];
  const worker = async () => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const startedMs = performance.now();
      const result = await run(process.execPath, [...ARGUMENTS, file], {
        cwd,
        env: { ...environment(timeoutMs), ...env },
        timeoutMs,
      });
      const part = judge(file, result, timeoutMs);
      part.ms = performance.now() - startedMs;
      parts.push(part);
      report(part, `${parts.length} of ${files.length}`);
    }
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  return parts;
}

/**
 * Runs `files` in few processes, several in each: most of what a small file costs is the start of its process. Which files
 * share one is always the same. A file there must not end the process or the root test. Resolves with one part per file.
 */
export async function runTogether(files, { cwd, timeoutMs = FILE_TIMEOUT_MS, report }) {
  const groups = Array.from({ length: GROUPS }, (_, group) =>
    files.filter((_file, index) => index % GROUPS === group),
  ).filter((group) => group.length > 0);
  const parts = await Promise.all(
    groups.map(async (group) => {
      const args = [...ARGUMENTS, 'tools/test/together.mjs', ...group];
      const env = environment(timeoutMs);
      const result = await run(process.execPath, args, { cwd, env, timeoutMs });
      const judged = judgeTogether(group, result, timeoutMs);
      for (const part of judged) report(part);
      return judged;
    }),
  );
  return parts.flat();
}

/** The part of each file, from what `together.mjs` printed for all of them, and one more where the process ended badly after them. */
function judgeTogether(files, result, timeoutMs) {
  const pieces = result.output.split(/^# end of .* (\d+)$/m);
  const ended = (pieces.length - 1) / 2;
  const parts = files.slice(0, ended).map((name, index) => {
    const own = { ...result, code: 0, errors: '', timedOut: false, output: pieces[2 * index] };
    return { ...judge(name, own, timeoutMs), ms: Number(pieces[2 * index + 1]) };
  });
  const last = { ...result, output: pieces.at(-1) };
  if (ended < files.length) parts.push(judge(files[ended], last, timeoutMs));
  else if (parts.every(({ failed }) => failed === 0) && (result.code !== 0 || result.timedOut))
    parts.push({ ...judge('after all files', last, timeoutMs), passed: 0 });
  for (const name of files.slice(ended + 1))
    parts.push({
      name,
      passed: 0,
      failed: 1,
      output: `not run: ${files[ended]} ended the process`,
    });
  return parts;
}

/** For tests: TAP on standard output, no other limit than ours. */
function environment(timeoutMs) {
  return { TAP: '1', TAP_TIMEOUT: String(timeoutMs / 1000), NO_COLOR: '1' };
}

/** A part from what a test file printed. A skipped or unfinished test counts as failed: nothing is left out in silence. */
export function judge(name, { code, output, errors, timedOut }, timeoutMs) {
  const totals = [...output.matchAll(/^# \{ (.*) \}$/gm)].at(-1)?.[1];
  const count = (word) => Number(new RegExp(`\\b${word}: (\\d+)`).exec(totals ?? '')?.[1] ?? 0);
  const passed = count('pass');
  const left = count('skip') + count('todo');
  let failed = count('fail') + left;
  const notes = [];
  if (timedOut) notes.push(`ended after its limit of ${timeoutMs / 1000} s`);
  else if (totals === undefined) notes.push(`ended with code ${code} and without totals`);
  else if (code !== 0 && failed === 0) notes.push(`ended with code ${code}`);
  else if (passed === 0 && failed === 0) notes.push('holds no test');
  if (left > 0) notes.push(`${left} skipped or marked as to do`);
  if (notes.length > 0 && left === 0) failed += 1;
  const text = failed === 0 ? '' : [...notes, ...failures(output), errors.trim()].join('\n');
  return { name, passed, failed, output: text };
}

/** The lines of TAP that tell what failed; the end of the output where there are none. */
function failures(output) {
  const lines = output.split('\n');
  const shown = [];
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index];
    if (!/^\s*not ok \d+|^\s*ok .*# (SKIP|TODO)/i.test(line)) continue;
    shown.push(line);
    if (lines[index + 1]?.trim() !== '---') continue;
    do {
      index += 1;
      shown.push(lines[index]);
    } while (index < lines.length - 1 && lines[index].trim() !== '...');
  }
  return shown.length > 0 ? shown.slice(0, LINES_SHOWN_MAX) : lines.slice(-LINES_SHOWN_MAX);
}
