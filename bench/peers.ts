/**
 * Peers stand in bench/package.json with a lock file of its own, so that users of Fray do not install them:
 *
 *     npm ci --prefix bench
 *
 * They are found by path at run time and typed here, as far as benches use them, so that the types of this project do not need them.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../src/cli/games.ts';

/** Of `ws`, wherever it is measured. */
export const WS_SETTINGS =
  'no compression, no check of UTF-8, bufferutil (https://github.com/websockets/ws#readme: opt-in for performance; doc/ws.md: skipUTF8Validation)';

/** A module of a peer and the name it has in tables. */
export interface Peer<Module> {
  /** As in 'name 1.2.3'. */
  readonly name: string;
  readonly module: Module;
}

/** Name and version of an installed peer as tables say it, or a line that says how to get it. */
export function findPeer(name: string): { readonly title: string } | string {
  const manifest = peersManifest();
  if (!existsSync(manifest))
    return `${name} did not run: peers are installed in a clone of the repository, not in the package`;
  const folder = join(dirname(manifest), 'node_modules', name);
  if (!existsSync(folder))
    return `${name} did not run: it is not installed; run: npm ci --prefix bench`;
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    version: string;
  };
  return { title: `${name} ${version}` };
}

/** The peer, or a line that says how to get it. */
export async function loadPeer<Module>(name: string): Promise<Peer<Module> | string> {
  const found = findPeer(name);
  if (typeof found === 'string') return found;
  const entry = createRequire(peersManifest()).resolve(name);
  const module = (await import(pathToFileURL(entry).href)) as Module & { default?: Module };
  // A CommonJS build has all of its exports on `default`; named ones are found by guessing.
  return { name: found.title, module: module.default ?? module };
}

function peersManifest(): string {
  return join(packageRoot(), 'bench', 'package.json');
}

/** A class that `schema()` made. */
export type SchemaClass<T> = new () => T;

/** Type of a field. */
export interface SchemaField {
  /** Sent only to clients whose StateView has it. */
  view(): SchemaField;
}

export interface SchemaMap<T> {
  get(key: string): T | undefined;
  set(key: string, value: T): void;
  forEach(visit: (value: T, key: string) => void): void;
  readonly size: number;
}

export interface SchemaView {
  add(entity: object): boolean;
  remove(entity: object): unknown;
}

export interface SchemaEncoder {
  encode(at: { offset: number }): Uint8Array;
  encodeView(view: SchemaView, sharedOffset: number, at: { offset: number }): Uint8Array;
  encodeAll(at: { offset: number }): Uint8Array;
  encodeAllView(view: SchemaView, sharedOffset: number, at: { offset: number }): Uint8Array;
  discardChanges(): void;
}

/** What benches use of @colyseus/schema 5. */
export interface ColyseusSchema {
  schema<T>(fields: { readonly [name: string]: SchemaField }, name: string): SchemaClass<T>;
  readonly t: {
    uint8(): SchemaField;
    uint16(): SchemaField;
    number(): SchemaField;
    map(of: SchemaClass<unknown>): SchemaField;
  };
  readonly StateView: new () => SchemaView;
  readonly Encoder: { new (state: object): SchemaEncoder; BUFFER_SIZE: number };
  readonly Decoder: new (state: object) => { decode(bytes: Uint8Array): unknown };
}
