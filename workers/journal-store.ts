/**
 * The files of all journals: what rooms have put into their workers' rings goes into the file of each room, a block per
 * flush. Runs on a thread of its own (`journal-writer.ts`), so that no tick waits for a disk. A file that cannot be written
 * ends; its room plays on.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Ring } from '../src/mailbox/ring.ts';
import { RoomCheckpoints } from './checkpoints.ts';
import { decodeContinuation, decodeOpening, JOURNAL_RING } from './journal.ts';
import { CheckpointPacker, encodeResumed } from './journal-checkpoint.ts';
import { JournalFile, type JournalFileOptions } from './journal-file.ts';
import { STAGE } from './journal-format.ts';
import { JournalHandover, keyOf, workerOf } from './journal-handover.ts';
import { LEDGER_STATE, type LedgerFile } from './journal-ledger.ts';
import { JOURNAL_SUFFIX, Retention } from './journal-retention.ts';
import type { Signer } from './journal-seal.ts';
import { fileSink, type JournalSink } from './journal-sink.ts';

export interface JournalStoreOptions {
  readonly dir: string;
  /** SHA-256 of the core that plays all rooms. */
  readonly coreHash: Uint8Array;
  /** Whole journals are deleted, the oldest first, while all of them have more bytes; 0: never. */
  readonly bytesMax: number;
  /** The same for those that were closed so long ago, ms; 0: never. */
  readonly ageMsMax: number;
  /** Signs the summaries of rooms that were closed. Left out: they get none. */
  readonly signer?: Signer | undefined;
  /** Default true. */
  readonly compress?: boolean;
  /** What keeps the bytes of journals. Default: files in `dir`. */
  readonly sink?: JournalSink;
  /** A checkpoint of each room that is copied so often, ms. Default 0: none. */
  readonly checkpointMs?: number;
  /** Files that somebody may still go on with: they stay. */
  readonly held?: readonly string[];
  /** Of the thread that wrote before this one: its files go on. Default: a new one. */
  readonly ledger?: SharedArrayBuffer;
  /** Since when nobody may have looked into the rings, milliseconds since 1970. Default: now. */
  readonly sinceMs?: number;
  readonly unixMs: () => number;
  readonly log: (
    level: 'warn' | 'info',
    text: string,
    fields: Record<string, string | number>,
  ) => void;
}

/** Counters. All rise. */
export interface JournalFigures {
  files: number;
  entries: number;
  /** Bytes of entries, and of files. */
  rawBytes: number;
  fileBytes: number;
  /** Checkpoints written, bytes of them in the files, and us that they took this thread. */
  checkpoints: number;
  checkpointBytes: number;
  checkpointUs: number;
  /** Journals that closed with a signed summary. */
  sealed: number;
  /** Journals that end before their rooms do: the ring was full, or the disk. */
  cut: number;
  /** Files that were deleted to make room. */
  deleted: number;
}

/** Of a writer that has written nothing. */
export function noFigures(): JournalFigures {
  const checkpoints = { checkpoints: 0, checkpointBytes: 0, checkpointUs: 0 };
  const files = { files: 0, sealed: 0, cut: 0, deleted: 0 };
  return { ...files, entries: 0, rawBytes: 0, fileBytes: 0, ...checkpoints };
}

interface Open {
  readonly path: string;
  readonly file: JournalFile;
  readonly roomId: string;
  /** In the ledger; -1: none. */
  readonly row: number;
  /** Of a room that is copied. */
  checkpoints: RoomCheckpoints | undefined;
}

export class JournalStore {
  readonly figures = noFigures();
  readonly #options: JournalStoreOptions;
  /** By worker and row. */
  readonly #open = new Map<number, Open>();
  /** Of rooms on their way to another worker, by tick and id; null: its journal has ended. */
  readonly #moving = new Map<string, Open | null>();
  /** By worker whose ring goes on with a room that has not gone yet: the turns that it was waited for. */
  readonly #awaited = new Map<number, number>();
  /** Of closed rooms: too little is known for their summaries. */
  readonly #sealing = new Map<Open, number>();
  readonly #handover: JournalHandover;
  readonly #retention: Retention;
  /** By worker: when its ring was emptied last, and before that. */
  readonly #lookedMs = new Map<number, { readonly last: number; readonly before: number }>();
  readonly #madeMs: number;
  readonly #packer = new CheckpointPacker();
  readonly #payload = { words: new Int32Array(0), from: 0, bytes: 0 };

  /** Throws what the file system throws for a folder that cannot be made. */
  constructor(options: JournalStoreOptions) {
    this.#options = options;
    this.#madeMs = options.sinceMs ?? options.unixMs();
    mkdirSync(options.dir, { recursive: true });
    this.#retention = new Retention(options);
    this.#handover = new JournalHandover(options.ledger);
    for (const file of this.#handover.files) this.#reopen(file);
  }

  /** The ring of a worker from now on, its `number`th. Files that the thread before had of another one have ended. */
  attached(worker: number, number: number): void {
    const ended = this.#handover.attached(worker, number);
    for (const [key, { row }] of [...this.#open]) if (ended.includes(row)) this.#close(key);
  }

  /**
   * Takes what waits in a worker's ring. True if there was something. It stops before the records of a room that came from another
   * worker while those of before, in the ring of that one, have not been taken: the next call goes on.
   */
  take(worker: number, ring: Ring): boolean {
    let taken = false;
    const startMs = this.#options.unixMs();
    this.#handover.note(worker, ring);
    while (ring.next()) {
      if (ring.kind === JOURNAL_RING.came && !this.#arrived(worker, ring)) {
        ring.back();
        break;
      }
      taken = true;
      this.#handover.note(worker, ring);
      this.#entry(worker, ring);
    }
    const before = this.#lookedMs.get(worker)?.last ?? this.#madeMs;
    if (!this.waits(worker)) this.#lookedMs.set(worker, { last: startMs, before });
    return taken;
  }

  /** Whether `take` has stopped in the ring of a worker. */
  waits(worker: number): boolean {
    return this.#awaited.has(worker);
  }

  /** A room is copied into this memory from now on. Its opening has to have been taken. */
  shadow({ room }: { readonly room: string }, memory: SharedArrayBuffer): void {
    const open = [...this.#open.values()].find(({ roomId }) => roomId === room);
    if (open !== undefined) open.checkpoints = new RoomCheckpoints(memory, this.#options.unixMs());
  }

  /** Writes the checkpoint that has been due for longest, if any is. After `take`: what it tells of is in the file then. */
  checkpoint(): void {
    const { checkpointMs = 0, unixMs } = this.#options;
    if (checkpointMs === 0) return;
    const nowMs = unixMs();
    let due: { readonly key: number; readonly dueMs: number } | undefined;
    for (const [key, { checkpoints }] of this.#open) {
      if (checkpoints?.isDue(nowMs) !== true) continue;
      if (due === undefined || checkpoints.dueMs < due.dueMs)
        due = { key, dueMs: checkpoints.dueMs };
    }
    if (due === undefined) return;
    const { file, path, checkpoints } = this.#open.get(due.key) as Open;
    const startMs = performance.now();
    const sinceMs = this.#lookedMs.get(workerOf(due.key))?.before ?? this.#madeMs;
    const seen = { tick: file.lastTick, unixMs: sinceMs };
    const payloads =
      checkpoints?.take(this.#packer, { nowMs, everyMs: checkpointMs, seen }) ?? null;
    if (checkpoints === undefined || payloads === null) return;
    const { fileBytes } = file;
    try {
      this.#count(file, () => file.checkpoint(checkpoints.tick, payloads));
    } catch (cause) {
      this.#fail(due.key, path, cause);
      return;
    }
    this.#keep(due.key, this.#open.get(due.key) as Open);
    this.figures.checkpoints += 1;
    this.figures.checkpointBytes += file.fileBytes - fileBytes;
    this.figures.checkpointUs += Math.round((performance.now() - startMs) * 1000);
  }

  /** Writes a block of every journal that has something new, and lets go of what was taken. */
  flush(): void {
    for (const [key, open] of this.#open) this.#flush(key, open);
    this.#handover.release();
  }

  /** False: the file has ended. */
  #flush(key: number, open: Open): boolean {
    const { file, path } = open;
    const { at } = file.place;
    try {
      this.#count(file, () => file.flush());
      if (file.place.at !== at) this.#keep(key, open);
      return true;
    } catch (cause) {
      this.#fail(key, path, cause);
      return false;
    }
  }

  /** Some ms of reading for summaries of rooms whose files another process has begun. After `flush`. */
  learn(): void {
    const nowMs = (): number => performance.now();
    const untilMs = nowMs() + LEARN_MS;
    for (const open of [...this.#open.values(), ...this.#sealing.keys()]) {
      if (!this.#learn(open, untilMs)) return;
      if (this.#sealing.has(open)) this.#seal(open);
      if (nowMs() >= untilMs) return;
    }
  }

  /** The worker has ended: what its rooms wrote is all there is. */
  end(worker: number): void {
    for (const key of this.#open.keys()) if (workerOf(key) === worker) this.#close(key);
  }

  /** Ends all files. */
  close(): void {
    for (const key of this.#open.keys()) this.#close(key);
    for (const open of this.#moving.values()) open?.file.close();
    const untilMs = performance.now() + CLOSE_MS;
    for (const open of this.#sealing.keys()) {
      this.#learn(open, untilMs);
      this.#seal(open);
    }
  }

  /** Deletes journals that are too old or too many, now and then. Those of open rooms stay. */
  retain(): void {
    const { dir, unixMs } = this.#options;
    const open = [...this.#open.values(), ...this.#moving.values(), ...this.#sealing.keys()];
    const inUse = open.flatMap((one) => (one === null ? [] : [one.path]));
    try {
      this.figures.deleted += this.#retention.look(unixMs(), inUse);
    } catch (cause) {
      this.#tell(dir, cause, 'old journals are not deleted');
    }
  }

  #entry(worker: number, ring: Ring): void {
    const key = keyOf(worker, ring.id);
    if (this.#handover.passed(key, ring.position)) {
      // Who waits for a room that went need not.
      if (ring.kind === JOURNAL_RING.moved) this.#went(wayOf(ring));
      return;
    }
    if (ring.kind === JOURNAL_RING.open) {
      this.#close(key);
      this.#start(key, ring);
      return;
    }
    if (ring.kind === JOURNAL_RING.moved || ring.kind === JOURNAL_RING.came) {
      this.#move(worker, ring);
      return;
    }
    if (ring.kind === JOURNAL_RING.resume) {
      this.#close(key);
      this.#goOn(key, ring);
      return;
    }
    const open = this.#open.get(key);
    if (open === undefined || ring.kind === JOURNAL_RING.missing) return;
    const { kind, arg } = ring;
    Object.assign(this.#payload, { words: ring.words, from: ring.offset >> 2, bytes: ring.length });
    this.figures.entries += 1;
    try {
      this.#count(open.file, () => open.file.append(kind, arg, this.#payload));
    } catch (cause) {
      this.#fail(key, open.path, cause);
      return;
    }
    if (kind === STAGE.cut) this.figures.cut += 1;
    if (kind === STAGE.over || kind === STAGE.cut) this.#close(key, kind === STAGE.over);
  }

  #move(worker: number, ring: Ring): void {
    const key = keyOf(worker, ring.id);
    const id = TEXT.decode(ring.payload());
    const way = wayOf(ring);
    if (ring.kind === JOURNAL_RING.came) {
      // Said again by the next thread of its worker, where the one before died as soon as it had taken the room.
      if (this.#open.get(key)?.roomId === id) return;
      this.#bind(key, way);
      return;
    }
    const open = this.#open.get(key);
    if (open?.roomId !== id) {
      this.#went(way);
      return;
    }
    const isWhole = this.#flush(key, open);
    this.#moving.set(way, isWhole ? open : null);
    this.#open.delete(key);
    if (isWhole) this.#keep(key, open, { state: LEDGER_STATE.moving, tick: ring.arg });
  }

  /** A room has gone whose file is none. Read again by the next thread it says nothing new. */
  #went(way: string): void {
    if (!this.#moving.has(way)) this.#moving.set(way, null);
  }

  /** False: the ring of a worker goes on with a room whose records of before are not taken. */
  #arrived(worker: number, ring: Ring): boolean {
    const key = keyOf(worker, ring.id);
    const turns = (this.#awaited.get(worker) ?? 0) + 1;
    const room = TEXT.decode(ring.payload());
    const isThere =
      this.#moving.has(wayOf(ring)) ||
      this.#handover.passed(key, ring.position) ||
      this.#handover.isBeyond(room, ring.arg) ||
      this.#open.get(key)?.roomId === room;
    if (isThere || turns >= TURNS_MAX) this.#awaited.delete(worker);
    else this.#awaited.set(worker, turns);
    return !this.#awaited.has(worker);
  }

  #bind(key: number, way: string): void {
    const open = this.#moving.get(way) ?? null;
    this.#moving.delete(way);
    if (open === null) return;
    this.#close(key);
    this.#open.set(key, open);
    this.#keep(key, open);
  }

  #start(key: number, ring: Ring): void {
    const { dir, coreHash, unixMs } = this.#options;
    const room = decodeOpening(ring.payload());
    if (this.#handover.knows(room.roomId, key, ring.position)) return;
    const openedMs = unixMs();
    const path = join(dir, `${room.roomId}-${openedMs.toString(36)}${JOURNAL_SUFFIX}`);
    try {
      const head = { ...room, coreHash, openedMs };
      const file = new JournalFile(path, head, this.#how);
      this.#enter(key, path, { file, roomId: room.roomId });
      this.figures.files += 1;
      this.figures.fileBytes += file.fileBytes;
    } catch (cause) {
      this.figures.cut += 1;
      this.#tell(path, cause);
    }
  }

  /** The file of a room that a process before this one has left. */
  #goOn(key: number, ring: Ring): void {
    const continuation = decodeContinuation(ring.payload().slice());
    const { room, path, place, tick } = continuation;
    if (this.#handover.knows(room, key, ring.position)) return;
    try {
      const file = new JournalFile(path, place, this.#how);
      this.#enter(key, path, { file, roomId: room });
      this.#retention.release(path);
      const words = new Int32Array(encodeResumed(continuation).buffer);
      file.append(STAGE.resumed, tick, { words, from: 0, bytes: 4 * words.length });
      this.figures.files += 1;
    } catch (cause) {
      this.figures.cut += 1;
      this.#tell(path, cause);
    }
  }

  get #how(): JournalFileOptions {
    const { compress = true, signer, sink = fileSink } = this.#options;
    return { compress, sealed: signer !== undefined, sink };
  }

  /** `isOver`: the room was closed, and a summary is due. */
  #close(key: number, isOver = false): void {
    const open = this.#open.get(key);
    if (open === undefined) return;
    this.#handover.ended(open.roomId, key);
    try {
      this.#count(open.file, () => open.file.flush());
      this.#open.delete(key);
      if (isOver) {
        this.#keep(key, open, { state: LEDGER_STATE.closed });
        this.#sealing.set(open, key);
        if (open.file.learned) this.#seal(open);
        return;
      }
      open.file.close();
      this.#finish(key, open);
    } catch (cause) {
      this.#fail(key, open.path, cause);
    }
  }

  /** True: no more is to be learnt of a file. */
  #learn({ path, file }: Open, untilMs: number): boolean {
    try {
      return file.learn(untilMs, () => performance.now());
    } catch (cause) {
      this.#tell(path, cause, 'a journal gets no summary');
      return true;
    }
  }

  /** Signs and closes a file. */
  #seal(open: Open): void {
    const { path, file } = open;
    const { signer, unixMs } = this.#options;
    const key = this.#sealing.get(open) ?? 0;
    this.#sealing.delete(open);
    try {
      this.#count(file, () => {
        if (signer !== undefined && file.seal(signer, unixMs())) this.figures.sealed += 1;
      });
      file.close();
    } catch (cause) {
      this.#tell(path, cause, 'a journal gets no summary');
    }
    this.#finish(key, open);
  }

  #enter(key: number, path: string, of: Pick<Open, 'file' | 'roomId'>): void {
    const row = this.#handover.take(of.roomId, path);
    const open = { ...of, path, row, checkpoints: undefined };
    this.#open.set(key, open);
    this.#keep(key, open);
  }

  #keep(key: number, { row, file }: Open, as?: { state?: number; tick?: number }): void {
    this.#handover.keep(key, { row, place: file.place }, as);
  }

  #finish(key: number, { row, file }: Open): void {
    this.#handover.finish(key, { row, place: file.place });
  }

  /** A file of the thread before. */
  #reopen({ row, entry, room, name }: LedgerFile): void {
    const path = join(this.#options.dir, name);
    const { state, key, tick, place } = entry;
    if (state === LEDGER_STATE.done) return;
    try {
      const file = new JournalFile(path, place, this.#how);
      const open = { path, file, roomId: room, row, checkpoints: undefined };
      if (state === LEDGER_STATE.moving) this.#moving.set(`${tick} ${room}`, open);
      else if (state === LEDGER_STATE.closed) this.#sealing.set(open, key);
      else this.#open.set(key, open);
    } catch (cause) {
      this.#handover.drop(row);
      this.figures.cut += 1;
      this.#tell(path, cause);
    }
  }

  /** Keeps the sums while `run` writes. */
  #count(file: JournalFile, run: () => void): void {
    const { rawBytes, fileBytes } = file;
    run();
    this.figures.rawBytes += file.rawBytes - rawBytes;
    this.figures.fileBytes += file.fileBytes - fileBytes;
  }

  /** The file ends at its last whole block. */
  #fail(key: number, path: string, cause: unknown): void {
    const open = this.#open.get(key);
    this.#open.delete(key);
    if (open !== undefined) this.#finish(key, open);
    this.figures.cut += 1;
    this.#tell(path, cause);
    for (const end of ['cut', 'close'] as const)
      try {
        open?.file[end]();
      } catch {
        // It could not be written, so it need not be closed well.
      }
  }

  #tell(path: string, cause: unknown, text = 'a journal ended before its room'): void {
    const error = cause instanceof Error ? cause.message : String(cause);
    this.#options.log('warn', text, { path, error });
  }
}

/** By tick too: a room may go and come back before its first ring is read on. */
function wayOf(ring: Ring): string {
  return `${ring.arg} ${TEXT.decode(ring.payload())}`;
}

const TEXT = new TextDecoder();
/** Turns after which a room's records of before will not come any more: a ring was lost. Its file ends then. */
const TURNS_MAX = 64;
/** ms of a turn, and at the end, for what summaries need of files that another process has begun. */
const LEARN_MS = 5;
const CLOSE_MS = 3000;
