/** The last stage of a room's tick: its packets, into the outboxes. */
import type { WorkerEnd } from '../src/mailbox/messages.ts';
import { DATA, linkFor } from '../src/mailbox/messages.ts';
import type { TickCore } from './room-parts.ts';
import type { Timing } from './timing.ts';
import { COUNTER } from './timing.ts';

export interface PacketsOut {
  readonly row: number;
  readonly links: readonly WorkerEnd[];
  readonly routes: Uint8Array;
  /** Session by slot, 0 for none. */
  readonly sessions: Uint32Array;
  readonly timing: Timing;
}

/** Each packet into the outbox of the I/O thread that sends it; a full outbox drops it and the packet layer sees a loss. */
export function copyOut(core: TickCore, packets: number, to: PacketsOut): void {
  const { links, routes, sessions } = to;
  let sent = 0;
  let dropped = 0;
  // The other side wakes after the slot: nobody waits for a single packet.
  for (let io = 0; io < links.length; io += 1) (links[io] as WorkerEnd).outbox.hold();
  for (let row = 0; row < packets; row += 1) {
    const session = sessions[core.packetSlot(row)] as number;
    if (session === 0) continue;
    const { outbox } = links[linkFor(session, routes)] as WorkerEnd;
    const address = core.packetAddress(row);
    const bytes = core.packetBytes(row);
    const written =
      (address & 3) === 0
        ? outbox.tryWriteWords(DATA.packet, session, to.row, core.i32, address >> 2, bytes)
        : outbox.tryWrite(DATA.packet, session, to.row, core.u8, address, bytes);
    if (written) sent += 1;
    else dropped += 1;
  }
  for (let io = 0; io < links.length; io += 1) (links[io] as WorkerEnd).outbox.publish();
  if (sent > 0) to.timing.add(COUNTER.packetsOut, sent);
  if (dropped > 0) to.timing.add(COUNTER.outboxDropped, dropped);
}
