/**
 * The shadow of a room: copies of its region in shared memory that outlives its worker. Two slots take turns, so that the newest whole
 * copy stays whatever happens to the one that is being made. With the records since (`RoomJournal`) it is the room.
 *
 * Layout in words: magic, region bytes, host bytes; from word 16 and 32 on a head of each slot: `made` (0: not whole; the higher
 * one is newer), tick, place in the journal ring behind that tick, host bytes in use; then per slot the host's part and the region.
 */
import { FrayError } from '../src/errors.ts';

/** What a room is as of the end of a tick. */
export interface ShadowCopy {
  readonly tick: number;
  /** Place in the journal ring: what stands behind it came after the copy. */
  readonly position: number;
  /** Bytes of `ShardRoom` that are in no region; a copy. */
  readonly host: Uint8Array;
  /** Of shared memory. */
  readonly region: Uint8Array;
}

/** Memory for a room whose region has so many bytes, and the host at most so many of its own. */
export function createShadow(regionBytes: number, hostBytesMax: number): SharedArrayBuffer {
  const [region, host] = [padded(regionBytes), padded(hostBytesMax)];
  const memory = new SharedArrayBuffer(HEAD_BYTES + 2 * (region + host));
  const words = new Int32Array(memory, 0, HEAD_BYTES >> 2);
  words[WORD.magic] = MAGIC;
  words[WORD.regionBytes] = regionBytes;
  words[WORD.hostBytes] = host;
  return memory;
}

/** Writes copies. Makes no garbage. */
export class Shadow {
  /** Of the newest copy; -1 before the first. */
  tick = -1;
  /** Place in the journal ring behind the tick of the next copy: its writer sets it. */
  position = 0;
  readonly hostBytesMax: number;
  readonly #words: Int32Array;
  readonly #regions: readonly Uint8Array[];
  readonly #hosts: readonly Uint8Array[];
  #made = 0;

  /** Goes on from what stands in `memory`. Throws E_CORE for another than `createShadow` made. */
  constructor(memory: SharedArrayBuffer) {
    const parts = partsOf(memory);
    this.#words = parts.words;
    this.#regions = parts.regions;
    this.#hosts = parts.hosts;
    this.hostBytesMax = parts.hosts[0]?.length ?? 0;
    const newest = newestOf(parts.words);
    if (newest < 0) return;
    this.#made = parts.words[headOf(newest) + SLOT.made] as number;
    this.tick = parts.words[headOf(newest) + SLOT.tick] as number;
  }

  /** `host` has at most `hostBytesMax` bytes. Throws E_CORE for a region of another size. */
  write(region: Uint8Array, host: Uint8Array, tick: number): void {
    const words = this.#words;
    const made = this.#made + 1;
    const slot = made & 1;
    const head = headOf(slot);
    const into = this.#regions[slot] as Uint8Array;
    if (region.length !== into.length)
      throw new FrayError('E_CORE', `Cannot copy a room: ${region.length} bytes do not fit`);
    Atomics.store(words, head + SLOT.made, 0);
    into.set(region);
    (this.#hosts[slot] as Uint8Array).set(host);
    words[head + SLOT.tick] = tick;
    words[head + SLOT.position] = this.position;
    words[head + SLOT.hostBytes] = host.length;
    Atomics.store(words, head + SLOT.made, made);
    this.#made = made;
    this.tick = tick;
  }
}

/** The newest whole copy; null where there is none. Its writer has to have ended, or to be of the same thread. */
export function readShadow(memory: SharedArrayBuffer): ShadowCopy | null {
  const { words, regions, hosts } = partsOf(memory);
  const slot = newestOf(words);
  if (slot < 0) return null;
  const head = headOf(slot);
  return {
    tick: words[head + SLOT.tick] as number,
    position: words[head + SLOT.position] as number,
    host: (hosts[slot] as Uint8Array).slice(0, words[head + SLOT.hostBytes]),
    region: regions[slot] as Uint8Array,
  };
}

/** Whether there is a whole copy. */
export function hasCopy(memory: SharedArrayBuffer | undefined): boolean {
  return memory !== undefined && newestOf(partsOf(memory).words) >= 0;
}

/** The newest copy is all there is of its room: what comes after it will stand behind `position` of another ring. */
export function rebaseShadow(memory: SharedArrayBuffer, position: number): void {
  const { words } = partsOf(memory);
  const slot = newestOf(words);
  if (slot >= 0) words[headOf(slot) + SLOT.position] = position;
}

/** Reads copies while another thread writes them. */
export class ShadowReader {
  readonly #parts: ReturnType<typeof partsOf>;

  /** Throws E_CORE for another memory than `createShadow` made. */
  constructor(memory: SharedArrayBuffer) {
    this.#parts = partsOf(memory);
  }

  /** Bytes of the region. */
  get regionBytes(): number {
    return this.#parts.words[WORD.regionBytes] as number;
  }

  /** The newest whole one, its region in shared memory: what was read of it counts if it still `holds`. Null: there is none. */
  newest(): SharedCopy | null {
    const { words, regions, hosts } = this.#parts;
    const slot = newestOf(words);
    if (slot < 0) return null;
    const head = headOf(slot);
    const made = Atomics.load(words, head + SLOT.made);
    return {
      slot,
      made,
      tick: words[head + SLOT.tick] as number,
      position: words[head + SLOT.position] as number,
      host: (hosts[slot] as Uint8Array).slice(0, words[head + SLOT.hostBytes]),
      region: regions[slot] as Uint8Array,
    };
  }

  /** A copy was not written over meanwhile. */
  holds({ slot, made }: SharedCopy): boolean {
    return made !== 0 && Atomics.load(this.#parts.words, headOf(slot) + SLOT.made) === made;
  }
}

/** A copy that another thread may begin to write over. */
export interface SharedCopy extends ShadowCopy {
  readonly slot: number;
  readonly made: number;
}

function newestOf(words: Int32Array): number {
  const [even, odd] = [0, 1].map((slot) => Atomics.load(words, headOf(slot) + SLOT.made)) as [
    number,
    number,
  ];
  if (even === 0 && odd === 0) return -1;
  return even > odd ? 0 : 1;
}

function partsOf(memory: SharedArrayBuffer): {
  words: Int32Array;
  regions: Uint8Array[];
  hosts: Uint8Array[];
} {
  const words = new Int32Array(memory, 0, HEAD_BYTES >> 2);
  if (words[WORD.magic] !== MAGIC)
    throw new FrayError('E_CORE', 'Cannot attach the shadow of a room: no magic number');
  const regionBytes = words[WORD.regionBytes] as number;
  const host = words[WORD.hostBytes] as number;
  const at = (slot: number): number => HEAD_BYTES + slot * (host + padded(regionBytes));
  return {
    words,
    hosts: [0, 1].map((slot) => new Uint8Array(memory, at(slot), host)),
    regions: [0, 1].map((slot) => new Uint8Array(memory, at(slot) + host, regionBytes)),
  };
}

function headOf(slot: number): number {
  return SLOT_WORDS * (1 + slot);
}

function padded(bytes: number): number {
  return (bytes + 63) & ~63;
}

/** 'FRSH'. */
const MAGIC = 0x48535246;
const WORD = { magic: 0, regionBytes: 1, hostBytes: 2 } as const;
/** Words of a slot's head. */
const SLOT = { made: 0, tick: 1, position: 2, hostBytes: 3 } as const;
/** A cache line. */
const SLOT_WORDS = 16;
const HEAD_BYTES = 3 * SLOT_WORDS * 4;
