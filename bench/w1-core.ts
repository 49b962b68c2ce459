/**
 * The journal of bench/w1-journal.ts through the committed core, `begin` and `end` alone, beside what profile.rs says of a native build:
 * `node --import=tsx --conditions=fray-source bench/w1-core.ts FILE WARM_TICKS`. Medians of ticks, of the last of several rounds.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileCore } from '../core-wasm/bindings/instantiate.ts';
import { RoomCore } from '../core-wasm/bindings/room.ts';
import { median } from '../src/cli/bench-report.ts';
import { packageRoot } from '../src/cli/games.ts';
import { readJournal } from '../workers/journal-file.ts';
import { STAGE } from '../workers/journal-format.ts';

const ROUNDS = 5;
const [file = '', warm = '0'] = process.argv.slice(2);
const core = readFileSync(join(packageRoot(), 'core-wasm', 'fray_core.wasm'));
const module = await compileCore(core);
const journal = readJournal(readFileSync(file));
const entries = [...journal.entries()].filter(
  ({ stage }) => stage === STAGE.begin || stage === STAGE.end,
);
let times: { begin: number[]; end: number[] } = { begin: [], end: [] };
let players = 0;
for (let round = 0; round < ROUNDS; round += 1) {
  const room = new RoomCore(module, journal.head.config);
  times = { begin: [], end: [] };
  for (const { stage, tick, bytes } of entries) {
    room.u8.set(bytes, room.input);
    const before = process.hrtime.bigint();
    if (stage === STAGE.begin) room.begin(bytes.length);
    else room.end(bytes.length);
    const ns = Number(process.hrtime.bigint() - before);
    if (tick > Number(warm)) times[stage === STAGE.begin ? 'begin' : 'end'].push(ns);
  }
  players = room.players.filter((handle) => handle !== 0).length;
}
const [begin, end] = [median(times.begin) / players, median(times.end) / players];
console.log(
  `WASM: begin ${begin.toFixed(1)}, end ${end.toFixed(1)}, both ${(begin + end).toFixed(1)} ns per player and tick`,
);
