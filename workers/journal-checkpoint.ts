/**
 * Checkpoints in a journal: the room's memory in pages, of which each keeps those that differ from the one before; now and then one
 * keeps all. A checkpoint is one entry or more (`STAGE.checkpoint`), each in a block of its own. Pure; SPEC.md section 13 has the layout.
 */
import type { JournalEntry } from './journal-format.ts';
import { padded, STAGE } from './journal-format.ts';

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

/** Bytes of a page. Of 1,024, 4,096 and 65,536 the one that packs smallest or nearly so (72 kB of a room of 50), at the fewest pages. */
export const PAGE_BYTES = 4096;

/** Payloads of the entries of a checkpoint. `before`: the region of the one before, of the same length; null: all pages are kept. */
export function encodeCheckpoint(checkpoint: Checkpoint, before: Uint8Array | null): Uint8Array[] {
  const { region } = checkpoint;
  const pages: number[] = [];
  for (let page = 0; page * PAGE_BYTES < region.length; page += 1) {
    const [from, to] = [page * PAGE_BYTES, (page + 1) * PAGE_BYTES];
    if (before === null || differs(region, before, from, Math.min(to, region.length)))
      pages.push(page);
  }
  const pieces: Uint8Array[] = [];
  for (let at = 0; at === 0 || at < pages.length; at += PIECE_PAGES) {
    const isLast = at + PIECE_PAGES >= pages.length;
    const flags = (isLast ? FLAG.last : 0) | (at === 0 && before === null ? FLAG.whole : 0);
    pieces.push(encodePiece(checkpoint, pages.slice(at, at + PIECE_PAGES), flags));
  }
  return pieces;
}

/** Takes the entries of checkpoints in order, and holds the newest that is whole. */
export class CheckpointReader {
  /** Null before the first. Its region is another array after each. */
  newest: Checkpoint | null = null;
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
      pagesAt + count * (4 + PAGE_BYTES) === bytes.length;
    if (!fits) return this.#fail();
    if ((flags & FLAG.whole) !== 0) {
      this.#region = new Uint8Array(regionBytes);
      this.#isGood = true;
    }
    if (!this.#isGood || this.#region.length !== regionBytes) return this.#fail();
    for (let i = 0; i < count; i += 1) {
      const to = word(pagesAt + 4 * i) * PAGE_BYTES;
      if (to >= regionBytes) return this.#fail();
      const from = pagesAt + 4 * count + i * PAGE_BYTES;
      this.#region.set(bytes.subarray(from, from + Math.min(PAGE_BYTES, regionBytes - to)), to);
    }
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

function encodePiece(
  { seen, host, region }: Checkpoint,
  pages: readonly number[],
  flags: number,
): Uint8Array {
  const ownHost = (flags & FLAG.last) === 0 ? NOTHING : host;
  const pagesAt = HEAD_BYTES + padded(ownHost.length);
  const bytes = new Uint8Array(pagesAt + pages.length * (4 + PAGE_BYTES));
  const view = new DataView(bytes.buffer);
  view.setUint32(HEAD.region, region.length, true);
  view.setUint32(HEAD.host, ownHost.length, true);
  view.setUint32(HEAD.pageBytes, PAGE_BYTES, true);
  view.setUint32(HEAD.pages, pages.length, true);
  view.setFloat64(HEAD.seenMs, seen.unixMs, true);
  view.setUint32(HEAD.seenTick, seen.tick, true);
  view.setUint32(HEAD.flags, flags, true);
  bytes.set(ownHost, HEAD_BYTES);
  for (const [i, page] of pages.entries()) {
    view.setUint32(pagesAt + 4 * i, page, true);
    const from = page * PAGE_BYTES;
    const to = pagesAt + 4 * pages.length + i * PAGE_BYTES;
    bytes.set(region.subarray(from, Math.min(from + PAGE_BYTES, region.length)), to);
  }
  return bytes;
}

function differs(one: Uint8Array, other: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) if (one[at] !== other[at]) return true;
  return false;
}

const NOTHING = new Uint8Array(0);
/** Byte offsets of a payload. Then the host's part, padded; page numbers; pages. */
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
/** `last`: the checkpoint is complete. `whole`: no page of before counts. */
const FLAG = { last: 1, whole: 2 } as const;
/** Pages of one entry: 2 MB, so that a block of 4 MiB holds it with the host's part. */
const PIECE_PAGES = 512;
/** Bytes. More than any configuration asks for (1 GiB is what a memory of the core may have). */
const REGION_BYTES_MAX = 1 << 30;
const RESUMED_BYTES = 16;
