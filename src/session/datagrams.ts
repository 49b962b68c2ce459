/**
 * Codec of the handshake datagrams, both ends (protocol/SPEC.md, "Handshake and datagrams"). Little-endian.
 *
 * ```
 * hello    u8 1, u16 version, u8 auth, u64 schemaHash; auth 1: + 1,077 bytes of a netcode connection request
 * accept   u8 2, u8 0, u32 sessionId
 * join     u8 3, protobuf JoinRequest
 * joined   u8 4, protobuf JoinReply
 * goodbye  u8 5, u8 0, u16 code, u8 textBytes, UTF-8 text
 * packet   u8 6 | epoch << 4, the packet layer's
 * ```
 *
 * Decoders take any bytes, never throw, and answer with an error code, 0 for none.
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { JoinRequest } from '../../protocol/gen/control_pb.ts';
import { JoinReplySchema, JoinRequestSchema } from '../../protocol/gen/control_pb.ts';
import {
  DATAGRAM,
  ERROR,
  NAME_BYTES_MAX,
  PACKET_BYTES_MAX,
  PROTOCOL_VERSION,
} from '../../protocol/gen/tables.ts';
import type { ErrorCode } from '../errors.ts';
import type { JoinReplyFields } from './control-codec.ts';
import { readJoinReply, writeJoinRequest } from './control-codec.ts';

/** How a hello asks to be let in. */
export const AUTH = { guest: 0, token: 1 } as const;

/** Bytes of a netcode connection request after its prefix byte: version 13, protocol id 8, expiry 8, nonce 24, private 1,024. */
export const TOKEN_REQUEST_BYTES = 1077;
export const HELLO_BYTES = 12;
export const HELLO_TOKEN_BYTES = HELLO_BYTES + TOKEN_REQUEST_BYTES;
export const ACCEPT_BYTES = 6;
export const GOODBYE_TEXT_BYTES_MAX = 96;
export const GOODBYE_BYTES_MAX = 5 + GOODBYE_TEXT_BYTES_MAX;
/** Enough for the longest room options (512), a name (32) and the rest. */
export const JOIN_BYTES_MAX = 640;
export const ROOM_OPTIONS_BYTES_MAX = 512;
/** UTF-8 bytes of a room id: fits the token's user data and a link. */
export const ROOM_ID_BYTES_MAX = 48;

/** Kind of a datagram (DATAGRAM), or 0 for bytes that are none: empty, or with upper bits that do not belong there. */
export function datagramKind(bytes: Uint8Array): number {
  const first = bytes[0] ?? 0;
  const kind = first & 15;
  return kind === DATAGRAM.packet || first < 16 ? kind : 0;
}

/** A hello, written into a new array. `tokenRequest`: the TOKEN_REQUEST_BYTES that `tokenRequestOf` cuts from a token. */
export function encodeHello(
  schemaHash: bigint,
  tokenRequest?: Uint8Array,
  version: number = PROTOCOL_VERSION,
): Uint8Array {
  const bytes = new Uint8Array(tokenRequest === undefined ? HELLO_BYTES : HELLO_TOKEN_BYTES);
  const view = new DataView(bytes.buffer);
  bytes[0] = DATAGRAM.hello;
  view.setUint16(1, version, true);
  bytes[3] = tokenRequest === undefined ? AUTH.guest : AUTH.token;
  view.setBigUint64(4, schemaHash, true);
  if (tokenRequest !== undefined) bytes.set(tokenRequest, HELLO_BYTES);
  return bytes;
}

/**
 * Checks version, shape and schema of a hello in this order, so that a client of another version hears that and not
 * "malformed". `schemaLow` and `schemaHigh` are the halves of the hash served here.
 */
export function checkHello(bytes: Uint8Array, schemaLow: number, schemaHigh: number): ErrorCode {
  if (bytes.length < HELLO_BYTES) return ERROR.E_MALFORMED;
  if (readU16(bytes, 1) !== PROTOCOL_VERSION) return ERROR.E_VERSION;
  const auth = bytes[3];
  const whole = auth === AUTH.guest ? HELLO_BYTES : auth === AUTH.token ? HELLO_TOKEN_BYTES : -1;
  if (bytes.length !== whole) return ERROR.E_MALFORMED;
  if (readU32(bytes, 4) !== schemaLow || readU32(bytes, 8) !== schemaHigh)
    return ERROR.E_SCHEMA_MISMATCH;
  return ERROR.E_OK;
}

export function encodeAccept(sessionId: number): Uint8Array {
  const bytes = new Uint8Array(ACCEPT_BYTES);
  bytes[0] = DATAGRAM.accept;
  new DataView(bytes.buffer).setUint32(2, sessionId, true);
  return bytes;
}

/** The session id, or -1. */
export function decodeAccept(bytes: Uint8Array): number {
  return bytes.length === ACCEPT_BYTES && bytes[0] === DATAGRAM.accept && bytes[1] === 0
    ? readU32(bytes, 2)
    : -1;
}

/** Which room a client asks for, as in `connect`. */
export type RoomWish =
  | { readonly any: true }
  | { readonly id: string }
  | { readonly create: string };

export interface JoinFacts {
  readonly name: string;
  readonly choice: RoomWish;
  readonly schemaHash: bigint;
  readonly verify: boolean;
}

/** A join. The caller keeps the limits; what is too long is refused by the other end. */
export function encodeJoin(facts: JoinFacts): Uint8Array {
  const { name, schemaHash, verify, choice } = facts;
  return withKind(
    DATAGRAM.join,
    writeJoinRequest({ name, schemaHash, verify, choice: choiceOf(choice) }),
  );
}

/** A checked join, or the code of its refusal: E_MALFORMED, E_OVERSIZE, E_NAME. */
export function decodeJoin(bytes: Uint8Array): JoinFacts | ErrorCode {
  if (bytes.length > JOIN_BYTES_MAX) return ERROR.E_OVERSIZE;
  const message = parse(() =>
    fromBinary(JoinRequestSchema, bytes.subarray(1), { readUnknownFields: false }),
  );
  if (message === null || bytes[0] !== DATAGRAM.join) return ERROR.E_MALFORMED;
  const choice = wishOf(message);
  if (choice === null) return ERROR.E_MALFORMED;
  const name = message.name.trim();
  if (utf8Bytes(name) > NAME_BYTES_MAX || NAME_BANNED.test(name)) return ERROR.E_NAME;
  return { name, choice, schemaHash: message.schemaHash, verify: message.verify };
}

export type JoinReplyFacts = JoinReplyFields;

/** The protobuf body of `joined`, without its kind byte: what `SessionTable.joined` takes. */
export function encodeJoinReply(reply: JoinReplyFacts): Uint8Array {
  return toBinary(JoinReplySchema, create(JoinReplySchema, reply));
}

export function encodeJoined(body: Uint8Array): Uint8Array {
  return withKind(DATAGRAM.joined, body);
}

export function decodeJoined(bytes: Uint8Array): JoinReplyFacts | null {
  if (bytes[0] !== DATAGRAM.joined || bytes.length > PACKET_BYTES_MAX) return null;
  return parse(() => readJoinReply(bytes.subarray(1)));
}

/** A goodbye. Text beyond GOODBYE_TEXT_BYTES_MAX is cut at a character. */
export function encodeGoodbye(code: number, text = ''): Uint8Array {
  const whole = new TextEncoder().encode(text);
  let end = Math.min(whole.length, GOODBYE_TEXT_BYTES_MAX);
  while (end < whole.length && end > 0 && ((whole[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  const bytes = new Uint8Array(5 + end);
  bytes[0] = DATAGRAM.goodbye;
  new DataView(bytes.buffer).setUint16(2, code, true);
  bytes[4] = end;
  bytes.set(whole.subarray(0, end), 5);
  return bytes;
}

export interface Goodbye {
  readonly code: number;
  readonly text: string;
}

export function decodeGoodbye(bytes: Uint8Array): Goodbye | null {
  const textBytes = bytes[4] ?? -1;
  if (bytes[0] !== DATAGRAM.goodbye || bytes[1] !== 0) return null;
  if (textBytes > GOODBYE_TEXT_BYTES_MAX || bytes.length !== 5 + textBytes) return null;
  return { code: readU16(bytes, 2), text: new TextDecoder().decode(bytes.subarray(5)) };
}

export function readU16(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
}

export function readU32(bytes: Uint8Array, at: number): number {
  return (readU16(bytes, at) | (readU16(bytes, at + 2) << 16)) >>> 0;
}

/** UTF-8 length without encoding. */
export function utf8Bytes(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x1_0000 ? 3 : 4;
  }
  return bytes;
}

function choiceOf(
  wish: RoomWish,
): { case: 'any'; value: boolean } | { case: 'id' | 'create'; value: string } {
  if ('id' in wish) return { case: 'id', value: wish.id };
  if ('create' in wish) return { case: 'create', value: wish.create };
  return { case: 'any', value: true };
}

/** No choice at all means any room. */
function wishOf(message: JoinRequest): RoomWish | null {
  const choice = message.room?.choice;
  if (choice?.case === 'id') {
    const length = utf8Bytes(choice.value);
    return length > 0 && length <= ROOM_ID_BYTES_MAX ? { id: choice.value } : null;
  }
  if (choice?.case === 'create')
    return utf8Bytes(choice.value) <= ROOM_OPTIONS_BYTES_MAX ? { create: choice.value } : null;
  return { any: true };
}

function withKind(kind: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(1 + body.length);
  bytes[0] = kind;
  bytes.set(body, 1);
  return bytes;
}

/** protobuf's reader throws on bytes that do not parse; here that is an answer. */
function parse<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}

/** Control characters, line and paragraph separators, and marks that turn the writing direction or cannot be seen. */
const NAME_BANNED =
  /[\p{Cc}\p{Zl}\p{Zp}\p{Co}\p{Cs}\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/u;
