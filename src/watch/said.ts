/** What a player's client was told by the game: messages in the commands that a tick ended with. */
import { RecordHeader, Send } from '../../protocol/gen/tables.ts';

/** Calls `fn` with each message, its kind byte first, that went to the client of a slot. */
export function messagesTo(
  slot: number,
  commands: Uint8Array,
  fn: (message: Uint8Array) => void,
): void {
  const view = new DataView(commands.buffer, commands.byteOffset, commands.byteLength);
  for (let at = 0; at + RecordHeader.bytes <= commands.length; ) {
    const from = at + RecordHeader.bytes;
    const length = view.getUint32(at + RecordHeader.length, true);
    if (view.getUint16(at + RecordHeader.kind, true) === Send.kind && length >= Send.bytes) {
      const to = view.getUint16(at + RecordHeader.index, true);
      const except = view.getUint32(from + Send.except, true);
      const heard = to === slot || (to === EVERYBODY && except !== slot);
      if (heard) fn(commands.subarray(from + Send.bytes, from + length));
    }
    at = from + ((length + 3) & ~3);
  }
}

const EVERYBODY = 0xffff;
