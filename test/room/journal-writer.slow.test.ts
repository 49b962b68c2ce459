/** The real thread that writes journals dies, in each way that it can: another goes on, nothing is lost, nobody waits. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
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

/** How it dies, one after the other. `early`: before it has begun. */
const WAYS = ['ended', 'early', 'threw', 'memory', 'ended', 'early'] as const;
/** Of a thread: enough for its code from sources. */
const HEAP_MB = 128;

test('dead again and again while rooms play: their files are whole, and sealed', async (t) => {
  setFlagsFromString(`--max-old-space-size=${HEAP_MB}`);
  t.teardown(() => setFlagsFromString('--max-old-space-size=0'));
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
  const KILLS = WAYS.length;
  for (const [k, way] of WAYS.entries()) {
    const count = threads.length;
    const isReady = (): boolean => way === 'early' || ready.has(threads.at(-1) as Worker);
    const untilTick = tick + 20 + 7 * k;
    while (tick < untilTick || !isReady()) {
      play();
      await pause(5);
    }
    await die(threads.at(-1) as Worker, way);
    while (threads.length === count) {
      play();
      await pause(5);
    }
  }
  for (const room of rooms) room.close(tick, 12);
  await journals.stop();
  t.equal(cuts, 0);
  t.equal(journals.figures.restarts, KILLS);
  const deaths = said.filter((text) => /another goes on/.test(text));
  t.equal(deaths.length, KILLS);
  t.match(deaths[WAYS.indexOf('threw')], /Cannot attach the shadow of a room/);
  t.match(deaths[WAYS.indexOf('memory')], /ERR_WORKER_OUT_OF_MEMORY/);
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

/** Resolves when the thread has ended. */
async function die(thread: Worker, way: (typeof WAYS)[number]): Promise<unknown> {
  if (way === 'ended' || way === 'early') return thread.terminate();
  const ended = new Promise((resolve) => thread.once('exit', resolve));
  if (way === 'threw') {
    // Memory that is no shadow: the call throws, and nobody there catches it.
    const memory = new SharedArrayBuffer(1024);
    thread.postMessage({ kind: 'shadow', worker: 0, row: 0, room: 'r0', memory });
  } else {
    const value = 'x'.repeat(1 << 20);
    for (let k = 0; k < 2 * HEAP_MB; k += 1)
      thread.postMessage({ kind: 'host', key: `k${k}`, value });
  }
  return ended;
}

const NONE = new Uint8Array(0);
