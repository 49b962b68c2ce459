/**
 * The open part of a connect token: netcode 1.02, "Connect Token" (2,048 bytes), little-endian. No key is needed, so
 * this file is what clients use; `token.ts` seals and opens.
 *
 * ```
 * 0     version info (13)   "NETCODE 1.02\0"
 * 13    protocol id u64
 * 21    create timestamp u64, seconds since 1970
 * 29    expire timestamp u64, seconds since 1970
 * 37    nonce (24)
 * 61    sealed private part (1,024)
 * 1085  timeout u32, seconds
 * 1089  server addresses: u32 count 1..32; each u8 type, 1 = IPv4 (4 bytes, u16 port), 2 = IPv6 (8 x u16, u16 port)
 * ...   client to server key (32), server to client key (32), zeros
 * ```
 */
import { PROTOCOL_ID_HIGH, PROTOCOL_ID_LOW } from '../../protocol/gen/tables.ts';
import { FrayError } from '../errors.ts';
import { TOKEN_REQUEST_BYTES } from './datagrams.ts';

export const TOKEN_BYTES = 2048;
export const TOKEN_PRIVATE_BYTES = 1024;
export const TOKEN_KEY_BYTES = 32;
export const TOKEN_NONCE_BYTES = 24;
export const TOKEN_MAC_BYTES = 16;
export const TOKEN_SERVERS_MAX = 32;

/** Offsets in a token. */
export const TOKEN = {
  version: 0,
  protocolId: 13,
  create: 21,
  expire: 29,
  nonce: 37,
  sealed: 61,
  timeout: 1085,
  servers: 1089,
} as const;

/** Offsets in a connection request after its prefix byte. */
export const REQUEST = {
  version: 0,
  protocolId: 13,
  expire: 21,
  nonce: 29,
  sealed: 53,
  mac: 1061,
} as const;

/** Fray's protocol id: 'fray' and the packet protocol's version. */
export const PROTOCOL_ID = (BigInt(PROTOCOL_ID_HIGH) << 32n) | BigInt(PROTOCOL_ID_LOW);

/** "NETCODE 1.02" and a zero byte. */
export const VERSION_INFO = Uint8Array.of(78, 69, 84, 67, 79, 68, 69, 32, 49, 46, 48, 50, 0);

/** Text form of a token (base64url without padding) as bytes. Throws `E_TOKEN_INVALID`. */
export function tokenBytes(token: string | Uint8Array): Uint8Array {
  const bytes = typeof token === 'string' ? fromBase64Url(token) : token;
  if (bytes.length !== TOKEN_BYTES || !VERSION_INFO.every((byte, at) => bytes[at] === byte)) {
    throw new FrayError(
      'E_TOKEN_INVALID',
      'Cannot use the connect token: it is not 2,048 bytes of netcode 1.02',
    );
  }
  return bytes;
}

/** What a hello carries of a token: the connection request packet without its prefix byte. Throws `E_TOKEN_INVALID`. */
export function tokenRequestOf(token: string | Uint8Array): Uint8Array {
  const bytes = tokenBytes(token);
  const request = new Uint8Array(TOKEN_REQUEST_BYTES);
  request.set(bytes.subarray(TOKEN.version, TOKEN.create), REQUEST.version);
  request.set(bytes.subarray(TOKEN.expire, TOKEN.timeout), REQUEST.expire);
  return request;
}

export interface TokenFacts {
  readonly protocolId: bigint;
  /** Seconds since 1970. */
  readonly createdAt: bigint;
  readonly expiresAt: bigint;
  readonly timeoutSeconds: number;
  /** `1.2.3.4:40000`, `[2001:db8::1]:40000`; in the order in which they are to be tried. */
  readonly servers: string[];
  readonly clientToServerKey: Uint8Array;
  readonly serverToClientKey: Uint8Array;
}

/** The open part, checked as the standard asks of clients. Throws `E_TOKEN_INVALID`. */
export function readToken(token: string | Uint8Array): TokenFacts {
  const bytes = tokenBytes(token);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const createdAt = view.getBigUint64(TOKEN.create, true);
  const expiresAt = view.getBigUint64(TOKEN.expire, true);
  const list = readServers(view, TOKEN.servers);
  if (list === null || createdAt > expiresAt || list.end + 64 > TOKEN_BYTES) {
    throw new FrayError(
      'E_TOKEN_INVALID',
      'Cannot use the connect token: its open part is damaged',
    );
  }
  return {
    protocolId: view.getBigUint64(TOKEN.protocolId, true),
    createdAt,
    expiresAt,
    timeoutSeconds: view.getInt32(TOKEN.timeout, true),
    servers: list.servers,
    clientToServerKey: bytes.slice(list.end, list.end + 32),
    serverToClientKey: bytes.slice(list.end + 32, list.end + 64),
  };
}

/** The list of servers at an offset and where it ends; null for bytes that are none. */
export function readServers(
  view: DataView,
  start: number,
): { servers: string[]; end: number } | null {
  const count = start + 4 <= view.byteLength ? view.getUint32(start, true) : 0;
  if (count < 1 || count > TOKEN_SERVERS_MAX) return null;
  const servers: string[] = [];
  let at = start + 4;
  for (let i = 0; i < count; i += 1) {
    const type = at < view.byteLength ? view.getUint8(at) : 0;
    const bytes = type === 1 ? 6 : type === 2 ? 18 : 0;
    if (bytes === 0 || at + 1 + bytes > view.byteLength) return null;
    const port = view.getUint16(at + bytes - 1, true);
    if (type === 1)
      servers.push(`${[0, 1, 2, 3].map((k) => view.getUint8(at + 1 + k)).join('.')}:${port}`);
    else
      servers.push(
        `[${[0, 1, 2, 3, 4, 5, 6, 7].map((k) => view.getUint16(at + 1 + 2 * k, true).toString(16)).join(':')}]:${port}`,
      );
    at += 1 + bytes;
  }
  return { servers, end: at };
}

/** Writes a list of servers; returns where it ends. Throws `E_CONFIG` for what is not an address with a port. */
export function writeServers(view: DataView, start: number, servers: readonly string[]): number {
  if (servers.length < 1 || servers.length > TOKEN_SERVERS_MAX) {
    throw new FrayError(
      'E_CONFIG',
      `Cannot issue a connect token: it names ${servers.length} servers, not 1 to ${TOKEN_SERVERS_MAX}`,
    );
  }
  view.setUint32(start, servers.length, true);
  let at = start + 4;
  for (const server of servers) {
    const words = addressWords(server);
    view.setUint8(at, words.length === 5 ? 1 : 2);
    at += 1;
    for (const [k, word] of words.entries()) {
      if (words.length === 5 && k < 4) {
        view.setUint8(at, word);
        at += 1;
      } else {
        view.setUint16(at, word, true);
        at += 2;
      }
    }
  }
  return at;
}

/** The one form in which tokens name a server. Throws `E_CONFIG` for what is no address with a port. */
export function normalServer(server: string): string {
  const view = new DataView(new ArrayBuffer(4 + 1 + 18));
  writeServers(view, 0, [server]);
  return readServers(view, 0)?.servers[0] ?? server;
}

/** 4 bytes and a port, or 8 words and a port. */
function addressWords(server: string): number[] {
  const four = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3}):(\d{1,5})$/.exec(server);
  if (four !== null) {
    const words = four.slice(1).map(Number);
    if (words.every((word, k) => word <= (k < 4 ? 255 : 65_535))) return words;
  }
  const six = /^\[([\da-f:]{2,39})\]:(\d{1,5})$/i.exec(server);
  const words = six === null ? null : sixWords(six[1] ?? '');
  const port = Number(six?.[2]);
  if (words === null || port > 65_535) {
    throw new FrayError(
      'E_CONFIG',
      `Cannot issue a connect token: ${JSON.stringify(server)} is not 1.2.3.4:port or [IPv6]:port`,
    );
  }
  return [...words, port];
}

function sixWords(text: string): number[] | null {
  const [left = '', right, ...rest] = text.split('::');
  const head = left === '' ? [] : left.split(':');
  const tail = right === undefined || right === '' ? [] : right.split(':');
  const gap = 8 - head.length - tail.length;
  if (rest.length > 0 || (right === undefined ? gap !== 0 : gap < 1)) return null;
  const parts = [...head, ...Array<string>(gap).fill('0'), ...tail];
  return parts.every((part) => /^[\da-f]{1,4}$/i.test(part))
    ? parts.map((part) => Number.parseInt(part, 16))
    : null;
}

function fromBase64Url(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (letter) =>
      letter.charCodeAt(0),
    );
  } catch {
    return new Uint8Array(0);
  }
}
