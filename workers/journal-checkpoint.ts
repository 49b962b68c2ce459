/**
 * Checkpoints in a journal: the room's memory in pages, of which each keeps those that differ from the one before; now and then one
 * keeps all. A checkpoint is one entry or more (`STAGE.checkpoint`), each in a block of its own. Pure; SPEC.md section 13 has the layout.
 */
import { FrayError } from '../src/errors.ts';
import type { JournalEntry } from './journal-format.ts';
import { padded, STAGE } from './journal-format.ts';
import {
  PACKED_PAGE_BYTES_MAX,
  PAGE_BYTES,
  PageDistances,
  PagePacker,
  unpackPage,
} from './journal-pages.ts';

/** A room as of the end of a tick. */
export interface Checkpoint {
  readonly tick: number;
  readonly seen: Seen;
  /** What lies in no region (`host-part.ts`). */
  readonly host: Uint8Array;
  readonly region: Uint8Array;
}

/** The room had not reached this tick before then, milliseconds since 1970: what bounds the ticks that nothing is known of. */
export interface Seen {
  readonly tick: number;
  readonly unixMs: number;
}

/** A room as its newest checkpoint has it. */
export class PackedRoom {
  /** Whole pages. */
  readonly words: Int32Array;
  readonly distances: PageDistances;
  readonly regionBytes: number;

  /** A multiple of 4 bytes, as all regions are. */
  constructor(regionBytes: number) {
    this.regionBytes = regionBytes;
    const pages = Math.ceil(regionBytes / PAGE_BYTES);
    this.words = new Int32Array(pages * PAGE_WORDS);
    this.distances = new PageDistances(pages);
  }
}

/** Where checkpoints are packed: one for all rooms of a thread. */
export class CheckpointPacker {
  readonly #packer = new PagePacker(PIECE_BYTES);
  readonly #before = new Int32Array(PAGE_WORDS);
  #pages = new Uint32Array(0);

  /**
   * Payloads of the entries of the next checkpoint of `room`, which then is as the checkpoint has it. `isWhole`: no page of before counts.
   * Throws E_CORE for a region of another size, or one that does not begin at a multiple of 4.
   */
  pack(checkpoint: Checkpoint, room: PackedRoom, isWhole: boolean): Uint8Array[] {
    const { region } = checkpoint;
    const { words } = room;
    if (region.length !== room.regionBytes || (region.byteOffset & 3) !== 0)
      throw new FrayError('E_CORE', `Cannot pack a region: ${region.length} bytes do not fit`);
    const from = new Int32Array(region.buffer, region.byteOffset, region.length >> 2);
    if (isWhole) words.fill(0);
    const count = this.#changed(from, words);
    room.distances.begin(isWhole);
    const pieces: Uint8Array[] = [];
    for (let at = 0; at === 0 || at < count; at += PIECE_PAGES) {
      const pages = this.#pages.subarray(at, Math.min(at + PIECE_PAGES, count));
      const isLast = at + PIECE_PAGES >= count;
      const flags = FLAG.packed | (isLast ? FLAG.last : 0) | (isWhole && at === 0 ? FLAG.whole : 0);
      pieces.push(this.#piece(checkpoint, room, { from, pages, flags }));
    }
    return pieces;
  }

  /** Numbers of pages that are not as they were, in `#pages`; how many. */
  #changed(from: Int32Array, words: Int32Array): number {
    const most = words.length / PAGE_WORDS;
    if (this.#pages.length < most) this.#pages = new Uint32Array(most);
    let count = 0;
    for (let page = 0; page < most; page += 1) {
      if (isSame(from, words, page)) continue;
      this.#pages[count] = page;
      count += 1;
    }
    return count;
  }

  #piece(
    { seen, host, region }: Checkpoint,
    { words, distances }: PackedRoom,
    { from, pages, flags }: { from: Int32Array; pages: Uint32Array; flags: number },
  ): Uint8Array {
    const { bytes } = this.#packer;
    const ownHost = (flags & FLAG.last) === 0 ? NOTHING : host;
    let at = HEAD_BYTES + padded(ownHost.length);
    const view = new DataView(bytes.buffer);
    view.setUint32(HEAD.region, region.length, true);
    view.setUint32(HEAD.host, ownHost.length, true);
    view.setUint32(HEAD.pageBytes, PAGE_BYTES, true);
    view.setUint32(HEAD.pages, pages.length, true);
    view.setFloat64(HEAD.seenMs, seen.unixMs, true);
    view.setUint32(HEAD.seenTick, seen.tick, true);
    view.setUint32(HEAD.flags, flags, true);
    bytes.fill(0, HEAD_BYTES, at);
    bytes.set(ownHost, HEAD_BYTES);
    for (const page of pages) {
      const word = page * PAGE_WORDS;
      this.#before.set(words.subarray(word, word + PAGE_WORDS));
      words.set(from.subarray(word, word + PAGE_WORDS), word);
      at = this.#packer.page(words, this.#before, { page, at, distances });
    }
    return bytes.slice(0, at);
  }
}

/** Takes the entries of checkpoints in order, and holds the newest that is whole. */
export class CheckpointReader {
  /** Null before the first. Its region is another array after each. */
  newest: Checkpoint | null = null;
  #words = new Int32Array(0);
  #region: Uint8Array = NOTHING;
  /** Of how many bytes of it pages have come since a whole one began; -1: they are of no use. */
  #isGood = false;

  /** False: the entry is no checkpoint, or one that fits nothing before it. */
  take({ stage, tick, bytes }: JournalEntry): boolean {
    if (stage !== STAGE.checkpoint || bytes.length < HEAD_BYTES) return false;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const word = (offset: number): number => view.getUint32(offset, true);
    const [regionBytes, hostBytes, count] = [word(HEAD.region), word(HEAD.host), word(HEAD.pages)];
    const flags = word(HEAD.flags);
    const pagesAt = HEAD_BYTES + padded(hostBytes);
    const fits =
      regionBytes <= REGION_BYTES_MAX &&
      hostBytes <= bytes.length &&
      word(HEAD.pageBytes) === PAGE_BYTES &&
      pagesAt <= bytes.length;
    if (!fits) return this.#fail();
    if ((flags & FLAG.whole) !== 0) {
      this.#words = new Int32Array(Math.ceil(regionBytes / PAGE_BYTES) * PAGE_WORDS);
      this.#region = new Uint8Array(this.#words.buffer, 0, regionBytes);
      this.#isGood = true;
    }
    if (!this.#isGood || this.#region.length !== regionBytes) return this.#fail();
    const pages = bytes.subarray(pagesAt);
    const isRead =
      (flags & FLAG.packed) === 0 ? this.#plain(pages, count) : this.#packed(pages, count);
    if (!isRead) return this.#fail();
    if ((flags & FLAG.last) === 0) return true;
    this.newest = {
      tick,
      seen: { tick: word(HEAD.seenTick), unixMs: view.getFloat64(HEAD.seenMs, true) },
      // Of a Buffer, too, whose `slice` would be no copy.
      host: new Uint8Array(bytes.subarray(HEAD_BYTES, HEAD_BYTES + hostBytes)),
      region: this.#region.slice(),
    };
    return true;
  }

  #packed(bytes: Uint8Array, count: number): boolean {
    let at = 0;
    for (let i = 0; i < count; i += 1) {
      const taken = unpackPage(bytes.subarray(at), this.#words);
      if (taken < 0) return false;
      at += taken;
    }
    return at === bytes.length;
  }

  /** Of versions up to 5: the numbers of all pages, then the pages as they are. */
  #plain(bytes: Uint8Array, count: number): boolean {
    if (count * (4 + PAGE_BYTES) !== bytes.length) return false;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let i = 0; i < count; i += 1) {
      const to = view.getUint32(4 * i, true) * PAGE_BYTES;
      if (to >= this.#region.length) return false;
      const from = 4 * count + i * PAGE_BYTES;
      const length = Math.min(PAGE_BYTES, this.#region.length - to);
      this.#region.set(bytes.subarray(from, from + length), to);
    }
    return true;
  }

  /** What stood in pieces is lost, up to the next whole one. */
  #fail(): false {
    this.#isGood = false;
    return false;
  }
}

/** A checkpoint begins with this entry that needs none before it. */
export function isWhole({ stage, bytes }: JournalEntry): boolean {
  if (stage !== STAGE.checkpoint || bytes.length < HEAD_BYTES) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return (view.getUint32(HEAD.flags, true) & FLAG.whole) !== 0;
}

/** Who goes on with a room: its epoch, the tick it stands at from then on, and when that is, milliseconds since 1970. */
export interface Resumption {
  readonly epoch: number;
  readonly tick: number;
  readonly unixMs: number;
}

/** Payload of `STAGE.resumed`: `u32` epoch, `u32` tick, `f64` milliseconds since 1970. */
export function encodeResumed({ epoch, tick, unixMs }: Resumption): Uint8Array {
  const bytes = new Uint8Array(RESUMED_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, epoch, true);
  view.setUint32(4, tick, true);
  view.setFloat64(8, unixMs, true);
  return bytes;
}

/** Null for bytes that are none. */
export function decodeResumed(bytes: Uint8Array): Resumption | null {
  if (bytes.length !== RESUMED_BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    epoch: view.getUint32(0, true),
    tick: view.getUint32(4, true),
    unixMs: view.getFloat64(8, true),
  };
}

/** Four words at a time: most pages are the same to their end. */
function isSame(one: Int32Array, other: Int32Array, page: number): boolean {
  const to = Math.min((page + 1) * PAGE_WORDS, one.length);
  let at = page * PAGE_WORDS;
  for (; at + 4 <= to; at += 4) {
    const rest =
      ((one[at] as number) ^ (other[at] as number)) |
      ((one[at + 1] as number) ^ (other[at + 1] as number)) |
      ((one[at + 2] as number) ^ (other[at + 2] as number)) |
      ((one[at + 3] as number) ^ (other[at + 3] as number));
    if (rest !== 0) return false;
  }
  while (at < to && one[at] === other[at]) at += 1;
  return at === to;
}

const NOTHING = new Uint8Array(0);
/** Byte offsets of a payload. Then the host's part, padded; pages. */
const HEAD = {
  region: 0,
  host: 4,
  pageBytes: 8,
  pages: 12,
  seenMs: 16,
  flags: 24,
  seenTick: 28,
} as const;
const HEAD_BYTES = 32;
/** `last`: the checkpoint is complete. `whole`: no page of before counts, all were zeros. `packed`: see `journal-pages.ts`. */
const FLAG = { last: 1, whole: 2, packed: 4 } as const;
const PAGE_WORDS = PAGE_BYTES >> 2;
/** Pages of one entry: 2.4 MB at most, so that a block of 4 MiB holds it with the host's part. */
const PIECE_PAGES = 512;
/** What lies in no region has 1 MB at most; one page more is tried two ways. */
const PIECE_BYTES = HEAD_BYTES + (1 << 20) + (PIECE_PAGES + 1) * PACKED_PAGE_BYTES_MAX;
/** Bytes. More than any configuration asks for (1 GiB is what a memory of the core may have). */
const REGION_BYTES_MAX = 1 << 30;
const RESUMED_BYTES = 16;
