/**
 * `fray bench journal`: what it costs that everything which enters a room is kept. A record on its way into the ring, from W1's own records; the
 * bytes of a file, in blocks of 50 ms as the writer makes them; a shadow copy of a room of 50; and a whole server with journals beside the same
 * server without, in turns.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileCore } from '../core-wasm/bindings/instantiate.ts';
import { RoomCore } from '../core-wasm/bindings/room.ts';
import { RecordHeader } from '../protocol/gen/tables.ts';
import type { Bench, BenchOptions, BenchRow } from '../src/cli/bench-report.ts';
import { median, ownRow, ratioRow } from '../src/cli/bench-report.ts';
import { packageRoot } from '../src/cli/games.ts';
import { Ring } from '../src/mailbox/ring.ts';
import { Replay } from '../src/room/replay.ts';
import { RoomCheckpoints } from '../workers/checkpoints.ts';
import { createJournalRing, RoomJournal } from '../workers/journal.ts';
import { CheckpointPacker } from '../workers/journal-checkpoint.ts';
import { JournalFile, readJournal } from '../workers/journal-file.ts';
import type { JournalEntry } from '../workers/journal-format.ts';
import { STAGE } from '../workers/journal-format.ts';
import { createShadow, Shadow } from '../workers/shadow.ts';
import { serverRounds } from './io.ts';
import { TICK_RATE_HZ, w1Schema } from './w1.ts';
import { record } from './w1-recording.ts';

export const bench: Bench = {
  name: 'journal',
  async run(options) {
    const core = readFileSync(join(packageRoot(), 'core-wasm', 'fray_core.wasm'));
    const module = await compileCore(core);
    const folder = mkdtempSync(join(tmpdir(), 'fray-journal-'));
    try {
      const entries = recorded(module, folder, options);
      return [
        recordRow(module, entries, options),
        bytesRow(entries, folder),
        shadowRow(module, options),
        checkpointRow(module, folder, options),
        await serverRow(folder, options),
      ];
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

/** What entered the room of W1 once everybody was in. */
function recorded(
  module: WebAssembly.Module,
  folder: string,
  { quick, seed, progress }: BenchOptions,
): JournalEntry[] {
  const timedTicks = quick ? 600 : 3000;
  const size = { players: PLAYERS, visible: 10 };
  const { warmTicks } = record(module, {
    size,
    seed,
    warmTicks: 300,
    timedTicks,
    journalDir: folder,
  });
  const file = readFileSync(join(folder, readdirSync(folder)[0] as string));
  progress(`journal: W1, ${PLAYERS} players, ${timedTicks} ticks`);
  return [...readJournal(file).entries()].filter(({ tick }) => tick > warmTicks);
}

/** ns of a record in a client's name, its share of the two entries of a tick and of the ring. */
function recordRow(
  module: WebAssembly.Module,
  all: readonly JournalEntry[],
  { quick, seed }: BenchOptions,
): BenchRow {
  const entries = all.filter(({ stage }) => stage === STAGE.begin || stage === STAGE.end);
  const config = w1Schema({ players: PLAYERS, visible: 10 }).config({
    playersMax: PLAYERS,
    entitiesMax: PLAYERS,
    seed: BigInt(seed),
  });
  const core = new RoomCore(module, config);
  const memory = createJournalRing();
  const ring = new Ring(memory, 'write');
  const reader = new Ring(memory, 'read');
  const journal = new RoomJournal({ ring, row: 1, core, hashTicks: 0, onCut: fail }, undefined);
  const rounds = quick ? 3 : 10;
  const times = Array.from({ length: rounds }, () => {
    let [ns, records] = [0, 0];
    for (const { stage, tick, bytes } of entries) {
      core.u8.set(bytes, core.input);
      const before = process.hrtime.bigint();
      journal.record(stage, tick, bytes.length);
      ns += Number(process.hrtime.bigint() - before);
      if (stage === STAGE.begin) records += recordsIn(bytes);
      else {
        // As the writer's thread and the shadow copies let go of it.
        while (reader.next());
        reader.release();
        ring.keepFrom(ring.end);
      }
    }
    return ns / records;
  });
  const ours = median(times);
  return ownRow({
    name: 'journal/a record',
    unit: 'ns on the tick path, the two looks at the clock of each entry included',
    ours,
    goal: '<= 80',
    met: ours <= 80,
  });
}

function recordsIn(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let count = 0;
  for (let at = 0; at + RecordHeader.bytes <= bytes.length; count += 1)
    at += RecordHeader.bytes + ((view.getUint32(at + RecordHeader.length, true) + 3) & ~3);
  return count;
}

/** The same entries as the writer's thread would have put them into a file. */
function bytesRow(entries: readonly JournalEntry[], folder: string): BenchRow {
  const path = join(folder, 'blocks.journal');
  const file = new JournalFile(path, {
    roomId: 'w1',
    schemaHash: 0n,
    coreHash: new Uint8Array(32),
    epoch: 1,
    tickRateHz: TICK_RATE_HZ,
    openedMs: 0,
    config: new Uint8Array(0),
  });
  let ticks = 0;
  let flushedMs = 0;
  for (const { stage, tick, bytes } of entries) {
    const words = new Int32Array((bytes.length + 3) >> 2);
    new Uint8Array(words.buffer).set(bytes);
    file.append(stage, tick, { words, from: 0, bytes: bytes.length });
    if (stage !== STAGE.end) continue;
    ticks += 1;
    if ((ticks * 1000) / TICK_RATE_HZ - flushedMs < FLUSH_MS) continue;
    flushedMs += FLUSH_MS;
    file.flush();
  }
  file.flush();
  file.close();
  const hours = ticks / TICK_RATE_HZ / 3600;
  const ours = file.fileBytes / PLAYERS / hours / 1e6;
  return ownRow({
    name: 'journal/bytes of a file',
    unit: 'MB per player and hour at 30 Hz',
    ours,
    goal: '<= 1.5',
    met: ours <= 1.5,
  });
}

/** A room of 50, as `Shadows` copies it between two slots. */
function shadowRow(module: WebAssembly.Module, { quick, seed }: BenchOptions): BenchRow {
  const config = w1Schema({ players: 50, visible: 10 }).config({
    playersMax: 50,
    entitiesMax: 256,
    seed: BigInt(seed),
  });
  const core = new RoomCore(module, config);
  const host = new Uint8Array(256);
  const shadow = new Shadow(createShadow(core.region().length, host.length));
  const times = Array.from({ length: quick ? 50 : 500 }, (_, tick) => {
    const before = performance.now();
    shadow.write(core.region(), host, tick);
    return performance.now() - before;
  });
  const ours = median(times.slice(2));
  return ownRow({
    name: 'journal/a shadow copy, 50 players and 256 entities',
    unit: 'ms',
    ours,
    goal: '<= 1',
    met: ours <= 1,
  });
}

/** A room of 50 that is played in, as the writer's thread keeps it every 10 s (30 s in a server): what changed, packed, into the file. */
function checkpointRow(
  module: WebAssembly.Module,
  folder: string,
  { quick, seed }: BenchOptions,
): BenchRow {
  const journalDir = join(folder, 'fifty');
  const [every, count] = quick ? [60, 24] : [10 * TICK_RATE_HZ, 48];
  const size = { players: 50, visible: 10 };
  record(module, { size, seed, warmTicks: 60, timedTicks: every * count, journalDir });
  const journal = readJournal(readFileSync(join(journalDir, readdirSync(journalDir)[0] as string)));
  const replay = new Replay(journal, module);
  const host = new Uint8Array(256);
  const memory = createShadow(replay.room.region().length, host.length);
  const [shadow, checkpoints] = [new Shadow(memory), new RoomCheckpoints(memory, 0)];
  const packer = new CheckpointPacker();
  const file = new JournalFile(join(folder, 'checkpoints.journal'), journal.head);
  const times: number[] = [];
  for (let nowMs = 0; replay.next(); nowMs += 1) {
    if (replay.tick % every !== 0) continue;
    shadow.write(replay.room.region(), host, replay.tick);
    const before = performance.now();
    const seen = { tick: replay.tick, unixMs: 0 };
    const payloads = checkpoints.take(packer, { nowMs, everyMs: every, seen });
    if (payloads === null)
      throw new Error('A checkpoint of a room that has ticked has nothing new');
    file.checkpoint(replay.tick, payloads);
    times.push(performance.now() - before);
  }
  const { differs, problem } = replay.report();
  file.close();
  if (differs !== null || problem !== null || times.length < count)
    throw new Error(`The room did not go as it was recorded: ${problem ?? differs}`);
  // The first has all pages, and is of code that is new.
  const ours = median(times.slice(1));
  return ownRow({
    name: 'journal/a checkpoint, 50 players',
    unit: `ms of the writer's thread, ${Math.round(file.fileBytes / times.length / 1000)} kB each`,
    ours,
    goal: '<= 1',
    met: ours <= 1,
  });
}

async function serverRow(folder: string, options: BenchOptions): Promise<BenchRow> {
  const name = 'journal/whole server, WebSocket';
  const rounds = await serverRounds(name, ['--journal-dir', join(folder, 'kept')], options);
  return ratioRow({
    name,
    unit: 'us of CPU per client and tick, with journals',
    rounds,
    peerName: 'ours, without',
    goal: { text: 'at most 3 % more: >= 0.97x', ratioMin: 1 / 1.03 },
  });
}

function fail(): never {
  throw new Error('A journal ring that is emptied after each tick cannot be full');
}

const PLAYERS = 100;
/** `journalFlushMs`. */
const FLUSH_MS = 50;
