import fc from 'fast-check';
import t from 'tap';
import { ERROR, MESSAGE } from '../../protocol/gen/tables.ts';
import { MessageCodec } from '../../src/schema/messages.ts';
import { sample } from './sample.ts';

const toServer = new MessageCodec(sample.layout.toServer);
const toClient = new MessageCodec(sample.layout.toClient);
const into = new Uint8Array(toClient.bytesMax);

t.test('a message has the bytes that its doc comment says', (t) => {
  const buffer = new Uint8Array(toServer.bytesMax);
  const chat = buffer.slice(0, toServer.encode('chat', { text: 'hé' }, buffer));
  t.same([...chat], [MESSAGE.game, 0, 3, 0x68, 0xc3, 0xa9]);
  const order = new Uint8Array(64);
  t.same(
    [...order.subarray(0, toServer.encode('order', { what: 7, where: 0.5, loud: true }, order))],
    [1, 1, 7, 150, 1],
  );
  const score = into.slice(
    0,
    toClient.encode('score', { value: -2, at: 9, dir: Math.PI, long: 'x' }, into),
  );
  t.same([...score], [1, 1, 0xfe, 0xff, 0xff, 0xff, 9, 0, 0, 0, 0, 0x80, 1, 0, 0x78]);
  t.equal(toServer.bytesMax, 2 + 1 + 120);
  t.end();
});

t.test('what is encoded decodes to the same', (t) => {
  const chat = fc.record({
    from: fc.nat(0xffffffff),
    text: fc.string({ unit: 'grapheme', maxLength: 20 }),
  });
  fc.assert(
    fc.property(chat, (value) => {
      if (Buffer.byteLength(value.text) > 120) return;
      const bytes = into.slice(0, toClient.encode('chat', value, into));
      t.equal(toClient.decode(bytes), ERROR.E_OK);
      t.same(toClient.decoded, { name: 'chat', value });
    }),
  );
  const score = fc.record({
    value: fc.integer(),
    at: fc.nat(0x7fffffff),
    long: fc.string({ maxLength: 600 }),
  });
  fc.assert(
    fc.property(score, (value) => {
      const bytes = into.slice(0, toClient.encode('score', { ...value, dir: 0 }, into));
      t.equal(toClient.decode(bytes), ERROR.E_OK);
      t.same(toClient.decoded.value, { ...value, dir: 0 });
    }),
  );
  t.end();
});

t.test('no bytes make decode throw; what decodes encodes to the same bytes', (t) => {
  const start = fc.constantFrom([1, 0], [1, 1], [1, 2], [0, 0], [1], []);
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 160 }), (head, tail) => {
      for (const codec of [toServer, toClient]) {
        const bytes = Uint8Array.from([...head, ...tail]);
        const code = codec.decode(bytes);
        if (code !== ERROR.E_OK) continue;
        const again = into.slice(0, codec.encode(codec.decoded.name, codec.decoded.value, into));
        t.same(again, bytes);
      }
    }),
    { numRuns: 2000 },
  );
  t.end();
});

t.test('every truncation and every extension of a message is malformed', (t) => {
  const bytes = into.slice(
    0,
    toClient.encode('score', { value: 1, at: 2, dir: 1, long: 'hello' }, into),
  );
  for (let length = 0; length < bytes.length; length += 1) {
    t.equal(toClient.decode(bytes.subarray(0, length)), ERROR.E_MALFORMED);
  }
  t.equal(toClient.decode(Uint8Array.of(...bytes, 0)), ERROR.E_MALFORMED);
  t.end();
});

t.test('refusals have their codes', (t) => {
  t.equal(toServer.decode(Uint8Array.of(1, 200)), ERROR.E_MESSAGE_UNKNOWN);
  t.equal(toServer.decode(Uint8Array.of(2, 0, 0)), ERROR.E_MALFORMED);
  t.equal(toServer.decode(Uint8Array.of(1, 0, 1, 0xff)), ERROR.E_MALFORMED, 'invalid UTF-8');
  t.equal(
    toServer.decode(Uint8Array.of(1, 0, 121, ...new Uint8Array(121).fill(65))),
    ERROR.E_MALFORMED,
    'text over its limit',
  );
  t.equal(
    toServer.decode(Uint8Array.of(1, 1, 7, 201, 1)),
    ERROR.E_MALFORMED,
    'value over its range',
  );
  t.throws(() => toServer.encode('nope', {}, into), { code: 'E_MESSAGE_UNKNOWN' });
  t.throws(() => toServer.encode('chat', { text: 'é'.repeat(61) }, into), {
    code: 'E_MESSAGE_TOO_LONG',
  });
  t.throws(() => toServer.encode('chat', {}, into), { code: 'E_VALUE', message: /chat\.text/ });
  t.throws(() => toServer.encode('order', { what: 256, where: 0, loud: true }, into), {
    code: 'E_VALUE',
    message: /order\.what/,
  });
  t.throws(() => toServer.encode('order', { what: 2, where: Number.NaN, loud: true }, into), {
    code: 'E_VALUE',
  });
  t.end();
});
