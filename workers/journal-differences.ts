/**
 * What makes a journal short: a client's packet is much like its one before (counters that went on by one, the same controls), so a
 * block keeps the beginning of each as differences, byte by byte, before it is packed. Pure; both ways walk the same entries.
 */
import { Packet, RecordHeader } from '../protocol/gen/tables.ts';
import { ENTRY_HEAD_BYTES, padded, STAGE } from './journal-format.ts';

/** The state of one journal: the newest packet of each slot. */
export class Differences {
  readonly #before = new Map<number, Uint8Array>();

  /** Packets of whole entries, in place: each less the one before. */
  apply(raw: Uint8Array): void {
    this.#each(raw, (bytes, before) => {
      for (let i = 0; i < bytes.length; i += 1) {
        const byte = bytes[i] as number;
        bytes[i] = byte - (before[i] as number);
        before[i] = byte;
      }
    });
  }

  /** The way back. Of anything but what `apply` made it makes something of the same length. */
  undo(raw: Uint8Array): void {
    this.#each(raw, (bytes, before) => {
      for (let i = 0; i < bytes.length; i += 1) {
        const byte = ((bytes[i] as number) + (before[i] as number)) & 255;
        bytes[i] = byte;
        before[i] = byte;
      }
    });
  }

  /** The same state, which goes its own way from here. */
  copy(): Differences {
    const twin = new Differences();
    for (const [slot, before] of this.#before) twin.#before.set(slot, before.slice());
    return twin;
  }

  /** Tells of each packet's beginning, and that of the one before it in its slot. */
  #each(raw: Uint8Array, tell: (bytes: Uint8Array, before: Uint8Array) => void): void {
    const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
    for (let at = 0; at + ENTRY_HEAD_BYTES <= raw.length; ) {
      const from = at + ENTRY_HEAD_BYTES;
      const end = from + view.getUint32(at + 8, true);
      if (end > raw.length) return;
      if (view.getUint32(at, true) === STAGE.begin) this.#records(view, from, end, tell);
      at = padded(end);
    }
  }

  #records(
    view: DataView,
    from: number,
    end: number,
    tell: (bytes: Uint8Array, before: Uint8Array) => void,
  ): void {
    for (let at = from; at + RecordHeader.bytes <= end; ) {
      const payload = at + RecordHeader.bytes;
      const length = view.getUint32(at + RecordHeader.length, true);
      if (payload + length > end) return;
      if (view.getUint16(at + RecordHeader.kind, true) === Packet.kind) {
        const count = Math.min(length, COMPARED_BYTES);
        const bytes = new Uint8Array(view.buffer, view.byteOffset + payload, count);
        tell(bytes, this.#of(view.getUint16(at + RecordHeader.index, true)));
      }
      at = padded(payload + length);
    }
  }

  #of(slot: number): Uint8Array {
    let before = this.#before.get(slot);
    if (before === undefined) {
      before = new Uint8Array(COMPARED_BYTES);
      this.#before.set(slot, before);
    }
    return before;
  }
}

/** Bytes of a packet that are kept as differences: header and commands. What follows is messages, which are never alike. */
export const COMPARED_BYTES = 64;
