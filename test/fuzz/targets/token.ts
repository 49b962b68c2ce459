/**
 * Connect tokens: what a hello carries, whole tokens, and sealed parts that another issuer with the same key filled in
 * any way. One input in sixteen is sealed, because a seal costs a hundred times what all else does.
 */
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { ERROR } from '../../../protocol/gen/tables.ts';
import { FrayError } from '../../../src/errors.ts';
import {
  checkTokenRequest,
  issueConnectToken,
  openTokenRequest,
  readToken,
  requestMac,
  tokenRequestOf,
  USER_DATA_BYTES_MAX,
} from '../../../src/session/token.ts';
import { readServers, VERSION_INFO } from '../../../src/session/token-layout.ts';
import { token as heldToken, KEY, UNIX_MS } from '../../session/bench.ts';
import type { Target } from '../engine.ts';
import { claim, join } from './bytes.ts';

const ISSUED = issueConnectToken({
  userId: 'ann',
  room: 'room-1',
  servers: ['127.0.0.1:1', '[2001:db8::1]:40000'],
  userData: Uint8Array.of(1, 2, 3),
  key: KEY,
  nowMs: UNIX_MS,
  expireMs: 60_000,
  random: (into) => into.fill(7),
});
const REQUEST = tokenRequestOf(ISSUED.bytes);
const ASSOCIATED = join(VERSION_INFO, REQUEST.subarray(13, 21), REQUEST.subarray(21, 29));
const NONCE = REQUEST.slice(29, 53);
const PLAIN = xchacha20poly1305(KEY, NONCE, ASSOCIATED).decrypt(REQUEST.subarray(53));
const KEYS = [KEY.map((byte) => byte ^ 1), KEY];

export const target: Target = {
  name: 'token',
  bytesMax: 2050,
  seeds: [
    join([0], REQUEST),
    join([0], heldToken().request),
    join([1], ISSUED.bytes),
    join([2], PLAIN),
    join([2], PLAIN.slice(0, 500)),
    join([3], [2, 0, 0, 0, 1, 127, 0, 0, 1, 0, 80, 2], new Uint8Array(18)),
  ],
  words: [
    Uint8Array.of(1, 127, 0, 0, 1, 1, 0),
    Uint8Array.of(2, 0x20, 1, 13, 184),
    Uint8Array.of(32, 0, 0, 0),
    Uint8Array.of(1, 48, 64, 128),
    Uint8Array.of(1, 255, 255, 255),
  ],
  run,
};

function run(input: Uint8Array): void {
  const body = input.subarray(1);
  const mode = (input[0] ?? 0) & 15;
  if (mode === 1) token(body);
  else if (mode === 2) sealed(body);
  else if (mode === 3) {
    const list = readServers(new DataView(body.buffer, body.byteOffset, body.length), 0);
    claim(list === null || (list.end <= body.length && list.servers.length <= 32), 'servers');
  } else request(body);
}

function request(body: Uint8Array): void {
  const code = checkTokenRequest(body, UNIX_MS);
  claim(
    [ERROR.E_OK, ERROR.E_TOKEN_INVALID, ERROR.E_TOKEN_PROTOCOL, ERROR.E_TOKEN_EXPIRED].includes(
      code as 0,
    ),
    'a code',
  );
  if (code !== ERROR.E_OK) return;
  claim(requestMac(body).length === 16, 'a name of the token');
  const opened = openTokenRequest(body, KEYS, UNIX_MS);
  // Whatever opens is a token that was issued, bit by bit, but for its open expiry, which the seal covers too.
  if (typeof opened === 'object')
    claim(opened.userId === 'ann' && body.length === REQUEST.length, 'a forged token opened');
}

function token(body: Uint8Array): void {
  try {
    const facts = readToken(body);
    claim(facts.createdAt <= facts.expiresAt, 'a life');
    claim(facts.clientToServerKey.length === 32 && facts.serverToClientKey.length === 32, 'keys');
    claim(tokenRequestOf(body).length === REQUEST.length, 'a request');
  } catch (error) {
    claim(error instanceof FrayError && error.code === 'E_TOKEN_INVALID', 'a coded refusal');
  }
}

/** A part that the right key seals, with any content. */
function sealed(body: Uint8Array): void {
  const plain = new Uint8Array(PLAIN.length);
  plain.set(body.subarray(0, plain.length));
  const whole = REQUEST.slice();
  whole.set(xchacha20poly1305(KEY, NONCE, ASSOCIATED).encrypt(plain), 53);
  const opened = openTokenRequest(whole, [KEY], UNIX_MS);
  if (typeof opened === 'number') {
    claim(opened === ERROR.E_TOKEN_INVALID || opened === ERROR.E_TOKEN_PROTOCOL, 'a code');
    return;
  }
  claim(opened.userId.length > 0 && opened.userId.length <= 64, 'a user');
  claim(opened.room.length <= 48 && opened.userData.length <= USER_DATA_BYTES_MAX, 'room and data');
  claim(opened.clientToServerKey.length === 32 && opened.serverToClientKey.length === 32, 'keys');
}
