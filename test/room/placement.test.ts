import fc from 'fast-check';
import { test } from 'tap';
import { ERROR } from '../../protocol/gen/tables.ts';
import { newRoomId } from '../../src/room/id.ts';
import { Placement } from '../../src/room/placement.ts';

const limits = { roomsMax: 3, playersMax: 2, workers: 2 };
const opening = { seed: 1n, epoch: 1, optionsJson: '' };
const room = (id: string, worker = 0, open = true) => ({
  id,
  worker,
  open,
  openedUs: 0,
  bots: 0,
  opening,
});

test('any: the fullest room with a free place, then a new room, then none', (t) => {
  const placement = new Placement(limits);
  t.same(placement.decide({ any: true }), { open: true });
  const a = placement.add(room('a'));
  const b = placement.add(room('b'));
  b.people = 1;
  t.equal((placement.decide({ any: true }) as { room: unknown }).room, b);
  b.people = 2;
  t.equal((placement.decide({ any: true }) as { room: unknown }).room, a);
  a.people = 1;
  a.botsFixed = 1;
  t.same(placement.decide({ any: true }), { open: true });
  placement.add(room('c', 1, false));
  t.same(
    placement.decide({ any: true }),
    { code: ERROR.E_ROOM_LIMIT },
    'a created room takes nobody who did not name it',
  );
  t.end();
});

test('id and create: each refusal has its code', (t) => {
  const placement = new Placement(limits);
  const a = placement.add(room('a', 0, false));
  t.same(placement.decide({ id: 'x' }), { code: ERROR.E_ROOM_UNKNOWN });
  t.equal((placement.decide({ id: 'a' }) as { room: unknown }).room, a);
  a.people = 2;
  t.same(placement.decide({ id: 'a' }), { code: ERROR.E_ROOM_FULL });
  a.closing = true;
  t.same(placement.decide({ id: 'a' }), { code: ERROR.E_ROOM_CLOSED });
  t.same(placement.decide({ create: '{}' }), { open: false });
  placement.add(room('b'));
  placement.add(room('c'));
  t.same(placement.decide({ create: '{}' }), { code: ERROR.E_ROOM_LIMIT });
  placement.remove(a);
  t.same(placement.decide({ id: 'a' }), { code: ERROR.E_ROOM_UNKNOWN });
  t.same(placement.decide({ create: '{}' }), { open: false });
  t.end();
});

test('a new room goes to the least loaded worker that runs', (t) => {
  const placement = new Placement({ ...limits, roomsMax: 10 });
  t.equal(
    placement.worker(() => true),
    0,
  );
  placement.add(room('a', 0)).people = 2;
  t.equal(
    placement.worker(() => true),
    1,
  );
  t.equal(
    placement.worker((worker) => worker === 0),
    0,
  );
  t.equal(
    placement.worker(() => false),
    -1,
  );
  t.end();
});

test('rows are unique per worker, below the number of rooms, and used again', (t) => {
  const operations = fc.array(
    fc.record({ add: fc.boolean(), worker: fc.nat({ max: 1 }), at: fc.nat() }),
    { maxLength: 80, size: 'max' },
  );
  const property = fc.property(operations, (list) => {
    const placement = new Placement({ roomsMax: 8, playersMax: 2, workers: 2 });
    let next = 0;
    for (const { add, worker, at } of list) {
      const rooms = [...placement.rooms()];
      if (add && rooms.length < 8) placement.add(room(`r${next++}`, worker));
      else if (rooms.length > 0) placement.remove(rooms[at % rooms.length] as (typeof rooms)[0]);
      for (const one of placement.rooms())
        if (one.row >= 8 || placement.byRow(one.worker, one.row) !== one) return false;
    }
    return true;
  });
  t.doesNotThrow(() => fc.assert(property));
  t.end();
});

test('room ids fit a link and do not repeat', (t) => {
  const ids = Array.from({ length: 1000 }, newRoomId);
  t.ok(ids.every((id) => /^[A-Za-z0-9_-]{16}$/.test(id)));
  t.equal(new Set(ids).size, 1000);
  t.end();
});

test('a worker that lets nobody in is left out; where all are, the refusal says so', (t) => {
  const full = new Set<number>();
  const placement = new Placement({ ...limits, full: (worker) => full.has(worker) });
  const a = placement.add(room('a', 0));
  const b = placement.add(room('b', 1));
  a.people = 1;
  t.equal((placement.decide({ any: true }) as { room: unknown }).room, a);
  full.add(0);
  t.equal((placement.decide({ any: true }) as { room: unknown }).room, b);
  t.same(placement.decide({ id: 'a' }), { code: ERROR.E_OVERLOADED });
  t.equal(
    placement.worker(() => true),
    1,
  );
  b.people = 2;
  t.same(placement.decide({ any: true }), { open: true }, 'a new room on the other');
  t.equal(placement.full, false);
  full.add(1);
  t.equal(placement.full, true);
  t.same(placement.decide({ any: true }), { code: ERROR.E_OVERLOADED });
  t.same(placement.decide({ create: '{}' }), { code: ERROR.E_OVERLOADED });
  t.equal(
    placement.worker(() => true),
    -1,
  );
  t.end();
});
