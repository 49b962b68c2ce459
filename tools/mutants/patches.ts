/**
 * The kept breaks: one small file each, a head of comments and a diff of one line.
 *
 *     # stage: session
 *     # breaks: what goes wrong, for whom, and which invariant of the plan says that it must not
 *     # first: test/session/table.test.ts > the name of the test that is expected to see it
 *     --- a/src/session/server/table.ts
 *     +++ b/src/session/server/table.ts
 *     @@ -1,3 +1,3 @@
 *
 * A diff is found by its lines, not by their numbers: by the line it takes away where that stands once in its file, else
 * by all of its lines together. So code may change around a break; `git apply` takes the files while it has not.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** The line that a datagram goes, in its order. */
export const STAGES = [
  'client',
  'transport',
  'session',
  'mailbox',
  'packet',
  'ingest',
  'apply',
  'simulate',
  'resolve',
  'plugin',
  'command',
  'record',
  'select',
  'encode',
] as const;
export type Stage = (typeof STAGES)[number];

/** Fewer breaks than these prove too little. */
export const PER_STAGE_MIN = 4;
export const TOTAL_MIN = 40;

/** Where the patches are. */
export const FOLDER = 'test/mutants';

/** A test: a file, and the name that its runner prints. */
export interface TestName {
  readonly file: string;
  readonly name: string;
}

export interface Patch {
  /** File name without `.patch`. */
  readonly name: string;
  readonly stage: Stage;
  /** What it breaks, one sentence. */
  readonly breaks: string;
  /** Expected to see it: run before all others. */
  readonly first: TestName;
  /** The file it changes. */
  readonly file: string;
  /** The line it takes away, the one it puts there; '' for none. */
  readonly removed: string;
  readonly added: string;
  /** With the lines around: as they are, and as they are broken. */
  readonly before: string;
  readonly after: string;
}

/** Every patch in a folder of `root`, in the order of the line, then by name. Throws where one cannot be read. */
export function readPatches(root: string, where = FOLDER): Patch[] {
  const folder = join(root, where);
  const files = readdirSync(folder).filter((file) => file.endsWith('.patch'));
  const patches = files.map((file) => parsePatch(file, readFileSync(join(folder, file), 'utf8')));
  return patches.sort(
    (a, b) => STAGES.indexOf(a.stage) - STAGES.indexOf(b.stage) || (a.name < b.name ? -1 : 1),
  );
}

/** Throws an error that names the file and what is wrong in it. */
export function parsePatch(file: string, text: string): Patch {
  const fail = (state: string): Error => new Error(`Cannot read ${FOLDER}/${file}: ${state}`);
  const lines = text.split('\n');
  const start = lines.findIndex((line) => line.startsWith('--- '));
  const head = (word: string): string => {
    const at = lines.findIndex((line) => line.startsWith(`# ${word}: `));
    if (at < 0 || at > start) throw fail(`its head has no line "# ${word}: ..."`);
    const more = lines.slice(at + 1, start).findIndex((line) => !line.startsWith('#   '));
    const said = [lines[at]?.slice(word.length + 4) ?? '', ...lines.slice(at + 1, at + 1 + more)];
    return said.map((line) => line.replace(/^# +/, '').trim()).join(' ');
  };
  if (start < 0) throw fail('it holds no diff');
  const stage = STAGES.find((one) => one === head('stage'));
  if (stage === undefined) throw fail(`its stage is not one of ${STAGES.join(', ')}`);
  const [testFile = '', name = ''] = head('first').split(' > ');
  if (testFile === '' || name === '') throw fail('"# first:" is not "FILE > NAME"');
  const [from = '', to = ''] = lines.slice(start, start + 2).map((line) => line.slice(4));
  if (!from.startsWith('a/') || to !== `b/${from.slice(2)}`) throw fail('it renames a file');
  const body = lines.slice(start + 2).filter((line) => line !== '' && !line.startsWith('@@'));
  const [removed, added] = ['-', '+'].map((mark) => body.filter((line) => line[0] === mark));
  if (removed === undefined || added === undefined || !isOneLine(removed.length, added.length))
    throw fail('it is no break of one line');
  const side = (other: string): string =>
    body.map((line) => (line[0] === other ? '' : `${line.slice(1)}\n`)).join('');
  return {
    name: basename(file, '.patch'),
    stage,
    breaks: head('breaks'),
    first: { file: testFile, name },
    file: from.slice(2),
    removed: removed[0]?.slice(1) ?? '',
    added: added[0]?.slice(1) ?? '',
    before: side('+'),
    after: side('-'),
  };
}

function isOneLine(removed: number, added: number): boolean {
  return removed + added > 0 && Math.max(removed, added) === 1;
}

/** `text` broken by a patch; a text that says why it does not fit. */
export function breakText(patch: Patch, text: string): { readonly broken: string } | string {
  const lines = text.split('\n');
  const alike = (line: string): boolean => line.trim() === patch.removed.trim();
  const at = patch.removed === '' ? -1 : lines.findIndex(alike);
  if (at >= 0 && lines.findIndex((line, k) => k > at && alike(line)) < 0) {
    const indent = /^\s*/.exec(lines[at] ?? '')?.[0] ?? '';
    const put = patch.added === '' ? [] : [indent + patch.added.trim()];
    return { broken: lines.toSpliced(at, 1, ...put).join('\n') };
  }
  const found = `\n${text}`.indexOf(`\n${patch.before}`);
  if (found < 0) return `its lines are no longer in ${patch.file}`;
  if (`\n${text}`.indexOf(`\n${patch.before}`, found + 1) >= 0)
    return `its lines are more than once in ${patch.file}: give it more lines around`;
  return {
    broken: text.slice(0, found) + patch.after + text.slice(found + patch.before.length),
  };
}

/** What is wrong with a patch in the tree at `root`; '' for nothing. */
export function problemOf(patch: Patch, root: string): string {
  if (!existsSync(join(root, patch.file))) return `there is no ${patch.file}`;
  const answer = breakText(patch, readFileSync(join(root, patch.file), 'utf8'));
  if (typeof answer === 'string') return answer;
  const { file, name } = patch.first;
  if (!existsSync(join(root, file))) return `there is no ${file}`;
  return hasTest(root, file, name) ? '' : `${file} has no test '${name}'`;
}

/** A suite that several files run stands beside them, and puts the name of each before its own. */
function hasTest(root: string, file: string, name: string): boolean {
  const folder = join(root, dirname(file));
  const said = name.split(/::|^\w+: /).at(-1) ?? name;
  const marks = file.endsWith('.rs') ? [`fn ${said}(`] : ["'", '"', '`'].map((q) => q + said);
  return readdirSync(folder)
    .filter((one) => /\.(ts|rs)$/.test(one))
    .map((one) => readFileSync(join(folder, one), 'utf8').replaceAll('\\', ''))
    .some((text) => marks.some((mark) => text.includes(mark)));
}
