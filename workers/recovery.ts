/**
 * A room as it was at the end of its last tick but one: its newest shadow copy and, played on it, the records since, which stand in the
 * journal ring (or in a file: `continuation.ts`). No hook is called: commands stand there too. The last tick that the ring knows of is left to the caller, who may want
 * it played otherwise (`ShardRoom.again`): it is what the room, or its worker, failed in.
 */
import type { RoomCore } from '../core-wasm/bindings/room.ts';
import { Join, Leave, Packet, RecordHeader } from '../protocol/gen/tables.ts';
import { FrayError } from '../src/errors.ts';
import { Ring } from '../src/mailbox/ring.ts';
import { decodeOpening, JOURNAL_RING } from './journal.ts';
import { decodeResumed } from './journal-checkpoint.ts';
import { STAGE } from './journal-format.ts';
import { readShadow, type ShadowCopy } from './shadow.ts';

/** A tick that entered the journal. `end` null: its hooks have not run. */
export interface JournalledTick {
  readonly tick: number;
  /** Of tick 0, which has none, empty. */
  readonly begin: Uint8Array;
  readonly end: Uint8Array | null;
}

/** What there was of a room. */
export interface Recovery {
  /** Null: none came after the copy. */
  readonly last: JournalledTick | null;
  /** Session by slot, `last` counted. */
  readonly sessions: Uint32Array;
  /** Codes of sessions that have left since the copy. */
  readonly left: ReadonlyMap<number, number>;
  /** What the game had outside the region (`RoomGame.load`); empty: nothing. */
  readonly game: Uint8Array;
  /** Ticks that were played. */
  readonly ticks: number;
  /** The one that `core` stands at. */
  readonly tick: number;
  /** Place of the first record that counted. */
  readonly since: number;
  /** Its file was told that it goes to another worker, and it did not. */
  readonly moved: boolean;
}

export type RecoveryCore = Pick<
  RoomCore,
  'u8' | 'input' | 'playersMax' | 'tick' | 'firstTick' | 'begin' | 'end' | 'restore' | 'adopt'
>;

export interface RecoverySources {
  readonly row: number;
  /** Of the room: another one may have been in the row before. */
  readonly id: string;
  /** The journal ring, whose writer has ended or is of this thread; null: the copy is all there is. */
  readonly ring: SharedArrayBuffer | null;
  /** Of the room; undefined where none was made. */
  readonly shadow: SharedArrayBuffer | undefined;
  /** A tick that clients have, which it has to reach. */
  readonly least: number;
}

/** Fills `core`, which has just been made. Throws E_ROOM_FAULT where records are missing, E_ROOM_CLOSED where the room was closed. */
export function recoverRoom(core: RecoveryCore, sources: RecoverySources): Recovery {
  const { row, shadow, least } = sources;
  const copy = shadow === undefined ? null : readShadow(shadow);
  const player = new RecordPlayer(core, copy);
  if (sources.ring === null) return player.outcome(least, 0);
  const ring = new Ring(sources.ring, 'kept');
  const since = copy?.position ?? opens(ring, sources);
  ring.seek(since);
  while (ring.next()) {
    if (ring.id !== row) continue;
    const { bytes, offset, length } = ring;
    player.take(ring.kind, ring.arg, () => bytes.slice(offset, offset + length));
  }
  return player.outcome(least, since);
}

/** The records of a tick without what clients sent. */
export function withoutPackets(records: Uint8Array): Uint8Array {
  const kept = records.slice();
  let to = 0;
  eachRecord(records, ({ kind, at, end }) => {
    if (kind === Packet.kind) return;
    kept.set(records.subarray(at, end), to);
    to += end - at;
  });
  return kept.subarray(0, to);
}

/** Plays records on a copy of a room, or on one that has just been made, in the order in which they entered. */
export class RecordPlayer {
  readonly #core: RecoveryCore;
  readonly #hasCopy: boolean;
  readonly #sessions: Uint32Array;
  readonly #left = new Map<number, number>();
  #game: Uint8Array;
  #pending: { tick: number; begin: Uint8Array; end: Uint8Array | null } | null = null;
  /** The next that has to come. */
  #next: number;
  #ticks = 0;
  #moved = false;

  /** Fills `core`, which has just been made. */
  constructor(core: RecoveryCore, copy: Pick<ShadowCopy, 'tick' | 'host' | 'region'> | null) {
    this.#core = core;
    this.#hasCopy = copy !== null;
    this.#sessions = new Uint32Array(core.playersMax);
    const sessionBytes = 4 * core.playersMax;
    if (copy !== null) {
      core.restore(copy.region);
      this.#sessions.set(new Uint32Array(copy.host.slice(0, sessionBytes).buffer));
    }
    this.#game = copy === null ? NOTHING : copy.host.slice(sessionBytes);
    this.#next = copy === null ? core.firstTick : copy.tick + 1;
  }

  /** The next tick that has to come. */
  get next(): number {
    return this.#next;
  }

  /** One record. `bytes` makes a copy of its payload. Throws E_ROOM_FAULT where one is missing before it, E_ROOM_CLOSED for a room that was. */
  take(kind: number, tick: number, bytes: () => Uint8Array): void {
    switch (kind) {
      case STAGE.begin:
        if (this.#pending !== null) this.#run(this.#pending);
        if (tick !== this.#next) throw fault(`tick ${this.#next} is not kept`);
        this.#pending = { tick, begin: bytes(), end: null };
        break;
      case STAGE.end:
        if (tick === this.#core.firstTick && this.#pending === null && tick === this.#next)
          this.#pending = { tick, begin: NOTHING, end: bytes() };
        else if (this.#pending?.tick === tick) this.#pending.end = bytes();
        else throw fault(`the beginning of tick ${tick} is not kept`);
        break;
      case STAGE.anew:
        this.#pending = null;
        break;
      case STAGE.game:
        this.#game = bytes();
        break;
      case STAGE.over:
        throw new FrayError('E_ROOM_CLOSED', 'Cannot recover a room: it was closed');
      case JOURNAL_RING.moved:
        this.#moved = true;
        break;
      case STAGE.resumed:
        this.#adopt(tick, bytes());
        break;
      case JOURNAL_RING.missing:
        throw fault(`what came before tick ${tick} is not kept`);
      default:
    }
  }

  /** The last tick as well, if its hooks have run; else there is no such tick. */
  settle(): void {
    if (this.#pending?.end) this.#run(this.#pending);
    this.#pending = null;
  }

  /** What came of it; `least`: a tick that has to be there. Throws E_ROOM_FAULT. */
  outcome(least: number, since: number): Recovery {
    const last = this.#pending;
    if ((last?.tick ?? this.#next - 1) < least) throw fault(`it ends before tick ${least}`);
    if (last !== null) this.#sit(last.begin);
    if (!this.#hasCopy && last === null && this.#ticks === 0) throw nothingKept();
    return {
      last,
      sessions: this.#sessions,
      left: this.#left,
      game: this.#game,
      ticks: this.#ticks,
      tick: this.#next - 1,
      since,
      moved: this.#moved,
    };
  }

  /** Another process went on with the room as of its last whole tick. */
  #adopt(tick: number, bytes: Uint8Array): void {
    this.settle();
    const epoch = decodeResumed(bytes)?.epoch;
    if (epoch === undefined || this.#core.adopt(epoch, tick) !== tick)
      throw fault(`it does not go on with tick ${tick}`);
    this.#next = tick + 1;
  }

  #run({ tick, begin, end }: JournalledTick): void {
    const core = this.#core;
    if (end === null) throw fault(`the end of tick ${tick} is not kept`);
    this.#sit(begin);
    if (tick > core.firstTick) {
      core.u8.set(begin, core.input);
      core.begin(begin.length);
    }
    core.u8.set(end, core.input);
    core.end(end.length);
    this.#pending = null;
    this.#next = tick + 1;
    this.#ticks += 1;
  }

  /** Who sits where after these records. */
  #sit(records: Uint8Array): void {
    const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
    eachRecord(records, ({ kind, slot, at }) => {
      const payload = at + RecordHeader.bytes;
      if (kind === Join.kind) this.#sessions[slot] = view.getUint32(payload + Join.session, true);
      if (kind !== Leave.kind) return;
      const session = this.#sessions[slot] as number;
      if (session !== 0) this.#left.set(session, view.getUint16(payload + Leave.code, true));
      this.#sessions[slot] = 0;
    });
  }
}

function eachRecord(
  records: Uint8Array,
  tell: (record: { kind: number; slot: number; at: number; end: number }) => void,
): void {
  const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
  for (let at = 0; at + RecordHeader.bytes <= records.length; ) {
    const bytes = view.getUint32(at + RecordHeader.length, true);
    const end = at + RecordHeader.bytes + 4 * Math.ceil(bytes / 4);
    if (end > records.length) return;
    tell({
      kind: view.getUint16(at + RecordHeader.kind, true),
      slot: view.getUint16(at + RecordHeader.index, true),
      at,
      end,
    });
    at = end;
  }
}

/** Place of the record with which a room opened that was never copied. */
function opens(ring: Ring, { row, id }: RecoverySources): number {
  let from = -1;
  let found = false;
  while (ring.next()) {
    if (ring.id !== row || ring.kind !== JOURNAL_RING.open) continue;
    from = ring.position;
    const opening = ring.bytes.slice(ring.offset, ring.offset + ring.length);
    found = decodeOpening(opening).roomId === id;
  }
  if (!found) throw nothingKept();
  return from;
}

function nothingKept(): FrayError {
  return fault('nothing of it is kept');
}

function fault(state: string): FrayError {
  return new FrayError('E_ROOM_FAULT', `Cannot recover a room: ${state}`);
}

const NOTHING = new Uint8Array(0);
