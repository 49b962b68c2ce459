/** Any bytes against the codecs and the session table. Sequences of operations are in model.test.ts. */
import fc from 'fast-check';
import t from 'tap';
import { ERROR } from '../../protocol/gen/tables.ts';
import { Handshake } from '../../src/session/client/handshake.ts';
import {
  checkHello,
  decodeAccept,
  decodeGoodbye,
  decodeJoin,
  decodeJoined,
  encodeGoodbye,
  encodeHello,
  encodeJoin,
  utf8Bytes,
} from '../../src/session/datagrams.ts';
import { VERDICT } from '../../src/session/server/table.ts';
import { Bench, hello, join, packet, SCHEMA, token } from './bench.ts';

const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 1300 }),
  fc
    .tuple(fc.integer({ min: 0, max: 7 }), fc.uint8Array({ maxLength: 200 }))
    .map(([kind, tail]) => Uint8Array.of(kind, ...tail)),
  mutated([
    hello(),
    join(),
    packet(),
    encodeGoodbye(1, 'text'),
    hello(token()),
    hello(token(), 2, { intent: 1 }),
  ]),
);

t.test('decoders answer any bytes and never throw', async () => {
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      checkHello(bytes, 1, 2);
      decodeAccept(bytes);
      decodeGoodbye(bytes);
      decodeJoin(bytes);
      decodeJoined(bytes);
      const client = new Handshake({ schemaHash: SCHEMA, name: 'x', room: { any: true } }, 0);
      client.handle(bytes);
      return true;
    }),
    { numRuns: 3000 },
  );
});

t.test('what is encoded decodes to the same', async () => {
  const name = fc
    .string({ unit: 'grapheme', maxLength: 12 })
    .map((text) => text.replaceAll(/[\p{C}\p{Z}]/gu, ''))
    .filter((text) => utf8Bytes(text) <= 32);
  const choice = fc.oneof(
    fc.constant({ any: true as const }),
    fc.string({ minLength: 1, maxLength: 20 }).map((id) => ({ id })),
    fc
      .json()
      .filter((text) => utf8Bytes(text) <= 500)
      .map((create) => ({ create })),
  );
  fc.assert(
    fc.property(
      name,
      choice,
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      fc.boolean(),
      (text, wish, schemaHash, verify) => {
        const facts = decodeJoin(encodeJoin({ name: text, choice: wish, schemaHash, verify }));
        return (
          typeof facts === 'object' &&
          facts.name === text &&
          facts.schemaHash === schemaHash &&
          facts.verify === verify &&
          JSON.stringify(facts.choice) === JSON.stringify(wish)
        );
      },
    ),
    { numRuns: 500 },
  );
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 0xffff }),
      fc.string({ unit: 'binary', maxLength: 200 }),
      (code, text) => {
        const goodbye = decodeGoodbye(encodeGoodbye(code, text));
        return (
          goodbye !== null &&
          goodbye.code === code &&
          wellFormed(text).startsWith(goodbye.text) &&
          utf8Bytes(goodbye.text) > Math.min(92, utf8Bytes(text) - 1)
        );
      },
    ),
    { numRuns: 500 },
  );
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      (hash) =>
        checkHello(
          encodeHello({ schemaHash: hash }),
          Number(hash & 0xffff_ffffn),
          Number(hash >> 32n),
        ) === ERROR.E_OK,
    ),
  );
});

t.test(
  'a table under random bytes never throws, and a good session beside it goes on',
  async (test) => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), anyBytes), { maxLength: 60 }),
        (datagrams) => {
          const bench = new Bench({ sessionsMax: 8 });
          const good = bench.join('1.1.1.1');
          const pipes = Array.from({ length: 4 }, () => bench.open('2.2.2.2'));
          for (const [k, bytes] of datagrams) bench.handle(pipes[k] ?? 0, bytes);
          bench.poll();
          return (
            bench.handle(good.pipe, packet()) === VERDICT.packet &&
            bench.table.packet(good.sessionId) === good.pipe
          );
        },
      ),
      { numRuns: 500 },
    );
    test.pass();
  },
);

/** Lone surrogates become U+FFFD, as in UTF-8. */
function wellFormed(text: string): string {
  return new TextDecoder().decode(new TextEncoder().encode(text));
}

/** Good datagrams with a few bytes changed, cut or appended. */
function mutated(seeds: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const edits = fc.array(fc.tuple(fc.nat(1200), fc.nat(255)), { maxLength: 4 });
  return fc
    .tuple(fc.constantFrom(...seeds), edits, fc.integer({ min: -3, max: 3 }))
    .map(([seed, changes, more]) => {
      const bytes = new Uint8Array(Math.max(0, seed.length + more));
      bytes.set(seed.subarray(0, bytes.length));
      for (const [at, value] of changes) if (bytes.length > 0) bytes[at % bytes.length] = value;
      return bytes;
    });
}
