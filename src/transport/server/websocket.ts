/**
 * WebSocket server transport: one binary frame is one datagram. Order is kept and nothing is lost on the way, but a
 * datagram for a reader that is behind is dropped here, not queued: a snapshot that waits is worth less than the next.
 *
 * Reading is `ws` 8 (no compression, frames of at most PACKET_BYTES_MAX), with a short way for whole small binary frames
 * (frame-reader.ts). Writing is our own: a data frame of a server is two or four bytes before the payload, so header and payload
 * go out in one buffer and one write; `ws` makes two.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { WebSocketServer } from 'ws';
import { ERROR, PACKET_BYTES_MAX } from '../../../protocol/gen/tables.ts';
import type { OpenListener, PipeFacts, ServerTransport } from '../types.ts';
import { CLOSE, PipeNumbers, transportCounters } from '../types.ts';
import type { ControlCount } from './control-frames.ts';
import { countControl, forgiveControls } from './control-frames.ts';
import { FrameReader } from './frame-reader.ts';
import { addressOf, originAllowed } from './peer.ts';
import { Silence } from './silence.ts';

export interface WebSocketServerOptions {
  /** Exact origins (`https://example.org`), or `*`, beside the origin that the request itself went to. Default none. */
  readonly allowedOrigins?: readonly string[];
  /** Proxies in front that append to X-Forwarded-For; true is 1. Default 0: the header is ignored. */
  readonly trustProxy?: boolean | number;
  /** Asked before an upgrade is answered, for limits per address. False: HTTP 429. Default: everybody. */
  readonly admit?: (address: string) => boolean;
  /** Pipes at once. Further upgrades get HTTP 503. Default 16,384, at most 65,536. */
  readonly pipesMax?: number;
  /**
   * Bytes waiting in user space behind one reader from which on datagrams for it are dropped. Default 2,240: two
   * datagrams; the kernel's own buffer is full before the first byte waits here.
   */
  readonly bufferedBytesMax?: number;
  /** A pipe from which nothing came for so long is pinged. Default 10,000 ms. */
  readonly pingMs?: number;
  /** A pipe from which nothing came for so long is closed (`CLOSE.silent`). Default 20,000 ms. */
  readonly silentMs?: number;
  /** How long the peer may take to answer a close before the socket is destroyed. Default 1,000 ms. */
  readonly closeMs?: number;
  /** Place among the transports of the server. Default 0. */
  readonly index?: number;
}

interface Pipe extends ControlCount {
  number: number;
  readonly ws: WebSocket;
  readonly socket: Duplex;
  /** Sweep in which something was last heard. */
  heard: number;
  code: number;
}

/** What a refused upgrade is answered with. */
export interface UpgradeRefusal {
  readonly status: number;
  readonly text: string;
}

export class WebSocketTransport implements ServerTransport {
  readonly kind = 'websocket';
  readonly index: number;
  readonly counters = transportCounters();
  readonly #wss: WebSocketServer;
  readonly #numbers: PipeNumbers<Pipe>;
  readonly #options: Required<Omit<WebSocketServerOptions, 'trustProxy' | 'index'>> & {
    hops: number;
  };
  readonly #silence: Silence;
  #stopped = false;
  #opened: OpenListener = ignore;
  #datagram: (pipe: number, bytes: Uint8Array) => void = ignore;
  #closed: (pipe: number, code: number) => void = ignore;

  constructor(options: WebSocketServerOptions = {}) {
    const silentMs = options.silentMs ?? 20_000;
    this.#options = {
      allowedOrigins: options.allowedOrigins ?? [],
      hops: Number(options.trustProxy ?? 0),
      admit: options.admit ?? everybody,
      pipesMax: options.pipesMax ?? 16_384,
      bufferedBytesMax: options.bufferedBytesMax ?? 2 * PACKET_BYTES_MAX,
      pingMs: Math.min(options.pingMs ?? 10_000, silentMs / 2),
      silentMs,
      closeMs: options.closeMs ?? 1000,
    };
    this.index = options.index ?? 0;
    this.#numbers = new PipeNumbers(this.#options.pipesMax, this.index);
    // A variable, because the types of `ws` are older than `maxFragments` and `closeTimeout`.
    const reader = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      skipUTF8Validation: true,
      autoPong: false,
      maxPayload: PACKET_BYTES_MAX,
      maxFragments: 16,
      closeTimeout: this.#options.closeMs,
    };
    this.#wss = new WebSocketServer(reader);
    this.#silence = new Silence(this.#options, () => this.#sweep());
  }

  get pipes(): number {
    return this.#numbers.count;
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

  /**
   * Answers an HTTP upgrade (event `upgrade` of node:http; the path is the caller's affair). Returns what the request
   * was refused with, or null. Never throws.
   */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): UpgradeRefusal | null {
    socket.on('error', ignore);
    const address = addressOf(request, this.#options.hops);
    const refusal = this.#refusalOf(request, address);
    if (refusal !== null) {
      refuseUpgrade(socket, refusal);
      return refusal;
    }
    const facts = { headers: request.headers, permit: null };
    this.#wss.handleUpgrade(request, socket, head, (ws) =>
      this.#accept(ws, { socket, address, facts }),
    );
    return null;
  }

  send(pipe: number, bytes: Uint8Array): boolean {
    const one = this.#numbers.get(pipe);
    const length = bytes.length;
    if (
      one === undefined ||
      length === 0 ||
      length > PACKET_BYTES_MAX ||
      one.ws.readyState !== OPEN
    ) {
      this.counters.droppedOut += 1;
      return false;
    }
    if (one.socket.writableLength >= this.#options.bufferedBytesMax) {
      this.counters.droppedSlow += 1;
      return false;
    }
    one.socket.write(frameOf(bytes, length));
    this.counters.datagramsOut += 1;
    this.counters.bytesOut += length;
    return true;
  }

  close(pipe: number, code: number, reason = ''): void {
    const one = this.#numbers.get(pipe);
    if (one === undefined || one.ws.readyState !== OPEN) return;
    one.code = code;
    one.ws.close(wireCode(code), reasonOf(reason));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#silence.stop();
    for (const pipe of this.#numbers.values()) this.close(pipe.number, CLOSE.away);
    const started = performance.now();
    while (this.pipes > 0 && performance.now() - started < this.#options.closeMs) await sleep(5);
    for (const pipe of this.#numbers.values()) pipe.ws.terminate();
    while (this.pipes > 0) await sleep(1);
  }

  #refusalOf(request: IncomingMessage, address: string): UpgradeRefusal | null {
    if (this.#stopped || this.pipes >= this.#numbers.capacity) {
      this.counters.refusedFull += 1;
      return { status: 503, text: 'E_SESSIONS_LIMIT' };
    }
    if (!originAllowed(request, this.#options.allowedOrigins, this.#options.hops)) {
      this.counters.refusedOrigin += 1;
      return { status: 403, text: 'E_ORIGIN' };
    }
    if (!this.#options.admit(address)) {
      this.counters.refusedAddress += 1;
      return { status: 429, text: 'E_SESSIONS_LIMIT' };
    }
    return null;
  }

  #accept(
    ws: WebSocket,
    { socket, address, facts }: { socket: Duplex; address: string; facts: PipeFacts },
  ): void {
    const pipe: Pipe = {
      number: -1,
      ws,
      socket,
      heard: this.#silence.now,
      controls: 0,
      code: CLOSE.lost,
    };
    const number = this.#numbers.add(pipe);
    if (number < 0) {
      ws.terminate();
      return;
    }
    pipe.number = number;
    this.counters.opened += 1;
    ws.on('message', (data: Buffer, isBinary: boolean) => this.#message(pipe, data, isBinary));
    ws.on('ping', (data: Buffer) => this.#ping(pipe, data));
    ws.on('pong', () => {
      if (this.#isControl(pipe)) pipe.heard = this.#silence.now;
    });
    ws.on('error', (error: Error & { code?: string }) => this.#fault(pipe, error));
    ws.on('close', (code: number) => this.#end(pipe, code));
    this.#readFrames(pipe);
    this.#opened(number, address, facts);
  }

  /** Puts the short way before the one listener that `ws` has for what its socket reads. */
  #readFrames(pipe: Pipe): void {
    const { ws, socket } = pipe;
    const [long, ...more] = socket.listeners('data') as ((chunk: Buffer) => void)[];
    if (long === undefined || more.length > 0) return;
    const reader = new FrameReader((bytes) => this.#received(pipe, bytes));
    const open = (): boolean => ws.readyState === OPEN;
    socket.off('data', long);
    socket.on('data', (chunk: Buffer) => {
      const read = reader.take(chunk, open);
      if (read < chunk.length) long.call(socket, read === 0 ? chunk : chunk.subarray(read));
    });
  }

  #message(pipe: Pipe, data: Buffer, isBinary: boolean): void {
    if (pipe.ws.readyState !== OPEN) return;
    pipe.heard = this.#silence.now;
    if (!isBinary) {
      this.counters.violations += 1;
      this.close(pipe.number, CLOSE.unsupported, 'binary frames only');
      return;
    }
    this.#received(pipe, data);
  }

  #received(pipe: Pipe, bytes: Uint8Array): void {
    pipe.heard = this.#silence.now;
    this.counters.datagramsIn += 1;
    this.counters.bytesIn += bytes.length;
    this.#datagram(pipe.number, bytes);
  }

  /**
   * `ws` would queue pongs without bound for a peer that pings and does not read. A ping is no sign of life: whoever lives answers
   * our own.
   */
  #ping(pipe: Pipe, data: Buffer): void {
    if (!this.#isControl(pipe)) return;
    if (pipe.socket.writableLength < this.#options.bufferedBytesMax) pipe.ws.pong(data);
  }

  /** Counts a control frame; false: it comes too late, or is one too many, with which the pipe closes. */
  #isControl(pipe: Pipe): boolean {
    if (pipe.ws.readyState !== OPEN) return false;
    if (countControl(pipe)) return true;
    this.counters.violations += 1;
    this.close(pipe.number, ERROR.E_RATE, 'too many control frames');
    return false;
  }

  /** `ws` closes the socket itself after a broken frame; the code that it sends is kept for our own listener. */
  #fault(pipe: Pipe, error: Error & { code?: string }): void {
    if (error.code?.startsWith('WS_ERR') !== true) return;
    this.counters.violations += 1;
    pipe.code =
      error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' ? CLOSE.oversize : CLOSE.unsupported;
  }

  #end(pipe: Pipe, code: number): void {
    if (this.#numbers.remove(pipe.number) === undefined) return;
    this.counters.closed += 1;
    this.#closed(pipe.number, pipe.code === CLOSE.lost ? ownCode(code) : pipe.code);
  }

  #sweep(): void {
    for (const pipe of this.#numbers.values()) {
      forgiveControls(pipe, this.#silence.everyMs);
      const presence = this.#silence.of(pipe);
      if (presence === 'gone') {
        this.counters.silent += 1;
        pipe.code = CLOSE.silent;
        pipe.ws.terminate();
      } else if (
        presence === 'quiet' &&
        pipe.ws.readyState === OPEN &&
        pipe.socket.writableLength === 0
      ) {
        pipe.ws.ping();
      }
    }
  }
}

/** One binary frame (RFC 6455 section 5.2): final, unmasked. Payload copied, so the caller's memory is free again. */
function frameOf(bytes: Uint8Array, length: number): Buffer {
  const head = length < 126 ? 2 : 4;
  const frame = Buffer.allocUnsafe(head + length);
  frame[0] = 0x82;
  if (head === 2) frame[1] = length;
  else {
    frame[1] = 126;
    frame[2] = length >>> 8;
    frame[3] = length & 0xff;
  }
  frame.set(bytes, head);
  return frame;
}

/** Our own codes travel as 4000 + code; those of RFC 6455 that a program may send travel as they are. */
export function wireCode(code: number): number {
  if (code === CLOSE.normal) return 1000;
  if (code < 1000) return 4000 + code;
  return code === CLOSE.lost ? 1001 : code;
}

export function ownCode(code: number): number {
  if (code >= 4000 && code < 5000) return code - 4000;
  if (code === 1000) return CLOSE.normal;
  return code === 1005 ? CLOSE.normal : code;
}

/** A close frame holds at most 123 bytes of text. */
export function reasonOf(reason: string): Buffer {
  const bytes = Buffer.from(reason);
  return bytes.length <= 123
    ? bytes
    : Buffer.from(
        bytes
          .subarray(0, 123)
          .toString()
          .replace(/\uFFFD.*$/u, ''),
      );
}

function refuseUpgrade(socket: Duplex, refusal: UpgradeRefusal): void {
  const body = `${refusal.text}\n`;
  socket.end(
    `HTTP/1.1 ${refusal.status} ${STATUS[refusal.status] ?? 'Refused'}\r\nConnection: close\r\n` +
      `Content-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}

function everybody(): boolean {
  return true;
}

function ignore(): void {}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const OPEN = 1;
const STATUS: { readonly [status: number]: string } = {
  403: 'Forbidden',
  429: 'Too Many Requests',
  503: 'Service Unavailable',
};
