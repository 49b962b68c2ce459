import { createDecipheriv, randomFillSync } from 'node:crypto';
import fc from 'fast-check';
import t from 'tap';
import { ERROR } from '../../protocol/gen/tables.ts';
import { TOKEN_REQUEST_BYTES } from '../../src/session/datagrams.ts';
import type { TokenOrder } from '../../src/session/token.ts';
import {
  DEVELOPMENT_KEY,
  issueConnectToken,
  openConnectToken,
  openTokenRequest,
  PROTOCOL_ID,
  readToken,
  tokenRequestOf,
} from '../../src/session/token.ts';
import * as tokens from '../../src/tokens.ts';

const KEY = Uint8Array.from({ length: 32 }, (_, k) => k * 7 + 1);
const OTHER = Uint8Array.from({ length: 32 }, (_, k) => k * 11 + 3);
const NOW = 1_700_000_000_500;

function order(more: Partial<TokenOrder> = {}): TokenOrder {
  return {
    userId: 'player-1',
    room: 'r-42',
    servers: ['192.0.2.7:40000', '[2001:db8::1]:40001'],
    userData: Uint8Array.of(1, 2, 3),
    key: KEY,
    nowMs: NOW,
    random: (into) => void randomFillSync(into),
    ...more,
  };
}

t.test('what is issued opens, with all that was ordered', async (test) => {
  const issued = issueConnectToken(order());
  for (const form of [issued.token, issued.bytes]) {
    const opened = openConnectToken(form, { keys: [KEY], nowMs: NOW });
    test.equal(opened.userId, 'player-1');
    test.equal(opened.room, 'r-42');
    test.equal(opened.session, issued.session);
    test.same([...opened.userData], [1, 2, 3]);
    test.same(opened.servers, ['192.0.2.7:40000', '[2001:db8:0:0:0:0:0:1]:40001']);
    test.equal(opened.timeoutSeconds, 10);
    test.equal(opened.expiresAtMs, issued.expiresAtMs);
    const open = readToken(form);
    test.same(open.clientToServerKey, opened.clientToServerKey);
    test.same(open.serverToClientKey, opened.serverToClientKey);
    test.notSame(open.clientToServerKey, open.serverToClientKey);
    test.same(open.servers, opened.servers);
    test.equal(open.protocolId, PROTOCOL_ID);
  }
  test.equal(issued.bytes.length, 2048);
  test.equal(issued.token.length, 2731);
  test.equal(issued.expiresAtMs, 1_700_000_031_000);
});

t.test('the bytes stand where netcode 1.02 puts them', async (test) => {
  const { bytes, session } = issueConnectToken(order({ random: (into) => into.fill(9) }));
  const view = new DataView(bytes.buffer);
  test.equal(new TextDecoder().decode(bytes.subarray(0, 13)), 'NETCODE 1.02\0');
  test.equal(view.getBigUint64(13, true), 0x1_7961_7266n);
  test.equal(view.getBigUint64(21, true), 1_700_000_000n);
  test.equal(view.getBigUint64(29, true), 1_700_000_031n);
  test.same([...bytes.subarray(37, 61)], Array(24).fill(9));
  test.equal(view.getUint32(1085, true), 10);
  test.equal(view.getUint32(1089, true), 2);
  test.same([...bytes.subarray(1093, 1100)], [1, 192, 0, 2, 7, 0x40, 0x9c]);
  test.same(
    [...bytes.subarray(1100, 1119)],
    [2, 0x01, 0x20, 0xb8, 0x0d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0x41, 0x9c],
  );
  test.same([...bytes.subarray(1119, 1183)], Array(64).fill(9));
  test.ok(bytes.subarray(1183).every((byte) => byte === 0));
  const plain = unsealByHand(bytes, KEY);
  test.equal(plain.length, 1008);
  const part = new DataView(plain.buffer, plain.byteOffset);
  test.equal(part.getUint32(8, true), 10);
  test.equal(part.getUint32(12, true), 2);
  test.same(
    [...plain.subarray(12, 106)],
    [...bytes.subarray(1089, 1183)],
    'servers and keys in both parts alike',
  );
  const user = plain.subarray(106, 362);
  test.equal(new DataView(user.buffer, user.byteOffset).getBigUint64(0, true), session);
  test.same([...user.subarray(8, 12)], [1, 4, 8, 3]);
  test.equal(new TextDecoder().decode(user.subarray(12, 16)), 'r-42');
  test.equal(new TextDecoder().decode(user.subarray(60, 68)), 'player-1');
  test.same([...user.subarray(128, 132)], [1, 2, 3, 0]);
  test.ok(plain.subarray(362).every((byte) => byte === 0));
});

t.test('two keys are valid at a time, a third is not', async (test) => {
  const { token } = issueConnectToken(order());
  test.equal(openConnectToken(token, { keys: [OTHER, KEY], nowMs: NOW }).userId, 'player-1');
  test.throws(() => openConnectToken(token, { keys: [OTHER, DEVELOPMENT_KEY], nowMs: NOW }), {
    code: 'E_TOKEN_INVALID',
  });
  test.throws(() => openConnectToken(token, { keys: [], nowMs: NOW }), { code: 'E_TOKEN_INVALID' });
});

t.test('expiry counts to the second and stands before the seal', async (test) => {
  const issued = issueConnectToken(order({ expireMs: 5000 }));
  test.equal(issued.expiresAtMs, 1_700_000_006_000);
  test.equal(
    openConnectToken(issued.token, { keys: [KEY], nowMs: issued.expiresAtMs - 1 }).room,
    'r-42',
  );
  test.throws(() => openConnectToken(issued.token, { keys: [KEY], nowMs: issued.expiresAtMs }), {
    code: 'E_TOKEN_EXPIRED',
  });
  test.equal(
    openTokenRequest(tokenRequestOf(issued.token), [], issued.expiresAtMs),
    ERROR.E_TOKEN_EXPIRED,
  );
});

t.test('one changed bit anywhere in the request is refused', async (test) => {
  const request = tokenRequestOf(issueConnectToken(order()).token);
  test.equal(request.length, TOKEN_REQUEST_BYTES);
  let passed = 0;
  for (let at = 0; at < request.length; at += 1) {
    const damaged = request.slice();
    damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8));
    if (typeof openTokenRequest(damaged, [KEY], NOW) === 'object') passed += 1;
  }
  test.equal(passed, 0);
  const longer = request.slice();
  longer[21] = (longer[21] ?? 0) + 1;
  test.equal(
    openTokenRequest(longer, [KEY], NOW),
    ERROR.E_TOKEN_INVALID,
    'a later expiry breaks the seal',
  );
});

t.test('any bytes are answered with a code', async () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 1200 }),
      (bytes) => typeof openTokenRequest(bytes, [KEY], NOW) === 'number',
    ),
    { numRuns: 300 },
  );
  const good = tokenRequestOf(issueConnectToken(order()).token);
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1048, maxLength: 1048 }), (tail) => {
      const bytes = good.slice();
      bytes.set(tail, 29);
      return openTokenRequest(bytes, [KEY], NOW) === ERROR.E_TOKEN_INVALID;
    }),
    { numRuns: 100 },
  );
});

t.test('orders that cannot be met are refused with a reason', async (test) => {
  const wrong: [Partial<TokenOrder>, RegExp][] = [
    [{ userId: '' }, /userId is empty/],
    [{ userId: 'x'.repeat(65) }, /userId has 65/],
    [{ room: 'x'.repeat(49) }, /room has 49/],
    [{ userData: new Uint8Array(129) }, /userData has 129/],
    [{ key: new Uint8Array(31) }, /31 bytes/],
    [{ expireMs: 999 }, /expireMs/],
    [{ expireMs: 86_400_001 }, /expireMs/],
    [{ servers: [] }, /0 servers/],
    [{ servers: Array(33).fill('1.2.3.4:5') }, /33 servers/],
    [{ servers: ['example.org:5'] }, /example.org/],
    [{ servers: ['1.2.3.256:5'] }, /256/],
    [{ servers: ['1.2.3.4'] }, /port/],
    [{ servers: ['1.2.3.4:65536'] }, /65536/],
    [{ servers: ['[1:2:3]:5'] }, /IPv6/],
    [{ servers: ['[1::2::3]:5'] }, /IPv6/],
  ];
  for (const [more, reason] of wrong)
    test.throws(() => issueConnectToken(order(more)), { code: 'E_CONFIG', message: reason });
  for (const token of ['', 'abc', '!!!', new Uint8Array(2048)])
    test.throws(() => tokenRequestOf(token), { code: 'E_TOKEN_INVALID' });
});

t.test('the longest order fits: 32 IPv6 servers, all texts full', async (test) => {
  const servers = Array.from(
    { length: 32 },
    (_, k) => `[2001:db8:ffff:ffff:ffff:ffff:ffff:${k.toString(16)}]:65535`,
  );
  const full = order({
    servers,
    userId: 'é'.repeat(32),
    room: 'ü'.repeat(24),
    userData: new Uint8Array(128).fill(255),
  });
  const opened = openConnectToken(issueConnectToken(full).token, { keys: [KEY], nowMs: NOW });
  test.same(opened.servers, servers);
  test.equal(opened.userId, full.userId);
  test.equal(opened.room, full.room);
  test.equal(opened.userData.length, 128);
});

t.test('no two tokens share a nonce or a key', async (test) => {
  const seen = new Set<string>();
  for (let k = 0; k < 50; k += 1) {
    const { bytes } = issueConnectToken(order());
    for (const [from, to] of [
      [37, 61],
      [1119, 1151],
      [1151, 1183],
    ])
      seen.add(Buffer.from(bytes.subarray(from, to)).toString('hex'));
  }
  test.equal(seen.size, 150);
});

t.test('issuers need to name neither time nor chance', async (test) => {
  const { token, expiresAtMs } = tokens.issueConnectToken({
    userId: 'ann',
    servers: ['127.0.0.1:1'],
    key: KEY,
  });
  test.ok(expiresAtMs > Date.now() && expiresAtMs <= Date.now() + 31_000);
  test.equal(tokens.openConnectToken(token, [OTHER, KEY]).userId, 'ann');
  test.throws(() => tokens.openConnectToken(token, [OTHER]), { code: 'E_TOKEN_INVALID' });
});

/**
 * The seal opened with other means than the code under test: HChaCha20 written out, then OpenSSL's ChaCha20-Poly1305
 * (draft-irtf-cfrg-xchacha, section 2.3).
 */
function unsealByHand(token: Uint8Array, key: Uint8Array): Uint8Array {
  const nonce = token.subarray(37, 61);
  const associated = Buffer.concat([token.subarray(0, 21), token.subarray(29, 37)]);
  const open = createDecipheriv(
    'chacha20-poly1305',
    hchacha20(key, nonce.subarray(0, 16)),
    Buffer.concat([Buffer.alloc(4), nonce.subarray(16)]),
    { authTagLength: 16 },
  );
  open.setAAD(associated, { plaintextLength: 1008 });
  open.setAuthTag(token.subarray(61 + 1008, 61 + 1024));
  return new Uint8Array(Buffer.concat([open.update(token.subarray(61, 61 + 1008)), open.final()]));
}

function hchacha20(key: Uint8Array, nonce: Uint8Array): Buffer {
  const words = new Uint32Array([
    0x61707865,
    0x3320646e,
    0x79622d32,
    0x6b206574,
    ...new Uint32Array(key.slice().buffer),
    ...new Uint32Array(nonce.slice().buffer),
  ]);
  const turn = (a: number, b: number, c: number, d: number): void => {
    for (const [left, right] of [
      [16, 12],
      [8, 7],
    ] as const) {
      words[a] = (words[a] ?? 0) + (words[b] ?? 0);
      words[d] = rotate((words[d] ?? 0) ^ (words[a] ?? 0), left);
      words[c] = (words[c] ?? 0) + (words[d] ?? 0);
      words[b] = rotate((words[b] ?? 0) ^ (words[c] ?? 0), right);
    }
  };
  for (let round = 0; round < 10; round += 1) {
    for (let k = 0; k < 4; k += 1) turn(k, k + 4, k + 8, k + 12);
    for (let k = 0; k < 4; k += 1)
      turn(k, 4 + ((k + 1) % 4), 8 + ((k + 2) % 4), 12 + ((k + 3) % 4));
  }
  return Buffer.from(new Uint32Array([...words.subarray(0, 4), ...words.subarray(12, 16)]).buffer);
}

function rotate(word: number, by: number): number {
  return ((word << by) | (word >>> (32 - by))) >>> 0;
}

t.test('an issuer is told where browsers take the token, as safely as their page', async (test) => {
  const issue = (url?: string) =>
    tokens.issueConnectToken({
      userId: 'ann',
      servers: ['127.0.0.1:1'],
      key: KEY,
      ...(url !== undefined && { url }),
    });
  test.match(issue('https://play.example.org/arena/'), {
    websocketUrl: 'wss://play.example.org/arena/ws',
    webrtcUrl: 'https://play.example.org/arena/rtc',
  });
  test.match(issue('http://127.0.0.1:8080'), {
    websocketUrl: 'ws://127.0.0.1:8080/ws',
    webrtcUrl: 'http://127.0.0.1:8080/rtc',
  });
  test.match(issue(), { websocketUrl: '', webrtcUrl: '' });
  for (const url of ['play.example.org', 'ftp://play.example.org/'])
    test.throws(() => issue(url), { code: 'E_CONFIG' });
});
