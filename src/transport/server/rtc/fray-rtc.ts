/**
 * The process `fray-rtc`: all WebRTC of a server. A process of its own, because the library's native code can abort the process it
 * runs in. It is started by `RtcProcess`, speaks frames on file descriptor 3, and ends when that closes.
 *
 * Its argument is JSON: `RtcBoot`.
 */
import { createSocket } from 'node:dgram';
import { Socket } from 'node:net';
import { setInterval } from 'node:timers';
import { FAILURE, FRAMES, FrameReader, FrameWriter } from './frames.ts';
import { Peers } from './peers.ts';

export interface RtcBoot {
  /** Address of the UDP port. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly bufferedBytesMax: number;
  /** Bytes of a peer's SCTP queue in this process; a multiple of some datagrams. */
  readonly sendBufferBytes: number;
}

type Library = typeof import('node-datachannel');

process.title = 'fray-rtc';
// The server decides when this process ends, also when a person interrupts both from a terminal.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
const boot = JSON.parse(process.argv[2] ?? '{}') as RtcBoot;
const stream = new Socket({ fd: 3, readable: true, writable: true });
const out = new FrameWriter(
  (bytes) => void stream.write(bytes),
  (flush) => void setImmediate(flush),
);
stream.on('error', () => end(0));
stream.on('close', () => end(0));

async function main(): Promise<void> {
  const library = await load();
  if (typeof library === 'string') {
    fail(FAILURE.module, library);
    return;
  }
  library.setSctpSettings({ sendBufferSize: boot.sendBufferBytes });
  let port: number;
  try {
    port = await openPort(library);
  } catch (error) {
    fail(FAILURE.port, String((error as Error).message));
    return;
  }
  const peers = new Peers({
    library,
    out,
    host: boot.host,
    port,
    bufferedBytesMax: boot.bufferedBytesMax,
    behind: () => stream.writableLength > BEHIND_BYTES,
  });
  serve(peers, port);
}

async function load(): Promise<Library | string> {
  try {
    return await import('node-datachannel');
  } catch (error) {
    return String((error as Error).message);
  }
}

/**
 * Holds the one UDP port of all peers, so that a taken one is said at the start. Where a free one is wanted, the system names it: the
 * library cannot.
 */
async function openPort(library: Library): Promise<number> {
  const port = boot.port === 0 ? await freePort() : boot.port;
  const listener = new library.IceUdpMuxListener(port, boot.host);
  // Kept: it must not be collected while the process lives.
  Object.assign(globalThis, { frayRtcPort: listener });
  return port;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(boot.host.includes(':') ? 'udp6' : 'udp4');
    socket.once('error', reject);
    socket.bind(0, boot.host, () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}

function serve(peers: Peers, port: number): void {
  const reader = new FrameReader('server', (kind, peer, payload) => {
    if (kind === FRAMES.send.kind) peers.send(peer, payload);
    else if (kind === FRAMES.offer.kind) peers.offer(peer, Buffer.from(payload).toString('latin1'));
    else peers.close(peer, (payload[0] as number) | ((payload[1] as number) << 8));
  });
  stream.on('data', (bytes: Uint8Array) => {
    if (!reader.push(bytes)) end(2);
  });
  out.push(FRAMES.ready, 0, Uint8Array.of(port & 255, port >>> 8));
  const report = Buffer.alloc(FRAMES.report.max);
  setInterval(() => {
    const { user, system } = process.cpuUsage();
    report.writeDoubleLE(user + system, 0);
    report.writeUInt32LE(peers.dropped >>> 0, 8);
    out.push(FRAMES.report, 0, report);
  }, REPORT_MS);
}

function fail(why: number, text: string): void {
  const words = Buffer.from(text).subarray(0, FRAMES.failed.max - 1);
  out.push(FRAMES.failed, 0, Buffer.concat([Uint8Array.of(why), words]));
  out.flush();
  stream.end(() => end(0));
}

/** At once and without the library's clean-up, which may crash while peers are open. */
function end(code: number): void {
  process.exit(code);
}

/** ms between two reports. */
const REPORT_MS = 250;
/** Bytes. A server that has so much to read is stuck for a while: 4,000 packets of 250 bytes. */
const BEHIND_BYTES = 1 << 20;

await main();
