/** What the client's clock does when it hears nothing: a server that stops, a machine that sleeps, a clock that leaps. */
import { test } from 'tap';
import { ClientClock } from '../../src/client/clock.ts';

const TICK_MS = 1000 / 30;

/** A clock that hears each tick at once; its own time and the server's can be moved apart. */
class Listener {
  readonly clock = new ClientClock({ tickRateHz: 30, interpolationTicks: 3 });
  /** The client's time, and the server's tick. */
  nowMs = 0;
  tick = 100;
  commandHigh = 0;

  constructor() {
    this.clock.start(this.tick, 0, 30);
  }

  /** The server ticks on and is heard. */
  hear(ticks: number): void {
    for (let i = 0; i < ticks; i += 1) {
      this.nowMs += TICK_MS;
      this.tick += 1;
      this.clock.snapshot(this.tick, this.nowMs);
      this.clock.margin(this.clock.commandTick - this.tick - 0.5, this.nowMs);
      this.clock.advance(this.nowMs);
    }
  }

  /** Nothing is heard; the client's timers go on. */
  silence(ms: number): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; ) {
      this.nowMs = Math.min(endMs, this.nowMs + 20);
      this.clock.advance(this.nowMs);
    }
  }

  /** Ticks by which the commands are ahead of the server. */
  get ahead(): number {
    return this.clock.commandTick - this.tick;
  }
}

test('a server that stops for 8 s finds its players at work a second after it has come back', async (t) => {
  const one = new Listener();
  one.hear(90);
  one.silence(8000);
  t.ok(one.ahead < 36, `${one.ahead} ticks ahead after the silence`);
  t.ok(one.clock.viewTick < one.tick + 31);
  one.hear(36);
  const before = one.clock.commandTick;
  one.hear(15);
  t.ok(one.clock.commandTick - before > 14, 'commands are made again, each tick');
  t.ok(one.ahead > 0 && one.ahead < 4, `${one.ahead} ticks ahead`);
  t.ok(
    Math.abs(one.clock.viewTick - (one.tick - 3)) < 0.5,
    `view ${one.clock.viewTick - one.tick}`,
  );
});

test('a clock that leaps on by an hour is back within a second, whoever is woken first', async (t) => {
  for (const first of ['a timer', 'a packet']) {
    const one = new Listener();
    one.hear(90);
    one.nowMs += 3_600_000;
    if (first === 'a timer') one.clock.advance(one.nowMs);
    one.hear(36);
    const before = one.clock.commandTick;
    one.hear(15);
    t.ok(one.clock.commandTick - before > 14, `${first}: commands are made again`);
    t.ok(one.ahead > 0 && one.ahead < 4, `${first}: ${one.ahead} ticks ahead`);
    t.ok(Math.abs(one.clock.viewTick - (one.tick - 3)) < 0.5, first);
  }
});

test('a client that slept while the server went on is in the present with the first packet', async (t) => {
  const one = new Listener();
  one.hear(90);
  one.nowMs += 20_000;
  one.tick += 600;
  one.hear(2);
  t.ok(Math.abs(one.clock.viewTick - (one.tick - 3)) < 1, `view ${one.clock.viewTick - one.tick}`);
  one.hear(15);
  t.ok(one.ahead > 0 && one.ahead < 4, `${one.ahead} ticks ahead`);
});

test('a silence of half a second changes nothing', async (t) => {
  const [heard, deaf] = [new Listener(), new Listener()];
  heard.hear(105);
  deaf.hear(90);
  deaf.silence(15 * TICK_MS);
  deaf.tick += 15;
  t.ok(Math.abs(heard.clock.viewTick - deaf.clock.viewTick) < 0.1);
  t.ok(Math.abs(heard.ahead - deaf.ahead) < 0.2, `${heard.ahead} and ${deaf.ahead}`);
  t.equal(deaf.clock.resets, 0);
});
