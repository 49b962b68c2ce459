/**
 * The check of the reliable channel: each bot says numbered lines, and every bot in the room must hear every line of
 * every bot exactly once, in the order of each speaker, unharmed. Works with any schema that has a message to the server
 * with one text field and a message to clients with one, and whose game passes the text on to the whole room.
 */

import { fromRaw } from '../../schema/fields.ts';
import type { PlacedMessage, SchemaLayout } from '../../schema/layout.ts';

/** One line a bot says: who (index of the bot), which (1..), and a check value over both. */
export interface Line {
  readonly speaker: number;
  readonly number: number;
}

/** About 20 characters; `run` keeps apart two runs in one room. */
export function writeLine(run: string, line: Line): string {
  return `${MARK}${run}.${line.speaker}.${line.number}.${check(run, line)}`;
}

/** The line of a text: undefined when it is not ours, 'damaged' when it is but does not check. */
export function readLine(run: string, text: string): Line | 'damaged' | undefined {
  if (!text.startsWith(MARK)) return undefined;
  const [tag, speaker, number, sum] = text.slice(MARK.length).split('.');
  if (tag !== run) return tag === undefined || speaker === undefined ? 'damaged' : undefined;
  const line = { speaker: Number(speaker), number: Number(number) };
  return check(run, line) === sum ? line : 'damaged';
}

/** What one room's bots have said and heard. */
export class TalkCheck {
  readonly #said: Uint32Array;
  /** Number of the last line before the newest setback. */
  readonly #settled: Uint32Array;
  /** [listener * bots + speaker]: number of the last line heard; lines before `joined` do not count. */
  readonly #heard: Uint32Array;
  readonly #rooms: (string | undefined)[];
  readonly #count: number;
  /** Lines said, by all. */
  sent = 0;
  /** Lines heard, by all listeners together. */
  received = 0;
  /** Lines not heard, or heard twice, because a server was killed around when they were said. */
  excused = 0;
  /** Lines heard twice, out of order, damaged, or from somebody who did not say them. */
  wrong = 0;

  constructor(bots: number) {
    this.#count = bots;
    this.#said = new Uint32Array(bots);
    this.#settled = new Uint32Array(bots);
    this.#heard = new Uint32Array(bots * bots);
    this.#rooms = new Array<string | undefined>(bots).fill(undefined);
  }

  /** A bot is in a room: from now on it must hear what the others there say. Call before the first line. */
  enter(bot: number, room: string): void {
    this.#rooms[bot] = room;
    for (let speaker = 0; speaker < this.#count; speaker += 1) {
      this.#heard[bot * this.#count + speaker] = this.#said[speaker] ?? 0;
    }
  }

  /** A bot's game has ended: nothing more is expected of it. */
  leave(bot: number): void {
    this.#rooms[bot] = undefined;
  }

  /**
   * The server was killed and went on: what had been said shortly before that may be lost, or come twice. Whatever was said in the
   * bot's room up to now is excused from then on: who comes back first hears others before they hear of it.
   */
  setBack(bot: number): void {
    const room = this.#rooms[bot];
    for (let speaker = 0; speaker < this.#count; speaker += 1)
      if (this.#rooms[speaker] === room) this.#settled[speaker] = this.#said[speaker] ?? 0;
  }

  #isExcused({ speaker, number }: Line, expected: number): boolean {
    const settled = this.#settled[speaker] ?? 0;
    return number <= settled || (expected <= settled && number <= (this.#said[speaker] ?? 0));
  }

  /** The number of the next line of `bot`; call `said` when the channel took it. */
  next(bot: number): number {
    return (this.#said[bot] ?? 0) + 1;
  }

  said(bot: number): void {
    this.#said[bot] = this.next(bot);
    this.sent += 1;
  }

  hear(listener: number, line: Line | 'damaged'): void {
    if (line === 'damaged' || line.speaker >= this.#count) {
      this.wrong += 1;
      return;
    }
    this.received += 1;
    const at = listener * this.#count + line.speaker;
    const expected = (this.#heard[at] ?? 0) + 1;
    if (line.number !== expected || line.number > (this.#said[line.speaker] ?? 0)) {
      if (this.#isExcused(line, expected)) this.excused += 1;
      else this.wrong += 1;
    }
    if (line.number >= expected) this.#heard[at] = line.number;
  }

  /** Lines said and not heard yet, over all pairs in a room. 0 at the end, or they are lost. */
  missing(): number {
    let missing = 0;
    for (let listener = 0; listener < this.#count; listener += 1) {
      const room = this.#rooms[listener];
      if (room === undefined) continue;
      for (let speaker = 0; speaker < this.#count; speaker += 1) {
        if (this.#rooms[speaker] !== room) continue;
        const heard = this.#heard[listener * this.#count + speaker] ?? 0;
        missing += (this.#said[speaker] ?? 0) - Math.max(heard, this.#settled[speaker] ?? 0);
      }
    }
    return missing;
  }
}

/** The messages of a schema that carry talk. */
export interface Words {
  readonly said: string;
  readonly saidText: string;
  /** The other fields of what is said. */
  readonly rest: Readonly<Record<string, unknown>>;
  readonly heard: string;
  readonly heardText: string;
}

/** Finds them; undefined where there are none. */
export function findWords(layout: SchemaLayout): Words | undefined {
  const fit = (message: PlacedMessage) =>
    message.fields.find(({ spec }) => spec.type === 'text' && spec.bytesMax >= LINE_BYTES)?.name;
  const said = layout.toServer.filter((message) => fit(message) !== undefined);
  const heard = layout.toClient.filter((message) => fit(message) !== undefined);
  const twin = said.find(({ name }) => heard.some((other) => other.name === name));
  const from = twin ?? said[0];
  const to = heard.find(({ name }) => name === twin?.name) ?? heard[0];
  if (!from || !to) return undefined;
  const rest: Record<string, unknown> = {};
  for (const { name, spec } of from.fields) {
    rest[name] = spec.type === 'text' ? '' : fromRaw(spec, Math.max(0, spec.min));
  }
  return {
    said: from.name,
    saidText: fit(from) ?? '',
    rest,
    heard: to.name,
    heardText: fit(to) ?? '',
  };
}

function check(run: string, { speaker, number }: Line): string {
  let hash = 0x811c9dc5;
  for (const character of `${run}.${speaker}.${number}`) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  }
  return hash.toString(36);
}

const MARK = '#';
/** UTF-8 bytes that a line may need. */
const LINE_BYTES = 24;
