import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { type UsedTokenLine, UsedTokensFile } from '../../src/ops/used-tokens-file.ts';

const NOW = 1_700_000_000_000;
const folder = mkdtempSync(join(tmpdir(), 'fray-used-'));
process.once('exit', () => rmSync(folder, { recursive: true }));

/** A MAC as tokens have it: 16 characters of any byte. */
function mac(seed: number): string {
  return String.fromCharCode(
    ...Array.from({ length: 16 }, (_, at) => (seed * 31 + at * 77 + (seed >> 8)) & 255),
  );
}

/** No file here is long enough to be written anew while it is open. */
const NONE: UsedTokenLine[] = [];

function tokensOf(path: string, nowMs: number): UsedTokenLine[] {
  return [...new UsedTokensFile(path, nowMs).take()];
}

t.test('what was appended is there after a restart, until it expires', async (test) => {
  const path = join(folder, 'deep', 'used');
  const file = new UsedTokensFile(path, NOW);
  test.same([...file.take()], []);
  const tokens = [1, 2, 3].map((seed) => ({ mac: mac(seed), expiresMs: NOW + seed * 1000 }));
  for (const token of tokens) file.append(token, NOW, NONE);
  test.equal(statSync(path).mode & 0o777, 0o600, 'nobody else reads it');
  // As a process that is killed leaves it: nothing is closed.
  test.same(tokensOf(path, NOW), tokens);
  test.same(tokensOf(path, NOW + 2000), tokens.slice(2));
  test.equal(readFileSync(path, 'latin1').split('\n').length, 2, 'the expired are gone from it');
});

t.test('a torn end and a spoilt line cost only themselves, and are counted', async (test) => {
  const path = join(folder, 'torn');
  const file = new UsedTokensFile(path, NOW);
  const tokens = [1, 2, 3].map((seed) => ({ mac: mac(seed), expiresMs: NOW + 60_000 }));
  for (const token of tokens) file.append(token, NOW, NONE);
  file.close();
  const whole = readFileSync(path, 'latin1');
  for (let cut = 1; cut < 50; cut += 7) {
    writeFileSync(path, whole.slice(0, -1 - cut), 'latin1');
    const after = new UsedTokensFile(path, NOW);
    test.same([...after.take()], tokens.slice(0, 2), `${cut} bytes torn off`);
    test.equal(after.damaged, 1);
    after.append(tokens[2] ?? { mac: '', expiresMs: 0 }, NOW, NONE);
    after.close();
    test.same(tokensOf(path, NOW), tokens, 'and it goes on on a line of its own');
  }
  const spoilt = Buffer.from(whole, 'latin1');
  spoilt[3] = (spoilt[3] ?? 0) === 0x30 ? 0x31 : 0x30;
  writeFileSync(path, spoilt);
  test.same(tokensOf(path, NOW), tokens.slice(1));
});

t.test(
  'a line that the disk took only a part of is refused, and costs only itself',
  async (test) => {
    const path = join(folder, 'full');
    const tokens = [1, 2, 3].map((seed) => ({ mac: mac(seed), expiresMs: NOW + 60_000 }));
    const [first, second, third] = tokens as [UsedTokenLine, UsedTokenLine, UsedTokenLine];
    for (const part of [0, 1, 30, 54]) {
      rmSync(path, { force: true });
      let left = Number.POSITIVE_INFINITY;
      const file = new UsedTokensFile(path, NOW, (fd, bytes, at) => {
        if (left === 0)
          throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
        const written = writeSync(fd, bytes, at, Math.min(left, bytes.length - at));
        left -= written;
        return written;
      });
      file.append(first, NOW, NONE);
      left = part;
      test.throws(() => file.append(second, NOW, NONE), { code: 'ENOSPC' });
      left = Number.POSITIVE_INFINITY;
      file.append(third, NOW, NONE);
      file.close();
      const after = new UsedTokensFile(path, NOW);
      test.same([...after.take()], [first, third], `${part} bytes of a line`);
      test.equal(after.damaged, part === 0 ? 0 : 1);
      after.close();
    }
  },
);

t.test('tokens of before are handed over once', async (test) => {
  const path = join(folder, 'once');
  const file = new UsedTokensFile(path, NOW);
  file.append({ mac: mac(1), expiresMs: NOW + 60_000 }, NOW, NONE);
  file.close();
  const after = new UsedTokensFile(path, NOW);
  test.equal([...after.take()].length, 1);
  test.equal([...after.take()].length, 0, 'they are held in one place');
  after.close();
});

t.test('a rewrite that a crash cut short leaves the old file', async (test) => {
  const path = join(folder, 'crash');
  const file = new UsedTokensFile(path, NOW);
  const token = { mac: mac(9), expiresMs: NOW + 60_000 };
  file.append(token, NOW, NONE);
  file.close();
  appendFileSync(`${path}.new`, 'half of a li');
  test.same(tokensOf(path, NOW), [token]);
});

t.test('the file stays as long as its living tokens, and twice that at most', async (test) => {
  const path = join(folder, 'long');
  const file = new UsedTokensFile(path, NOW);
  // What the session table holds; it forgets the expired ones when it gets to them.
  const all: UsedTokenLine[] = [];
  for (let k = 0; k < 20_000; k += 1) {
    all.push({ mac: mac(k), expiresMs: NOW + k + 500 });
    file.append(all[k] as UsedTokenLine, NOW + k, all);
  }
  file.close();
  const lines = readFileSync(path, 'latin1').split('\n').length - 1;
  test.ok(lines < 8192, `${lines} lines after 20,000 tokens`);
  const left = tokensOf(path, NOW + 20_000);
  test.ok(left.some((token) => token.mac === mac(19_999)));
  test.ok(left.length <= 500);
});
