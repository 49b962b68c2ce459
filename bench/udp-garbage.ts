/**
 * Bytes of JavaScript heap that a datagram over UDP leaves behind beyond what node:dgram makes of it: the netcode server, the encryption and
 * the pipes, from the listener of the raw socket to its `send`, one encrypted datagram in and one out per call. The raw socket is a
 * function here; packets were sealed beforehand by the real client.
 */
import { randomFillSync } from 'node:crypto';
import { PacketSeal } from '../core-wasm/bindings/seal.ts';
import type { BenchRow } from '../src/cli/bench-report.ts';
import { ownRow } from '../src/cli/bench-report.ts';
import { loadSeal } from '../src/client/seal-node.ts';
import { NetcodeTransport } from '../src/netcode-transport.ts';
import { NETCODE_STATE, NetcodeClient } from '../src/session/client/netcode.ts';
import { ASSOCIATED, NetcodePackets } from '../src/session/netcode.ts';
import { keysNeeded, NetcodeServer } from '../src/session/server/netcode.ts';
import { DEVELOPMENT_KEY, issueConnectToken } from '../src/session/token.ts';
import type { RawUdp, UdpPeer } from '../src/transport/server/udp.ts';
import { heapUse } from './heap-windows.ts';

/** `planted`: an object per datagram, which must show. */
export async function udpGarbage(options: {
  readonly quick: boolean;
  readonly planted: boolean;
}): Promise<BenchRow> {
  const windows = options.quick ? 3 : 6;
  const server = await openServer();
  const { client, raw } = server;
  // Twice: V8 compiles in the first, as in a server that has run for a while.
  const packets = Array.from({ length: (windows + 1) * CALLS + WARM }, () =>
    (client.send(PAYLOAD) as Uint8Array).slice(),
  );
  let next = 0;
  const kept = [{}];
  const body = (): void => {
    raw.listener(PEER, packets[next] as Uint8Array);
    next += 1;
    if (options.planted) kept[0] = { next };
  };
  for (let i = 0; i < WARM; i += 1) body();
  const use = await heapUse({ windows, calls: CALLS, body });
  await server.transport.stop();
  if (server.heard() !== next || raw.sent < next)
    throw new Error(
      `${next} datagrams went in, ${server.heard()} were heard, ${raw.sent} went out`,
    );
  if (use.collected > 0) throw new Error('A collection ran inside a window: nothing was measured');
  const goal = options.planted ? PLANTED_BYTES_MIN : BYTES_MAX;
  return ownRow({
    name: options.planted ? 'garbage/udp planted' : 'garbage/udp',
    unit: 'bytes per datagram in and out',
    ours: use.bytes,
    goal: options.planted ? `>= ${goal}` : `< ${goal}`,
    met: options.planted ? use.bytes >= goal : use.bytes < goal,
  });
}

/** A raw socket that is a function. */
class Raw implements RawUdp {
  readonly addresses = [SERVER];
  readonly counters = {
    datagramsIn: 0,
    bytesIn: 0,
    datagramsOut: 0,
    bytesOut: 0,
    droppedFull: 0,
    errors: 0,
  };
  sent = 0;
  listener: (peer: UdpPeer, bytes: Uint8Array) => void = () => {};
  #handshake: ((bytes: Uint8Array) => void) | null = null;

  onDatagram(fn: (peer: UdpPeer, bytes: Uint8Array) => void): void {
    this.listener = fn;
  }

  /** Who hears what is sent, while it is not measured. */
  hear(fn: ((bytes: Uint8Array) => void) | null): void {
    this.#handshake = fn;
  }

  send(_peer: UdpPeer, bytes: Uint8Array): boolean {
    this.sent += 1;
    this.#handshake?.(bytes);
    return true;
  }

  async stop(): Promise<void> {}
}

async function openServer() {
  const module = await loadSeal();
  const seal = (keysMax: number) => new PacketSeal(module, { keysMax, associated: ASSOCIATED });
  const random = (into: Uint8Array): void => void randomFillSync(into);
  const used = new Set<string>();
  const raw = new Raw();
  const netcode = new NetcodeServer({
    tokenKeys: [DEVELOPMENT_KEY],
    servers: raw.addresses,
    unixMs: Date.now,
    random,
    cipher: seal(keysNeeded(4, 4)),
    used: { has: (mac) => used.has(mac), claim: (mac) => used.add(mac).size > 0 },
    clientsMax: 4,
    pendingMax: 4,
  });
  const nowUs = (): number => performance.now() * 1000;
  const transport = new NetcodeTransport({ raw, netcode, clientsMax: 4, clock: { nowUs } });
  let heard = 0;
  transport.onDatagram((pipe, bytes) => {
    heard += 1;
    transport.send(pipe, bytes);
  });
  const token = issueConnectToken({
    userId: 'garbage',
    servers: raw.addresses,
    key: DEVELOPMENT_KEY,
    nowMs: Date.now(),
    random,
  }).bytes;
  const cipher = seal(4);
  const packets = new NetcodePackets(cipher);
  const client = new NetcodeClient({ token, cipher, packets, nowUs: nowUs() });
  raw.hear((bytes) => void client.handle(bytes.slice()));
  for (let turn = 0; turn < TURNS_MAX && client.state !== NETCODE_STATE.connected; turn += 1) {
    client.tick(nowUs());
    for (let out = client.poll(); out !== null; out = client.poll())
      raw.listener(PEER, out.slice());
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  raw.hear(null);
  if (client.state !== NETCODE_STATE.connected)
    throw new Error(`The client of the bench is not let in: ${client.state}`);
  return { client, raw, transport, heard: () => heard };
}

const SERVER = '127.0.0.1:40000';
const PEER: UdpPeer = { socket: 0, address: '127.0.0.1', port: 50_000 };
/** Of the size of an input. */
const PAYLOAD = new Uint8Array(24).fill(7);
const CALLS = 4000;
const WARM = 20_000;
const TURNS_MAX = 200;
/** What a window's readings are apart by is left. */
const BYTES_MAX = 1;
const PLANTED_BYTES_MIN = 16;
