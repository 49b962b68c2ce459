/**
 * Remembers used connect tokens across a restart: a file of lines, appended before a player is let in, read and written anew
 * at the start. What a crash tore off at the end is left out; a line that is no line costs only itself.
 *
 * A line is 32 hex digits (the MAC), a space, milliseconds since 1970, a space, 16 hex digits (the session; older files have none), a
 * space, and 8 hex digits of check over all of it. An append is in
 * the system's cache when `append` returns: it survives the death of the process, not a loss of power in the seconds after.
 * Cost: some 10 us per token.
 */
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

export interface UsedTokenLine {
  /** 16 characters of one byte each. */
  readonly mac: string;
  /** Milliseconds since 1970. */
  readonly expiresMs: number;
  /** What tokens name its session by. */
  readonly session?: bigint;
}

/** Writes from `at` on and answers how many bytes, as `writeSync`. */
export type WriteLine = (fd: number, bytes: Uint8Array, at: number) => number;

export class UsedTokensFile {
  readonly #path: string;
  readonly #write: WriteLine;
  #read: UsedTokenLine[] = [];
  #fd: number;
  #lines = 0;
  /** The last append may have left a part of its line. */
  #torn = false;
  #lookAtLines = LOOK_LINES_MIN;
  /** Lines that were none: damage, or a torn end. */
  readonly damaged: number;

  /** Makes the folder and the file where there is none. Throws what `node:fs` throws. `write`: for tests of a full disk. */
  constructor(path: string, nowMs: number, write: WriteLine = writeSync) {
    this.#path = path;
    this.#write = write;
    mkdirSync(dirname(path), { recursive: true });
    this.damaged = this.#load(nowMs);
    this.#fd = this.#rewrite(this.#read);
  }

  /** Those of before that had not expired, for `SessionOptions.used`. Once: they are held there from then on. */
  *take(): IterableIterator<UsedTokenLine> {
    const read = this.#read;
    this.#read = [];
    yield* read;
  }

  /**
   * Remembers one. Throws where the disk refuses: then nobody must be let in with it. `all`: every used token there is, this one
   * included; read when the file is to be written anew.
   */
  append(token: UsedTokenLine, nowMs: number, all: Iterable<UsedTokenLine>): void {
    // A line that was cut off is ended first, so that it costs only itself.
    const line = Buffer.from(`${this.#torn ? '\n' : ''}${lineOf(token)}`, 'latin1');
    this.#torn = true;
    for (let at = 0; at < line.length; ) at += this.#write(this.#fd, line, at);
    this.#torn = false;
    this.#lines += 1;
    if (this.#lines >= this.#lookAtLines) this.#look(nowMs, all);
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** Writes the file anew where half of it has expired. Each look is at twice the last one's lines. */
  #look(nowMs: number, all: Iterable<UsedTokenLine>): void {
    const live = [...all].filter(({ expiresMs }) => expiresMs > nowMs);
    this.#lookAtLines = 2 * this.#lines;
    if (this.#lines < 2 * live.length) return;
    const before = this.#fd;
    this.#fd = this.#rewrite(live);
    closeSync(before);
    this.#lookAtLines = Math.max(LOOK_LINES_MIN, 2 * this.#lines);
  }

  /** How many lines were none. */
  #load(nowMs: number): number {
    let damaged = 0;
    for (const line of textOf(this.#path).split('\n')) {
      const token = tokenOf(line);
      if (token === null) damaged += line === '' ? 0 : 1;
      else if (token.expiresMs > nowMs) this.#read.push(token);
    }
    return damaged;
  }

  /** A new file beside the old one, then in its place: a crash leaves one of the two whole. */
  #rewrite(tokens: readonly UsedTokenLine[]): number {
    const beside = `${this.#path}.new`;
    rmSync(beside, { force: true });
    const fd = openSync(beside, 'a', 0o600);
    try {
      for (const token of tokens) writeSync(fd, lineOf(token));
      renameSync(beside, this.#path);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    this.#lines = tokens.length;
    return fd;
  }
}

function lineOf({ mac, expiresMs, session = 0n }: UsedTokenLine): string {
  const name = session.toString(16).padStart(16, '0');
  const facts = `${Buffer.from(mac, 'latin1').toString('hex')} ${expiresMs} ${name}`;
  return `${facts} ${checkOf(facts)}\n`;
}

function tokenOf(line: string): UsedTokenLine | null {
  const [, facts = '', mac = '', expiresMs = '', name = '0', check] = LINE.exec(line) ?? [];
  if (check === undefined || check !== checkOf(facts)) return null;
  const session = BigInt(`0x${name}`);
  const token = { mac: Buffer.from(mac, 'hex').toString('latin1'), expiresMs: Number(expiresMs) };
  return session === 0n ? token : { ...token, session };
}

/** FNV-1a, 32 bits: against tears and rot, not against forgers. */
function checkOf(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1)
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, '0');
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

const LINE = /^(([\da-f]{32}) (\d{1,16})(?: ([\da-f]{16}))?) ([\da-f]{8})$/;
/** A shorter file is not worth writing anew. */
const LOOK_LINES_MIN = 4096;
