/**
 * The journal of a room: its configuration, and for each tick the bytes that went into `begin` and `end`. The same
 * journal gives the same hashes. Here is its format, readable anywhere; `journal.ts` writes it.
 *
 * File, little-endian words: magic 'FRJD', version, bytes of the configuration, the configuration, then entries:
 * stage, tick, bytes, payload. Everything is padded with zeros to a multiple of 4.
 */
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

export interface JournalEntry {
  readonly stage: number;
  readonly tick: number;
  readonly bytes: Uint8Array;
}

/** Reads a file of `fileJournal`. A torn tail is left out; throws `E_MALFORMED` where there is no journal at all. */
export function readJournal(file: Uint8Array): { config: Uint8Array; entries: JournalEntry[] } {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const begins =
    file.length >= 12 &&
    view.getUint32(0, true) === JOURNAL_MAGIC &&
    view.getUint32(4, true) === JOURNAL_VERSION;
  const configBytes = begins ? view.getUint32(8, true) : 0;
  if (!begins || configBytes > file.length - 12) {
    throw new FrayError('E_MALFORMED', 'Cannot read a journal: the file does not begin like one');
  }
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
export const JOURNAL_MAGIC = 0x444a5246;
export const JOURNAL_VERSION = 1;
