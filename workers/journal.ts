/**
 * The journal of a room: its configuration, and for each tick the bytes that went into `begin` and `end`. The same
 * journal gives the same hashes. Here is the border that every record passes and the simplest sink, a file per room (a
 * debug option, written while the tick waits; the journal proper comes with its own ring and writer).
 *
 * File, little-endian words: magic 'FRJD', version, bytes of the configuration, the configuration, then entries:
 * stage, tick, bytes, payload. Everything is padded with zeros to a multiple of 4.
 */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { FrayError } from '../src/errors.ts';

/** What an entry holds. */
export const STAGE = {
  /** Records given to `begin`; advances to `tick`. */
  begin: 1,
  /** Commands given to `end` of `tick` (0: right after init). */
  end: 2,
  /** State hash after `end`, as the room knows it; 8 bytes. */
  hash: 3,
} as const;

/** Where the records of one room go. `bytes` are valid only during the call. */
export interface JournalSink {
  record(stage: number, tick: number, bytes: Uint8Array): void;
  close(): void;
}

/** A sink that writes `<dir>/<roomId>.journal`; buffered, so the last ticks are lost when the thread dies. */
export function fileJournal(dir: string, roomId: string, config: Uint8Array): JournalSink {
  mkdirSync(dir, { recursive: true });
  const file = openSync(join(dir, `${roomId}.journal`), 'w');
  const buffer = new Uint8Array(BUFFER_BYTES);
  const words = new Uint32Array(buffer.buffer);
  let at = 0;
  const flush = (): void => {
    writeSync(file, buffer, 0, at);
    at = 0;
  };
  const append = (head: readonly [number, number, number], bytes: Uint8Array): void => {
    const padded = (bytes.length + 3) & ~3;
    if (at + 12 + padded > BUFFER_BYTES) flush();
    words.set(head, at >> 2);
    buffer.fill(0, at + 12, at + 12 + padded);
    buffer.set(bytes, at + 12);
    at += 12 + padded;
  };
  append([MAGIC, VERSION, config.length], config);
  return {
    record: (stage, tick, bytes) => append([stage, tick, bytes.length], bytes),
    close() {
      flush();
      closeSync(file);
    },
  };
}

export interface JournalEntry {
  readonly stage: number;
  readonly tick: number;
  readonly bytes: Uint8Array;
}

/** Reads a file of `fileJournal`. A torn tail is left out; throws `E_MALFORMED` where there is no journal at all. */
export function readJournal(file: Uint8Array): { config: Uint8Array; entries: JournalEntry[] } {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (
    file.length < 12 ||
    view.getUint32(0, true) !== MAGIC ||
    view.getUint32(4, true) !== VERSION
  ) {
    throw new FrayError('E_MALFORMED', 'Cannot read a journal: the file does not begin like one');
  }
  const configBytes = view.getUint32(8, true);
  const config = file.slice(12, 12 + configBytes);
  const entries: JournalEntry[] = [];
  let at = 12 + ((configBytes + 3) & ~3);
  while (at + 12 <= file.length) {
    const bytes = view.getUint32(at + 8, true);
    if (at + 12 + bytes > file.length) break;
    entries.push({
      stage: view.getUint32(at, true),
      tick: view.getUint32(at + 4, true),
      bytes: file.slice(at + 12, at + 12 + bytes),
    });
    at += 12 + ((bytes + 3) & ~3);
  }
  return { config, entries };
}

/** 'FRJD'. */
const MAGIC = 0x444a5246;
const VERSION = 1;
/** Bytes. The largest record (256 KiB of commands) fits. */
const BUFFER_BYTES = 1 << 19;
