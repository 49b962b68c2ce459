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
import { ASSOCIATED } from './session/netcode.ts';
import type { TokenMemory } from './session/server/netcode.ts';
import {
  keysNeeded,
  NETCODE_VERDICT,
  NetcodeServer,
  netcodeOutput,
} from './session/server/netcode.ts';
import type { RawUdp, UdpBufferShort, UdpPeer } from './transport/server/udp.ts';
import { openUdp } from './transport/server/udp.ts';
import type { OpenListener, ServerTransport } from './transport/types.ts';
import { CLOSE, PipeNumbers, transportCounters } from './transport/types.ts';

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

interface Pipe {
  number: number;
  readonly client: number;
  /** Told to `onClose`, unless the peer was first. */
  code: number;
}

export class NetcodeTransport implements ServerTransport {
  readonly kind = 'udp';
  readonly index: number;
  readonly counters = transportCounters();
  readonly #raw: RawUdp;
  readonly #netcode: NetcodeServer;
  readonly #clock: Clock;
  readonly #numbers: PipeNumbers<Pipe>;
  /** By netcode's index of the client. */
  readonly #byClient: (Pipe | null)[] = [];
  readonly #out = netcodeOutput();
  readonly #timer: NodeJS.Timeout;
  #opened: OpenListener = ignore;
  #datagram: (pipe: number, bytes: Uint8Array) => void = ignore;
  #closed: (pipe: number, code: number) => void = ignore;
  #stopped = false;

  constructor(options: NetcodeTransportOptions) {
    this.#raw = options.raw;
    this.#netcode = options.netcode;
    this.#clock = options.clock;
    this.index = options.index ?? 0;
    this.#numbers = new PipeNumbers(options.clientsMax, this.index);
    this.#netcode.tick(this.#clock.nowUs());
    this.#raw.onDatagram((peer, bytes) => this.#message(peer, bytes));
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#timer.unref();
  }

  get pipes(): number {
    return this.#numbers.count;
  }

  /** What netcode and the sockets have thrown away, by reason: for metrics, names are stable. */
  get drops(): Readonly<Record<string, number>> {
    return udpDrops(this.#netcode.counters, this.#raw.counters);
  }

  onOpen(fn: OpenListener): void {
    this.#opened = fn;
  }

  onDatagram(fn: (pipe: number, bytes: Uint8Array) => void): void {
    this.#datagram = fn;
  }

  onClose(fn: (pipe: number, code: number) => void): void {
    this.#closed = fn;
  }

  send(pipe: number, bytes: Uint8Array): boolean {
    const one = this.#numbers.get(pipe);
    const peer = one === undefined ? null : this.#netcode.peerOf(one.client);
    if (one === undefined || peer === null || bytes.length > PACKET_BYTES_MAX) {
      this.counters.droppedOut += 1;
      return false;
    }
    // As the standard asks: a client that has not shown that it knows its place is told before each payload.
    if (!this.#netcode.isConfirmed(one.client)) this.#keepAlive(one.client);
    const packet = this.#netcode.send(one.client, bytes);
    if (packet === null) {
      this.counters.droppedOut += 1;
      return false;
    }
    if (!this.#raw.send(peer, packet)) {
      this.counters.droppedSlow += 1;
      return false;
    }
    this.counters.datagramsOut += 1;
    this.counters.bytesOut += bytes.length;
    return true;
  }

  close(pipe: number, code: number): void {
    const one = this.#numbers.get(pipe);
    if (one === undefined || one.code !== CLOSE.lost) return;
    one.code = code;
    this.#netcode.close(one.client);
    // Not at once: `onClose` is not called from inside an own call.
    setImmediate(() => this.#settle());
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    clearInterval(this.#timer);
    for (const pipe of this.#numbers.values()) this.close(pipe.number, CLOSE.away);
    this.#settle();
    await this.#raw.stop();
  }

  #message(peer: UdpPeer, bytes: Uint8Array): void {
    const netcode = this.#netcode;
    switch (netcode.handle(peer, bytes)) {
      case NETCODE_VERDICT.payload:
        this.#payload(this.#byClient[netcode.client] ?? null, netcode.bytes);
        break;
      case NETCODE_VERDICT.reply:
        this.#raw.send(peer, netcode.bytes);
        break;
      case NETCODE_VERDICT.opened:
        this.#open(netcode.client, peer.address);
        break;
      case NETCODE_VERDICT.closed:
        this.#end(netcode.client, CLOSE.normal);
        break;
    }
  }

  #payload(pipe: Pipe | null, bytes: Uint8Array): void {
    if (pipe === null) return;
    if (bytes.length > PACKET_BYTES_MAX) {
      this.counters.violations += 1;
      return;
    }
    this.counters.datagramsIn += 1;
    this.counters.bytesIn += bytes.length;
    this.#datagram(pipe.number, bytes);
  }

  /** First whom it concerns: that the token is spent may have to be written down before its keys are used. */
  #open(client: number, address: string): void {
    const pipe: Pipe = { number: -1, client, code: CLOSE.lost };
    const number = this.#numbers.add(pipe);
    if (number < 0) {
      this.counters.refusedFull += 1;
      this.#netcode.close(client);
      return;
    }
    pipe.number = number;
    this.#byClient[client] = pipe;
    this.counters.opened += 1;
    this.#opened(number, address, { headers: null, permit: this.#netcode.tokenOf(client) });
    this.#keepAlive(client);
  }

  #keepAlive(client: number): void {
    const peer = this.#netcode.peerOf(client);
    const bytes = this.#netcode.keepAlive(client);
    if (peer !== null && bytes !== null) this.#raw.send(peer, bytes);
  }

  #end(client: number, code: number): void {
    const pipe = this.#byClient[client] ?? null;
    if (pipe === null) return;
    this.#byClient[client] = null;
    this.#numbers.remove(pipe.number);
    this.counters.closed += 1;
    this.#closed(pipe.number, pipe.code === CLOSE.lost ? code : pipe.code);
  }

  #tick(): void {
    this.#netcode.tick(this.#clock.nowUs());
    this.#settle();
  }

  #settle(): void {
    const out = this.#out;
    while (this.#netcode.poll(out)) {
      if (out.kind === 'send') {
        this.#raw.send(out.peer, out.bytes);
        continue;
      }
      if (out.silent) this.counters.silent += 1;
      this.#end(out.client, out.silent ? CLOSE.silent : CLOSE.normal);
    }
  }
}

function ignore(): void {}

/** ms. Half of the time between two keep-alives. */
const TICK_MS = 50;
