import t from 'tap';
import { NETCODE_STATE } from '../../src/session/client/netcode.ts';
import { NETCODE, ReplayWindow } from '../../src/session/netcode.ts';
import { NETCODE_VERDICT } from '../../src/session/server/netcode.ts';
import { tokenRequestOf } from '../../src/session/token.ts';
import {
  Bench,
  generator,
  keysOf,
  newSeal,
  peerOf,
  SERVER,
  sealedPacket,
} from './netcode-bench.ts';

/** First byte, version info, protocol id. */
const HEAD = `00${'4e4554434f444520312e303200'}${'6672617901000000'}`;
/** Key of 32 ones, sequence 1000, payload 0000000004000000. */
const GOLDEN_PAYLOAD = '25e803e51a45ba8bf86c5cee50cf739ae39a1782e00ed31d8cc826';
const ANN = peerOf('192.0.2.1', 4000);
const BOB = peerOf('192.0.2.2', 4000);
const NONE = new Uint8Array(0);

t.test('packets are the bytes that the standard says, both ways', async (test) => {
  const bench = new Bench();
  const token = bench.token();
  const { toServer, toClient } = keysOf(token);
  const client = bench.client(token);
  client.tick(bench.nowUs);
  const request = client.poll()?.slice() ?? NONE;
  test.equal(request.length, 1078);
  test.equal(Buffer.from(request.subarray(0, 22)).toString('hex'), HEAD);
  test.same(request.subarray(1), tokenRequestOf(token));
  const [challenge] = bench.say(ANN, request);
  test.equal(challenge?.length, 1 + 8 + 308 + 16);
  test.equal(challenge?.[0], 0x82, 'counted from far above, in 8 bytes');
  client.handle(challenge ?? request);
  const response = client.poll()?.slice() ?? NONE;
  test.equal(response.length, 1 + 1 + 308 + 16);
  test.equal(response[0], 0x13);
  const [keepAlive] = bench.say(ANN, response);
  const body = Uint8Array.of(0, 0, 0, 0, 4, 0, 0, 0);
  test.same(keepAlive, sealedPacket(toClient, NETCODE.keepAlive, { sequence: 0n, body }));
  client.handle(keepAlive ?? request);
  test.equal(client.state, NETCODE_STATE.connected);
  test.same([client.clientIndex, client.clientsMax], [0, 4]);
  test.same(
    bench.server.send(0, body),
    sealedPacket(toClient, NETCODE.payload, { sequence: 1n, body }),
  );
  test.same(client.send(body), sealedPacket(toServer, NETCODE.payload, { sequence: 1n, body }));
  test.equal(
    Buffer.from(
      sealedPacket(new Uint8Array(32).fill(1), NETCODE.payload, { sequence: 1000n, body }),
    ).toString('hex'),
    GOLDEN_PAYLOAD,
  );
  for (const sequence of [255n, 256n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 40n + 5n]) {
    bench.say(ANN, sealedPacket(toServer, NETCODE.payload, { sequence, body }));
    test.same(bench.payloads.at(-1), { client: 0, bytes: body }, `sequence ${sequence}`);
  }
});

t.test(
  'a challenge is smaller than a request, and nothing else goes to a stranger',
  async (test) => {
    const bench = new Bench({ clientsMax: 1 });
    const request = requestOf(bench.token());
    for (let k = 0; k < 100; k += 1) {
      const before = [bench.bytesIn, bench.bytesOut] as const;
      bench.say(ANN, request);
      const [bytesIn, bytesOut] = [bench.bytesIn - before[0], bench.bytesOut - before[1]];
      if (bytesOut > bytesIn) test.fail(`${bytesOut} bytes for ${bytesIn}`);
      bench.advance(50, () => test.fail('something is sent that nobody asked for'));
    }
    test.equal(bench.server.facts.clients, 0);
    test.ok(bench.server.facts.pending <= 1);
  },
);

t.test(
  'a link that is not proven is forgotten, its keys and its token are free again',
  async (test) => {
    const bench = new Bench();
    const keys = bench.cipher.keys;
    const token = bench.token();
    bench.say(ANN, requestOf(token));
    test.same(bench.server.facts, { clients: 0, pending: 1, links: 1 });
    test.same(bench.say(BOB, requestOf(token)), [], 'one address for a token');
    bench.advance(5050);
    test.same(bench.server.facts, { clients: 0, pending: 0, links: 0 });
    test.equal(bench.cipher.keys, keys);
    test.equal(bench.server.counters.handshakeTimeouts, 1);
    test.equal(bench.connect(BOB, token).state, NETCODE_STATE.connected);
  },
);

t.test('a challenge answers for the address and the token that it was made for', async (test) => {
  const bench = new Bench();
  const [token, other] = [bench.token(), bench.token()];
  bench.say(BOB, requestOf(other));
  const client = bench.client(token);
  client.tick(bench.nowUs);
  const request = client.poll()?.slice() ?? NONE;
  client.handle(bench.say(ANN, request)[0] ?? request);
  const response = client.poll()?.slice() ?? NONE;
  // A challenge that ann has seen, newer than bob's link, sealed anew for the token that is mapped to him.
  const body = openedBody(token, response);
  const forged = sealedPacket(keysOf(other).toServer, NETCODE.response, { sequence: 0n, body });
  test.equal(bench.server.handle(BOB, forged), NETCODE_VERDICT.dropped);
  test.equal(bench.server.counters.dropChallenge, 1);
  // The same token, later mapped to bob: ann's challenge is older than his link.
  bench.advance(5050);
  bench.say(BOB, request);
  test.equal(bench.server.handle(BOB, response), NETCODE_VERDICT.dropped);
  test.equal(bench.server.counters.dropChallenge, 2);
  test.equal(bench.opened.length, 0);
});

t.test(
  'keep-alives ten times a second where nothing else is sent, time-out from the token',
  async (test) => {
    const bench = new Bench();
    const client = bench.connect(ANN, bench.token({ timeoutSeconds: 2 }));
    let sent = 0;
    bench.advance(1000, (_peer, bytes) => {
      sent += 1;
      test.equal(bytes[0]! & 15, NETCODE.keepAlive);
      client.handle(bytes);
    });
    test.equal(sent, 10);
    let due = 0;
    for (let ms = 0; ms < 900; ms += 50) {
      client.tick(bench.nowUs + ms * 1000);
      while (client.poll() !== null) due += 1;
    }
    test.equal(due, 9);
    test.equal(bench.closed.length, 0);
    bench.advance(950);
    test.same(bench.closed, []);
    bench.advance(50);
    test.same(bench.closed, [{ client: 0, silent: true }]);
    test.equal(bench.server.counters.timeouts, 1);
    test.same(bench.server.facts, { clients: 0, pending: 0, links: 0 });
    client.tick(bench.nowUs + 1_950_000);
    test.equal(client.state, NETCODE_STATE.timedOut);
    const never = bench.connect(BOB, bench.token({ timeoutSeconds: -1 }));
    bench.advance(60_000);
    never.tick(bench.nowUs);
    test.equal(never.state, NETCODE_STATE.connected);
    test.equal(bench.server.facts.clients, 1);
  },
);

t.test('a client is confirmed once it has said something', async (test) => {
  const bench = new Bench();
  const client = bench.client();
  client.tick(bench.nowUs);
  for (let turn = 0; turn < 2; turn += 1)
    client.handle(bench.say(ANN, client.poll()?.slice() ?? NONE)[0] ?? NONE);
  test.equal(client.state, NETCODE_STATE.connected);
  test.equal(bench.server.isConfirmed(0), false);
  bench.say(ANN, client.send(Uint8Array.of(1))?.slice() ?? NONE);
  test.equal(bench.server.isConfirmed(0), true);
});

t.test('a disconnect is said ten times, by either end, and one is enough', async (test) => {
  const bench = new Bench();
  const keys = bench.cipher.keys;
  const ann = bench.connect(ANN);
  bench.server.close(0);
  test.equal(bench.server.send(0, Uint8Array.of(1)), null);
  let farewells = 0;
  bench.settle((_peer, bytes) => {
    farewells += 1;
    test.equal(bytes[0]! & 15, NETCODE.disconnect);
    if (farewells === 10) ann.handle(bytes);
  });
  test.equal(farewells, 10);
  test.equal(ann.state, NETCODE_STATE.disconnected);
  test.same(bench.closed, [{ client: 0, silent: false }]);
  const bob = bench.connect(BOB);
  bob.close();
  const packets: Uint8Array[] = [];
  for (let due = bob.poll(); due !== null; due = bob.poll()) packets.push(due.slice());
  test.equal(packets.length, 10);
  bench.say(BOB, packets[7] ?? NONE);
  test.equal(bench.closed.length, 2);
  test.equal(bench.server.counters.closedByClient, 1);
  test.equal(bench.cipher.keys, keys, 'all keys are given back');
});

t.test('a full server denies, in request and response', async (test) => {
  const bench = new Bench({ clientsMax: 1 });
  const late = bench.client();
  late.tick(bench.nowUs);
  late.handle(bench.say(BOB, late.poll()?.slice() ?? NONE)[0] ?? NONE);
  test.equal(late.state, NETCODE_STATE.responding);
  bench.connect(ANN);
  bench.pump(late, BOB);
  test.equal(late.state, NETCODE_STATE.denied);
  const later = bench.connect(peerOf('192.0.2.3'));
  test.equal(later.state, NETCODE_STATE.denied);
  test.equal(bench.server.counters.denied, 2);
  test.same(bench.server.facts, { clients: 1, pending: 0, links: 1 });
});

t.test('a client tries server after server, and says how it ended', async (test) => {
  const bench = new Bench();
  const servers = ['10.9.9.9:1', '[2001:db8::7]:2', SERVER];
  const client = bench.client(bench.token({ servers, timeoutSeconds: 1, expireMs: 60_000 }));
  test.equal(client.server, '10.9.9.9:1');
  bench.nowUs += 1_000_000;
  client.tick(bench.nowUs);
  test.equal(client.server, '[2001:db8:0:0:0:0:0:7]:2');
  client.refused();
  test.equal(client.server, SERVER);
  bench.server.tick(bench.nowUs);
  bench.pump(client, ANN);
  test.equal(client.state, NETCODE_STATE.connected);
  const lost = bench.client(bench.token({ timeoutSeconds: 1 }));
  lost.tick(bench.nowUs + 1_000_000);
  test.equal(lost.state, NETCODE_STATE.requestTimedOut);
  const half = bench.client(bench.token({ timeoutSeconds: 1 }));
  half.tick(bench.nowUs);
  half.handle(bench.say(BOB, half.poll()?.slice() ?? NONE)[0] ?? NONE);
  half.tick(bench.nowUs + 1_000_000);
  test.equal(half.state, NETCODE_STATE.responseTimedOut);
  const old = bench.client(bench.token({ timeoutSeconds: 60, expireMs: 3000 }));
  old.tick(bench.nowUs + 3_000_000);
  test.equal(old.state, NETCODE_STATE.tokenExpired);
});

t.test(
  'no number is used twice with a key, from server to server and over a restart',
  async (test) => {
    const bench = new Bench({}, 1);
    const again = new Bench({}, 2);
    const token = bench.token();
    const heads = new Set<string>();
    for (const one of [bench, again, bench, again]) {
      one.advance(100);
      const [challenge] = one.say(ANN, requestOf(token));
      heads.add(Buffer.from(challenge?.subarray(0, 9) ?? []).toString('hex'));
    }
    test.equal(heads.size, 4);
    const client = bench.client(bench.token({ servers: [SERVER, SERVER], timeoutSeconds: 1 }));
    const sequences: number[] = [];
    for (let turn = 0; turn < 2; turn += 1) {
      const peer = peerOf('192.0.2.9', 1000 + turn);
      client.tick(bench.nowUs);
      const [challenge] = bench.say(peer, client.poll()?.slice() ?? NONE);
      client.handle(challenge ?? NONE);
      sequences.push(client.poll()?.[1] ?? -1);
      bench.advance(5100);
      client.tick(bench.nowUs);
    }
    test.same(sequences, [0, 1]);
  },
);

t.test('who begins again with the keys of a token seals under other numbers', async (test) => {
  const bench = new Bench({ clientsMax: 4 });
  const token = bench.token();
  const first = (at: Bench): { readonly toServer: string; readonly toClient: string } => {
    const client = at.client(token);
    const peer = peerOf('192.0.2.9', 1000);
    const [challenge] = at.say(peer, client.poll()?.slice() ?? NONE);
    client.handle(challenge ?? NONE);
    const response = client.poll()?.slice() ?? NONE;
    const [place] = at.say(peer, response);
    const head = (bytes: Uint8Array): string =>
      Buffer.from(bytes.subarray(1, 1 + ((bytes[0] ?? 0) >>> 4))).toString('hex');
    return { toServer: head(response), toClient: head(place ?? NONE) };
  };
  const heads = [first(bench)];
  // The server was restarted, and its disk had not taken down that the token is used.
  for (const laterMs of [100, 5000, 60_000, 300_000]) {
    const again = new Bench({ clientsMax: 4, unixMs: () => bench.unixMs });
    again.advance(laterMs);
    heads.push(first(again));
  }
  test.equal(new Set(heads.map(({ toServer }) => toServer)).size, heads.length);
  test.equal(new Set(heads.map(({ toClient }) => toClient)).size, heads.length);
});

t.test('the replay window is what a plain set says', async (test) => {
  const seed = Date.now() & 0xffff;
  test.comment(`seed ${seed}`);
  const random = generator(seed);
  for (let run = 0; run < 20; run += 1) {
    const window = new ReplayWindow();
    const seen = new Set<number>();
    let newest = -1;
    for (let step = 0; step < 2000; step += 1) {
      const jump = random() < 0.02 ? random() * 1000 : random() * 6;
      const back = random() < 0.5 ? 0 : Math.floor(random() * 300);
      const sequence = Math.max(0, newest + Math.ceil(jump) - back);
      const fresh = sequence > newest - 256 && !seen.has(sequence);
      if (window.isFresh(sequence) !== fresh) test.fail(`run ${run}, step ${step}: ${sequence}`);
      if (!fresh) continue;
      window.mark(sequence);
      seen.add(sequence);
      newest = Math.max(newest, sequence);
    }
  }
  test.equal(new ReplayWindow().isFresh(Infinity), false);
});

t.test('a cipher without places for keys opens nothing', async (test) => {
  const bench = new Bench({ cipher: newSeal(4), pendingMax: 8 });
  bench.say(ANN, requestOf(bench.token()));
  test.equal(bench.server.facts.pending, 1);
  bench.say(BOB, requestOf(bench.token()));
  test.equal(bench.server.facts.pending, 1);
  test.equal(bench.server.counters.dropPending, 1);
});

function requestOf(token: Uint8Array): Uint8Array {
  return Uint8Array.of(0, ...tokenRequestOf(token));
}

/** What a client's packet with sequence 0 has inside: sealing twice with one stream gives the plain bytes back. */
function openedBody(token: Uint8Array, packet: Uint8Array): Uint8Array {
  const sealed = packet.subarray(2, packet.length - 16);
  const again = sealedPacket(keysOf(token).toServer, packet[0]! & 15, {
    sequence: 0n,
    body: sealed,
  });
  return again.slice(2, again.length - 16);
}
