/**
 * Turns `protocol/tables.ts` and `protocol/control.proto` into what the two sides compile:
 * `protocol/gen/tables.ts`, `core-wasm/src/gen/` and `protocol/gen/control_pb.ts`.
 *
 * `npx tsx tools/generate.ts` writes them; with `--check` it writes nothing and ends with code 1 if one of
 * them is not fresh. Works without a network: buf runs the local plugin protoc-gen-es.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rustTables } from './generate/rust.ts';
import { typescriptTables } from './generate/typescript.ts';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** Makes every generated file: path inside the repository to its text. */
export function generateAll(): Map<string, string> {
  return new Map([
    ['protocol/gen/tables.ts', typescriptTables()],
    ...rustTables(),
    ['protocol/gen/control_pb.ts', controlCodec()],
  ]);
}

/** Paths of the generated files that differ from what the sources say now. */
export function staleFiles(files: ReadonlyMap<string, string> = generateAll()): string[] {
  return [...files].filter(([path, text]) => readOrEmpty(path) !== text).map(([path]) => path);
}

function controlCodec(): string {
  const out = mkdtempSync(join(tmpdir(), 'fray-generate-'));
  try {
    const bin = join(ROOT, 'node_modules', '.bin');
    execFileSync('buf', ['generate', '--template', 'buf.gen.yaml', '--output', out], {
      cwd: join(ROOT, 'protocol'),
      env: { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}` },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    return readFileSync(join(out, 'gen', 'control_pb.ts'), 'utf8');
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(join(ROOT, path), 'utf8');
  } catch {
    return '';
  }
}

function main(check: boolean): void {
  const files = generateAll();
  const stale = staleFiles(files);
  if (check) {
    for (const path of stale) console.error(`${path} is not fresh: run npm run generate`);
    process.exitCode = stale.length > 0 ? 1 : 0;
    return;
  }
  for (const path of stale) {
    mkdirSync(dirname(join(ROOT, path)), { recursive: true });
    writeFileSync(join(ROOT, path), files.get(path) ?? '');
    console.log(`wrote ${path}`);
  }
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  main(process.argv.includes('--check'));
}
