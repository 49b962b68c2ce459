/** The modules that a scenario runs, read before time is a simulated one. */
import { readFileSync } from 'node:fs';
import { loadSeal } from '../../src/client/seal-node.ts';
import type { Modules } from './scenario.ts';

export async function loadModules(): Promise<Modules> {
  await loadSeal();
  const module = (name: string): WebAssembly.Module =>
    new WebAssembly.Module(readFileSync(new URL(`../../core-wasm/${name}`, import.meta.url)));
  return { core: module('fray_core.wasm'), client: module('fray_client.wasm') };
}
