/**
 * A server in the simulation: the parts that `src/server.ts` joins, over simulated sockets and threads. What a disk keeps outlives it:
 * used tokens and journals.
 */
import { randomFillSync } from 'node:crypto';
import { ERROR } from '../../protocol/gen/tables.ts';
import { loadSeal } from '../../src/client/seal-node.ts';
import { systemClock } from '../../src/clock.ts';
import type { UdpServer } from '../../src/netcode-transport.ts';
import { openUdpServer } from '../../src/netcode-transport.ts';
import { Pump } from '../../src/pump.ts';
import { RoomDirectory } from '../../src/room/directory.ts';
import type { KeptSession } from '../../src/session/server/table.ts';
import { SessionTable } from '../../src/session/server/table.ts';
import { issueConnectToken } from '../../src/session/token.ts';
import { MemoryServer } from '../../src/transport/server/memory.ts';
import type { Disk } from './disk.ts';
import type { SimTime } from './time.ts';

export const SERVER = '10.0.0.1:40000';
const KEY = new Uint8Array(32).fill(7);

export interface HouseOptions {
  readonly time: SimTime;
  readonly core: WebAssembly.Module;
  readonly schemaHash: bigint;
  readonly workers: number;
  /** See Script. */
  readonly mailboxBytes: number;
  readonly disk: Disk;
  readonly trouble: (text: string) => void;
  /** Lines of its log. */
  readonly tell: (line: string) => void;
}

/** Lines of the log that say that something is wrong with the server itself; faults of the script explain others. */
const NEVER = /pump failed|hook failed|E_CORE|TypeError|RangeError|ReferenceError/;

export class House {
  readonly directory: RoomDirectory;
  readonly web: MemoryServer;
  sessions: SessionTable | null = null;
  udp: UdpServer | null = null;
  readonly #options: HouseOptions;
  #isDead = false;
  #pump: Pump | null = null;

  constructor(options: HouseOptions) {
    this.#options = options;
    const { time, core, workers, mailboxBytes, disk } = options;
    const say = (fields: object, text: string): void => {
      const line = `${text} ${JSON.stringify(fields)}`;
      if (NEVER.test(line)) options.trouble(`log: ${line}`);
      options.tell(`log: ${line}`);
    };
    this.web = new MemoryServer({ defer: (fn) => time.after(0, fn), pipesMax: 64 });
    this.directory = new RoomDirectory({
      workers,
      game: 'sim:game',
      core,
      roomsMax: ROOMS_MAX,
      roomsWarm: 1,
      playersMax: 0,
      bots: 0,
      sessionsMax: SESSIONS_MAX,
      ...(mailboxBytes > 0 && { inboxBytes: mailboxBytes, outboxBytes: mailboxBytes }),
      clock: systemClock(),
      log: { info: say, warn: say, error: say },
      ...(disk.journalDir !== '' && {
        journal: {
          dir: disk.journalDir,
          flushMs: FLUSH_MS,
          hashTicks: 20,
          checkpointMs: CHECKPOINT_MS,
        },
      }),
    });
  }

  /** Nothing real is waited for, once `loadSeal` has been. */
  async start(): Promise<void> {
    const { disk } = this.#options;
    const clock = systemClock();
    const random = (into: Uint8Array): void => void randomFillSync(into);
    this.udp = await openUdpServer({
      bind: [SERVER],
      publicAddresses: [SERVER],
      seal: await loadSeal(),
      tokenKeys: [KEY],
      used: {
        has: (mac) => this.sessions?.tokens.has(mac) ?? true,
        claim: (mac, token) => this.sessions?.tokens.claim(mac, token) ?? false,
      },
      clientsMax: CLIENTS_MAX,
      opensPerSecond: 200,
      opensPerPrefixPerSecond: 100,
      unixMs: Date.now,
      random,
      clock,
      index: 1,
    });
    await this.directory.start();
    this.sessions = new SessionTable({
      schemaHash: this.#options.schemaHash,
      guests: true,
      tokenKeys: [KEY],
      publicAddresses: [SERVER],
      sessionTokenMs: TOKEN_MS,
      used: disk.used,
      sessionsMax: SESSIONS_MAX,
      resumeMs: RESUME_MS,
      idleTimeoutMs: 4000,
      unixMs: Date.now,
      random,
    });
    for (const kept of this.directory.left)
      if (!this.sessions.restore(kept as KeptSession, clock.nowUs()))
        this.directory.leave(kept.id, ERROR.E_SESSIONS_LIMIT);
    this.#pump = new Pump({
      transports: [this.web, this.udp.transport],
      sessions: this.sessions,
      directory: this.directory,
      clock,
      log: SILENT,
      spend: (token) => {
        if (disk.isFull || this.#isDead) return false;
        disk.used.push(token);
        return true;
      },
      onAuth: null,
    });
    this.#pump.start();
  }

  /** As an account service issues them. */
  token(userId: string): Uint8Array {
    return issueConnectToken({
      userId,
      servers: [SERVER],
      key: KEY,
      nowMs: Date.now(),
      expireMs: 60_000,
      timeoutSeconds: 4,
      random: (into) => void randomFillSync(into),
    }).bytes;
  }

  /** As an operator does: whoever plays as `user` is sent away. */
  kick(user: string): void {
    for (const { id, userId } of this.sessions?.list() ?? [])
      if (userId === user) this.sessions?.end(id, ERROR.E_KICKED);
  }

  /** Its timers may go on, but nothing that it does reaches anybody any more. */
  die(): void {
    this.#isDead = true;
  }

  /** With a word to all, as SIGTERM asks. */
  async stop(graceMs: number): Promise<void> {
    await this.#pump?.stop(graceMs);
  }
}

const SILENT = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  setLevel: () => undefined,
} as never;
/** ms. What is written is on the disk as of so long ago at most. */
export const FLUSH_MS = 50;
/** ms. So short that a room has some of them. */
const CHECKPOINT_MS = 2000;
const ROOMS_MAX = 8;
const SESSIONS_MAX = 32;
const CLIENTS_MAX = 24;
export const RESUME_MS = 6000;
/** ms. Life of the tokens that sessions are handed, which are renewed at half of it. */
export const TOKEN_MS = 8000;
