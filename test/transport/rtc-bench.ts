/** A WebRTC server on free ports, and what tests ask of it. */
import type { Server } from 'node:http';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RtcPeer } from '../../src/transport/client/webrtc.ts';
import { openWebRtc } from '../../src/transport/client/webrtc.ts';
import { nodePeers } from '../../src/transport/client/webrtc-node.ts';
import type { WebRtcServerOptions } from '../../src/transport/server/webrtc.ts';
import { WebRtcTransport } from '../../src/transport/server/webrtc.ts';
import type { ClientPipe } from '../../src/transport/types.ts';

export interface RtcRunning {
  readonly server: WebRtcTransport;
  readonly url: string;
  readonly port: number;
  readonly said: string[];
  connect(): Promise<ClientPipe>;
  /** The peer under a pipe of `connect`. */
  peerOf(pipe: ClientPipe): RtcPeer;
  stop(): Promise<void>;
}

export async function startRtc(options: WebRtcServerOptions = {}): Promise<RtcRunning> {
  const said: string[] = [];
  const server = new WebRtcTransport({
    log: (level, text) => void said.push(`${level} ${text}`),
    ...options,
  });
  const http = createServer((request, response) => void server.handleOffer(request, response));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/`;
  await server.ready();
  const make = await nodePeers();
  const peers = new Map<ClientPipe, RtcPeer>();
  return {
    server,
    url,
    port,
    said,
    async connect() {
      let made: RtcPeer | null = null;
      const pipe = await openWebRtc(url, {
        timeoutMs: 20_000,
        make: () => {
          made = make();
          return made;
        },
      });
      if (made !== null) peers.set(pipe, made);
      return pipe;
    },
    peerOf: (pipe) => peers.get(pipe) as RtcPeer,
    async stop() {
      await server.stop();
      for (const pipe of peers.keys()) pipe.close(0);
      await closeHttp(http);
    },
  };
}

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** POSTs an offer, or what else a test has to say; `path` of a location that an answer has named. */
export function post(
  port: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
  { method = 'POST', path = 'rtc' } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(
      {
        port,
        host: '127.0.0.1',
        path: `/${path}`,
        method,
        agent: false,
        headers: { 'content-type': 'application/sdp', ...headers },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: text, headers: response.headers }),
        );
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

function closeHttp(http: Server): Promise<void> {
  http.closeAllConnections();
  return new Promise((resolve) => http.close(() => resolve()));
}
