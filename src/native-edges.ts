/**
 * The native I/O threads of a server: started, told what the netcode server decides, and asked what they have counted. A thread has its own
 * sockets; with several of them all are bound to the same addresses, and the kernel gives each peer to one (SO_REUSEPORT). What they hand
 * up comes to a listener in order. No rule of its own; those of a thread stand in native/edge.
 */
import type { Edge, NativeModule } from '../native/addon.ts';
import { HANDED } from '../native/addon.ts';
import { DATAGRAM, PACKET_BYTES_MAX } from '../protocol/gen/tables.ts';
import { FrayError } from './errors.ts';
import { createBell } from './mailbox/bell.ts';
import { DATA } from './mailbox/messages.ts';
import { ASSOCIATED } from './session/netcode.ts';
import type { Link, NetcodeCarrier, NetcodePeer } from './session/server/netcode-links.ts';
import type { UdpBufferShort } from './transport/server/udp.ts';
import { parseBind, UDP_BUFFER_BYTES, UDP_SOCKETS_MAX } from './transport/server/udp.ts';

export interface EdgesOptions {
  readonly native: NativeModule;
  readonly bind: readonly string[];
  readonly threads: number;
  readonly clientsMax: number;
  readonly packetsPerSecond: number;
  readonly bytesPerSecond: number;
  /** us of busy waiting before a thread sleeps. */
  readonly spinUs: number;
  readonly listener: EdgesListener;
  readonly onBufferShort?: (short: UdpBufferShort) => void;
}

/** `bytes` are valid only during the call. */
export interface EdgesListener {
  /** Of somebody who is not connected. */
  datagram(peer: NetcodePeer, bytes: Uint8Array): void;
  payload(client: number, bytes: Uint8Array): void;
  /** A client has said that it goes. */
  gone(client: number): void;
  /** A thread has ended by a mistake of its own. */
  failed(): void;
}

export class Edges implements NetcodeCarrier {
  readonly addresses: readonly string[];
  /** What all threads have counted. */
  readonly figures: { [name: string]: number } = {};
  /** What workers ring, and what wakes the thread then: see Bell. */
  readonly bells: readonly SharedArrayBuffer[];
  readonly #options: EdgesOptions;
  readonly #edges: Edge[] = [];
  readonly #names: readonly string[];
  readonly #counts: Float64Array;
  /** Three figures of each client, by thread. */
  readonly #clients: Uint32Array[] = [];
  /** Thread of a client, and how often its place was given away. */
  readonly #threadOf: Uint8Array;
  readonly #generations: Uint32Array;
  readonly #handed = new Uint8Array(HANDED_BYTES);
  readonly #view = new DataView(this.#handed.buffer);
  #highest = 0;
  #isStopped = false;

  /** Throws `E_ADDRESS` for what is no address, `E_PORT` where one is taken; nothing runs then. */
  constructor(options: EdgesOptions) {
    const { native, bind, threads, clientsMax } = options;
    if (bind.length < 1 || bind.length > UDP_SOCKETS_MAX)
      throw new FrayError(
        'E_ADDRESS',
        `Cannot open UDP sockets: ${bind.length} addresses, not 1 to ${UDP_SOCKETS_MAX}`,
      );
    for (const address of bind) parseBind(address);
    this.#options = options;
    this.#names = native.figureNames();
    this.#counts = new Float64Array(this.#names.length);
    this.#threadOf = new Uint8Array(clientsMax);
    this.#generations = new Uint32Array(clientsMax);
    this.bells = Array.from({ length: threads }, createBell);
    try {
      for (const bell of this.bells) this.#start(bell);
    } catch (error) {
      this.stop();
      const text = `Cannot bind UDP ${bind.join(', ')}`;
      throw new FrayError('E_PORT', text, { cause: error });
    }
    this.addresses = this.#edges[0]?.addresses() ?? [];
    this.refresh();
  }

  get wakers(): readonly number[] {
    return this.#edges.map((edge) => edge.waker());
  }

  /** A worker's mailboxes for thread `thread`. They are held until `stop`. */
  attach(
    worker: number,
    thread: number,
    link: { readonly inbox: SharedArrayBuffer; readonly outbox: SharedArrayBuffer },
  ): void {
    this.#edges[thread]?.attach(worker, new Uint8Array(link.inbox), new Uint8Array(link.outbox));
  }

  expect(peer: NetcodePeer, may: boolean): void {
    const { thread, socket } = this.#placeOf(peer);
    this.#edges[thread]?.expect(socket, peer.address, peer.port, may);
  }

  connect({ index, token, sendSequence: sequence, ...link }: Readonly<Link>): void {
    const { address, port } = link;
    const { thread, socket } = this.#placeOf(link);
    const generation = ((this.#generations[index] ?? 0) + 1) >>> 0;
    this.#generations[index] = generation;
    this.#threadOf[index] = thread;
    this.#highest = Math.max(this.#highest, index);
    const { clientToServerKey: keyIn, serverToClientKey: keyOut } = token;
    const keys = { keyIn, keyOut };
    this.#edges[thread]?.connect({ index, generation, socket, address, port, sequence, ...keys });
  }

  remove(index: number, farewells: number): void {
    this.#of(index)?.remove(index, farewells);
  }

  heard(index: number): number {
    return this.#figure(index, 0);
  }

  /** Datagrams of a client that have gone past JavaScript, and that were over its rate. Wrap at 2^32. */
  carried(index: number): number {
    return this.#figure(index, 1);
  }

  refused(index: number): number {
    return this.#figure(index, 2);
  }

  route(index: number, session: number, worker: number): void {
    this.#of(index)?.route(index, session, worker);
  }

  /** Number of the thread that the client is on, from 1 on. */
  takes(index: number, session: number): number {
    this.#of(index)?.takes(index, session);
    return (this.#threadOf[index] ?? 0) + 1;
  }

  send(index: number, bytes: Uint8Array): boolean {
    return this.#of(index)?.send(index, bytes) === true;
  }

  keepAlive(index: number): void {
    this.#of(index)?.keepAlive(index);
  }

  raw(peer: NetcodePeer, bytes: Uint8Array): boolean {
    const { thread, socket } = this.#placeOf(peer);
    return this.#edges[thread]?.raw(socket, peer.address, peer.port, bytes) === true;
  }

  /** Asks all threads for what they have counted. */
  refresh(): void {
    if (this.#isStopped) return;
    for (const name of this.#names) this.figures[name] = 0;
    for (const [thread, edge] of this.#edges.entries()) {
      edge.figures(this.#counts);
      for (const [at, name] of this.#names.entries())
        this.figures[name] = (this.figures[name] ?? 0) + (this.#counts[at] ?? 0);
      const clients = this.#clients[thread];
      if (clients !== undefined) edge.clients(clients.subarray(0, 3 * (this.#highest + 1)));
    }
  }

  stop(): void {
    this.#isStopped = true;
    for (const edge of this.#edges) edge.stop();
  }

  #start(bell: SharedArrayBuffer): void {
    const { native, threads, bind, clientsMax, packetsPerSecond, bytesPerSecond, spinUs } =
      this.#options;
    const thread = this.#edges.length;
    const edge = new native.Edge(
      {
        // A free port is taken by the first.
        bind: this.#edges[0]?.addresses() ?? bind,
        shared: threads > 1,
        bufferBytes: UDP_BUFFER_BYTES,
        associated: ASSOCIATED,
        clientsMax,
        datagramBytesMax: PACKET_BYTES_MAX,
        packetKind: DATAGRAM.packet,
        recordKind: DATA.packet,
        packetsPerSecond,
        bytesPerSecond,
        spinUs,
        bell: new Uint8Array(bell),
      },
      () => this.#fetch(thread),
    );
    this.#edges.push(edge);
    this.#clients.push(new Uint32Array(3 * clientsMax));
    this.#checkBuffers(edge);
  }

  #checkBuffers(edge: Edge): void {
    const addresses = edge.addresses();
    for (const [at, gotBytes] of edge.buffers().entries()) {
      if (gotBytes >= UDP_BUFFER_BYTES) continue;
      const address = addresses[at >> 1] ?? '';
      const direction = at % 2 === 0 ? 'receive' : 'send';
      this.#options.onBufferShort?.({ address, direction, askedBytes: UDP_BUFFER_BYTES, gotBytes });
    }
  }

  /** A thread has something to say. */
  #fetch(thread: number): void {
    const edge = this.#edges[thread];
    if (edge === undefined || this.#isStopped) return;
    for (let end = edge.fetch(this.#handed); end > 0; end = edge.fetch(this.#handed))
      for (let at = 0; at < end; ) at = this.#read(thread, at);
    if (edge.failed()) this.#options.listener.failed();
  }

  /** The record at `at`; where the next one is. */
  #read(thread: number, at: number): number {
    const { listener, bind } = this.#options;
    const word = (offset: number): number => this.#view.getUint32(at + offset, true);
    const [kind, of, addressBytes] = [
      word(HANDED.kind),
      word(HANDED.of),
      word(HANDED.addressBytes),
    ];
    const body = at + HANDED.tail + addressBytes;
    const end = body + word(HANDED.bytes);
    const bytes = this.#handed.subarray(body, end);
    if (kind === HANDED.datagram) {
      const address = Buffer.from(this.#handed.buffer, at + HANDED.tail, addressBytes).toString();
      const socket = thread * bind.length + of;
      listener.datagram({ socket, address, port: word(HANDED.port) }, bytes);
    } else if (word(HANDED.generation) === this.#generations[of]) {
      if (kind === HANDED.payload) listener.payload(of, bytes);
      else if (kind === HANDED.gone) listener.gone(of);
    }
    return (end + 3) & ~3;
  }

  #placeOf({ socket }: Pick<NetcodePeer, 'socket'>): { thread: number; socket: number } {
    const { length } = this.#options.bind;
    return { thread: Math.floor(socket / length), socket: socket % length };
  }

  #of(index: number): Edge | undefined {
    return this.#edges[this.#threadOf[index] ?? 0];
  }

  #figure(index: number, which: number): number {
    return this.#clients[this.#threadOf[index] ?? 0]?.[3 * index + which] ?? 0;
  }
}

/** Bytes that are fetched at once. */
const HANDED_BYTES = 1 << 16;
