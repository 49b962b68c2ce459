/**
 * Server transport `udp` over native I/O threads: the same netcode server, pipes and counters as `NetcodeTransport` has, but for what is
 * done per datagram. A pipe that is *carried* goes past this thread: what it brings stands in its worker's inbox, what rooms make for its
 * session leaves from their outbox, and all that is known of it here is how much it was.
 *
 * Wires and calls, no rule of its own.
 */
import { PacketSeal } from '../core-wasm/bindings/seal.ts';
import type { NativeModule } from '../native/addon.ts';
import { PACKET_BYTES_MAX } from '../protocol/gen/tables.ts';
import type { Clock } from './clock.ts';
import { Edges } from './native-edges.ts';
import { type NetcodePipe, NetcodePipes } from './netcode-pipes.ts';
import type { UdpServerOptions } from './netcode-transport.ts';
import { udpDrops } from './netcode-transport.ts';
import { ASSOCIATED } from './session/netcode.ts';
import { keysNeeded, NETCODE_VERDICT, NetcodeServer } from './session/server/netcode.ts';
import type { NetcodePeer } from './session/server/netcode-links.ts';
import type { UdpCounters } from './transport/server/udp.ts';
import type { CarryingTransport, transportCounters } from './transport/types.ts';
import { CLOSE } from './transport/types.ts';

export interface NativeUdpOptions extends UdpServerOptions {
  readonly native: NativeModule;
  /** Threads with sockets of their own. */
  readonly threads: number;
  readonly spinUs: number;
  /** Of each session. */
  readonly packetsPerSecond: number;
  readonly bytesPerSecond: number;
  /** A thread has ended by a mistake of its own: its clients hear nothing more. */
  readonly onFailed: () => void;
}

export interface NativeUdpServer {
  readonly transport: NativeTransport;
  readonly netcode: NetcodeServer;
  readonly raw: { readonly addresses: readonly string[]; readonly counters: Readonly<UdpCounters> };
  readonly publicAddresses: readonly string[];
  readonly edges: Edges;
}

/** Starts the threads and joins all parts. Throws `E_ADDRESS`, `E_PORT`, or `E_CONFIG` for a public address that is none. */
export function openNativeUdp(options: NativeUdpOptions): NativeUdpServer {
  const { clientsMax, clock, index, publicAddresses } = options;
  const late: { transport?: NativeTransport } = {};
  const edges = new Edges({
    ...options,
    listener: {
      datagram: (peer, bytes) => late.transport?.datagram(peer, bytes),
      payload: (client, bytes) => late.transport?.payload(client, bytes),
      gone: (client) => late.transport?.gone(client),
      failed: options.onFailed,
    },
  });
  try {
    const servers = publicAddresses.length > 0 ? publicAddresses : edges.addresses;
    const keysMax = keysNeeded(clientsMax);
    const cipher = new PacketSeal(options.seal, { keysMax, associated: ASSOCIATED });
    const netcode = new NetcodeServer({ ...options, servers, cipher, carrier: edges });
    const transport = new NativeTransport({ edges, netcode, clock, clientsMax, index });
    late.transport = transport;
    const raw = { addresses: edges.addresses, counters: transport.sockets };
    return { transport, netcode, raw, publicAddresses: servers, edges };
  } catch (error) {
    edges.stop();
    throw error;
  }
}

interface Pipe extends NetcodePipe {
  /** What was carried when it was told last, and what was over the rate. */
  carried: number;
  refused: number;
}

interface Parts {
  readonly edges: Edges;
  readonly netcode: NetcodeServer;
  readonly clock: Clock;
  readonly clientsMax: number;
  readonly index: number;
}

export class NativeTransport extends NetcodePipes<Pipe> implements CarryingTransport {
  readonly sockets: UdpCounters = {
    datagramsIn: 0,
    bytesIn: 0,
    datagramsOut: 0,
    bytesOut: 0,
    droppedFull: 0,
    errors: 0,
  };
  readonly #rooms = { inboxFull: 0, replaced: 0, packetsGone: 0 };
  readonly #edges: Edges;
  /** Figures of the threads when they were added to the counters last. */
  readonly #before: { [name: string]: number } = {};
  #carried: (pipe: number, packets: number, refused: number) => void = ignore;

  constructor({ edges, ...parts }: Parts) {
    super({ ...parts, tickMs: TICK_MS });
    this.#edges = edges;
  }

  get counters(): ReturnType<typeof transportCounters> {
    this.#count();
    return this.counted;
  }

  /** What netcode and the sockets have thrown away, by reason: for metrics, names are stable. */
  get drops(): Readonly<Record<string, number>> {
    this.#count();
    const { overflow = 0, dropWaiting = 0, damaged = 0 } = this.#edges.figures;
    const own = { socket_overflow: overflow, drop_waiting: dropWaiting, mailbox_damaged: damaged };
    return { ...udpDrops(this.netcode.counters, this.sockets), ...own };
  }

  onCarried(fn: (pipe: number, packets: number, refused: number) => void): void {
    this.#carried = fn;
  }

  carryIn(pipe: number, session: number, worker: number): void {
    const one = this.numbers.get(pipe);
    if (one !== undefined) this.#edges.route(one.client, session, worker);
  }

  carryOut(pipe: number, session: number): number {
    const one = this.numbers.get(pipe);
    return one === undefined ? 0 : this.#edges.takes(one.client, session);
  }

  uncarry(pipe: number): void {
    const one = this.numbers.get(pipe);
    if (one === undefined) return;
    this.#edges.route(one.client, 0, 0);
    this.#edges.takes(one.client, 0);
  }

  /** Of mailboxes, since it was asked last. */
  roomsSince(): { inboxFull: number; replaced: number; packetsGone: number } {
    const since = { ...this.#rooms };
    this.#rooms.inboxFull = this.#rooms.replaced = this.#rooms.packetsGone = 0;
    return since;
  }

  send(pipe: number, bytes: Uint8Array): boolean {
    const one = this.numbers.get(pipe);
    const { length } = bytes;
    if (one === undefined || one.code !== CLOSE.lost || length === 0 || length > PACKET_BYTES_MAX) {
      this.counted.droppedOut += 1;
      return false;
    }
    if (!this.#edges.send(one.client, bytes)) {
      this.counted.droppedSlow += 1;
      return false;
    }
    this.counted.datagramsOut += 1;
    this.counted.bytesOut += length;
    return true;
  }

  /** Of somebody who is not connected. */
  datagram(peer: NetcodePeer, bytes: Uint8Array): void {
    const netcode = this.netcode;
    const verdict = netcode.handle(peer, bytes);
    if (verdict === NETCODE_VERDICT.reply) this.#edges.raw(peer, netcode.bytes);
    else if (verdict === NETCODE_VERDICT.opened) this.#open(netcode.client, peer.address);
  }

  payload(client: number, bytes: Uint8Array): void {
    const pipe = this.byClient[client] ?? null;
    if (pipe === null || pipe.code !== CLOSE.lost) return;
    this.counted.datagramsIn += 1;
    this.counted.bytesIn += bytes.length;
    this.heard(pipe.number, bytes);
  }

  gone(client: number): void {
    if (this.netcode.gone(client)) this.end(client, CLOSE.normal);
  }

  protected keepAlive(client: number): void {
    this.#edges.keepAlive(client);
  }

  /** Threads keep clients awake and say farewell by themselves. */
  protected say(): void {}

  protected release(): void {
    this.#edges.stop();
  }

  #open(client: number, address: string): void {
    const carried = this.#edges.carried(client);
    const refused = this.#edges.refused(client);
    this.open({ number: -1, client, code: CLOSE.lost, carried, refused }, address);
  }

  protected override look(): void {
    this.#count();
    for (const pipe of this.byClient) if (pipe !== null && pipe !== undefined) this.#tell(pipe);
  }

  #tell(pipe: Pipe): void {
    const carried = this.#edges.carried(pipe.client);
    const refused = this.#edges.refused(pipe.client);
    if (carried === pipe.carried && refused === pipe.refused) return;
    const [packets, over] = [(carried - pipe.carried) >>> 0, (refused - pipe.refused) >>> 0];
    pipe.carried = carried;
    pipe.refused = refused;
    this.#carried(pipe.number, packets, over);
  }

  /** Adds what the threads have counted since the last time. */
  #count(): void {
    this.#edges.refresh();
    const { figures } = this.#edges;
    const before = this.#before;
    const since = (name: string): number => (figures[name] ?? 0) - (before[name] ?? 0);
    for (const name of Object.keys(this.sockets) as (keyof UdpCounters)[])
      this.sockets[name] += since(name);
    for (const name of NETCODE_FIGURES) this.netcode.counters[name] += since(name);
    for (const name of ROOM_FIGURES) this.#rooms[name] += since(name);
    this.counted.datagramsIn += since('carriedIn');
    this.counted.bytesIn += since('carriedInBytes');
    this.counted.datagramsOut += since('carriedOut');
    this.counted.bytesOut += since('carriedOutBytes');
    this.counted.droppedSlow += since('droppedFull');
    this.counted.violations += since('violations');
    Object.assign(before, figures);
  }
}

function ignore(): void {}

/** What a thread counts under the names of the netcode server. */
const NETCODE_FIGURES = [
  'payloadsIn',
  'payloadsOut',
  'keepAlivesOut',
  'dropSize',
  'dropKind',
  'dropUnknown',
  'dropState',
  'dropConnected',
  'dropReplay',
  'dropSealed',
  'dropLength',
] as const;
/** The same of the room directory. */
const ROOM_FIGURES = ['inboxFull', 'replaced', 'packetsGone'] as const;
/** ms between two looks at who was heard; threads keep clients awake by themselves. */
const TICK_MS = 100;
