/** The compiled core that a server's workers share. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { compileCore } from '../../core-wasm/bindings/instantiate.ts';
import { FrayError } from '../errors.ts';

export interface LoadedCore {
  readonly module: WebAssembly.Module;
  /** SHA-256 of its bytes; zeros for a module of which nobody has the bytes. */
  readonly hash: Uint8Array;
}

/** Compiles a module, bytes or a file; by default the committed core, beside the source or beside the build. Throws E_CORE. */
export async function loadCore(
  given?: WebAssembly.Module | Uint8Array | string,
): Promise<LoadedCore> {
  const core = given ?? fileURLToPath(new URL(DEFAULT_CORE, import.meta.url));
  try {
    if (core instanceof WebAssembly.Module) return { module: core, hash: new Uint8Array(32) };
    const bytes = typeof core === 'string' ? await readFile(core) : core;
    const module = await compileCore(bytes as BufferSource);
    return { module, hash: new Uint8Array(createHash('sha256').update(bytes).digest()) };
  } catch (cause) {
    throw new FrayError('E_CORE', `Cannot load the core: ${String(cause)}`, { cause });
  }
}

const DEFAULT_CORE = import.meta.url.endsWith('.ts')
  ? '../../core-wasm/fray_core.wasm'
  : './fray_core.wasm';
