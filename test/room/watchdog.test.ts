import { test } from 'tap';
import { LOOKS, Watchdog } from '../../src/room/watchdog.ts';
import { createPulse, Pulse, readPulse, resetPulse } from '../../workers/pulse.ts';

test('a worker hangs that gives no sign for the whole time and at several looks', async (t) => {
  const memory = createPulse();
  const pulse = new Pulse(memory);
  const dog = new Watchdog(250);
  let nowMs = 1000;
  const look = (passedMs: number): boolean => {
    nowMs += passedMs;
    return dog.look(readPulse(memory), nowMs);
  };
  for (let k = 0; k < 20; k += 1) {
    pulse.beat();
    t.notOk(look(50), 'it beats');
  }
  for (let k = 1; k < LOOKS; k += 1) t.notOk(look(50));
  t.ok(look(50), `${LOOKS} looks and 250 ms without a beat`);
  pulse.beat();
  t.notOk(look(10_000), 'who looks after a long sleep of its own sees one look');
  t.notOk(look(10_000));
  pulse.makes(4);
  t.notOk(look(50));
  for (let k = 1; k < 20 * LOOKS; k += 1) t.notOk(look(50), 'a room that is made may take long');
  t.ok(look(50));
  pulse.ticks(3, 77);
  t.match(readPulse(memory), { row: 3, tick: 77, makes: false });
  pulse.rest();
  t.match(readPulse(memory), { row: -1, makes: false });
  resetPulse(memory);
  t.match(readPulse(memory), { row: -1, makes: true }, 'before the next thread has it');
  const never = new Watchdog(0);
  for (let k = 0; k < 1000; k += 1) t.notOk(never.look(readPulse(memory), k * 1000));
});
