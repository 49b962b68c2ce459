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
  overlay.write(1, 0, 78);
  overlay.writeRoom(0, 88);
  t.strictSame([overlay.read(1, 0), overlay.read(1, 1), overlay.readRoom(0)], [78, 13, 88]);
  overlay.forget();
  t.strictSame([overlay.read(1, 0), overlay.read(1, 1), overlay.readRoom(0)], [12, 13, 20]);
  overlay.write(0, 1, 99);
  t.strictSame([overlay.read(0, 1), overlay.read(1, 0), overlay.readRoom(0)], [99, 12, 20]);
  t.end();
});

t.test('any writes and reads of any ticks are those of a map that is cleared', (t) => {
  for (const rows of [3, 40, 4096]) {
    const core = {
      columns: Int32Array.from({ length: rows * 20 }, (_, cell) => cell),
      entitiesMax: rows,
      roomFields: Int32Array.of(-1, -2, -3),
    };
    const overlay = new Overlay(core);
    const model = new Map<number, number>();
    let state = rows;
    const below = (n: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * n);
    };
    let wrong = 0;
    for (let tick = 0; tick < 50; tick += 1) {
      overlay.forget();
      model.clear();
      for (let step = below(tick % 10 === 0 ? 3000 : 100); step > 0; step -= 1) {
        const [column, row, field] = [below(20), below(rows), below(3)];
        if (below(2) === 0) {
          overlay.write(column, row, step);
          model.set(column * rows + row, step);
          if (below(5) === 0) {
            overlay.writeRoom(field, -step);
            model.set(-1 - field, -step);
          }
        }
        const [other, at] = [below(20), below(rows)];
        const cell = other * rows + at;
        if (overlay.read(other, at) !== (model.get(cell) ?? cell)) wrong += 1;
        if (overlay.readRoom(field) !== (model.get(-1 - field) ?? -1 - field)) wrong += 1;
      }
    }
    t.equal(wrong, 0, `${rows} rows; seed ${rows}`);
  }
  t.end();
});
