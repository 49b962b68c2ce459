/**
 * UDP sockets of a server: datagrams and the addresses of their peers, nothing else. `RawUdp` is the border behind which another
 * implementation may stand (a native one that reads and writes in batches); `openUdp` makes the one over node:dgram.
 *
 * Reads are bounded by libuv: at most 32 datagrams of a socket in one turn of the event loop, then timers and the others have
 * theirs. Writes go to the kernel at once, without a callback; while a socket's buffer in the kernel is full, further datagrams
 * for it are dropped, not queued. What node:dgram allocates per datagram is its own; this file adds nothing to it.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIP } from 'node:net';
import { FrayError } from '../../errors.ts';

/** Where a datagram comes from or goes to. */
export interface UdpPeer {
  /** Place of our socket in `addresses`. */
  readonly socket: number;
  /** As text, without port and brackets: `127.0.0.1`, `fe80::1%eth0`. */
  readonly address: string;
  readonly port: number;
}

/** All rise only. */
export interface UdpCounters {
  datagramsIn: number;
  bytesIn: number;
  datagramsOut: number;
  bytesOut: number;
  /** Not sent: the socket's buffer in the kernel was full. */
  droppedFull: number;
  /** Not sent, or not received: the sockets are closed, or the system refused. */
  errors: number;
}

export interface RawUdp {
  /** What the sockets are bound to, `127.0.0.1:40000` or `[::1]:40000`, in the order of the options. */
  readonly addresses: readonly string[];
  readonly counters: Readonly<UdpCounters>;
  /** `peer` and `bytes` are valid only during the call. A second call replaces the listener. */
  onDatagram(fn: (peer: UdpPeer, bytes: Uint8Array) => void): void;
  /** Sends one datagram of at most UDP_BYTES_MAX bytes, or drops and counts it. The bytes are copied. Never throws. */
  send(peer: UdpPeer, bytes: Uint8Array): boolean;
  /** Closes the sockets; nothing is heard after. */
  stop(): Promise<void>;
}

/** A buffer of a socket that the kernel made smaller than asked: a burst may then be lost. */
export interface UdpBufferShort {
  readonly address: string;
  readonly direction: 'receive' | 'send';
  readonly askedBytes: number;
  readonly gotBytes: number;
}

export interface UdpOptions {
  /** What to bind, 1..8: `127.0.0.1:40000`, `[::]:40000`; port 0 takes a free one. IPv6 sockets take IPv6 only. */
  readonly bind: readonly string[];
  /** Buffers asked of the kernel for each socket. Default 4 MiB: 3,500 of our longest datagrams. */
  readonly receiveBytes?: number;
  readonly sendBytes?: number;
  /** Told once for each buffer that is shorter than asked. Linux: net.core.rmem_max and wmem_max are its limits. */
  readonly onBufferShort?: (short: UdpBufferShort) => void;
}

/** Longest datagram that is sent: netcode's longest packet is 1,225 bytes. */
export const UDP_BYTES_MAX = 1280;
/** Asked of the kernel for each buffer of a socket, where nothing else was said: 3,500 of our longest datagrams. */
export const UDP_BUFFER_BYTES = 4 * 1024 * 1024;
/** Sockets of one server at most. */
export const UDP_SOCKETS_MAX = 8;

/** Binds all sockets. Rejects with `E_ADDRESS` for what is no address, `E_PORT` where one is taken; none is open then. */
export async function openUdp(options: UdpOptions): Promise<RawUdp> {
  const places = options.bind.map(parseBind);
  if (places.length < 1 || places.length > UDP_SOCKETS_MAX)
    throw new FrayError(
      'E_ADDRESS',
      `Cannot open UDP sockets: ${places.length} addresses, not 1 to ${UDP_SOCKETS_MAX}`,
    );
  const sockets: Socket[] = [];
  try {
    for (const place of places) sockets.push(await bind(place));
  } catch (error) {
    for (const socket of sockets) socket.close();
    throw error;
  }
  for (const socket of sockets) sizeBuffers(socket, options);
  return new DgramUdp(sockets);
}

class DgramUdp implements RawUdp {
  readonly addresses: readonly string[];
  readonly counters: UdpCounters = {
    datagramsIn: 0,
    bytesIn: 0,
    datagramsOut: 0,
    bytesOut: 0,
    droppedFull: 0,
    errors: 0,
  };
  readonly #sockets: readonly Socket[];
  /** One datagram of each socket on its way, and views of it by length: a send makes no object of ours. */
  readonly #out: readonly Outbox[];
  readonly #peer = { socket: 0, address: '', port: 0 };
  #listener: (peer: UdpPeer, bytes: Uint8Array) => void = ignore;
  #open = true;

  constructor(sockets: readonly Socket[]) {
    this.#sockets = sockets;
    this.addresses = sockets.map(addressText);
    this.#out = sockets.map(() => new Outbox());
    for (const [index, socket] of sockets.entries()) {
      socket.on('message', (bytes: Buffer, from: RemoteInfo) => this.#message(index, bytes, from));
      socket.on('error', () => {
        this.counters.errors += 1;
      });
    }
  }

  onDatagram(fn: (peer: UdpPeer, bytes: Uint8Array) => void): void {
    this.#listener = fn;
  }

  send(peer: UdpPeer, bytes: Uint8Array): boolean {
    const socket = this.#sockets[peer.socket];
    const out = this.#out[peer.socket];
    const length = bytes.length;
    if (!this.#open || socket === undefined || out === undefined || length > UDP_BYTES_MAX) {
      this.counters.errors += 1;
      return false;
    }
    // What waits is the content of the outbox: it must not be written over.
    if (socket.getSendQueueCount() > 0) {
      this.counters.droppedFull += 1;
      return false;
    }
    try {
      socket.send(out.copy(bytes, length), peer.port, peer.address);
    } catch {
      this.counters.errors += 1;
      return false;
    }
    this.counters.datagramsOut += 1;
    this.counters.bytesOut += length;
    return true;
  }

  async stop(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    this.#listener = ignore;
    await Promise.all(
      this.#sockets.map((socket) => new Promise<void>((resolve) => socket.close(resolve))),
    );
  }

  #message(index: number, bytes: Buffer, from: RemoteInfo): void {
    this.counters.datagramsIn += 1;
    this.counters.bytesIn += bytes.length;
    const peer = this.#peer;
    peer.socket = index;
    peer.address = from.address;
    peer.port = from.port;
    this.#listener(peer, bytes);
  }
}

/** A datagram's memory; dgram is handed views of it, each made once. */
class Outbox {
  readonly #bytes = new Uint8Array(UDP_BYTES_MAX);
  readonly #views: Uint8Array[] = Array.from({ length: UDP_BYTES_MAX + 1 }, () => NONE);

  copy(bytes: Uint8Array, length: number): Uint8Array {
    this.#bytes.set(bytes);
    const made = this.#views[length] ?? NONE;
    if (made !== NONE) return made;
    const view = this.#bytes.subarray(0, length);
    this.#views[length] = view;
    return view;
  }
}

interface Place {
  readonly address: string;
  readonly port: number;
}

/** `1.2.3.4:40000` or `[2001:db8::1]:40000`. Throws `E_ADDRESS`. */
export function parseBind(text: string): Place {
  const [, six, four, port] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const address = six ?? four ?? '';
  const family = isIP(address);
  if (family !== (six === undefined ? 4 : 6) || Number(port) > 65_535)
    throw new FrayError(
      'E_ADDRESS',
      `Cannot bind ${JSON.stringify(text)}: it is not 1.2.3.4:port or [IPv6]:port`,
    );
  return { address, port: Number(port) };
}

function bind(place: Place): Promise<Socket> {
  const six = place.address.includes(':');
  const socket = createSocket({
    type: six ? 'udp6' : 'udp4',
    ipv6Only: six,
    // Addresses are numbers already: without it each send would ask the resolver, and wait a turn for it.
    lookup: (address, _options, answer) => answer(null, address, six ? 6 : 4),
  });
  return new Promise((resolve, reject) => {
    const fail = (cause: NodeJS.ErrnoException): void => {
      socket.close();
      const text = `${place.address}:${place.port} (${cause.code ?? cause.message})`;
      reject(new FrayError('E_PORT', `Cannot bind UDP ${text}`, { cause }));
    };
    socket.once('error', fail);
    socket.bind({ address: place.address, port: place.port, exclusive: true }, () => {
      socket.off('error', fail);
      resolve(socket);
    });
  });
}

/** Linux answers with twice what it took: the other half is its own bookkeeping. */
function sizeBuffers(socket: Socket, options: UdpOptions): void {
  const address = addressText(socket);
  const check = (
    direction: 'receive' | 'send',
    askedBytes: number,
    set: (bytes: number) => void,
  ): void => {
    try {
      set(askedBytes);
    } catch {
      // Some systems refuse what others cut; what there is tells.
    }
    const gotBytes =
      direction === 'receive' ? socket.getRecvBufferSize() : socket.getSendBufferSize();
    const wholeBytes = process.platform === 'linux' ? gotBytes / 2 : gotBytes;
    if (wholeBytes < askedBytes)
      options.onBufferShort?.({ address, direction, askedBytes, gotBytes: wholeBytes });
  };
  check('receive', options.receiveBytes ?? UDP_BUFFER_BYTES, (bytes) =>
    socket.setRecvBufferSize(bytes),
  );
  check('send', options.sendBytes ?? UDP_BUFFER_BYTES, (bytes) => socket.setSendBufferSize(bytes));
}

function addressText(socket: Socket): string {
  const { address, port, family } = socket.address();
  return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;
}

function ignore(): void {}

const NONE = new Uint8Array(0);
