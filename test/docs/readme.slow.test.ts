/** The README's samples are code of an author: they type-check against the package as they stand there. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Where the samples would lie; nothing is written. */
const FOLDER = join(ROOT, 'test', 'docs', 'readme');
/** What a sample may use without saying where it comes from. */
const GIVEN = 'declare function draw(x: number, y: number, name: string): void;\n';

/** The ts blocks of a page by the file name in their first line. */
function samplesOf(page: string): Map<string, string> {
  const samples = new Map<string, string>();
  for (const [, code = ''] of page.matchAll(/^```ts\n([\s\S]*?)^```$/gm)) {
    const name = /^\/\/ (\S+\.ts)\b/.exec(code)?.[1];
    if (name === undefined || samples.has(name))
      throw new Error(`A sample does not begin with a file name of its own: ${code.slice(0, 60)}`);
    samples.set(name, code);
  }
  return samples;
}

/** Errors of the compiler, with the options of this repository and those of a browser's library. */
function errorsIn(samples: ReadonlyMap<string, string>): string[] {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, ROOT);
  const files = new Map<string, string>([[join(FOLDER, 'given.d.ts'), GIVEN]]);
  for (const [name, code] of samples) files.set(join(FOLDER, name), code);
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists, directoryExists } = host;
  host.readFile = (path) => files.get(path) ?? readFile(path);
  host.fileExists = (path) => files.has(path) || fileExists(path);
  host.directoryExists = (path) => path === FOLDER || (directoryExists?.(path) ?? false);
  const program = ts.createProgram([...files.keys()], options, host);
  return [...files.keys()].flatMap((path) => {
    const source = program.getSourceFile(path);
    return [
      ...program.getSyntacticDiagnostics(source),
      ...program.getSemanticDiagnostics(source),
    ].map(({ start = 0, messageText }) => {
      const line = (source?.getLineAndCharacterOfPosition(start).line ?? 0) + 1;
      const name = path.slice(dirname(path).length + 1);
      return `${name}:${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
    });
  });
}

const samples = samplesOf(readFileSync(join(ROOT, 'README.md'), 'utf8'));

test("the README's samples type-check against the package", (t) => {
  t.same([...samples.keys()], ['schema.ts', 'server.ts', 'page.ts']);
  t.same(errorsIn(samples), []);
  t.end();
});

test('a sample that names what is not there is found', (t) => {
  const wrong = samples.get('server.ts')?.replace('attacker.kills', 'attacker.frags') ?? '';
  t.match(errorsIn(new Map([...samples, ['server.ts', wrong]])), [/^server\.ts:\d+: .*frags/]);
  t.end();
});
