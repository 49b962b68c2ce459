/**
 * Finding and compiling the core in a browser. Compiled once per URL and page; each game is then one cheap instance.
 * Needs no isolation headers; what a Content-Security-Policy has to allow stands in docs/pages.md.
 */
import { FrayError } from '../errors.ts';

/** Where the core comes from: an address, what `fetch` answers, its bytes, or the compiled module. */
export type WasmSource =
  | string
  | URL
  | Response
  | Promise<Response>
  | BufferSource
  | WebAssembly.Module;

/** Rejects with E_CORE when it cannot be fetched or compiled; a later call then tries again. */
export function loadCore(source: WasmSource): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return Promise.resolve(source);
  if (typeof source !== 'string' && !(source instanceof URL)) return compile(source);
  const url = String(source);
  const known = compiled.get(url);
  if (known) return known;
  const module = compile(fetch(url));
  compiled.set(url, module);
  module.catch(() => compiled.delete(url));
  return module;
}

async function compile(
  source: Response | Promise<Response> | BufferSource,
): Promise<WebAssembly.Module> {
  try {
    if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) {
      return await WebAssembly.compile(source);
    }
    const response = await source;
    if (!response.ok) throw new Error(`${response.url} answered ${response.status}`);
    const type = response.headers.get('content-type') ?? '';
    if (type.startsWith('text/html')) throw new Error(`${response.url} is ${NOT_BESIDE}`);
    // Streaming wants the right type, and is missing in some embedded browsers.
    if (type.startsWith('application/wasm') && WebAssembly.compileStreaming !== undefined) {
      return await WebAssembly.compileStreaming(response);
    }
    return await WebAssembly.compile(await response.arrayBuffer());
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new FrayError('E_CORE', `Cannot load the core: ${detail}`, { cause });
  }
}

/** What a development server answers that has moved the client and not the core. */
const NOT_BESIDE =
  "a page and not the core; with the development server of Vite before 8 set optimizeDeps: { exclude: ['fray'] }, or pass the option wasm";

const compiled = new Map<string, Promise<WebAssembly.Module>>();
