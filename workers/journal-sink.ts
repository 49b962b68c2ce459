/**
 * Where journals go: the border between what a journal is (`journal-file.ts`) and what keeps its bytes. Files are one such place; another
 * implements these two interfaces, holds `test/workers/journal-sink.test.ts`, and is given to `JournalStore` as `sink`.
 *
 * All calls come from the thread that writes journals, one after the other, and may take their time: no tick waits for them. While one
 * does not return, records wait in the rings of the workers, 8 MiB each, some four seconds of a full worker; where a ring is full, the
 * journals of its rooms end there and say so (stage `cut`), `fray_journal_cuts_total` counts them, and the rooms play on. A call that
 * throws ends the journal that it was for, in the same way. So memory is bounded by the rings, whatever a sink does.
 */
import {
  closeSync,
  fdatasync,
  ftruncateSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';

export interface JournalSink {
  /** A journal of this name, which must not be there. Throws where it is, or cannot be made. */
  create(path: string): SinkFile;
  /** One that is there, behind its first `bytes` bytes: what stands behind them is gone. Throws where there is none. */
  open(path: string, bytes: number): SinkFile;
}

/** One journal on its way out. */
export interface SinkFile {
  /** Adds all of `bytes`, or throws; then any number of them may be there, until `cut`. They may be changed after the call. */
  append(bytes: Uint8Array): void;
  /** What stands behind the first `bytes` bytes is gone. */
  cut(bytes: number): void;
  /** The first `bytes` bytes. */
  read(bytes: number): Uint8Array;
  /** What was appended is to outlive a loss of power as soon as may be. Nobody waits for it, or hears that it was refused. */
  keep(): void;
  /** Nothing more is appended. */
  close(): void;
  /** Closes it, and it is not there any more. */
  remove(): void;
}

/** Files, which only their owner reads: they say who played, and what tokens and logins gave along. */
export const fileSink: JournalSink = {
  create: (path) => new OpenFile(path, openSync(path, 'wx', MODE), 0),
  open(path, bytes) {
    const file = new OpenFile(path, openSync(path, 'r+'), bytes);
    file.cut(bytes);
    return file;
  },
};

class OpenFile implements SinkFile {
  readonly #path: string;
  readonly #file: number;
  #at: number;
  #syncing = false;
  #closed = false;

  constructor(path: string, file: number, at: number) {
    this.#path = path;
    this.#file = file;
    this.#at = at;
  }

  append(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length; ) {
      const count = writeSync(this.#file, bytes, from, bytes.length - from, this.#at);
      from += count;
      this.#at += count;
    }
  }

  cut(bytes: number): void {
    ftruncateSync(this.#file, bytes);
    this.#at = bytes;
  }

  read(bytes: number): Uint8Array {
    return new Uint8Array(readFileSync(this.#path)).subarray(0, bytes);
  }

  keep(): void {
    if (this.#syncing || this.#closed) return;
    this.#syncing = true;
    fdatasync(this.#file, () => {
      this.#syncing = false;
      if (this.#closed) closeSync(this.#file);
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.#syncing) closeSync(this.#file);
  }

  remove(): void {
    this.close();
    rmSync(this.#path, { force: true });
  }
}

/** Nobody else reads or writes it. */
const MODE = 0o600;
