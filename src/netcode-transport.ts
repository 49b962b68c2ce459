/**
 * Server transport `udp`: raw UDP sockets and the netcode server joined to pipes. A pipe is a connected netcode client, opened with
 * the token that it proved (`facts.permit`); a datagram is one payload packet. Order and delivery are the network's; nothing is
 * queued here. A close is ten disconnects, which carry no code: whoever has a code to say sends a datagram before.
 *
 * Wires and calls, no rule of its own: those of the protocol are in `session/server/netcode.ts`, the sockets in
 * `transport/server/udp.ts`.
 */
import { PacketSeal } from '../core-wasm/bindings/seal.ts';
import { PACKET_BYTES_MAX } from '../protocol/gen/tables.ts';
import type { Clock } from './clock.ts';
import { type NetcodePipe, NetcodePipes } from './netcode-pipes.ts';
import { ASSOCIATED } from './session/netcode.ts';
import type { TokenMemory } from './session/server/netcode.ts';
import { keysNeeded, NETCODE_VERDICT, NetcodeServer } from './session/server/netcode.ts';
import type { RawUdp, UdpBufferShort, UdpPeer } from './transport/server/udp.ts';
import { openUdp } from './transport/server/udp.ts';
import type { ServerTransport } from './transport/types.ts';
import { CLOSE } from './transport/types.ts';

export interface UdpServerOptions {
  /** Sockets: `127.0.0.1:40000`, `[::1]:40000`. */
  readonly bind: readonly string[];
  /** What tokens call this server; empty: what the sockets are bound to. */
  readonly publicAddresses: readonly string[];
  /** The compiled `fray_seal.wasm`. */
  readonly seal: WebAssembly.Module;
  readonly tokenKeys: readonly Uint8Array[];
  readonly used: TokenMemory;
  readonly clientsMax: number;
  readonly opensPerSecond: number;
  readonly opensPerPrefixPerSecond: number;
  readonly unixMs: () => number;
  readonly random: (into: Uint8Array) => void;
  readonly clock: Clock;
  readonly index: number;
  readonly onBufferShort?: (short: UdpBufferShort) => void;
}

export interface UdpServer {
  readonly transport: NetcodeTransport;
  readonly netcode: NetcodeServer;
  readonly raw: RawUdp;
  /** What tokens are to call this server. */
  readonly publicAddresses: readonly string[];
}

/** Opens the sockets and joins all parts. Rejects with `E_ADDRESS`, `E_PORT`, or `E_CONFIG` for a public address that is none. */
export async function openUdpServer(options: UdpServerOptions): Promise<UdpServer> {
  const { bind, clientsMax, clock, index, onBufferShort } = options;
  const raw = await openUdp({ bind, ...(onBufferShort && { onBufferShort }) });
  try {
    const { publicAddresses } = options;
    const servers = publicAddresses.length > 0 ? publicAddresses : raw.addresses;
    const keysMax = keysNeeded(clientsMax);
    const cipher = new PacketSeal(options.seal, { keysMax, associated: ASSOCIATED });
    const netcode = new NetcodeServer({ ...options, servers, cipher });
    const transport = new NetcodeTransport({ raw, netcode, clock, clientsMax, index });
    return { transport, netcode, raw, publicAddresses: servers };
  } catch (error) {
    await raw.stop();
    throw error;
  }
}

/** Reasons of the metrics page, without the kind before them. */
export function udpDrops(
  netcode: NetcodeServer['counters'],
  { droppedFull, errors }: Pick<RawUdp['counters'], 'droppedFull' | 'errors'>,
): Record<string, number> {
  const rows: Record<string, number> = { socket_full: droppedFull, socket_errors: errors };
  for (const [name, count] of Object.entries(netcode))
    if (name.startsWith('drop') || name === 'denied' || name === 'handshakeTimeouts')
      rows[name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)] = count;
  return rows;
}

export interface NetcodeTransportOptions {
  readonly raw: RawUdp;
  readonly netcode: NetcodeServer;
  readonly clock: Clock;
  /** As that of the netcode server: clients at once. */
  readonly clientsMax: number;
  /** Its place among the transports of the server, 0..7. Default 0. */
  readonly index?: number;
}

export class NetcodeTransport extends NetcodePipes<NetcodePipe> implements ServerTransport {
  readonly #raw: RawUdp;

  constructor({ raw, index = 0, ...parts }: NetcodeTransportOptions) {
    super({ ...parts, index, tickMs: TICK_MS });
    this.#raw = raw;
    raw.onDatagram((peer, bytes) => this.#message(peer, bytes));
  }

  get counters(): ServerTransport['counters'] {
    return this.counted;
  }

  /** What netcode and the sockets have thrown away, by reason: for metrics, names are stable. */
  get drops(): Readonly<Record<string, number>> {
    return udpDrops(this.netcode.counters, this.#raw.counters);
  }

  send(pipe: number, bytes: Uint8Array): boolean {
    const one = this.numbers.get(pipe);
    const peer = one === undefined ? null : this.netcode.peerOf(one.client);
    if (one === undefined || peer === null || bytes.length > PACKET_BYTES_MAX) {
      this.counted.droppedOut += 1;
      return false;
    }
    // As the standard asks: a client that has not shown that it knows its place is told before each payload.
    if (!this.netcode.isConfirmed(one.client)) this.keepAlive(one.client);
    const packet = this.netcode.send(one.client, bytes);
    if (packet === null) {
      this.counted.droppedOut += 1;
      return false;
    }
    if (!this.#raw.send(peer, packet)) {
      this.counted.droppedSlow += 1;
      return false;
    }
    this.counted.datagramsOut += 1;
    this.counted.bytesOut += bytes.length;
    return true;
  }

  protected keepAlive(client: number): void {
    const peer = this.netcode.peerOf(client);
    const bytes = this.netcode.keepAlive(client);
    if (peer !== null && bytes !== null) this.#raw.send(peer, bytes);
  }

  protected say(peer: UdpPeer, bytes: Uint8Array): void {
    this.#raw.send(peer, bytes);
  }

  protected release(): Promise<void> {
    return this.#raw.stop();
  }

  #message(peer: UdpPeer, bytes: Uint8Array): void {
    const netcode = this.netcode;
    switch (netcode.handle(peer, bytes)) {
      case NETCODE_VERDICT.payload:
        this.#payload(this.byClient[netcode.client] ?? null, netcode.bytes);
        break;
      case NETCODE_VERDICT.reply:
        this.#raw.send(peer, netcode.bytes);
        break;
      case NETCODE_VERDICT.opened:
        this.open({ number: -1, client: netcode.client, code: CLOSE.lost }, peer.address);
        break;
      case NETCODE_VERDICT.closed:
        this.end(netcode.client, CLOSE.normal);
        break;
    }
  }

  #payload(pipe: NetcodePipe | null, bytes: Uint8Array): void {
    if (pipe === null) return;
    if (bytes.length > PACKET_BYTES_MAX) {
      this.counted.violations += 1;
      return;
    }
    this.counted.datagramsIn += 1;
    this.counted.bytesIn += bytes.length;
    this.heard(pipe.number, bytes);
  }
}

/** ms. Half of the time between two keep-alives. */
const TICK_MS = 50;
