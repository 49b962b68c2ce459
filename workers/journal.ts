/**
 * What a room writes of itself: every record that enters it goes into its worker's journal ring before anything that follows
 * from it leaves. The ring is memory that outlives the worker: it keeps what came after the newest shadow copies (`recovery.ts`), and
 * where journals are wanted a thread of its own empties it into files (`journal-store.ts`). The tick waits for nobody. Where the ring
 * is full the room plays on and its file ends there, marked as cut; the records after that are for recovery alone.
 */
import type { RoomCore } from '../core-wasm/bindings/room.ts';
import { createRing, KEEPS, type Ring } from '../src/mailbox/ring.ts';
import type { Resumption } from './journal-checkpoint.ts';
import { decodeResumed, encodeResumed } from './journal-checkpoint.ts';
import type { BlockPlace, JournalHead } from './journal-format.ts';
import { padded, STAGE } from './journal-format.ts';
import { encodeOver } from './journal-summary.ts';

/** Kinds of records in a journal ring beside those of STAGE. The id is the room's row, the arg the tick. */
export const JOURNAL_RING = {
  /** A room opens; payload by `encodeOpening`. */
  open: 16,
  /** Records are missing here: for recovery, where `cut` is for the file, which has ended by then. */
  missing: 17,
  /** The room goes to another worker; payload: its id. Its file waits for `came`. */
  moved: 18,
  /** It came from another worker, in whose ring `moved` stands already; payload: its id. */
  came: 19,
  /** Another process goes on with a room, and its file; payload by `encodeContinuation`. For recovery a copy has to follow. */
  resume: 20,
} as const;

/** The memory of one worker's ring. `alone`: nobody empties it into files. */
export function createJournalRing(alone = false): SharedArrayBuffer {
  return createRing(RING_BYTES, RECORD_BYTES_MAX, alone ? KEEPS.floorAlone : KEEPS.floor);
}

/** The part of a core that is recorded. */
export type JournalCore = Pick<
  RoomCore,
  'i32' | 'input' | 'stateHash' | 'stateHashLow' | 'stateHashHigh'
>;

export interface RoomJournalOptions {
  readonly ring: Ring;
  readonly row: number;
  readonly core: JournalCore;
  /** A state hash after each so many ticks; 0: none. */
  readonly hashTicks: number;
  /** Called once where the file ends before the room does. */
  readonly onCut: () => void;
}

/** One room's way into the ring. Makes no garbage. */
export class RoomJournal {
  /** Place in the ring from which on the room is whole: where it opened, or its newest shadow copy. */
  since: number;
  /** Records are missing behind `since`: only another copy makes the room recoverable again. */
  gap = false;
  readonly #options: RoomJournalOptions;
  readonly #words = new Int32Array(2);
  /** The same, and no record in the ring says so yet. */
  #untold = false;
  #state: 'open' | 'cutting' | 'cut' | 'ended' = 'open';
  /** The last tick that has ended. */
  #ended = -1;

  /**
   * `opening`: what the room is, by `encodeOpening`, or with `kind` `resume` by `encodeContinuation`; undefined for one that goes on
   * where another worker was.
   */
  constructor(
    options: RoomJournalOptions,
    opening: Uint8Array | undefined,
    kind: number = JOURNAL_RING.open,
  ) {
    this.#options = options;
    const { ring, row } = options;
    this.since = ring.end;
    if (opening === undefined) return;
    if (!ring.tryWrite(kind, row, 0, opening, 0, opening.length)) this.#lose('cut');
  }

  /** Behind its last shadow copy the room goes. False: the ring has no place to say so. */
  moved(tick: number, id: Uint8Array): boolean {
    const { ring, row } = this.#options;
    if ((this.#state !== 'open' || this.#untold) && !this.#catchUp(tick)) return false;
    if (!ring.tryWrite(JOURNAL_RING.moved, row, tick, id, 0, id.length)) return false;
    this.#state = 'ended';
    return true;
  }

  /** The room came from where it was said to move. */
  came(tick: number, id: Uint8Array): void {
    const { ring, row } = this.#options;
    if (!ring.tryWrite(JOURNAL_RING.came, row, tick, id, 0, id.length)) this.#lose('cut');
  }

  /** `length` bytes of the input buffer, on their way into `begin` or `end` of `tick`. */
  record(stage: number, tick: number, length: number): void {
    const { core } = this.#options;
    this.#write(stage, tick, core.i32, core.input >> 2, length);
  }

  /** What the game has outside the region, as of the record that follows: both are seen at once. */
  game(tick: number, saved: Uint8Array): void {
    const { ring, row } = this.#options;
    if (this.#state === 'ended') return;
    ring.hold();
    if (!ring.tryWrite(STAGE.game, row, tick, saved, 0, saved.length)) this.#lose('cutting');
  }

  /** What was recorded of `tick` is void: it begins anew. */
  anew(tick: number): void {
    this.#write(STAGE.anew, tick, NOTHING, 0, 0);
  }

  /** After `end` of `tick`. */
  ended(tick: number): void {
    const { hashTicks } = this.#options;
    this.#ended = tick;
    if (hashTicks !== 0 && tick % hashTicks === 0) this.#hash(tick);
  }

  #hash(tick: number): void {
    const { core } = this.#options;
    if (this.#state !== 'open') return;
    core.stateHash();
    this.#words[0] = core.stateHashLow;
    this.#words[1] = core.stateHashHigh;
    this.#write(STAGE.hash, tick, this.#words, 0, 8);
  }

  /** A shadow copy was made of all that is recorded. */
  copied(): void {
    this.since = this.#options.ring.end;
    this.gap = false;
    this.#untold = false;
  }

  /** The room is closed in `tick`, after which it is hashed if it was whole; nothing follows. `result`: JSON of what came of it. */
  close(tick: number, code: number, result: string | null = null): void {
    const { hashTicks } = this.#options;
    if (this.#ended === tick && hashTicks !== 0 && tick % hashTicks !== 0) this.#hash(tick);
    const over = encodeOver(code, result ?? '');
    const words = new Int32Array(padded(over.length) >> 2);
    new Uint8Array(words.buffer).set(over);
    this.#write(STAGE.over, tick, words, 0, over.length);
    this.#state = 'ended';
  }

  #write(stage: number, tick: number, words: Int32Array, from: number, bytes: number): void {
    // The rest stands apart so that V8 inlines the ring here, which else leaves a boxed number per record behind.
    if ((this.#state !== 'open' || this.#untold) && !this.#catchUp(tick)) return;
    const { ring, row } = this.#options;
    const written = ring.tryWriteWords(stage, row, tick, words, from, bytes);
    ring.publish();
    if (!written) this.#lose('cutting');
  }

  /** Says what has to stand before the next record. False: it does not fit either, or nothing follows any more. */
  #catchUp(tick: number): boolean {
    const { ring, row } = this.#options;
    const fits = (kind: number): boolean => {
      const written = ring.tryWriteWords(kind, row, tick, NOTHING, 0, 0);
      if (!written) this.#lose('cutting');
      return written;
    };
    if (this.#state === 'ended') return false;
    if (this.#state === 'cutting') {
      if (!fits(STAGE.cut)) return false;
      this.#state = 'cut';
    }
    if (!this.#untold) return true;
    if (!fits(JOURNAL_RING.missing)) return false;
    this.#untold = false;
    return true;
  }

  /** A record did not fit. The file was told of the first. */
  #lose(state: 'cutting' | 'cut'): void {
    this.gap = true;
    this.#untold = true;
    if (this.#state !== 'open') return;
    this.#state = state;
    this.#options.onCut();
  }
}

/** What a room says when it opens. */
export type Opening = Omit<JournalHead, 'coreHash' | 'openedMs'>;

/** `u64` schema hash, `u32` epoch, `u32` tick rate, `u32` bytes of its id, its id, then its configuration. */
export function encodeOpening(opening: Opening): Uint8Array {
  const id = new TextEncoder().encode(opening.roomId);
  const bytes = new Uint8Array(OPENING_TAIL + id.length + opening.config.length);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, opening.schemaHash, true);
  view.setUint32(8, opening.epoch, true);
  view.setUint32(12, opening.tickRateHz, true);
  view.setUint32(16, id.length, true);
  bytes.set(id, OPENING_TAIL);
  bytes.set(opening.config, OPENING_TAIL + id.length);
  return bytes;
}

/** The way back. */
export function decodeOpening(bytes: Uint8Array): Opening {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const idEnd = OPENING_TAIL + view.getUint32(16, true);
  return {
    schemaHash: view.getBigUint64(0, true),
    epoch: view.getUint32(8, true),
    tickRateHz: view.getUint32(12, true),
    roomId: new TextDecoder().decode(bytes.subarray(OPENING_TAIL, idEnd)),
    config: bytes.slice(idEnd),
  };
}

/** Where a room's file goes on, and as what. */
export interface Continuation extends Resumption {
  /** Its id. */
  readonly room: string;
  readonly path: string;
  /** Behind its last whole block. */
  readonly place: BlockPlace;
}

/** The payload of `STAGE.resumed`, then `f64` byte of the file, `u32` check, `u32` sequence, `u32` tick of the place, and id and path with a 0 between. */
export function encodeContinuation(of: Continuation): Uint8Array {
  const names = new TextEncoder().encode(`${of.room}\0${of.path}`);
  const bytes = new Uint8Array(CONTINUATION_TAIL + names.length);
  const view = new DataView(bytes.buffer);
  bytes.set(encodeResumed(of));
  view.setFloat64(16, of.place.at, true);
  view.setUint32(24, of.place.check, true);
  view.setUint32(28, of.place.sequence, true);
  view.setUint32(32, of.place.tick, true);
  bytes.set(names, CONTINUATION_TAIL);
  return bytes;
}

/** The way back. */
export function decodeContinuation(bytes: Uint8Array): Continuation {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const place = {
    at: view.getFloat64(16, true),
    check: view.getUint32(24, true),
    sequence: view.getUint32(28, true),
    tick: view.getUint32(32, true),
  };
  const names = new TextDecoder().decode(bytes.subarray(CONTINUATION_TAIL));
  const [room = '', path = ''] = names.split('\0');
  return { ...(decodeResumed(bytes.subarray(0, 16)) as Resumption), place, room, path };
}

const CONTINUATION_TAIL = 36;
const OPENING_TAIL = 20;
const NOTHING = new Int32Array(0);
/** Bytes of one record: the largest input buffer of a room, and its opening. */
const RECORD_BYTES_MAX = 1 << 19;
/** Bytes, so that with one record the memory is 8 MiB: four seconds of a full worker, whose 1,000 players send some 2 MB a second at 30 Hz. */
const RING_BYTES = (1 << 23) - 2 * RECORD_BYTES_MAX;
