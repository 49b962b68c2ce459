/**
 * The public port for page and WebSockets, in one of two ways: `ws` takes upgrades from our own HTTP server, or uWebSockets.js owns the
 * port and passes plain HTTP on to that server behind it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from './config.ts';
import type { PublicHttpOptions } from './http/public.ts';
import { PublicHttp, SOCKET_PATH } from './http/public.ts';
import type { Certificate } from './http/tls.ts';
import { readCertificate } from './http/tls.ts';
import { UwsTransport } from './transport/server/uws.ts';
import { UwsFront } from './transport/server/uws-front.ts';
import { loadUws } from './transport/server/uws-module.ts';
import type { WebSocketServerOptions } from './transport/server/websocket.ts';
import { WebSocketTransport } from './transport/server/websocket.ts';
import type { ServerTransport } from './transport/types.ts';

export interface FrontDoor {
  /** The port taken. */
  readonly port: number;
  readonly http: PublicHttp;
  readonly transport: ServerTransport;
  /** Null without TLS. */
  readonly certificate: Certificate | null;
  /** Of further connections; those that are open stay. Does nothing without TLS. */
  setCertificate(certificate: Certificate): Promise<void>;
  /** Closes the port; the transport is the caller's to stop before. */
  stop(): Promise<void>;
}

export interface FrontDoorOptions {
  readonly config: Config;
  readonly http: PublicHttpOptions;
  readonly websocket: WebSocketServerOptions;
}

/** Opens the port. Rejects with E_PORT, or E_CONFIG for a certificate or a library that cannot be used. */
export function openFrontDoor(options: FrontDoorOptions): Promise<FrontDoor> {
  return options.config.websocket === 'uws' ? openUws(options) : openWs(options);
}

/** The certificate that a configuration names, checked; null where it names none. */
export function certificateOf({ tlsCert, tlsKey }: Config): Certificate | null {
  return tlsCert === '' ? null : readCertificate({ cert: tlsCert, key: tlsKey });
}

/**
 * Proxies whose word about a peer's address counts at `http`: one more where uWebSockets.js passes requests on. For whoever answers
 * requests there.
 */
export function proxyHops(config: Config): number {
  return Number(config.trustProxy) + (config.websocket === 'uws' ? 1 : 0);
}

async function openWs({ config, http: options, websocket }: FrontDoorOptions): Promise<FrontDoor> {
  let certificate = certificateOf(config);
  const transport = new WebSocketTransport(websocket);
  const http = new PublicHttp({
    ...options,
    certificate: certificate ?? undefined,
    upgrade: (request, socket, head) => transport.handleUpgrade(request, socket, head),
  });
  const port = await orStop(transport, http.listen(config.port, config.host));
  return {
    port,
    http,
    transport,
    get certificate() {
      return certificate;
    },
    async setCertificate(next) {
      if (certificate === null) return;
      http.setCertificate(next);
      certificate = next;
    },
    stop: () => http.stop(),
  };
}

async function openUws({ config, http: options, websocket }: FrontDoorOptions): Promise<FrontDoor> {
  let certificate = certificateOf(config);
  const uws = await loadUws();
  const transport = new UwsTransport(websocket);
  const http = new PublicHttp(options);
  // A folder of our own: nobody else on this machine may speak to the server behind the door.
  const folder = await mkdtemp(join(tmpdir(), 'fray-http-'));
  const inner = join(folder, 'http.sock');
  const front = new UwsFront({
    uws,
    inner,
    attach: (app) => transport.attach(app, SOCKET_PATH),
    certificate: certificate?.files,
  });
  const stop = async (): Promise<void> => {
    front.stop();
    await http.stop();
    await rm(folder, { recursive: true, force: true });
  };
  await http.listenAt(inner);
  const port = await front.listen(config.port, config.host).catch(async (error: unknown) => {
    await transport.stop();
    await stop();
    throw error;
  });
  return {
    port,
    http,
    transport,
    get certificate() {
      return certificate;
    },
    async setCertificate(next) {
      if (certificate === null) return;
      await front.setCertificate(next.files);
      certificate = next;
    },
    stop,
  };
}

/** A transport has a timer from the start on. */
async function orStop<T>(transport: ServerTransport, opening: Promise<T>): Promise<T> {
  try {
    return await opening;
  } catch (error) {
    await transport.stop();
    throw error;
  }
}
