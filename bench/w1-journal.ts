/**
 * Records W1 and writes the journal of its room, for core-wasm/examples/profile.rs; prints the file and the tick after which everybody
 * is in and warm. `node --import=tsx --conditions=fray-source bench/w1-journal.ts FOLDER PLAYERS VISIBLE TICKS`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileCore } from '../core-wasm/bindings/instantiate.ts';
import { packageRoot } from '../src/cli/games.ts';
import { record } from './w1-recording.ts';

const [folder = '', players = '100', visible = '10', ticks = '3000'] = process.argv.slice(2);
const core = readFileSync(join(packageRoot(), 'core-wasm', 'fray_core.wasm'));
const { warmTicks } = record(await compileCore(core), {
  size: { players: Number(players), visible: Number(visible) },
  seed: 1,
  warmTicks: 300,
  timedTicks: Number(ticks),
  journalDir: folder,
});
const [file = ''] = readdirSync(folder);
console.log(`${join(folder, file)} ${warmTicks}`);
