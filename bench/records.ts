/** Writes records or commands into the input buffer of a room in the core. */
import type { RoomCore } from '../core-wasm/bindings/room.ts';
import { RecordHeader } from '../protocol/gen/tables.ts';

export class Records {
  readonly #core: RoomCore;
  #at = 0;

  constructor(core: RoomCore) {
    this.#core = core;
  }

  /** A record of zeros; where its payload stands. */
  put(kind: number, index: number, bytes: number): number {
    const { view, u8, input } = this.#core;
    const at = input + this.#at;
    view.setUint16(at + RecordHeader.kind, kind, true);
    view.setUint16(at + RecordHeader.index, index, true);
    view.setUint32(at + RecordHeader.length, bytes, true);
    const end = (bytes + 3) & ~3;
    u8.fill(0, at + RecordHeader.bytes, at + RecordHeader.bytes + end);
    this.#at += RecordHeader.bytes + end;
    return at + RecordHeader.bytes;
  }

  /** Bytes written since this was asked last. */
  taken(): number {
    const bytes = this.#at;
    this.#at = 0;
    return bytes;
  }
}
