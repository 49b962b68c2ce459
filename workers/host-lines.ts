/**
 * What the I/O thread knows of rooms and sessions, on disk: a file of lines that says under which key what holds, or that nothing does
 * any more. Written by the thread that writes journals, with each of its flushes; a line that is torn or damaged is the end.
 */
import { closeSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';

/** Key, then text without line breaks, by key; the last line of a key counts. */
export type HostFacts = ReadonlyMap<string, string>;

/** What stands in a file; none: nothing does. */
export function readHostLines(path: string): Map<string, string> {
  const facts = new Map<string, string>();
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return facts;
    throw error;
  }
  for (const line of text.split('\n')) {
    const [, check = '', key = '', value = ''] = LINE.exec(line) ?? [];
    if (check === '' || check !== checkOf(key, value)) break;
    if (value === '') facts.delete(key);
    else facts.set(key, value);
  }
  return facts;
}

export class HostLines {
  readonly #path: string;
  readonly #facts: Map<string, string>;
  #file: number;
  #lines = 0;
  #waiting: string[] = [];
  /** The end of the file may be half a line: nothing behind it would be read. */
  #torn = false;

  /** Begins the file anew with `facts`. Throws what the file system throws, as `flush` does. */
  constructor(path: string, facts: HostFacts) {
    this.#path = path;
    this.#facts = new Map(facts);
    this.#file = this.#rewrite();
  }

  /** Empty text: nothing holds under that key any more. It is in the file after the next `flush`. */
  set(key: string, value: string): void {
    if (value === '') this.#facts.delete(key);
    else this.#facts.set(key, value);
    this.#waiting.push(lineOf(key, value));
  }

  flush(): void {
    if (this.#waiting.length === 0 && !this.#torn) return;
    const text = this.#waiting.join('');
    this.#lines += this.#waiting.length;
    this.#waiting = [];
    if (this.#torn || (this.#lines > LINES_MIN && this.#lines > 2 * this.#facts.size)) {
      this.#torn = true;
      const file = this.#rewrite();
      closeSync(this.#file);
      this.#file = file;
    } else {
      this.#torn = true;
      writeAll(this.#file, text);
    }
    this.#torn = false;
  }

  close(): void {
    this.flush();
    closeSync(this.#file);
  }

  /** A new file beside the old one, then in its place: a crash leaves one of the two whole. */
  #rewrite(): number {
    const beside = `${this.#path}.new`;
    const file = openSync(beside, 'w', MODE);
    try {
      writeAll(file, [...this.#facts].map(([key, value]) => lineOf(key, value)).join(''));
      renameSync(beside, this.#path);
    } catch (cause) {
      closeSync(file);
      throw cause;
    }
    this.#lines = this.#facts.size;
    return file;
  }
}

function writeAll(file: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}

function lineOf(key: string, value: string): string {
  return `${checkOf(key, value)} ${key} ${value}\n`;
}

function checkOf(key: string, value: string): string {
  return crc32(`${key} ${value}`).toString(16).padStart(8, '0');
}

/** `s`: a text may have line separators that are no line breaks here (U+2028), which JSON leaves as they are. */
const LINE = /^([\da-f]{8}) (\S+) (.*)$/s;
/** A shorter file is not worth writing anew. */
const LINES_MIN = 4096;
/** It says who plays. */
const MODE = 0o600;
