/** netcode, both ends: any datagrams, packets sealed with the right keys and any content, and all operations, in any order. */
import { NETCODE, NetcodePackets } from '../../../src/session/netcode.ts';
import { issueConnectToken, tokenRequestOf } from '../../../src/session/token.ts';
import {
  Bench,
  KEY,
  keysOf,
  peerOf,
  SERVER,
  sealedPacket,
  UNIX_MS,
  UsedAgain,
} from '../../session/netcode-bench.ts';
import type { Target } from '../engine.ts';
import { claim, join, Program, parts } from './bytes.ts';

const PLAYERS = 3;
const CLIENTS_MAX = 2;
const PENDING_MAX = 2;
const TOKENS = Array.from(
  { length: PLAYERS },
  (_, k) =>
    issueConnectToken({
      userId: `player-${k}`,
      servers: [SERVER],
      key: KEY,
      nowMs: UNIX_MS,
      expireMs: 600_000,
      timeoutSeconds: 2,
      random: (into) => into.fill(k + 1),
    }).bytes,
);
const REQUESTS = TOKENS.map((token) => join([0], tokenRequestOf(token)));
const PEERS = [peerOf('192.0.2.1'), peerOf('192.0.2.2'), peerOf('2001:db8::1')];
const OP = {
  raw: 0,
  request: 1,
  play: 2,
  toServer: 3,
  toClient: 4,
  wait: 5,
  close: 6,
  send: 7,
} as const;
const program = new Program();
const ours = new UsedAgain(16);
const theirs = new UsedAgain(16);
const packets = new NetcodePackets(theirs);

export const target: Target = {
  name: 'netcode',
  bytesMax: 1400,
  seeds: [
    join([OP.raw, 0], parts(REQUESTS[0] ?? [])),
    join([OP.play, 0, OP.send, 0], parts([1, 2, 3]), [OP.close, 0, OP.play, 1]),
    join([OP.play, 0, OP.toServer, 0, NETCODE.payload, 9, 0, 0, 0, 0], parts([1, 2])),
    join([OP.play, 0, OP.toServer, 0, NETCODE.disconnect, 9, 0, 0, 0, 0], parts([])),
    join(
      [OP.request, 0, OP.toServer, 0, NETCODE.response, 9, 0, 0, 0, 0],
      parts(new Uint8Array(308)),
    ),
    join([OP.request, 0, OP.request, 4, OP.wait, 255, OP.request, 8]),
    join([OP.play, 0, OP.toClient, 0, NETCODE.keepAlive, 9, 0, 0, 0, 0], parts(new Uint8Array(8))),
    join([OP.play, 0, OP.play, 1, OP.play, 2, OP.wait, 60]),
  ],
  words: [Uint8Array.of(OP.play, 0), Uint8Array.of(OP.wait, 200), Uint8Array.of(8, 0)],
  run,
};

function run(input: Uint8Array): void {
  program.reset(input);
  ours.dropAll();
  theirs.dropAll();
  const bench = new Bench({ clientsMax: CLIENTS_MAX, pendingMax: PENDING_MAX, cipher: ours });
  const sealing = { cipher: theirs, packets };
  const clients = TOKENS.map((token) => bench.client(token, sealing));
  for (let steps = 0; steps < 32 && !program.over; steps += 1) {
    const op = program.byte() & 7;
    const who = program.byte();
    const player = (who & 3) % PLAYERS;
    const peer = PEERS[(who >> 2) % PEERS.length] ?? peerOf('192.0.2.9');
    const [token, client] = [TOKENS[player], clients[player]];
    if (token === undefined || client === undefined) return;
    const before = [bench.bytesIn, bench.bytesOut] as const;
    if (op === OP.raw) bench.say(peer, program.part(1230));
    else if (op === OP.request) bench.say(peer, REQUESTS[player] ?? token);
    else if (op === OP.play) bench.pump(client, peer);
    else if (op === OP.toServer) bench.say(peer, sealed(keysOf(token).toServer));
    else if (op === OP.toClient) client.handle(sealed(keysOf(token).toClient));
    else if (op === OP.wait) bench.advance(who * 50);
    else if (op === OP.close) bench.server.close(player);
    else {
      const payload = program.part(1300);
      const packet = bench.server.send(player, payload);
      claim(packet === null || packet.length <= payload.length + 25, 'a packet');
      claim(packet === null || (payload.length > 0 && payload.length <= 1200), 'a payload');
    }
    claim(bench.bytesOut - before[1] <= bench.bytesIn - before[0], 'more out than in');
    check(bench);
  }
  bench.advance(5500);
  check(bench);
  claim(bench.server.facts.links === 0, 'who is silent is gone');
}

function check(bench: Bench): void {
  const { clients, pending, links } = bench.server.facts;
  claim(clients <= CLIENTS_MAX && pending <= PENDING_MAX, 'places');
  claim(links === clients + pending, 'a link for each');
  claim(bench.cipher.keys === 1 + 2 * links, 'two keys for each link');
  claim(new Set(bench.used).size >= bench.opened.length, 'a token opens one session');
  for (const { bytes } of bench.payloads)
    claim(bytes.length >= 1 && bytes.length <= 1200, 'a payload');
}

/** A packet that the right key sealed, of any kind and content. */
function sealed(key: Uint8Array): Uint8Array {
  const kind = program.byte() & 15;
  const sequence = BigInt(program.word()) | (BigInt(program.byte()) << 56n);
  return sealedPacket(key, kind, { sequence, body: program.part(1220) });
}
