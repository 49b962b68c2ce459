import { test } from 'tap';
import { Seats } from '../../workers/seats.ts';

test('a slot that leaves is neither free nor a bot until the core has let its player go', (t) => {
  const seats = new Seats(3);
  const handles = Uint32Array.of(0, 0, 99);
  t.equal(seats.free(handles), 0);
  t.equal(seats.lastBot(handles), 2);
  seats.take(0, 7);
  handles[0] = 11;
  seats.leave(0);
  seats.leave(0);
  t.equal(seats.people, 0);
  t.equal(seats.leaving, 1);
  seats.settle(handles);
  t.equal(seats.leaving, 1, 'the core still has it');
  t.equal(seats.free(handles), 1);
  handles[0] = 0;
  t.equal(seats.free(handles), 1, 'gone, and not settled');
  seats.settle(handles);
  t.equal(seats.leaving, 0);
  t.equal(seats.free(handles), 0);
  t.end();
});
