/**
 * The file that a room's journal is: a head that says whose it is, then blocks of entries, each with checks that run on from
 * the block before, so that nothing can be changed, left out or moved unseen. The bytes of all entries are what entered
 * the room and nothing else: the same journal gives the same hashes. Pure; `journal-file.ts` compresses and writes, SPEC.md
 * section 13 has the layout.
 */
import { FrayError } from '../src/errors.ts';
import { Differences } from './journal-differences.ts';

/** What an entry holds. */
export const STAGE = {
  /** Records given to `begin`; advances to `tick`. */
  begin: 1,
  /** Commands given to `end` of `tick` (0: right after init). */
  end: 2,
  /** State hash after `end`, low word first; 8 bytes. */
  hash: 3,
  /** The room was closed: `u32` code, and what its game said of the match. Only a summary follows. */
  over: 4,
  /** Entries from here on were lost, because the writer was too slow or the disk full. The last entry. */
  cut: 5,
  /** What of the game lies in no region, as of the next entry: UTF-8 (JSON of src/plugin/seats.ts). No part of a replay. */
  game: 6,
  /** What stands before it of `tick` is not so: it trapped, and the tick begins anew. */
  anew: 7,
  /** The room's memory as of the end of `tick`, or a piece of it (`journal-checkpoint.ts`). Later ticks may stand before it. */
  checkpoint: 8,
  /** Another process goes on with the room as of its last whole tick: 16 bytes, `encodeResumed`. What has no end is void. */
  resumed: 9,
  /** Who played and what came of it, signed (`journal-summary.ts`). Behind `over`, in a block of its own; nothing follows. */
  summary: 10,
} as const;
const STAGE_MAX = 10;

export interface JournalEntry {
  readonly stage: number;
  readonly tick: number;
  readonly bytes: Uint8Array;
}

/** Whose journal it is, and what is needed to replay it. */
export interface JournalHead {
  readonly roomId: string;
  readonly schemaHash: bigint;
  /** SHA-256 of the core that played it. */
  readonly coreHash: Uint8Array;
  readonly tickRateHz: number;
  readonly epoch: number;
  /** Milliseconds since 1970. */
  readonly openedMs: number;
  /** The room's configuration, as `compileConfig` made it. */
  readonly config: Uint8Array;
}

/**
 * How the payload of a block is kept. `anew`: as differences, and nothing before counts; `checkpoint`: deflate, and stands apart from the
 * others (up to version 5); `packed`: the same, stored.
 */
export const CODEC = {
  stored: 0,
  deflate: 1,
  differences: 2,
  anew: 3,
  checkpoint: 4,
  packed: 5,
} as const;
const CODEC_MAX = CODEC.packed;

/** Of a block whose entries are a checkpoint and no part of the others' order. */
export function standsApart(codec: number): boolean {
  return codec === CODEC.checkpoint || codec === CODEC.packed;
}

/** Where a block begins, and what reading it needs to know of those before. */
export interface BlockPlace {
  /** Byte in the file. */
  readonly at: number;
  readonly check: number;
  readonly sequence: number;
  /** The last before it. */
  readonly tick: number;
}

/** A whole block, not unpacked. */
export interface JournalBlock {
  readonly place: BlockPlace;
  readonly head: BlockHead;
}

/** What a block says of itself. */
export interface BlockHead {
  /** Counts from 0. */
  readonly sequence: number;
  readonly codec: number;
  /** Bytes in the file, and of the entries. */
  readonly storedBytes: number;
  readonly rawBytes: number;
  readonly firstTick: number;
  readonly lastTick: number;
}

/** CRC-32 of `bytes`, going on from `value`. */
export type Crc = (bytes: Uint8Array, value: number) => number;

/** Bytes of an entry before its payload. */
export const ENTRY_HEAD_BYTES = 12;
/** Bytes of a block before its payload. */
export const BLOCK_HEAD_BYTES = 36;
/** Bytes of the entries of one block at most. The largest single entry (256 KiB of commands) fits many times. */
export const BLOCK_BYTES_MAX = 1 << 22;
/** What a block may refer to of those before it: deflate's window. */
export const WINDOW_BYTES = 1 << 15;

/** The head of a file, its check included. */
export function encodeHead(head: JournalHead, crc: Crc): Uint8Array {
  const id = new TextEncoder().encode(head.roomId);
  const bytes = HEAD.tail + padded(id.length) + padded(head.config.length);
  const file = new Uint8Array(bytes + 4);
  const view = new DataView(file.buffer);
  view.setUint32(HEAD.magic, JOURNAL_MAGIC, true);
  view.setUint32(HEAD.version, JOURNAL_VERSION, true);
  view.setUint32(HEAD.bytes, bytes, true);
  view.setUint32(HEAD.tickRateHz, head.tickRateHz, true);
  view.setBigUint64(HEAD.schemaHash, head.schemaHash, true);
  view.setFloat64(HEAD.openedMs, head.openedMs, true);
  view.setUint32(HEAD.epoch, head.epoch, true);
  view.setUint32(HEAD.roomIdBytes, id.length, true);
  view.setUint32(HEAD.configBytes, head.config.length, true);
  file.set(head.coreHash, HEAD.coreHash);
  file.set(id, HEAD.tail);
  file.set(head.config, HEAD.tail + padded(id.length));
  view.setUint32(bytes, crc(file.subarray(0, bytes), 0), true);
  return file;
}

/** The head of a block whose `payload` follows; `check` is the check before it. Returns the check after it. */
export function encodeBlock(
  into: Uint8Array,
  head: BlockHead,
  { payload, check, crc }: { payload: Uint8Array; check: number; crc: Crc },
): number {
  const view = new DataView(into.buffer, into.byteOffset, BLOCK_HEAD_BYTES);
  view.setUint32(BLOCK.magic, BLOCK_MAGIC, true);
  view.setUint32(BLOCK.sequence, head.sequence, true);
  view.setUint32(BLOCK.codec, head.codec, true);
  view.setUint32(BLOCK.storedBytes, head.storedBytes, true);
  view.setUint32(BLOCK.rawBytes, head.rawBytes, true);
  view.setUint32(BLOCK.firstTick, head.firstTick, true);
  view.setUint32(BLOCK.lastTick, head.lastTick, true);
  const headCheck = crc(into.subarray(0, BLOCK.headCheck), check);
  const payloadCheck = crc(payload, headCheck);
  view.setUint32(BLOCK.headCheck, headCheck, true);
  view.setUint32(BLOCK.payloadCheck, payloadCheck, true);
  return payloadCheck;
}

/** Where a reader stands between two blocks: one of the same file can go on from there. */
export interface JournalPlace extends BlockPlace {
  readonly window: Uint8Array;
  readonly differences: Differences;
}

/** Reads a file, from its first byte or from a place in it. Throws `E_MALFORMED` where its head is none, `JournalDamage` later. */
export class JournalReader {
  readonly head: JournalHead;
  /** Bytes after the last whole block: of one that was being written when the writer ended. Known after the last block. */
  tornBytes = 0;
  readonly #file: Uint8Array;
  readonly #view: DataView;
  readonly #tools: ReadTools;
  readonly #first: number;
  #at: number;
  #check: number;
  #sequence = 0;
  #tick = 0;
  #window: Uint8Array = NOTHING;
  #differences = new Differences();
  /** No entry of a block that was read is left. */
  #between = true;

  constructor(bytesOfFile: Uint8Array, tools: ReadTools) {
    // Also of a Buffer, whose `slice` would be no copy.
    const { buffer, byteOffset, byteLength } = bytesOfFile;
    const file = new Uint8Array(buffer, byteOffset, byteLength);
    this.#file = file;
    this.#view = new DataView(buffer, byteOffset, byteLength);
    this.#tools = tools;
    const { head, bytes, check } = readHead(file, tools.crc);
    this.head = head;
    this.#first = bytes;
    this.#at = bytes;
    this.#check = check;
  }

  /** Another reader of the same file, which stands at its first block. */
  again(): JournalReader {
    return new JournalReader(this.#file, this.#tools);
  }

  /** The last tick by what blocks say of themselves, which nothing here checks: how long it is. One look at each head. */
  lastTickSaid(): number {
    let tick = 0;
    for (let at = this.#first; at + BLOCK_HEAD_BYTES <= this.#file.length; ) {
      const word = (offset: number): number => this.#view.getUint32(at + offset, true);
      const next = at + BLOCK_HEAD_BYTES + word(BLOCK.storedBytes);
      if (word(BLOCK.magic) !== BLOCK_MAGIC || next > this.#file.length) break;
      // A checkpoint is of a tick before.
      tick = Math.max(tick, word(BLOCK.lastTick));
      at = next;
    }
    return tick;
  }

  /** Behind all that was read and whole. */
  get end(): BlockPlace {
    return { at: this.#at, check: this.#check, sequence: this.#sequence, tick: this.#tick };
  }

  /** Where it stands; null within a block. */
  place(): JournalPlace | null {
    if (!this.#between) return null;
    return { ...this.end, window: this.#window, differences: this.#differences.copy() };
  }

  /** Goes on with a block of codec `anew`, or one that stands apart, that `blocks` has named, or the first of all. */
  seek(place: BlockPlace): void {
    this.#goTo({ ...place, window: NOTHING, differences: new Differences() });
  }

  /** All entries in order from here on, or all after a place. The reader then reads for these alone. */
  *entries(from?: JournalPlace): Generator<JournalEntry, void> {
    if (from !== undefined) this.#goTo(from);
    for (let head = this.#head(); head !== null; head = this.#head())
      yield* this.#entriesOf(head, this.#raw(head));
  }

  /** Those of the next block. */
  *blockEntries(): Generator<JournalEntry, void> {
    const head = this.#head();
    if (head !== null) yield* this.#entriesOf(head, this.#raw(head));
  }

  /** All blocks from here on, each checked and none unpacked. */
  *blocks(): Generator<JournalBlock, void> {
    for (let head = this.#head(); head !== null; head = this.#head()) {
      const place = this.end;
      this.#payload(head);
      yield { place, head };
    }
  }

  *#entriesOf(head: BlockHead, raw: Uint8Array): Generator<JournalEntry, void> {
    const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
    for (let at = 0; at < raw.length; ) {
      const left = raw.length - at;
      const length = left < ENTRY_HEAD_BYTES ? -1 : view.getUint32(at + 8, true);
      const stage = length < 0 ? 0 : view.getUint32(at, true);
      const tick = length < 0 ? 0 : view.getUint32(at + 4, true);
      // `padded` is of lengths below 2 GiB.
      const whole = length >= 0 && 4 * Math.ceil(length / 4) <= left - ENTRY_HEAD_BYTES;
      if (!whole || stage < 1 || stage > STAGE_MAX || tick < head.firstTick || tick > head.lastTick)
        throw this.#damage(head.sequence, `entry at byte ${at} of its payload`);
      const start = at + ENTRY_HEAD_BYTES;
      at = start + padded(length);
      this.#between = at >= raw.length;
      yield { stage, tick, bytes: raw.subarray(start, start + length) };
    }
  }

  #goTo({ at, check, sequence, tick, window, differences }: JournalPlace): void {
    this.tornBytes = 0;
    this.#at = at;
    this.#check = check;
    this.#sequence = sequence;
    this.#tick = tick;
    this.#window = window;
    this.#differences = differences.copy();
    this.#between = true;
  }

  /** The head of the next block, which is there as a whole; null after the last. */
  #head(): BlockHead | null {
    const left = this.#file.length - this.#at;
    if (left === 0) return null;
    if (left < BLOCK_HEAD_BYTES) return this.#torn(left);
    const word = (offset: number): number => this.#view.getUint32(this.#at + offset, true);
    const head: BlockHead = {
      sequence: word(BLOCK.sequence),
      codec: word(BLOCK.codec),
      storedBytes: word(BLOCK.storedBytes),
      rawBytes: word(BLOCK.rawBytes),
      firstTick: word(BLOCK.firstTick),
      lastTick: word(BLOCK.lastTick),
    };
    const check = this.#tools.crc(this.#slice(0, BLOCK.headCheck), this.#check);
    const isRight = word(BLOCK.magic) === BLOCK_MAGIC && word(BLOCK.headCheck) === check;
    if (!isRight || head.rawBytes > BLOCK_BYTES_MAX)
      throw this.#damage(this.#sequence, 'its head is another than was written');
    return head.storedBytes > left - BLOCK_HEAD_BYTES ? this.#torn(left) : head;
  }

  /** What the block holds, as it stands in the file; the next one is behind it. */
  #payload(head: BlockHead): Uint8Array {
    const payload = this.#slice(BLOCK_HEAD_BYTES, head.storedBytes);
    const check = this.#tools.crc(payload, this.#view.getUint32(this.#at + BLOCK.headCheck, true));
    if (this.#view.getUint32(this.#at + BLOCK.payloadCheck, true) !== check)
      throw this.#damage(this.#sequence, `ticks ${head.firstTick} to ${head.lastTick}`);
    this.#check = check;
    this.#at += BLOCK_HEAD_BYTES + head.storedBytes;
    this.#sequence += 1;
    if (!standsApart(head.codec)) this.#tick = head.lastTick;
    return payload;
  }

  #raw(head: BlockHead): Uint8Array {
    const { codec } = head;
    if (codec === CODEC.anew) {
      this.#window = NOTHING;
      this.#differences = new Differences();
    }
    const raw = this.#unpack(head, this.#payload(head));
    if (standsApart(codec)) return raw;
    this.#window = windowAfter(this.#window, raw);
    if (codec === CODEC.differences || codec === CODEC.anew) this.#differences.undo(raw);
    return raw;
  }

  #unpack(head: BlockHead, payload: Uint8Array): Uint8Array {
    const window = head.codec === CODEC.checkpoint ? NOTHING : this.#window;
    const isStored = head.codec === CODEC.stored || head.codec === CODEC.packed;
    try {
      const raw = isStored ? payload : this.#tools.inflate(payload, window, head.rawBytes);
      if (raw.length === head.rawBytes && head.codec <= CODEC_MAX) return raw;
    } catch {
      // Said below.
    }
    throw this.#damage(head.sequence, 'it does not unpack');
  }

  #torn(bytes: number): null {
    this.tornBytes = bytes;
    return null;
  }

  #slice(from: number, bytes: number): Uint8Array {
    return this.#file.subarray(this.#at + from, this.#at + from + bytes);
  }

  #damage(block: number, what: string): JournalDamage {
    return new JournalDamage(block, this.#tick, what);
  }
}

/** What reading needs of its surroundings. */
export interface ReadTools {
  readonly crc: Crc;
  /** Raw deflate with a dictionary; throws for what is none, and for more than `bytesMax`. */
  inflate(packed: Uint8Array, dictionary: Uint8Array, bytesMax: number): Uint8Array;
}

/** A byte of a journal is another than was written. */
export class JournalDamage extends FrayError {
  /** The block, counted from 0, and the last tick before it. */
  readonly block: number;
  readonly tick: number;

  constructor(block: number, tick: number, what: string) {
    super(
      'E_MALFORMED',
      `Cannot read the journal beyond tick ${tick}: block ${block} is damaged (${what})`,
    );
    this.block = block;
    this.tick = tick;
  }
}

/** The last `WINDOW_BYTES` of all entries so far: what the next block may refer to. A copy: a reader changes `raw` after it. */
export function windowAfter(window: Uint8Array, raw: Uint8Array): Uint8Array {
  const tail = raw.subarray(Math.max(0, raw.length - WINDOW_BYTES));
  const kept = window.subarray(Math.max(0, window.length + tail.length - WINDOW_BYTES));
  const after = new Uint8Array(kept.length + tail.length);
  after.set(kept);
  after.set(tail, kept.length);
  return after;
}

export function padded(bytes: number): number {
  return (bytes + 3) & ~3;
}

function readHead(file: Uint8Array, crc: Crc): { head: JournalHead; bytes: number; check: number } {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const begins = file.length >= HEAD.tail + 4 && view.getUint32(HEAD.magic, true) === JOURNAL_MAGIC;
  if (!begins)
    throw new FrayError('E_MALFORMED', 'Cannot read a journal: the file does not begin like one');
  const version = view.getUint32(HEAD.version, true);
  if (version < JOURNAL_VERSION_MIN || version > JOURNAL_VERSION)
    throw new FrayError(
      'E_MALFORMED',
      `Cannot read a journal: it has version ${version}, not ${JOURNAL_VERSION_MIN} to ${JOURNAL_VERSION}`,
    );
  const bytes = view.getUint32(HEAD.bytes, true);
  const idBytes = view.getUint32(HEAD.roomIdBytes, true);
  const configBytes = view.getUint32(HEAD.configBytes, true);
  const config = HEAD.tail + padded(idBytes);
  const fits = idBytes <= ROOM_ID_BYTES_MAX && bytes === config + padded(configBytes);
  if (!fits || bytes > file.length - 4 || configBytes > file.length)
    throw new FrayError('E_MALFORMED', 'Cannot read a journal: its head is not whole');
  const check = crc(file.subarray(0, bytes), 0);
  if (view.getUint32(bytes, true) !== check)
    throw new FrayError('E_MALFORMED', 'Cannot read a journal: its head is damaged');
  return {
    head: {
      roomId: new TextDecoder().decode(file.subarray(HEAD.tail, HEAD.tail + idBytes)),
      schemaHash: view.getBigUint64(HEAD.schemaHash, true),
      coreHash: file.slice(HEAD.coreHash, HEAD.coreHash + CORE_HASH_BYTES),
      tickRateHz: view.getUint32(HEAD.tickRateHz, true),
      epoch: view.getUint32(HEAD.epoch, true),
      openedMs: view.getFloat64(HEAD.openedMs, true),
      config: file.slice(config, config + configBytes),
    },
    bytes: bytes + 4,
    check,
  };
}

/** 'FRJD'. */
export const JOURNAL_MAGIC = 0x444a5246;
export const JOURNAL_VERSION = 6;
/** 5 had checkpoints as deflate; 4 had no summaries besides, nor what a game says of a match. */
const JOURNAL_VERSION_MIN = 4;
const NOTHING = new Uint8Array(0);
/** 'FRJB'. */
const BLOCK_MAGIC = 0x424a5246;
export const CORE_HASH_BYTES = 32;
const ROOM_ID_BYTES_MAX = 255;
/** Byte offsets of the head. Then the room's id and the configuration, each padded to 4 bytes, and the check. */
const HEAD = {
  magic: 0,
  version: 4,
  bytes: 8,
  tickRateHz: 12,
  schemaHash: 16,
  openedMs: 24,
  epoch: 32,
  roomIdBytes: 36,
  configBytes: 40,
  coreHash: 44,
  tail: 76,
} as const;
/** Byte offsets of a block's head. */
const BLOCK = {
  magic: 0,
  sequence: 4,
  codec: 8,
  storedBytes: 12,
  rawBytes: 16,
  firstTick: 20,
  lastTick: 24,
  headCheck: 28,
  payloadCheck: 32,
} as const;
