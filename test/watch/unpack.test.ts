/** What a page reads journals with says the same as zlib. */
import { constants, crc32, deflateRawSync } from 'node:zlib';
import { test } from 'tap';
import { pageTools } from '../../src/watch/unpack.ts';

const seed = Number(process.env['FRAY_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

/** Numbers 0..1 that follow from the seed. */
function chanceOf(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Bytes as they may stand in journals: noise, runs, and repeats of what was before. */
function some(chance: () => number, bytes: number): Uint8Array {
  const made = new Uint8Array(bytes);
  for (let at = 0; at < bytes; ) {
    const run = 1 + Math.floor(chance() ** 3 * 300);
    const kind = chance();
    const back = 1 + Math.floor(chance() * at);
    const value = Math.floor(chance() * 256);
    for (let k = 0; k < run && at < bytes; k += 1, at += 1)
      made[at] =
        kind < 0.3 ? Math.floor(chance() * 256) : kind < 0.6 ? value : (made[at - back] ?? 0);
  }
  return made;
}

test(`the same bytes come out as went into zlib, with and without a dictionary (FRAY_SEED=${seed})`, (t) => {
  const chance = chanceOf(seed);
  const strategies = [constants.Z_DEFAULT_STRATEGY, constants.Z_FIXED, constants.Z_HUFFMAN_ONLY];
  for (let n = 0; n < 400; n += 1) {
    const raw = some(chance, 1 + Math.floor(chance() ** 2 * 60_000));
    const dictionary = some(chance, chance() < 0.3 ? 0 : Math.floor(chance() * 32_768));
    const packed = deflateRawSync(raw, {
      level: Math.floor(chance() * 10),
      strategy: strategies[n % strategies.length] ?? 0,
      ...(dictionary.length > 0 && { dictionary }),
    });
    const out = pageTools.inflate(packed, dictionary, raw.length);
    if (Buffer.compare(out, raw) !== 0) t.fail(`run ${n} of seed ${seed} differs`);
    const start = Math.floor(chance() * 2 ** 32);
    if (pageTools.crc(raw, start) !== crc32(raw, start))
      t.fail(`check ${n} of seed ${seed} differs`);
  }
  t.pass('400 runs');
  t.end();
});

test('what is none, or is too long, throws a RangeError and nothing else', (t) => {
  const chance = chanceOf(seed + 1);
  const raw = some(chance, 5000);
  const packed = deflateRawSync(raw);
  const none = new Uint8Array(0);
  t.throws(() => pageTools.inflate(packed, none, raw.length - 1), RangeError, 'a byte too long');
  t.throws(() => pageTools.inflate(none, none, 10), RangeError, 'nothing');
  let refused = 0;
  for (let n = 0; n < 3000; n += 1) {
    const wrong = new Uint8Array(packed);
    for (let k = 0; k <= n % 3; k += 1)
      wrong[Math.floor(chance() * wrong.length)] = Math.floor(chance() * 256);
    const cut = n % 5 === 0 ? wrong.subarray(0, Math.floor(chance() * wrong.length)) : wrong;
    try {
      const out = pageTools.inflate(cut, none, raw.length);
      if (out.length > raw.length) t.fail('more than was allowed');
    } catch (error) {
      refused += 1;
      if (!(error instanceof RangeError)) t.fail(String(error));
    }
  }
  t.ok(refused > 100, `${refused} of 3,000 were refused`);
  t.end();
});
