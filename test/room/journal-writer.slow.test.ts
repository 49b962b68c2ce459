/** The real thread that writes journals is killed: another goes on, nothing is lost, nobody waits. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { test } from 'tap';
import { Ring } from '../../src/mailbox/ring.ts';
import { JournalThread } from '../../src/room/journal.ts';
import { encodeOpening, RoomJournal } from '../../workers/journal.ts';
import { readJournal } from '../../workers/journal-file.ts';
import { STAGE } from '../../workers/journal-format.ts';
import { isSealed } from '../../workers/journal-seal.ts';
import { findSummary } from '../../workers/journal-summary.ts';

const CORE = { i32: new Int32Array(4096), input: 0, stateHashLow: 1, stateHashHigh: 2 };
const ROOMS = 5;

test('killed again and again while rooms play: their files are whole, and sealed', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'fray-writer-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  const threads: Worker[] = [];
  const ready = new Set<Worker>();
  process.on('worker', (thread: Worker) => {
    threads.push(thread);
    thread.on('message', ({ kind }: { kind: string }) => kind === 'ready' && ready.add(thread));
  });
  t.teardown(() => process.removeAllListeners('worker'));
  const said: string[] = [];
  const hear = (fields: object, text: string): void =>
    void said.push(`${text} ${JSON.stringify(fields)}`);
  const log = { info: hear, warn: hear, error: hear };
  const journals = await JournalThread.start({ dir, flushMs: 10 }, new Uint8Array(32), log);
  const ring = new Ring(journals.ringFor(0), 'write');
  const core = { ...CORE, stateHash: () => 0 };
  let cuts = 0;
  const rooms = Array.from({ length: ROOMS }, (_, row) => {
    const opening = { roomId: `r${row}`, schemaHash: 1n, epoch: 1, tickRateHz: 30, config: NONE };
    const onCut = (): void => {
      cuts += 1;
    };
    return new RoomJournal({ ring, row, core, hashTicks: 30, onCut }, encodeOpening(opening));
  });
  let tick = 0;
  let longestMs = 0;
  const play = (): void => {
    const before = performance.now();
    tick += 1;
    for (const room of rooms) {
      core.i32[0] = tick;
      room.record(STAGE.begin, tick, 400);
      room.record(STAGE.end, tick, 8);
      room.ended(tick);
    }
    ring.keepFrom(ring.end);
    longestMs = Math.max(longestMs, performance.now() - before);
  };
  const KILLS = 6;
  for (let k = 0; k < KILLS; k += 1) {
    const count = threads.length;
    // Every second one dies before it has begun.
    const isReady = (): boolean => k % 2 === 1 || ready.has(threads.at(-1) as Worker);
    const untilTick = tick + 20 + 7 * k;
    while (tick < untilTick || !isReady()) {
      play();
      await pause(5);
    }
    await threads.at(-1)?.terminate();
    while (threads.length === count) {
      play();
      await pause(5);
    }
  }
  for (const room of rooms) room.close(tick, 12);
  await journals.stop();
  t.equal(cuts, 0);
  t.equal(journals.figures.restarts, KILLS);
  t.equal(said.filter((text) => /another goes on/.test(text)).length, KILLS);
  t.same(
    said.filter((text) => /ended before its room|no summary/.test(text)),
    [],
  );
  const names = readdirSync(dir).filter((name) => name.endsWith('.journal'));
  t.equal(names.length, ROOMS);
  const wanted = Array.from({ length: tick }, (_, k) => [
    `${STAGE.begin}:${k + 1}`,
    `${STAGE.end}:${k + 1}`,
    ...((k + 1) % 30 === 0 ? [`${STAGE.hash}:${k + 1}`] : []),
  ]).flat();
  for (const name of names) {
    const file = new Uint8Array(readFileSync(join(dir, name)));
    const entries = [...readJournal(file).entries()];
    const found = entries.map(({ stage, tick: of }) => `${stage}:${of}`);
    const last = tick % 30 === 0 ? [] : [`${STAGE.hash}:${tick}`];
    t.same(found, [...wanted, ...last, `${STAGE.over}:${tick}`, `${STAGE.summary}:${tick}`], name);
    const right = entries.find(({ stage, tick: of }) => stage === STAGE.begin && of === 20);
    t.equal(
      right && new DataView(right.bytes.buffer, right.bytes.byteOffset).getUint32(0, true),
      20,
    );
    const summary = findSummary(readJournal(file));
    t.ok(summary !== null && isSealed(summary, file), 'signed');
  }
  t.comment(`${KILLS} deaths in ${tick} ticks; the longest of ${ROOMS} rooms took ${longestMs} ms`);
});

const NONE = new Uint8Array(0);
