/** A file of its own: what else a process has run changes what the engine keeps off the heap. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t from 'tap';
import { Bench } from './bench.ts';
import { ledgerGame } from './games.ts';

const ROUNDS_MAX = 20;
/** Less than 8 bytes a tick: not one object. */
const BYTES_MAX = 2000 * 8;

t.test('going through players and writing their fields makes no garbage', (t) => {
  let sum = 0;
  const b = new Bench(
    ledgerGame({
      onTick(room) {
        for (const p of room.players) {
          for (const q of room.players) sum += q.kills + p.slot;
          p.ammo = (p.ammo + 1) & 127;
          room.state.total = sum & 1023;
        }
        for (const c of room.entities('crate')) sum += c.content;
      },
      onCreate(room) {
        for (let n = 0; n < 5; n += 1) room.spawn('crate', { x: n, y: 9 });
      },
    }),
  );
  for (let slot = 0; slot < 8; slot += 1) b.join(slot);
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const measure = (ticks: number): number => {
    collect();
    const before = process.memoryUsage().heapUsed;
    for (let n = 0; n < ticks; n += 1) {
      b.core.begin(0);
      b.core.end(b.runtime.hooks(0));
    }
    return process.memoryUsage().heapUsed - before;
  };
  b.tick();
  measure(4000);
  // On a busy machine the optimising compiler comes late; garbage of ours would be there in every round.
  let bytes = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS_MAX && bytes >= BYTES_MAX; round += 1)
    bytes = Math.min(bytes, measure(2000));
  t.ok(bytes < BYTES_MAX, `${bytes} bytes in 2,000 ticks of 8 players`);
  t.end();
});
