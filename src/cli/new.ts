/** `fray new`: copies the starter, a small complete game, into a folder of the author's. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { FrayError } from '../errors.ts';
import type { Command } from './command.ts';
import { EXIT, textOf } from './command.ts';
import { packageRoot } from './games.ts';

export const command: Command = {
  name: 'new',
  summary: 'Make a new game: schema, server, page and a test',
  examples: ['fray new mygame', 'fray new ./games/mygame'],
  args: {
    folder: {
      type: 'positional',
      required: true,
      valueHint: 'folder',
      description: 'A new or empty folder; its name becomes that of the package.',
    },
  },
  async run(values, io) {
    const folder = resolve(io.folder, textOf(values, 'folder'));
    const files = makeGame(folder, packageRoot());
    io.out(`Made ${folder}: ${files.join(', ')}`);
    io.out('');
    io.out('Next:');
    const path = relative(io.folder, folder);
    if (path !== '') io.out(`  cd ${path}`);
    io.out('  npm install');
    io.out('  npm run dev');
    return EXIT.done;
  },
};

/**
 * Writes the starter of the package at `root` into `folder`, and answers the names of its files. Throws E_CONFIG for a folder that
 * holds something or whose name no package may have; nothing is written then.
 */
export function makeGame(folder: string, root: string): string[] {
  const name = basename(folder);
  checkFolder(folder);
  checkName(name);
  const starter = join(root, 'examples', 'starter');
  const dependency = dependencyOf(root, folder);
  mkdirSync(folder, { recursive: true });
  return readdirSync(starter).map((file) => {
    // Under these names npm would take them for its own when it packs the starter.
    const target = file.replace(/^_gitignore$/, '.gitignore').replace(/^_package/, 'package');
    const text = readFileSync(join(starter, file), 'utf8');
    const own = target === 'package.json' ? packageText(text, { name, dependency }) : text;
    writeFileSync(join(folder, target), own);
    return target;
  });
}

/**
 * How a package in `folder` depends on the Fray at `root`: on its version where it came from a registry, else on where it came from,
 * so that a new game has the Fray that made it.
 */
export function dependencyOf(root: string, folder: string): string {
  const fileAt = (path: string): string => `file:${relative(folder, path)}`;
  if (basename(dirname(root)) !== 'node_modules') return fileAt(root);
  const lock = join(dirname(root), '.package-lock.json');
  const facts = existsSync(lock) ? (readJson(lock) as Lock) : {};
  const resolved = facts.packages?.[`node_modules/${basename(root)}`]?.resolved ?? '';
  if (resolved.startsWith('file:'))
    return fileAt(resolve(dirname(root), '..', resolved.slice('file:'.length)));
  if (/^(git|https?:(?!.*\/-\/))/.test(resolved)) return resolved;
  const { version } = readJson(join(root, 'package.json')) as { readonly version: string };
  return `^${version}`;
}

interface Lock {
  readonly packages?: { readonly [path: string]: { readonly resolved?: string } };
}

function checkFolder(folder: string): void {
  if (!existsSync(folder)) return;
  if (!statSync(folder).isDirectory())
    throw new FrayError('E_CONFIG', `Cannot make a game in ${folder}: it is a file`);
  const held = readdirSync(folder).filter((file) => file !== '.git');
  if (held.length === 0) return;
  const some = held.slice(0, 3).join(', ');
  throw new FrayError(
    'E_CONFIG',
    `Cannot make a game in ${folder}: the folder is not empty (${some}${held.length > 3 ? ', …' : ''}); name a new one`,
  );
}

function checkName(name: string): void {
  if (NAME.test(name) && !RESERVED.has(name)) return;
  throw new FrayError(
    'E_CONFIG',
    `Cannot make a game named ${JSON.stringify(name)}: a package has a name of its own, of lower-case letters, digits, "-", "_" and "."`,
  );
}

function packageText(
  text: string,
  { name, dependency }: { readonly name: string; readonly dependency: string },
): string {
  const facts = JSON.parse(text) as { name: string; dependencies: Record<string, string> };
  facts.name = name;
  facts.dependencies['fray'] = dependency;
  return `${JSON.stringify(facts, null, 2)}\n`;
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}

/** What npm takes for a new package. */
const NAME = /^[a-z0-9][a-z0-9._-]{0,213}$/;
/** A package named as one of its dependencies would find itself in its place. */
const RESERVED = new Set(['fray', 'vite', 'typescript', 'tsx', 'node_modules', 'favicon.ico']);
