/** The modules that a scenario runs, read before time is a simulated one. `FRAY_TEST_SIM_CORE` is another build for both ends. */
import { readFileSync } from 'node:fs';
import { loadSeal } from '../../src/client/seal-node.ts';
import type { Modules } from './scenario.ts';

export async function loadModules(): Promise<Modules> {
  await loadSeal();
  const module = (file: string | URL): WebAssembly.Module =>
    new WebAssembly.Module(readFileSync(file));
  const own = process.env['FRAY_TEST_SIM_CORE'];
  if (own !== undefined) return { core: module(own), client: module(own) };
  const committed = (name: string): URL => new URL(`../../core-wasm/${name}`, import.meta.url);
  return {
    core: module(committed('fray_core.wasm')),
    client: module(committed('fray_client.wasm')),
  };
}
