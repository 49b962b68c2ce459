/** The compiled core that a server's workers share. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { compileCore } from '../../core-wasm/bindings/instantiate.ts';
import { FrayError } from '../errors.ts';

/** Compiles a module, bytes or a file; by default the committed core, beside the source or beside the build. Throws E_CORE. */
export async function loadCore(
  given: WebAssembly.Module | Uint8Array | string | undefined,
): Promise<WebAssembly.Module> {
  const core = given ?? fileURLToPath(new URL(DEFAULT_CORE, import.meta.url));
  try {
    return await compileCore(
      (typeof core === 'string' ? await readFile(core) : core) as BufferSource | WebAssembly.Module,
    );
  } catch (cause) {
    throw new FrayError('E_CORE', `Cannot load the core: ${String(cause)}`, { cause });
  }
}

const DEFAULT_CORE = import.meta.url.endsWith('.ts')
  ? '../../core-wasm/fray_core.wasm'
  : './fray_core.wasm';
