/** A journal of W1 through the committed core, `begin` and `end` alone. */
import { RoomCore } from '../core-wasm/bindings/room.ts';
import { median } from '../src/cli/bench-report.ts';
import { readJournal } from '../workers/journal-file.ts';
import { STAGE } from '../workers/journal-format.ts';

/** Medians of the ticks after `warmTicks`, ns per player and tick. Throws at a state hash that is not the journal's. */
export function playJournal(
  module: WebAssembly.Module,
  file: Uint8Array,
  warmTicks: number,
): { begin: number; end: number } {
  const journal = readJournal(file);
  const room = new RoomCore(module, journal.head.config);
  const times: { begin: number[]; end: number[] } = { begin: [], end: [] };
  for (const { stage, tick, bytes } of journal.entries()) {
    if (stage === STAGE.hash) {
      const held = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
      if (room.stateHash() !== held) throw new Error(`Another state hash at tick ${tick}`);
    }
    if (stage !== STAGE.begin && stage !== STAGE.end) continue;
    room.u8.set(bytes, room.input);
    const before = process.hrtime.bigint();
    if (stage === STAGE.begin) room.begin(bytes.length);
    else room.end(bytes.length);
    const ns = Number(process.hrtime.bigint() - before);
    if (tick > warmTicks) times[stage === STAGE.begin ? 'begin' : 'end'].push(ns);
  }
  const players = room.players.filter((handle) => handle !== 0).length;
  return { begin: median(times.begin) / players, end: median(times.end) / players };
}
