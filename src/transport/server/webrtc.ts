/**
 * WebRTC server transport: one binary message of a data channel is one datagram. Datagrams may be lost or overtake each other, and
 * one for a reader that is behind is dropped, not queued. The native code runs in a process of its own, `rtc/fray-rtc.ts`; when
 * that dies or hangs all pipes close with `CLOSE.lost` and it is started again, and nothing else of the server notices.
 *
 * Peers come by `handleOffer`, an HTTP request, and may say their last word by another. All of them share one UDP port. The server sends no datagram to an
 * address that has not reached that port by itself with the secret of its answer.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { PACKET_BYTES_MAX } from '../../../protocol/gen/tables.ts';
import { Tally } from '../../limits.ts';
import type { OpenListener, ServerTransport } from '../types.ts';
import { CLOSE, PipeNumbers, transportCounters } from '../types.ts';
import { FRAMES } from './rtc/frames.ts';
import type { RtcState } from './rtc/rtc-process.ts';
import { RtcProcess } from './rtc/rtc-process.ts';
import type {
  Caller,
  OfferCounters,
  OpenedPeer,
  Refusal,
  SignallingOptions,
} from './rtc/signalling.ts';
import { Signalling } from './rtc/signalling.ts';
import { Silence } from './silence.ts';

export interface WebRtcServerOptions {
  /** Address of the UDP port. Default 127.0.0.1. */
  readonly host?: string;
  /** UDP port of all peers. Default 0: a free one, kept as long as this transport lives. */
  readonly port?: number;
  /** The one address that clients are told, for a server behind a translated address. Default: all of the machine's. */
  readonly publicAddress?: string;
  /** ICE servers that clients are told of in a Link header. Default none. */
  readonly iceServers?: readonly string[];
  /** As for the WebSocket. */
  readonly allowedOrigins?: readonly string[];
  readonly trustProxy?: boolean | number;
  readonly admit?: (address: string) => boolean;
  /** Pipes and open offers at once. Default 16,384, at most 65,536. Some 275 KB each. */
  readonly pipesMax?: number;
  /** Offers answered whose channel is not open yet. Default 256. */
  readonly offersOpenMax?: number;
  /** The same of one address prefix (/24, /56). Default 64. */
  readonly offersOpenPerAddressMax?: number;
  /** Offers and last words whose body has not come yet. Default 128: half the requests that the public port has places for. */
  readonly offersReadingMax?: number;
  /** The same of one address prefix. Default 32. */
  readonly offersReadingPerAddressMax?: number;
  /** Time for a body. Default 2,000 ms. */
  readonly bodyMs?: number;
  /** Default 200: an offer costs some 3 ms of CPU. */
  readonly offersPerSecond?: number;
  /** The same for one address prefix; four seconds' worth may come at once. Default 32. */
  readonly offersPerAddressPerSecond?: number;
  /** Time from the offer to the open channel. Default 10,000 ms. */
  readonly offerMs?: number;
  /** Bytes waiting behind one reader from which on datagrams for it are dropped. Default 2,240: two datagrams. */
  readonly bufferedBytesMax?: number;
  /** Bytes of one reader that SCTP holds beside that, sent and not acknowledged. Default 8,192. */
  readonly sendBufferBytes?: number;
  /** A pipe from which nothing came for so long is closed (`CLOSE.silent`). Default 20,000 ms. */
  readonly silentMs?: number;
  /** `fray-rtc` is killed and started again when nothing came of it for so long; it reports each 250 ms. Default 1,500 ms. */
  readonly hungMs?: number;
  /** The same as it starts; at the first start WebRTC is given up then. Default 30,000 ms. */
  readonly startMs?: number;
  /** How long the process may take to close its peers. Default 1,000 ms. */
  readonly closeMs?: number;
  /** Time for the last word of a peer whose channel has closed without one. Default 2,000 ms: DNS, TCP, TLS, a POST. */
  readonly lastWordMs?: number;
  /** Default: nothing is said. */
  readonly log?: (level: 'info' | 'warn' | 'error', text: string) => void;
  /** Place among the transports of the server. Default 0. */
  readonly index?: number;
}

interface Pipe {
  number: number;
  readonly caller: Caller;
  /** Gives the answer, or why there is none; null once it is given. */
  answer: ((answer: string | { refusal: Refusal }) => void) | null;
  /** Ends the wait for the channel, and later for the last word. */
  timer: NodeJS.Timeout | undefined;
  /** Tells that all is over. */
  readonly ended: () => void;
  isOpen: boolean;
  isSlow: boolean;
  /** The process has forgotten the peer; its last word may still come. */
  isGone: boolean;
  /** The code of an own close; -1 before. */
  code: number;
  /** Sweep in which something was last heard. */
  heard: number;
}

export class WebRtcTransport implements ServerTransport {
  readonly kind = 'webrtc';
  readonly index: number;
  readonly counters = transportCounters();
  readonly #process: RtcProcess;
  readonly #signalling: Signalling;
  readonly #numbers: PipeNumbers<Pipe>;
  readonly #limits: {
    readonly offerMs: number;
    readonly silentMs: number;
    readonly closeMs: number;
    readonly lastWordMs: number;
  };
  /** Offers whose channel is not open yet. */
  readonly #waiting: Tally;
  #openCount = 0;
  #offersTimedOut = 0;
  readonly #silence: Silence;
  #stopped = false;
  readonly #code = new Uint8Array(2);
  #opened: OpenListener = ignore;
  #datagram: (pipe: number, bytes: Uint8Array) => void = ignore;
  #closed: (pipe: number, code: number) => void = ignore;

  /** Starts the process at once. */
  constructor(options: WebRtcServerOptions = {}) {
    this.index = options.index ?? 0;
    this.#numbers = new PipeNumbers(options.pipesMax ?? 16_384, this.index);
    this.#limits = {
      offerMs: options.offerMs ?? 10_000,
      silentMs: options.silentMs ?? 20_000,
      closeMs: options.closeMs ?? 1000,
      lastWordMs: options.lastWordMs ?? 2000,
    };
    this.#waiting = new Tally(options.offersOpenMax ?? 256, options.offersOpenPerAddressMax ?? 64);
    this.#process = new RtcProcess({
      host: options.host ?? '127.0.0.1',
      port: options.port ?? 0,
      bufferedBytesMax: options.bufferedBytesMax ?? 2 * PACKET_BYTES_MAX,
      sendBufferBytes: options.sendBufferBytes ?? 8192,
      hungMs: options.hungMs ?? 1500,
      startMs: options.startMs ?? 30_000,
      frame: (kind, peer, payload) => this.#frame(kind, peer, payload),
      gone: () => this.#gone(),
      log: options.log ?? ignore,
    });
    this.#signalling = new Signalling(signallingOptions(options), {
      refusal: (caller) => this.#refusal(caller),
      open: (offer, caller) => this.#offer(offer, caller),
    });
    this.#silence = new Silence(this.#limits, () => this.#sweep());
  }

  get pipes(): number {
    return this.#openCount;
  }

  get state(): RtcState {
    return this.#process.state;
  }

  /** The UDP port of all peers; 0 before it is known. */
  get port(): number {
    return this.#process.port;
  }

  /** Id of the process `fray-rtc`; 0 where there is none just now. */
  get pid(): number {
    return this.#process.pid;
  }

  /** CPU time of `fray-rtc`, all its lives together, in us; at most 250 ms old. */
  cpuUs(): number {
    return this.#process.cpuUs;
  }

  /** Resolves with true when peers can come, with false where they never can; rejects with `E_PORT`. */
  ready(): Promise<boolean> {
    return this.#process.ready();
  }

  /** Offers by what became of them, and the process's restarts: for metrics, names are stable. */
  get drops(): Readonly<Record<string, number>> {
    return {
      ...offerDrops(this.#signalling.counters, this.#offersTimedOut),
      process_restarts: this.#process.restarts,
      process_hung: this.#process.hung,
      process_damaged: this.#process.damaged,
      process_dropped: this.#process.dropped,
    };
  }

  get offers(): Readonly<OfferCounters> & { readonly waiting: number; readonly timedOut: number } {
    return {
      ...this.#signalling.counters,
      waiting: this.#waiting.count,
      timedOut: this.#offersTimedOut,
    };
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

  /** Answers POST and OPTIONS of the signalling path, which ends in `/rtc`, and of what is below it. Never throws. */
  handleOffer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    return this.#signalling.handle(request, response);
  }

  send(pipe: number, bytes: Uint8Array): boolean {
    const one = this.#numbers.get(pipe);
    const { length } = bytes;
    if (
      one === undefined ||
      !one.isOpen ||
      one.isGone ||
      one.code >= 0 ||
      length === 0 ||
      length > PACKET_BYTES_MAX
    ) {
      this.counters.droppedOut += 1;
      return false;
    }
    if (one.isSlow || this.#process.backlogBytes > BACKLOG_BYTES) {
      this.counters.droppedSlow += 1;
      return false;
    }
    this.#process.push(FRAMES.send, pipe, bytes);
    this.counters.datagramsOut += 1;
    this.counters.bytesOut += length;
    return true;
  }

  close(pipe: number, code: number): void {
    const one = this.#numbers.get(pipe);
    if (one === undefined || one.code >= 0) return;
    one.code = code;
    if (one.isGone) {
      // Later, as with others: nobody hears of a close from inside a call.
      queueMicrotask(() => this.#end(one, code));
      return;
    }
    this.#code[0] = code & 255;
    this.#code[1] = code >>> 8;
    this.#process.push(FRAMES.close, pipe, this.#code);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#silence.stop();
    for (const pipe of this.#numbers.values()) this.close(pipe.number, CLOSE.away);
    const started = performance.now();
    while (this.#numbers.count > 0 && performance.now() - started < this.#limits.closeMs)
      await sleep(5);
    await this.#process.stop(this.#limits.closeMs);
    this.#gone();
  }

  #refusal({ address }: Caller): Refusal | null {
    if (this.#stopped || this.#process.state !== 'ready') return 'unavailable';
    if (this.#numbers.count >= this.#numbers.capacity) return 'full';
    return this.#waiting.refusal(address);
  }

  #offer(offer: string, caller: Caller): OpenedPeer {
    let ended: () => void = ignore;
    const over = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const pipe: Pipe = {
      number: -1,
      caller,
      answer: null,
      timer: undefined,
      ended,
      isOpen: false,
      isSlow: false,
      isGone: false,
      code: -1,
      heard: 0,
    };
    const answer = new Promise<string | { refusal: Refusal }>((resolve) => {
      pipe.answer = resolve;
    });
    pipe.number = this.#numbers.add(pipe);
    this.#waiting.enter(caller.address);
    pipe.timer = setTimeout(() => {
      this.#offersTimedOut += 1;
      this.close(pipe.number, CLOSE.lost);
    }, this.#limits.offerMs);
    this.#process.push(FRAMES.offer, pipe.number, Buffer.from(offer, 'latin1'));
    return {
      answer,
      ended: over,
      cancel: () => this.close(pipe.number, CLOSE.lost),
      end: (last) => this.#lastWord(pipe, last),
    };
  }

  /** What the process says. A pipe that is gone already is no error: frames cross. */
  #frame(kind: number, peer: number, payload: Uint8Array): void {
    const pipe = this.#numbers.get(peer);
    if (pipe === undefined) return;
    if (kind === FRAMES.heard.kind) this.#heard(pipe, payload);
    else if (kind === FRAMES.closed.kind) this.#processClosed(pipe, payload);
    else if (kind === FRAMES.slow.kind) pipe.isSlow = payload[0] === 1;
    else if (kind === FRAMES.opened.kind) this.#open(pipe);
    else if (kind === FRAMES.answer.kind) {
      pipe.answer?.(Buffer.from(payload).toString('latin1'));
      pipe.answer = null;
    }
  }

  #open(pipe: Pipe): void {
    if (pipe.isOpen || pipe.code >= 0) return;
    clearTimeout(pipe.timer);
    this.#waiting.leave(pipe.caller.address);
    pipe.isOpen = true;
    pipe.heard = this.#silence.now;
    this.#openCount += 1;
    this.counters.opened += 1;
    this.#opened(pipe.number, pipe.caller.address, pipe.caller.facts);
  }

  #heard(pipe: Pipe, bytes: Uint8Array): void {
    if (!pipe.isOpen || pipe.code >= 0) return;
    pipe.heard = this.#silence.now;
    this.counters.datagramsIn += 1;
    this.counters.bytesIn += bytes.length;
    this.#datagram(pipe.number, bytes);
  }

  #lastWord(pipe: Pipe, bytes: Uint8Array): void {
    if (bytes.length > 0) this.#heard(pipe, bytes);
    this.close(pipe.number, CLOSE.normal);
  }

  #processClosed(pipe: Pipe, payload: Uint8Array): void {
    // It may tell twice.
    if (pipe.isGone) return;
    if (payload[2] === 1 && pipe.isOpen) this.counters.violations += 1;
    const code = (payload[0] as number) | ((payload[1] as number) << 8);
    if (code !== CLOSE.lost || !pipe.isOpen || pipe.code >= 0) {
      this.#end(pipe, code);
      return;
    }
    // A page that is left closes its channel, and its last word takes longer by HTTP.
    pipe.isGone = true;
    pipe.timer = setTimeout(() => this.#end(pipe, code), this.#limits.lastWordMs);
  }

  /** The process has died, or is to be forgotten. */
  #gone(): void {
    for (const pipe of [...this.#numbers.values()]) this.#end(pipe, CLOSE.lost);
  }

  #end(pipe: Pipe, code: number): void {
    if (this.#numbers.remove(pipe.number) === undefined) return;
    clearTimeout(pipe.timer);
    pipe.ended();
    pipe.answer?.({ refusal: code === CLOSE.unsupported ? 'malformed' : 'unavailable' });
    pipe.answer = null;
    if (!pipe.isOpen) {
      this.#waiting.leave(pipe.caller.address);
      return;
    }
    this.#openCount -= 1;
    this.counters.closed += 1;
    this.#closed(pipe.number, pipe.code >= 0 ? pipe.code : code);
  }

  #sweep(): void {
    for (const pipe of this.#numbers.values()) {
      if (!pipe.isOpen || pipe.code >= 0 || this.#silence.of(pipe) !== 'gone') continue;
      this.counters.silent += 1;
      this.close(pipe.number, CLOSE.silent);
    }
  }
}

function signallingOptions(options: WebRtcServerOptions): SignallingOptions {
  return {
    allowedOrigins: options.allowedOrigins ?? [],
    hops: Number(options.trustProxy ?? 0),
    admit: options.admit ?? everybody,
    offersPerSecond: options.offersPerSecond ?? 200,
    offersPerAddressPerSecond: options.offersPerAddressPerSecond ?? 32,
    bodies: {
      readingMax: options.offersReadingMax ?? 128,
      readingPerAddressMax: options.offersReadingPerAddressMax ?? 32,
      bodyMs: options.bodyMs ?? 2000,
    },
    publicAddress: options.publicAddress ?? '',
    iceServers: options.iceServers ?? [],
  };
}

/** Reasons of the metrics page for refused offers and for those that never opened a channel, without the kind before them. */
export function offerDrops(
  { answered: _, ...refused }: OfferCounters,
  timeout: number,
): Record<string, number> {
  const rows = Object.entries({ ...refused, timeout }).map(([name, count]) => [
    `offer_${snake(name)}`,
    count,
  ]);
  return Object.fromEntries(rows) as Record<string, number>;
}

function snake(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function everybody(): boolean {
  return true;
}

function ignore(): void {}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Bytes. So much unread by the process means that it is stuck: 2,000 snapshots of 500 bytes. */
const BACKLOG_BYTES = 1 << 20;
