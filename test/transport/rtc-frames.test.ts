import fc from 'fast-check';
import t from 'tap';
import { PACKET_BYTES_MAX } from '../../protocol/gen/tables.ts';
import {
  FRAMES,
  FrameReader,
  FrameWriter,
  SDP_BYTES_MAX,
} from '../../src/transport/server/rtc/frames.ts';
import { OfferLimits } from '../../src/transport/server/rtc/offer-limits.ts';
import { finishAnswer, midOf, readOffer, writeOffer } from '../../src/transport/server/rtc/sdp.ts';
import { OFFER } from './rtc-offer.ts';

type Told = [kind: number, peer: number, payload: number[]];

function reading(from: 'server' | 'process') {
  const told: Told[] = [];
  const reader = new FrameReader(from, (kind, peer, payload) =>
    told.push([kind, peer, [...payload]]),
  );
  return { reader, told };
}

/** What a writer makes of frames, in one piece per turn. */
function written(run: (writer: FrameWriter) => void): Buffer[] {
  const pieces: Buffer[] = [];
  const later: (() => void)[] = [];
  const writer = new FrameWriter(
    (bytes) => void pieces.push(Buffer.from(bytes)),
    (flush) => void later.push(flush),
  );
  run(writer);
  for (const flush of later) flush();
  return pieces;
}

t.test('the frames of a turn leave in one piece, as they are documented', async (test) => {
  const pieces = written((writer) => {
    writer.push(FRAMES.send, 0x1234_5678, Uint8Array.of(7, 8));
    writer.push(FRAMES.close, 5, Uint8Array.of(16, 0));
  });
  test.equal(pieces.length, 1);
  test.equal(pieces[0]?.toString('hex'), '020002667856341207080200036605000000' + '1000');
});

t.test('what is written is read, however the stream is cut', async (test) => {
  const frame = fc.record({
    rule: fc.constantFrom(FRAMES.answer, FRAMES.heard, FRAMES.closed, FRAMES.slow, FRAMES.opened),
    peer: fc.nat(0xffff_ffff),
    bytes: fc.nat(SDP_BYTES_MAX),
    fill: fc.nat(255),
  });
  fc.assert(
    fc.property(
      fc.array(frame, { maxLength: 40 }),
      fc.infiniteStream(fc.integer({ min: 1, max: 3000 })),
      (frames, cuts) => {
        const wanted: Told[] = frames.map(({ rule, peer, bytes, fill }) => {
          const length = Math.min(Math.max(bytes, rule.min), rule.max);
          return [rule.kind, peer, Array<number>(length).fill(fill)];
        });
        const stream = Buffer.concat(
          written((writer) => {
            for (const [k, [, peer, payload]] of wanted.entries())
              writer.push(frames[k]!.rule, peer, Uint8Array.from(payload));
          }),
        );
        const { reader, told } = reading('process');
        for (let at = 0; at < stream.length; ) {
          const size = cuts.next().value as number;
          if (!reader.push(stream.subarray(at, at + size))) return false;
          at += size;
        }
        return JSON.stringify(told) === JSON.stringify(wanted);
      },
    ),
    { numRuns: 60 },
  );
  test.pass();
});

t.test('damage stops the reading, and is told', async (test) => {
  const good = written((writer) => writer.push(FRAMES.heard, 1, Uint8Array.of(1)))[0]!;
  const cases: readonly (readonly [string, number[], RegExp])[] = [
    ['no mark', [1, 0, 20, 0x65, 0, 0, 0, 0, 1], /no frame begins/],
    ['an unknown kind', [1, 0, 99, 0x66, 0, 0, 0, 0, 1], /kind 99/],
    ['a kind of the other direction', [1, 0, 2, 0x66, 0, 0, 0, 0, 1], /does not come from/],
    ['too short', [0, 0, 20, 0x66, 0, 0, 0, 0], /0 bytes/],
    ['too long', [255, 255, 20, 0x66, 0, 0, 0, 0], /65535 bytes/],
  ];
  for (const [what, bytes, why] of cases) {
    for (const step of [1, 3, 1000]) {
      const { reader, told } = reading('process');
      const stream = Buffer.concat([good, Uint8Array.from(bytes), good]);
      let fine = true;
      for (let at = 0; at < stream.length; at += step)
        fine = reader.push(stream.subarray(at, at + step));
      test.equal(fine, false, what);
      test.match(reader.damage, why, what);
      test.equal(told.length, 1, `${what}: nothing behind it is read`);
    }
  }
});

t.test('a payload that does not fit its kind is a mistake of the caller', async (test) => {
  written((writer) => {
    test.throws(
      () => writer.push(FRAMES.send, 1, new Uint8Array(PACKET_BYTES_MAX + 1)),
      RangeError,
    );
    test.throws(() => writer.push(FRAMES.send, 1, new Uint8Array(0)), RangeError);
  });
});

t.test('an offer is read for its facts and written anew', async (test) => {
  const facts = readOffer(OFFER);
  test.same(facts, {
    ufrag: '8Hph',
    password: 'GjVxJb+DSRdoWlvRGOp5pVQw',
    fingerprint: Array(32).fill('0F').join(':'),
    setup: 'actpass',
  });
  const again = writeOffer(facts!);
  test.same(readOffer(again), facts);
  test.notMatch(again, /candidate|extmap|msid/);
  test.equal(midOf(OFFER.replace('a=mid:0', 'a=mid:data')), 'data');
});

t.test('what is no offer of one data channel is none', async (test) => {
  const cases: readonly (readonly [string, string])[] = [
    ['nothing', ''],
    ['garbage', 'garbage'],
    ['no user fragment', OFFER.replace(/a=ice-ufrag.*\r\n/, '')],
    ['no password', OFFER.replace(/a=ice-pwd.*\r\n/, '')],
    ['a short password', OFFER.replace(/(a=ice-pwd:).*\r\n/, '$1abc\r\n')],
    ['another hash', OFFER.replace('sha-256', 'sha-1')],
    ['a short fingerprint', OFFER.replace(':0F\r\n', '\r\n')],
    ['no setup', OFFER.replace(/a=setup.*\r\n/, '')],
    ['video', `${OFFER}m=video 9 UDP/TLS/RTP/SAVPF 96\r\n`],
    ['audio only', OFFER.replace('m=application', 'm=audio')],
    ['bytes beyond ASCII', OFFER.replace('s=-', 's=\u00e9')],
    ['a zero byte', OFFER.replace('s=-', 's=\0')],
    ['a line that never ends', OFFER.replace('s=-', `s=${'x'.repeat(600)}`)],
    ['a line feed in a value', OFFER.replace('8Hph', '8H\nph')],
  ];
  for (const [what, text] of cases) test.equal(readOffer(text), null, what);
  test.ok(readOffer(OFFER.replaceAll('\r\n', '\n')), 'lines may end without CR');
});

t.test('an answer tells the public address alone, and our size', async (test) => {
  const answer = [
    'v=0',
    'a=group:BUNDLE 0',
    'a=mid:0',
    'a=max-message-size:1121',
    'a=candidate:1 1 UDP 2114977791 10.0.0.7 42017 typ host',
    'a=candidate:2 1 UDP 2114977790 fd00::7 42017 typ host',
    'a=end-of-candidates',
    '',
  ].join('\r\n');
  const told = finishAnswer(answer, { mid: 'data', publicAddress: '203.0.113.5' });
  test.match(told, /a=max-message-size:1120\r\n/);
  test.match(told, /a=mid:data\r\n/);
  test.match(told, /a=group:BUNDLE data\r\n/);
  test.same(told.match(/a=candidate.*/g), [
    'a=candidate:1 1 UDP 2114977791 203.0.113.5 42017 typ host',
  ]);
  test.equal(
    finishAnswer(answer, { mid: '0', publicAddress: '' }).match(/a=candidate/g)?.length,
    2,
  );
});

t.test('offers: a rate for all, one per prefix, and bounded memory', async (test) => {
  const limits = new OfferLimits({ perSecond: 20, perAddressPerSecond: 2 }, 0);
  const many = (address: string, nowMs: number, count = 50): number =>
    Array.from({ length: count }).filter(() => limits.take(address, nowMs)).length;
  test.equal(many('10.0.0.1', 0), 8, 'four seconds of one prefix');
  test.equal(many('10.0.0.99', 0), 0, 'the same /24');
  test.equal(many('10.0.1.1', 0), 8);
  test.equal(many('10.0.2.1', 0), 4, 'the rest of the whole server');
  test.equal(many('10.0.2.1', 500), 5, 'its own 4, and 1 more of half a second');
  test.equal(many('10.0.1.1', 60_000), 8);
  const start = 120_000;
  for (let k = 0; k < 5000; k += 1) limits.take(`${k >> 8}.${k & 255}.3.4`, start + 100 * k);
  test.equal(limits.size, 4096);
});
