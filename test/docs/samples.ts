/** The code blocks of the documentation's pages: found, compiled against the package's sources, and written out to be run. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Where the samples would lie, a folder for each page. */
const FOLDER = join(ROOT, 'test', 'docs', 'samples');

/** One block: its file (that of its first line, or by its number), whether it is run. */
export interface Sample {
  readonly page: string;
  readonly file: string;
  readonly run: boolean;
  readonly code: string;
}

/** The ```ts blocks of a page; behind the `ts` stands `run` for those that are run, or the name of the file. Throws where two have one name. */
export function samplesOf(page: string, text: string): Sample[] {
  const samples: Sample[] = [];
  for (const [, mark, code = ''] of text.matchAll(/^```ts(?: (\S+))?\n([\s\S]*?)^```$/gm)) {
    const run = mark === 'run';
    const named = run ? undefined : (mark ?? /^\/\/ (\S+\.ts)\b/.exec(code)?.[1]);
    const file = named ?? `block${samples.length + 1}.ts`;
    if (samples.some((sample) => sample.file === file))
      throw new Error(`${page} has two samples of the name ${file}`);
    samples.push({ page, file, run, code });
  }
  return samples;
}

export function samplesIn(page: string): Sample[] {
  return samplesOf(page, readFileSync(join(ROOT, page), 'utf8'));
}

/** Errors of the compiler, with the options of this repository and those of a browser's library. `given`: what README may use unsaid. */
export function errorsIn(samples: readonly Sample[], given = ''): string[] {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, ROOT);
  const files = new Map(samples.map((sample) => [pathOf(FOLDER, sample), sample]));
  const texts = new Map([...files].map(([path, { code }]) => [path, code]));
  texts.set(join(FOLDER, 'given.d.ts'), given);
  const folders = new Set([FOLDER, ...[...files.keys()].map(dirname)]);
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists, directoryExists } = host;
  host.readFile = (path) => texts.get(path) ?? readFile(path);
  host.fileExists = (path) => texts.has(path) || fileExists(path);
  host.directoryExists = (path) => folders.has(path) || (directoryExists?.(path) ?? false);
  const program = ts.createProgram([...texts.keys()], options, host);
  return [...files].flatMap(([path, { page, file }]) => {
    const source = program.getSourceFile(path);
    return [
      ...program.getSyntacticDiagnostics(source),
      ...program.getSemanticDiagnostics(source),
    ].map(({ start = 0, messageText }) => {
      const line = (source?.getLineAndCharacterOfPosition(start).line ?? 0) + 1;
      return `${page} ${file}:${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
    });
  });
}

/** Writes them below `folder`; answers the paths of those that are run. */
export function writeSamples(samples: readonly Sample[], folder: string): string[] {
  return samples.flatMap((sample) => {
    const path = pathOf(folder, sample);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, sample.code);
    return sample.run ? [path] : [];
  });
}

function pathOf(folder: string, { page, file }: Sample): string {
  return join(folder, page.replace(/\.md$/, '').replaceAll('/', '-'), file);
}
