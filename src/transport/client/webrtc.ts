/**
 * WebRTC client transport: one data channel to a server, one binary message is one datagram. In a browser over its own
 * `RTCPeerConnection`; in Node over a peer that `webrtc-node.ts` makes.
 *
 * The offer leaves as soon as it is made. No candidate has to be gathered first, as the server waits for this end to reach it.
 * The last datagram of a `close` goes by HTTP, to the location that the answer has named: it is not lost on the way, and a
 * browser sends it also for a page that is gone.
 */
import { PACKET_BYTES_MAX } from '../../../protocol/gen/tables.ts';
import { FrayError } from '../../errors.ts';
import { CHANNEL_ID, CHANNEL_LABEL, farewell, readFarewell } from '../data-channel.ts';
import type { ClientPipe } from '../types.ts';
import { CLOSE, Ending, Hearing } from '../types.ts';
import { serverUrl } from './target.ts';

/** One connection with its one channel, as far as this transport needs it. Listeners are set right after it was made. */
export interface RtcPeer {
  onOpen: () => void;
  /** `bytes` need not outlive the call. */
  onMessage: (message: Uint8Array | string) => void;
  /** The channel closed, or never will open. May come more than once. */
  onClosed: () => void;
  readonly isOpen: boolean;
  readonly bufferedBytes: number;
  /** Resolves with the session description of an offer. */
  offer(): Promise<string>;
  accept(answer: string): Promise<void>;
  send(message: Uint8Array | string): void;
  /** Closes; what was sent before still goes out where it can. */
  close(): void;
}

export interface WebRtcOptions {
  /** Makes the peer. Default: the browser's. */
  readonly make?: (iceServers: readonly IceServer[]) => RtcPeer;
  /** For networks that let this end out through a relay only. Default none: the server is reached at its own address. */
  readonly iceServers?: readonly IceServer[];
  /** Time to open, signalling included. Default 5,000 ms. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Bytes waiting in this machine from which on datagrams are dropped. Default 16,384: half a second of a fast game. */
  readonly bufferedBytesMax?: number;
}

/** As the browser's `RTCIceServer`. */
export interface IceServer {
  readonly urls: string | string[];
  readonly username?: string;
  readonly credential?: string;
}

/**
 * Opens a pipe. Datagrams that arrive before `onDatagram` is set are kept for it: at most 64, about two seconds.
 * Rejects with `E_JOIN_TIMEOUT`, `E_ABORTED`, `E_ADDRESS` (not a URL) or `E_CLOSED` (no WebRTC here or there, refused, or the
 * network lets no UDP through).
 */
export async function openWebRtc(url: string, options: WebRtcOptions = {}): Promise<ClientPipe> {
  const target = signallingUrl(url);
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort('timeout'), options.timeoutMs ?? 5000);
  const abort = (): void => limit.abort('caller');
  options.signal?.addEventListener('abort', abort);
  if (options.signal?.aborted === true) abort();
  let peer: RtcPeer | null = null;
  try {
    limit.signal.throwIfAborted();
    peer = (options.make ?? makeBrowserPeer)(options.iceServers ?? []);
    const location = await connectPeer(peer, target, limit.signal);
    return new WebRtcPipe(peer, location, options.bufferedBytesMax ?? 16_384);
  } catch (cause) {
    peer?.close();
    throw failureOf(target, limit.signal, cause);
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', abort);
  }
}

/** `http`, `https`, `ws` and `wss` URLs; a last part `ws` of the path becomes `rtc`, to others it is added. Throws `E_ADDRESS`. */
export function signallingUrl(text: string): string {
  const { url, isSecure } = serverUrl(text);
  return `${isSecure ? 'https:' : 'http:'}//${url.host}${url.pathname.replace(/\/(ws|rtc)?$/, '')}/rtc`;
}

/** Offer, answer, open channel. Resolves with the location of the peer there; rejects with the abort, or with why not. */
async function connectPeer(peer: RtcPeer, target: string, signal: AbortSignal): Promise<string> {
  const opened = new Promise<void>((resolve, reject) => {
    peer.onOpen = resolve;
    peer.onClosed = () => reject(new Error('no way leads to the UDP port of the server'));
    signal.addEventListener('abort', () => reject(new Error('given up')));
  });
  opened.catch(() => {});
  const offer = await peer.offer();
  const answer = await fetch(target, {
    method: 'POST',
    headers: { 'content-type': 'application/sdp' },
    body: offer,
    signal,
    cache: 'no-store',
    credentials: 'omit',
  });
  const text = await answer.text();
  if (answer.status === NO_WEBRTC) throw new Error('the server has none');
  if (answer.status !== 201) {
    const code = /^E_[A-Z_]+/.exec(text)?.[0] ?? '';
    throw new Error(`the server refused the offer with ${answer.status} ${code}`.trimEnd());
  }
  await peer.accept(text);
  await opened;
  return new URL(answer.headers.get('location') ?? '', target).href;
}

/**
 * Outlives the page. Without a content type and the wish to read the answer no preflight comes before it, whatever the page's
 * origin: it leaves at once.
 */
function sendLast(location: string, bytes: Uint8Array): void {
  fetch(location, {
    method: 'POST',
    body: bytes as Uint8Array<ArrayBuffer>,
    keepalive: true,
    mode: 'no-cors',
    credentials: 'omit',
  }).catch(ignore);
}

function failureOf(target: string, signal: AbortSignal, cause: unknown): FrayError {
  if (signal.aborted) {
    const isCaller = signal.reason === 'caller';
    return new FrayError(
      isCaller ? 'E_ABORTED' : 'E_JOIN_TIMEOUT',
      `Cannot connect to ${target}: ${isCaller ? 'the caller gave up' : 'no answer came in time'}`,
    );
  }
  const state = cause instanceof Error ? cause.message : String(cause);
  return new FrayError('E_CLOSED', `Cannot connect to ${target}: ${state}`, { cause });
}

class WebRtcPipe implements ClientPipe {
  readonly kind = 'webrtc';
  dropped = 0;
  readonly #peer: RtcPeer;
  readonly #location: string;
  readonly #bufferedBytesMax: number;
  readonly #hearing = new Hearing();
  readonly #ending = new Ending();

  constructor(peer: RtcPeer, location: string, bufferedBytesMax: number) {
    this.#peer = peer;
    this.#location = location;
    this.#bufferedBytesMax = bufferedBytesMax;
    peer.onMessage = (message) => this.#message(message);
    peer.onClosed = () => this.#ending.happen(CLOSE.lost);
    if (!peer.isOpen) this.#ending.happen(CLOSE.lost);
  }

  get bufferedBytes(): number {
    return this.#peer.bufferedBytes;
  }

  send(bytes: Uint8Array): void {
    const fits = bytes.length > 0 && bytes.length <= PACKET_BYTES_MAX;
    if (
      !fits ||
      this.#ending.code >= 0 ||
      !this.#peer.isOpen ||
      this.#peer.bufferedBytes > this.#bufferedBytesMax
    ) {
      this.dropped += 1;
      return;
    }
    this.#peer.send(bytes);
  }

  close(code: number, last?: Uint8Array): void {
    if (this.#ending.code >= 0) return;
    // A farewell might be there first, and end what the last datagram is for.
    if (last !== undefined) sendLast(this.#location, last);
    else if (this.#peer.isOpen) this.#peer.send(farewell(code));
    this.#peer.close();
    this.#ending.happen(code);
  }

  onDatagram(fn: (bytes: Uint8Array) => void): void {
    this.#hearing.listen(fn);
  }

  onClose(fn: (code: number) => void): void {
    this.#ending.listen(fn);
  }

  #message(message: Uint8Array | string): void {
    if (this.#ending.code >= 0) return;
    if (typeof message !== 'string') {
      this.#hearing.hear(message);
      return;
    }
    const code = readFarewell(message);
    if (code < 0) {
      this.close(CLOSE.unsupported);
      return;
    }
    this.#ending.happen(code);
    this.#peer.close();
  }
}

/** Over the browser's own connection. Throws where it has none. */
function makeBrowserPeer(iceServers: readonly IceServer[]): RtcPeer {
  return new BrowserPeer(new RTCPeerConnection({ iceServers: [...iceServers] }));
}

class BrowserPeer implements RtcPeer {
  onOpen: () => void = ignore;
  onMessage: (message: Uint8Array | string) => void = ignore;
  onClosed: () => void = ignore;
  readonly #connection: RTCPeerConnection;
  readonly #channel: RTCDataChannel;
  /** A page that goes waits for nothing, and the browser keeps none for "back" that has a connection. */
  readonly #end = (): void => {
    removeEventListener('pagehide', this.#end);
    this.#connection.close();
  };

  constructor(connection: RTCPeerConnection) {
    this.#connection = connection;
    addEventListener('pagehide', this.#end);
    const channel = connection.createDataChannel(CHANNEL_LABEL, {
      negotiated: true,
      id: CHANNEL_ID,
      ordered: false,
      maxRetransmits: 0,
    });
    this.#channel = channel;
    channel.binaryType = 'arraybuffer';
    channel.onopen = () => this.onOpen();
    channel.onmessage = ({ data }: MessageEvent<ArrayBuffer | string>) =>
      this.onMessage(typeof data === 'string' ? data : new Uint8Array(data));
    channel.onclose = () => this.#gone();
    channel.onerror = () => this.#gone();
    // `disconnected` may heal; whether it lasts too long is for the session to say.
    connection.onconnectionstatechange = () => {
      if (connection.connectionState === 'failed') this.#gone();
    };
  }

  get isOpen(): boolean {
    return this.#channel.readyState === 'open';
  }

  get bufferedBytes(): number {
    return this.#channel.bufferedAmount;
  }

  async offer(): Promise<string> {
    const offer = await this.#connection.createOffer();
    await this.#connection.setLocalDescription(offer);
    return offer.sdp ?? '';
  }

  accept(answer: string): Promise<void> {
    return this.#connection.setRemoteDescription({ type: 'answer', sdp: answer });
  }

  send(message: Uint8Array | string): void {
    if (typeof message === 'string') this.#channel.send(message);
    else this.#channel.send(message as Uint8Array<ArrayBuffer>);
  }

  /** The channel first, which lets out what waits in it; the connection when that is done. */
  close(): void {
    if (this.#channel.readyState !== 'open') {
      this.#end();
      return;
    }
    this.#channel.onclose = this.#end;
    this.#channel.close();
    setTimeout(this.#end, FLUSH_MS);
  }

  #gone(): void {
    this.#end();
    this.onClosed();
  }
}

function ignore(): void {}

/** HTTP status of a server without WebRTC. A success, since a browser puts all others on the console of the page. */
const NO_WEBRTC = 204;
/** ms. A channel that has not closed by then has nobody at its other end. */
const FLUSH_MS = 1000;
