/**
 * A stand-in for uWebSockets.js over node:http and `ws`, by the words of its documentation (docs/index.d.ts, version 20) alone, so that
 * what is written for the library can be run where it is not installed. It is as strict as the library where the documentation forbids
 * something: requests after their handler, sockets after their close, responses after their end, handlers that leave a response open.
 */

import { readFileSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createSecure } from 'node:https';
import type { AddressInfo, Server as NetServer, Socket } from 'node:net';
import { createServer as createNetServer, isIPv4 } from 'node:net';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { WebSocketServer } from 'ws';
import type {
  UwsApp,
  UwsBehavior,
  UwsListening,
  UwsModule,
  UwsRequest,
  UwsResponse,
  UwsSocket,
} from '../../src/transport/server/uws-module.ts';

export const standIn: UwsModule = {
  App: () => new App(createServer()),
  SSLApp: (files) =>
    new App(
      createSecure({
        cert: readFileSync(files.cert_file_name),
        key: readFileSync(files.key_file_name),
      }) as unknown as Server,
    ),
  us_listen_socket_close: (listening) => {
    const { door, app } = listening as Listening;
    door.apps.delete(app);
    if (door.apps.size > 0) return;
    door.net.close();
    DOORS.delete(door.port);
  },
  us_socket_local_port: (listening) => (listening as Listening).door.port,
};

/** By the library's default several apps may listen at one port; here the newest gets what comes. */
interface Door {
  readonly net: NetServer;
  port: number;
  readonly apps: Set<App>;
}
interface Listening extends UwsListening {
  readonly door: Door;
  readonly app: App;
}
const DOORS = new Map<number, Door>();

class App implements UwsApp {
  readonly #server: Server;
  readonly #wss = new WebSocketServer({ noServer: true, maxPayload: 1 << 20 });
  readonly #sockets = new Set<Duplex>();
  readonly #ws = new Map<string, UwsBehavior<unknown>>();
  #any: ((response: UwsResponse, request: UwsRequest) => void) | null = null;

  constructor(server: Server) {
    this.#server = server;
    server.on('secureConnection', (socket: Duplex) => this.#keep(socket));
    server.on('request', (request, response) => this.#request(request, response));
    server.on('upgrade', (request, socket, head) => this.#upgrade({ request, socket, head }));
  }

  ws<T>(pattern: string, behavior: UwsBehavior<T>): UwsApp {
    this.#ws.set(pattern, behavior as UwsBehavior<unknown>);
    return this;
  }

  any(_pattern: string, handler: (response: UwsResponse, request: UwsRequest) => void): UwsApp {
    this.#any = handler;
    return this;
  }

  listen(host: string, port: number, fn: (listening: UwsListening | false) => void): UwsApp {
    const shared = DOORS.get(port);
    if (shared !== undefined) {
      shared.apps.add(this);
      fn({ door: shared, app: this });
      return this;
    }
    const net = createNetServer((socket) => [...door.apps].at(-1)?.take(socket));
    const door: Door = { net, port, apps: new Set<App>([this]) };
    net.once('error', () => fn(false));
    net.listen({ host, port }, () => {
      door.port = (net.address() as AddressInfo).port;
      DOORS.set(door.port, door);
      fn({ door, app: this });
    });
    return this;
  }

  /** A new connection, TLS or not. */
  take(socket: Socket): void {
    this.#keep(socket);
    this.#server.emit('connection', socket);
  }

  close(): UwsApp {
    for (const socket of this.#sockets) socket.destroy();
    return this;
  }

  #keep(socket: Duplex): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => this.#sockets.delete(socket));
  }

  #request(request: IncomingMessage, response: ServerResponse): void {
    const made = new Response(request, response);
    const once = requestOf(request);
    this.#any?.(made, once.request);
    once.end();
    made.checkHandled();
  }

  #upgrade(at: { request: IncomingMessage; socket: Duplex; head: Buffer }): void {
    const behavior = this.#ws.get((at.request.url ?? '').split('?')[0] ?? '');
    if (behavior === undefined) {
      at.socket.destroy();
      return;
    }
    const once = requestOf(at.request);
    const response = new UpgradeResponse(at, (userData) =>
      this.#wss.handleUpgrade(at.request, at.socket, at.head, (ws) =>
        this.#open({ ws, socket: at.socket }, behavior, userData),
      ),
    );
    behavior.upgrade(response, once.request, {});
    once.end();
  }

  #open(
    { ws, socket }: { ws: WebSocket; socket: Duplex },
    behavior: UwsBehavior<unknown>,
    userData: unknown,
  ): void {
    let isOpen = true;
    const close = (code: number, words: string): void => {
      if (!isOpen) return;
      behavior.close(made, code, bufferOf(Buffer.from(words)));
      isOpen = false;
    };
    const live = (): WebSocket => {
      if (!isOpen) throw new Error('Invalid access of closed uWS.WebSocket');
      return ws;
    };
    const made: UwsSocket<unknown> = {
      getUserData: () => userData,
      getBufferedAmount: () => {
        live();
        return socket.writableLength;
      },
      send: (bytes, isBinary) => {
        live();
        if (socket.writableLength > behavior.maxBackpressure) return 2;
        // Copied, as the library does.
        ws.send(bytes.slice(), { binary: isBinary, compress: false });
        return socket.writableLength > 0 ? 0 : 1;
      },
      ping: () => {
        live().ping();
        return 1;
      },
      end: (code, text) => {
        live().close(code, text);
        close(code, text);
      },
      close: () => {
        live();
        close(1006, '');
        socket.destroy();
      },
    };
    behavior.open(made);
    ws.on('message', (data: Buffer, isBinary: boolean) => {
      if (!isOpen) return;
      if (data.length > behavior.maxPayloadLength) {
        close(1006, 'Received too big message');
        socket.destroy();
        return;
      }
      const message = bufferOf(data);
      behavior.message(made, message, isBinary);
      structuredClone(message, { transfer: [message] });
    });
    ws.on('ping', () => isOpen && behavior.ping(made));
    ws.on('pong', () => isOpen && behavior.pong(made));
    ws.on('error', () => undefined);
    ws.on('close', (code) => close(code, ''));
  }
}

/** What both kinds of a response know. */
class Answer {
  readonly #socket: Socket;

  constructor(socket: Duplex) {
    this.#socket = socket as Socket;
  }

  getRemoteAddress(): ArrayBuffer {
    const text = (this.#socket.remoteAddress ?? '').replace(/^::ffff:/, '');
    if (!isIPv4(text)) return new ArrayBuffer(16);
    return bufferOf(Buffer.from(text.split('.').map(Number)));
  }
}

class Response extends Answer implements UwsResponse {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #over = false;
  #hasAbort = false;
  #status = '200 OK';

  constructor(request: IncomingMessage, response: ServerResponse) {
    super(request.socket);
    this.#request = request;
    this.#response = response;
  }

  checkHandled(): void {
    if (!this.#over && !this.#hasAbort) throw new Error('A handler left its response open');
  }

  writeStatus(status: string): this {
    this.#live();
    this.#status = status;
    return this;
  }

  writeHeader(name: string, value: string): this {
    this.#live().appendHeader(name, value);
    return this;
  }

  write(chunk: Uint8Array): boolean {
    return this.#head().write(Buffer.from(chunk));
  }

  end(body = ''): this {
    this.#head().end(body);
    this.#over = true;
    return this;
  }

  endWithoutBody(length?: number): this {
    if (length !== undefined) this.#live().setHeader('Content-Length', length);
    this.#head().end();
    this.#over = true;
    return this;
  }

  close(): this {
    this.#over = true;
    this.#request.socket.destroy();
    return this;
  }

  onAborted(fn: () => void): this {
    this.#live();
    this.#hasAbort = true;
    this.#response.once('close', () => {
      if (this.#over) return;
      this.#over = true;
      fn();
    });
    return this;
  }

  onData(fn: (chunk: ArrayBuffer, isLast: boolean) => void): this {
    this.#live();
    const give = (data: Buffer, isLast: boolean): void => {
      const chunk = bufferOf(data);
      fn(chunk, isLast);
      structuredClone(chunk, { transfer: [chunk] });
    };
    this.#request.on('data', (data: Buffer) => give(data, false));
    this.#request.on('end', () => give(Buffer.alloc(0), true));
    return this;
  }

  onWritable(fn: (offset: number) => boolean): this {
    this.#live().on('drain', () => fn(0));
    return this;
  }

  cork(fn: () => void): this {
    this.#live();
    fn();
    return this;
  }

  upgrade(): void {
    throw new Error('Not an upgrade');
  }

  #live(): ServerResponse {
    if (this.#over) throw new Error('uWS.HttpResponse must not be accessed after its end or abort');
    return this.#response;
  }

  #head(): ServerResponse {
    const response = this.#live();
    if (!response.headersSent) {
      const [, code = '', text = ''] = /^(\d+) ?(.*)$/.exec(this.#status) ?? [];
      response.writeHead(Number(code), text);
    }
    return response;
  }
}

class UpgradeResponse extends Answer implements UwsResponse {
  readonly #socket: Duplex;
  readonly #upgraded: (userData: unknown) => void;
  #head = '';

  constructor({ socket }: { socket: Duplex }, upgraded: (userData: unknown) => void) {
    super(socket);
    this.#socket = socket;
    this.#upgraded = upgraded;
  }

  writeStatus(status: string): this {
    this.#head = `HTTP/1.1 ${status}\r\n`;
    return this;
  }

  writeHeader(name: string, value: string): this {
    this.#head += `${name}: ${value}\r\n`;
    return this;
  }

  end(body = ''): this {
    const length = `Connection: close\r\nContent-Length: ${body.length}\r\n\r\n`;
    this.#socket.end(`${this.#head}${length}${body}`);
    return this;
  }

  upgrade<T>(userData: T): void {
    this.#upgraded(userData);
  }

  write(): boolean {
    throw new Error('Not for upgrades');
  }

  endWithoutBody(): this {
    return this.end();
  }

  close(): this {
    this.#socket.destroy();
    return this;
  }

  onAborted(): this {
    return this;
  }

  onData(): this {
    return this;
  }

  onWritable(): this {
    return this;
  }

  cork(fn: () => void): this {
    fn();
    return this;
  }
}

/** A request that can be read only until `end`. */
function requestOf(request: IncomingMessage): { readonly request: UwsRequest; end(): void } {
  let isOver = false;
  const live = (): IncomingMessage => {
    if (isOver) throw new Error('uWS.HttpRequest must not be accessed after its handler');
    return request;
  };
  const [path = '', query = ''] = (request.url ?? '').split('?');
  return {
    request: {
      getHeader: (name) => String(live().headers[name] ?? ''),
      forEach: (fn) => {
        for (const [name, value] of Object.entries(live().headers)) fn(name, String(value));
      },
      getUrl: () => (live() === null ? '' : path),
      getQuery: () => (live() === null ? '' : query),
      getMethod: () => (live().method ?? '').toLowerCase(),
    },
    end: () => {
      isOver = true;
    },
  };
}

function bufferOf(bytes: Uint8Array): ArrayBuffer {
  const copy = new ArrayBuffer(bytes.length);
  new Uint8Array(copy).set(bytes);
  return copy;
}
