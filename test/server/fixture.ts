/** Starts the whole server in this process, and speaks to it raw. */

import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';
import { resolveConfig } from '../../src/config.ts';
import type { Log } from '../../src/ops/log.ts';
import { createLog } from '../../src/ops/log.ts';
import type { OnAuth } from '../../src/plugin/auth.ts';
import type { Server } from '../../src/server.ts';
import { startServer } from '../../src/server.ts';
import type { Goodbye, RoomWish, TokenShown } from '../../src/session/datagrams.ts';
import {
  decodeGoodbye,
  decodeJoined,
  encodeHello,
  encodeJoin,
} from '../../src/session/datagrams.ts';
import { readToken, tokenRequestOf } from '../../src/session/token.ts';
import { duel } from './games/schema.ts';

/** `FRAY_TEST_CORE` names another build of the core. */
export const CORE =
  process.env['FRAY_TEST_CORE'] ??
  fileURLToPath(new URL('../../core-wasm/fray_core.wasm', import.meta.url));
export const GAME = fileURLToPath(new URL('./games/server.ts', import.meta.url));

/** Flags as on the command line; ports are free ones. `parts`: another game's server module, a folder of its page, another build of the core. */
export async function serve(
  flags: { readonly [name: string]: string } = {},
  environment: { readonly [name: string]: string } = {},
  parts: {
    readonly game?: string;
    readonly page?: string;
    readonly core?: string;
    readonly onAuth?: OnAuth;
    /** See ServerOptions. */
    readonly native?: string | null;
    readonly log?: Log;
  } = {},
): Promise<Server> {
  const { config } = resolveConfig({
    environment,
    flags: {
      port: '0',
      adminPort: String(await freePort()),
      workers: '1',
      logLevel: 'silent',
      // A process of its own that takes a second: for those who look at it.
      webrtc: 'false',
      ...flags,
    },
  });
  return startServer({
    config,
    game: { name: 'test', server: parts.game ?? GAME, page: parts.page ?? null },
    core: parts.core ?? CORE,
    version: '0.0.0',
    log: parts.log ?? createLog('silent'),
    ...(parts.native !== undefined && { native: parts.native }),
    ...(parts.onAuth && { onAuth: parts.onAuth }),
  });
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The page of metrics as numbers by line name, labels included. */
export async function metricsOf(server: Server): Promise<Map<string, number>> {
  const text = await (await fetch(`${server.adminUrl}metrics`)).text();
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [
      line.slice(0, line.lastIndexOf(' ')),
      Number(line.slice(line.lastIndexOf(' ') + 1)),
    ]),
  );
}

/** A WebSocket that sends what it is told and keeps what it hears. */
export class RawClient {
  readonly heard: Uint8Array[] = [];
  closedWith = 0;
  readonly #socket: WebSocket;
  #waiting: (() => void)[] = [];

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer) => {
      this.heard.push(data);
      this.#wake();
    });
    socket.on('close', (code) => {
      this.closedWith = code;
      this.#wake();
    });
    socket.on('error', () => undefined);
  }

  static async open(
    server: Server,
    options: { readonly origin?: string } = {},
  ): Promise<RawClient> {
    const socket = new WebSocket(new URL('ws', server.url.replace('http', 'ws')), options);
    const client = new RawClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', () => resolve());
      socket.once('unexpected-response', (_request, response) =>
        reject(new Error(`HTTP ${response.statusCode}`)),
      );
      socket.once('error', reject);
    });
    return client;
  }

  send(bytes: Uint8Array): void {
    this.#socket.send(bytes);
  }

  hello(
    options: {
      readonly hash?: bigint;
      readonly version?: number;
      readonly token?: string;
      readonly text?: string;
    } = {},
  ): void {
    this.send(
      encodeHello({
        schemaHash: options.hash ?? duel.hash,
        ...(options.version !== undefined && { version: options.version }),
        ...(options.token !== undefined && { token: shown(options.token) }),
        ...(options.text !== undefined && { text: options.text }),
      }),
    );
  }

  join(choice: RoomWish = { any: true }, name = 'raw'): void {
    this.send(encodeJoin({ name, choice, schemaHash: duel.hash, verify: false }));
  }

  /** Waits for the answer to hello and join: the room's id, or the goodbye. */
  async answer(): Promise<{ roomId?: string; goodbye?: Goodbye }> {
    for (const end = Date.now() + 5000; Date.now() < end; ) {
      for (const bytes of this.heard) {
        const joined = decodeJoined(bytes);
        if (joined !== null) return { roomId: joined.roomId };
        const goodbye = decodeGoodbye(bytes);
        if (goodbye !== null) return { goodbye };
      }
      await this.#change(end - Date.now());
    }
    throw new Error(
      `No answer; heard ${this.heard.length} datagrams, closed with ${this.closedWith}`,
    );
  }

  /** The goodbye that it has heard. */
  goodbye(): Goodbye | undefined {
    return this.heard.map((bytes) => decodeGoodbye(bytes)).find((one) => one !== null) ?? undefined;
  }

  async closed(): Promise<number> {
    for (const end = Date.now() + 5000; Date.now() < end && this.closedWith === 0; )
      await this.#change(end - Date.now());
    return this.closedWith;
  }

  close(): void {
    this.#socket.terminate();
  }

  #change(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(1, ms));
      this.#waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  ms = 5000,
): Promise<void> {
  for (const end = Date.now() + ms; Date.now() < end; ) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`Not within ${ms} ms: ${what}`);
}

function shown(token: string): TokenShown {
  const { clientToServerKey } = readToken(token);
  return { request: tokenRequestOf(token), attach: 1, clientToServerKey };
}
