/**
 * The transports of a server: WebSockets behind the front door, and beside them UDP and WebRTC where the configuration asks for them.
 * They open before there are sessions, so that a taken port is said at once; until `Late` names the table nobody is let in.
 */
import { randomFillSync } from 'node:crypto';
import { findNative, loadNative } from '../native/addon.ts';
import { loadSeal } from './client/seal-node.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config.ts';
import { FrayError } from './errors.ts';
import { proxyHops } from './front-door.ts';
import { createRoutes } from './mailbox/messages.ts';
import type { NativeUdpServer } from './native-transport.ts';
import { openNativeUdp } from './native-transport.ts';
import type { UdpServer, UdpServerOptions } from './netcode-transport.ts';
import { openUdpServer } from './netcode-transport.ts';
import type { Log } from './ops/log.ts';
import type { NativeLinks } from './room/workers.ts';
import type { SessionTable } from './session/server/table.ts';
import { WebRtcTransport } from './transport/server/webrtc.ts';

/** What is there only after the port is open. */
export interface Late {
  sessions: SessionTable | null;
  webrtc: WebRtcTransport | null;
}

interface Parts {
  readonly config: Config;
  readonly tokenKeys: readonly Uint8Array[];
  readonly late: Late;
  readonly clock: Clock;
  readonly log: Log;
  /** See ServerOptions. */
  readonly native?: string | null | undefined;
}

/** Place of each in the numbers of its pipes. */
export const TRANSPORT_INDEX = { websocket: 0, udp: 1, webrtc: 2 } as const;

/** UDP, and what workers have to know of native threads that carry it. */
export interface UdpDoor extends Pick<UdpServer | NativeUdpServer, 'netcode' | 'publicAddresses'> {
  readonly transport: UdpServer['transport'] | NativeUdpServer['transport'];
  readonly addresses: readonly string[];
  readonly links: NativeLinks | null;
}

/** Null where no UDP address is configured. Rejects with `E_ADDRESS`, `E_PORT` or `E_CONFIG`. */
export async function openUdpDoor(parts: Parts): Promise<UdpDoor | null> {
  const { config, log } = parts;
  if (config.udp.length === 0) return null;
  const options = await udpOptions(parts);
  const native = nativeFor(parts);
  if (typeof native === 'string') {
    const server = await openUdpServer(options);
    log.info('io', { udp: 'node:dgram', reason: native });
    return { ...server, addresses: server.raw.addresses, links: null };
  }
  const { ioThreads: threads, ioSpinUs: spinUs, packetsPerSecond, bytesPerSecond } = config;
  const server = openNativeUdp({
    ...options,
    ...{ native: native.module, threads, spinUs, packetsPerSecond, bytesPerSecond },
    onFailed: () => log.error('io.failed', { udp: 'native' }),
  });
  log.info('io', {
    udp: 'native',
    threads,
    reason: config.io === 'auto' ? 'it is there' : 'as configured',
  });
  const { edges } = server;
  const links = {
    module: native.path,
    // One I/O thread of JavaScript, then these.
    wakers: [-1, ...edges.wakers],
    routes: createRoutes(),
    bells: edges.bells,
    attach: edges.attach.bind(edges),
  };
  return { ...server, addresses: server.raw.addresses, links };
}

/** The module of native I/O threads, or why UDP goes without. Throws `E_CONFIG` where the configuration asks for what is not there. */
function nativeFor({
  config: { io },
  native,
}: Parts): { path: string; module: ReturnType<typeof loadNative> } | string {
  if (io === 'js') return 'as configured';
  const path = native === undefined ? findNative() : native;
  try {
    if (path !== null) return { path, module: loadNative(path) };
  } catch (cause) {
    const state = `the native module cannot be loaded: ${cause instanceof Error ? cause.message : cause}`;
    if (io === 'auto') return state;
    throw new FrayError('E_CONFIG', `Cannot use io native: ${state}`, { cause });
  }
  const state = process.platform === 'linux' ? 'no native module is built' : 'not Linux';
  if (io === 'auto') return state;
  throw new FrayError('E_CONFIG', `Cannot use io native: ${state}`);
}

async function udpOptions({
  config,
  tokenKeys,
  late,
  clock,
  log,
}: Parts): Promise<UdpServerOptions> {
  return {
    bind: config.udp,
    publicAddresses: config.publicAddresses,
    seal: await loadSeal(),
    tokenKeys,
    // One memory with the session table: a token opens once, on whatever transport.
    used: {
      has: (mac) => late.sessions?.tokens.has(mac) ?? true,
      claim: (mac, token) => late.sessions?.tokens.claim(mac, token) ?? false,
    },
    clientsMax: config.sessionsMax,
    opensPerSecond: config.tokenOpensPerSecond,
    // A flood out of few prefixes leaves the others most of it.
    opensPerPrefixPerSecond: Math.ceil(config.tokenOpensPerSecond / 8),
    unixMs: Date.now,
    random: (into) => void randomFillSync(into),
    clock,
    index: TRANSPORT_INDEX.udp,
    onBufferShort: (short) => log.warn('udp.buffer_short', { ...short }),
  };
}

/**
 * Null where WebRTC is switched off, or its native code does not run here, which is logged. Rejects with `E_PORT`.
 */
export async function openRtcDoor({
  config,
  late,
  log,
}: Omit<Parts, 'tokenKeys' | 'clock'>): Promise<WebRtcTransport | null> {
  if (!config.webrtc) return null;
  const transport = new WebRtcTransport({
    host: config.rtcHost === '' ? config.host : config.rtcHost,
    port: config.rtcPort,
    ...(config.rtcPublicAddress === '' ? {} : { publicAddress: config.rtcPublicAddress }),
    iceServers: config.iceServers,
    allowedOrigins: config.allowedOrigins,
    trustProxy: proxyHops(config),
    admit: (address) => late.sessions?.admits(address) ?? false,
    pipesMax: 2 * config.sessionsMax,
    // Offers alone shall not use up the public port's places.
    offersReadingMax: Math.max(1, config.httpRequestsMax >> 1),
    offersPerSecond: config.offersPerSecond,
    offersPerAddressPerSecond: config.offersPerPrefixPerSecond,
    silentMs: silentMs(config),
    index: TRANSPORT_INDEX.webrtc,
    log: (level, text) => log[level]('rtc', { text }),
  });
  try {
    if (await transport.ready()) {
      late.webrtc = transport;
      return transport;
    }
  } catch (error) {
    await transport.stop();
    throw error;
  }
  log.warn('rtc', { text: 'WebRTC cannot run here: players come over WebSocket and UDP' });
  await transport.stop();
  return null;
}

/** ms. A pipe without a sign of life is closed after this time at the earliest: its session is over first, with a code to say. */
export function silentMs(config: Config): number {
  return Math.max(SILENT_MS_MIN, 2 * config.idleTimeoutMs);
}

const SILENT_MS_MIN = 20_000;
