/** From an outbox to sockets: of each client the newest packet. */
import type { Ring } from '../mailbox/ring.ts';
import type { DirectoryCounters, JoinRequest } from './options.ts';
import type { Resumption } from './orders.ts';
import type { HostedRoom } from './placement.ts';

/** A session's place in a room; see directory.ts for its life. */
export interface Seat {
  readonly sessionId: number;
  readonly room: HostedRoom;
  /** What it came with. */
  readonly request: Pick<JoinRequest, 'name' | 'verify' | 'userId' | 'userData'>;
  state: 'joining' | 'in' | 'leaving';
  /** What is under way of an absence: `away` from drop to resume, `resuming` until that is answered. */
  presence: 'here' | 'away' | 'resuming';
  /** How it came back, or comes back, last. */
  resumption: Resumption;
  /** A fresh resume that was asked for while another was under way: the next order, and the one that is answered. */
  again: Resumption | undefined;
  /** It wants state hashes. */
  verify: boolean;
  /** Place in the outbox of the newest packet of this drain. */
  newest: number;
}

export interface DrainParts {
  readonly seats: ReadonlyMap<number, Seat>;
  readonly counters: DirectoryCounters;
  /** `bytes` are the receiver's until it returns. */
  readonly send: (sessionId: number, bytes: Uint8Array) => void;
}

/**
 * Walks what waits twice: first to see which packet of each session is the newest, then to send those. An older packet
 * is dropped (the packet layer sees a loss): a client that gets two snapshots at once shows only the newer one.
 */
export function drainOutbox(ring: Ring, { seats, counters, send }: DrainParts): void {
  let waiting = 0;
  while (ring.next()) {
    waiting += 1;
    const seat = seats.get(ring.id);
    if (seat !== undefined) seat.newest = ring.position;
  }
  if (waiting === 0) return;
  ring.rewind();
  for (let i = 0; i < waiting && ring.next(); i += 1) {
    const seat = seats.get(ring.id);
    if (seat === undefined || seat.state !== 'in') {
      counters.packetsGone += 1;
    } else if (seat.newest !== ring.position) {
      counters.replaced += 1;
    } else {
      send(ring.id, ring.payload());
    }
  }
  ring.release();
}
