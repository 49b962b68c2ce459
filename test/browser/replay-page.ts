/** Runs inside Chromium: replays a journal, as it comes in, in the page's own WASM. */
import { compileCore } from '../../core-wasm/bindings/instantiate.ts';
import { Replay, type ReplayReport } from './replay.ts';

async function replay(restoreEvery: number): Promise<ReplayReport> {
  const module = await compileCore(await (await fetch('/core.wasm')).arrayBuffer());
  const run = new Replay(module, restoreEvery);
  const reader = (await fetch('/journal')).body?.getReader();
  for (let read = await reader?.read(); read?.value; read = await reader?.read())
    run.take(read.value);
  return run.report;
}

Object.assign(globalThis, { replay });
