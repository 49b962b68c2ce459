/** Where a session sits, as the answers to its joining and resuming tell it: JoinedShape of mailbox/messages.ts. */
import { RoomStats, RosterRow } from '../protocol/gen/tables.ts';
import { JOINED } from '../src/mailbox/messages.ts';
import type { TickCore } from './room-parts.ts';

export class Place {
  readonly #core: TickCore;
  readonly #bytes = new Uint8Array(JOINED.bytes);
  readonly #words = new Uint32Array(this.#bytes.buffer);

  constructor(core: TickCore) {
    this.#core = core;
  }

  /** Good until the next. */
  of(slot: number): Uint8Array {
    const core = this.#core;
    const words = this.#words;
    const row = core.roster + slot * core.rosterRowBytes;
    words[JOINED.playerId >> 2] = core.view.getUint32(row + RosterRow.playerId, true);
    words[JOINED.handle >> 2] = core.players[slot] as number;
    words[JOINED.tick >> 2] = core.tick;
    words[JOINED.epoch >> 2] = core.epochs[slot] as number;
    words[JOINED.wallsHash >> 2] = core.stat(RoomStats.wallsHash);
    words[JOINED.messagesRead >> 2] = core.messagesRead(slot);
    words[JOINED.messagesBefore >> 2] = core.messagesDone(slot);
    return this.#bytes;
  }
}
