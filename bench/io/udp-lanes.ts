/** UDP lanes of the load generator: bare, for a peer, and with netcode's handshake and encryption, for ours. A socket per client. */
import { randomBytes, randomFillSync } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { PacketSeal } from '../../core-wasm/bindings/seal.ts';
import { loadSeal } from '../../src/client/seal-node.ts';
import { NETCODE_STATE, NetcodeClient } from '../../src/session/client/netcode.ts';
import { ASSOCIATED, NetcodePackets } from '../../src/session/netcode.ts';
import { DEVELOPMENT_KEY, issueConnectToken } from '../../src/session/token.ts';
import { LANE_HEAD, type Lane } from './lanes.ts';

/** A bare socket, connected to the server. */
export class RawLane implements Lane {
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static async open(url: URL): Promise<RawLane> {
    return new RawLane(await connected(url));
  }

  send(bytes: Uint8Array, length: number): void {
    this.#socket.send(Buffer.from(bytes.subarray(LANE_HEAD, LANE_HEAD + length)));
  }

  onDatagram(fn: (bytes: Uint8Array) => void): void {
    this.#socket.removeAllListeners('message').on('message', fn);
  }

  /** Nobody closes. */
  onClose(): void {}

  close(): void {
    this.#socket.close();
  }
}

/** Where datagrams go and come from, connected to a server. */
export interface UdpPipe {
  send(bytes: Uint8Array): void;
  /** `bytes` are valid only during the call. */
  onMessage(fn: (bytes: Uint8Array) => void): void;
  close(): void;
}

/** A netcode client with a token of its own, made with the development key. */
export class NetcodeLane implements Lane {
  /** Bytes of UDP payload that came and went, encryption included. */
  static wireIn = 0;
  static wireOut = 0;
  static #cipher: PacketSeal | undefined;
  static #packets: NetcodePackets | undefined;
  readonly #pipe: UdpPipe;
  readonly #netcode: NetcodeClient;
  /** Until it is connected; then each `send` sees whether the netcode client is due. A timer each would fire all at once. */
  readonly #timer: NodeJS.Timeout;
  #tickedMs = 0;
  #datagram: (bytes: Uint8Array) => void = () => {};
  #closed: () => void = () => {};

  private constructor(pipe: UdpPipe, netcode: NetcodeClient) {
    this.#pipe = pipe;
    this.#netcode = netcode;
    pipe.onMessage((bytes) => this.#message(bytes));
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#tick();
  }

  static async open(url: URL, key = DEVELOPMENT_KEY): Promise<NetcodeLane> {
    return NetcodeLane.over(await socketPipe(url), lonelyToken(url, key));
  }

  /** Over a pipe that is there. */
  static async over(pipe: UdpPipe, token: Uint8Array): Promise<NetcodeLane> {
    const module = await loadSeal();
    NetcodeLane.#cipher ??= new PacketSeal(module, { keysMax: KEYS_MAX, associated: ASSOCIATED });
    const cipher = NetcodeLane.#cipher;
    NetcodeLane.#packets ??= new NetcodePackets(cipher);
    const packets = NetcodeLane.#packets;
    const netcode = new NetcodeClient({ token, cipher, packets, nowUs: nowUs() });
    const lane = new NetcodeLane(pipe, netcode);
    const endMs = performance.now() + OPEN_MS_MAX;
    while (netcode.state !== NETCODE_STATE.connected) {
      if (netcode.state <= 0 || performance.now() > endMs)
        throw new Error(`Cannot open ${netcode.server}: netcode state ${netcode.state}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    clearInterval(lane.#timer);
    return lane;
  }

  send(bytes: Uint8Array, length: number): void {
    const packet = this.#netcode.send(bytes.subarray(LANE_HEAD, LANE_HEAD + length));
    if (packet === null) return;
    NetcodeLane.wireOut += packet.length;
    this.#pipe.send(packet);
    if (performance.now() - this.#tickedMs > TICK_MS) this.#tick();
  }

  onDatagram(fn: (bytes: Uint8Array) => void): void {
    this.#datagram = fn;
  }

  onClose(fn: () => void): void {
    this.#closed = fn;
  }

  close(): void {
    this.#closed = () => {};
    clearInterval(this.#timer);
    this.#netcode.close();
    this.#flush();
    this.#pipe.close();
  }

  #message(bytes: Uint8Array): void {
    const payload = this.#netcode.handle(bytes);
    if (payload === null) {
      this.#flush();
      return;
    }
    NetcodeLane.wireIn += bytes.length;
    this.#datagram(payload);
  }

  #tick(): void {
    this.#tickedMs = performance.now();
    this.#netcode.tick(nowUs());
    this.#flush();
    if (this.#netcode.state > 0) return;
    clearInterval(this.#timer);
    this.#closed();
  }

  #flush(): void {
    for (let packet = this.#netcode.poll(); packet !== null; packet = this.#netcode.poll())
      this.#pipe.send(packet);
  }
}

/** A token for a server that has the key. */
export function tokenFor(url: URL, userId: string, key = DEVELOPMENT_KEY): Uint8Array {
  return issueConnectToken({
    userId,
    servers: [url.host],
    expireMs: TOKEN_MS,
    key,
    nowMs: Date.now(),
    random: (into) => void randomFillSync(into),
  }).bytes;
}

/** For a client that nobody knows. */
export function lonelyToken(url: URL, key = DEVELOPMENT_KEY): Uint8Array {
  return tokenFor(url, `load-${randomBytes(8).toString('hex')}`, key);
}

async function socketPipe(url: URL): Promise<UdpPipe> {
  const socket = await connected(url);
  socket.on('error', () => {});
  return {
    send: (bytes) => socket.send(Buffer.from(bytes)),
    onMessage: (fn) => void socket.on('message', fn),
    close: () => void socket.close(),
  };
}

function connected(url: URL): Promise<Socket> {
  const socket = createSocket('udp4');
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.connect(Number(url.port), url.hostname, () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

function nowUs(): number {
  return performance.now() * 1000;
}

const TICK_MS = 100;
const OPEN_MS_MAX = 10_000;
const TOKEN_MS = 300_000;
/** Two for each of 4,000 clients. */
const KEYS_MAX = 8192;
