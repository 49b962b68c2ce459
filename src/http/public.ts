/**
 * The public port: the page of the game, `/healthz` and `/readyz`, the WebSocket upgrade at `/ws`, and offers of WebRTC at
 * `/rtc`. The data plane's own small HTTP, on node:http; the control plane has another. Nothing here knows a game or a player.
 *
 * Slow peers: TLS handshakes and headers within `headersMs`, whole requests within `requestMs`, and a socket on which nothing
 * moves for `idleMs` is destroyed; at most `socketsMax` sockets and `requestsMax` requests at once, and so many of one network. Each
 * refusal is counted.
 */

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { Server as SecureServer } from 'node:https';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, ListenOptions } from 'node:net';
import type { Duplex } from 'node:stream';
import { FrayError } from '../errors.ts';
import { Tally } from '../limits.ts';
import type { Mount } from './static.ts';
import { findFile, sendFile } from './static.ts';
import type { Certificate } from './tls.ts';

export type { Mount } from './static.ts';

export interface PublicHttpOptions {
  /** Folders served; the longest matching path wins. Default none. */
  readonly mounts?: readonly Mount[];
  /** Answers of exact paths, for GET and HEAD; looked at before mounts. Default none. */
  readonly routes?: {
    readonly [path: string]: (request: IncomingMessage, response: ServerResponse) => unknown;
  };
  /** The same for POST. Bodies are thrown away. Default none. */
  readonly commands?: PublicHttpOptions['routes'];
  /** Takes the upgrade at `/ws`, for example `WebSocketTransport.handleUpgrade`. Default: 404. */
  readonly upgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => unknown;
  /** Takes POST and OPTIONS at `/rtc` and below it, for example `WebRtcTransport.handleOffer`. It reads or drops the body. Default: 405. */
  readonly offer?: (request: IncomingMessage, response: ServerResponse) => unknown;
  /** `/healthz`: the process works. Default: always. */
  readonly healthy?: () => boolean;
  /** `/readyz`: new players are welcome. Default: always. */
  readonly ready?: () => boolean;
  /** The one hook for headers of every answer; runs after the defaults, so it can replace them. */
  readonly setHeaders?: (response: ServerResponse, request: IncomingMessage) => void;
  /** Value of Content-Security-Policy. Default DEFAULT_CSP; '' sends none. */
  readonly csp?: string;
  /** Default 5,000 ms. */
  readonly headersMs?: number;
  /** Default 10,000 ms. */
  readonly requestMs?: number;
  /** Default 15,000 ms. Does not hold for upgraded sockets. */
  readonly idleMs?: number;
  /** Sockets at once, upgraded ones included; further ones are closed as they come. Default 20,000. */
  readonly socketsMax?: number;
  /** Requests whose answer is not complete, health apart; further ones get 503. Default 256. */
  readonly requestsMax?: number;
  /** The same of one network (IPv4 /24, IPv6 /56); further ones get 429. Default half of `requestsMax`, and at least 16. */
  readonly requestsPerAddressMax?: number;
  /** Address of who asks. Default: that of the socket. */
  readonly addressOf?: (request: IncomingMessage) => string;
  /** Speaks TLS with it. Default: plain HTTP. */
  readonly certificate?: Certificate | undefined;
}

/** All rise only. */
export interface HttpCounters {
  requests: number;
  upgrades: number;
  notFound: number;
  /** Requests that do not parse, or with too much in their headers: 400, 431; one that does not wait for the answer before it. */
  malformed: number;
  /** Sockets closed because headers or the body did not come in time: 408. */
  slow: number;
  /** Sockets closed because an answer was not taken in time. */
  slowReaders: number;
  /** Sockets over `socketsMax`. */
  refusedSockets: number;
  /** Requests over `requestsMax`. */
  refusedRequests: number;
  /** Requests over `requestsPerAddressMax`. */
  refusedAddress: number;
  /** TLS handshakes that failed or took too long. */
  tlsFailed: number;
}

/**
 * What the page of a Fray game needs and no more: own scripts, WebAssembly, styles also in the page, pictures also as data,
 * connections to its own server. `frame-ancestors` is left out, so that game portals can embed it.
 */
export const DEFAULT_CSP =
  "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; " +
  "img-src 'self' data: blob:; media-src 'self' data: blob:; connect-src 'self'; worker-src 'self' blob:; " +
  "object-src 'none'; base-uri 'none'; form-action 'none'";

/** Path of the WebSocket. */
export const SOCKET_PATH = '/ws';
/** Path of the signalling of WebRTC. */
export const RTC_PATH = '/rtc';

export class PublicHttp {
  readonly server: Server | SecureServer;
  readonly counters: HttpCounters = {
    requests: 0,
    upgrades: 0,
    notFound: 0,
    malformed: 0,
    slow: 0,
    slowReaders: 0,
    refusedSockets: 0,
    refusedRequests: 0,
    refusedAddress: 0,
    tlsFailed: 0,
  };
  readonly #options: PublicHttpOptions;
  readonly #csp: string;
  /** Requests whose answer is not complete. */
  readonly #open: Tally;

  constructor(options: PublicHttpOptions = {}) {
    this.#options = options;
    this.#csp = options.csp ?? DEFAULT_CSP;
    this.#open = new Tally(options.requestsMax ?? 256, options.requestsPerAddressMax);
    const limits = {
      maxHeaderSize: 8192,
      headersTimeout: options.headersMs ?? 5000,
      requestTimeout: options.requestMs ?? 10_000,
      // Often, so that sockets that were opened together are not all cut off in one turn of the loop.
      connectionsCheckingInterval: 50,
      keepAliveTimeout: 5000,
      noDelay: true,
      insecureHTTPParser: false,
    };
    this.server =
      options.certificate === undefined
        ? createServer(limits)
        : createSecureServer({
            ...limits,
            ...options.certificate.pem,
            handshakeTimeout: limits.headersTimeout,
          });
    this.server.maxHeadersCount = 64;
    this.server.maxConnections = options.socketsMax ?? 20_000;
    this.server.timeout = options.idleMs ?? 15_000;
    this.#listenTo(this.server as Server);
  }

  /** The certificate of further connections; those that are open stay. Without TLS it does nothing. */
  setCertificate(certificate: Certificate): void {
    if ('setSecureContext' in this.server) this.server.setSecureContext(certificate.pem);
  }

  /** Opens the port; resolves with the port taken. Port 0 takes a free one. Rejects with `E_PORT`. */
  async listen(port: number, host: string): Promise<number> {
    await this.#listen(`${host}:${port}`, { port, host });
    return (this.server.address() as AddressInfo).port;
  }

  /** Listens at a path of this machine's file system, for a front door of our own (`UwsFront`). Rejects with `E_PORT`. */
  listenAt(path: string): Promise<void> {
    return this.#listen(path, { path });
  }

  #listen(name: string, at: ListenOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (error: NodeJS.ErrnoException): void => reject(refusedPort(name, error));
      this.server.once('error', fail);
      this.server.listen(at, () => {
        this.server.removeListener('error', fail);
        resolve();
      });
    });
  }

  /** Takes no more sockets, ends idle ones, and destroys what is left after `graceMs`. Upgraded sockets belong to their transport. */
  stop(graceMs = 500): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.server.closeAllConnections(), graceMs);
      this.server.close(() => {
        clearTimeout(timer);
        resolve();
      });
      this.server.closeIdleConnections();
    });
  }

  #listenTo(server: Server): void {
    server.on('request', (request, response) => {
      this.#request(request, response).catch(() => response.destroy());
    });
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    server.on('clientError', (error: NodeJS.ErrnoException, socket) =>
      this.#clientError(error, socket),
    );
    server.on('drop', () => {
      this.counters.refusedSockets += 1;
    });
    server.on('tlsClientError', () => {
      this.counters.tlsFailed += 1;
    });
  }

  async #request(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.counters.requests += 1;
    // Asked before the answer before it was given. No browser does; answers would wait where no limit sees them.
    if (response.socket === null) {
      this.counters.malformed += 1;
      request.socket.destroy();
      return;
    }
    const refusal = this.#count(request, response);
    this.#headers(request, response);
    const { offer } = this.#options;
    if (offer !== undefined && isOffer(request) && refusal === null) {
      await offer(request, response);
      return;
    }
    // Other bodies are not wanted on this port: what comes is thrown away, and the socket ends with the answer.
    request.resume();
    const path = pathOf(request);
    const isReading = request.method === 'GET' || request.method === 'HEAD';
    if (isReading && path === '/healthz') this.#state(request, response, this.#options.healthy);
    else if (isReading && path === '/readyz') this.#state(request, response, this.#options.ready);
    else if (refusal !== null) {
      this.counters[refusal === 'full' ? 'refusedRequests' : 'refusedAddress'] += 1;
      response.setHeader('Connection', 'close');
      response.setHeader('Retry-After', '1');
      answer(request, response, refusal === 'full' ? 503 : 429, 'too many requests at once');
    } else if (request.method === 'POST' && Object.hasOwn(this.#options.commands ?? {}, path))
      this.#options.commands?.[path]?.(request, response);
    else if (!isReading) {
      response.setHeader('Allow', 'GET, HEAD');
      response.setHeader('Connection', 'close');
      answer(request, response, 405, 'method not allowed');
    } else if (Object.hasOwn(this.#options.routes ?? {}, path))
      this.#options.routes?.[path]?.(request, response);
    else {
      const found = await findFile(this.#options.mounts ?? [], path);
      if (response.destroyed) return;
      if (found !== null) sendFile(request, response, found);
      else {
        this.counters.notFound += 1;
        answer(request, response, 404, 'not found');
      }
    }
  }

  /** Counts an answer as open until it is complete or its socket has gone. Says why it has no place, or null. */
  #count(request: IncomingMessage, response: ServerResponse): 'full' | 'address' | null {
    const { addressOf } = this.#options;
    const address = addressOf?.(request) ?? request.socket.remoteAddress ?? '';
    const refusal = this.#open.refusal(address);
    if (refusal === null) {
      this.#open.enter(address);
      response.once('close', () => this.#open.leave(address));
    }
    response.once('timeout', () => {
      this.counters.slowReaders += 1;
      response.destroy();
    });
    return refusal;
  }

  #headers(request: IncomingMessage, response: ServerResponse): void {
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Referrer-Policy', 'same-origin');
    if (this.#csp !== '') response.setHeader('Content-Security-Policy', this.#csp);
    this.#options.setHeaders?.(response, request);
  }

  #state(
    request: IncomingMessage,
    response: ServerResponse,
    test: (() => boolean) | undefined,
  ): void {
    response.setHeader('Cache-Control', 'no-store');
    const fine = test === undefined || test();
    answer(request, response, fine ? 200 : 503, fine ? 'ok' : 'not now');
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.counters.upgrades += 1;
    const take = this.#options.upgrade;
    if (take !== undefined && pathOf(request) === SOCKET_PATH) {
      take(request, socket, head);
      return;
    }
    this.counters.notFound += 1;
    refuse(socket, '404 Not Found');
  }

  #clientError(error: NodeJS.ErrnoException, socket: Duplex): void {
    const status = STATUSES[error.code ?? ''] ?? '400 Bad Request';
    if (error.code === SLOW) this.counters.slow += 1;
    else if (error.code?.startsWith('HPE_') === true) this.counters.malformed += 1;
    else {
      // No HTTP has been spoken: a reset, or a failed TLS handshake.
      socket.destroy();
      return;
    }
    refuse(socket, status);
  }
}

/** Why a port cannot be opened: `E_PORT`. */
export function refusedPort(name: string, error: NodeJS.ErrnoException): FrayError {
  const state = REASONS[error.code ?? ''] ?? error.message;
  return new FrayError('E_PORT', `Cannot listen on ${name}: ${state}`, { cause: error });
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  text: string,
): void {
  const body = `${text}\n`;
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': body.length,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function refuse(socket: Duplex, status: string): void {
  socket.on('error', () => {});
  if (socket.writable)
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () =>
      socket.destroy(),
    );
  else socket.destroy();
}

/** What a browser, or a page of another origin, asks of the signalling. */
function isOffer(request: IncomingMessage): boolean {
  const isMethod = request.method === 'POST' || request.method === 'OPTIONS';
  return isMethod && `${pathOf(request)}/`.startsWith(`${RTC_PATH}/`);
}

/** Without query; anything that is no path is `/`-less and so finds nothing. */
function pathOf(request: IncomingMessage): string {
  const url = request.url ?? '';
  const end = url.search(/[?#]/);
  return end < 0 ? url : url.slice(0, end);
}

const SLOW = 'ERR_HTTP_REQUEST_TIMEOUT';
/** What requests that cannot be read are answered with, by the parser's code. */
const STATUSES: { readonly [code: string]: string } = {
  [SLOW]: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
};
const REASONS: { readonly [code: string]: string } = {
  EADDRINUSE: 'the port is taken',
  EACCES: 'the port needs more rights',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'there is no such host',
};
