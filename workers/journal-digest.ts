/**
 * What the summary of a journal says, gathered while the journal is written: who came and went, how it ended, and the hash of all its
 * bytes. Of a file that somebody else has begun what stands there is read later, piece by piece.
 */
import { createHash } from 'node:crypto';
import { Join, Leave, RecordHeader } from '../protocol/gen/tables.ts';
import { identityOf } from '../src/plugin/identity.ts';
import { decodeResumed } from './journal-checkpoint.ts';
import type { JournalEntry, JournalHead } from './journal-format.ts';
import { ENTRY_HEAD_BYTES, padded, STAGE } from './journal-format.ts';
import { decodeOver, PLAYERS_MAX, type Summary, type SummaryPlayer } from './journal-summary.ts';

type HeadFacts = Pick<JournalHead, 'roomId' | 'epoch' | 'openedMs'>;

/** Who sits in a slot. */
type Stay = { -readonly [Key in keyof SummaryPlayer]: SummaryPlayer[Key] };

export class JournalDigest {
  readonly #hash = createHash('sha256');
  readonly #head: HeadFacts;
  readonly #stays: Stay[] = [];
  readonly #slots = new Map<number, Stay>();
  /** Joins and leaves of the tick that has begun: it is none before its end. */
  #begun: Uint8Array[] = [];
  #leftOut = 0;
  #bots = 0;
  #epoch: number;
  #lastTick = 0;
  #stateHash: string | null = null;
  #over: { readonly code: number; readonly result: string } | null = null;

  constructor(head: HeadFacts) {
    this.#head = head;
    this.#epoch = head.epoch;
  }

  /** The next bytes of the file. */
  bytes(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  /** The next entries, as they stand in a block that is unpacked. */
  entries(raw: Uint8Array): void {
    const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
    for (let at = 0; at + ENTRY_HEAD_BYTES <= raw.length; ) {
      const from = at + ENTRY_HEAD_BYTES;
      const end = from + view.getUint32(at + 8, true);
      const [stage, tick] = [view.getUint32(at, true), view.getUint32(at + 4, true)];
      this.#entry({ stage, tick, bytes: raw.subarray(from, end) });
      at = padded(end);
    }
  }

  /** The next `bytes` of a file, and the entries that stand in them, a piece at each step. Throws what reading throws. */
  *readBack(bytes: Uint8Array, entries: Iterable<JournalEntry>): Generator<void, void> {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      this.bytes(bytes.subarray(at, at + PIECE_BYTES));
      yield;
    }
    let read = 0;
    for (const entry of entries) {
      this.#entry(entry);
      read += ENTRY_HEAD_BYTES + entry.bytes.length;
      if (read < PIECE_BYTES) continue;
      read = 0;
      yield;
    }
  }

  /** Of all bytes so far. */
  hash(): Uint8Array {
    return new Uint8Array(this.#hash.copy().digest());
  }

  /** The tick that the room was closed in, and what there is to say; null for a room that was not closed. */
  summary(closedMs: number): { tick: number; text: Uint8Array } | null {
    if (this.#over === null) return null;
    const { roomId, openedMs } = this.#head;
    const { code, result } = this.#over;
    const summary: Summary = {
      room: roomId,
      epoch: this.#epoch,
      openedMs,
      closedMs,
      lastTick: this.#lastTick,
      stateHash: this.#stateHash,
      code,
      result: result === '' ? null : JSON.parse(result),
      players: this.#stays,
      playersLeftOut: this.#leftOut,
      bots: this.#bots,
    };
    return { tick: this.#lastTick, text: new TextEncoder().encode(JSON.stringify(summary)) };
  }

  #entry({ stage, tick, bytes }: JournalEntry): void {
    switch (stage) {
      case STAGE.begin:
        this.#begun = [];
        this.#keep(bytes);
        break;
      case STAGE.end:
        for (const record of this.#begun) this.#sit(tick, record);
        this.#begun = [];
        this.#lastTick = tick;
        this.#stateHash = null;
        break;
      case STAGE.hash:
        if (tick === this.#lastTick) this.#stateHash = hashOf(bytes);
        break;
      case STAGE.anew:
        this.#begun = [];
        break;
      case STAGE.resumed:
        this.#begun = [];
        this.#epoch = decodeResumed(bytes)?.epoch ?? this.#epoch;
        this.#lastTick = tick;
        this.#stateHash = null;
        break;
      case STAGE.over:
        this.#over = decodeOver(bytes);
        break;
      default:
    }
  }

  /** Joins and leaves of a tick's records. */
  #keep(records: Uint8Array): void {
    const view = new DataView(records.buffer, records.byteOffset, records.byteLength);
    for (let at = 0; at + RecordHeader.bytes <= records.length; ) {
      const kind = view.getUint16(at + RecordHeader.kind, true);
      const length = view.getUint32(at + RecordHeader.length, true);
      const end = at + RecordHeader.bytes + length;
      if (end > records.length) return;
      const isSeat =
        (kind === Join.kind && length >= Join.bytes) ||
        (kind === Leave.kind && length >= Leave.bytes);
      // Of a Buffer, too, whose `slice` would be no copy.
      if (isSeat) this.#begun.push(new Uint8Array(records.subarray(at, end)));
      at = padded(end);
    }
  }

  #sit(tick: number, record: Uint8Array): void {
    const view = new DataView(record.buffer);
    const slot = view.getUint16(RecordHeader.index, true);
    const payload = RecordHeader.bytes;
    const isJoin = view.getUint16(RecordHeader.kind, true) === Join.kind;
    const stay = this.#slots.get(slot);
    if (stay !== undefined) {
      stay.leftTick = tick;
      if (!isJoin) stay.code = view.getUint16(payload + Leave.code, true);
      this.#slots.delete(slot);
    }
    if (!isJoin) return;
    if ((view.getUint16(payload + Join.flags, true) & BOT_FLAG) !== 0) {
      this.#bots += 1;
      return;
    }
    const name = record.subarray(payload + Join.name);
    const { userId } = identityOf(record.subarray(payload + Join.bytes));
    const came: Stay = {
      userId,
      name: TEXT.decode(name.subarray(0, view.getUint8(payload + Join.nameBytes))),
      joinedTick: tick,
      leftTick: null,
      code: null,
    };
    this.#slots.set(slot, came);
    this.#stays.push(came);
    if (this.#stays.length <= PLAYERS_MAX) return;
    this.#stays.shift();
    this.#leftOut += 1;
  }
}

function hashOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).reverse().toString('hex');
}

const TEXT = new TextDecoder();
/** Of a record Join. */
const BOT_FLAG = 1;
/** Bytes of a file, or of entries, that are read at a time: some 2 ms. */
const PIECE_BYTES = 1 << 18;
