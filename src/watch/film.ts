/**
 * A journal as something that is watched: a room that stands at a moment of it, goes on with it, and goes anywhere else. Two rooms
 * of one journal: `Scan` reads ahead and keeps places, the other is shown.
 */
import type { RoomCore } from '../../core-wasm/bindings/room.ts';
import type { JournalHead } from '../../workers/journal-format.ts';
import { JournalReader } from '../../workers/journal-format.ts';
import { FrayError } from '../errors.ts';
import { Replay } from '../room/replay.ts';
import type { SchemaLayout } from '../schema/layout.ts';
import { Eyes } from './eyes.ts';
import { Scan } from './scan.ts';
import { pageTools } from './unpack.ts';

/** Who watches. */
export interface FilmListener {
  /** A tick was played in its turn, which ended with these commands. */
  played(commands: Uint8Array): void;
  /** The room stands somewhere else now: what was heard before is of another moment. */
  jumped(): void;
}

export class Film {
  readonly head: JournalHead;
  readonly room: RoomCore;
  readonly eyes: Eyes;
  readonly scan: Scan;
  readonly firstTick: number;
  /** Tick that is shown, with its fraction. */
  position: number;
  readonly #replay: Replay;
  readonly #lastTickSaid: number;
  readonly #listener: FilmListener;
  /** The tick that is wanted, while the room is on its way there. */
  #wanted: number | null = null;
  /** Commands of the tick that is being played; the journal's own bytes. */
  #commands: Uint8Array = NONE;
  readonly #options = {
    onCommands: (_room: RoomCore, commands: Uint8Array): void => {
      this.#commands = commands;
    },
  };

  /**
   * Throws E_MALFORMED where the file is no journal or has no tick, and the core's code where it refuses the configuration. Costs
   * two rooms.
   */
  constructor(file: Uint8Array, { module, layout, listener }: FilmParts) {
    const reader = new JournalReader(file, pageTools);
    this.#replay = new Replay(reader, module);
    this.#lastTickSaid = reader.lastTickSaid();
    this.#listener = listener;
    this.head = this.#replay.head;
    this.room = this.#replay.room;
    this.eyes = new Eyes(this.room, layout);
    this.scan = new Scan(new Replay(new JournalReader(file, pageTools), module));
    if (!this.#replay.next())
      throw new FrayError(
        'E_MALFORMED',
        `Cannot watch room ${this.head.roomId}: ${this.#replay.report().problem ?? 'its journal holds no tick'}`,
      );
    this.firstTick = this.#replay.tick;
    this.position = this.firstTick;
  }

  /** The last tick there is: as blocks say of themselves, until all of them are read. */
  get lastTick(): number {
    const { report } = this.scan;
    return report === null
      ? Math.max(this.#lastTickSaid, this.#replay.tick)
      : Math.max(this.firstTick, report.lastTick);
  }

  /** On its way to where it was sent. */
  get isSeeking(): boolean {
    return this.#wanted !== null;
  }

  /** Goes on to a position at or after this one. False: there the journal is over. */
  advance(position: number): boolean {
    const wanted = Math.ceil(position);
    while (this.#replay.tick < wanted) {
      this.eyes.keep();
      if (!this.#replay.next(this.#options)) {
        this.position = this.#replay.tick;
        return false;
      }
      this.#listener.played(this.#commands);
    }
    // Where another process went on with the room there are no ticks for a while.
    this.position = this.#replay.tick > wanted ? this.#replay.tick : position;
    return true;
  }

  /** Sends it to a whole tick; `work` brings it there. */
  seek(tick: number): void {
    const wanted = Math.min(Math.max(Math.round(tick), this.firstTick), this.lastTick);
    const place = this.scan.placeBefore(wanted);
    const { tick: now } = this.#replay;
    // A whole tick back is not there any more; the tick itself is, even if less of it was shown.
    if (now > wanted || place.tick > now) {
      this.#replay.restore(place);
      // The beginning is kept before anything was played.
      if (place.ticks === 0) this.#replay.next();
    }
    this.#wanted = wanted;
    this.position = this.#replay.tick;
  }

  /** Plays towards where it was sent, until `nowMs()` is past `untilMs`. */
  work(untilMs: number, nowMs: () => number): void {
    if (this.#wanted === null) return;
    while (this.#replay.tick < this.#wanted) {
      if (!this.#replay.next()) break;
      if (nowMs() >= untilMs && this.#replay.tick < this.#wanted) {
        this.position = this.#replay.tick;
        return;
      }
    }
    this.#wanted = null;
    this.position = this.#replay.tick;
    this.#listener.jumped();
  }
}

export interface FilmParts {
  /** The core that played it. */
  readonly module: WebAssembly.Module;
  readonly layout: SchemaLayout;
  readonly listener: FilmListener;
}

const NONE = new Uint8Array(0);
