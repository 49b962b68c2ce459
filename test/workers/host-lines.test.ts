/** What the I/O thread knows, on disk. */
import fs, { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'tap';
import { FolderLock } from '../../src/room/folder-lock.ts';
import { HostLines, readHostLines } from '../../workers/host-lines.ts';

test('the last line of a key counts, also after a file that ends anywhere or is damaged', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'fray-host-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  const path = join(dir, 'host.log');
  t.same([...readHostLines(path)], [], 'no file is no facts');
  const lines = new HostLines(path, new Map([['room:a', '{"x":1}']]));
  t.same([...readHostLines(path)], [['room:a', '{"x":1}']]);
  const said: [string, string][] = [];
  for (let k = 0; k < 40; k += 1) {
    const line: [string, string] = [
      `seat:${k % 5}`,
      k % 7 === 6 ? '' : JSON.stringify({ k, text: 'ä\n\u2028\u2029\r' }),
    ];
    said.push(line);
    lines.set(...line);
    if (k % 3 === 2) lines.flush();
  }
  lines.close();
  const after = (count: number): [string, string][] => {
    const facts = new Map([['room:a', '{"x":1}']]);
    for (const [key, value] of said.slice(0, count))
      if (value === '') facts.delete(key);
      else facts.set(key, value);
    return [...facts].sort();
  };
  t.same([...readHostLines(path)].sort(), after(said.length));
  t.equal(statSync(path).mode & 0o777, 0o600, 'nobody else reads it');
  const whole = readFileSync(path);
  const ends = [...whole.entries()].filter(([, byte]) => byte === 10).map(([at]) => at);
  for (let length = 0; length < whole.length; length += 7) {
    const lineCount = ends.filter((end) => end <= length).length;
    for (const damage of [false, true]) {
      const bytes = damage ? Buffer.from(whole) : whole.subarray(0, length);
      if (damage) (bytes[length] as number) ^= 4;
      writeFileSync(path, bytes);
      const found = [...readHostLines(path)].sort();
      const count = ends.filter((end) => end < length).length - 1;
      const fits = [count, count + 1].some(
        (lines) => JSON.stringify(found) === JSON.stringify(lines < 0 ? [] : after(lines)),
      );
      t.ok(fits, `${damage ? 'damaged at' : 'cut at'} ${length}, ${lineCount} lines`);
    }
  }
});

test('a file with much that does not hold any more is written anew', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'fray-host-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  const path = join(dir, 'host.log');
  const lines = new HostLines(path, new Map());
  for (let k = 0; k < 20_000; k += 1) {
    lines.set(`seat:${k % 50}`, `{"k":${k}}`);
    if (k % 100 === 99) lines.flush();
  }
  lines.close();
  t.ok(statSync(path).size < 6000 * 40, `${statSync(path).size} bytes`);
  t.equal(readHostLines(path).size, 50);
  t.equal(readHostLines(path).get('seat:49'), '{"k":19999}');
});

test('one server has a folder, until it is gone', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'fray-host-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  const lock = await FolderLock.take(dir);
  await t.rejects(FolderLock.take(dir), { code: 'E_CONFIG', message: /another server does/ });
  const owner = JSON.parse(readFileSync(join(dir, 'owner'), 'utf8')) as { started: string };
  lock.release();
  writeFileSync(join(dir, 'owner'), JSON.stringify({ ...owner, started: '1' }));
  const next = await FolderLock.take(dir);
  next.release();
  writeFileSync(join(dir, 'owner'), JSON.stringify({ ...owner, boot: 'another machine' }));
  const startMs = performance.now();
  const last = await FolderLock.take(dir);
  t.ok(performance.now() - startMs > 2000, 'one elsewhere is given time to say that it lives');
  last.release();
});

test('a disk that refuses in the middle of a line costs nothing that is said once it takes again', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'fray-host-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  const path = join(dir, 'host.log');
  const lines = new HostLines(path, new Map());
  lines.set('room:a', '{"x":1}');
  lines.flush();
  const { writeSync } = fs;
  t.teardown(() => {
    fs.writeSync = writeSync;
    syncBuiltinESMExports();
  });
  let free = 7;
  fs.writeSync = ((file: number, bytes: Uint8Array, from: number) => {
    if (free === 0) throw new Error('ENOSPC');
    const taken = Math.min(free, bytes.length - from);
    free -= taken;
    return writeSync(file, bytes, from, taken);
  }) as typeof writeSync;
  syncBuiltinESMExports();
  lines.set('seat:1', '{"y":2}');
  t.throws(() => lines.flush(), /ENOSPC/);
  t.same([...readHostLines(path)], [['room:a', '{"x":1}']], 'half a line is none');
  lines.set('seat:2', '{"y":3}');
  t.throws(() => lines.flush(), /ENOSPC/);
  free = Number.POSITIVE_INFINITY;
  lines.set('seat:3', '{"y":4}');
  lines.flush();
  t.same([...readHostLines(path).keys()], ['room:a', 'seat:1', 'seat:2', 'seat:3']);
  lines.close();
});
