/**
 * Remembers used connect tokens across a restart: a file of lines, appended before a player is let in, read and written anew
 * at the start. What a crash tore off at the end is left out; a line that is no line costs only itself.
 *
 * A line is 32 hex digits (the MAC), a space, milliseconds since 1970, a space, and 8 hex digits of check over both. An append is in
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
}

export class UsedTokensFile {
  readonly #path: string;
  readonly #live = new Map<string, number>();
  #fd: number;
  #lines = 0;
  /** The last append may have left a part of its line. */
  #torn = false;
  #lookAtLines = LOOK_LINES_MIN;
  /** Lines that were none: damage, or a torn end. */
  readonly damaged: number;

  /** Makes the folder and the file where there is none. Throws what `node:fs` throws. */
  constructor(path: string, nowMs: number) {
    this.#path = path;
    mkdirSync(dirname(path), { recursive: true });
    this.damaged = this.#read(nowMs);
    this.#fd = this.#rewrite();
  }

  /** Those that have not expired, for `SessionOptions.used`. */
  get tokens(): UsedTokenLine[] {
    return [...this.#live].map(([mac, expiresMs]) => ({ mac, expiresMs }));
  }

  /** Remembers one. Throws where the disk refuses: then nobody must be let in with it. */
  append(token: UsedTokenLine, nowMs: number): void {
    // A line that was cut off is ended first, so that it costs only itself.
    const line = Buffer.from(`${this.#torn ? '\n' : ''}${lineOf(token)}`, 'latin1');
    this.#torn = true;
    for (let at = 0; at < line.length; ) at += writeSync(this.#fd, line, at);
    this.#torn = false;
    this.#live.set(token.mac, token.expiresMs);
    this.#lines += 1;
    if (this.#lines >= this.#lookAtLines) this.#look(nowMs);
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** Forgets the expired ones, and writes the file anew where they are half of it. Each look is at twice the last one's lines. */
  #look(nowMs: number): void {
    for (const [mac, expiresMs] of this.#live) if (expiresMs <= nowMs) this.#live.delete(mac);
    if (this.#lines >= 2 * this.#live.size) {
      closeSync(this.#fd);
      this.#fd = this.#rewrite();
    }
    this.#lookAtLines = Math.max(LOOK_LINES_MIN, 2 * this.#lines);
  }

  #read(nowMs: number): number {
    let damaged = 0;
    for (const line of textOf(this.#path).split('\n')) {
      const token = tokenOf(line);
      if (token === null) damaged += line === '' ? 0 : 1;
      else if (token.expiresMs > nowMs) this.#live.set(token.mac, token.expiresMs);
    }
    return damaged;
  }

  /** A new file beside the old one, then in its place: a crash leaves one of the two whole. */
  #rewrite(): number {
    const beside = `${this.#path}.new`;
    rmSync(beside, { force: true });
    const fd = openSync(beside, 'a', 0o600);
    for (const token of this.tokens) writeSync(fd, lineOf(token));
    renameSync(beside, this.#path);
    this.#lines = this.#live.size;
    return fd;
  }
}

function lineOf({ mac, expiresMs }: UsedTokenLine): string {
  const facts = `${Buffer.from(mac, 'latin1').toString('hex')} ${expiresMs}`;
  return `${facts} ${checkOf(facts)}\n`;
}

function tokenOf(line: string): UsedTokenLine | null {
  const [, facts = '', mac = '', expiresMs = '', check] = LINE.exec(line) ?? [];
  if (check === undefined || check !== checkOf(facts)) return null;
  return { mac: Buffer.from(mac, 'hex').toString('latin1'), expiresMs: Number(expiresMs) };
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

const LINE = /^(([\da-f]{32}) (\d{1,16})) ([\da-f]{8})$/;
/** A shorter file is not worth writing anew. */
const LOOK_LINES_MIN = 4096;
