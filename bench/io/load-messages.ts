/** What `fray bench io`, its load and its UDP server say to each other. */

export interface LoadOptions {
  /** Where datagrams go to. */
  readonly url: string;
  /** The page of ours, for bots. */
  readonly page: string;
  /** Play, or just move bytes. */
  readonly fray: boolean;
  readonly transport: 'websocket' | 'udp' | 'webrtc';
  readonly clients: number;
  /** Share of clients that are bots with the whole client; the peer has none. */
  readonly botShare: number;
  readonly seed: number;
  /** Bytes of a datagram to a peer. */
  readonly bytesOut: number;
  /** Bytes of each datagram of a peer, all of them 0x5a; another one is broken. */
  readonly bytesBack?: number;
  /** What lean clients speak. Default: the arena, at 30 Hz. Bots play the arena alone. */
  readonly speaks?: {
    /** Of the schema, as decimal digits. */
    readonly schemaHash: string;
    readonly inputButtons: number;
    readonly rateHz: number;
  };
  /** Part of the lean clients that leave in a minute, each for another one that comes. Default 0. */
  readonly churnPerMinute?: number;
}

export type LoadAsk = 'begin' | 'end' | 'stop';
export type LoadSays = 'ready' | 'begun' | LoadFigures | BotsSay;

/** Of the lean clients, between `begin` and `end`. */
export interface LoadFigures {
  readonly kind: 'figures';
  readonly ms: number;
  /** Of the load's whole process. */
  readonly cpuUs: number;
  readonly clients: number;
  readonly received: number;
  readonly receivedBytes: number;
  readonly sent: number;
  readonly sentBytes: number;
  /** UDP of ours: bytes with netcode's encryption; else as above. */
  readonly receivedWire: number;
  readonly sentWire: number;
  /** Clients that the server has closed since the start. */
  readonly closed: number;
  /** Packets that did not parse or were not newer than those before, since the start. */
  readonly broken: number;
  readonly gapTicksMax: number;
  /** Clients that have left for others that came, since the start. */
  readonly replaced: number;
  /** How late datagrams went out. */
  readonly lateMsP99: number;
}

/** Of the real clients, over their whole life. */
export interface BotsSay {
  readonly kind: 'bots';
  readonly checks: number;
  readonly mismatches: number;
}

/** Throws where clients saw anything that is not right, or nothing at all: what a round cost says nothing then. */
export function checkLoad(seen: LoadFigures, bots?: BotsSay): void {
  if (seen.closed > 0)
    throw new Error(`The server closed ${seen.closed} of ${seen.clients} clients`);
  if (seen.received === 0) throw new Error('No packet of the server came');
  if (seen.broken > 0) throw new Error(`${seen.broken} packets of the server were not right`);
  const { mismatches = 0 } = bots ?? {};
  if (mismatches > 0) throw new Error(`${mismatches} snapshots decoded to another state`);
}

/** What bench/io/udp-host.ts prints of itself. */
export interface UdpHostStats {
  /** Buckets of the histogram of a room's tick. */
  readonly ticks: readonly number[];
  /** Bytes: of the whole process, and of objects and buffers of the I/O thread after a collection. */
  readonly rss: number;
  readonly held: number;
  /** Times that all of the I/O thread's heap was collected, but for those that `held` asked for. */
  readonly collections: number;
  /** Counters of the sockets and of the netcode server. */
  readonly raw: { readonly [name: string]: number };
  readonly netcode: { readonly [name: string]: number };
}
