/** Which journals are deleted, and when somebody looks. */
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { Retention } from '../../workers/journal-retention.ts';

function folder(t: Test, count: number): string {
  const dir = mkdtempSync(join(tmpdir(), 'fray-retention-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  for (let k = 0; k < count; k += 1) {
    const path = join(dir, `m${k}.journal`);
    writeFileSync(path, new Uint8Array(1000));
    utimesSync(path, k + 1, k + 1);
  }
  return dir;
}

test('a folder is looked at once a minute, and at once where the clock was set back', async (t) => {
  const dir = folder(t, 3);
  const retention = new Retention({ dir, bytesMax: 1500, ageMsMax: 0 });
  t.equal(retention.look(1e9, []), 2);
  writeFileSync(join(dir, 'more.journal'), new Uint8Array(1000));
  t.equal(retention.look(1e9 + 59_000, []), 0);
  t.equal(retention.look(1e9 - 3_600_000, []), 1);
  t.same(readdirSync(dir), ['more.journal']);
});

test('what is held stays until it is released, however old it is', async (t) => {
  const dir = folder(t, 3);
  const [first, second] = [0, 1].map((k) => join(dir, `m${k}.journal`)) as [string, string];
  const retention = new Retention({ dir, bytesMax: 0, ageMsMax: 1000, held: [first, second] });
  t.equal(retention.look(1e9, []), 1);
  retention.release(first);
  t.equal(retention.look(2e9, [first]), 0, 'it is in use');
  t.equal(retention.look(3e9, []), 1);
  t.same(readdirSync(dir), ['m1.journal']);
});

test('without a limit nobody looks', async (t) => {
  const retention = new Retention({ dir: '/nowhere', bytesMax: 0, ageMsMax: 0 });
  t.equal(retention.look(1e9, []), 0);
  const limited = new Retention({ dir: '/nowhere', bytesMax: 1, ageMsMax: 0 });
  t.throws(() => limited.look(1e9, []), { code: 'ENOENT' });
});
