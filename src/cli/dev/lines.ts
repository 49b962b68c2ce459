/**
 * What an author at work reads: a line for each thing that is wrong, with the place in the author's own files, what it is and what to
 * do. Each is said once until the game is built anew.
 */
import { basename, dirname, relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { FrayError } from '../../errors.ts';
import type { Facts, Log } from '../../ops/log.ts';
import { placeOf } from '../bundle.ts';
import { mutableState } from './mutable.ts';

/** A file of the author's. */
export interface AuthorFile {
  readonly path: string;
  readonly text: string;
}

export class AuthorLines implements Log {
  /** What it would write is chosen here, not by level. */
  readonly level = 'info';
  readonly #folder: string;
  readonly #server: string;
  readonly #print: (line: string) => void;
  readonly #said = new Set<string>();
  #files: readonly AuthorFile[] = [];

  /** `server`: the game's server module. Paths are said relative to its folder. */
  constructor(server: string, print: (line: string) => void) {
    this.#folder = dirname(server);
    this.#server = basename(server);
    this.#print = print;
  }

  /** The game was built anew of these files: all may be said again. Warns of what no room keeps. */
  built(files: readonly AuthorFile[]): void {
    this.#said.clear();
    this.#files = files;
    for (const { path, text } of files)
      for (const { name, line } of mutableState(text))
        this.#warn(
          `${relative(this.#folder, path)}:${line}`,
          `${name} is shared by all rooms of a thread, and lost when one is recovered, moved or replayed; keep it in fields of the schema`,
        );
  }

  /** A build that failed, or a game that does not load. */
  refused(error: unknown): void {
    for (const line of refusalLines(error, this.#folder, this.#server)) this.#say(line);
  }

  /** Of the page. */
  pageError(text: string): void {
    const [first = ''] = stripVTControlCharacters(text).split('\n');
    this.#say(`page: error: ${first.replaceAll(`${this.#folder}/`, '')}`);
  }

  info(event: string, facts?: Facts): void {
    this.#room(event, facts);
  }

  warn(event: string, facts: Facts = {}): void {
    if (facts['text'] === SLOW) this.#slow(facts);
    else if (!this.#room(event, facts)) this.#say(`fray: ${event}: ${eventText(facts)}`);
  }

  error(event: string, facts: Facts = {}): void {
    const { text } = facts;
    if (text === FAILED || text === OUTSIDE) this.#failed(facts);
    // Said by whoever waits for it.
    else if (text === NOT_LOADED) return;
    else if (!this.#room(event, facts)) this.#say(`fray: ${event}: ${eventText(facts)}`);
  }

  debug(): void {}
  setLevel(): void {}
  flush(): void {}

  #failed(facts: Facts): void {
    const stack = String(facts['error']);
    const [message = ''] = stack.split('\n');
    const place = placeOf(stack, this.#folder);
    const [at, who, then] =
      facts['text'] === FAILED
        ? [place || this.#lineOf(String(facts['hook'])), String(facts['hook']), GOES_ON]
        : [
            place || 'server',
            'work outside of hooks',
            'a hook has to do it: room.defer, or a timer of the schema',
          ];
    this.#say(`${at}: error: ${who}: ${plain(message)}; ${then}`);
  }

  #slow({ hook, ms, tickMs }: Facts): void {
    this.#warn(
      this.#lineOf(String(hook)),
      `${hook} took ${ms} ms, and a tick has ${tickMs} ms for all rooms of a thread; do less of it, or a part in each tick`,
    );
  }

  /** `room.log` of a game. False: it is none. */
  #room(event: string, facts: Facts = {}): boolean {
    const { room, tick, text, ...more } = facts;
    if (event !== 'room' || tick === undefined || room === undefined) return false;
    this.#print(`${room} tick ${tick}: ${[text, factsText(more)].filter(Boolean).join(' ')}`);
    return true;
  }

  /** Where a hook stands, as far as lines tell. */
  #lineOf(hook: string): string {
    const name = hook.split('.').at(-1) ?? hook;
    const written = new RegExp(`^\\s*(?:async\\s+)?${name}\\s*[(:,]`);
    for (const { path, text } of this.#files) {
      const line = text.split('\n').findIndex((one) => written.test(one));
      if (line >= 0) return `${relative(this.#folder, path)}:${line + 1}`;
    }
    return hook;
  }

  #warn(place: string, text: string): void {
    this.#say(`${place}: warning: ${text}`);
  }

  #say(line: string): void {
    if (this.#said.has(line)) return;
    this.#said.add(line);
    this.#print(line);
  }
}

/** A line for each error of a build; one for a module that throws as it is loaded. `whole` is named where no line is. */
function refusalLines(error: unknown, folder: string, whole: string): string[] {
  const lines = (error as { lines?: unknown }).lines;
  if (Array.isArray(lines))
    return lines.map((line) => String(line).replace(/(:\d+:\d+:) /, '$1 error: '));
  if (!(error instanceof Error)) return [`error: ${String(error)}`];
  const { cause } = error;
  const stack = cause instanceof Error ? (cause.stack ?? '') : (error.stack ?? '');
  const place = placeOf(stack, folder);
  const code = error instanceof FrayError ? ` (${error.code})` : '';
  return [`${place || whole}: error: ${error.message}${code}`];
}

function plain(message: string): string {
  return message.replace(/^FrayError: /, '').replace(/^Error: /, '');
}

/** The words first, then the figures. */
function eventText({ text, ...facts }: Facts): string {
  const figures = factsText(facts);
  if (text === undefined) return figures;
  return figures === '' ? String(text) : `${text} (${figures})`;
}

function factsText(facts: Facts): string {
  return Object.entries(facts)
    .map(([name, value]) => `${name}=${String(value).split('\n')[0]}`)
    .join(' ');
}

/** What workers say (workers/open-room.ts). */
const FAILED = 'a hook failed';
const OUTSIDE = 'work outside of hooks failed';
const SLOW = 'a hook is slow';
/** What their host says (src/room/worker-thread.ts). */
const NOT_LOADED = 'a room worker failed';
const GOES_ON = 'the room goes on, 100 of these in a row close it';
