/** What `fray loadtest` and its generators say to each other: a process each, joined by Node's IPC. */

import type { CrowdFigures } from '../../../native/crowd.ts';

export const TRANSPORTS = ['websocket', 'udp', 'webrtc'] as const;
export type Transport = (typeof TRANSPORTS)[number];

/** How datagrams of a peer are wrapped: `plain` on a lane as they are, `geckos` and `colyseus` by their own signalling. */
export type PeerWay = 'plain' | 'geckos' | 'colyseus';

export interface GeneratorOptions {
  /** Where datagrams go to, one or several servers: clients take turns. */
  readonly urls: readonly string[];
  readonly transport: Transport;
  /** null: a server of ours, on which clients play. */
  readonly peer: PeerWay | null;
  /** Of ours: the game whose schema clients speak, and the folder that its path starts from. */
  readonly game: string;
  readonly folder: string;
  /** Commands a second of each client; 0: the rate of the game. */
  readonly rateHz: number;
  /** Clients of this generator have numbers `first`, `first + step`, ...: seed and name come from the number. */
  readonly first: number;
  readonly step: number;
  readonly seed: number;
  /** Share of clients that decode everything with the real core, and compare hashes where `verify`. */
  readonly decodeShare: number;
  readonly verify: boolean;
  /** Bytes of a datagram to a peer. */
  readonly bytesOut: number;
  /** Clients come without a token where the transport takes them so (all but UDP). */
  readonly guests: boolean;
  /** Module of the native thread on which clients over UDP play; null: in JavaScript as all others. */
  readonly native: string | null;
  /** Key that connect tokens are sealed with, in hex. */
  readonly tokenKey: string;
}

export type GeneratorAsk =
  | { readonly ask: 'clients'; readonly count: number }
  | { readonly ask: 'begin' }
  | { readonly ask: 'end' }
  | { readonly ask: 'stop' };

export type GeneratorSays =
  | {
      readonly says: 'ready';
      readonly rateHz: number;
      readonly pid: number;
      readonly native: boolean;
    }
  | { readonly says: 'clients'; readonly count: number; readonly refused: string | null }
  | { readonly says: 'begun' }
  | { readonly says: 'figures'; readonly figures: GeneratorFigures }
  | { readonly says: 'failed'; readonly text: string };

/** Of one generator, between `begin` and `end`. */
export interface GeneratorFigures extends CrowdFigures {
  readonly ms: number;
  /** us of its process, all threads. */
  readonly cpuUs: number;
}

/** What a peer's server says of itself when it is asked. */
export interface PeerStats {
  /** Ticks that it ran since its start, and datagrams of clients that reached its handlers. */
  readonly ticks: number;
  readonly inputs: number;
  /** ms: 99th percentile of a tick since it was asked last. */
  readonly tickMsP99: number;
}
