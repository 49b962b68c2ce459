/** The file of a journal on a disk that refuses. */
import fs, { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'tap';
import { JournalFile } from '../../workers/journal-file.ts';

const HEAD = {
  roomId: 'r7',
  schemaHash: 1n,
  epoch: 1,
  tickRateHz: 30,
  config: new Uint8Array(37),
  coreHash: new Uint8Array(32),
  openedMs: 1,
};

test('a disk that is full in the middle of a head keeps neither a file nor a descriptor', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'fray-journal-'));
  const { writeSync, closeSync } = fs;
  let taken = 7;
  let closed = 0;
  const full = (file: number, bytes: Uint8Array): number => {
    if (taken === 0) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
    const some = taken;
    taken = 0;
    return writeSync(file, bytes, 0, some);
  };
  const counted = (file: number): void => {
    closed += 1;
    closeSync(file);
  };
  Object.assign(fs, { writeSync: full, closeSync: counted });
  syncBuiltinESMExports();
  t.teardown(() => {
    Object.assign(fs, { writeSync, closeSync });
    syncBuiltinESMExports();
    rmSync(dir, { recursive: true });
  });
  t.throws(() => new JournalFile(join(dir, 'a'), HEAD), { code: 'ENOSPC' });
  t.same(readdirSync(dir), []);
  t.equal(closed, 1);
});
