/** A client over a real WebSocket: the only part with a clock and a socket. */
import WebSocket from 'ws';
import { Client, type ClientOptions } from './client.ts';
import type { Game } from './game.ts';
import { goodbye } from './messages.ts';

export interface PlayOptions extends ClientOptions {
  /** `http://host:port` of a server. */
  readonly url: string;
  readonly seconds: number;
  readonly tickRateHz: number;
  /** Called at each tick of the client. */
  step?(client: Client, elapsedMs: number): void;
  /** Which datagrams come through, in what order; all, as they come, where it is left out. */
  deliver?(datagram: Uint8Array): readonly Uint8Array[];
}

/** Plays for some seconds, says goodbye and gives back what the client knows then. */
export async function play(game: Game, options: PlayOptions): Promise<Client> {
  const client = new Client(game, options);
  const socket = new WebSocket(`${options.url.replace(/^http/, 'ws')}/ws`);
  const start = performance.now();
  const now = () => performance.now() - start;
  const failed = new Promise<never>((_, reject) => {
    socket.on('error', reject);
    socket.on('message', (data: Buffer) => {
      try {
        const came = options.deliver?.(data) ?? [data];
        for (const datagram of came) client.handle(datagram, now());
      } catch (error) {
        reject(error);
      }
    });
  });
  const played = new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      if (socket.readyState === WebSocket.OPEN) {
        options.step?.(client, now());
        for (const datagram of client.poll(now())) socket.send(datagram);
      }
      if (now() < options.seconds * 1000 && !client.over) return;
      clearInterval(timer);
      resolve();
    }, 1000 / options.tickRateHz);
    failed.catch(() => clearInterval(timer));
  });
  try {
    await Promise.race([played, failed]);
    if (socket.readyState === WebSocket.OPEN) socket.send(goodbye({ code: 0, text: '' }));
  } finally {
    socket.close();
  }
  return client;
}
