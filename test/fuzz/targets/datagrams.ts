/** Datagrams of the handshake, both ends: any bytes get an answer, and what decodes is within its limits. */
import { DATAGRAM, ERROR, NAME_BYTES_MAX, PACKET_BYTES_MAX } from '../../../protocol/gen/tables.ts';
import {
  AUTH,
  checkHello,
  datagramKind,
  decodeAccept,
  decodeGoodbye,
  decodeJoin,
  decodeJoined,
  encodeAccept,
  encodeGoodbye,
  encodeJoin,
  encodeJoined,
  GOODBYE_TEXT_BYTES_MAX,
  HELLO,
  HELLO_TEXT_BYTES_MAX,
  helloAttach,
  helloText,
  INTENT,
  JOIN_BYTES_MAX,
  ROOM_ID_BYTES_MAX,
  ROOM_OPTIONS_BYTES_MAX,
  readU32,
  utf8Bytes,
} from '../../../src/session/datagrams.ts';
import { hello, join, packet, reply, SCHEMA, token } from '../../session/bench.ts';
import type { Target } from '../engine.ts';
import { claim } from './bytes.ts';

const LOW = Number(SCHEMA & 0xffff_ffffn);
const HIGH = Number(SCHEMA >> 32n);
const HELLO_WITH_TOKEN = hello(token());

export const target: Target = {
  name: 'datagrams',
  bytesMax: 1200,
  seeds: [
    hello(),
    HELLO_WITH_TOKEN,
    hello(undefined, 1, { pipe: 1, intent: INTENT.attach }),
    hello(undefined, 1, { text: 'eyJhbGciOi.ünï.x' }),
    // The longest credential, and one byte more.
    ...[1000, 1001].map((bytes) => hello(undefined, 1, { text: 'j'.repeat(bytes) })),
    join(),
    join({ choice: { id: 'room-1' }, name: 'Zoë', verify: true }),
    join({ choice: { create: '{"bots":3}' } }),
    // Each limit, and one more.
    ...[32, 33].map((bytes) => join({ name: 'n'.repeat(bytes) })),
    ...[48, 49].map((bytes) => join({ choice: { id: 'i'.repeat(bytes) } })),
    ...[512, 513].map((bytes) => join({ choice: { create: 'c'.repeat(bytes) } })),
    ...[96, 97].map((bytes) => Uint8Array.of(5, 0, 1, 0, bytes, ...new Uint8Array(bytes))),
    packet(),
    encodeAccept(77),
    encodeGoodbye(ERROR.E_LEFT, 'see you'),
    encodeJoined(reply()),
  ],
  words: [
    Uint8Array.of(1, 1, 0, 0),
    Uint8Array.of(3, 0x0a, 2, 8, 1),
    Uint8Array.of(5, 0),
    Uint8Array.of(0x12, 3),
    Uint8Array.of(0xe2, 0x80, 0xae),
    Uint8Array.of(0xff, 0xfe),
  ],
  run,
};

function run(input: Uint8Array): void {
  const kind = datagramKind(input);
  claim(kind >= 0 && kind < 16, 'a kind');
  helloIs(input);
  joinIs(input);
  const accepted = decodeAccept(input);
  if (accepted !== null) {
    const again = encodeAccept(accepted.sessionId, accepted.attached, accepted.anew);
    claim(Buffer.compare(again, input) === 0, 'one form of an accept');
  }
  const goodbye = decodeGoodbye(input);
  if (goodbye !== null) {
    claim(goodbye.code <= 0xffff && goodbye.text.length <= GOODBYE_TEXT_BYTES_MAX, 'a goodbye');
    claim(input[0] === DATAGRAM.goodbye, 'a goodbye is one');
  }
  const joined = decodeJoined(input);
  if (joined !== null) {
    claim(input.length <= PACKET_BYTES_MAX && joined.playerId <= 0xffff_ffff, 'a reply');
    claim(typeof joined.schemaHash === 'bigint' && joined.schemaHash >= 0n, 'a schema hash');
  }
}

function helloIs(input: Uint8Array): void {
  const code = checkHello(input, LOW, HIGH);
  if (code !== ERROR.E_OK) return;
  const again = helloAgain(input);
  if (again === null) return;
  claim(again.length === input.length, 'a whole hello');
  // A proof that does not fit is no matter of the codec.
  const end = input[HELLO.auth] === AUTH.token ? HELLO.proof : input.length;
  for (let k = 1; k < end; k += 1) claim(again[k] === input[k], 'one form of a hello');
}

/** The same facts encoded; null for a credential that is no text. */
function helloAgain(input: Uint8Array): Uint8Array | null {
  const intent = input[HELLO.intent] ?? 0;
  const auth = input[HELLO.auth];
  if (auth === AUTH.token) {
    const attach = readU32(input, HELLO.attach);
    const request = input.slice(HELLO.request, HELLO.attach);
    return hello({ request, clientToServerKey: new Uint8Array(32) }, attach, { intent });
  }
  if (auth === AUTH.pipe) return hello(undefined, 1, { intent, pipe: helloAttach(input) });
  if (auth !== AUTH.text) return hello(undefined, 1, { intent });
  const text = helloText(input);
  claim(text === null || utf8Bytes(text) <= HELLO_TEXT_BYTES_MAX, 'the limit of a credential');
  // A byte order mark in front is not kept.
  return text === null || input[HELLO.text] === 0xef ? null : hello(undefined, 1, { intent, text });
}

function joinIs(input: Uint8Array): void {
  const facts = decodeJoin(input);
  if (typeof facts === 'number') {
    claim(
      facts === ERROR.E_MALFORMED || facts === ERROR.E_OVERSIZE || facts === ERROR.E_NAME,
      'a refusal has a code',
    );
    return;
  }
  const { choice, name } = facts;
  claim(input.length <= JOIN_BYTES_MAX && utf8Bytes(name) <= NAME_BYTES_MAX, 'a name');
  claim(!/[\p{Cc}\u202e\u2028]/u.test(name), 'a name that can be shown');
  if ('id' in choice) claim(utf8Bytes(choice.id) <= ROOM_ID_BYTES_MAX, 'a room id');
  if ('create' in choice) claim(utf8Bytes(choice.create) <= ROOM_OPTIONS_BYTES_MAX, 'options');
  const again = decodeJoin(encodeJoin(facts));
  claim(typeof again === 'object', 'what decodes encodes');
  claim(again.name === name && again.verify === facts.verify, 'the same name');
  claim(again.schemaHash === facts.schemaHash, 'the same schema');
  claim(JSON.stringify(again.choice) === JSON.stringify(choice), 'the same choice');
}
