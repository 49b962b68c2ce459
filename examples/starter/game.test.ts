// Rules are tested in a room of their own, without sockets and without a clock: npm test
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testRoom } from 'fray/testing';
import game from './server.ts';

test('four bolts kill; it counts, and the victim is back after two seconds', () => {
  const room = testRoom(game, { seed: 1 });
  const ann = room.join({ name: 'Ann' });
  const bob = room.join({ name: 'Bob' });
  room.tick();
  // Ann looks to the right, at Bob.
  room.run((inside) => {
    for (const p of inside.players)
      inside.place(p, { x: p.id === ann.id ? 0 : 5, y: 0 }, { aim: 0 });
  });
  ann.input({ fire: true });
  room.tick(40);
  assert.equal(bob.view().me?.alive, false);
  assert.equal(ann.view().me?.kills, 1);
  ann.input({ fire: false });
  room.tick(65);
  assert.equal(bob.view().me?.health, 100);
});

test('everybody hears what one says', () => {
  const room = testRoom(game);
  const ann = room.join({ name: 'Ann' });
  const bob = room.join({ name: 'Bob' });
  room.tick();
  ann.send('chat', { text: 'hello' });
  room.tick(2);
  assert.deepEqual(bob.received('chat'), [{ from: ann.id, text: 'hello' }]);
});
