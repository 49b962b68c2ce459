/** Writing and reading the records of a room's input buffer, for benches that drive a `RoomCore` themselves. */
import type { RoomCore } from '../core-wasm/bindings/room.ts';
import { Join, Packet, Place, RecordHeader, SetField } from '../protocol/gen/tables.ts';

/** Fills the input buffer of a room, record after record. */
export class RecordWriter {
  readonly #room: RoomCore;
  #bytes = 0;

  constructor(room: RoomCore) {
    this.#room = room;
  }

  /** Bytes written since `clear`. */
  get bytes(): number {
    return this.#bytes;
  }

  clear(): void {
    this.#bytes = 0;
  }

  join(slot: number, session: number): void {
    const at = this.#begin(Join.kind, slot, Join.bytes);
    this.#room.u8.fill(0, at, at + Join.bytes);
    this.#room.view.setUint32(at + Join.session, session, true);
  }

  packet(slot: number, arrivalUs: number, packet: Uint8Array): void {
    const at = this.#begin(Packet.kind, slot, Packet.bytes + packet.length);
    this.#room.view.setUint32(at + Packet.arrivalUs, arrivalUs, true);
    this.#room.u8.set(packet, at + Packet.bytes);
  }

  place(handle: number, x: number, y: number): void {
    const at = this.#begin(Place.kind, 0, Place.bytes);
    const { view } = this.#room;
    view.setUint32(at + Place.handle, handle, true);
    view.setInt32(at + Place.x, x, true);
    view.setInt32(at + Place.y, y, true);
    view.setInt32(at + Place.z, 0, true);
    view.setInt32(at + Place.aim, -1, true);
    view.setUint32(at + Place.protectTicks, 0, true);
  }

  setField(handle: number, column: number, value: number): void {
    const at = this.#begin(SetField.kind, 0, SetField.bytes);
    this.#room.view.setUint32(at + SetField.handle, handle, true);
    this.#room.view.setUint32(at + SetField.column, column, true);
    this.#room.view.setInt32(at + SetField.value, value, true);
  }

  /** A copy of all that was written. */
  copy(): Uint8Array {
    return this.#room.u8.slice(this.#room.input, this.#room.input + this.#bytes);
  }

  /** Header and zeroed padding; the address of the payload. */
  #begin(kind: number, index: number, length: number): number {
    const { view, input, inputBytes, u32 } = this.#room;
    const at = input + this.#bytes;
    const padded = (length + 3) & ~3;
    this.#bytes += RecordHeader.bytes + padded;
    if (this.#bytes > inputBytes)
      throw new Error(`The input buffer of ${inputBytes} bytes is full`);
    view.setUint16(at + RecordHeader.kind, kind, true);
    view.setUint16(at + RecordHeader.index, index, true);
    view.setUint32(at + RecordHeader.length, length, true);
    if (padded > 0) u32[(at + RecordHeader.bytes + padded - 4) >> 2] = 0;
    return at + RecordHeader.bytes;
  }
}

/** Calls `visit` for each record of a buffer: kind, index, payload. */
export function eachRecord(
  bytes: Uint8Array,
  visit: (kind: number, index: number, payload: Uint8Array) => void,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  while (at + RecordHeader.bytes <= bytes.length) {
    const length = view.getUint32(at + RecordHeader.length, true);
    const start = at + RecordHeader.bytes;
    visit(
      view.getUint16(at + RecordHeader.kind, true),
      view.getUint16(at + RecordHeader.index, true),
      bytes.subarray(start, start + length),
    );
    at = start + ((length + 3) & ~3);
  }
}
