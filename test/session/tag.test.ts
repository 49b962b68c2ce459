/** The proof's own cipher against that of a library. */
import { chacha20poly1305, hchacha } from '@noble/ciphers/chacha.js';
import t from 'tap';
import { emptyTag, hchacha20 } from '../../src/session/tag.ts';

const SEED = 77;

function bytesFrom(seed: number): (length: number, most?: number) => Uint8Array {
  let state = seed;
  return (length, most = 255) =>
    Uint8Array.from({ length }, () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return most === 0 ? 255 : state >>> 24;
    });
}

t.test(`tags are those of ChaCha20-Poly1305, whatever the length (seed ${SEED})`, async (t) => {
  const next = bytesFrom(SEED);
  let wrong = 0;
  for (let length = 0; length < 300; length += 1) {
    const [key, nonce, covered] = [next(32), next(12), next(length, length % 5)];
    const tag = chacha20poly1305(key, nonce, covered).encrypt(new Uint8Array(0));
    if (Buffer.compare(tag, emptyTag(key, nonce, covered)) !== 0) wrong += 1;
  }
  const [key, nonce, covered] = [next(32), next(12), next(1094)];
  const tag = chacha20poly1305(key, nonce, covered).encrypt(new Uint8Array(0));
  t.same(Buffer.from(emptyTag(key, nonce, covered)), Buffer.from(tag));
  t.equal(wrong, 0);
});

t.test(`keys are those of HChaCha20 (seed ${SEED})`, async (t) => {
  const next = bytesFrom(SEED);
  const words = (bytes: Uint8Array) => new Uint32Array(bytes.slice().buffer);
  for (let round = 0; round < 20; round += 1) {
    const [key, nonce] = [next(32), next(16)];
    const out = new Uint32Array(8);
    hchacha(words(Uint8Array.from(Buffer.from('expand 32-byte k'))), words(key), words(nonce), out);
    t.same(Buffer.from(hchacha20(key, nonce)), Buffer.from(out.buffer));
  }
});
