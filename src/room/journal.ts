/** The host's end of the journals: starts the thread that writes them and tells it which rings there are. */
import { mkdirSync } from 'node:fs';
import type { Worker } from 'node:worker_threads';
import { createJournalRing } from '../../workers/journal.ts';
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

export class JournalThread {
  readonly hashTicks: number;
  /** Of the writer, as of a second ago at most. */
  figures: Readonly<JournalFigures> = noFigures();
  /** What a killed server has left. */
  readonly left: LeftBehind;
  readonly #lock: FolderLock;
  readonly #thread: Worker;
  readonly #log: Log;
  #ended = false;

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
      const boot: JournalBoot = { ...limits, key: key.pem, held, hostPath: hostPath(dir), host };
      const thread = new JournalThread(boot, {
        left,
        lock,
        log,
        hashTicks: options.hashTicks ?? 30,
      });
      await thread.#ready(dir);
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
    this.#thread = startThread('journal-writer', boot, 'journal-writer');
  }

  /** A ring for a worker that starts, in the place of the one it had. */
  ringFor(worker: number): SharedArrayBuffer {
    const ring = createJournalRing();
    this.#ask({ kind: 'attach', worker, ring });
    return ring;
  }

  /** A room is copied into this memory: checkpoints come from there. */
  shadow(of: { worker: number; row: number; room: string; memory: SharedArrayBuffer }): void {
    const { worker, row, room, memory } = of;
    this.#ask({ kind: 'shadow', worker, row, room, memory });
  }

  /** All that is in the rings is written, and the thread ends. Workers have to have ended before. */
  async stop(): Promise<void> {
    if (!this.#ended) {
      const ended = new Promise<void>((resolve) => this.#thread.once('exit', () => resolve()));
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
    this.#ask({ kind: 'host', key, value: isThere ? value : '' });
  }

  /** A seat, and what its owner keeps of it; null: it is not there any more. */
  seat(sessionId: number, seat: LeftSeat | null): void {
    const value = seat === null ? '' : seatLine(seat)[1];
    this.#ask({ kind: 'host', key: seatKey(sessionId), value });
  }

  #ask(message: JournalAsk): void {
    this.#thread.postMessage(message);
  }

  #ready(dir: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (text: string): void =>
        reject(new FrayError('E_CONFIG', `Cannot keep journals in ${dir}: ${text}`));
      this.#thread.on('message', (said: JournalSays) => {
        if (said.kind === 'ready') resolve();
        else if (said.kind === 'failed') fail(said.text);
        else if (said.kind === 'figures') this.figures = said.figures;
        else this.#log[said.level](said.fields, said.text);
      });
      this.#thread.on('error', (error) => {
        this.#log.error({ error: String(error) }, 'the writer of journals failed');
        fail(String(error));
      });
      this.#thread.on('exit', () => {
        this.#ended = true;
        fail('its thread ended');
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
