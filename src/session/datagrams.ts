/**
 * Codec of the handshake datagrams, both ends (protocol/SPEC.md, "Handshake and datagrams"). Little-endian.
 *
 * ```
 * hello    u8 1, u16 version, u8 auth, u64 schemaHash, u8 intent; then by auth
 *            0 guest  nothing
 *            1 token  1,077 bytes of a netcode connection request, u32 attach, 16 bytes of proof (proof.ts)
 *            2 pipe   u32 attach: the pipe's own handshake has proven the token (netcode over UDP), and nobody else can send on it
 *            3 text   u16 bytes 1..1,000, UTF-8: a credential of the author's own login
 * accept   u8 2, u8 flags (1: attached to a session that was there), u32 sessionId
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
import type { JoinReplyFields, Known } from './control-codec.ts';
import { readJoinReply, writeJoinRequest } from './control-codec.ts';
import { attachProof, PROOF_BYTES } from './proof.ts';

/** Packet protocols from one to another. */
export interface Versions {
  readonly oldest: number;
  readonly newest: number;
}

/** What a server speaks: its own, and the one before, so that pages play on while servers are updated. A client speaks the newest alone. */
export const SPOKEN: Versions = {
  oldest: Math.max(1, PROTOCOL_VERSION - 1),
  newest: PROTOCOL_VERSION,
};

/** How a hello asks to be let in. */
export const AUTH = { guest: 0, token: 1, pipe: 2, text: 3 } as const;
/** What for: to play (which opens a session where none is live), or to go on as one more pipe of a live session. */
export const INTENT = { play: 0, attach: 1 } as const;

/** Bytes of a netcode connection request after its prefix byte: version 13, protocol id 8, expiry 8, nonce 24, private 1,024. */
export const TOKEN_REQUEST_BYTES = 1077;
/** Of a hello without anything behind the intent. */
export const HELLO_BYTES = 13;
/** Offsets in a hello. */
export const HELLO = {
  version: 1,
  auth: 3,
  schema: 4,
  intent: 12,
  request: HELLO_BYTES,
  attach: HELLO_BYTES + TOKEN_REQUEST_BYTES,
  proof: HELLO_BYTES + TOKEN_REQUEST_BYTES + 4,
  /** Of a hello on a pipe that has proven its token. */
  pipeAttach: HELLO_BYTES,
  text: HELLO_BYTES + 2,
} as const;
export const HELLO_TOKEN_BYTES = HELLO.proof + PROOF_BYTES;
const HELLO_PIPE_BYTES = HELLO.pipeAttach + 4;
/** UTF-8 bytes of a credential: a hello with it fits a datagram. */
export const HELLO_TEXT_BYTES_MAX = 1000;
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

/** A token as a hello shows it. */
export interface TokenShown {
  /** The TOKEN_REQUEST_BYTES that `tokenRequestOf` cuts from a token. */
  readonly request: Uint8Array;
  /** u32 above 0 that rises with each hello of a session. */
  readonly attach: number;
  /** The token's key from client to server, which makes the proof. */
  readonly clientToServerKey: Uint8Array;
}

export interface HelloFacts {
  readonly schemaHash: bigint;
  /** INTENT. Default play. */
  readonly intent?: number;
  /** At most one of these three; none: as a guest. */
  readonly token?: TokenShown;
  readonly text?: string;
  /** Attach number, as of a token, where the pipe itself has proven one. */
  readonly pipe?: number;
  /** Default PROTOCOL_VERSION. */
  readonly version?: number;
}

/** A hello, written into a new array. The caller keeps the limit of the text. */
export function encodeHello(facts: HelloFacts): Uint8Array {
  const { token, pipe } = facts;
  const text = facts.text === undefined ? null : new TextEncoder().encode(facts.text);
  const bytes = new Uint8Array(
    token !== undefined
      ? HELLO_TOKEN_BYTES
      : text !== null
        ? HELLO.text + text.length
        : pipe !== undefined
          ? HELLO_PIPE_BYTES
          : HELLO_BYTES,
  );
  const view = new DataView(bytes.buffer);
  bytes[0] = DATAGRAM.hello;
  view.setUint16(HELLO.version, facts.version ?? PROTOCOL_VERSION, true);
  view.setBigUint64(HELLO.schema, facts.schemaHash, true);
  bytes[HELLO.intent] = facts.intent ?? INTENT.play;
  if (token !== undefined) {
    bytes[HELLO.auth] = AUTH.token;
    bytes.set(token.request, HELLO.request);
    view.setUint32(HELLO.attach, token.attach, true);
    bytes.set(attachProof(token.clientToServerKey, token.attach, proven(bytes)), HELLO.proof);
  } else if (text !== null) {
    bytes[HELLO.auth] = AUTH.text;
    view.setUint16(HELLO_BYTES, text.length, true);
    bytes.set(text, HELLO.text);
  } else if (pipe !== undefined) {
    bytes[HELLO.auth] = AUTH.pipe;
    view.setUint32(HELLO.pipeAttach, pipe, true);
  }
  return bytes;
}

/** What the proof of a hello covers: all before it. */
export function proven(hello: Uint8Array): Uint8Array {
  return hello.subarray(0, HELLO.proof);
}

/**
 * Checks version, shape and schema of a hello in this order, so that a client of another version hears that and not
 * "malformed". `schemaLow` and `schemaHigh` are the halves of the hash served here.
 */
export function checkHello(
  bytes: Uint8Array,
  schemaLow: number,
  schemaHigh: number,
  spoken = SPOKEN,
): ErrorCode {
  if (bytes.length < HELLO_BYTES) return ERROR.E_MALFORMED;
  const version = helloVersion(bytes);
  if (version < spoken.oldest || version > spoken.newest) return ERROR.E_VERSION;
  if (bytes.length !== helloBytes(bytes)) return ERROR.E_MALFORMED;
  if ((bytes[HELLO.intent] ?? 0) > INTENT.attach) return ERROR.E_MALFORMED;
  const schemaFits =
    readU32(bytes, HELLO.schema) === schemaLow && readU32(bytes, HELLO.schema + 4) === schemaHigh;
  return schemaFits ? ERROR.E_OK : ERROR.E_SCHEMA_MISMATCH;
}

/** Of a checked hello. */
export function helloVersion(bytes: Uint8Array): number {
  return readU16(bytes, HELLO.version);
}

/** The attach number of a checked hello; 0 where its auth has none. */
export function helloAttach(bytes: Uint8Array): number {
  if (bytes[HELLO.auth] === AUTH.token) return readU32(bytes, HELLO.attach);
  return bytes[HELLO.auth] === AUTH.pipe ? readU32(bytes, HELLO.pipeAttach) : 0;
}

/** The credential in a hello of auth 3; null where it is not UTF-8. */
export function helloText(bytes: Uint8Array): string | null {
  return parse(() => new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(HELLO.text)));
}

/** Bytes that a hello of this auth has, -1 for an unknown one. */
function helloBytes(bytes: Uint8Array): number {
  switch (bytes[HELLO.auth]) {
    case AUTH.guest:
      return HELLO_BYTES;
    case AUTH.pipe:
      return HELLO_PIPE_BYTES;
    case AUTH.token:
      return HELLO_TOKEN_BYTES;
    case AUTH.text: {
      const textBytes = bytes.length < HELLO.text ? 0 : readU16(bytes, HELLO_BYTES);
      return textBytes < 1 || textBytes > HELLO_TEXT_BYTES_MAX ? -1 : HELLO.text + textBytes;
    }
    default:
      return -1;
  }
}

/** What an accept says. */
export interface Accepted {
  readonly sessionId: number;
  /** True: one more pipe of a session that was there. */
  readonly attached: boolean;
  /** Its room has lost its last moments: a join follows an attach, too, and the channel begins anew. */
  readonly anew: boolean;
}

export function encodeAccept(sessionId: number, attached = false, anew = false): Uint8Array {
  const bytes = new Uint8Array(ACCEPT_BYTES);
  bytes[0] = DATAGRAM.accept;
  bytes[1] = (attached ? 1 : 0) | (anew ? 2 : 0);
  new DataView(bytes.buffer).setUint32(2, sessionId, true);
  return bytes;
}

export function decodeAccept(bytes: Uint8Array): Accepted | null {
  const flags = bytes[1] ?? -1;
  if (bytes.length !== ACCEPT_BYTES || bytes[0] !== DATAGRAM.accept || flags > 3) return null;
  return { sessionId: readU32(bytes, 2), attached: (flags & 1) !== 0, anew: (flags & 2) !== 0 };
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
  /** Of a client that has kept what it knew. */
  readonly known?: Known | undefined;
}

/** A join. The caller keeps the limits; what is too long is refused by the other end. */
export function encodeJoin(facts: JoinFacts): Uint8Array {
  const { name, schemaHash, verify, choice, known } = facts;
  return withKind(
    DATAGRAM.join,
    writeJoinRequest({ name, schemaHash, verify, choice: choiceOf(choice), known }),
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
  const { schemaHash, verify, messagesRead, tick } = message;
  const known = messagesRead === undefined ? undefined : { messagesRead, tick };
  return { name, choice, schemaHash, verify, known };
}

export type JoinReplyFacts = JoinReplyFields;
/** Of a session that was there before alone. */
type Later = Pick<JoinReplyFacts, 'messagesRead' | 'messagesBefore' | 'keptTick'>;

/** The protobuf body of `joined`, without its kind byte: what `SessionTable.joined` takes. */
export function encodeJoinReply(
  reply: Omit<JoinReplyFacts, keyof Later> & Partial<Later>,
): Uint8Array {
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
