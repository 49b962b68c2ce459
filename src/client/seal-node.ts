/** The module that seals UDP packets, read from disk once per process. */
import { readFile } from 'node:fs/promises';
import { FrayError } from '../errors.ts';

/** Rejects with E_CORE. */
export function loadSeal(): Promise<WebAssembly.Module> {
  made ??= compile();
  return made;
}

async function compile(): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(await readBeside());
  } catch (cause) {
    made = undefined;
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new FrayError('E_CORE', `Cannot load the module that seals packets: ${detail}`, {
      cause,
    });
  }
}

/** Beside this module in a build, in core-wasm/ in the source tree. */
async function readBeside(): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await readFile(new URL('./fray_seal.wasm', import.meta.url));
  } catch {
    return readFile(new URL('../../core-wasm/fray_seal.wasm', import.meta.url));
  }
}

let made: Promise<WebAssembly.Module> | undefined;
