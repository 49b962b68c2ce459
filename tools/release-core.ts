/**
 * Keeps the committed core as that of a release, so that journals of it replay for ever: `npm run release:core`, before the release is
 * published. Without `--check` it adds the core of package.json's version to cores/, and a journal of it to the tests; with it, it says whether that is done. A version
 * that is kept is never given another core: raise the version.
 */
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';
import { TABLE_HASH } from '../protocol/gen/tables.ts';
import { type KeptCore, layoutOf } from '../src/room/cores.ts';
import { recordWith } from '../test/room/recorded.ts';

const root = new URL('../', import.meta.url);
const list = new URL('cores/cores.json', root);

function main(args: readonly string[]): Promise<void> {
  const isCheck = args.includes('--check');
  const named = args.find((arg) => !arg.startsWith('--'));
  const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
  return release(named ?? version, isCheck);
}

async function release(version: string, isCheck: boolean): Promise<void> {
  const bytes = readFileSync(new URL('core-wasm/fray_core.wasm', root));
  const hash = createHash('sha256').update(bytes).digest('hex');
  const cores = existsSync(list) ? (JSON.parse(readFileSync(list, 'utf8')) as KeptCore[]) : [];
  const kept = cores.find((core) => core.version === version);
  if (kept?.hash === hash) {
    console.log(`release-core: the core of ${version} is kept`);
    return;
  }
  if (kept !== undefined) fail(`${version} is kept with another core: raise the version`);
  if (isCheck) fail(`the core of ${version} is not kept: run npm run release:core`);
  const file = `fray_core-${version}.wasm.br`;
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
  };
  writeFileSync(new URL(`cores/${file}`, root), brotliCompressSync(bytes, { params }));
  const date = new Date().toISOString().slice(0, 10);
  cores.push({ version, date, hash, file, tables: TABLE_HASH, layout: layoutOf() });
  writeFileSync(list, `${JSON.stringify(cores, null, 2)}\n`);
  const folder = mkdtempSync(join(tmpdir(), 'fray-release-'));
  const journal = await recordWith(new Uint8Array(bytes), folder);
  copyFileSync(journal, new URL(`test/room/released/${version}.journal`, root));
  rmSync(folder, { recursive: true });
  console.log(`release-core: ${fileURLToPath(new URL(`cores/${file}`, root))}`);
}

function fail(state: string): never {
  console.error(`release-core: ${state}`);
  process.exit(1);
}

await main(process.argv.slice(2));
