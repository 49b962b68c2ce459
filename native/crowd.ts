/** The crowd as JavaScript sees it: native/crowd/src/node.rs, and whether it is there. `npm run build:native` makes it. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Where a client of the packet layer starts, and what it does. */
export interface LeanStart {
  readonly epoch: number;
  readonly tick: number;
  /** `inputButtons` of the schema. */
  readonly inputButtons: number;
  /** 16-bit fields of a command that stay 0: pitch and axes. */
  readonly zeros: number;
  readonly seed: number;
}

export interface CrowdClient {
  /** Of `open`. */
  readonly index: number;
  readonly keyIn: Uint8Array;
  readonly keyOut: Uint8Array;
  /** Number of its first packet. */
  readonly sequence: number;
  readonly place: LeanStart;
  /** Decodes everything, with the client core. */
  readonly whole?: {
    readonly config: Uint8Array;
    readonly playerId: number;
    readonly handle: number;
    /** Compares the server's hashes. */
    readonly verify: boolean;
  };
}

/** Of clients that load a server, since `begin`, over all of them. */
export interface CrowdFigures {
  readonly clients: number;
  /** Of them who decode everything. */
  readonly decoders: number;
  /** Snapshots, with their bytes as the transport carries them (netcode's encryption included, headers below it not). */
  readonly received: number;
  readonly receivedBytes: number;
  /** Ticks from the first to the last snapshot of each client, over all clients, and how many of them the clock says are due. */
  readonly ticksSeen: number;
  readonly ticksDue: number;
  readonly sent: number;
  readonly sentBytes: number;
  /** Most ticks between two snapshots of one client that came one after the other, silence at the end included. */
  readonly gapTicksMax: number;
  /** How late datagrams went out. */
  readonly lateMsP99: number;
  /** Since the generator began: clients that the server has closed. */
  readonly closed: number;
  /** Packets that did not parse, had a wrong check, or were not newer than those before. */
  readonly broken: number;
  /** Of the decoders: hashes that were compared, and that were wrong. */
  readonly checks: number;
  readonly mismatches: number;
}

/** A thread of clients that send once per interval and read what comes. */
export interface Crowd {
  /** A socket to `127.0.0.1:40000`; its index. */
  open(server: string): number;
  /** Of one that does not play yet. */
  send(index: number, bytes: Uint8Array): void;
  /** A datagram for one that does not play yet; its length, 0: none. */
  receive(index: number, into: Uint8Array): number;
  /** Its handshake is done: the thread has it from here on. */
  play(client: CrowdClient): void;
  /** Says farewell, if it plays. */
  leave(index: number): void;
  begin(): void;
  /** Throws where the thread has ended by a mistake of its own. */
  figures(): CrowdFigures;
  stop(): void;
}

export interface CrowdModule {
  readonly Crowd: new (associated: Uint8Array, rateHz: number, seed: number) => Crowd;
  /** One client alone, for tests. `receive`: the snapshot's tick, -1: late, -2: broken. */
  readonly Lean: new (
    start: LeanStart,
  ) => { receive(bytes: Uint8Array): number; packet(): Uint8Array };
}

/** Where the module lies, or null: it was not built, or not for this system. In a build it is looked for beside the package's folder too. */
export function findCrowd(): string | null {
  if (process.platform !== 'linux') return null;
  for (const place of ['./fray_crowd.node', '../native/fray_crowd.node']) {
    const path = fileURLToPath(new URL(place, import.meta.url));
    if (existsSync(path)) return path;
  }
  return null;
}

/** Loads it. Throws where it is none, or for another Node. */
export function loadCrowd(path: string): CrowdModule {
  const module = { exports: {} };
  process.dlopen(module, path);
  return module.exports as CrowdModule;
}
