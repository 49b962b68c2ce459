/**
 * The UDP socket of a client in Node, connected to one server: datagrams, nothing else. The kernel passes on what comes from that
 * server alone, and says when nobody listens there.
 */
import { createSocket, type Socket } from 'node:dgram';

export interface ClientUdp {
  /** Bytes accepted by `send` that have not left this process yet. */
  readonly bufferedBytes: number;
  /** Sends one datagram, or drops it: false. The bytes are copied. Never throws. */
  send(bytes: Uint8Array): boolean;
  /** `bytes` are valid only during the call. */
  onDatagram(fn: (bytes: Uint8Array) => void): void;
  /** The machine over there says that nobody listens; it may come again. */
  onRefused(fn: () => void): void;
  /** Stops and restarts reading, to play a slow client. */
  pause(paused: boolean): void;
  close(): void;
}

/** Opens a socket for `1.2.3.4:40000` or `[2001:db8:0:0:0:0:0:1]:40000`, as tokens name servers. Never rejects. */
export function openUdpSocket(server: string): ClientUdp {
  return new DgramClient(server);
}

class DgramClient implements ClientUdp {
  readonly #socket: Socket;
  #datagram: (bytes: Uint8Array) => void = ignore;
  #refused: () => void = ignore;
  /** Sent before the socket was connected, in a turn of the event loop: the newest. */
  #waiting: Uint8Array | null = null;
  #state: 'opening' | 'open' | 'closed' = 'opening';
  #paused = false;

  constructor(server: string) {
    const colon = server.lastIndexOf(':');
    const address = server.slice(0, colon).replace(/^\[|\]$/g, '');
    const six = address.includes(':');
    this.#socket = createSocket({
      type: six ? 'udp6' : 'udp4',
      lookup: (name, _options, answer) => answer(null, name, six ? 6 : 4),
    });
    this.#socket.on('message', (bytes: Buffer) => {
      if (!this.#paused) this.#datagram(bytes);
    });
    this.#socket.on('error', () => this.#refused());
    this.#socket.connect(Number(server.slice(colon + 1)), address, () => {
      if (this.#state === 'closed') return;
      this.#state = 'open';
      if (this.#waiting !== null) this.send(this.#waiting);
      this.#waiting = null;
    });
  }

  get bufferedBytes(): number {
    return this.#state === 'open' ? this.#socket.getSendQueueSize() : 0;
  }

  send(bytes: Uint8Array): boolean {
    if (this.#state === 'closed') return false;
    const copy = bytes.slice();
    if (this.#state === 'opening') {
      this.#waiting = copy;
      return true;
    }
    if (this.#socket.getSendQueueCount() > QUEUE_MAX) return false;
    try {
      this.#socket.send(copy);
    } catch {
      return false;
    }
    return true;
  }

  onDatagram(fn: (bytes: Uint8Array) => void): void {
    this.#datagram = fn;
  }

  onRefused(fn: () => void): void {
    this.#refused = fn;
  }

  pause(paused: boolean): void {
    this.#paused = paused;
  }

  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#datagram = ignore;
    this.#refused = ignore;
    this.#socket.close();
  }
}

function ignore(): void {}

/** Datagrams that wait for the kernel at most. */
const QUEUE_MAX = 16;
