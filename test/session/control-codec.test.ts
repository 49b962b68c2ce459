import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { test } from 'tap';
import {
  ControlMessageSchema,
  JoinReplySchema,
  JoinRequestSchema,
} from '../../protocol/gen/control_pb.ts';
import { readControl } from '../../src/client/control.ts';
import {
  readControlMessage,
  readJoinReply,
  writeJoinRequest,
} from '../../src/session/control-codec.ts';

const u32 = fc.nat(0xffffffff);
const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const choice = fc.oneof(
  fc.constant({ case: 'any' as const, value: true }),
  fc.record({ case: fc.constantFrom('id' as const, 'create' as const), value: fc.string() }),
);

test('a join request is what the generated codec reads', async (t) => {
  fc.assert(
    fc.property(
      fc.record({
        name: fc.string({ unit: 'grapheme' }),
        schemaHash: u64,
        verify: fc.boolean(),
        choice,
        known: fc.option(fc.record({ messagesRead: u32, tick: u32 }), { nil: undefined }),
      }),
      (request) => {
        const read = fromBinary(JoinRequestSchema, writeJoinRequest(request));
        t.match(read, {
          name: request.name,
          schemaHash: request.schemaHash,
          verify: request.verify,
          room: { choice: request.choice },
          tick: request.known?.tick ?? 0,
        });
        t.equal(read.messagesRead, request.known?.messagesRead);
      },
    ),
    { seed: 1 },
  );
});

test('a join reply of the generated codec is read, every field of it', async (t) => {
  const reply = fc.record({
    roomId: fc.string({ unit: 'grapheme' }),
    playerId: u32,
    handle: u32,
    tick: u32,
    epoch: u32,
    tickRateHz: u32,
    schemaHash: u64,
    wallsHash: u32,
    playersMax: u32,
    entitiesMax: u32,
    interpolationTicks: u32,
    snapshotBytesMax: u32,
    protocolVersion: u32,
    resumeMs: u32,
    messagesRead: u32,
    keptTick: u32,
    messagesBefore: u32,
  });
  fc.assert(
    fc.property(reply, (facts) => {
      t.strictSame(readJoinReply(toBinary(JoinReplySchema, create(JoinReplySchema, facts))), {
        ...facts,
      });
    }),
    { seed: 2 },
  );
  t.equal(
    JoinReplySchema.fields.length,
    Object.keys(readJoinReply(new Uint8Array(0))).length,
    'no field has been added since',
  );
  const older = create(JoinReplySchema, { roomId: 'r1' });
  t.equal(readJoinReply(toBinary(JoinReplySchema, older)).resumeMs, 30_000, 'nothing is said');
  const none = create(JoinReplySchema, { roomId: 'r1', resumeMs: 0 });
  t.equal(readJoinReply(toBinary(JoinReplySchema, none)).resumeMs, 0, 'which is not the same as 0');
});

test('notices and faults of the generated codec are read', async (t) => {
  const write = (body: object) =>
    toBinary(ControlMessageSchema, create(ControlMessageSchema, { body } as never));
  t.strictSame(
    readControlMessage(
      write({ case: 'notice', value: { code: 18, text: 'soon', inMs: 5000, retryUrl: 'b' } }),
    ),
    { body: 'notice', code: 18, text: 'soon', inMs: 5000, retryUrl: 'b', token: NONE },
  );
  t.strictSame(readControlMessage(write({ case: 'fault', value: { code: 24, text: 'no' } })), {
    body: 'fault',
    code: 24,
    text: 'no',
    inMs: 0,
    retryUrl: '',
    token: NONE,
  });
  const token = Uint8Array.of(78, 69, 84);
  t.strictSame(readControlMessage(write({ case: 'sessionToken', value: { token } })), {
    body: 'sessionToken',
    code: 0,
    text: '',
    inMs: 0,
    retryUrl: '',
    token,
  });
  t.same(readControl(write({ case: 'sessionToken', value: { token } })), { token });
  t.match(readControl(write({ case: 'notice', value: { code: 18, text: 'soon', inMs: 5000 } })), {
    notice: { code: 'E_SHUTDOWN', text: 'soon', inMs: 5000 },
  });
  t.match(readControl(write({ case: 'fault', value: { code: 24, text: '' } })), {
    fault: { code: 'E_MESSAGE_TOO_LONG' },
  });
  t.same(readControl(new Uint8Array(0)), {});
});

test('no bytes make a reader hang or hurt more than a thrown error', async (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      readControl(bytes);
      try {
        readJoinReply(bytes);
      } catch (error) {
        t.ok(error instanceof Error);
      }
    }),
    { seed: 3, numRuns: 2000 },
  );
});

test('what the generated codec refuses or joins, the hand-written ones do alike', async (t) => {
  // Invalid UTF-8: a room id, a text.
  const badId = Uint8Array.of(0x0a, 2, 0xfb, 13);
  const badText = Uint8Array.of(0x0a, 4, 0x12, 2, 0xfb, 13);
  t.throws(() => fromBinary(JoinReplySchema, badId));
  t.throws(() => readJoinReply(badId));
  t.throws(() => fromBinary(ControlMessageSchema, badText));
  t.throws(() => readControlMessage(badText));
  t.equal(readControl(badText), undefined);
  // A tag of more than 32 bits: found by the fuzzer; six bytes; and the largest that is one.
  const found = Buffer.from('sP/y/0UfEgr9Egr3Erj/zDql', 'base64');
  for (const bytes of [found, Uint8Array.of(0x90, 0x80, 0x80, 0x80, 0x80, 0, 1)]) {
    t.throws(() => fromBinary(JoinReplySchema, bytes));
    t.throws(() => readJoinReply(bytes));
  }
  const largest = Uint8Array.of(0xf8, 0xff, 0xff, 0xff, 0x0f, 1);
  t.doesNotThrow(() => fromBinary(JoinReplySchema, largest));
  t.doesNotThrow(() => readJoinReply(largest));
  // A varint of 11 bytes: passed where the field is unknown, refused where it is known.
  const long = [...new Array(10).fill(0x80), 1];
  t.doesNotThrow(() => fromBinary(JoinReplySchema, Uint8Array.of(0xa0, 6, ...long)));
  t.doesNotThrow(() => readJoinReply(Uint8Array.of(0xa0, 6, ...long)));
  t.throws(() => fromBinary(JoinReplySchema, Uint8Array.of(0x10, ...long)));
  t.throws(() => readJoinReply(Uint8Array.of(0x10, ...long)));
  // A fault in two parts, a code and then a text; then a notice, which takes its place.
  const parts = Uint8Array.of(0x12, 2, 8, 5, 0x12, 3, 0x12, 1, 0x68);
  t.same(fromBinary(ControlMessageSchema, parts).body.value, {
    $typeName: 'fray.control.v1.Fault',
    code: 5,
    text: 'h',
  });
  t.same(readControlMessage(parts), {
    body: 'fault',
    code: 5,
    text: 'h',
    inMs: 0,
    retryUrl: '',
    token: NONE,
  });
  const other = Uint8Array.of(...parts, 0x0a, 2, 0x18, 7);
  t.same(readControlMessage(other), {
    body: 'notice',
    code: 0,
    text: '',
    inMs: 7,
    retryUrl: '',
    token: NONE,
  });
});

const NONE = new Uint8Array(0);
