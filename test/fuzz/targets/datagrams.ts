/** Datagrams of the handshake, both ends: any bytes get an answer, and what decodes is within its limits. */
import { DATAGRAM, ERROR, NAME_BYTES_MAX, PACKET_BYTES_MAX } from '../../../protocol/gen/tables.ts';
import {
  checkHello,
  datagramKind,
  decodeAccept,
  decodeGoodbye,
  decodeJoin,
  decodeJoined,
  encodeAccept,
  encodeGoodbye,
  encodeHello,
  encodeJoin,
  encodeJoined,
  GOODBYE_TEXT_BYTES_MAX,
  HELLO_BYTES,
  HELLO_TOKEN_BYTES,
  JOIN_BYTES_MAX,
  ROOM_ID_BYTES_MAX,
  ROOM_OPTIONS_BYTES_MAX,
  utf8Bytes,
} from '../../../src/session/datagrams.ts';
import { hello, join, packet, reply, SCHEMA, tokenRequest } from '../../session/bench.ts';
import type { Target } from '../engine.ts';
import { claim } from './bytes.ts';

const LOW = Number(SCHEMA & 0xffff_ffffn);
const HIGH = Number(SCHEMA >> 32n);

export const target: Target = {
  name: 'datagrams',
  bytesMax: 1200,
  seeds: [
    hello(),
    hello(tokenRequest()),
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
  claim(accepted >= -1 && accepted <= 0xffff_ffff, 'a session id');
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
  claim(input.length === HELLO_BYTES || input.length === HELLO_TOKEN_BYTES, 'a whole hello');
  const again = encodeHello(SCHEMA, input.length > HELLO_BYTES ? input.slice(12) : undefined);
  for (let k = 1; k < again.length; k += 1) claim(again[k] === input[k], 'one form of a hello');
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
