/** Plays a journal again, in a fresh room of the same core, and compares every hash that stands in it. */
import { RoomCore } from '../../core-wasm/bindings/room.ts';
import { readJournal } from '../../workers/journal-file.ts';
import type { JournalEntry, JournalHead, JournalReader } from '../../workers/journal-format.ts';
import { STAGE } from '../../workers/journal-format.ts';
import { FrayError } from '../errors.ts';

/**
 * How a journal ends: `over` the room was closed; `cut` its writer fell behind or the disk was full; `torn` in the middle of a
 * block, as a killed server leaves it; `open` after a whole block; `damaged` a byte is another than was written; `stopped` at the tick
 * that was asked for.
 */
export type JournalEnd = 'over' | 'cut' | 'torn' | 'open' | 'damaged' | 'stopped';

export interface ReplayReport {
  readonly room: string;
  /** Ticks played and hashes compared. */
  readonly ticks: number;
  readonly hashes: number;
  /** The last tick, and the state hash after it, 16 hex digits. */
  readonly lastTick: number;
  readonly stateHash: string;
  /** First tick after which the state hashes otherwise; null: none does. */
  readonly differs: number | null;
  readonly end: JournalEnd;
  /** Of a room that was closed: its code. */
  readonly code: number | null;
  /** What is wrong with the file, or what the core refused; null: nothing. */
  readonly problem: string | null;
  /** Bytes of a block that was being written. */
  readonly tornBytes: number;
}

export interface ReplayOptions {
  /** The last tick to play. Default: all. */
  readonly toTick?: number;
  /** Told of what each tick told the game: the tick has begun, and `eventBytes` of events stand in the room's memory. */
  readonly onEvents?: (room: RoomCore, eventBytes: number) => void;
  /** Told now and then. */
  readonly onProgress?: (tick: number) => void;
}

/** Whose journal it is. Throws E_MALFORMED where the file is none. */
export function headOf(file: Uint8Array): JournalHead {
  return readJournal(file).head;
}

export class Replay {
  readonly head: JournalHead;
  /** The room as far as it was played. */
  readonly room: RoomCore;
  readonly #journal: JournalReader;
  #ticks = 0;
  #hashes = 0;
  #lastTick = 0;
  #differs: number | null = null;
  #end: JournalEnd | null = null;
  #code: number | null = null;
  /** Entries of a tick that is not known yet to be so: one that trapped is followed by `anew`. */
  readonly #tick: JournalEntry[] = [];

  /** Throws E_MALFORMED where the file is no journal, and the core's code where it refuses the configuration. */
  constructor(file: Uint8Array, module: WebAssembly.Module) {
    this.#journal = readJournal(file);
    this.head = this.#journal.head;
    this.room = new RoomCore(module, this.head.config);
  }

  /** Plays to the end, to the first difference, or to a tick. Once. */
  play(options: ReplayOptions = {}): ReplayReport {
    const { toTick = Number.POSITIVE_INFINITY, onProgress } = options;
    let problem = this.#guarded(() => {
      for (const entry of this.#journal.entries()) {
        if (entry.tick > toTick) this.#end = 'stopped';
        else this.#take(entry, options.onEvents);
        if (this.#end !== null || this.#differs !== null) break;
        if (entry.stage === STAGE.end && entry.tick % PROGRESS_TICKS === 0)
          onProgress?.(entry.tick);
      }
    });
    // What stands before the damage is played, too.
    problem = this.#guarded(() => this.#settle(options.onEvents)) ?? problem;
    const { tornBytes } = this.#journal;
    return {
      room: this.head.roomId,
      ticks: this.#ticks,
      hashes: this.#hashes,
      lastTick: this.#lastTick,
      stateHash: this.#ticks === 0 ? '' : this.#stateHash(),
      differs: this.#differs,
      end: this.#end ?? (tornBytes > 0 ? 'torn' : 'open'),
      code: this.#code,
      problem,
      tornBytes,
    };
  }

  /** What is wrong with the file, or what the core refused; null: nothing. */
  #guarded(run: () => void): string | null {
    try {
      run();
      return null;
    } catch (error) {
      if (!(error instanceof FrayError)) throw error;
      this.#end = 'damaged';
      return error.message;
    }
  }

  /** Ticks are played when the next entry shows that they were. */
  #take(entry: JournalEntry, onEvents: ReplayOptions['onEvents']): void {
    const { stage } = entry;
    if (stage === STAGE.game) return;
    if (stage === STAGE.anew) this.#tick.length = 0;
    else if (stage === STAGE.end) this.#tick.push(entry);
    else {
      this.#settle(onEvents);
      if (stage === STAGE.begin) this.#tick.push(entry);
      else if (this.#differs === null) this.#entry(entry, onEvents);
    }
  }

  /** A tick whose hooks never ran (a killed server's last) is none. */
  #settle(onEvents: ReplayOptions['onEvents']): void {
    const tick = this.#tick.splice(0);
    if (tick.at(-1)?.stage !== STAGE.end) return;
    for (const entry of tick) if (this.#differs === null) this.#entry(entry, onEvents);
  }

  #entry({ stage, tick, bytes }: JournalEntry, onEvents: ReplayOptions['onEvents']): void {
    const { room } = this;
    if (stage === STAGE.begin || stage === STAGE.end) {
      if (bytes.length > room.inputBytes)
        throw new FrayError('E_MALFORMED', `Cannot play tick ${tick}: its records are too long`);
      room.u8.set(bytes, room.input);
      if (stage === STAGE.begin) {
        const eventBytes = room.begin(bytes.length);
        onEvents?.(room, eventBytes);
      } else {
        room.end(bytes.length);
        this.#ticks += 1;
        this.#lastTick = tick;
        if (room.tick !== tick) this.#differs = tick;
      }
    } else if (stage === STAGE.hash) {
      this.#hashes += 1;
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const wanted =
        bytes.length === 8 ? hex(view.getUint32(4, true)) + hex(view.getUint32(0, true)) : '';
      if (this.#stateHash() !== wanted) this.#differs = tick;
    } else if (stage === STAGE.over) {
      this.#end = 'over';
      this.#code = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(
        0,
        true,
      );
    } else this.#end = 'cut';
  }

  #stateHash(): string {
    const { room } = this;
    room.stateHash();
    return hex(room.stateHashHigh) + hex(room.stateHashLow);
  }
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}

const PROGRESS_TICKS = 4096;
