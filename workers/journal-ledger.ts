/**
 * What the next thread that writes journals needs to know of the one that died: which files were open, how far each was written, and up
 * to which record of its worker's ring. Shared memory that the host keeps. A block that stands behind what the ledger says is cut off and
 * written again from the ring, which lets go of nothing that the ledger does not have.
 *
 * Layout in words: magic, rows; then per row: which of its two entries counts (0: none), and from word 16 and 32 on the entries, so that
 * a thread that dies while it writes one leaves the other; then id and file name.
 */
import { FrayError } from '../src/errors.ts';
import type { BlockPlace } from './journal-format.ts';

/**
 * `open`: a room writes; `moving`: it is on its way to another worker; `closed`: it lacks its summary alone; `done`: nothing is missing, but
 * its ring has not let go of it yet.
 */
export const LEDGER_STATE = { open: 1, moving: 2, closed: 3, done: 4 } as const;

export interface LedgerEntry {
  readonly state: number;
  /** Worker and row of the room, as `JournalStore` counts them. */
  readonly key: number;
  /** Of a room on its way: the tick that `moved` said. */
  readonly tick: number;
  /** Which ring of its worker, and the place in it behind the last record that the file has. */
  readonly ring: number;
  readonly position: number;
  /** Behind the last block. */
  readonly place: BlockPlace;
}

/** A file that the thread before had open. */
export interface LedgerFile {
  readonly row: number;
  readonly entry: LedgerEntry;
  readonly room: string;
  /** In the folder of journals. */
  readonly name: string;
}

/** Memory for a ledger. Rooms for which it has no row are cut when the thread dies. */
export function createLedger(rows = ROWS): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(HEAD_BYTES + rows * ROW_BYTES);
  const words = new Int32Array(memory);
  words[0] = MAGIC;
  words[1] = rows;
  return memory;
}

export class Ledger {
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  readonly #bytes: Uint8Array;
  readonly #free: number[] = [];

  /** Throws E_CORE for another memory than `createLedger` made. */
  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
    this.#doubles = new Float64Array(memory);
    this.#bytes = new Uint8Array(memory);
    if (this.#words[0] !== MAGIC)
      throw new FrayError('E_CORE', 'Cannot attach the ledger of journals: no magic number');
    for (let row = (this.#words[1] as number) - 1; row >= 0; row -= 1)
      if (this.#words[wordOf(row)] === 0) this.#free.push(row);
  }

  /** All files that are open. */
  files(): LedgerFile[] {
    const files: LedgerFile[] = [];
    for (let row = 0; row < (this.#words[1] as number); row += 1) {
      const which = Atomics.load(this.#words, wordOf(row));
      if (which === 0) continue;
      const [room = '', name = ''] = this.#names(row).split('\0');
      files.push({ row, entry: this.#read(wordOf(row) + which * ENTRY_WORDS), room, name });
    }
    return files;
  }

  /** A row for a file; -1: there is none. It counts after the first `write`. */
  take(room: string, name: string): number {
    const bytes = new TextEncoder().encode(`${room}\0${name}`);
    const row = bytes.length > NAME_BYTES_MAX ? undefined : this.#free.pop();
    if (row === undefined) return -1;
    this.#words[wordOf(row) + WORD.nameBytes] = bytes.length;
    this.#bytes.set(bytes, 4 * wordOf(row) + NAME_AT);
    return row;
  }

  /** A file is so far. Nothing for row -1. */
  write(row: number, { state, key, tick, ring, position, place }: LedgerEntry): void {
    if (row < 0) return;
    const words = this.#words;
    const which = words[wordOf(row)] === 1 ? 2 : 1;
    const at = wordOf(row) + which * ENTRY_WORDS;
    words[at + WORD.state] = state;
    words[at + WORD.key] = key;
    words[at + WORD.tick] = tick;
    words[at + WORD.ring] = ring;
    words[at + WORD.position] = position;
    words[at + WORD.check] = place.check;
    words[at + WORD.sequence] = place.sequence;
    words[at + WORD.placeTick] = place.tick;
    this.#doubles[(at + WORD.at) >> 1] = place.at;
    Atomics.store(words, wordOf(row), which);
  }

  /** The file is closed. Nothing for row -1. */
  free(row: number): void {
    if (row < 0) return;
    Atomics.store(this.#words, wordOf(row), 0);
    this.#free.push(row);
  }

  #read(at: number): LedgerEntry {
    const word = (offset: number): number => this.#words[at + offset] as number;
    return {
      state: word(WORD.state),
      key: word(WORD.key),
      tick: word(WORD.tick) >>> 0,
      ring: word(WORD.ring),
      position: word(WORD.position),
      place: {
        at: this.#doubles[(at + WORD.at) >> 1] as number,
        check: word(WORD.check) >>> 0,
        sequence: word(WORD.sequence) >>> 0,
        tick: word(WORD.placeTick) >>> 0,
      },
    };
  }

  #names(row: number): string {
    const from = 4 * wordOf(row) + NAME_AT;
    const length = this.#words[wordOf(row) + WORD.nameBytes] as number;
    // Of shared memory a decoder takes nothing.
    return new TextDecoder().decode(this.#bytes.slice(from, from + length));
  }
}

function wordOf(row: number): number {
  return (HEAD_BYTES + row * ROW_BYTES) >> 2;
}

/** 'FRLG'. */
const MAGIC = 0x474c5246;
/** Rooms of a host that has more are rare; 2.6 MB. */
const ROWS = 4096;
const HEAD_BYTES = 64;
const ENTRY_WORDS = 16;
/** Of a row, and of an entry. */
const WORD = {
  nameBytes: 1,
  state: 0,
  key: 1,
  at: 2,
  check: 4,
  sequence: 5,
  placeTick: 6,
  tick: 7,
  ring: 8,
  position: 9,
} as const;
const NAME_AT = 3 * ENTRY_WORDS * 4;
/** A room's id has 255 bytes at most, a file's name some more. */
const NAME_BYTES_MAX = 448;
const ROW_BYTES = NAME_AT + NAME_BYTES_MAX;
