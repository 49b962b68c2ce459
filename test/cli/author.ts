/** An author's folder: the starter as `fray new` writes it, with the packages of this repository, and `fray dev` running there. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageRoot } from '../../src/cli/games.ts';
import { makeGame } from '../../src/cli/new.ts';

export const root = packageRoot();
export const FRAY = join(root, 'dist', 'cli.js');

/** A new game; `remove` takes it away. */
export function newGame(name = 'mygame'): { readonly folder: string; remove(): void } {
  const base = mkdtempSync(join(tmpdir(), 'fray-author-'));
  const folder = join(base, name);
  makeGame(folder, root);
  for (const name of ['vite', 'tsx', 'typescript', '@types/node'])
    link(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  link(root, join(folder, 'node_modules', 'fray'));
  return { folder, remove: () => rmSync(base, { recursive: true, force: true }) };
}

/** Writes a file of the game anew by `change`. */
export function edit(folder: string, file: string, change: (text: string) => string): void {
  const path = join(folder, file);
  const before = readFileSync(path, 'utf8');
  const after = change(before);
  if (after === before) throw new Error(`Cannot edit ${file}: nothing was changed`);
  writeFileSync(path, after);
}

export class Running {
  /** Lines of both outputs. */
  readonly lines: string[] = [];
  readonly #child: ChildProcess;
  /** Its exit code, once both outputs are at their end. */
  readonly ended: Promise<number | null>;
  readonly #listeners = new Set<() => void>();

  /** A command in a process of its own, without what npm and the test's own loader put into the environment. */
  constructor(
    command: string,
    args: readonly string[],
    cwd: string,
    environment: Readonly<Record<string, string>> = {},
  ) {
    const env = Object.entries(process.env).filter(
      ([name]) => !/^npm_|^NODE_(?!EXTRA_CA_CERTS)|^TAP|^FRAY_/.test(name),
    );
    this.#child = spawn(command, args, {
      cwd,
      env: { ...Object.fromEntries(env), ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      // npm does not end with its child: the group is ended.
      detached: true,
    });
    this.ended = new Promise((done) => this.#child.once('close', done));
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (line) => {
        this.lines.push(line);
        for (const listener of this.#listeners) listener();
      });
    }
  }

  /** The first line from number `from` on that matches; rejects with all lines where none came in time. */
  said(what: RegExp, from = 0, withinMs = 30_000): Promise<string> {
    return new Promise((done, fail) => {
      const look = (): void => {
        const found = this.lines.slice(from).find((line) => what.test(line));
        if (found === undefined) return;
        this.#listeners.delete(look);
        clearTimeout(timer);
        done(found);
      };
      const complain = (state: string): void => {
        this.#listeners.delete(look);
        clearTimeout(timer);
        fail(new Error(`${what} was not said ${state}:\n${this.lines.join('\n')}`));
      };
      const timer = setTimeout(() => complain('in time'), withinMs);
      this.#listeners.add(look);
      look();
      void this.ended.then((code) => complain(`before it ended with ${code}`));
    });
  }

  /** Where the game is played. */
  async url(): Promise<string> {
    return /https?:\/\/\S+/.exec(await this.said(/^Play .*http/))?.[0] ?? '';
  }

  /** Asks it to end; its exit code. */
  async stop(): Promise<number | null> {
    try {
      if (this.#child.pid !== undefined) process.kill(-this.#child.pid, 'SIGTERM');
    } catch {
      // It has ended.
    }
    return this.ended;
  }
}

function link(target: string, path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path);
}
