/** What tests of both WebSocket servers have in common: the contract over `ws` as a client, and upgrades without one. */
import type { Socket } from 'node:net';
import { connect as connectTcp } from 'node:net';
import { WebSocket } from 'ws';
import type { SocketLike } from '../../src/transport/client/websocket.ts';
import { openNodeWebSocket } from '../../src/transport/client/websocket-node.ts';
import type { ServerTransport } from '../../src/transport/types.ts';
import { contract } from './contract.ts';

export interface RunningWebSocket {
  readonly server: ServerTransport;
  /** Of the upgrade. */
  readonly socketUrl: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** `start` is asked for a server that gives up on the silent after so many ms; undefined: after its own time. */
export function webSocketContract(
  name: string,
  start: (options: { silentMs?: number }) => Promise<RunningWebSocket>,
): void {
  contract({
    name,
    async open(impatient) {
      const running = await start(impatient ? { silentMs: 200 } : {});
      const sockets = new Map<unknown, WebSocket>();
      const raw: Socket[] = [];
      const socketOf = (pipe: unknown): Socket =>
        (sockets.get(pipe) as unknown as { _socket: Socket })._socket;
      return {
        server: running.server,
        async connect() {
          let made: WebSocket | null = null;
          const pipe = await openNodeWebSocket(running.socketUrl, {
            make: (url) => {
              made = new WebSocket(url);
              return made as unknown as SocketLike;
            },
          });
          if (made !== null) sockets.set(pipe, made);
          return pipe;
        },
        pause: (pipe) => socketOf(pipe).pause(),
        resume: (pipe) => socketOf(pipe).resume(),
        vanish: (pipe) => socketOf(pipe).resetAndDestroy(),
        async halfOpen() {
          raw.push(await rawUpgrade(running.port));
        },
        async stop() {
          for (const socket of raw) socket.destroy();
          await running.stop();
        },
      };
    },
  });
}

/** A socket that is upgraded and says nothing after. */
export async function rawUpgrade(port: number): Promise<Socket> {
  const socket = connectTcp(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(
    'GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  await new Promise((resolve) => socket.once('data', resolve));
  return socket;
}

/** HTTP status that an upgrade gets. */
export function statusOf(url: string, headers: { [name: string]: string }): Promise<number> {
  return new Promise((resolve) => {
    const ws = new WebSocket(url, { headers });
    ws.on('open', () => resolve(101));
    ws.on('unexpected-response', (_request, response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    ws.on('error', () => {});
  });
}
