/** The key that signs journals, and its public half beside it. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'tap';
import { journalKey } from '../../src/room/journal-key.ts';
import { publicKeyOf } from '../../src/room/replay-file.ts';

test('the public half beside the key is that of the key, also after another took its place', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'fray-key-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  const beside = (): string =>
    Buffer.from(publicKeyOf(readFileSync(join(dir, 'key.pub.pem'), 'utf8'))).toString('base64');
  const made = journalKey(dir, '');
  t.equal(beside(), made.publicKey);
  t.equal(statSync(join(dir, 'key.pem')).mode & 0o777, 0o600);
  t.same(journalKey(dir, ''), made, 'it stays');
  const { privateKey } = generateKeyPairSync('ed25519');
  writeFileSync(join(dir, 'key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const other = journalKey(dir, '');
  t.not(other.publicKey, made.publicKey);
  t.equal(beside(), other.publicKey);
  writeFileSync(join(dir, 'key.pem'), 'no key');
  t.throws(() => journalKey(dir, ''), { code: 'E_CONFIG' });
});
