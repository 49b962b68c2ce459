/**
 * From an author's TypeScript to one module that workers can import: esbuild, with a source map that leads errors back to the author's
 * lines. What is Fray's is the very module that runs here, whatever the author has installed; other packages stay where they are.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BuildContext, BuildFailure, Message, OnResolveResult, Plugin } from 'esbuild';
import { context, stop } from 'esbuild';
import { FrayError } from '../errors.ts';

export interface Bundle {
  /** The module, a file of its own for each build that differs from the one before. */
  readonly file: string;
  /** Absolute paths of the author's files in it. */
  readonly inputs: readonly string[];
  /** It is another than that of the build before. */
  readonly changed: boolean;
}

/** Thrown by `Bundler.build`: a line for each error, as `server.ts:3:7: what is wrong`. */
export class BuildError extends FrayError {
  readonly lines: readonly string[];
  /** Absolute paths of the files with errors. */
  readonly files: readonly string[];

  constructor(entry: string, lines: readonly string[], files: readonly string[]) {
    const more = lines.length > 1 ? ` (and ${lines.length - 1} more)` : '';
    super('E_CONFIG', `Cannot build ${basename(entry)}: ${lines[0] ?? 'esbuild failed'}${more}`);
    this.lines = lines;
    this.files = files;
  }
}

/** Builds one entry again and again. `dispose` removes all that was built. */
export class Bundler {
  readonly #entry: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'fray-game-'));
  #context: BuildContext | undefined;
  #text = '';
  #file = '';
  #count = 0;

  /** `entry`: absolute path. */
  constructor(entry: string) {
    this.#entry = entry;
  }

  /** Rejects with BuildError; what was built before stays. About 50 ms the first time, 10 ms afterwards. */
  async build(): Promise<Bundle> {
    const home = dirname(this.#entry);
    try {
      this.#context ??= await context({
        entryPoints: [this.#entry],
        outfile: join(this.#folder, 'server.mjs'),
        absWorkingDir: home,
        bundle: true,
        write: false,
        metafile: true,
        format: 'esm',
        platform: 'node',
        target: 'node20',
        sourcemap: 'inline',
        sourcesContent: false,
        logLevel: 'silent',
        plugins: [outside],
      });
      const { outputFiles = [], metafile } = await this.#context.rebuild();
      const text = outputFiles[0]?.text ?? '';
      const changed = text !== this.#text;
      if (changed) {
        this.#text = text;
        this.#count += 1;
        this.#file = join(this.#folder, `server-${this.#count}.mjs`);
        writeFileSync(this.#file, text);
      }
      const inputs = Object.keys(metafile?.inputs ?? {}).map((file) => resolve(home, file));
      return { file: this.#file, inputs, changed };
    } catch (error) {
      const { errors } = error as Partial<BuildFailure>;
      if (!Array.isArray(errors)) throw error;
      const files = errors.flatMap(({ location }) => (location ? [location.file] : []));
      throw new BuildError(
        this.#entry,
        errors.map(lineOf),
        files.map((file) => resolve(home, file)),
      );
    }
  }

  /** Removes what was built. Waits for nobody: who is interrupted at a terminal has lost esbuild's process by then. */
  dispose(): void {
    this.release();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Lets esbuild go; what was built stays. */
  release(): void {
    void this.#context?.dispose().catch(() => {});
    this.#context = undefined;
  }
}

function isTypeScript(file: string): boolean {
  return /\.[cm]?tsx?$/.test(file);
}

/**
 * What can be imported in the place of `file`: itself, or where that is TypeScript a bundle of it, until `dispose`; JavaScript too that
 * finds no Fray beside it, as nobody has installed one for the single-file program. From source, tests for example, threads read TypeScript
 * as it is. Rejects with BuildError.
 */
export async function importable(
  file: string,
): Promise<{ readonly file: string; dispose(): void }> {
  const isReady = isTypeScript(import.meta.url) || (!isTypeScript(file) && findsFray(file));
  if (isReady) return { file, dispose: () => {} };
  const bundler = new Bundler(file);
  try {
    return { file: (await bundler.build()).file, dispose: () => bundler.dispose() };
  } catch (error) {
    bundler.dispose();
    throw error;
  } finally {
    bundler.release();
    // Its process would stand beside the server for nothing.
    void stop();
  }
}

function findsFray(file: string): boolean {
  try {
    return createRequire(file).resolve('fray/plugin') !== '';
  } catch {
    return false;
  }
}

/** Where an error of the author's arose: `server.ts:12:7`, relative to `folder`; '' where no frame of its stack lies in there. */
export function placeOf(stack: string, folder: string): string {
  for (const [, raw = '', at = ''] of stack.matchAll(FRAME)) {
    const file = raw.startsWith('file://') ? decodeURIComponent(new URL(raw).pathname) : raw;
    const path = relative(folder, file);
    if (!path.startsWith('..') && !path.includes('node_modules')) return `${path}:${at}`;
  }
  return '';
}

function lineOf({ text, location }: Message): string {
  if (location === null) return text;
  return `${location.file}:${location.line}:${location.column + 1}: ${text}`;
}

/** Fray and packages that are JavaScript are imported from where they are. */
const outside: Plugin = {
  name: 'outside',
  setup(build) {
    build.onResolve({ filter: /^[^./]/ }, async (args) => {
      const { path } = args;
      if (args.pluginData === ASKED || args.kind === 'entry-point') return undefined;
      if (isBuiltin(path)) return { path, external: true };
      if (/^fray(\/|$)/.test(path)) return frayModule(path);
      const { kind, resolveDir, importer } = args;
      const found = await build.resolve(path, { kind, resolveDir, importer, pluginData: ASKED });
      if (found.errors.length > 0) return { errors: found.errors };
      const isPackage = /[\\/]node_modules[\\/]/.test(found.path) && /\.[cm]?js$/.test(found.path);
      return isPackage ? { path: pathToFileURL(found.path).href, external: true } : found;
    });
  },
};

function frayModule(path: string): OnResolveResult {
  try {
    return { path: import.meta.resolve(path), external: true };
  } catch {
    return { errors: [{ text: `Cannot import ${path}: Fray has no such module` }] };
  }
}

const ASKED = Symbol('asked');
/** A line of a stack: a file, line and column. */
const FRAME = /(?:\(|at (?:async )?)((?:file:\/\/)?\/[^()\n]*?):(\d+:\d+)\)?$/gm;
