/**
 * The public port when uWebSockets.js serves the WebSockets: that library owns its port, so what is plain HTTP (page, health,
 * signalling) is passed on to the server of `src/http` over a local socket, and its answer back. So the page's origin, its policy and all
 * limits of HTTP stay what they are. A request costs a hop more; WebSockets cost none.
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { FrayError } from '../../errors.ts';
import type { UwsApp, UwsListening, UwsModule, UwsRequest, UwsResponse } from './uws-module.ts';
import { addressText } from './uws-module.ts';

export interface UwsFrontOptions {
  readonly uws: UwsModule;
  /** Takes what the app is to do beside HTTP: `UwsTransport.attach`. Called for each app. */
  readonly attach: (app: UwsApp) => void;
  /** Where the HTTP server listens: a path of a socket. It reads the address of a peer from the last entry of X-Forwarded-For. */
  readonly inner: string;
  /** PEM files; absent: plain. */
  readonly certificate?: { readonly cert: string; readonly key: string } | undefined;
  /** Bytes of a request's body. Default 65,536; longer ones get 413. */
  readonly bodyBytesMax?: number;
}

export class UwsFront {
  readonly #options: UwsFrontOptions;
  readonly #bodyBytesMax: number;
  readonly #apps: UwsApp[] = [];
  #at: { listening: UwsListening; host: string; port: number } | null = null;

  constructor(options: UwsFrontOptions) {
    this.#options = options;
    this.#bodyBytesMax = options.bodyBytesMax ?? 65_536;
  }

  /** Resolves with the port taken; rejects with E_PORT. */
  async listen(port: number, host: string): Promise<number> {
    const free = await freePort(port, host);
    const listening = await this.#open({ port: free, host }, this.#options.certificate);
    this.#at = { listening, host, port: free };
    return free;
  }

  /**
   * A renewed certificate: the library reads it when an app is made, so a new app listens at the same port beside the old one, whose
   * listening socket closes then. What the old one has open stays.
   */
  async setCertificate(files: { readonly cert: string; readonly key: string }): Promise<void> {
    const before = this.#at;
    if (before === null) return;
    const listening = await this.#open(before, files);
    this.#at = { ...before, listening };
    this.#options.uws.us_listen_socket_close(before.listening);
  }

  /** Takes no more sockets and closes what is open. */
  stop(): void {
    if (this.#at !== null) this.#options.uws.us_listen_socket_close(this.#at.listening);
    this.#at = null;
    for (const app of this.#apps.splice(0)) app.close?.();
  }

  #open(
    { port, host }: { readonly port: number; readonly host: string },
    files: UwsFrontOptions['certificate'],
  ): Promise<UwsListening> {
    const { uws, attach } = this.#options;
    const app =
      files === undefined
        ? uws.App()
        : uws.SSLApp({ cert_file_name: files.cert, key_file_name: files.key });
    attach(app);
    app.any('/*', (response, request) => this.#forward(response, request));
    this.#apps.push(app);
    return new Promise((resolve, reject) => {
      app.listen(host, port, (listening) => {
        if (listening !== false) resolve(listening);
        else reject(taken(port, host));
      });
    });
  }

  /** `request` is gone after this call, `response` after its end or abort. */
  #forward(response: UwsResponse, request: UwsRequest): void {
    const exchange = { over: false };
    const query = request.getQuery();
    const inner = httpRequest({
      socketPath: this.#options.inner,
      method: request.getMethod().toUpperCase(),
      path: query === '' ? request.getUrl() : `${request.getUrl()}?${query}`,
      headers: forwarded(request, addressText(response.getRemoteAddress())),
      timeout: INNER_MS,
    });
    const fail = (status: string): void => {
      inner.destroy();
      if (exchange.over) return;
      exchange.over = true;
      response.cork(() => response.writeStatus(status).end('', true));
    };
    response.onAborted(() => {
      exchange.over = true;
      inner.destroy();
    });
    let bytes = 0;
    response.onData((chunk, isLast) => {
      bytes += chunk.byteLength;
      if (bytes > this.#bodyBytesMax) return fail('413 Payload Too Large');
      // Copied: the chunk is gone after this call.
      if (chunk.byteLength > 0) inner.write(Buffer.from(chunk.slice(0)));
      if (isLast) inner.end();
    });
    inner.on('timeout', () => fail('504 Gateway Timeout'));
    inner.on('error', () => fail('502 Bad Gateway'));
    inner.on('response', (answer) => giveBack(answer, response, exchange));
  }
}

/**
 * The port asked for, or any for 0, once nobody listens at it. The library shares a port by default (it has to, for `setCertificate`), with other
 * processes as well, and does so only for a port that is named: so it can neither find one nor tell that one is taken.
 */
function freePort(port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (cause) => reject(taken(port, host, cause)));
    probe.listen({ port, host, exclusive: true }, () => {
      const found = (probe.address() as AddressInfo).port;
      probe.close(() => resolve(found));
    });
  });
}

function taken(port: number, host: string, cause?: Error): FrayError {
  const text = `Cannot listen on ${host}:${port}: the port is taken, or not ours`;
  return new FrayError('E_PORT', text, { cause });
}

/** Status, headers and body of the inner answer, as fast as the peer takes them. */
function giveBack(
  answer: IncomingMessage,
  response: UwsResponse,
  exchange: { over: boolean },
): void {
  if (exchange.over) return;
  response.cork(() => {
    response.writeStatus(`${answer.statusCode} ${answer.statusMessage}`);
    for (const [name, value] of Object.entries(answer.headers)) {
      if (HOP.has(name)) continue;
      for (const one of Array.isArray(value) ? value : [value])
        if (one !== undefined) response.writeHeader(name, one);
    }
  });
  response.onWritable(() => {
    answer.resume();
    return true;
  });
  let bytes = 0;
  answer.on('data', (chunk: Buffer) => {
    if (exchange.over) return;
    bytes += chunk.length;
    response.cork(() => {
      if (!response.write(chunk)) answer.pause();
    });
  });
  answer.on('end', () => {
    if (exchange.over) return;
    exchange.over = true;
    const length = Number(answer.headers['content-length'] ?? 0);
    response.cork(() => (bytes > 0 ? response.end() : response.endWithoutBody(length)));
  });
  answer.on('error', () => {
    if (exchange.over) return;
    // Half of an answer is none: the peer has to see that.
    exchange.over = true;
    response.close();
  });
}

function forwarded(request: UwsRequest, address: string): IncomingHttpHeaders {
  const headers: IncomingHttpHeaders = {};
  request.forEach((name, value) => {
    if (!HOP.has(name) || name === 'content-length') headers[name] = value;
  });
  const before = headers['x-forwarded-for'];
  headers['x-forwarded-for'] = before === undefined ? address : `${before}, ${address}`;
  return headers;
}

/** Said by each side of a connection for itself. */
const HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'te',
  'trailer',
  'proxy-connection',
  'expect',
  'content-length',
]);
/** ms. */
const INNER_MS = 15_000;
