/**
 * The native I/O thread as JavaScript sees it: native/src/lib.rs, and whether it is there. `npm run build:native` makes it; everything
 * works without, on node:dgram. A file of its own, so that workers may load it too: they wake its thread.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface EdgeOptions {
  /** 1..8 sockets: `127.0.0.1:40000`, `[::1]:40000`; port 0 takes a free one. */
  readonly bind: readonly string[];
  /** Other threads are bound to the same (SO_REUSEPORT): the kernel gives each peer to one of them. */
  readonly shared: boolean;
  /** Asked of the kernel for each of a socket's two buffers. */
  readonly bufferBytes: number;
  /** What the associated data of all packets begin with, 21 bytes. */
  readonly associated: Uint8Array;
  readonly clientsMax: number;
  /** Longest datagram of ours. */
  readonly datagramBytesMax: number;
  /** First byte, lower half, of datagrams that go to rooms. */
  readonly packetKind: number;
  /** `kind` of records in data rings. */
  readonly recordKind: number;
  readonly packetsPerSecond: number;
  readonly bytesPerSecond: number;
  /** us that it looks for work before it sleeps. 0: it sleeps at once. */
  readonly spinUs: number;
  /** All of the memory of `createBell`. */
  readonly bell: Uint8Array;
}

export interface EdgeClient {
  readonly index: number;
  /** Comes back with what is said of it. */
  readonly generation: number;
  readonly socket: number;
  readonly address: string;
  readonly port: number;
  readonly keyIn: Uint8Array;
  readonly keyOut: Uint8Array;
  /** Number of its first packet. */
  readonly sequence: number;
}

/** A thread that runs. Its calls queue what they say and return at once. */
export interface Edge {
  addresses(): string[];
  /** Bytes that each socket's buffers hold: to receive, to send, to receive, ... */
  buffers(): number[];
  /** For `ring`. */
  waker(): number;
  /** It has ended by a mistake of its own. */
  failed(): boolean;
  /** Whole memories of a worker's rings; they have to be given back by nobody until `stop`. */
  attach(worker: number, inbox: Uint8Array, outbox: Uint8Array): void;
  /** Somebody may answer a challenge from there, or may not any more. */
  expect(socket: number, address: string, port: number, may: boolean): void;
  connect(client: EdgeClient): void;
  remove(index: number, farewells: number): void;
  /** What a client sends goes into the inbox of `worker` in the name of `session`; 0: it is handed up. */
  route(index: number, session: number, worker: number): void;
  /** A client is sent what rooms make for `session`; 0: nothing. */
  takes(index: number, session: number): void;
  /** False: too many wait. */
  send(index: number, bytes: Uint8Array): boolean;
  keepAlive(index: number): void;
  /** False: too many wait. */
  raw(socket: number, address: string, port: number, bytes: Uint8Array): boolean;
  /** Whole records of what was handed up, see HANDED; their bytes. Call until 0. */
  fetch(into: Uint8Array): number;
  /** In the order of `figureNames`. */
  figures(into: Float64Array): void;
  /** Of each client three: packets that opened, those that went past JavaScript, those over the rate. Wrap at 2^32. */
  clients(into: Uint32Array): void;
  /** Ends it; what was said before is done first. */
  stop(): void;
}

export interface NativeModule {
  readonly Edge: new (options: EdgeOptions, tell: () => void) => Edge;
  readonly figureNames: () => string[];
  /** Wakes a thread by the number of its waker: for the bell that it hears (src/mailbox/bell.ts). */
  readonly ring: (waker: number) => void;
}

/** What `fetch` brings: words, then the address as text, then the bytes; all padded to a multiple of 4. */
export const HANDED = {
  /** Of `kind`: a datagram of nobody who is connected, a datagram of a client, a client has said that it goes. */
  datagram: 1,
  payload: 2,
  gone: 3,
  /** Byte offsets. `of`: our socket, or the client. */
  kind: 0,
  of: 4,
  generation: 8,
  port: 12,
  addressBytes: 16,
  bytes: 20,
  tail: 24,
} as const;

/** Where the module lies, or null: it was not built, or not for this system. In a build it is looked for beside the package's folder too. */
export function findNative(): string | null {
  if (process.platform !== 'linux') return null;
  for (const place of ['./fray_native.node', '../native/fray_native.node']) {
    const path = fileURLToPath(new URL(place, import.meta.url));
    if (existsSync(path)) return path;
  }
  return null;
}

/** Loads it. Throws where it is none, or for another Node. */
export function loadNative(path: string): NativeModule {
  const module = { exports: {} };
  process.dlopen(module, path);
  return module.exports as NativeModule;
}
