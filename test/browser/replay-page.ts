/** Runs inside Chromium: replays a journal in the page's own WASM and answers how many hashes agreed, and the last. */
import { compileCore } from '../../core-wasm/bindings/instantiate.ts';
import { RoomCore } from '../../core-wasm/bindings/room.ts';
import { readJournal, STAGE } from '../../workers/journal-format.ts';

export interface ReplayReport {
  readonly ticks: number;
  readonly hashes: number;
  readonly last: string;
  /** First tick whose hash differs, -1 for none. */
  readonly differs: number;
}

async function replay(): Promise<ReplayReport> {
  const bytes = async (path: string) => new Uint8Array(await (await fetch(path)).arrayBuffer());
  const { config, entries } = readJournal(await bytes('/journal'));
  const room = new RoomCore(await compileCore(await bytes('/core.wasm')), config);
  let [ticks, hashes, last, differs] = [0, 0, '', -1];
  for (const { stage, tick, bytes: payload } of entries) {
    if (stage === STAGE.hash) {
      const own = hex(room.stateHashHigh) + hex(room.stateHashLow);
      const view = new DataView(payload.buffer, payload.byteOffset);
      last = hex(view.getUint32(4, true)) + hex(view.getUint32(0, true));
      if (own !== last && differs < 0) differs = tick;
      hashes += 1;
      continue;
    }
    room.u8.set(payload, room.input);
    if (stage === STAGE.begin) room.begin(payload.length);
    else {
      room.end(payload.length);
      ticks += 1;
    }
  }
  return { ticks, hashes, last, differs };
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}

Object.assign(globalThis, { replay });
