/**
 * The border that every record of a room passes on its way to a journal, and the simplest sink: a file per room (a debug
 * option, written while the tick waits; the journal proper comes with its own ring and writer).
 */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { JOURNAL_MAGIC, JOURNAL_VERSION } from './journal-format.ts';

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
  append([JOURNAL_MAGIC, JOURNAL_VERSION, config.length], config);
  return {
    record: (stage, tick, bytes) => append([stage, tick, bytes.length], bytes),
    close() {
      flush();
      closeSync(file);
    },
  };
}

/** Bytes. The largest record (256 KiB of commands) fits. */
const BUFFER_BYTES = 1 << 19;
