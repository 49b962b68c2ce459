/**
 * Plays a journal again, in a fresh room of the same core, and compares every hash that stands in it: tick by tick, from the
 * beginning or from a place that was kept. Runs in Node and in a page.
 */
import type { Tables } from '../../core-wasm/bindings/instantiate.ts';
import { RoomCore } from '../../core-wasm/bindings/room.ts';
import type { Checkpoint } from '../../workers/journal-checkpoint.ts';
import { decodeResumed } from '../../workers/journal-checkpoint.ts';
import type {
  JournalEntry,
  JournalHead,
  JournalPlace,
  JournalReader,
} from '../../workers/journal-format.ts';
import { STAGE } from '../../workers/journal-format.ts';
import { checkpointsOf, seekCheckpoint } from '../../workers/journal-places.ts';
import { decodeOver } from '../../workers/journal-summary.ts';
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
  /** Checkpoints that the room's memory was compared with, byte by byte; none after `restore`. */
  readonly checkpoints: number;
  /** Times that another process went on with the room. */
  readonly resumptions: number;
  /** The tick of the checkpoint that it began with; null: with the first tick. */
  readonly from: number | null;
  /** The last tick, and the state hash after it, 16 hex digits. */
  readonly lastTick: number;
  readonly stateHash: string;
  /** First tick after which the state hashes otherwise, or a checkpoint is another; null: none does. */
  readonly differs: number | null;
  readonly end: JournalEnd;
  /** Of a room that was closed: its code. */
  readonly code: number | null;
  /** What is wrong with the file, or what the core refused; null: nothing. */
  readonly problem: string | null;
  /** Bytes of a block that was being written. */
  readonly tornBytes: number;
}

/** Told of what goes into the room and comes out of it, as it is played. */
export interface ReplayOptions {
  /** The last tick to play. Default: all. */
  readonly toTick?: number;
  /** Told of what each tick told the game: the tick has begun, and `eventBytes` of events stand in the room's memory. */
  readonly onEvents?: (room: RoomCore, eventBytes: number) => void;
  /** Told of the commands that a tick is about to end with. Valid until the next call. */
  readonly onCommands?: (room: RoomCore, commands: Uint8Array) => void;
  /** Plays on where a hash differs, to see where it leads. */
  readonly anyway?: boolean;
  /** Told now and then. */
  readonly onProgress?: (tick: number) => void;
}

/** A moment of a replay that can be gone back to: a copy of the room, and where the journal goes on. */
export interface ReplayPlace {
  readonly tick: number;
  readonly region: Uint8Array;
  readonly journal: JournalPlace;
  readonly entries: readonly JournalEntry[];
  readonly ticks: number;
  readonly hashes: number;
}

export class Replay {
  readonly head: JournalHead;
  /** The room as far as it was played. */
  readonly room: RoomCore;
  readonly #journal: JournalReader;
  #entries: Iterator<JournalEntry, void>;
  #from: number | null = null;
  #checkpoints = 0;
  #resumptions = 0;
  /** Those that are still to come, and the next of them. */
  #coming: Iterator<Checkpoint, void> | null;
  #next: Checkpoint | undefined;
  #expects = false;
  #over = false;
  #ticks = 0;
  #hashes = 0;
  #lastTick = 0;
  #differs: number | null = null;
  #end: JournalEnd | null = null;
  #code: number | null = null;
  #problem: string | null = null;
  #trapped = false;
  /** Entries of a tick that is not known yet to be so: one that trapped is followed by `anew`. */
  readonly #tick: JournalEntry[] = [];

  /** `journal` is read by nobody else. Throws the core's code where it refuses the configuration. `tables`: of a core that was kept. */
  constructor(journal: JournalReader, module: WebAssembly.Module, tables: Tables = 'own') {
    this.#journal = journal;
    this.#entries = journal.entries();
    this.#coming = checkpointsOf(journal);
    this.head = journal.head;
    this.room = new RoomCore(module, this.head.config, tables);
    this.#lastTick = this.room.firstTick;
  }

  /** The tick that was played last. */
  get tick(): number {
    return this.#lastTick;
  }

  /** Before anything is played: begins at the newest checkpoint up to a tick, if there is one; what was before it is not verified. */
  jump(toTick: number): void {
    const { checkpoint } = seekCheckpoint(this.#journal, toTick);
    this.#entries = this.#journal.entries();
    if (checkpoint === null) return;
    this.room.restore(checkpoint.region);
    this.#from = this.#lastTick = checkpoint.tick;
  }

  /** Plays to the end, to the first difference, or to a tick. */
  play(options: ReplayOptions = {}): ReplayReport {
    while (this.next(options))
      if (this.#lastTick % PROGRESS_TICKS === 0) options.onProgress?.(this.#lastTick);
    return this.report();
  }

  /** Plays the next tick. False: there is none, and `report` says why. */
  next(options: ReplayOptions = {}): boolean {
    const before = this.#ticks;
    while (!this.#over && this.#ticks === before) {
      const problem = this.#guarded(() => this.#advance(options));
      if (problem === null) continue;
      // What stands before the damage is played, too.
      this.#problem = this.#guarded(() => this.#settle(options)) ?? problem;
      this.#over = true;
    }
    return this.#ticks > before;
  }

  /** What was found so far. */
  report(): ReplayReport {
    const { tornBytes } = this.#journal;
    return {
      room: this.head.roomId,
      ticks: this.#ticks,
      hashes: this.#hashes,
      checkpoints: this.#checkpoints,
      resumptions: this.#resumptions,
      from: this.#from,
      lastTick: this.#ticks === 0 ? (this.#from ?? 0) : this.#lastTick,
      stateHash: this.#ticks === 0 ? '' : this.#stateHash(),
      differs: this.#differs,
      end: this.#end ?? (tornBytes > 0 ? 'torn' : 'open'),
      code: this.#code,
      problem: this.#problem,
      tornBytes,
    };
  }

  /** This moment, for `restore`; null where the journal cannot be taken up again, which is within its blocks. Costs a copy of the room. */
  save(): ReplayPlace | null {
    const journal = this.#over ? null : this.#journal.place();
    if (journal === null) return null;
    return {
      tick: this.#lastTick,
      region: this.room.region().slice(),
      journal,
      entries: [...this.#tick],
      ticks: this.#ticks,
      hashes: this.#hashes,
    };
  }

  /** Goes back, or on, to a moment of the same journal, whoever kept it. */
  restore(place: ReplayPlace): void {
    if (this.#trapped) this.room.revive();
    this.#trapped = false;
    this.room.restore(place.region);
    this.#coming = null;
    this.#next = undefined;
    this.#entries = this.#journal.entries(place.journal);
    this.#tick.splice(0, this.#tick.length, ...place.entries);
    this.#ticks = place.ticks;
    this.#hashes = place.hashes;
    this.#lastTick = place.tick;
    this.#over = false;
    this.#end = null;
    this.#differs = null;
    this.#problem = null;
    this.#code = null;
  }

  /** Takes the next entry, or ends. */
  #advance(options: ReplayOptions): void {
    const { toTick = Number.POSITIVE_INFINITY } = options;
    const step = this.#entries.next();
    const entry = step.done ? undefined : step.value;
    if (entry !== undefined && entry.tick <= toTick) this.#take(entry, options);
    else {
      if (entry !== undefined) this.#end = 'stopped';
      this.#over = true;
      this.#settle(options);
    }
    if ((this.#end !== null && this.#end !== 'over') || !this.#mayGoOn(options)) this.#over = true;
  }

  /** What is wrong with the file, or what the core refused; null: nothing. */
  #guarded(run: () => void): string | null {
    try {
      run();
      return null;
    } catch (error) {
      this.#trapped = error instanceof WebAssembly.RuntimeError;
      if (!(error instanceof FrayError || this.#trapped)) throw error;
      this.#end = 'damaged';
      const text = (error as Error).message;
      return this.#trapped
        ? `Cannot play beyond tick ${this.#lastTick}: the core trapped (${text})`
        : text;
    }
  }

  #mayGoOn({ anyway = false }: ReplayOptions): boolean {
    return anyway || this.#differs === null;
  }

  /** The next checkpoint that counts is the first of a tick above. */
  #expect(above: number): void {
    this.#expects = true;
    do {
      const next = this.#coming?.next();
      this.#next = next?.done === false ? next.value : undefined;
    } while (this.#next !== undefined && this.#next.tick <= above);
  }

  #compare(tick: number): void {
    if (!this.#expects) this.#expect(this.#from ?? -1);
    if (this.#next === undefined || tick < this.#next.tick) return;
    this.#checkpoints += 1;
    if (this.#next.tick !== tick || !this.room.isAt(this.#next.region)) this.#differs ??= tick;
    this.#expect(tick);
  }

  /** Ticks are played when the next entry shows that they were. */
  #take(entry: JournalEntry, options: ReplayOptions): void {
    const { stage } = entry;
    if (this.#end === 'over' && stage !== STAGE.summary)
      throw new FrayError(
        'E_MALFORMED',
        `Cannot read the journal beyond tick ${this.#lastTick}: there is more of it behind its end`,
      );
    if (stage === STAGE.game || stage === STAGE.checkpoint || stage === STAGE.summary) return;
    if (this.#from !== null && entry.tick <= this.#from && !ENDS.has(stage)) return;
    if (stage === STAGE.anew) this.#tick.length = 0;
    else if (stage === STAGE.end) this.#tick.push(entry);
    else {
      this.#settle(options);
      if (stage === STAGE.begin) this.#tick.push(entry);
      else if (this.#mayGoOn(options)) this.#entry(entry, options);
    }
  }

  /** A tick whose hooks never ran (a killed server's last) is none. */
  #settle(options: ReplayOptions): void {
    const tick = this.#tick.splice(0);
    if (tick.at(-1)?.stage !== STAGE.end) return;
    for (const entry of tick) if (this.#mayGoOn(options)) this.#entry(entry, options);
  }

  #entry({ stage, tick, bytes }: JournalEntry, options: ReplayOptions): void {
    const { room } = this;
    if (stage === STAGE.begin || stage === STAGE.end) {
      if (bytes.length > room.inputBytes)
        throw new FrayError('E_MALFORMED', `Cannot play tick ${tick}: its records are too long`);
      room.u8.set(bytes, room.input);
      if (stage === STAGE.begin) {
        const eventBytes = room.begin(bytes.length);
        options.onEvents?.(room, eventBytes);
      } else {
        options.onCommands?.(room, bytes);
        room.end(bytes.length);
        this.#ticks += 1;
        this.#lastTick = tick;
        if (room.tick !== tick) this.#differs ??= tick;
        else this.#compare(tick);
      }
    } else if (stage === STAGE.hash) {
      this.#hashes += 1;
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const wanted =
        bytes.length === 8 ? hex(view.getUint32(4, true)) + hex(view.getUint32(0, true)) : '';
      if (this.#stateHash() !== wanted) this.#differs ??= tick;
    } else if (stage === STAGE.resumed) {
      const resumed = decodeResumed(bytes);
      this.#resumptions += 1;
      if (resumed === null || room.adopt(resumed.epoch, tick) !== tick) this.#differs ??= tick;
      else this.#compare(tick);
    } else if (stage === STAGE.over) {
      this.#end = 'over';
      this.#code = decodeOver(bytes)?.code ?? null;
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

/** Entries that close a file stand behind its last tick. */
const ENDS: ReadonlySet<number> = new Set([STAGE.over, STAGE.cut]);
const PROGRESS_TICKS = 4096;
