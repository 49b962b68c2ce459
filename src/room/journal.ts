/**
 * The host's end of the journals: starts the thread that writes them and tells it which rings there are. Where that thread dies another
 * goes on: what the first had not written is in the rings, and how far it was in the ledger (`workers/journal-ledger.ts`).
 */
import { mkdirSync } from 'node:fs';
import type { Worker } from 'node:worker_threads';
import { createJournalRing } from '../../workers/journal.ts';
import { createLedger } from '../../workers/journal-ledger.ts';
import type { JournalFigures } from '../../workers/journal-store.ts';
import { noFigures } from '../../workers/journal-store.ts';
import type { JournalAsk, JournalBoot, JournalSays } from '../../workers/journal-writer.ts';
import { FrayError } from '../errors.ts';
import { FolderLock } from './folder-lock.ts';
import { journalKey } from './journal-key.ts';
import type { LeftBehind, LeftSeat, SeatKept } from './left-behind.ts';
import { hostPath, leftIn, leftRoomLine, roomLine, seatKey, seatLine } from './left-behind.ts';
import type { HostedRoom } from './placement.ts';
import { startThread } from './threads.ts';
import type { Log } from './workers.ts';

/** What a server is asked to keep. */
export interface JournalOptions {
  /** The folder; made where it is not there. */
  readonly dir: string;
  /** At most so much is lost when the process is killed, ms. Default 50. */
  readonly flushMs?: number;
  /** Private key (PEM, Ed25519) that signs what journals close with. Default: one in the folder, made where it is not there. */
  readonly keyFile?: string;
  /** A state hash after each so many ticks. Default 30. */
  readonly hashTicks?: number;
  /** Each room that is copied gets a checkpoint so often, ms; 0: none. Default 30,000. */
  readonly checkpointMs?: number;
  /** Oldest files go while all have more bytes; 0: never. Default 0. */
  readonly bytesMax?: number;
  /** Files go so long after their room, ms; 0: never. Default 0. */
  readonly ageMsMax?: number;
}

export type KeptFigures = JournalFigures & {
  /** Threads that died while there was something to write, and were replaced. */
  readonly restarts: number;
};

export class JournalThread {
  readonly hashTicks: number;
  /** What a killed server has left. */
  readonly left: LeftBehind;
  restarts = 0;
  readonly #lock: FolderLock;
  readonly #log: Log;
  readonly #boot: JournalBoot;
  readonly #rings = new Map<number, Extract<JournalAsk, { kind: 'attach' }>>();
  readonly #shadows = new Map<string, Extract<JournalAsk, { kind: 'shadow' }>>();
  /** What the thread knows of rooms and seats, for the next one. */
  readonly #host: Map<string, string>;
  #thread: Worker | undefined;
  /** Of threads that died, and of this one, as of a second ago at most. */
  #before: JournalFigures = noFigures();
  #now: JournalFigures = noFigures();
  /** When the newest was heard of, milliseconds since 1970, and when it was started, ms. */
  #heardMs = Date.now();
  #startedMs = 0;
  #deaths = 0;
  #timer: NodeJS.Timeout | undefined;
  #stopping = false;

  /** Rejects with E_CONFIG where the folder cannot be used. */
  static async start(
    options: JournalOptions,
    coreHash: Uint8Array,
    log: Log,
  ): Promise<JournalThread> {
    const { dir, flushMs = 50, checkpointMs = 30_000, bytesMax = 0, ageMsMax = 0 } = options;
    const lock = await lockOf(dir);
    try {
      const key = journalKey(dir, options.keyFile ?? '');
      const left = leftIn(dir, coreHash);
      const held = left.rooms.map(({ file }) => file);
      // Before anything is sent under it: a server that dies at once leaves no epoch that could be used twice.
      const rooms = left.rooms.map((room) => leftRoomLine({ ...room, epoch: room.epoch + 1 }));
      const host = [...rooms, ...left.seats.map(seatLine)];
      const limits = { dir, flushMs, checkpointMs, bytesMax, ageMsMax, coreHash };
      const ledger = createLedger();
      const path = hostPath(dir);
      const owner = { path: lock.path, name: lock.name };
      const kept = { held, hostPath: path, host, ledger, owner };
      const boot: JournalBoot = { ...limits, key: key.pem, ...kept };
      const thread = new JournalThread(boot, {
        left,
        lock,
        log,
        hashTicks: options.hashTicks ?? 30,
      });
      await thread.#begin(boot);
      log.info({ folder: dir, publicKey: key.publicKey }, 'journals are kept and signed');
      return thread;
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  private constructor(
    boot: JournalBoot,
    of: {
      readonly left: LeftBehind;
      readonly lock: FolderLock;
      readonly log: Log;
      readonly hashTicks: number;
    },
  ) {
    this.hashTicks = of.hashTicks;
    this.left = of.left;
    this.#lock = of.lock;
    this.#log = of.log;
    this.#boot = boot;
    this.#host = new Map(boot.host);
  }

  /** Of all threads, as of a second ago at most. */
  get figures(): Readonly<KeptFigures> {
    const sums = Object.entries(this.#now).map(([name, value]) => [
      name,
      value + this.#before[name as keyof JournalFigures],
    ]);
    const { restarts } = this;
    return { ...(Object.fromEntries(sums) as unknown as JournalFigures), restarts };
  }

  /** A ring for a worker that starts, in the place of the one it had. */
  ringFor(worker: number): SharedArrayBuffer {
    const ring = createJournalRing();
    const number = (this.#rings.get(worker)?.number ?? 0) + 1;
    const ask = { kind: 'attach', worker, number, ring } as const;
    this.#rings.set(worker, ask);
    this.#ask(ask);
    return ring;
  }

  /** A room is copied into this memory: checkpoints come from there. */
  shadow(of: { worker: number; row: number; room: string; memory: SharedArrayBuffer }): void {
    const { worker, row, room, memory } = of;
    const ask = { kind: 'shadow', worker, row, room, memory } as const;
    this.#shadows.set(room, ask);
    this.#ask(ask);
  }

  /** All that is in the rings is written, and the thread ends. Workers have to have ended before. */
  async stop(): Promise<void> {
    // One that died may have left something: the next writes it.
    if (this.#thread === undefined && !this.#stopping) await this.#again().catch(() => {});
    clearTimeout(this.#timer);
    this.#stopping = true;
    const thread = this.#thread;
    if (thread !== undefined) {
      const ended = new Promise<void>((resolve) => thread.once('exit', () => resolve()));
      this.#ask({ kind: 'stop' });
      await ended;
    }
    this.#lock.release();
  }

  /** Who had a place, of those that have one again. */
  leftIn(seats: { has(sessionId: number): boolean }): SeatKept[] {
    return this.left.seats.map(({ kept }) => kept).filter(({ id }) => seats.has(id));
  }

  /** A room is there, or is not any more. */
  room(room: HostedRoom, isThere: boolean): void {
    const [key, value] = roomLine(room);
    if (!isThere) this.#shadows.delete(room.id);
    this.#tell(key, isThere ? value : '');
  }

  /** A seat, and what its owner keeps of it; null: it is not there any more. */
  seat(sessionId: number, seat: LeftSeat | null): void {
    const value = seat === null ? '' : seatLine(seat)[1];
    this.#tell(seatKey(sessionId), value);
  }

  #tell(key: string, value: string): void {
    if (value === '') this.#host.delete(key);
    else this.#host.set(key, value);
    this.#ask({ kind: 'host', key, value });
  }

  /** While no thread is there, the next one is told of all there is. */
  #ask(message: JournalAsk): void {
    this.#thread?.postMessage(message);
  }

  /** Another thread in the place of the one that died. */
  async #again(): Promise<void> {
    clearTimeout(this.#timer);
    const begun = this.#begin({ ...this.#boot, host: [...this.#host], sinceMs: this.#heardMs });
    // Before anything else that it is asked: these wait until it listens.
    for (const ask of [...this.#rings.values(), ...this.#shadows.values()]) this.#ask(ask);
    await begun;
  }

  /** This server hung for so long that another one has its folder. */
  #fenced(): void {
    this.#stopping = true;
    const fields = { folder: this.#boot.dir };
    this.#log.error(fields, 'another server has the folder of journals: no more is written');
  }

  #died(error: unknown): void {
    this.#thread = undefined;
    if (this.#stopping) return;
    const { figures } = this;
    this.#before = { ...figures };
    this.#now = noFigures();
    this.restarts += 1;
    const isEarly = performance.now() - this.#startedMs < STABLE_MS;
    this.#deaths = isEarly ? this.#deaths + 1 : 0;
    const waitMs = Math.min(WAIT_MS_MAX, WAIT_MS * 2 ** this.#deaths);
    const fields = { error: String(error ?? 'it ended'), waitMs };
    this.#log.error(fields, 'the writer of journals died; another goes on');
    this.#timer = setTimeout(() => void this.#again().catch(() => {}), waitMs).unref();
  }

  /** Starts a thread. Rejects with E_CONFIG where it ends before it is ready. */
  #begin(boot: JournalBoot): Promise<void> {
    const thread = startThread('journal-writer', boot);
    this.#thread = thread;
    this.#startedMs = performance.now();
    let isReady = false;
    let failure: unknown;
    return new Promise((resolve, reject) => {
      const fail = (text: string): void =>
        reject(new FrayError('E_CONFIG', `Cannot keep journals in ${boot.dir}: ${text}`));
      thread.on('message', (said: JournalSays) => {
        this.#heardMs = Date.now();
        if (said.kind === 'ready') {
          isReady = true;
          resolve();
        } else if (said.kind === 'fenced') this.#fenced();
        else if (said.kind === 'failed') fail(said.text);
        else if (said.kind === 'figures') this.#now = said.figures;
        else this.#log[said.level](said.fields, said.text);
      });
      thread.on('error', (error) => {
        failure = error;
        fail(String(error));
      });
      thread.on('exit', () => {
        fail('its thread ended');
        // The first of all that does not begin is the server's to report.
        if (isReady || this.restarts > 0) this.#died(failure);
      });
    });
  }
}

/** Rejects with E_CONFIG for a folder that cannot be one, or is another server's. */
async function lockOf(dir: string): Promise<FolderLock> {
  try {
    mkdirSync(dir, { recursive: true });
    return await FolderLock.take(dir);
  } catch (cause) {
    if (cause instanceof FrayError) throw cause;
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new FrayError('E_CONFIG', `Cannot keep journals in ${dir}: ${text}`, { cause });
  }
}

/** ms until the next thread, after one that lived for `STABLE_MS`; doubles where it did not. */
const WAIT_MS = 20;
const WAIT_MS_MAX = 10_000;
const STABLE_MS = 5000;
