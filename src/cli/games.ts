/** Finds a built game: by name under dist/games, or by the path of its folder or server file. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { ConnectSchema } from '../client/connect.ts';
import { nearest } from '../config.ts';
import { FrayError } from '../errors.ts';
import { importable } from './bundle.ts';

/** Absolute paths of what a game is made of. */
export interface GameFiles {
  readonly name: string;
  /** Module with the plugin as its default export. */
  readonly server: string;
  /** Module that exports the schema; null where it is not built apart. */
  readonly schema: string | null;
  /** Folder with index.html; null for a game without a page. */
  readonly page: string | null;
}

export interface GameSearch {
  /** Folder that relative paths start from. */
  readonly folder: string;
  /** Where built games lie by name; default `dist/games` of this package. */
  readonly installed?: string;
}

/** Throws E_CONFIG with what was looked for, and the nearest name. */
export function findGame(game: string, search: GameSearch): GameFiles {
  const installed = search.installed ?? join(packageRoot(), 'dist', 'games');
  const named = join(installed, game);
  const found = NAME.test(game) && existsSync(named) ? named : resolve(search.folder, game);
  if (!existsSync(found)) throw notFound(game, installed);
  const isFolder = statSync(found).isDirectory();
  const folder = isFolder ? found : dirname(found);
  const server = isFolder ? firstOf(folder, 'server') : found;
  if (server === null)
    throw new FrayError(
      'E_CONFIG',
      `Cannot use game ${game}: ${folder} holds no server.js or server.ts`,
    );
  return {
    name: basename(folder),
    server,
    schema: firstOf(folder, 'schema'),
    page: pageOf(folder, server),
  };
}

/** Names of the games that are built with this package. */
export function installedGames(): string[] {
  const installed = join(packageRoot(), 'dist', 'games');
  return existsSync(installed) ? readdirSync(installed) : [];
}

/** The schema is whatever export of the game's schema module is one. Throws E_CONFIG where there is none. */
export async function loadSchema(game: string, folder: string): Promise<ConnectSchema> {
  const files = findGame(game, { folder });
  if (files.schema === null)
    throw new FrayError(
      'E_CONFIG',
      `Cannot use game ${game}: it has no schema.js beside its server module`,
    );
  const built = await importable(files.schema);
  const module = (await import(pathToFileURL(built.file).href).finally(built.dispose)) as {
    readonly [name: string]: unknown;
  };
  const schema = Object.values(module).find(isSchema);
  if (schema === undefined)
    throw new FrayError('E_CONFIG', `Cannot use game ${game}: ${files.schema} exports no schema`);
  return schema;
}

/** Folder of the package this file belongs to, in the source tree and when bundled. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder)
    folder = dirname(folder);
  return folder;
}

/** The core lies beside the build, and in the source tree where it was made. */
export function corePath(): string {
  const root = packageRoot();
  const found = [join(root, 'dist', 'fray_core.wasm'), join(root, 'core-wasm', 'fray_core.wasm')];
  const order = import.meta.url.endsWith('.ts') ? found.reverse() : found;
  const path = order.find((candidate) => existsSync(candidate));
  if (path === undefined)
    throw new FrayError(
      'E_CORE',
      `Cannot load the core: ${order.join(' and ')} are not there; run npm run build`,
    );
  return path;
}

/** The admin page lies in the build; null where that was not made. */
export function adminPage(): string | null {
  const folder = join(packageRoot(), 'dist', 'admin');
  return existsSync(join(folder, 'index.html')) ? folder : null;
}

export function packageVersion(): string {
  const facts = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as {
    readonly version: string;
  };
  return facts.version;
}

function isSchema(value: unknown): value is ConnectSchema {
  const facts = value as Partial<ConnectSchema> | null;
  return (
    typeof facts === 'object' &&
    facts !== null &&
    typeof facts.hash === 'bigint' &&
    typeof facts.config === 'function'
  );
}

function firstOf(folder: string, stem: string): string | null {
  for (const ending of ['js', 'mjs', 'ts']) {
    const file = join(folder, `${stem}.${ending}`);
    if (existsSync(file)) return file;
  }
  return null;
}

/** Beside a module of sources lies the page's source; what browsers load is what a bundler has made of it. */
function pageOf(folder: string, server: string): string | null {
  const built = server.endsWith('.ts') ? join(folder, 'dist') : folder;
  for (const candidate of [join(folder, 'page'), built]) {
    if (existsSync(join(candidate, 'index.html'))) return candidate;
  }
  return null;
}

function notFound(game: string, installed: string): FrayError {
  const names = existsSync(installed) ? readdirSync(installed) : [];
  if (!NAME.test(game))
    return new FrayError('E_CONFIG', `Cannot use game ${game}: there is no such folder or file`);
  const near = nearest(game, names);
  const hint =
    names.length === 0
      ? `${installed} is empty; run npm run build`
      : near === null
        ? `built games: ${names.join(', ')}`
        : `did you mean ${near}?`;
  return new FrayError(
    'E_CONFIG',
    `Cannot use game ${game}: no game of that name is built; ${hint}`,
  );
}

const NAME = /^[A-Za-z0-9][\w-]*$/;
