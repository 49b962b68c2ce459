/** Orders and notices in the control ring of a worker that reads nothing. */
import { test } from 'tap';
import { ERROR, MESSAGE, NAME_BYTES_MAX } from '../../protocol/gen/tables.ts';
import { Bell, createBell } from '../../src/mailbox/bell.ts';
import {
  createLink,
  IoEnd,
  JOIN,
  NOTICE_BYTES_MAX,
  NOTICES_WAITING_MAX,
  ORDER,
  RESUME,
  TELL_BYTES_MAX,
  TELLS_WAITING_MAX,
  WorkerEnd,
} from '../../src/mailbox/messages.ts';
import { identityOf } from '../../src/plugin/identity.ts';
import { fitName, noticeMessage, OrderDesk } from '../../src/room/orders.ts';
import type { HostedRoom } from '../../src/room/placement.ts';
import type { RoomWorker } from '../../src/room/workers.ts';

const sizes = { sessionsMax: 60, roomsMax: 2 };
const opening = { seed: 7n, epoch: 1, optionsJson: `{"text":"${'y'.repeat(500)}"}` };
const rooms = ['a'.repeat(48), 'b'].map((id, row) => ({
  id,
  row,
  bots: 0,
  opening,
})) as HostedRoom[];

function bench(): { desk: OrderDesk; worker: RoomWorker; reader: WorkerEnd } {
  const memory = createLink({
    ...sizes,
    inboxBytes: 4096,
    outboxBytes: 4096,
    packetBytesMax: 1120,
  });
  const worker = { end: new IoEnd(memory), bell: new Bell(createBell()), index: 0 };
  return {
    desk: new OrderDesk(sizes),
    worker: worker as unknown as RoomWorker,
    reader: new WorkerEnd(memory),
  };
}

test('notices leave the space of all orders that may come, and the rest is refused', (t) => {
  // Wherever the ring's counters stand: what wraps is part of the space.
  for (let turns = 0; turns < 200; turns += 1) {
    const { desk, worker, reader } = bench();
    for (let k = 0; k < turns; k += 1) {
      desk.leave(worker, 1, k);
      while (reader.orders.next());
      reader.orders.release();
    }
    const message = noticeMessage(ERROR.E_SHUTDOWN, 'x'.repeat(500), { inMs: 1000 });
    const told = new Uint8Array(TELL_BYTES_MAX);
    let tells = 0;
    const tellsMax = turns % 3 === 0 ? 10_000 : TELLS_WAITING_MAX;
    while (tells < tellsMax && desk.tell(worker, 1, told)) tells += 1;
    if (tells < TELLS_WAITING_MAX || tells === 10_000)
      t.fail(`${tells} messages to one client fit after ${turns} turns`);
    let notices = 0;
    while (notices < 10_000 && desk.notice(worker, message)) notices += 1;
    const notFew = turns % 3 === 0 || notices >= NOTICES_WAITING_MAX;
    if (!notFew || notices === 10_000) t.fail(`${notices} notices fit after ${turns} turns`);
    try {
      for (const room of rooms) {
        desk.open(worker, room);
        for (let sessionId = 1; sessionId <= sizes.sessionsMax; sessionId += 1) {
          if (room.row > 0) break;
          const known = { userId: 'u'.repeat(64), userData: new Uint8Array(128) };
          desk.join(worker, room, { sessionId, name: 'z'.repeat(40), verify: true, ...known });
          desk.drop(worker, sessionId);
          desk.resume(worker, sessionId, { fresh: true, verify: true });
          desk.leave(worker, sessionId, ERROR.E_LEFT);
        }
        desk.close(worker, room, ERROR.E_SHUTDOWN);
      }
      desk.stop(worker, ERROR.E_SHUTDOWN);
    } catch (error) {
      t.fail(`after ${turns} turns and ${notices} notices: ${String(error)}`);
      break;
    }
  }
  t.end();
});

test('a resume says how, a message to one client for whom; what is no message of the host throws', (t) => {
  const { desk, worker, reader } = bench();
  desk.resume(worker, 7, { fresh: false, verify: true });
  desk.resume(worker, 8, { fresh: true, verify: false });
  desk.resume(worker, 9, { fresh: true, verify: true });
  t.ok(desk.tell(worker, 7, Uint8Array.of(MESSAGE.control, 1, 2)));
  const { orders } = reader;
  const seen: [number, number, number, number][] = [];
  while (orders.next()) seen.push([orders.kind, orders.id, orders.arg, orders.length]);
  t.same(seen, [
    [ORDER.resume, 7, 0, 0],
    [ORDER.resume, 8, RESUME.fresh, 0],
    [ORDER.resume, 9, RESUME.fresh | RESUME.verify, 0],
    [ORDER.tell, 7, 0, 3],
  ]);
  const bad = [
    [],
    [MESSAGE.game, 1],
    [0x1a, 4, 10],
    [MESSAGE.control, ...new Array(TELL_BYTES_MAX).fill(1)],
  ];
  for (const bytes of bad)
    t.throws(() => desk.tell(worker, 7, Uint8Array.from(bytes)), { code: 'E_VALUE' });
  t.end();
});

test('a join says who and with what name, cut between characters', (t) => {
  const { desk, worker, reader } = bench();
  desk.join(worker, rooms[1] as HostedRoom, {
    sessionId: 7,
    name: `a${'ö'.repeat(20)}`,
    verify: true,
    userId: 'zoë',
    userData: Uint8Array.of(0, 255, 7),
  });
  const anon = { userId: '', userData: new Uint8Array(0) };
  desk.join(worker, rooms[0] as HostedRoom, { sessionId: 8, name: 'b', verify: false, ...anon });
  const { orders } = reader;
  t.ok(orders.next());
  const bytes = JOIN.identity + 8;
  t.same([orders.kind, orders.id, orders.arg, orders.length], [ORDER.join, 7, 1, bytes]);
  const view = new DataView(orders.bytes.buffer, orders.bytes.byteOffset + orders.offset);
  t.equal(view.getUint32(JOIN.flags, true), 2);
  t.equal(view.getUint32(JOIN.nameBytes, true), NAME_BYTES_MAX - 1);
  t.equal(view.getUint32(JOIN.identityBytes, true), 8);
  const identity = orders.bytes.slice(orders.offset + JOIN.identity, orders.offset + bytes);
  t.same(identityOf(identity), { userId: 'zoë', userData: Uint8Array.of(0, 255, 7) });
  t.ok(orders.next());
  const name = orders.bytes.subarray(orders.offset + JOIN.name, orders.offset + JOIN.identity);
  t.same([...name], [98, ...new Array(NAME_BYTES_MAX - 1).fill(0)], 'no letter of the one before');
  t.equal(Buffer.from(fitName('ö'.repeat(16))).toString(), 'ö'.repeat(16));
  t.end();
});

test('who has a user id or data that a token could not hold is not ordered in', (t) => {
  const { desk, worker, reader } = bench();
  const who = { sessionId: 7, name: 'b', verify: false };
  const join = (idBytes: number, dataBytes: number): void => {
    const userId = 'u'.repeat(idBytes);
    const userData = new Uint8Array(dataBytes);
    desk.join(worker, rooms[0] as HostedRoom, { ...who, userId, userData });
  };
  join(64, 128);
  t.ok(reader.orders.next());
  t.equal(reader.orders.length, JOIN.bytesMax);
  t.throws(() => join(65, 0), { code: 'E_VALUE' });
  t.throws(() => join(64, 129), { code: 'E_VALUE' });
  t.notOk(reader.orders.next());
  t.end();
});

test('the text of a notice is cut until it fits', (t) => {
  for (const text of ['', 'short', 'ü'.repeat(300)]) {
    const message = noticeMessage(ERROR.E_SHUTDOWN, text, { inMs: 5000 });
    t.ok(message.length <= NOTICE_BYTES_MAX, `${message.length} bytes of ${text.length}`);
  }
  t.end();
});
