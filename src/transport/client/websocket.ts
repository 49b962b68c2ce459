/**
 * WebSocket client transport over the standard `WebSocket` interface: the browser's own, or one passed in
 * (`websocket-node.ts` passes that of `ws`). One binary frame is one datagram.
 */
import { PACKET_BYTES_MAX } from '../../../protocol/gen/tables.ts';
import { FrayError } from '../../errors.ts';
import type { ClientPipe } from '../types.ts';
import { CLOSE, Ending, Hearing } from '../types.ts';
import { serverUrl } from './target.ts';

/** The part of the standard interface that is used. */
export interface SocketLike {
  binaryType: string;
  readonly readyState: number;
  readonly bufferedAmount: number;
  send(data: Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
  onopen: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
}

export interface WebSocketOptions {
  /** Makes the socket. Default: the global `WebSocket`. */
  readonly make?: (url: string) => SocketLike;
  /** Time to open. Default 5,000 ms. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Bytes waiting in this machine from which on datagrams are dropped. Default 16,384: half a second of a fast game. */
  readonly bufferedBytesMax?: number;
}

/**
 * Opens a pipe. Datagrams that arrive before `onDatagram` is set are kept for it: at most 64, about two seconds.
 * Rejects with `E_JOIN_TIMEOUT`, `E_ABORTED`, `E_ADDRESS` (not a URL) or `E_CLOSED` (refused, or nobody there).
 */
export function openWebSocket(url: string, options: WebSocketOptions = {}): Promise<ClientPipe> {
  const target = webSocketUrl(url);
  return new Promise((resolve, reject) => {
    if (options.signal?.aborted === true) {
      reject(new FrayError('E_ABORTED', `Cannot connect to ${target}: the caller gave up`));
      return;
    }
    const socket = (options.make ?? makeGlobal)(target);
    socket.binaryType = 'arraybuffer';
    const fail = (code: 'E_ABORTED' | 'E_JOIN_TIMEOUT' | 'E_CLOSED', state: string): void => {
      settle();
      socket.onopen = socket.onclose = null;
      socket.onerror = () => {};
      socket.close();
      reject(new FrayError(code, `Cannot connect to ${target}: ${state}`));
    };
    const abort = (): void => fail('E_ABORTED', 'the caller gave up');
    const timer = setTimeout(
      () => fail('E_JOIN_TIMEOUT', 'no answer came in time'),
      options.timeoutMs ?? 5000,
    );
    const settle = (): void => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', abort);
    };
    options.signal?.addEventListener('abort', abort);
    socket.onclose = () => fail('E_CLOSED', 'the server is not there, or refused the connection');
    socket.onerror = () => {};
    socket.onopen = () => {
      settle();
      resolve(new WebSocketPipe(socket, options.bufferedBytesMax ?? 16_384));
    };
  });
}

/** `http`, `https`, `ws` and `wss` URLs; a path of `/` becomes `/ws`. Query and fragment are left out. Throws `E_ADDRESS`. */
export function webSocketUrl(text: string): string {
  const { url, isSecure } = serverUrl(text);
  return `${isSecure ? 'wss:' : 'ws:'}//${url.host}${url.pathname === '/' ? '/ws' : url.pathname}`;
}

class WebSocketPipe implements ClientPipe {
  readonly kind = 'websocket';
  dropped = 0;
  readonly #socket: SocketLike;
  readonly #bufferedBytesMax: number;
  readonly #hearing = new Hearing();
  readonly #ending = new Ending();

  constructor(socket: SocketLike, bufferedBytesMax: number) {
    this.#socket = socket;
    this.#bufferedBytesMax = bufferedBytesMax;
    socket.onmessage = (event: { data: unknown }) => this.#message(event.data);
    socket.onclose = (event: { code: number }) => this.#end(event.code);
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  send(bytes: Uint8Array): void {
    const fits = bytes.length > 0 && bytes.length <= PACKET_BYTES_MAX;
    if (
      !fits ||
      this.#socket.readyState !== OPEN ||
      this.#socket.bufferedAmount > this.#bufferedBytesMax
    ) {
      this.dropped += 1;
      return;
    }
    this.#socket.send(bytes as Uint8Array<ArrayBuffer>);
  }

  close(code: number, last?: Uint8Array): void {
    if (this.#ending.code >= 0) return;
    if (last !== undefined) this.send(last);
    this.#socket.close(code === CLOSE.normal || code >= 1000 ? 1000 : 4000 + code);
    this.#ending.happen(code);
  }

  onDatagram(fn: (bytes: Uint8Array) => void): void {
    this.#hearing.listen(fn);
  }

  onClose(fn: (code: number) => void): void {
    this.#ending.listen(fn);
  }

  #message(data: unknown): void {
    if (this.#ending.code >= 0) return;
    if (data instanceof ArrayBuffer) this.#hearing.hear(new Uint8Array(data));
    else this.close(CLOSE.unsupported);
  }

  #end(code: number): void {
    this.#ending.happen(
      code >= 4000 && code < 5000
        ? code - 4000
        : code === 1000 || code === 1005
          ? CLOSE.normal
          : code,
    );
  }
}

function makeGlobal(url: string): SocketLike {
  return new WebSocket(url) as unknown as SocketLike;
}

const OPEN = 1;
