/** Journals as files: blocks are compressed and written, and read back. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib';
import { Differences } from './journal-differences.ts';
import type { JournalHead } from './journal-format.ts';
import {
  BLOCK_BYTES_MAX,
  BLOCK_HEAD_BYTES,
  CODEC,
  ENTRY_HEAD_BYTES,
  encodeBlock,
  encodeHead,
  JournalReader,
  padded,
  windowAfter,
} from './journal-format.ts';

/** A reader of the bytes of a file. Throws as `JournalReader` says. */
export function readJournal(file: Uint8Array): JournalReader {
  return new JournalReader(file, {
    crc: crc32,
    inflate: (packed, dictionary, bytesMax) =>
      inflateRawSync(packed, { ...from(dictionary), maxOutputLength: Math.max(1, bytesMax) }),
  });
}

/** One journal that is being written. Calls throw what the file system throws; the file is then good up to its last block. */
export class JournalFile {
  /** Bytes of entries, and of the file, so far. */
  rawBytes = 0;
  fileBytes = 0;
  readonly #file: number;
  readonly #compress: boolean;
  #raw = new Uint8Array(RAW_BYTES);
  #words = new Int32Array(this.#raw.buffer);
  #at = 0;
  #firstTick = 0;
  #lastTick = 0;
  #sequence = 0;
  #check: number;
  #window: Uint8Array = new Uint8Array(0);
  readonly #differences = new Differences();

  /** Makes `path`, which must not be there. `compress: false` is for readers without deflate. */
  constructor(path: string, head: JournalHead, { compress = true } = {}) {
    this.#compress = compress;
    const bytes = encodeHead(head, crc32);
    this.#check = new DataView(bytes.buffer).getUint32(bytes.length - 4, true);
    this.#file = openSync(path, 'wx', MODE);
    this.#write(bytes);
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

  /** Writes what was appended as one block. */
  flush(): void {
    if (this.#at === 0) return;
    const raw = this.#raw.subarray(0, this.#at);
    if (this.#compress) this.#differences.apply(raw);
    const packed = this.#compress
      ? deflateRawSync(raw, { ...from(this.#window), level: LEVEL })
      : raw;
    const block = new Uint8Array(BLOCK_HEAD_BYTES + packed.length);
    block.set(packed, BLOCK_HEAD_BYTES);
    this.#check = encodeBlock(
      block,
      {
        sequence: this.#sequence,
        codec: this.#compress ? CODEC.differences : CODEC.stored,
        storedBytes: packed.length,
        rawBytes: raw.length,
        firstTick: this.#firstTick,
        lastTick: this.#lastTick,
      },
      { payload: packed, check: this.#check, crc: crc32 },
    );
    if (this.#compress) this.#window = windowAfter(this.#window, raw);
    this.#sequence += 1;
    this.rawBytes += raw.length;
    this.#at = 0;
    this.#write(block);
  }

  /** Closes the file; what was not flushed is not in it. */
  close(): void {
    closeSync(this.#file);
  }

  #write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
    this.fileBytes += bytes.length;
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

/** zlib takes no empty dictionary. */
function from(dictionary: Uint8Array): { dictionary?: Uint8Array } {
  return dictionary.length === 0 ? {} : { dictionary };
}

/** Bytes. Grows to what a block needs. */
const RAW_BYTES = 1 << 14;
/** Of 1 (fast) to 9. Records are small numbers that repeat: higher levels find little more. */
const LEVEL = 3;

/** It says who played, and what tokens and logins gave along: nobody else reads it. */
const MODE = 0o600;
