/** What the netcode server does not take: each with its counter, in silence, and nothing else changes. */
import type { Test } from 'tap';
import t from 'tap';
import type { NetcodeClient } from '../../src/session/client/netcode.ts';
import { NETCODE_STATE } from '../../src/session/client/netcode.ts';
import { NETCODE } from '../../src/session/netcode.ts';
import type { NetcodeCounters } from '../../src/session/server/netcode.ts';
import { NETCODE_VERDICT } from '../../src/session/server/netcode.ts';
import { requestMac, tokenRequestOf } from '../../src/session/token.ts';
import {
  Bench,
  type BenchOptions,
  keysOf,
  peerOf,
  sealedPacket,
  UNIX_MS,
} from './netcode-bench.ts';

type Drop = Extract<keyof NetcodeCounters, `drop${string}`>;

/** A connected player, a token that nobody has used, and who sends. */
interface Scene {
  readonly bench: Bench;
  readonly player: NetcodeClient;
  readonly playerToken: Uint8Array;
  readonly fresh: Uint8Array;
}

interface Row {
  readonly what: string;
  readonly counter: Drop;
  /** The packet that is refused, after what it takes to get there. From BOB unless `from`. */
  readonly packet: (scene: Scene) => Uint8Array;
  readonly from?: typeof ANN;
  readonly options?: BenchOptions;
}

const ANN = peerOf('192.0.2.1', 4000);
const BOB = peerOf('198.51.100.2', 4000);
const CID = peerOf('203.0.113.9', 4000);
const NONE = new Uint8Array(0);
const ONE = Uint8Array.of(1);

/** Offsets in a request packet. */
const FIELDS = { version: 1, protocol: 14, expiry: 22, nonce: 30, sealed: 54, tag: 1062 } as const;

const REQUESTS: readonly Row[] = [
  ...[0, 1, 17, 1077, 1079, 1225].map(
    (length): Row => ({
      what: `a request of ${length} bytes`,
      counter: 'dropSize',
      packet: ({ fresh }) => resized(requestOf(fresh), length),
    }),
  ),
  ...tampered('version', 13, 'dropVersion'),
  ...tampered('protocol', 8, 'dropProtocol'),
  ...tampered('nonce', 24, 'dropForged'),
  ...tampered('sealed', 1008, 'dropForged'),
  ...tampered('tag', 16, 'dropForged'),
  {
    what: 'a request whose expiry was put off',
    counter: 'dropForged',
    packet: ({ fresh }) => requestOf(fresh).fill(1, FIELDS.expiry + 4, FIELDS.expiry + 5),
  },
  {
    what: 'a token past its expiry',
    counter: 'dropExpired',
    packet: ({ bench }) => requestOf(bench.token({ nowMs: UNIX_MS - 30_000 })),
  },
  {
    what: 'a token that expires in this very second',
    counter: 'dropExpired',
    packet({ bench }) {
      const token = bench.token({ expireMs: 5000 });
      bench.unixMs = UNIX_MS + 6000;
      return requestOf(token);
    },
  },
  {
    what: 'a token sealed with another key',
    counter: 'dropForged',
    packet: ({ bench }) => requestOf(bench.token({ key: new Uint8Array(32).fill(8) })),
  },
  {
    what: 'a token for other servers',
    counter: 'dropServer',
    packet: ({ bench }) =>
      requestOf(bench.token({ servers: ['10.0.0.1:40001', '[2001:db8::1]:40000'] })),
  },
  {
    what: 'a request of an address that is connected, with another token',
    counter: 'dropConnected',
    packet: ({ fresh }) => requestOf(fresh),
    from: ANN,
  },
  {
    what: 'a token that is used, from another address',
    counter: 'dropUsed',
    packet: ({ playerToken }) => requestOf(playerToken),
  },
  {
    what: 'a token that is used, from the same address, when its client has gone',
    counter: 'dropUsed',
    packet({ bench, playerToken }) {
      bench.server.close(0);
      bench.settle();
      return requestOf(playerToken);
    },
    from: ANN,
  },
  {
    what: 'a token under way from another address',
    counter: 'dropUsed',
    packet({ bench, fresh }) {
      bench.say(peerOf('203.0.113.7'), requestOf(fresh));
      return requestOf(fresh);
    },
  },
  {
    what: 'a request for a challenge that has just been sent',
    counter: 'dropChallengeRate',
    packet({ bench, fresh }) {
      bench.say(BOB, requestOf(fresh));
      return requestOf(fresh);
    },
  },
  {
    what: 'a handshake too many',
    counter: 'dropPending',
    options: { pendingMax: 1 },
    packet({ bench, fresh }) {
      bench.say(peerOf('203.0.113.7'), requestOf(fresh));
      return requestOf(bench.token());
    },
  },
  {
    what: 'a request beyond what the server opens in a second',
    counter: 'dropOpens',
    options: { opensPerSecond: 8 },
    packet({ bench, fresh }) {
      for (let host = 0; host < 2; host += 1)
        bench.say(peerOf(`203.0.113.${host}`), changed(requestOf(fresh), FIELDS.tag));
      return requestOf(fresh);
    },
  },
  {
    what: 'a request beyond what is opened for a prefix',
    counter: 'dropOpensPrefix',
    options: { opensPerPrefixPerSecond: 0.5 },
    packet({ bench, fresh }) {
      for (let host = 10; host < 12; host += 1)
        bench.say(peerOf(`198.51.100.${host}`), changed(requestOf(fresh), FIELDS.tag));
      return requestOf(fresh);
    },
  },
];

const PACKETS: readonly Row[] = [
  {
    what: 'a sealed packet from an address without a token',
    counter: 'dropUnknown',
    packet: (scene) => payload(scene, 9n),
  },
  {
    what: 'a payload before the challenge is answered',
    counter: 'dropState',
    packet({ bench, fresh }) {
      bench.say(BOB, requestOf(fresh));
      return sealedPacket(keysOf(fresh).toServer, NETCODE.payload, { sequence: 0n, body: ONE });
    },
  },
  {
    what: 'a payload that has come already',
    counter: 'dropReplay',
    from: ANN,
    packet(scene) {
      scene.bench.say(ANN, payload(scene, 9n));
      return payload(scene, 9n);
    },
  },
  {
    what: 'a keep-alive that has come already',
    counter: 'dropReplay',
    from: ANN,
    packet({ bench, playerToken }) {
      const body = new Uint8Array(8);
      const packet = sealedPacket(keysOf(playerToken).toServer, NETCODE.keepAlive, {
        sequence: 9n,
        body,
      });
      bench.say(ANN, packet);
      return packet;
    },
  },
  {
    what: 'a payload that has come already, behind later ones',
    counter: 'dropReplay',
    from: ANN,
    packet(scene) {
      for (const sequence of [9n, 200n, 264n]) scene.bench.say(ANN, payload(scene, sequence));
      return payload(scene, 9n);
    },
  },
  {
    what: 'the packet of a player, from another address',
    counter: 'dropUnknown',
    packet: (scene) => scene.player.send(ONE)?.slice() ?? NONE,
  },
  {
    what: 'a response that was recorded, from another address',
    counter: 'dropUnknown',
    packet: (scene) => responseOf(scene),
  },
  {
    what: 'a response that was recorded and comes again',
    counter: 'dropConnected',
    from: CID,
    packet: (scene) => responseOf(scene),
  },
  {
    what: 'a request that was recorded and comes again, of who is in',
    counter: 'dropConnected',
    from: ANN,
    packet: ({ playerToken }) => requestOf(playerToken),
  },
  {
    what: 'a payload older than the window',
    counter: 'dropReplay',
    from: ANN,
    packet(scene) {
      scene.bench.say(ANN, payload(scene, 300n));
      return payload(scene, 44n);
    },
  },
  {
    what: 'a sequence that nobody reaches',
    counter: 'dropReplay',
    from: ANN,
    packet: (scene) => payload(scene, 2n ** 53n),
  },
  {
    what: 'a disconnect that was recorded and comes again after all',
    counter: 'dropUnknown',
    from: ANN,
    packet(scene) {
      const bye = sealedPacket(keysOf(scene.playerToken).toServer, NETCODE.disconnect, {
        sequence: 9n,
      });
      scene.bench.say(ANN, bye);
      return bye;
    },
  },
  ...[1, 2, 18].map(
    (at): Row => ({
      what: `a payload with its byte ${at} changed`,
      counter: 'dropSealed',
      from: ANN,
      packet: (scene) => changed(payload(scene, 9n), at),
    }),
  ),
  {
    what: 'a payload that says it is a disconnect',
    counter: 'dropSealed',
    from: ANN,
    packet: (scene) => {
      const packet = payload(scene, 9n);
      packet[0] = (packet[0] ?? 0) + 1;
      return packet;
    },
  },
  {
    what: 'a packet of another player',
    counter: 'dropSealed',
    from: ANN,
    packet: ({ fresh }) =>
      sealedPacket(keysOf(fresh).toServer, NETCODE.payload, { sequence: 9n, body: ONE }),
  },
  {
    what: 'a packet of the server, sent back',
    counter: 'dropSealed',
    from: ANN,
    packet: ({ bench }) => bench.server.keepAlive(0)?.slice() ?? NONE,
  },
  ...(
    [
      [NETCODE.keepAlive, 7],
      [NETCODE.keepAlive, 9],
      [NETCODE.payload, 0],
      [NETCODE.disconnect, 1],
    ] as const
  ).map(
    ([kind, bytes]): Row => ({
      what: `kind ${kind} with ${bytes} bytes`,
      counter: 'dropLength',
      from: ANN,
      packet: ({ playerToken }) =>
        sealedPacket(keysOf(playerToken).toServer, kind, {
          sequence: 9n,
          body: new Uint8Array(bytes),
        }),
    }),
  ),
  {
    what: 'a response of a client that is connected',
    counter: 'dropConnected',
    from: ANN,
    packet: ({ playerToken }) =>
      sealedPacket(keysOf(playerToken).toServer, NETCODE.response, {
        sequence: 9n,
        body: new Uint8Array(308),
      }),
  },
  {
    what: 'a response with a challenge that nobody made',
    counter: 'dropChallenge',
    packet({ bench, fresh }) {
      bench.say(BOB, requestOf(fresh));
      return sealedPacket(keysOf(fresh).toServer, NETCODE.response, {
        sequence: 0n,
        body: new Uint8Array(308),
      });
    },
  },
  {
    what: 'a response of another length',
    counter: 'dropLength',
    packet({ bench, fresh }) {
      bench.say(BOB, requestOf(fresh));
      return sealedPacket(keysOf(fresh).toServer, NETCODE.response, {
        sequence: 0n,
        body: new Uint8Array(307),
      });
    },
  },
  ...[NETCODE.denied, NETCODE.challenge, 7, 15].map(
    (kind): Row => ({
      what: `kind ${kind}`,
      counter: 'dropKind',
      from: ANN,
      packet: ({ playerToken }) =>
        sealedPacket(keysOf(playerToken).toServer, kind, { sequence: 9n, body: ONE }),
    }),
  ),
  ...[0, 9].map(
    (sequenceBytes): Row => ({
      what: `a sequence of ${sequenceBytes} bytes`,
      counter: 'dropKind',
      from: ANN,
      packet: (scene) => {
        const packet = payload(scene, 2n ** 62n);
        packet[0] = NETCODE.payload | (sequenceBytes << 4);
        return packet;
      },
    }),
  ),
  ...[17, 24, 1226].map(
    (length): Row => ({
      what: `a sealed packet of ${length} bytes`,
      counter: 'dropSize',
      from: ANN,
      packet: (scene) => resized(payload(scene, 2n ** 62n), length),
    }),
  ),
];

for (const row of [...REQUESTS, ...PACKETS]) {
  t.test(`refused: ${row.what}`, async (test) => {
    const bench = new Bench(row.options);
    const [playerToken, fresh] = [bench.token(), bench.token()];
    const player = bench.connect(ANN, playerToken);
    bench.advance(250);
    const packet = row.packet({ bench, player, playerToken, fresh });
    const before = { ...bench.server.counters };
    const facts = bench.server.facts;
    test.equal(bench.server.handle(row.from ?? BOB, packet), NETCODE_VERDICT.dropped);
    const after = { ...bench.server.counters };
    test.equal(after[row.counter], before[row.counter] + 1, 'counted');
    for (const name of Object.keys(after) as (keyof NetcodeCounters)[])
      if (name !== row.counter && name !== 'requests')
        test.equal(after[name], before[name], `${name} did not move`);
    test.same(bench.server.facts, facts);
    if (facts.clients > 0) playsOn(test, bench, player);
  });
}

t.test('every refusal of the counters has its row', async (test) => {
  const shown = new Set<string>([...REQUESTS, ...PACKETS].map((row) => row.counter));
  const all = Object.keys(new Bench().server.counters).filter((name) => name.startsWith('drop'));
  test.same([...shown].sort(), all.sort());
});

t.test(
  'packets in another order are taken once each, as far back as the window goes',
  async (test) => {
    const bench = new Bench();
    const playerToken = bench.token();
    bench.connect(ANN, playerToken);
    const order = [300n, 299n, 46n, 45n, 302n, 47n, 301n];
    const packet = (sequence: bigint) =>
      sealedPacket(keysOf(playerToken).toServer, NETCODE.payload, { sequence, body: ONE });
    const verdicts = [...order, ...order].map((sequence) =>
      bench.server.handle(ANN, packet(sequence)),
    );
    const taken = [1, 1, 1, 1, 1, 1, 1].map((one) => one === 1);
    test.same(
      verdicts.map((verdict) => verdict === NETCODE_VERDICT.payload),
      [...taken, ...taken.map(() => false)],
    );
    test.equal(bench.server.counters.dropReplay, order.length);
  },
);

t.test('who is on the way in may ask again, though nothing more is opened', async (test) => {
  const bench = new Bench({ opensPerSecond: 4 });
  const request = requestOf(bench.token());
  test.equal(bench.say(BOB, request).length, 1);
  bench.nowUs += 200_000;
  bench.server.tick(bench.nowUs);
  test.same(bench.say(peerOf('203.0.113.7'), requestOf(bench.token())), []);
  test.equal(bench.server.counters.dropOpens, 1);
  test.equal(bench.say(BOB, request).length, 1, 'the challenge again');
  test.equal(bench.server.counters.challenges, 2);
});

t.test('a used token stays used over a restart that remembers it', async (test) => {
  const bench = new Bench();
  const token = bench.token();
  bench.connect(ANN, token);
  const again = new Bench();
  for (const mac of bench.used) again.used.add(mac);
  test.same(again.say(ANN, requestOf(token)), []);
  test.equal(again.server.counters.dropUsed, 1);
});

t.test('a token that another transport has used meanwhile opens nothing', async (test) => {
  const bench = new Bench();
  const token = bench.token();
  const client = bench.client(token);
  client.tick(bench.nowUs);
  client.handle(bench.say(BOB, client.poll()?.slice() ?? NONE)[0] ?? NONE);
  bench.used.add(requestMac(tokenRequestOf(token)));
  test.same(bench.say(BOB, client.poll()?.slice() ?? NONE), []);
  test.equal(bench.server.counters.dropUsed, 1);
  test.same(bench.server.facts, { clients: 0, pending: 0, links: 0 });
});

/** The player is still there, and heard. */
function playsOn(test: Test, bench: Bench, player: NetcodeClient): void {
  const heard = bench.payloads.length;
  for (let k = 0; k < 400; k += 1) bench.say(ANN, player.send(Uint8Array.of(7))?.slice() ?? NONE);
  test.ok(bench.payloads.length > heard, 'the player goes on');
  test.equal(player.state, NETCODE_STATE.connected);
}

function payload({ playerToken }: Scene, sequence: bigint): Uint8Array {
  return sealedPacket(keysOf(playerToken).toServer, NETCODE.payload, { sequence, body: ONE });
}

/** The response with which CID has got in by the fresh token. */
function responseOf({ bench, fresh }: Scene): Uint8Array {
  const client = bench.client(fresh);
  let response = NONE;
  for (let step = 0; step < 2; step += 1) {
    client.tick(bench.nowUs);
    response = client.poll()?.slice() ?? NONE;
    for (const back of bench.say(CID, response)) client.handle(back);
  }
  return response;
}

function requestOf(token: Uint8Array): Uint8Array {
  return Uint8Array.of(0, ...tokenRequestOf(token));
}

function resized(packet: Uint8Array, length: number): Uint8Array {
  const other = new Uint8Array(length);
  other.set(packet.subarray(0, length));
  return other;
}

function changed(packet: Uint8Array, at: number): Uint8Array {
  const other = packet.slice();
  other[at] = (other[at] ?? 0) ^ 1;
  return other;
}

/** First, middle and last byte of a field. */
function tampered(field: keyof typeof FIELDS, bytes: number, counter: Drop): Row[] {
  return [0, bytes >> 1, bytes - 1].map((at) => ({
    what: `a request with byte ${at} of its ${field} changed`,
    counter,
    packet: ({ fresh }) => changed(requestOf(fresh), FIELDS[field] + at),
  }));
}
