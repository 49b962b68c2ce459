/** Client and server of netcode over a network that loses, doubles, delays and corrupts; on a clock of its own. */
import type { Test } from 'tap';
import t from 'tap';
import type { NetcodeClient } from '../../src/session/client/netcode.ts';
import { NETCODE_STATE } from '../../src/session/client/netcode.ts';
import type { NetcodePeer } from '../../src/session/server/netcode-links.ts';
import { Bench, generator, peerOf } from './netcode-bench.ts';

interface Flight {
  readonly dueUs: number;
  readonly deliver: () => void;
}

/** Datagrams on their way, both directions. */
class Network {
  corrupted = 0;
  lost = 0;
  readonly #random: () => number;
  readonly #lossShare: number;
  #flights: Flight[] = [];

  constructor(random: () => number, lossShare: number) {
    this.#random = random;
    this.#lossShare = lossShare;
  }

  send(nowUs: number, bytes: Uint8Array, deliver: (bytes: Uint8Array) => void): void {
    const copies = this.#random() < 0.1 ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      if (this.#random() < this.#lossShare) {
        this.lost += 1;
        continue;
      }
      const arrived = bytes.slice();
      if (this.#random() < 0.05) {
        this.corrupted += 1;
        arrived[Math.floor(this.#random() * arrived.length)]! ^=
          1 << Math.floor(this.#random() * 8);
      }
      const dueUs = nowUs + this.#random() * 200_000;
      this.#flights.push({ dueUs, deliver: () => deliver(arrived) });
    }
  }

  run(nowUs: number): void {
    const due = this.#flights.filter((flight) => flight.dueUs <= nowUs);
    this.#flights = this.#flights.filter((flight) => flight.dueUs > nowUs);
    for (const flight of due.sort((a, b) => a.dueUs - b.dueUs)) flight.deliver();
  }
}

interface Player {
  readonly peer: NetcodePeer;
  readonly client: NetcodeClient;
  sent: number;
  /** Numbers of payloads that came from the server, in order of arrival. */
  readonly heard: number[];
}

for (const loss of [0, 0.05, 0.3]) {
  t.test(`${loss * 100} % loss each way: all get in, nothing comes twice or changed`, (test) =>
    play(test, loss),
  );
}

async function play(test: Test, loss: number): Promise<void> {
  const seed = Date.now() & 0xffff;
  test.comment(`seed ${seed}`);
  const random = generator(seed);
  const bench = new Bench({ clientsMax: 8, pendingMax: 16 }, seed);
  const network = new Network(random, loss);
  const players: Player[] = Array.from({ length: 8 }, (_, k) => ({
    peer: peerOf('192.0.2.1', 1000 + k),
    client: bench.client(bench.token({ timeoutSeconds: 10, expireMs: 600_000 })),
    sent: 0,
    heard: [],
  }));
  const toClients = new Map(players.map((player) => [player.peer.port, player]));
  let serverSent = 0;
  const toClient = (peer: NetcodePeer, bytes: Uint8Array): void => {
    const player = toClients.get(peer.port);
    network.send(bench.nowUs, bytes, (arrived) => {
      const payload = player?.client.handle(arrived) ?? null;
      if (payload !== null) player?.heard.push(numberOf(payload));
    });
  };
  const toServer = (player: Player, bytes: Uint8Array): void =>
    network.send(bench.nowUs, bytes, (arrived) => {
      for (const back of bench.say(player.peer, arrived)) toClient(player.peer, back);
    });
  for (let step = 0; step < 1200; step += 1) {
    bench.advance(50, toClient);
    network.run(bench.nowUs);
    for (const player of players) {
      player.client.tick(bench.nowUs);
      for (let due = player.client.poll(); due !== null; due = player.client.poll())
        toServer(player, due.slice());
      const packet = player.client.send(payloadOf(player.peer.port, player.sent));
      if (packet === null) continue;
      player.sent += 1;
      toServer(player, packet.slice());
    }
    for (let index = 0; index < 8; index += 1) {
      const peer = bench.server.peerOf(index);
      const place = bench.server.isConfirmed(index) ? null : bench.server.keepAlive(index);
      if (peer !== null && place !== null) toClient(peer, place.slice());
      const packet = bench.server.send(index, payloadOf(peer?.port ?? 0, serverSent));
      if (peer !== null && packet !== null) toClient(peer, packet.slice());
    }
    serverSent += 1;
  }
  test.same(
    players.map((player) => player.client.state),
    players.map(() => NETCODE_STATE.connected),
  );
  test.equal(bench.opened.length, 8, 'each once');
  for (const player of players) {
    const got = bench.payloads.filter((one) => portOf(one.bytes) === player.peer.port);
    const numbers = got.map((one) => numberOf(one.bytes));
    test.equal(new Set(numbers).size, numbers.length, 'nothing comes twice to the server');
    test.equal(new Set(player.heard).size, player.heard.length, 'nor to the client');
    const share = numbers.length / player.sent;
    const arrives = (1 - loss) * 0.95;
    test.ok(share > arrives - 0.1, `${share} of what was sent came, ${arrives} and more should`);
    test.ok(got.every((one) => intact(one.bytes)) && player.heard.every((n) => n < serverSent));
  }
  test.ok(network.corrupted > 0 && bench.server.counters.dropSealed > 0, 'damage is seen');
  test.ok(bench.server.counters.dropReplay > 0, 'doubles are seen');
}

/** u16 port, u32 number, then bytes that follow from both. */
function payloadOf(port: number, number: number): Uint8Array {
  const bytes = new Uint8Array(6 + (number % 90));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, port);
  view.setUint32(2, number);
  for (let at = 6; at < bytes.length; at += 1) bytes[at] = (port + number + at) & 255;
  return bytes;
}

function portOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint16(0);
}

function numberOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(2);
}

function intact(bytes: Uint8Array): boolean {
  const expected = payloadOf(portOf(bytes), numberOf(bytes));
  return Buffer.compare(expected, bytes) === 0;
}
