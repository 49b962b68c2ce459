/** The file of a journal on a disk that refuses. */
import fs, { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { Ring } from '../../src/mailbox/ring.ts';
import { createJournalRing, encodeOpening, JOURNAL_RING } from '../../workers/journal.ts';
import { JournalFile, readJournal } from '../../workers/journal-file.ts';
import { STAGE } from '../../workers/journal-format.ts';
import { JournalStore } from '../../workers/journal-store.ts';

const HEAD = {
  roomId: 'r7',
  schemaHash: 1n,
  epoch: 1,
  tickRateHz: 30,
  config: new Uint8Array(37),
  coreHash: new Uint8Array(32),
  openedMs: 1,
};

/** A folder on a disk on which `bytes` more are written, and then none but what files give back. */
function diskOf(t: Test, bytes: number): { readonly dir: string; left: number; closed: number } {
  const dir = mkdtempSync(join(tmpdir(), 'fray-journal-'));
  const { writeSync, closeSync, ftruncateSync, fstatSync } = fs;
  const disk = { dir, left: bytes, closed: 0 };
  const write = (file: number, from: Uint8Array, at: number, length: number, to: number) => {
    if (disk.left === 0) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
    const some = Math.min(length, disk.left);
    disk.left -= some;
    return writeSync(file, from, at, some, to);
  };
  const close = (file: number): void => {
    disk.closed += 1;
    closeSync(file);
  };
  const truncate = (file: number, bytes: number): void => {
    disk.left += fstatSync(file).size - bytes;
    ftruncateSync(file, bytes);
  };
  Object.assign(fs, { writeSync: write, closeSync: close, ftruncateSync: truncate });
  syncBuiltinESMExports();
  t.teardown(() => {
    Object.assign(fs, { writeSync, closeSync, ftruncateSync });
    syncBuiltinESMExports();
    rmSync(dir, { recursive: true });
  });
  return disk;
}

test('a disk that is full in the middle of a head keeps neither a file nor a descriptor', async (t) => {
  const disk = diskOf(t, 7);
  t.throws(() => new JournalFile(join(disk.dir, 'a'), HEAD), { code: 'ENOSPC' });
  t.same(readdirSync(disk.dir), []);
  t.equal(disk.closed, 1);
});

test('a disk that is full in the middle of a block leaves a journal that says that it was cut', async (t) => {
  const disk = diskOf(t, 1 << 20);
  const ring = createJournalRing();
  const room = new Ring(ring, 'write');
  const store = new JournalStore({
    dir: disk.dir,
    coreHash: HEAD.coreHash,
    bytesMax: 0,
    ageMsMax: 0,
    unixMs: () => 1,
    log: () => {},
  });
  const reads = new Ring(ring, 'read');
  const play = (from: number, to: number): void => {
    for (let tick = from; tick < to; tick += 1)
      for (const stage of [STAGE.begin, STAGE.end])
        room.tryWrite(stage, 3, tick, Uint8Array.of(tick, 7 * tick, stage, 9), 0, 4);
    store.take(0, reads);
    store.flush();
  };
  const opening = encodeOpening(HEAD);
  room.tryWrite(JOURNAL_RING.open, 3, 0, opening, 0, opening.length);
  play(1, 20);
  disk.left = 50;
  play(20, 40);
  t.match(store.figures, { files: 1, cut: 1 });
  t.equal(disk.closed, 1);
  disk.left = 1 << 20;
  play(40, 60);
  const [name = ''] = readdirSync(disk.dir);
  const reader = readJournal(readFileSync(join(disk.dir, name)));
  const entries = [...reader.entries()].map(({ stage, tick }) => `${stage}/${tick}`);
  t.equal(reader.tornBytes, 0);
  t.same(entries.slice(-2), [`${STAGE.end}/19`, `${STAGE.cut}/19`]);
  t.equal(entries.length, 2 * 19 + 1);
});
