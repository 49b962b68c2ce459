/**
 * Cores of releases, kept so that journals of before replay: a folder of compressed modules with a list of what they are. The one that
 * played a journal is found by its hash. What was in development between two releases is not kept.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';
import type { Tables } from '../../core-wasm/bindings/instantiate.ts';
import { ADDRESS, ConfigHead, RoomStats, TABLE_HASH } from '../../protocol/gen/tables.ts';
import { FrayError } from '../errors.ts';
import { type LoadedCore, loadCore } from './core.ts';

/** A line of `cores.json`. */
export interface KeptCore {
  /** Of the release. */
  readonly version: string;
  /** When it was kept, YYYY-MM-DD. */
  readonly date: string;
  /** SHA-256 of the module, as journals name it, in hex. */
  readonly hash: string;
  /** In the folder; brotli. */
  readonly file: string;
  /** Hash of the tables that it was built from. */
  readonly tables: number;
  /** Where what a replay reads of it lies: `layoutOf` of then. */
  readonly layout: Readonly<Record<string, number>>;
}

/** A core that can play a journal. */
export interface PlayingCore extends LoadedCore {
  /** The release that it is of; null: the one of this program. */
  readonly version: string | null;
  /** `any`: its tables are others. It plays, but what it tells the game may be other than this program reads it. */
  readonly tables: Tables;
  /** The module itself, where it was unpacked. */
  readonly bytes: Uint8Array | null;
}

/** What a core of these tables has where. One of others plays as long as all that it has is there still: more does no harm. */
export function layoutOf(): Record<string, number> {
  const layout: Record<string, number> = { 'RoomStats.tick': RoomStats.tick };
  for (const [name, value] of Object.entries(ADDRESS)) layout[`ADDRESS.${name}`] = value;
  for (const name of CONFIG) layout[`ConfigHead.${name}`] = ConfigHead[name];
  return layout;
}

/** The list of a folder. Throws what the file system throws. */
export async function keptCores(folder: string = FOLDER): Promise<KeptCore[]> {
  return JSON.parse(await readFile(join(folder, LIST), 'utf8')) as KeptCore[];
}

/** The module of a line. Throws E_CORE where the file is not what the line says. */
export async function unpackCore(kept: KeptCore, folder: string = FOLDER): Promise<Uint8Array> {
  const bytes = await promisify(brotliDecompress)(await readFile(join(folder, kept.file)));
  if (createHash('sha256').update(bytes).digest('hex') === kept.hash) return new Uint8Array(bytes);
  throw new FrayError('E_CORE', `Cannot use the core of ${kept.version}: its file is another`);
}

/**
 * The core whose SHA-256 is `wanted` (zeros: nobody knows, and the own has to do): this program's, or one of those that are kept.
 * Rejects with E_CORE, and what can be done, where it is neither.
 */
export async function coreThatPlayed(
  wanted: Uint8Array,
  { own, folder = FOLDER }: { readonly own?: LoadedCore; readonly folder?: string } = {},
): Promise<PlayingCore> {
  const present = own ?? (await loadCore());
  const isKnown = wanted.some((byte) => byte !== 0);
  if (!isKnown || Buffer.compare(wanted, present.hash) === 0)
    return { ...present, version: null, tables: 'own', bytes: null };
  const cores = await keptCores(folder);
  const hash = Buffer.from(wanted).toString('hex');
  const kept = cores.find((core) => core.hash === hash);
  if (kept === undefined) throw unknown(hash, cores);
  const [layout, { version }] = [layoutOf(), kept];
  const isThere = Object.entries(kept.layout).every(([name, value]) => layout[name] === value);
  if (!isThere)
    throw new FrayError(
      'E_CORE',
      `Cannot play with the core of ${version}: this program reads it otherwise; play the journal with that release (npx fray@${version} replay)`,
    );
  const bytes = await unpackCore(kept, folder);
  const tables = kept.tables === TABLE_HASH ? 'own' : 'any';
  return { ...(await loadCore(bytes)), version, tables, bytes };
}

function unknown(hash: string, cores: readonly KeptCore[]): FrayError {
  const versions = cores.map(({ version }) => version).join(', ');
  return new FrayError(
    'E_CORE',
    `Cannot replay: core ${hash.slice(0, 16)} played it, which is neither this program's nor of a release that is kept (${versions || 'none'}); one of a newer release comes with that, one of your own is named with --core FILE`,
  );
}

/** Fields of a configuration that `RoomCore` reads. */
const CONFIG = [
  'playersMax',
  'entitiesMax',
  'tickRateHz',
  'firstTick',
  'textBytes',
  'columns',
  'roomFields',
  'stepBytes',
] as const satisfies readonly (keyof typeof ConfigHead)[];
const LIST = 'cores.json';
/** Beside the sources, or beside the build. */
const FOLDER = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../../cores' : './cores', import.meta.url),
);
