/** Journals as files: blocks are compressed and written, and read back. */
import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib';
import { Differences } from './journal-differences.ts';
import { JournalDigest } from './journal-digest.ts';
import type { BlockPlace, JournalHead, JournalPlace } from './journal-format.ts';
import {
  BLOCK_BYTES_MAX,
  BLOCK_HEAD_BYTES,
  CODEC,
  ENTRY_HEAD_BYTES,
  encodeBlock,
  encodeHead,
  JournalReader,
  padded,
  STAGE,
  windowAfter,
} from './journal-format.ts';
import type { Signer } from './journal-seal.ts';
import { fileSink, type JournalSink, type SinkFile } from './journal-sink.ts';

/** A reader of the bytes of a file. Throws as `JournalReader` says. */
export function readJournal(file: Uint8Array): JournalReader {
  return new JournalReader(file, {
    crc: crc32,
    inflate: (packed, dictionary, bytesMax) =>
      inflateRawSync(packed, { ...from(dictionary), maxOutputLength: Math.max(1, bytesMax) }),
  });
}

export interface JournalFileOptions {
  /** Default true; false is for readers without deflate. */
  readonly compress?: boolean;
  /** `seal` will be called. Default false. */
  readonly sealed?: boolean;
  /** What keeps its bytes. Default: files. */
  readonly sink?: JournalSink;
}

/** One journal that is being written. Calls throw what the file system throws; the file is then good up to its last block. */
export class JournalFile {
  /** Bytes of entries, and of the file, so far. */
  rawBytes = 0;
  fileBytes = 0;
  readonly #file: SinkFile;
  readonly #compress: boolean;
  #raw = new Uint8Array(RAW_BYTES);
  #words = new Int32Array(this.#raw.buffer);
  #at = 0;
  #firstTick = 0;
  #lastTick = 0;
  #sequence = 0;
  /** Last tick of the last block. */
  #blockTick = 0;
  #check: number;
  /** Byte of the file that is written next. */
  #place = 0;
  #window: Uint8Array = new Uint8Array(0);
  #differences = new Differences();
  /** The next block begins anew: readers may begin there. */
  #anew = false;
  /** For the summary; undefined: there will be none, or what stood in the file before is not read yet. */
  #digest: JournalDigest | undefined;
  /** Reads what somebody else has written of it; undefined: nothing, or all is read. */
  #readBack: Iterator<void, void> | undefined;

  /**
   * Makes `path`, which must not be there; or goes on with a journal behind `place`, what follows there being cut off. `compress:
   * false` is for readers without deflate; `sealed`: `seal` will be called.
   */
  constructor(
    path: string,
    head: JournalHead | BlockPlace,
    { compress = true, sealed = false, sink = fileSink }: JournalFileOptions = {},
  ) {
    this.#compress = compress;
    if ('at' in head) {
      this.#check = head.check;
      this.#sequence = head.sequence;
      this.#file = sink.open(path, head.at);
      this.#place = head.at;
      this.#blockTick = head.tick;
      this.#lastTick = head.tick;
      this.#anew = true;
      if (sealed) this.#readBack = this.#before();
      return;
    }
    if (sealed) this.#digest = new JournalDigest(head);
    const bytes = encodeHead(head, crc32);
    this.#check = new DataView(bytes.buffer).getUint32(bytes.length - 4, true);
    this.#file = sink.create(path);
    try {
      this.#write(bytes);
    } catch (cause) {
      // A head that is not whole says nothing of anybody.
      this.#file.remove();
      throw cause;
    }
  }

  /** An entry whose payload begins at `words[from]`. It is in the file after the next `flush`. */
  append(
    stage: number,
    tick: number,
    payload: { words: Int32Array; from: number; bytes: number },
  ): void {
    const { words, from, bytes } = payload;
    const need = ENTRY_HEAD_BYTES + padded(bytes);
    if (this.#at + need > BLOCK_BYTES_MAX) this.flush();
    if (this.#at + need > this.#raw.length) this.#grow(this.#at + need);
    if (this.#at === 0) this.#firstTick = tick;
    this.#lastTick = tick;
    const to = this.#at >> 2;
    this.#words[to] = stage;
    this.#words[to + 1] = tick;
    this.#words[to + 2] = bytes;
    const count = padded(bytes) >> 2;
    for (let i = 0; i < count; i += 1) this.#words[to + 3 + i] = words[from + i] as number;
    if ((bytes & 3) !== 0) (this.#words[to + 2 + count] as number) &= (1 << ((bytes & 3) * 8)) - 1;
    this.#at += need;
  }

  /** Of what was appended last. */
  get lastTick(): number {
    return this.#lastTick;
  }

  /** Behind the last block. */
  get place(): BlockPlace {
    const [at, check, sequence] = [this.#place, this.#check, this.#sequence];
    return { at, check, sequence, tick: this.#blockTick };
  }

  /** Writes what was appended as one block. */
  flush(): void {
    if (this.#at === 0) return;
    const raw = this.#raw.subarray(0, this.#at);
    const ticks = { firstTick: this.#firstTick, lastTick: this.#lastTick };
    this.#at = 0;
    this.#digest?.entries(raw);
    if (!this.#compress) {
      this.#block(CODEC.stored, raw, { raw, ...ticks });
      return;
    }
    const codec = this.#anew ? CODEC.anew : CODEC.differences;
    if (this.#anew) {
      this.#window = new Uint8Array(0);
      this.#differences = new Differences();
      this.#anew = false;
    }
    this.#differences.apply(raw);
    const near = this.#window.subarray(-NEAR_BYTES);
    const packed = deflateRawSync(raw, { ...from(near), level: LEVEL });
    this.#window = windowAfter(this.#window, raw);
    this.#block(codec, packed, { raw, ...ticks });
  }

  /** Writes a checkpoint of `tick`, an entry and a block per payload, behind all that was appended; then the system is asked to keep it. */
  checkpoint(tick: number, payloads: readonly Uint8Array[]): void {
    this.flush();
    for (const payload of payloads) {
      const raw = entryOf(STAGE.checkpoint, tick, payload);
      const ticks = { firstTick: tick, lastTick: tick };
      this.#block(CODEC.packed, raw, { raw, ...ticks });
    }
    this.#anew = true;
    this.#file.keep();
  }

  /** Nothing of what stood in the file before is still to be read. */
  get learned(): boolean {
    return this.#readBack === undefined;
  }

  /** Reads on, until `nowMs()` is past `untilMs`, in what stood in the file before. True: all is known, or will never be. */
  learn(untilMs: number, nowMs: () => number): boolean {
    while (this.#readBack !== undefined) {
      if (this.#readBack.next().done === true) this.#readBack = undefined;
      else if (nowMs() >= untilMs) return false;
    }
    return true;
  }

  /** Behind the end of a room that was closed: its summary. Nothing may follow. False: the room was not closed, or too little is known. */
  seal(signer: Signer, closedMs: number): boolean {
    this.flush();
    const digest = this.#digest;
    const summary = digest?.summary(closedMs) ?? null;
    if (digest === undefined || summary === null) return false;
    const { tick, text } = summary;
    const raw = entryOf(STAGE.summary, tick, signer.seal(digest.hash(), text));
    this.#block(CODEC.stored, raw, { raw, firstTick: tick, lastTick: tick });
    return true;
  }

  /**
   * After a call that has thrown: leaves out what was not written whole, and says that the journal ends before its room. Even a full disk
   * mostly has place for these 48 bytes, as it gives itself out in larger pieces.
   */
  cut(): void {
    this.#file.cut(this.#place);
    const tick = this.#blockTick;
    const raw = entryOf(STAGE.cut, tick, new Uint8Array(0));
    this.#block(CODEC.stored, raw, { raw, firstTick: tick, lastTick: tick });
  }

  /** Closes the file; what was not flushed is not in it. */
  close(): void {
    this.#file.close();
  }

  /**
   * The file is read only when its turn comes, as many may be many times the memory. What is written meanwhile is read as well: so nothing
   * has to wait.
   */
  *#before(): Generator<void, void> {
    let digest: JournalDigest | undefined;
    let place: JournalPlace | undefined;
    while (place === undefined || place.at < this.#place) {
      if (this.#place > READ_BYTES_MAX) return;
      const file = this.#file.read(this.#place);
      const reader = readJournal(file);
      digest ??= new JournalDigest(reader.head);
      yield* digest.readBack(file.subarray(place?.at ?? 0), reader.entries(place));
      place = reader.place() ?? undefined;
    }
    this.#digest = digest;
  }

  #block(
    codec: number,
    payload: Uint8Array,
    of: { readonly raw: Uint8Array; readonly firstTick: number; readonly lastTick: number },
  ): void {
    const { raw, firstTick, lastTick } = of;
    const block = new Uint8Array(BLOCK_HEAD_BYTES + payload.length);
    block.set(payload, BLOCK_HEAD_BYTES);
    const [storedBytes, rawBytes] = [payload.length, raw.length];
    const head = { sequence: this.#sequence, codec, storedBytes, rawBytes, firstTick, lastTick };
    const check = encodeBlock(block, head, { payload, check: this.#check, crc: crc32 });
    this.#write(block);
    this.#check = check;
    this.#sequence += 1;
    if (codec !== CODEC.packed) this.#blockTick = lastTick;
    this.rawBytes += raw.length;
  }

  #write(bytes: Uint8Array): void {
    this.#file.append(bytes);
    this.#place += bytes.length;
    this.fileBytes += bytes.length;
    this.#digest?.bytes(bytes);
  }

  #grow(bytes: number): void {
    let length = this.#raw.length;
    while (length < bytes) length *= 2;
    const raw = new Uint8Array(length);
    raw.set(this.#raw.subarray(0, this.#at));
    this.#raw = raw;
    this.#words = new Int32Array(raw.buffer);
  }
}

/** An entry alone. */
function entryOf(stage: number, tick: number, payload: Uint8Array): Uint8Array {
  const raw = new Uint8Array(ENTRY_HEAD_BYTES + padded(payload.length));
  const view = new DataView(raw.buffer);
  view.setUint32(0, stage, true);
  view.setUint32(4, tick, true);
  view.setUint32(8, payload.length, true);
  raw.set(payload, ENTRY_HEAD_BYTES);
  return raw;
}

/** zlib takes no empty dictionary. */
function from(dictionary: Uint8Array): { dictionary?: Uint8Array } {
  return dictionary.length === 0 ? {} : { dictionary };
}

/** Bytes. Grows to what a block needs. */
const RAW_BYTES = 1 << 14;
/** Of 1 (fast) to 9. Records are small numbers that repeat: higher levels find little more. */
const LEVEL = 3;
/** Of the window that readers keep: zlib reads all that it is given for each block, and what is farther back makes files 1.5 % smaller in twice the time. */
const NEAR_BYTES = 8192;
/** A longer file that another process began gets no summary. */
const READ_BYTES_MAX = 1 << 29;
