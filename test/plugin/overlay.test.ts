import t from 'tap';
import { Overlay } from '../../src/plugin/overlay.ts';

t.test('what a hook has written is read until it is forgotten, and never comes back', (t) => {
  const core = {
    columns: Int32Array.of(10, 11, 12, 13),
    entitiesMax: 2,
    roomFields: Int32Array.of(20),
  };
  const overlay = new Overlay(core);
  overlay.write(1, 0, 77);
  overlay.writeRoom(0, 88);
  t.strictSame([overlay.read(1, 0), overlay.read(1, 1), overlay.readRoom(0)], [77, 13, 88]);
  let back = 0;
  for (let tick = 0; tick < 200_000; tick += 1) {
    overlay.forget();
    if (overlay.read(1, 0) !== 12 || overlay.readRoom(0) !== 20) back += 1;
  }
  t.equal(back, 0, 'also after as many ticks as stamps can tell apart');
  t.end();
});
