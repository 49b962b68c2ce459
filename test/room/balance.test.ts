/** Which room goes where workers are uneven. */
import { test } from 'tap';
import { Balance, uneven } from '../../src/room/balance.ts';

const room = (id: string, weight: number, mayGo = true) => ({ id, weight, mayGo });

test('the largest room goes that does not make the other worker the busier one', async (t) => {
  const rooms = [room('a', 50), room('b', 30), room('c', 20)];
  const worker = (index: number, busy: number, of = rooms) => ({ index, busy, rooms: of });
  t.same(uneven([worker(0, 0.9), worker(1, 0.1)], 0.25), { id: 'b', to: 1 }, '0.27 of 0.4');
  t.same(uneven([worker(0, 0.6), worker(1, 0.55), worker(2, 0)], 0.25), { id: 'a', to: 2 });
  t.equal(uneven([worker(0, 0.6), worker(1, 0.4)], 0.25), null, 'not uneven enough');
  t.equal(uneven([worker(0, 0.45), worker(1, 0)], 0.25), null, 'time enough');
  t.equal(uneven([worker(0, 0.9, [room('a', 1)]), worker(1, 0)], 0.25), null, 'the only one');
  const stays = [room('a', 50), room('b', 30, false), room('c', 20)];
  t.same(uneven([worker(0, 0.9, stays), worker(1, 0.1)], 0.25), { id: 'c', to: 1 });
  t.equal(uneven([], 0.25), null);
  t.equal(uneven([worker(0, 0.9, []), worker(1, 0)], 0.25), null);
});

test('one room a look, by what workers did since the one before; a room that went stays for a minute', async (t) => {
  let nowUs = 0;
  const busyUs = [0, 0];
  const sent: string[] = [];
  const rooms = [
    { id: 'a', weight: 10 },
    { id: 'b', weight: 10 },
    { id: 'c', weight: 10 },
  ];
  const balance = new Balance({
    margin: 0.25,
    workers: () =>
      busyUs.map((us, index) => ({ index, busyUs: us, rooms: index === 0 ? rooms : [] })),
    move: (id, to) => sent.push(`${id} to ${to}`),
    nowUs: () => nowUs,
  });
  const look = (busy: number): void => {
    nowUs += 5e6;
    busyUs[0] = (busyUs[0] ?? 0) + busy * 5e6;
    balance.look();
  };
  look(0.9);
  t.same(sent, [], 'the first look has nothing to compare with');
  for (let k = 0; k < 4; k += 1) look(0.9);
  t.same(sent, ['a to 1', 'b to 1', 'c to 1'], 'each once');
  for (let k = 0; k < 12; k += 1) look(0.9);
  t.equal(sent.length, 6);
  look(0.3);
  t.equal(sent.length, 6);
});
