/** The core that a journal wants: another one may play another way. */
import { loadCore, type WasmSource } from '../client/wasm.ts';
import { FrayError } from '../errors.ts';

/**
 * Compiles it. Rejects with E_CORE where it cannot be loaded or is another than the one whose SHA-256 is `wanted`. Which one it is
 * is known of what an address has, and where the page may hash (https, this machine).
 */
export async function coreFor(wanted: Uint8Array, source: WasmSource): Promise<WebAssembly.Module> {
  if (typeof source !== 'string' && !(source instanceof URL)) return loadCore(source);
  const bytes = await fetched(source);
  const [played, own] = [hex(wanted), await hashOf(bytes)];
  // Zeros: nobody had the bytes when it was played.
  if (own !== null && own !== played && /[^0]/.test(played))
    throw new FrayError(
      'E_CORE',
      `Cannot watch: core ${played.slice(0, 16)} played it, and this is ${own.slice(0, 16)}`,
    );
  return loadCore(bytes);
}

async function fetched(url: string | URL): Promise<ArrayBuffer> {
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return await response.arrayBuffer();
  } catch (cause) {
    const state = cause instanceof Error ? cause.message : String(cause);
    throw new FrayError('E_CORE', `Cannot load the core ${url}: ${state}`, { cause });
  }
}

async function hashOf(bytes: ArrayBuffer): Promise<string | null> {
  const subtle = globalThis.crypto?.subtle;
  return subtle === undefined ? null : hex(new Uint8Array(await subtle.digest('SHA-256', bytes)));
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
