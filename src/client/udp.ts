/**
 * UDP in Node: opens a pipe with a connect token, through the netcode client and a socket. One datagram is one payload packet.
 */
import { PacketSeal } from '../../core-wasm/bindings/seal.ts';
import { PACKET_BYTES_MAX } from '../../protocol/gen/tables.ts';
import type { Clock } from '../clock.ts';
import { systemClock } from '../clock.ts';
import { FrayError } from '../errors.ts';
import { NETCODE_STATE, NetcodeClient } from '../session/client/netcode.ts';
import { ASSOCIATED, NetcodePackets } from '../session/netcode.ts';
import type { ClientUdp } from '../transport/client/udp.ts';
import { openUdpSocket } from '../transport/client/udp.ts';
import type { ClientPipe } from '../transport/types.ts';
import { CLOSE, Ending, Hearing } from '../transport/types.ts';
import { loadSeal } from './seal-node.ts';

export interface UdpLimits {
  /** Time to open, over all servers of the token. Default 5,000 ms. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Bytes waiting in this machine from which on datagrams are dropped. Default 16,384. */
  readonly bufferedBytesMax?: number;
}

/** A UDP pipe, and what tests do to it. */
export interface UdpPipe extends ClientPipe {
  /** Stops and restarts reading: what comes meanwhile is lost. */
  pause(paused: boolean): void;
  /** Is gone without a word. */
  vanish(): void;
}

/**
 * Opens a pipe to the first server of the token that takes it in. Datagrams that arrive before `onDatagram` is set are kept for
 * it: at most 64. Rejects with `E_TOKEN_INVALID`, `E_TOKEN_EXPIRED`, `E_JOIN_TIMEOUT` (nobody answered: a server answers nothing to
 * a token that it does not take), `E_ABORTED`, or `E_CLOSED` (the server is full, or not there).
 */
export async function openUdp(
  token: Uint8Array | string,
  limits: UdpLimits = {},
): Promise<UdpPipe> {
  if (limits.signal?.aborted === true) throw failure('E_ABORTED', 'the caller gave up');
  const pipe = new UdpClientPipe(token, await sealOfProcess(), limits);
  return pipe.opening;
}

class UdpClientPipe implements UdpPipe {
  readonly kind = 'udp';
  readonly opening: Promise<UdpPipe>;
  dropped = 0;
  readonly #limits: UdpLimits;
  readonly #clock: Clock = systemClock();
  readonly #netcode: NetcodeClient;
  readonly #ending = new Ending();
  readonly #timer: NodeJS.Timeout;
  readonly #startedUs: number;
  #socket: ClientUdp;
  /** The server that the socket is connected to. */
  #server: string;
  readonly #hearing = new Hearing();
  /** Until it is open, or is not. */
  #settle: { resolve: (pipe: UdpPipe) => void; reject: (error: FrayError) => void } | null = null;
  readonly #abort = (): void => this.#fail('E_ABORTED', 'the caller gave up');

  constructor(token: Uint8Array | string, seal: Sealing, limits: UdpLimits) {
    this.#limits = limits;
    this.#startedUs = this.#clock.nowUs();
    this.#netcode = new NetcodeClient({ token, ...seal, nowUs: this.#startedUs });
    this.#server = this.#netcode.server;
    this.#socket = this.#connect();
    this.opening = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    limits.signal?.addEventListener('abort', this.#abort);
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#flush();
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedBytes;
  }

  send(bytes: Uint8Array): void {
    const fits = bytes.length > 0 && bytes.length <= PACKET_BYTES_MAX;
    const behind = this.#socket.bufferedBytes > (this.#limits.bufferedBytesMax ?? 16_384);
    const packet = fits && !behind ? this.#netcode.send(bytes) : null;
    if (packet === null || !this.#socket.send(packet)) this.dropped += 1;
  }

  close(code: number, last?: Uint8Array): void {
    if (this.#ending.code >= 0) return;
    if (last !== undefined) this.send(last);
    this.#netcode.close();
    this.#flush();
    this.#end(code);
  }

  onDatagram(fn: (bytes: Uint8Array) => void): void {
    this.#hearing.listen(fn);
  }

  onClose(fn: (code: number) => void): void {
    this.#ending.listen(fn);
  }

  pause(paused: boolean): void {
    this.#socket.pause(paused);
  }

  vanish(): void {
    this.#socket.close();
    this.#end(CLOSE.lost);
    // Gives the keys back; there is no socket any more that would tell the server.
    this.#netcode.close();
    while (this.#netcode.poll() !== null);
  }

  #connect(): ClientUdp {
    const socket = openUdpSocket(this.#server);
    socket.onDatagram((bytes) => this.#message(bytes));
    socket.onRefused(() => {
      this.#netcode.refused();
      this.#look();
    });
    return socket;
  }

  #message(bytes: Uint8Array): void {
    const payload = this.#netcode.handle(bytes);
    if (payload === null) this.#look();
    else if (payload.length <= PACKET_BYTES_MAX) this.#hearing.hear(payload);
  }

  #tick(): void {
    const nowUs = this.#clock.nowUs();
    this.#netcode.tick(nowUs);
    this.#look();
    const waitedUs = nowUs - this.#startedUs;
    if (this.#settle !== null && waitedUs >= (this.#limits.timeoutMs ?? 5000) * 1000)
      this.#fail('E_JOIN_TIMEOUT', 'no answer came in time');
  }

  /** Follows the state of the netcode client, and sends what is due. */
  #look(): void {
    const { state, server } = this.#netcode;
    if (this.#ending.code >= 0) return;
    if (state === NETCODE_STATE.connected && this.#settle !== null) {
      const { resolve } = this.#settle;
      this.#over();
      resolve(this);
    } else if (state <= 0) {
      this.#gone();
      return;
    } else if (server !== this.#server) {
      this.#socket.close();
      this.#server = server;
      this.#socket = this.#connect();
    }
    this.#flush();
  }

  #gone(): void {
    const { state } = this.#netcode;
    if (this.#settle === null)
      this.#end(state === NETCODE_STATE.timedOut ? CLOSE.silent : CLOSE.normal);
    else if (state === NETCODE_STATE.tokenExpired)
      this.#fail('E_TOKEN_EXPIRED', 'the token has expired meanwhile');
    else if (state === NETCODE_STATE.denied) this.#fail('E_CLOSED', 'the server is full');
    else this.#fail('E_CLOSED', 'the server is not there, or does not take the token');
  }

  #flush(): void {
    for (let packet = this.#netcode.poll(); packet !== null; packet = this.#netcode.poll())
      this.#socket.send(packet);
  }

  #fail(
    code: 'E_ABORTED' | 'E_CLOSED' | 'E_JOIN_TIMEOUT' | 'E_TOKEN_EXPIRED',
    state: string,
  ): void {
    const settle = this.#settle;
    if (settle === null) return;
    const error = failure(code, `${this.#server}: ${state}`);
    this.#netcode.close();
    this.#end(CLOSE.lost);
    settle.reject(error);
  }

  #over(): void {
    this.#settle = null;
    this.#limits.signal?.removeEventListener('abort', this.#abort);
  }

  #end(code: number): void {
    this.#over();
    clearInterval(this.#timer);
    this.#socket.close();
    this.#ending.happen(code);
  }
}

function failure(
  code: 'E_ABORTED' | 'E_CLOSED' | 'E_JOIN_TIMEOUT' | 'E_TOKEN_EXPIRED',
  state: string,
): FrayError {
  return new FrayError(code, `Cannot connect by UDP: ${state}`);
}

interface Sealing {
  readonly cipher: PacketSeal;
  readonly packets: NetcodePackets;
}

/** All pipes of a process seal in one memory, one after another. */
async function sealOfProcess(): Promise<Sealing> {
  const module = await loadSeal();
  if (sealing === null) {
    const cipher = new PacketSeal(module, { keysMax: 2 * PIPES_MAX, associated: ASSOCIATED });
    sealing = { cipher, packets: new NetcodePackets(cipher) };
  }
  return sealing;
}

let sealing: Sealing | null = null;
const PIPES_MAX = 4096;
/** ms. Half of the time between two keep-alives. */
const TICK_MS = 50;
