import { createCipheriv } from 'node:crypto';
import { readFileSync } from 'node:fs';
import t from 'tap';
import type { SealJob } from '../../core-wasm/bindings/seal.ts';
import { PacketSeal, SEAL_JOBS_MAX, SEAL_PACKETS_BYTES } from '../../core-wasm/bindings/seal.ts';

const MODULE = new WebAssembly.Module(
  readFileSync(new URL('../../core-wasm/fray_seal.wasm', import.meta.url)),
);

t.test('seals what RFC 8439 A.5 opens', async (test) => {
  // Its 12 bytes of associated data are not of our length, so the tag is compared with node:crypto below.
  const seal = new PacketSeal(MODULE);
  const key = seal.takeKey(
    Buffer.from('1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0', 'hex'),
  );
  const text = 'Internet-Drafts are draft documents valid';
  seal.packets.set(Buffer.from(text), 5);
  const job = jobOf({ key, sequenceLow: 0x04030201, sequenceHigh: 0x08070605, at: 5 });
  job.bytes = text.length;
  seal.put(0, job);
  test.equal(seal.seal(1), 1);
  test.equal(
    Buffer.from(seal.packets.subarray(5, 37)).toString('hex'),
    '64a0861575861af460f062c79be643bd5e805cfd345cf389f108670ac76c8cb2',
  );
  test.equal(seal.open(1), 1);
  test.equal(Buffer.from(seal.packets.subarray(5, 5 + text.length)).toString(), text);
});

t.test('batches seal and open as node:crypto does, whatever the packets', async (test) => {
  const seed = Date.now() & 0xffff;
  test.comment(`seed ${seed}`);
  const random = generator(seed);
  const associated = bytesOf(21, random);
  const seal = new PacketSeal(MODULE, { keysMax: 300, associated });
  const keys = Array.from({ length: 300 }, () => bytesOf(32, random));
  for (const [index, key] of keys.entries()) test.equal(seal.takeKey(key), index);
  for (let round = 0; round < 8; round += 1) {
    const jobs = Array.from({ length: SEAL_JOBS_MAX }, (_, place) =>
      jobOf({
        key: Math.floor(random() * keys.length),
        sequenceLow: Math.floor(random() * 2 ** 32),
        sequenceHigh: random() < 0.5 ? 0 : Math.floor(random() * 2 ** 32),
        at: place * 1280 + Math.floor(random() * 40),
        bytes: Math.floor(random() * (random() < 0.5 ? 70 : 1216)),
        associated: random() < 0.2 ? -1 : Math.floor(random() * 256),
      }),
    );
    const plain = jobs.map((job) => bytesOf(job.bytes, random));
    for (const [place, job] of jobs.entries()) {
      seal.packets.set(plain[place]!, job.at);
      seal.put(place, job);
    }
    test.equal(seal.seal(SEAL_JOBS_MAX), SEAL_JOBS_MAX);
    for (const [place, job] of jobs.entries()) {
      const expected = reference(keys[job.key]!, job, { associated, plain: plain[place]! });
      const made = seal.packets.subarray(job.at, job.at + job.bytes + 16);
      if (!expected.equals(made)) test.same(made, expected, `packet ${place} of round ${round}`);
    }
    const harmed = jobs[round]!;
    seal.packets[harmed.at + harmed.bytes + 3]! ^= 4;
    test.equal(seal.open(SEAL_JOBS_MAX), SEAL_JOBS_MAX - 1);
    for (const [place, job] of jobs.entries()) {
      const opened = Buffer.from(plain[place]!).equals(
        seal.packets.subarray(job.at, job.at + job.bytes),
      );
      if (opened !== (place !== round || job.bytes === 0) || seal.done(place) !== (place !== round))
        test.fail(`packet ${place} of round ${round} should ${place === round ? 'not ' : ''}open`);
    }
  }
});

t.test('keys have places that are given back; nothing is taken that is not there', async (test) => {
  const seal = new PacketSeal(MODULE, { keysMax: 2 });
  test.equal(seal.takeKey(new Uint8Array(32).fill(1)), 0);
  test.equal(seal.takeKey(new Uint8Array(32).fill(2)), 1);
  test.equal(seal.takeKey(new Uint8Array(32)), -1);
  seal.dropKey(0);
  test.equal(seal.keys, 1);
  test.equal(seal.takeKey(new Uint8Array(32).fill(3)), 0);
  for (const wrong of [
    { key: 1e6 },
    { key: -1 },
    { at: SEAL_PACKETS_BYTES - 15 },
    { at: -1 },
    { bytes: SEAL_PACKETS_BYTES },
  ]) {
    seal.put(0, jobOf(wrong));
    test.equal(seal.seal(1) + seal.open(1), 0, JSON.stringify(wrong));
    test.equal(seal.done(0), false);
  }
});

t.test('another module, or data of another length, is refused', async (test) => {
  const core = new WebAssembly.Module(
    readFileSync(new URL('../../core-wasm/fray_core.wasm', import.meta.url)),
  );
  test.throws(() => new PacketSeal(core), { code: 'E_CORE' });
  const empty = new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
  test.throws(() => new PacketSeal(empty), { code: 'E_CORE' });
  test.throws(() => new PacketSeal(MODULE, { associated: new Uint8Array(22) }), {
    code: 'E_CONFIG',
  });
});

function jobOf(facts: Partial<SealJob>): SealJob {
  const job = { key: 0, sequenceLow: 0, sequenceHigh: 0, at: 0, bytes: 0, associated: -1 };
  return { ...job, ...facts };
}

function reference(
  key: Uint8Array,
  job: SealJob,
  of: { associated: Uint8Array; plain: Uint8Array },
): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32LE(job.sequenceLow, 4);
  nonce.writeUInt32LE(job.sequenceHigh, 8);
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
  if (job.associated >= 0)
    cipher.setAAD(Buffer.concat([of.associated, Buffer.of(job.associated)]), {
      plaintextLength: of.plain.length,
    });
  const sealed = Buffer.concat([cipher.update(of.plain), cipher.final()]);
  return Buffer.concat([sealed, cipher.getAuthTag()]);
}

function bytesOf(length: number, random: () => number): Uint8Array {
  return Uint8Array.from({ length }, () => Math.floor(random() * 256));
}

/** mulberry32. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let z = Math.imul(state ^ (state >>> 15), state | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
}
