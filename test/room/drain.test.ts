/** From an outbox to sockets: of each client the newest packet, wherever the ring's counters stand. */
import { test } from 'tap';
import { createRing, Ring } from '../../src/mailbox/ring.ts';
import type { Seat } from '../../src/room/drain.ts';
import { drainOutbox } from '../../src/room/drain.ts';
import { type DirectoryCounters, directoryCounters } from '../../src/room/options.ts';
import type { HostedRoom } from '../../src/room/placement.ts';

const room = {} as HostedRoom;

/** An outbox whose counters stand at `start`, and who sits where. */
function bench(start = 0): {
  writer: Ring;
  seats: Map<number, Seat>;
  counters: DirectoryCounters;
  drain(): string[];
} {
  const buffer = createRing(1024, 64);
  const header = new Int32Array(buffer);
  header[16] = header[32] = start;
  const [writer, reader] = [new Ring(buffer, 'write'), new Ring(buffer, 'read')];
  const seats = new Map<number, Seat>();
  for (const sessionId of [1, 2])
    seats.set(sessionId, {
      sessionId,
      room,
      request: { name: '', verify: false, userId: '', userData: new Uint8Array(0) },
      resumption: { fresh: false, verify: false },
      state: 'in',
      presence: 'here',
      again: undefined,
      verify: false,
      newest: -1,
    });
  const counters = directoryCounters();
  return {
    writer,
    seats,
    counters,
    drain() {
      const sent: string[] = [];
      const send = (id: number, bytes: Uint8Array) => sent.push(`${id}: ${bytes.join()}`);
      drainOutbox(reader, { seats, counters, send });
      return sent;
    },
  };
}

function write(writer: Ring, session: number, byte: number): void {
  if (!writer.tryWrite(1, session, 0, Uint8Array.of(byte, 0), 0, 2)) throw new Error('full');
}

for (const start of [0, -32, 2 ** 31 - 32, -(2 ** 31)]) {
  test(`of packets that piled up each client is sent its newest, counters at ${start}`, (t) => {
    const { writer, counters, drain } = bench(start | 0);
    for (let byte = 1; byte <= 3; byte += 1) for (const id of [1, 2]) write(writer, id, byte);
    write(writer, 1, 4);
    t.same(drain(), ['2: 3,0', '1: 4,0']);
    t.equal(counters.replaced, 5);
    write(writer, 2, 9);
    t.same(drain(), ['2: 9,0'], 'and of the next drain the newest of that');
    t.same(drain(), []);
    t.equal(writer.free(), writer.capacity, 'what was drained is given back');
    t.end();
  });
}

test('a packet for a session that has left, or never sat here, is counted and not sent', (t) => {
  const { writer, seats, counters, drain } = bench();
  for (const id of [1, 2, 3]) write(writer, id, id);
  (seats.get(2) as Seat).state = 'leaving';
  t.same(drain(), ['1: 1,0']);
  t.equal(counters.packetsGone, 2);
  t.end();
});
