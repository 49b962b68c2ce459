/** What orders say. */
import { OPEN, TEXT_BYTES_MAX } from '../src/mailbox/messages.ts';
import type { Ring } from '../src/mailbox/ring.ts';
import type { RoomOrder } from './boot.ts';

/** A copy of what an order carries. */
export function payloadOf(order: Ring): Uint8Array {
  return order.bytes.slice(order.offset, order.offset + order.length);
}

export function readOpen(order: Ring, owner: number): RoomOrder {
  const word = (offset: number): number =>
    (order.words[(order.offset + offset) >> 2] as number) >>> 0;
  const text = (from: number, bytes: number): string =>
    new TextDecoder().decode(order.bytes.slice(from, from + bytes));
  const idBytes = word(OPEN.roomIdBytes);
  const tail = order.offset + OPEN.tail;
  return {
    row: order.id,
    owner,
    id: text(tail, idBytes),
    seed: (BigInt(word(OPEN.seedHigh)) << 32n) | BigInt(word(OPEN.seedLow)),
    epoch: word(OPEN.epoch),
    bots: word(OPEN.bots),
    optionsJson: text(tail + idBytes, word(OPEN.optionsBytes)),
  };
}

/** Text for a goodbye, cut between characters. */
export function shortText(text: string): Uint8Array {
  const bytes = new Uint8Array(TEXT_BYTES_MAX);
  const { written } = new TextEncoder().encodeInto(text, bytes);
  return bytes.subarray(0, written);
}
