import { test } from 'tap';
import { LEVEL, Overload } from '../../workers/overload.ts';

/** Looks at a worker whose rooms ask for `load` of the time in real time at level 0; each step takes its share off. */
class Played {
  readonly overload = new Overload();
  nowUs = 1_000_000;
  asked = 0;
  /** Level and speed after each change. */
  readonly steps: string[] = [];

  constructor() {
    this.account(0, 0);
  }

  account(busyUs: number, skipped: number): boolean {
    return this.overload.account(Float64Array.of(this.nowUs - busyUs, this.nowUs, 0), skipped);
  }

  look(seconds: number, skipped = 0): void {
    for (let left = seconds * 2; left > 0; left -= 1) {
      const { overload } = this;
      const sends = overload.level >= LEVEL.sends ? 0.7 : 1;
      const load = Math.min(1, (this.asked * sends * overload.permille) / 1000);
      this.nowUs += 500_000;
      if (this.account(load * 500_000, this.asked > 1 ? 1 : skipped))
        this.steps.push(`${overload.level}/${overload.permille}`);
    }
  }
}

test('each step in its order, and each has its way back', (t) => {
  const played = new Played();
  played.asked = 3;
  played.look(10);
  t.same(played.steps, [
    ...['1/1000', '2/1000', '3/950', '3/900', '3/850', '3/800', '3/750', '3/700'],
    ...['3/650', '3/600', '3/550', '3/500', '4/500'],
  ]);
  played.steps.length = 0;
  played.asked = 0.1;
  played.look(20);
  t.same(played.steps, [
    ...['3/500', '3/550', '3/600', '3/650', '3/700', '3/750', '3/800', '3/850', '3/900', '3/950'],
    ...['2/1000', '1/1000', '0/1000'],
  ]);
  t.end();
});

test('one bad look is no overload: a machine that slept, one long pause', (t) => {
  const played = new Played();
  played.look(0.5, 40);
  played.look(3);
  played.look(0.5, 40);
  played.look(3);
  t.same(played.steps, []);
  t.end();
});

test('time is as slow as it has to be, and no slower', (t) => {
  const played = new Played();
  const { overload } = played;
  played.asked = 1.8;
  played.look(30);
  // 1.8 * 0.7 is 126 %: at 0.7 of the speed it fits, and the ticks that are left out end.
  played.asked = 0.99 / 0.7;
  for (let i = 0; i < 60; i += 1) {
    played.nowUs += 500_000;
    played.account((0.99 * 500_000 * overload.permille) / 1000, 0);
  }
  t.equal(overload.level, LEVEL.slow);
  t.ok(overload.permille >= 800 && overload.permille <= 900, `${overload.permille}`);
  t.end();
});

test('a calm that does not last has to be longer the next time', (t) => {
  const played = new Played();
  const ups: number[] = [];
  let last = 0;
  // At level 1 it is calm, at level 0 it is not: a step down is wrong each time.
  for (let look = 0; look < 2000; look += 1) {
    const { overload } = played;
    played.nowUs += 500_000;
    const load = overload.level === 0 ? 0.95 : 0.3;
    if (played.account(load * 500_000, 0) && overload.level === 1) {
      ups.push(look - last);
      last = look;
    }
  }
  t.ok((ups[1] ?? 0) < 20, `${ups.slice(0, 6)}`);
  t.ok((ups.at(-1) ?? 0) >= 120 && ups.length < 40, `a minute in the end: ${ups.slice(-3)}`);
  t.end();
});

test('a spike on a server that is busy anyway does not leave it degraded', (t) => {
  const played = new Played();
  played.asked = 1.2;
  played.look(2);
  t.equal(played.overload.level, LEVEL.sends);
  played.asked = 0.7;
  played.look(10);
  t.equal(played.overload.level, LEVEL.none);
  t.end();
});
