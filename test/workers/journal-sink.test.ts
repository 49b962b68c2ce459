/** What keeps the bytes of journals: the same contract for files and for another place; and what becomes of a room whose place refuses. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'tap';
import { Ring } from '../../src/mailbox/ring.ts';
import { createJournalRing, encodeOpening, RoomJournal } from '../../workers/journal.ts';
import { readJournal } from '../../workers/journal-file.ts';
import { STAGE } from '../../workers/journal-format.ts';
import { fileSink, type JournalSink, type SinkFile } from '../../workers/journal-sink.ts';
import { JournalStore } from '../../workers/journal-store.ts';

const dir = mkdtempSync(join(tmpdir(), 'fray-sink-'));
process.once('exit', () => rmSync(dir, { recursive: true }));

/** Another place: journals in memory, and one that is full after some bytes. */
class MemorySink implements JournalSink {
  readonly files = new Map<string, Buffer>();
  /** Bytes that a journal may have, by what its name holds. */
  readonly full = new Map<string, number>();
  keeps = 0;

  create(path: string): SinkFile {
    if (this.files.has(path)) throw new Error(`${path} is there`);
    this.files.set(path, Buffer.alloc(0));
    return this.#file(path);
  }

  open(path: string, bytes: number): SinkFile {
    if (!this.files.has(path)) throw new Error(`${path} is not there`);
    const file = this.#file(path);
    file.cut(bytes);
    return file;
  }

  #file(path: string): SinkFile {
    const bytes = (): Buffer => this.files.get(path) ?? Buffer.alloc(0);
    return {
      append: (more) => {
        const most = [...this.full].find(([name]) => path.includes(name))?.[1] ?? Infinity;
        const part = more.subarray(0, Math.max(0, most - bytes().length));
        this.files.set(path, Buffer.concat([bytes(), part]));
        if (part.length < more.length) throw new Error('no space left');
      },
      cut: (count) => void this.files.set(path, bytes().subarray(0, count)),
      read: (count) => new Uint8Array(bytes().subarray(0, count)),
      keep: () => {
        this.keeps += 1;
      },
      close: () => undefined,
      remove: () => void this.files.delete(path),
    };
  }
}

for (const [name, sink, path] of [
  ['files', fileSink, join(dir, 'contract')],
  ['memory', new MemorySink(), 'contract'],
] as const)
  test(`a place for journals keeps what it is given, and no more: ${name}`, async (t) => {
    t.throws(() => sink.open(path, 0), 'there is none');
    const file = sink.create(path);
    t.throws(() => sink.create(path), 'none is written over');
    const bytes = Uint8Array.of(1, 2, 3, 4);
    file.append(bytes);
    bytes.fill(9);
    file.append(Uint8Array.of(5));
    t.same([...file.read(5)], [1, 2, 3, 4, 5], 'what is changed later was there before');
    t.same([...file.read(2)], [1, 2]);
    file.cut(3);
    file.append(Uint8Array.of(6));
    t.same([...file.read(4)], [1, 2, 3, 6], 'it goes on behind what was cut');
    file.keep();
    file.keep();
    file.close();
    const again = sink.open(path, 2);
    again.append(Uint8Array.of(7));
    t.same([...again.read(3)], [1, 2, 7], 'the next one goes on where it says');
    again.keep();
    again.remove();
    t.throws(() => sink.open(path, 0), 'it is gone');
    sink.create(path).remove();
  });

test('a store writes the same journals into any place; one that refuses costs its room the journal, and nobody else', async (t) => {
  const memory = new MemorySink();
  const refusing = new MemorySink();
  refusing.full.set('r1', 900);
  const [files, kept, cut] = [fileSink, memory, refusing].map((sink) => play(sink));
  t.match([files?.figures.cut, kept?.figures.cut, cut?.figures.cut], [0, 0, 1]);
  t.same(cut?.said, ['a journal ended before its room']);
  for (const room of ['r0', 'r1', 'r2']) {
    const path = join(dir, `${room}-rs${SUFFIX}`);
    const file = readFileSync(path);
    t.ok(file.length > 1500, `${room}: ${file.length} bytes`);
    t.same(memory.files.get(path), file, 'byte for byte');
    const entries = [...readJournal(refusing.files.get(path) ?? Buffer.alloc(0)).entries()];
    t.equal(entries.at(-1)?.stage, room === 'r1' ? STAGE.cut : STAGE.over);
    if (room !== 'r1') t.same(refusing.files.get(path), file);
    else t.ok(entries.length > 5, `up to what there was place for: ${entries.length} entries`);
  }
});

/** Three rooms and forty flushes. */
function play(sink: JournalSink): {
  readonly figures: { readonly cut: number };
  readonly said: string[];
} {
  const said: string[] = [];
  const limits = { coreHash: new Uint8Array(32), bytesMax: 0, ageMsMax: 0 };
  const log = (_: string, text: string): void => void said.push(text);
  const store = new JournalStore({ dir, ...limits, unixMs: () => 1000, log, sink });
  const ring = createJournalRing();
  const [writer, reader] = [new Ring(ring, 'write'), new Ring(ring, 'read')];
  store.attached(0, 1);
  const core = { i32: new Int32Array(4096), input: 0, stateHashLow: 1, stateHashHigh: 2 };
  const rooms = ['r0', 'r1', 'r2'].map((roomId, row) => {
    const opening = { roomId, schemaHash: 1n, epoch: 1, tickRateHz: 30, config: new Uint8Array(0) };
    const own = { ...core, stateHash: () => 0 };
    const onCut = (): void => void said.push('cut');
    return new RoomJournal(
      { ring: writer, row, core: own, hashTicks: 30, onCut },
      encodeOpening(opening),
    );
  });
  for (let tick = 1; tick <= 40; tick += 1) {
    for (const room of rooms) {
      core.i32.fill(Math.imul(tick, 0x9e37_79b1), 0, 20);
      for (let k = 0; k < 20; k += 1) core.i32[k] = Math.imul(tick * 20 + k, 0x9e37_79b1);
      room.record(STAGE.begin, tick, 80);
      room.record(STAGE.end, tick, 8);
      room.ended(tick);
    }
    writer.keepFrom(writer.end);
    store.take(0, reader);
    store.flush();
  }
  for (const room of rooms) room.close(40, 12);
  store.take(0, reader);
  store.flush();
  store.close();
  return { figures: store.figures, said };
}

const SUFFIX = '.journal';
