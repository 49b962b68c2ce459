/**
 * From one thread that writes journals to the next: keeps the ledger as the store goes, and knows of each record in the rings whether the
 * thread before has taken it already. Rings let go of records only when they are in files and the ledger says so.
 */
import { basename } from 'node:path';
import type { Ring } from '../src/mailbox/ring.ts';
import type { BlockPlace } from './journal-format.ts';
import type { LedgerFile } from './journal-ledger.ts';
import { createLedger, LEDGER_STATE, Ledger } from './journal-ledger.ts';

/** A ring as far as it was taken. */
interface Taken {
  readonly ring: Ring;
  /** Which of its worker's. */
  readonly number: number;
  /** Place behind the last record. */
  end: number;
  /** What stood in it when this thread came may have been taken before. */
  readonly cameAt: number;
}

export class JournalHandover {
  readonly #ledger: Ledger;
  /** What the thread before had open. */
  readonly files: readonly LedgerFile[];
  /** By key: what the files of the thread before have of their ring. */
  readonly #had = new Map<number, number>();
  /** By room: the worker in whose ring this thread has seen its end. */
  readonly #ended = new Map<string, number>();
  /** Rooms that it had begun, and the last tick in the file of each. */
  readonly #known: ReadonlyMap<string, number>;
  /** By worker. */
  readonly #taken = new Map<number, Taken>();
  readonly #numbers = new Map<number, number>();
  /** Rows of files that are closed. */
  readonly #done: number[] = [];

  constructor(memory: SharedArrayBuffer = createLedger()) {
    this.#ledger = new Ledger(memory);
    this.files = this.#ledger.files();
    this.#known = new Map(this.files.map(({ room, entry }) => [room, entry.place.tick]));
    for (const { row, entry } of this.files) {
      const { state, key, position } = entry;
      const had = this.#had.get(key);
      if (state !== LEDGER_STATE.moving && (had === undefined || ((position - had) | 0) > 0))
        this.#had.set(key, position);
      if (state === LEDGER_STATE.done) this.#done.push(row);
    }
  }

  /** The ring of a worker from now on. Answers the rows of files that the thread before had of another one: they have ended. */
  attached(worker: number, number: number): number[] {
    this.#numbers.set(worker, number);
    const isEnded = ({ entry }: LedgerFile): boolean =>
      entry.state === LEDGER_STATE.open && workerOf(entry.key) === worker && entry.ring !== number;
    return this.files.filter(isEnded).map(({ row }) => row);
  }

  /** Where the ring of a worker stands. */
  note(worker: number, ring: Ring): void {
    const taken = this.#taken.get(worker);
    if (taken?.ring === ring) taken.end = ring.end;
    else {
      const number = this.#numbers.get(worker) ?? 0;
      this.#taken.set(worker, { ring, number, end: ring.end, cameAt: ring.tail });
    }
  }

  /** A record was taken by the thread before, and is in its file. */
  passed(key: number, position: number): boolean {
    const had = this.#had.get(key);
    if (had === undefined) return false;
    if (((position - had) | 0) < 0) return true;
    this.#had.delete(key);
    return false;
  }

  /**
   * The thread before has begun the file of a room of which this record tells. A room that begins anew under that name has another; one that did
   * so between two threads, and on another worker, has none.
   */
  knows(room: string, key: number, position: number): boolean {
    if (!this.#known.has(room) || this.#ended.get(room) === workerOf(key)) return false;
    const { cameAt = position } = this.#taken.get(workerOf(key)) ?? {};
    return ((position - cameAt) | 0) < 0;
  }

  /** The file of a room that it knows is done: what opens in that ring from now on is another. */
  ended(room: string, key: number): void {
    if (this.#known.has(room)) this.#ended.set(room, workerOf(key));
  }

  /** It has played on after it came with this tick: where it came from may have been let go of. */
  isBeyond(room: string, tick: number): boolean {
    return (this.#known.get(room) ?? 0) > tick;
  }

  /** A row for a new file. */
  take(room: string, path: string): number {
    return this.#ledger.take(room, basename(path));
  }

  /** A file is written up to `place`, and its ring is in it so far as it was taken. */
  keep(
    key: number,
    { row, place }: { readonly row: number; readonly place: BlockPlace },
    { state = LEDGER_STATE.open as number, tick = 0 } = {},
  ): void {
    const { number = 0, end = 0 } = this.#taken.get(workerOf(key)) ?? {};
    this.#ledger.write(row, { state, key, tick, ring: number, position: end, place });
  }

  /** A file is closed: its row is free as soon as its ring has let go of it. */
  finish(key: number, of: { readonly row: number; readonly place: BlockPlace }): void {
    this.keep(key, of, { state: LEDGER_STATE.done });
    if (of.row >= 0) this.#done.push(of.row);
  }

  /** A file that cannot be opened again. */
  drop(row: number): void {
    this.#ledger.free(row);
  }

  /** All that was taken is in files: rings let go of it. */
  release(): void {
    for (const { ring } of this.#taken.values()) ring.release();
    for (const row of this.#done.splice(0)) this.#ledger.free(row);
  }
}

/** Of a key: worker and row. */
export function workerOf(key: number): number {
  return key >>> ROW_BITS;
}

export function keyOf(worker: number, row: number): number {
  return (worker << ROW_BITS) | row;
}

/** Of a room's row in a key: roomsMax is at most 65,536. */
const ROW_BITS = 17;
