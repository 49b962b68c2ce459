/**
 * A ring of records in shared memory for one producer and one consumer thread. Everything that passes between an I/O
 * thread and a room worker goes through rings: no lock, no message object, no garbage, and a limit.
 *
 * Layout (32-bit words of the buffer, each group on its own cache line so that the two sides do not slow each other):
 *
 *     word  0  magic 'FRNG'     word 16  tail: bytes ever written         word 32  head: bytes ever read
 *           1  version               17  records written                       33  records read
 *           2  capacity, bytes       18  records refused
 *           3  keeps               20-21  payload bytes written (f64)
 *                                   22  floor: from here on all is kept
 *     byte 192  data, `capacity` bytes
 *
 * A record is three words, then its payload, padded with zeros to a multiple of 4:
 *
 *     length (24 bits) | kind << 24 (1..255),   id,   arg,   payload
 *
 * A record is always whole and in one piece. Where it does not fit before the end of the data, a word of kind 0 (the
 * wrap marker) says that it stands at the beginning. `tail` and `head` count up for ever (mod 2^32; capacity divides
 * it), so tail - head is what is in use, and nothing is ever overwritten: a record that does not fit is refused.
 *
 * Why this is right with two threads: each word has one writer (tail, counters: producer; head, read: consumer). The
 * producer writes data bytes with plain stores and then `tail` with Atomics.store; the consumer reads `tail` with
 * Atomics.load and then data with plain loads. Atomics are sequentially consistent, so the store of `tail`
 * synchronizes with the load that sees it, and every byte written before is visible after. The other way round: the
 * consumer publishes `head` by Atomics.store only when it has done with the bytes before it, and the producer writes
 * over bytes only after an Atomics.load of `head` has freed them. Both keep the other's counter in a field and load it
 * again only when that copy says full or empty; an old copy errs on the safe side.
 *
 * A ring may *keep*: its producer names a floor, and nothing from there on is written over, whether it was read or not. So who
 * comes after a dead producer finds what that one wanted kept ('kept'), and may go on writing behind it.
 */
import { FrayError } from '../errors.ts';

/** Bytes before the data. Three cache lines. */
export const RING_HEADER_BYTES = 192;
/** Bytes of a record before its payload. */
export const RECORD_HEADER_BYTES = 12;
/** Payload bytes that one record can say: 24 bits. Capacity / 2 may be less. */
export const RECORD_LENGTH_MAX = 0xffffff;

/** What a ring keeps beside what its consumer has not read: nothing; all from the floor on; the same, and nobody reads it. */
export const KEEPS = { none: 0, floor: 1, floorAlone: 2 } as const;

/** Bytes that a record with so much payload takes in the ring, the worst place for wrapping not counted. */
export function recordBytes(length: number): number {
  return RECORD_HEADER_BYTES + ((length + 3) & ~3);
}

/**
 * Memory for a ring that holds at least `bytes` bytes of records. The capacity is the next power of two above it plus
 * one record of `lengthMax` bytes, which is what wrapping can waste. `keeps`: of KEEPS.
 */
export function createRing(
  bytes: number,
  lengthMax: number,
  keeps: number = KEEPS.none,
): SharedArrayBuffer {
  const least = Math.max(bytes + recordBytes(lengthMax), 2 * recordBytes(lengthMax), CAPACITY_MIN);
  let capacity = CAPACITY_MIN;
  while (capacity < least) capacity *= 2;
  if (capacity > CAPACITY_MAX) {
    throw new FrayError(
      'E_CONFIG',
      `Cannot make a ring: ${bytes} bytes are more than ${CAPACITY_MAX / 2}`,
    );
  }
  const buffer = new SharedArrayBuffer(RING_HEADER_BYTES + capacity);
  const words = new Int32Array(buffer);
  words[WORD.magic] = MAGIC;
  words[WORD.version] = VERSION;
  words[WORD.capacity] = capacity;
  words[WORD.keeps] = keeps;
  return buffer;
}

/**
 * One end of a ring. Use an instance either to write or to read, never both; each thread makes its own. `kept` reads from the floor
 * to what stood there at the time, beside the consumer, and releases nothing; its writer has to have ended, or to be of the same thread.
 */
export class Ring {
  /** The record that `next` found. Valid until the following `next`; its bytes until `release`. */
  kind = 0;
  id = 0;
  arg = 0;
  /** First byte of the payload in `bytes`; a multiple of 4. */
  offset = 0;
  length = 0;
  /** Place of the record in the stream: equal for the same record after `rewind`. */
  position = 0;

  readonly capacity: number;
  /** The data as bytes and as words. */
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  readonly #header: Int32Array;
  readonly #sums: Float64Array;
  readonly #mask: number;
  readonly #needMax: number;
  /** Own counter: tail of a writer, reading place of a reader. */
  #at: number;
  /** The other side's counter as last seen. */
  #other: number;
  /** Records since the last release (reader) or publication (writer). */
  #count: number;
  /** Writer: payload bytes since the last publication. */
  #payload = 0;
  /** Writer: between `hold` and `publish`. */
  #held = false;
  readonly #keeps: number;
  /** Writer of a ring that keeps. */
  #floor: number;
  /** Reader: see `payload`. */
  #copied = new Int32Array(0);
  #views: (Uint8Array | undefined)[] = [];

  /** Attaches to the memory of `createRing`. Throws `E_CORE` where the header is not one. */
  constructor(buffer: SharedArrayBuffer, side: 'write' | 'read' | 'kept') {
    const header = checkedHeader(buffer);
    const capacity = header[WORD.capacity] as number;
    this.capacity = capacity;
    this.bytes = new Uint8Array(buffer, RING_HEADER_BYTES, capacity);
    this.words = new Int32Array(buffer, RING_HEADER_BYTES, capacity >> 2);
    this.#header = header;
    this.#sums = new Float64Array(buffer, 0, RING_HEADER_BYTES >> 3);
    this.#mask = capacity - 1;
    this.#needMax = capacity >> 1;
    const head = Atomics.load(header, WORD.head);
    const tail = Atomics.load(header, WORD.tail);
    this.#count = 0;
    this.#keeps = header[WORD.keeps] as number;
    this.#floor = Atomics.load(header, WORD.floor);
    this.#at = side === 'write' ? tail : side === 'read' ? head : this.#floor;
    this.#other = side === 'write' ? this.#freed() : this.#at;
  }

  /** Records the producer has written, wrapping at 2^32. */
  get written(): number {
    return Atomics.load(this.#header, WORD.written) >>> 0;
  }

  /** Records the producer could not write because the ring was full, wrapping at 2^32. */
  get refused(): number {
    return Atomics.load(this.#header, WORD.refused) >>> 0;
  }

  /** Records the consumer has released, wrapping at 2^32. */
  get read(): number {
    return Atomics.load(this.#header, WORD.read) >>> 0;
  }

  /** Payload bytes written since the ring was made. */
  get bytesWritten(): number {
    return this.#sums[SUM.bytes] as number;
  }

  /** The place behind all that is written by now. */
  get tail(): number {
    return Atomics.load(this.#header, WORD.tail);
  }

  /** Writer: the place behind all that was written; the `position` of the next record, unless it wraps. */
  get end(): number {
    return this.#at;
  }

  /** Writer: bytes from the floor on. */
  get keptBytes(): number {
    return (this.#at - this.#floor) >>> 0;
  }

  /** Writer: all from `position` (an `end` of before) on is kept. It has to be the floor of now or lie behind it. */
  keepFrom(position: number): void {
    this.#floor = position;
    Atomics.store(this.#header, WORD.floor, position);
  }

  /** Bytes not in use, as far as the writer can see now; a record may need up to twice its bytes at the wrap. */
  free(): number {
    this.#other = this.#freed();
    return this.capacity - ((this.#at - this.#other) >>> 0);
  }

  /**
   * Writes one record, or refuses it (false, counted) when it does not fit. `kind` 1..255, `id` and `arg` any 32 bits.
   * Throws only on misuse: a kind or length that no record can have.
   */
  tryWrite(
    kind: number,
    id: number,
    arg: number,
    source: Uint8Array,
    offset: number,
    length: number,
  ): boolean {
    const index = this.#reserve(kind, length);
    if (index < 0) return false;
    if (length <= COPY_LOOP_BYTES) this.#copy(index + RECORD_HEADER_BYTES, source, offset, length);
    else {
      const payload = index + RECORD_HEADER_BYTES;
      this.bytes.set(source.subarray(offset, offset + length), payload);
      for (let i = length; (i & 3) !== 0; i += 1) this.bytes[payload + i] = 0;
    }
    this.#finish(index, kind, id, arg, length);
    return true;
  }

  /**
   * The same from a source of words, for payloads that begin at a multiple of 4 bytes: four bytes a step and no view, so
   * no garbage at any length. `wordOffset` counts words; the source has to reach to the end of the last word.
   */
  tryWriteWords(
    kind: number,
    id: number,
    arg: number,
    source: Int32Array,
    wordOffset: number,
    length: number,
  ): boolean {
    const index = this.#reserve(kind, length);
    if (index < 0) return false;
    const to = (index + RECORD_HEADER_BYTES) >> 2;
    const count = (length + 3) >> 2;
    const words = this.words;
    for (let i = 0; i < count; i += 1) words[to + i] = source[wordOffset + i] as number;
    const rest = length & 3;
    if (rest !== 0)
      words[to + count - 1] = (words[to + count - 1] as number) & ((1 << (rest * 8)) - 1);
    this.#finish(index, kind, id, arg, length);
    return true;
  }

  /** From here to `publish` records are written but not seen: many records for the price of one atomic store. */
  hold(): void {
    this.#held = true;
  }

  /** Shows everything that was written. Without `hold` each write does so itself. */
  publish(): void {
    this.#held = false;
    if (this.#count === 0) return;
    this.#header[WORD.written] = (this.#header[WORD.written] as number) + this.#count;
    this.#sums[SUM.bytes] = (this.#sums[SUM.bytes] as number) + this.#payload;
    this.#count = 0;
    this.#payload = 0;
    Atomics.store(this.#header, WORD.tail, this.#at);
  }

  /** Moves to the next record and fills the fields above; false when there is none. */
  next(): boolean {
    if (this.#at === this.#other) {
      this.#other = Atomics.load(this.#header, WORD.tail);
      if (this.#at === this.#other) return false;
    }
    let index = this.#at & this.#mask;
    if ((this.words[index >> 2] as number) >>> 24 === KIND_WRAP) {
      this.#at = (this.#at + this.capacity - index) | 0;
      index = 0;
    }
    const word = this.words[index >> 2] as number;
    const length = word & RECORD_LENGTH_MAX;
    const need = recordBytes(length);
    if (word >>> 24 === KIND_WRAP || need > (this.#other - this.#at) >>> 0) {
      throw new FrayError(
        'E_CORE',
        `Cannot read a ring: the record at ${this.#at >>> 0} is damaged`,
      );
    }
    this.kind = word >>> 24;
    this.id = (this.words[(index >> 2) + 1] as number) >>> 0;
    this.arg = (this.words[(index >> 2) + 2] as number) >>> 0;
    this.offset = index + RECORD_HEADER_BYTES;
    this.length = length;
    this.position = this.#at;
    this.#at = (this.#at + need) | 0;
    this.#count += 1;
    return true;
  }

  /** Reader: the record that `next` found has not been read; it comes again. */
  back(): void {
    this.#at = this.position;
    this.#count -= 1;
  }

  /**
   * A copy of the record's payload that is the caller's until the next call. The memory and a view per length are made once, so it
   * costs no object; what is kept longer has to be copied again.
   */
  payload(): Uint8Array {
    const { length, words } = this;
    if (length > this.#copied.byteLength) this.#makeRoom(2 * length);
    const copied = this.#copied;
    const from = this.offset >> 2;
    const count = (length + 3) >> 2;
    for (let i = 0; i < count; i += 1) copied[i] = words[from + i] as number;
    const view = this.#views[length] ?? new Uint8Array(copied.buffer, 0, length);
    this.#views[length] = view;
    return view;
  }

  #makeRoom(bytes: number): void {
    this.#copied = new Int32Array((bytes + 3) >> 2);
    // Filled, or V8 keeps an array with holes in a hash table.
    this.#views = new Array<Uint8Array | undefined>(bytes + 1).fill(undefined);
  }

  /** Gives the bytes of all records read so far back to the producer. Once per batch, not per record. */
  release(): void {
    if (this.#count === 0) return;
    this.#header[WORD.read] = (this.#header[WORD.read] as number) + this.#count;
    this.#count = 0;
    Atomics.store(this.#header, WORD.head, this.#at);
  }

  /** Goes back to the first record that is not released, to walk the batch once more. */
  rewind(): void {
    this.#at = Atomics.load(this.#header, WORD.head);
    this.#count = 0;
  }

  /** Reader of what is kept: goes on with the record at `position` (an `end` or a `position` of before). */
  seek(position: number): void {
    this.#at = position;
    this.#other = Atomics.load(this.#header, WORD.tail);
  }

  /** Whether a record waits. */
  waiting(): boolean {
    return this.#at !== Atomics.load(this.#header, WORD.tail);
  }

  /** Index in the data where a record may stand, after a wrap marker where needed; -1: full. */
  #reserve(kind: number, length: number): number {
    const need = recordBytes(length);
    if (
      !(
        kind > 0 &&
        kind < 256 &&
        length >= 0 &&
        length <= RECORD_LENGTH_MAX &&
        need <= this.#needMax
      )
    ) {
      throw new RangeError(
        `Cannot write to a ring: kind ${kind} or length ${length} is out of range`,
      );
    }
    const index = this.#at & this.#mask;
    const rest = this.capacity - index;
    const total = need > rest ? rest + need : need;
    if (total > this.capacity - ((this.#at - this.#other) >>> 0)) {
      this.#other = this.#freed();
      if (total > this.capacity - ((this.#at - this.#other) >>> 0)) {
        this.#header[WORD.refused] = (this.#header[WORD.refused] as number) + 1;
        return -1;
      }
    }
    if (need <= rest) return index;
    this.words[index >> 2] = KIND_WRAP;
    this.#at = (this.#at + rest) | 0;
    return 0;
  }

  /** Up to where the writer may write over. */
  #freed(): number {
    const head = Atomics.load(this.#header, WORD.head);
    if (this.#keeps === KEEPS.none) return head;
    if (this.#keeps === KEEPS.floorAlone) return this.#floor;
    return ((this.#floor - head) | 0) < 0 ? this.#floor : head;
  }

  /** Bytes from anywhere into words, the last one filled up with zeros: a store for four of them. */
  #copy(payload: number, source: Uint8Array, offset: number, length: number): void {
    const words = this.words;
    const whole = offset + (length & ~3);
    let to = payload >> 2;
    let at = offset;
    for (; at < whole; at += 4) {
      words[to] =
        (source[at] as number) |
        ((source[at + 1] as number) << 8) |
        ((source[at + 2] as number) << 16) |
        ((source[at + 3] as number) << 24);
      to += 1;
    }
    if ((length & 3) === 0) return;
    let last = 0;
    for (let i = 0; i < (length & 3); i += 1) last |= (source[at + i] as number) << (i * 8);
    words[to] = last;
  }

  #finish(index: number, kind: number, id: number, arg: number, length: number): void {
    const word = index >> 2;
    this.words[word] = (kind << 24) | length;
    this.words[word + 1] = id;
    this.words[word + 2] = arg;
    const end = (this.#at + recordBytes(length)) | 0;
    this.#at = end;
    if (this.#held) {
      this.#count += 1;
      this.#payload += length;
      return;
    }
    const header = this.#header;
    header[WORD.written] = (header[WORD.written] as number) + 1;
    this.#sums[SUM.bytes] = (this.#sums[SUM.bytes] as number) + length;
    Atomics.store(header, WORD.tail, end);
  }
}

function checkedHeader(buffer: SharedArrayBuffer): Int32Array {
  const fail = (state: string): never => {
    throw new FrayError('E_CORE', `Cannot attach a ring: ${state}`);
  };
  if (buffer.byteLength < RING_HEADER_BYTES + CAPACITY_MIN || buffer.byteLength % 4 !== 0) {
    return fail(`${buffer.byteLength} bytes hold no ring`);
  }
  const header = new Int32Array(buffer, 0, RING_HEADER_BYTES >> 2);
  const [magic, version, capacity] = [
    header[WORD.magic],
    header[WORD.version],
    header[WORD.capacity],
  ];
  if (magic !== MAGIC) return fail('no magic number at its beginning');
  if (version !== VERSION) return fail(`version ${version} is not ${VERSION}`);
  if (
    capacity === undefined ||
    (capacity & (capacity - 1)) !== 0 ||
    capacity + RING_HEADER_BYTES !== buffer.byteLength
  ) {
    return fail(`a capacity of ${capacity} bytes does not fit its memory`);
  }
  const head = Atomics.load(header, WORD.head);
  const tail = Atomics.load(header, WORD.tail);
  const alone = header[WORD.keeps] === KEEPS.floorAlone;
  const from = alone ? Atomics.load(header, WORD.floor) : head;
  if ((from & 3) !== 0 || (tail & 3) !== 0 || (tail - from) >>> 0 > capacity) {
    return fail(`head ${head >>> 0} and tail ${tail >>> 0} do not belong together`);
  }
  return header;
}

/** Words of the header. One writer each: see the layout above. */
const WORD = {
  magic: 0,
  version: 1,
  capacity: 2,
  keeps: 3,
  tail: 16,
  written: 17,
  refused: 18,
  floor: 22,
  head: 32,
  read: 33,
} as const;
/** Doubles of the header; 64-bit stores to aligned memory are not torn on the machines Node runs on. */
const SUM = { bytes: 10 } as const;
/** 'FRNG'. */
const MAGIC = 0x474e5246;
const VERSION = 1;
const KIND_WRAP = 0;
/** Bytes. Small enough for tests that wrap often. */
const CAPACITY_MIN = 64;
/** Bytes. 2^30: an i32 still counts it. */
const CAPACITY_MAX = 1 << 30;
/** Up to here a loop (0.6 ns a byte) is faster than making a view for `set`, and it makes no garbage. */
const COPY_LOOP_BYTES = 160;
