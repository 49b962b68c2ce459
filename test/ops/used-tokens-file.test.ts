import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { UsedTokensFile } from '../../src/ops/used-tokens-file.ts';

const NOW = 1_700_000_000_000;
const folder = mkdtempSync(join(tmpdir(), 'fray-used-'));
process.once('exit', () => rmSync(folder, { recursive: true }));

/** A MAC as tokens have it: 16 characters of any byte. */
function mac(seed: number): string {
  return String.fromCharCode(
    ...Array.from({ length: 16 }, (_, at) => (seed * 31 + at * 77 + (seed >> 8)) & 255),
  );
}

t.test('what was appended is there after a restart, until it expires', async (test) => {
  const path = join(folder, 'deep', 'used');
  const file = new UsedTokensFile(path, NOW);
  test.same(file.tokens, []);
  const tokens = [1, 2, 3].map((seed) => ({ mac: mac(seed), expiresMs: NOW + seed * 1000 }));
  for (const token of tokens) file.append(token, NOW);
  test.equal(statSync(path).mode & 0o777, 0o600, 'nobody else reads it');
  // As a process that is killed leaves it: nothing is closed.
  test.same(new UsedTokensFile(path, NOW).tokens, tokens);
  test.same(new UsedTokensFile(path, NOW + 2000).tokens, tokens.slice(2));
  test.equal(readFileSync(path, 'latin1').split('\n').length, 2, 'the expired are gone from it');
});

t.test('a torn end and a spoilt line cost only themselves, and are counted', async (test) => {
  const path = join(folder, 'torn');
  const file = new UsedTokensFile(path, NOW);
  const tokens = [1, 2, 3].map((seed) => ({ mac: mac(seed), expiresMs: NOW + 60_000 }));
  for (const token of tokens) file.append(token, NOW);
  file.close();
  const whole = readFileSync(path, 'latin1');
  for (let cut = 1; cut < 50; cut += 7) {
    writeFileSync(path, whole.slice(0, -1 - cut), 'latin1');
    const after = new UsedTokensFile(path, NOW);
    test.same(after.tokens, tokens.slice(0, 2), `${cut} bytes torn off`);
    test.equal(after.damaged, 1);
    after.append(tokens[2] ?? { mac: '', expiresMs: 0 }, NOW);
    after.close();
    test.same(new UsedTokensFile(path, NOW).tokens, tokens, 'and it goes on on a line of its own');
  }
  const spoilt = Buffer.from(whole, 'latin1');
  spoilt[3] = (spoilt[3] ?? 0) === 0x30 ? 0x31 : 0x30;
  writeFileSync(path, spoilt);
  test.same(new UsedTokensFile(path, NOW).tokens, tokens.slice(1));
});

t.test('a rewrite that a crash cut short leaves the old file', async (test) => {
  const path = join(folder, 'crash');
  const file = new UsedTokensFile(path, NOW);
  const token = { mac: mac(9), expiresMs: NOW + 60_000 };
  file.append(token, NOW);
  file.close();
  appendFileSync(`${path}.new`, 'half of a li');
  test.same(new UsedTokensFile(path, NOW).tokens, [token]);
});

t.test('the file stays as long as its living tokens, and twice that at most', async (test) => {
  const path = join(folder, 'long');
  const file = new UsedTokensFile(path, NOW);
  for (let k = 0; k < 20_000; k += 1)
    file.append({ mac: mac(k), expiresMs: NOW + k + 500 }, NOW + k);
  file.close();
  const lines = readFileSync(path, 'latin1').split('\n').length - 1;
  test.ok(lines < 8192, `${lines} lines after 20,000 tokens`);
  const left = new UsedTokensFile(path, NOW + 20_000).tokens;
  test.ok(left.some((token) => token.mac === mac(19_999)));
  test.ok(left.length <= 500);
});
