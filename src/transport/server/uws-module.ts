/**
 * uWebSockets.js, as far as it is used here: an optional peer that is not on npm (`npm install uNetworking/uWebSockets.js#v20.x`). These
 * are its documented calls (docs/index.d.ts, version 20), written down again so that Fray compiles without it.
 */
import { FrayError } from '../../errors.ts';

export interface UwsModule {
  App(): UwsApp;
  SSLApp(files: { readonly cert_file_name: string; readonly key_file_name: string }): UwsApp;
  us_listen_socket_close(listening: UwsListening): void;
}

/** A native pointer. */
export type UwsListening = object;
export type UwsContext = object;

export interface UwsApp {
  ws<T>(pattern: string, behavior: UwsBehavior<T>): UwsApp;
  any(pattern: string, handler: (response: UwsResponse, request: UwsRequest) => void): UwsApp;
  /** False: the port could not be had. */
  listen(host: string, port: number, fn: (listening: UwsListening | false) => void): UwsApp;
  /** From version 20.34 on: closes all that listens and all that is open. */
  close?(): UwsApp;
}

export interface UwsBehavior<T> {
  readonly maxPayloadLength: number;
  /** s; 0: none. */
  readonly idleTimeout: number;
  readonly maxBackpressure: number;
  readonly sendPingsAutomatically: boolean;
  upgrade(response: UwsResponse, request: UwsRequest, context: UwsContext): void;
  open(socket: UwsSocket<T>): void;
  /** `message` is gone after the call. */
  message(socket: UwsSocket<T>, message: ArrayBuffer, isBinary: boolean): void;
  ping(socket: UwsSocket<T>): void;
  pong(socket: UwsSocket<T>): void;
  /** The socket is not to be used any more. */
  close(socket: UwsSocket<T>, code: number, message: ArrayBuffer): void;
}

/** Any use after its close throws. */
export interface UwsSocket<T> {
  getUserData(): T;
  /** 1 sent, 0 waits in user space, 2 dropped for `maxBackpressure`. */
  send(message: Uint8Array, isBinary: boolean, compress: boolean): number;
  getBufferedAmount(): number;
  ping(): number;
  /** With a close frame; calls the close handler at once. */
  end(code: number, text: string): void;
  /** Without; calls the close handler at once. */
  close(): void;
}

/** To be used only during the handler. */
export interface UwsRequest {
  getHeader(name: string): string;
  forEach(fn: (name: string, value: string) => void): void;
  getUrl(): string;
  getQuery(): string;
  getMethod(): string;
}

/** To be used until it has ended or was aborted. A handler that does not end it must call `onAborted`. */
export interface UwsResponse {
  /** 4 or 16 bytes. */
  getRemoteAddress(): ArrayBuffer;
  writeStatus(status: string): UwsResponse;
  writeHeader(name: string, value: string): UwsResponse;
  /** False: wait for `onWritable`. */
  write(chunk: Uint8Array): boolean;
  end(body?: string, closeConnection?: boolean): UwsResponse;
  endWithoutBody(length?: number, closeConnection?: boolean): UwsResponse;
  close(): UwsResponse;
  onAborted(fn: () => void): UwsResponse;
  onData(fn: (chunk: ArrayBuffer, isLast: boolean) => void): UwsResponse;
  onWritable(fn: (offset: number) => boolean): UwsResponse;
  cork(fn: () => void): UwsResponse;
  upgrade<T>(
    userData: T,
    ...facts: [key: string, protocol: string, extensions: string, context: UwsContext]
  ): void;
}

/** The installed module. Rejects with E_CONFIG where there is none, or none for this system and Node. */
export async function loadUws(): Promise<UwsModule> {
  // A variable, so that neither the compiler nor the bundler looks for it.
  const name = 'uWebSockets.js';
  try {
    const module = (await import(name)) as { readonly default?: UwsModule } & UwsModule;
    return module.default ?? module;
  } catch (cause) {
    throw new FrayError(
      'E_CONFIG',
      'Cannot use websocket = uws: uWebSockets.js is not installed here, or not for this Node; ' +
        'npm install uNetworking/uWebSockets.js#v20.52.0, or leave websocket at ws',
      { cause },
    );
  }
}

/** An address of 4 or 16 bytes as text; IPv4 inside IPv6 is IPv4. */
export function addressText(bytes: ArrayBuffer): string {
  const all = new Uint8Array(bytes);
  const isMapped =
    all.length === 16 && all.subarray(0, 10).every((byte) => byte === 0) && all[10] === 0xff;
  if (all.length === 4 || isMapped) return [...all.subarray(-4)].join('.');
  const words: string[] = [];
  for (let at = 0; at + 1 < all.length; at += 2)
    words.push((((all[at] ?? 0) << 8) | (all[at + 1] ?? 0)).toString(16));
  return words.join(':');
}
