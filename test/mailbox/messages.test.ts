import fc from 'fast-check';
import { test } from 'tap';
import {
  ANSWER,
  createLink,
  IoEnd,
  ioThreadOf,
  JOIN,
  JOINED,
  NOTICE_BYTES_MAX,
  NOTICES_WAITING_MAX,
  OPEN,
  ORDER,
  ROOM_ID_BYTES_MAX,
  ROOM_OPTIONS_BYTES_MAX,
  TELL_BYTES_MAX,
  TELLS_WAITING_MAX,
  TEXT_BYTES_MAX,
  WorkerEnd,
} from '../../src/mailbox/messages.ts';
import type { Ring } from '../../src/mailbox/ring.ts';

const bytes = new Uint8Array(4096);

test('control rings take all that may wait at once, wherever their counters stand', (t) => {
  const property = fc.property(
    fc.integer({ min: 1, max: 400 }),
    fc.integer({ min: 1, max: 10 }),
    fc.nat({ max: 300 }),
    (sessionsMax, roomsMax, turns) => {
      const memory = createLink({
        sessionsMax,
        roomsMax,
        inboxBytes: 4096,
        outboxBytes: 4096,
        packetBytesMax: 1120,
      });
      const io = new IoEnd(memory);
      const worker = new WorkerEnd(memory);
      for (let i = 0; i < turns; i += 1) {
        for (const [to, from] of [
          [io.orders, worker.orders],
          [worker.answers, io.answers],
        ] as [Ring, Ring][]) {
          to.tryWrite(1, 0, 0, bytes, 0, i % 97);
          from.next();
          from.release();
        }
      }
      const order = (kind: number, length: number): boolean =>
        io.orders.tryWrite(kind, 1, 1, bytes, 0, length);
      const answer = (kind: number, length: number): boolean =>
        worker.answers.tryWrite(kind, 1, 1, bytes, 0, length);
      let fits = true;
      for (let i = 0; i < NOTICES_WAITING_MAX; i += 1)
        fits &&= order(ORDER.notice, NOTICE_BYTES_MAX);
      for (let i = 0; i < TELLS_WAITING_MAX; i += 1) fits &&= order(ORDER.tell, TELL_BYTES_MAX);
      for (let i = 0; i < roomsMax; i += 1) {
        fits &&=
          order(ORDER.open, OPEN.tail + ROOM_ID_BYTES_MAX + ROOM_OPTIONS_BYTES_MAX) &&
          order(ORDER.close, 0);
        fits &&=
          answer(ANSWER.opened, 0) &&
          answer(ANSWER.idle, 0) &&
          answer(ANSWER.closed, TEXT_BYTES_MAX);
      }
      for (let i = 0; i < sessionsMax; i += 1) {
        fits &&=
          order(ORDER.join, JOIN.bytesMax) &&
          order(ORDER.drop, 0) &&
          order(ORDER.resume, 0) &&
          order(ORDER.leave, 0);
        fits &&=
          answer(ANSWER.joined, JOINED.bytes) &&
          answer(ANSWER.wait, 0) &&
          answer(ANSWER.resumed, JOINED.bytes) &&
          answer(ANSWER.left, TEXT_BYTES_MAX) &&
          answer(ANSWER.idle, 0);
      }
      return fits && order(ORDER.stop, 0);
    },
  );
  t.doesNotThrow(() => fc.assert(property, { numRuns: 200 }));
  t.end();
});

test('a session id names its I/O thread in the upper 4 bits', (t) => {
  t.equal(ioThreadOf(0x0fff_ffff), 0);
  t.equal(ioThreadOf(0xf000_0001), 15);
  t.end();
});
