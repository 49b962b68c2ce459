/**
 * What a worker keeps of its rooms where it does not die with it: the records of each in the journal ring, and shadow copies. Both
 * together are what a room is recovered from (`recovery.ts`).
 */
import type { RoomCore } from '../core-wasm/bindings/room.ts';
import { FrayError } from '../src/errors.ts';
import { Ring } from '../src/mailbox/ring.ts';
import type { GameFacts, RecordsBoot, RoomOrder, ShadowMemory, WorkerReport } from './boot.ts';
import { SHADOW_HOST_BYTES } from './boot.ts';
import { continueRoom, tickBeyond } from './continuation.ts';
import { HostPart } from './host-part.ts';
import {
  encodeContinuation,
  encodeOpening,
  JOURNAL_RING,
  RoomJournal,
  type RoomJournalOptions,
} from './journal.ts';
import { STAGE } from './journal-format.ts';
import type { Recovery } from './recovery.ts';
import { recoverRoom } from './recovery.ts';
import type { RoomLeft, RoomOptions } from './room-parts.ts';
import { createShadow, rebaseShadow, Shadow } from './shadow.ts';
import { Shadows } from './shadows.ts';
import type { ShardRoom } from './shard-room.ts';
import type { Timing } from './timing.ts';

/** A room that is being made. */
export interface Opened {
  readonly order: RoomOrder;
  readonly core: RoomCore;
  readonly config: Uint8Array;
  readonly facts: GameFacts;
}

/** Of a room, for its `ShardRoom`. */
export type KeptParts = Pick<RoomOptions, 'journal' | 'recover' | 'onClosed'>;

export interface Kept {
  readonly parts: KeptParts;
  readonly made: (room: ShardRoom) => void;
}

export interface KeepingOptions {
  readonly records: RecordsBoot;
  readonly facts: GameFacts;
  readonly timing: Timing;
  readonly nowUs: () => number;
  /** Milliseconds since 1970. */
  readonly unixMs: () => number;
  readonly report: (message: WorkerReport) => void;
}

export class Keeping {
  readonly shadows: Shadows;
  readonly #options: KeepingOptions;
  readonly #ring: Ring;
  readonly #memories = new Map<number, SharedArrayBuffer>();

  constructor(options: KeepingOptions) {
    const { records, facts, timing, nowUs, report } = options;
    this.#options = options;
    this.#ring = new Ring(records.ring, 'write');
    this.shadows = new Shadows({
      ring: this.#ring,
      everyTicks: Math.max(1, Math.round((records.shadowMs * facts.tickRateHz) / 1000)),
      timing,
      nowUs,
      ask: ({ row, id }, regionBytes) => report({ kind: 'shadow', row, room: id, regionBytes }),
    });
  }

  /** The host has made memory for the shadow of a room. */
  give({ row, room, memory }: Pick<ShadowMemory, 'row' | 'room' | 'memory'>): void {
    if (this.shadows.give(room, memory)) this.#memories.set(row, memory);
  }

  /** The parts of a room that is being made; then `made` has to be told of it. */
  open({ order, core, config, facts }: Opened): Kept {
    const { row, id: roomId, epoch } = order;
    const { schemaHash, tickRateHz } = facts;
    const opening = encodeOpening({ roomId, epoch, schemaHash, tickRateHz, config });
    const journal = new RoomJournal(this.#journalOptions(order, core), opening);
    return this.#kept({ row, id: roomId, core, journal, shadow: undefined });
  }

  /** The same for one that another worker has left: `core` is filled. Throws E_ROOM_FAULT where too little of it is kept. */
  restore(
    { order, core }: Opened,
    { shadow, tick, dueUs }: RoomLeft,
  ): Kept & { readonly recovery: Recovery } {
    const { row, id } = order;
    const wasGiven = dueUs !== null;
    const ring = wasGiven ? null : this.#options.records.ring;
    const recovery = recoverRoom(core, { row, id, ring, shadow, least: tick });
    const journal = new RoomJournal(this.#journalOptions(order, core), undefined);
    if (wasGiven && shadow !== undefined) rebaseShadow(shadow, journal.since);
    else journal.since = recovery.since;
    if (wasGiven || recovery.moved) journal.came(recovery.tick, Buffer.from(id));
    if (shadow !== undefined) this.#memories.set(row, shadow);
    return { ...this.#kept({ row, id, core, journal, shadow }), recovery };
  }

  /**
   * The same for one that a killed process has left, as the file of its journal says; it goes on at a tick above any that was sent, in
   * the epoch of the order, and its file behind what of it is whole.
   */
  goOn(
    { order, core, facts }: Opened,
    file: { readonly path: string; readonly bytes: Uint8Array },
  ): Kept & { readonly recovery: Recovery } {
    const { row, id, epoch } = order;
    const { tickRateHz } = facts;
    const { report } = this.#options;
    const { recovery, end, lostBytes, seen, epoch: before } = continueRoom(core, file.bytes);
    const unixMs = this.#options.unixMs();
    const owners = Math.max(0, epoch - before - 1);
    const least = tickBeyond(seen, { last: recovery.tick, tickRateHz, unixMs, owners });
    const tick = core.adopt(epoch, least);
    const continuation = { epoch, tick, unixMs, room: id, path: file.path, place: end };
    const options = this.#journalOptions(order, core);
    const opening = encodeContinuation(continuation);
    const journal = new RoomJournal(options, opening, JOURNAL_RING.resume);
    const memory = createShadow(core.region().length, SHADOW_HOST_BYTES);
    const shadow = new Shadow(memory);
    shadow.position = this.#ring.end;
    shadow.write(core.region(), hostPart(recovery), tick);
    journal.copied();
    this.#memories.set(row, memory);
    report({ kind: 'copied', row, room: id, memory });
    const { tick: kept, ticks } = recovery;
    const fields = { room: id, kept, ticks, tick, epoch, lostBytes };
    report({ kind: 'log', level: 'info', fields, text: 'a room goes on from its journal' });
    return { ...this.#kept({ row, id, core, journal, shadow: memory }), recovery };
  }

  /** A room that another worker has left cannot go on: its journal ends. */
  lost(row: number, tick: number, code: number): void {
    const words = Int32Array.of(code);
    this.#ring.tryWriteWords(STAGE.over, row, tick, words, 0, 4);
  }

  #kept(of: {
    readonly row: number;
    readonly id: string;
    readonly core: RoomCore;
    readonly journal: RoomJournal;
    readonly shadow: SharedArrayBuffer | undefined;
  }): Kept {
    const { row, id, core, journal } = of;
    const { ring } = this.#options.records;
    let made: ShardRoom | undefined;
    return {
      parts: {
        journal,
        recover: () => {
          if (journal.gap)
            throw new FrayError('E_ROOM_FAULT', 'Cannot recover a room: records are missing');
          return recoverRoom(core, { row, id, ring, shadow: this.#memories.get(row), least: 0 });
        },
        onClosed: () => {
          this.#memories.delete(row);
          if (made !== undefined) this.shadows.remove(made);
        },
      },
      made: (room) => {
        made = room;
        this.shadows.add(room, journal, of.shadow);
      },
    };
  }

  #journalOptions(order: RoomOrder, core: RoomCore): RoomJournalOptions {
    const { records, report } = this.#options;
    const fields = { room: order.id };
    const text = 'a journal was cut: its writer is too slow';
    return {
      ring: this.#ring,
      row: order.row,
      core,
      hashTicks: records.hashTicks,
      onCut: () => report({ kind: 'log', level: 'warn', fields, text }),
    };
  }
}

/** What of a recovered room lies in no region. */
function hostPart({ sessions, game }: Recovery): Uint8Array {
  const bytes = new Uint8Array(sessions.buffer, sessions.byteOffset, sessions.byteLength);
  return new HostPart(bytes).bytes(game, SHADOW_HOST_BYTES);
}
