/**
 * WebSocket server transport over uWebSockets.js: keeps what `websocket.ts` keeps, with less CPU per message. It takes its sockets
 * from an app of that library, which owns the port (`UwsFront`).
 *
 * Tested over the library itself (test/peers/uws.test.ts).
 */
import { ERROR, PACKET_BYTES_MAX } from '../../../protocol/gen/tables.ts';
import type { OpenListener, PipeFacts, ServerTransport } from '../types.ts';
import { CLOSE, PipeNumbers, transportCounters } from '../types.ts';
import type { ControlCount } from './control-frames.ts';
import { countControl, forgiveControls } from './control-frames.ts';
import type { RequestFacts } from './peer.ts';
import { addressOf, originAllowed } from './peer.ts';
import { Silence } from './silence.ts';
import type {
  UwsApp,
  UwsBehavior,
  UwsContext,
  UwsRequest,
  UwsResponse,
  UwsSocket,
} from './uws-module.ts';
import { addressText } from './uws-module.ts';
import type { WebSocketServerOptions } from './websocket.ts';
import { ownCode, reasonOf, wireCode } from './websocket.ts';

/** What the library keeps for us beside each socket. */
interface Pipe extends ControlCount {
  number: number;
  ws: UwsSocket<Pipe> | null;
  /** Sweep in which something was last heard. */
  heard: number;
  /** Why we closed it; -1: we did not. */
  code: number;
  readonly address: string;
  /** Null once it was told. */
  facts: PipeFacts | null;
}

export class UwsTransport implements ServerTransport {
  readonly kind = 'websocket';
  readonly index: number;
  readonly counters = transportCounters();
  readonly #options: Required<Omit<WebSocketServerOptions, 'trustProxy' | 'index' | 'closeMs'>>;
  readonly #hops: number;
  readonly #numbers: PipeNumbers<Pipe>;
  readonly #silence: Silence;
  #stopped = false;
  #opened: OpenListener = () => undefined;
  #datagram: (pipe: number, bytes: Uint8Array) => void = () => undefined;
  #closed: (pipe: number, code: number) => void = () => undefined;

  constructor(options: WebSocketServerOptions = {}) {
    const silentMs = options.silentMs ?? 20_000;
    this.index = options.index ?? 0;
    this.#hops = Number(options.trustProxy ?? 0);
    this.#options = {
      allowedOrigins: options.allowedOrigins ?? [],
      admit: options.admit ?? (() => true),
      pipesMax: options.pipesMax ?? 16_384,
      bufferedBytesMax: options.bufferedBytesMax ?? 2 * PACKET_BYTES_MAX,
      pingMs: Math.min(options.pingMs ?? 10_000, silentMs / 2),
      silentMs,
    };
    this.#numbers = new PipeNumbers(this.#options.pipesMax, this.index);
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

  /** Takes the WebSockets of an app at `path`. May be done for several apps: a renewed certificate makes a new one. */
  attach(app: UwsApp, path: string): void {
    const behavior: UwsBehavior<Pipe> = {
      // Longer messages cut the socket off without a word; up to twice the limit we say why.
      maxPayloadLength: 2 * PACKET_BYTES_MAX,
      // Silence is ours to judge, as in websocket.ts.
      idleTimeout: 0,
      sendPingsAutomatically: false,
      // Bounds the answers to pings; datagrams end at bufferedBytesMax before.
      maxBackpressure: this.#options.bufferedBytesMax + CONTROL_BYTES_MAX,
      upgrade: (response, request, context) => this.#upgrade(response, request, context),
      open: (ws) => this.#open(ws),
      message: (ws, message, isBinary) => this.#message(ws.getUserData(), message, isBinary),
      // No sign of life: whoever lives answers our own pings.
      ping: (ws) => void this.#isControl(ws.getUserData()),
      pong: (ws) => {
        const pipe = ws.getUserData();
        if (this.#isControl(pipe)) this.#heard(pipe);
      },
      close: (ws, code, message) => this.#end(ws.getUserData(), code, message),
    };
    app.ws(path, behavior);
  }

  send(pipe: number, bytes: Uint8Array): boolean {
    const ws = this.#numbers.get(pipe)?.ws ?? null;
    const length = bytes.length;
    if (ws === null || length === 0 || length > PACKET_BYTES_MAX) {
      this.counters.droppedOut += 1;
      return false;
    }
    if (
      ws.getBufferedAmount() >= this.#options.bufferedBytesMax ||
      ws.send(bytes, true, false) === DROPPED
    ) {
      this.counters.droppedSlow += 1;
      return false;
    }
    this.counters.datagramsOut += 1;
    this.counters.bytesOut += length;
    return true;
  }

  close(pipe: number, code: number, reason = ''): void {
    const one = this.#numbers.get(pipe);
    if (one === undefined || one.ws === null) return;
    one.code = code;
    one.ws.end(wireCode(code), reasonOf(reason).toString());
  }

  stop(): Promise<void> {
    this.#stopped = true;
    this.#silence.stop();
    for (const pipe of [...this.#numbers.values()]) this.close(pipe.number, CLOSE.away);
    // Closes are told in a later turn; see #end.
    return new Promise((resolve) => setImmediate(resolve));
  }

  /** `request` is gone after this call. */
  #upgrade(response: UwsResponse, request: UwsRequest, context: UwsContext): void {
    const headers: Record<string, string> = {};
    request.forEach((name, value) => {
      headers[name] = value;
    });
    const remoteAddress = addressText(response.getRemoteAddress());
    const facts: RequestFacts = { headers, socket: { remoteAddress } };
    const address = addressOf(facts, this.#hops);
    const refusal = this.#refusalOf(facts, address);
    if (refusal !== null) {
      response.writeStatus(refusal[0]).writeHeader('Content-Type', 'text/plain');
      response.end(`${refusal[1]}\n`, true);
      return;
    }
    const pipe: Pipe = {
      number: -1,
      ws: null,
      heard: this.#silence.now,
      controls: 0,
      code: -1,
      address,
      facts: { headers, permit: null },
    };
    const header = (name: string): string => headers[`sec-websocket-${name}`] ?? '';
    response.upgrade(pipe, header('key'), header('protocol'), header('extensions'), context);
  }

  #refusalOf(facts: RequestFacts, address: string): readonly [string, string] | null {
    if (this.#stopped || this.pipes >= this.#numbers.capacity) {
      this.counters.refusedFull += 1;
      return ['503 Service Unavailable', 'E_SESSIONS_LIMIT'];
    }
    if (!originAllowed(facts, this.#options.allowedOrigins, this.#hops)) {
      this.counters.refusedOrigin += 1;
      return ['403 Forbidden', 'E_ORIGIN'];
    }
    if (!this.#options.admit(address)) {
      this.counters.refusedAddress += 1;
      return ['429 Too Many Requests', 'E_SESSIONS_LIMIT'];
    }
    return null;
  }

  #open(ws: UwsSocket<Pipe>): void {
    const pipe = ws.getUserData();
    const number = this.#numbers.add(pipe);
    if (number < 0) {
      ws.close();
      return;
    }
    pipe.number = number;
    pipe.ws = ws;
    const { facts } = pipe;
    pipe.facts = null;
    this.counters.opened += 1;
    if (facts !== null) this.#opened(number, pipe.address, facts);
  }

  #message(pipe: Pipe, message: ArrayBuffer, isBinary: boolean): void {
    if (pipe.ws === null) return;
    this.#heard(pipe);
    if (!isBinary) {
      this.counters.violations += 1;
      this.close(pipe.number, CLOSE.unsupported, 'binary frames only');
    } else if (message.byteLength > PACKET_BYTES_MAX) {
      this.counters.violations += 1;
      this.close(pipe.number, CLOSE.oversize, 'too long');
    } else {
      this.counters.datagramsIn += 1;
      this.counters.bytesIn += message.byteLength;
      this.#datagram(pipe.number, new Uint8Array(message));
    }
  }

  /** Counts a control frame; false: it comes too late, or is one too many, with which the pipe closes. */
  #isControl(pipe: Pipe): boolean {
    if (pipe.ws === null) return false;
    if (countControl(pipe)) return true;
    this.counters.violations += 1;
    this.close(pipe.number, ERROR.E_RATE, 'too many control frames');
    return false;
  }

  #heard(pipe: Pipe): void {
    pipe.heard = this.#silence.now;
  }

  /**
   * The library calls this from inside our own `end` too; the listener hears of it in a later turn then, as it is in the middle of
   * something.
   */
  #end(pipe: Pipe, wire: number, message: ArrayBuffer): void {
    pipe.ws = null;
    if (this.#numbers.remove(pipe.number) === undefined) return;
    this.counters.closed += 1;
    const isOwn = pipe.code >= 0;
    const code = isOwn ? pipe.code : this.#reason(wire, message);
    if (isOwn) setImmediate(() => this.#closed(pipe.number, code));
    else this.#closed(pipe.number, code);
  }

  /** The library says what it cut a socket off for in words, with 1006. */
  #reason(wire: number, message: ArrayBuffer): number {
    if (wire !== CLOSE.lost || message.byteLength === 0) return ownCode(wire);
    const words = Buffer.from(message).toString();
    if (/too big/i.test(words)) {
      this.counters.violations += 1;
      return CLOSE.oversize;
    }
    if (/invalid|protocol|unexpected|utf/i.test(words)) {
      this.counters.violations += 1;
      return CLOSE.unsupported;
    }
    return CLOSE.lost;
  }

  #sweep(): void {
    for (const pipe of [...this.#numbers.values()]) {
      const { ws } = pipe;
      if (ws === null) continue;
      forgiveControls(pipe, this.#silence.everyMs);
      const presence = this.#silence.of(pipe);
      if (presence === 'gone') {
        this.counters.silent += 1;
        pipe.code = CLOSE.silent;
        ws.close();
      } else if (presence === 'quiet' && ws.getBufferedAmount() === 0) ws.ping();
    }
  }
}

/** What `send` answers when the library has dropped a message. */
const DROPPED = 2;
/** Bytes: room for a close frame and some pongs behind the datagrams that wait. */
const CONTROL_BYTES_MAX = 4096;
