/**
 * How the single-file program unpacks what it carries: the package, with all that it needs. Into files, as threads and processes start from
 * files, the system loads native code from files, and pages are served from files: it then is the package, and nothing else knows of it.
 *
 * They are written once, into a folder of this user alone. Its name has their hash, so two versions stand beside each other.
 * A later start reads them, and writes what is missing or is not what it was.
 */
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { FrayError } from '../errors.ts';

export interface Packing {
  /** Of the folder: `fray-VERSION-HASH`. */
  readonly name: string;
  /** In the order of their bytes. */
  readonly files: readonly PackedFile[];
}

export interface PackedFile {
  readonly path: string;
  readonly bytes: number;
  /** Of its bytes, hexadecimal. */
  readonly sha256: string;
  /** The system runs it as a program. */
  readonly runs: boolean;
}

/** What lies in the program by name: a Packing as JSON, and its files one after the other, packed with brotli. */
export const ASSETS = { packing: 'packing.json', files: 'files.br' } as const;
/** What goes on, in the folder: a CommonJS module that exports `run(path)`. */
export const START_FILE = 'start.cjs';

/** Where they may lie: the first of these folders that can be written. */
export function cacheFolders(environment: {
  readonly [name: string]: string | undefined;
}): string[] {
  const own = environment['FRAY_CACHE_DIR'];
  if (own !== undefined && own !== '') return [resolve(own)];
  const caches = environment['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return [join(caches, 'fray'), join(tmpdir(), `fray-${process.getuid?.() ?? 0}`)];
}

/** Writes what is not there as it should be, and returns the folder. Throws E_CONFIG with what it tried. */
export function unpack(
  packing: Packing,
  files: () => Uint8Array,
  folders: readonly string[],
): string {
  const tried: string[] = [];
  for (const base of folders) {
    try {
      const folder = join(ownFolder(base), packing.name);
      fill(folder, packing.files, files);
      return folder;
    } catch (error) {
      if (error instanceof FrayError) throw error;
      tried.push(`${base}: ${(error as Error).message}`);
    }
  }
  throw new FrayError(
    'E_CONFIG',
    `Cannot unpack the program: name a folder that it can write with FRAY_CACHE_DIR (${tried.join('; ')})`,
  );
}

/** What others can write is run by nobody: they would choose what runs. */
function ownFolder(base: string): string {
  mkdirSync(base, { recursive: true, mode: 0o700 });
  const facts = lstatSync(base);
  if (!facts.isDirectory()) throw new Error('it is no folder');
  if (facts.uid !== process.getuid?.()) throw new Error('it belongs to another user');
  if ((facts.mode & 0o022) !== 0) throw new Error('others can write there');
  return base;
}

/** Each file is renamed into place, so that whoever starts beside this one reads no half of it. */
function fill(folder: string, wanted: readonly PackedFile[], files: () => Uint8Array): void {
  let all: Uint8Array | undefined;
  let from = 0;
  for (const file of wanted) {
    const path = join(folder, file.path);
    if (!isThere(path, file)) {
      all ??= files();
      const bytes = all.subarray(from, from + file.bytes);
      if (sha256(bytes) !== file.sha256)
        throw new FrayError(
          'E_CONFIG',
          `Cannot unpack the program: ${file.path} is damaged in it; copy the program again`,
        );
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      const part = `${path}.${process.pid}.part`;
      writeFileSync(part, bytes, { mode: file.runs ? 0o700 : 0o600 });
      renameSync(part, path);
    }
    from += file.bytes;
  }
}

function isThere(path: string, { bytes, sha256: wanted }: PackedFile): boolean {
  const facts = lstatSync(path, { throwIfNoEntry: false });
  if (facts?.isFile() && facts.size === bytes && sha256(readFileSync(path)) === wanted) return true;
  if (facts !== undefined && !facts.isFile()) rmSync(path, { recursive: true });
  return false;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
