/**
 * Connect tokens: sealed, expiring permits in the layout of netcode 1.02 (`token-layout.ts` has the open part). Made by
 * whoever knows a player (an account service, the server itself for tests), opened by a game server that shares the key.
 * Pure; `src/tokens.ts` adds this machine's clock and chance for issuers.
 *
 * The sealed private part, before sealing (1,008 bytes; then 16 bytes of MAC):
 *
 * ```
 * 0    client id u64        FNV-1a-64 of the user id
 * 8    timeout u32          seconds
 * 12   server addresses     as in the open part
 * ...  client to server key (32), server to client key (32), user data (256), zeros
 * ```
 *
 * The 256 bytes of user data:
 *
 * ```
 * 0    session u64          random, the issuer's name of the session
 * 8    u8 layout = 1, u8 roomBytes, u8 userIdBytes, u8 dataBytes
 * 12   room id (48)         UTF-8, zero padded; roomBytes 0: any room
 * 60   user id (64)         UTF-8, zero padded
 * 124  u32 0
 * 128  the author's data (128)
 * ```
 *
 * Sealed with XChaCha20-Poly1305; associated data: version info, protocol id, expiry. Opening takes some 10 us, so
 * `openTokenRequest` checks all that is cheap before.
 */
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { ERROR } from '../../protocol/gen/tables.ts';
import type { ErrorCode } from '../errors.ts';
import { FrayError } from '../errors.ts';
import { ROOM_ID_BYTES_MAX, TOKEN_REQUEST_BYTES } from './datagrams.ts';
import {
  PROTOCOL_ID,
  REQUEST,
  readServers,
  TOKEN,
  TOKEN_BYTES,
  TOKEN_KEY_BYTES,
  TOKEN_MAC_BYTES,
  TOKEN_NONCE_BYTES,
  TOKEN_PRIVATE_BYTES,
  tokenRequestOf,
  VERSION_INFO,
  writeServers,
} from './token-layout.ts';

export {
  PROTOCOL_ID,
  readToken,
  TOKEN_BYTES,
  TOKEN_KEY_BYTES,
  tokenBytes,
  tokenRequestOf,
} from './token-layout.ts';

export const USER_ID_BYTES_MAX = 64;
export const USER_DATA_BYTES_MAX = 128;

/** Offsets in the user data. */
const USER = {
  session: 0,
  layout: 8,
  roomBytes: 9,
  userIdBytes: 10,
  dataBytes: 11,
  room: 12,
  userId: 60,
  data: 128,
  bytes: 256,
} as const;
/** What the user data begins with, and so who the token is of: a player whom the issuer knows, or a guest. */
const LAYOUT = { player: 1, guest: 2 } as const;

/** Key of servers that nobody has given one. Refused on any address but loopback (`checkAddress`). */
export const DEVELOPMENT_KEY: Uint8Array = new TextEncoder().encode(
  'fray development key, loopback !',
);

export interface TokenOrder {
  /** The player, as the issuer names it: 1..64 bytes of UTF-8. */
  readonly userId: string;
  /** Room it opens: at most 48 bytes. Default: any. */
  readonly room?: string;
  /** Servers it opens, 1..32: `1.2.3.4:40000` or `[2001:db8::1]:40000`. */
  readonly servers: readonly string[];
  /** Life from now on; rounded up to whole seconds. 1,000..86,400,000 ms. Default 30,000. */
  readonly expireMs?: number;
  /** Silence after which the session is over; -1 for ever. Seconds, default 10. */
  readonly timeoutSeconds?: number;
  /** The author's own, at most 128 bytes; the game's `onJoin` gets it. */
  readonly userData?: Uint8Array;
  /** u64, names the session that it opens; only for a further token of a session that is live. Default: random. */
  readonly session?: bigint;
  /** Opens only where guests are let in, and is no word for who `userId` is. Default false. */
  readonly guest?: boolean;
  /** 32 bytes, shared with the servers. */
  readonly key: Uint8Array;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  /** Fills an array with random bytes, from a source nobody can foretell. */
  readonly random: (into: Uint8Array) => void;
}

export interface IssuedToken {
  /** base64url, 2,731 characters. */
  readonly token: string;
  /** The same, 2,048 bytes. */
  readonly bytes: Uint8Array;
  /** Milliseconds since 1970. */
  readonly expiresAtMs: number;
  /** The issuer's name of the session. */
  readonly session: bigint;
}

/** Makes a token. Throws `E_CONFIG` for an order that cannot be met. Some 30 us. */
export function issueConnectToken(order: TokenOrder): IssuedToken {
  const expireMs = order.expireMs ?? 30_000;
  need(
    expireMs >= 1000 && expireMs <= 86_400_000,
    `expireMs is ${expireMs}, not 1,000 to 86,400,000`,
  );
  need(
    order.key.length === TOKEN_KEY_BYTES,
    `the key has ${order.key.length} bytes, not ${TOKEN_KEY_BYTES}`,
  );
  const { nowMs, random } = order;
  const createdAt = Math.floor(nowMs / 1000);
  const expiresAt = Math.ceil((nowMs + expireMs) / 1000);
  const bytes = new Uint8Array(TOKEN_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(VERSION_INFO, TOKEN.version);
  view.setBigUint64(TOKEN.protocolId, PROTOCOL_ID, true);
  view.setBigUint64(TOKEN.create, BigInt(createdAt), true);
  view.setBigUint64(TOKEN.expire, BigInt(expiresAt), true);
  random(bytes.subarray(TOKEN.nonce, TOKEN.nonce + TOKEN_NONCE_BYTES));
  view.setInt32(TOKEN.timeout, order.timeoutSeconds ?? 10, true);
  const keysAt = writeServers(view, TOKEN.servers, order.servers);
  random(bytes.subarray(keysAt, keysAt + 64));
  const part = privatePart(order, bytes.subarray(TOKEN.timeout, keysAt + 64), random);
  const sealed = cipher(
    order.key,
    bytes.subarray(TOKEN.nonce),
    bytes.subarray(TOKEN.expire, TOKEN.nonce),
  ).encrypt(part.bytes);
  bytes.set(sealed, TOKEN.sealed);
  return { token: toBase64Url(bytes), bytes, expiresAtMs: expiresAt * 1000, session: part.session };
}

/** What a game server learns from a token. */
export interface OpenedToken {
  /** Its MAC as 16 characters: the name of the token among used ones. */
  readonly mac: string;
  readonly userId: string;
  readonly session: bigint;
  /** '' for any. */
  readonly room: string;
  readonly userData: Uint8Array;
  /** Nobody vouches for `userId`. */
  readonly guest: boolean;
  readonly servers: string[];
  readonly timeoutSeconds: number;
  readonly clientId: bigint;
  readonly expiresAtMs: number;
  readonly clientToServerKey: Uint8Array;
  readonly serverToClientKey: Uint8Array;
}

/** Opens a whole token. Throws `E_TOKEN_INVALID` or `E_TOKEN_EXPIRED`. */
export function openConnectToken(
  token: string | Uint8Array,
  options: { keys: readonly Uint8Array[]; nowMs: number },
): OpenedToken {
  const opened = openTokenRequest(tokenRequestOf(token), options.keys, options.nowMs);
  if (typeof opened === 'object') return opened;
  if (opened === ERROR.E_TOKEN_EXPIRED)
    throw new FrayError('E_TOKEN_EXPIRED', 'Cannot open the connect token: it is past its expiry');
  throw new FrayError(
    'E_TOKEN_INVALID',
    'Cannot open the connect token: it is forged, damaged, or for another key',
  );
}

/** All that can be seen without a key, in the order of the standard: length, version, protocol, expiry. 0 if fine. */
export function checkTokenRequest(request: Uint8Array, nowMs: number): ErrorCode {
  if (request.length !== TOKEN_REQUEST_BYTES) return ERROR.E_TOKEN_INVALID;
  for (let at = 0; at < REQUEST.expire; at += 1)
    if (request[at] !== EXPECTED[at])
      return at < REQUEST.protocolId ? ERROR.E_TOKEN_INVALID : ERROR.E_TOKEN_PROTOCOL;
  return requestExpiryMs(request) <= nowMs ? ERROR.E_TOKEN_EXPIRED : ERROR.E_OK;
}

/** When it expires, milliseconds since 1970. Anybody can ask for it: it makes no object. */
export function requestExpiryMs(request: Uint8Array): number {
  let seconds = 0;
  for (let at = REQUEST.expire + 7; at >= REQUEST.expire; at -= 1)
    seconds = seconds * 256 + (request[at] as number);
  return seconds * 1000;
}

/** Names a token in the table of used ones: its MAC as 16 characters. */
export function requestMac(request: Uint8Array): string {
  const mac = request.subarray(REQUEST.mac, REQUEST.mac + TOKEN_MAC_BYTES);
  // Not spread: that walks an iterator, which takes longer than all the rest.
  return String.fromCharCode.apply(null, mac as unknown as number[]);
}

/** Opens the part of a token that a hello carries with one of the keys. Never throws on bytes. */
export function openTokenRequest(
  request: Uint8Array,
  keys: readonly Uint8Array[],
  nowMs: number,
): OpenedToken | ErrorCode {
  const code = checkTokenRequest(request, nowMs);
  if (code !== ERROR.E_OK) return code;
  const sealed = request.subarray(REQUEST.sealed, REQUEST.sealed + TOKEN_PRIVATE_BYTES);
  for (const key of keys) {
    const open = cipher(
      key,
      request.subarray(REQUEST.nonce),
      request.subarray(REQUEST.expire, REQUEST.nonce),
    );
    let plain: Uint8Array;
    try {
      plain = open.decrypt(sealed);
    } catch {
      continue;
    }
    return readPrivate(plain, request) ?? ERROR.E_TOKEN_INVALID;
  }
  return ERROR.E_TOKEN_INVALID;
}

function privatePart(
  order: TokenOrder,
  shared: Uint8Array,
  random: (into: Uint8Array) => void,
): { bytes: Uint8Array; session: bigint } {
  const userId = text(order.userId, USER_ID_BYTES_MAX, 'userId');
  const room = text(order.room ?? '', ROOM_ID_BYTES_MAX, 'room');
  const data = order.userData ?? new Uint8Array(0);
  need(userId.length > 0, 'userId is empty');
  need(
    data.length <= USER_DATA_BYTES_MAX,
    `userData has ${data.length} bytes, more than ${USER_DATA_BYTES_MAX}`,
  );
  const bytes = new Uint8Array(TOKEN_PRIVATE_BYTES - TOKEN_MAC_BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, fnv64(userId), true);
  // Timeout, servers and keys stand in both parts alike.
  bytes.set(shared, 8);
  const user = bytes.subarray(8 + shared.length, 8 + shared.length + USER.bytes);
  if (order.session === undefined) random(user.subarray(USER.session, USER.layout));
  else view.setBigUint64(8 + shared.length, order.session, true);
  const layout = order.guest === true ? LAYOUT.guest : LAYOUT.player;
  user.set([layout, room.length, userId.length, data.length], USER.layout);
  user.set(room, USER.room);
  user.set(userId, USER.userId);
  user.set(data, USER.data);
  return { bytes, session: view.getBigUint64(8 + shared.length, true) };
}

/** A token of ours; null for a sealed part that another program filled in another way. */
function readPrivate(plain: Uint8Array, request: Uint8Array): OpenedToken | null {
  const view = new DataView(plain.buffer, plain.byteOffset, plain.byteLength);
  const list = readServers(view, 12);
  if (list === null || list.end + 64 + USER.bytes > plain.length) return null;
  const user = plain.subarray(list.end + 64, list.end + 64 + USER.bytes);
  const [layout, roomBytes = 0, userIdBytes = 0, dataBytes = 0] = user.subarray(
    USER.layout,
    USER.room,
  );
  const fits =
    roomBytes <= ROOM_ID_BYTES_MAX &&
    userIdBytes <= USER_ID_BYTES_MAX &&
    dataBytes <= USER_DATA_BYTES_MAX;
  const guest = layout === LAYOUT.guest;
  if ((!guest && layout !== LAYOUT.player) || !fits || userIdBytes === 0) return null;
  const decoder = new TextDecoder();
  return {
    userId: decoder.decode(user.subarray(USER.userId, USER.userId + userIdBytes)),
    session: view.getBigUint64(list.end + 64, true),
    room: decoder.decode(user.subarray(USER.room, USER.room + roomBytes)),
    userData: user.slice(USER.data, USER.data + dataBytes),
    guest,
    servers: list.servers,
    timeoutSeconds: view.getInt32(8, true),
    clientId: view.getBigUint64(0, true),
    expiresAtMs: requestExpiryMs(request),
    mac: requestMac(request),
    clientToServerKey: plain.slice(list.end, list.end + 32),
    serverToClientKey: plain.slice(list.end + 32, list.end + 64),
  };
}

/** `nonce` and `expire` begin with the bytes that are meant. */
function cipher(
  key: Uint8Array,
  nonce: Uint8Array,
  expire: Uint8Array,
): ReturnType<typeof xchacha20poly1305> {
  const associated = new Uint8Array(VERSION_INFO.length + 16);
  associated.set(EXPECTED);
  associated.set(expire.subarray(0, 8), EXPECTED.length);
  return xchacha20poly1305(key, nonce.slice(0, TOKEN_NONCE_BYTES), associated);
}

function text(value: string, bytesMax: number, name: string): Uint8Array {
  const bytes = new TextEncoder().encode(value);
  need(bytes.length <= bytesMax, `${name} has ${bytes.length} bytes, more than ${bytesMax}`);
  return bytes;
}

function need(holds: boolean, state: string): void {
  if (!holds) throw new FrayError('E_CONFIG', `Cannot issue a connect token: ${state}`);
}

function fnv64(bytes: Uint8Array): bigint {
  let hash = 0xcbf2_9ce4_8422_2325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100_0000_01b3n);
  return hash;
}

function toBase64Url(bytes: Uint8Array): string {
  let letters = '';
  for (const byte of bytes) letters += String.fromCharCode(byte);
  return btoa(letters).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** Version info and protocol id: the same in every token of ours. */
const EXPECTED: Uint8Array = (() => {
  const bytes = new Uint8Array(VERSION_INFO.length + 8);
  bytes.set(VERSION_INFO);
  new DataView(bytes.buffer).setBigUint64(VERSION_INFO.length, PROTOCOL_ID, true);
  return bytes;
})();
