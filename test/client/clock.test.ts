import fc from 'fast-check';
import { test } from 'tap';
import { CLOCK_RESET_MS, CLOCK_SPEED_CHANGE_MAX, ClientClock } from '../../src/client/clock.ts';

/** A server at `hz`, a link with delay and jitter both ways, and a client that runs `ClientClock` over it. */
class Simulation {
  readonly tickMs: number;
  readonly clock: ClientClock;
  readonly margins: number[] = [];
  readonly views: number[] = [];
  readonly commands: number[] = [];
  /** ms that the server is late from now on (a stall), may change while running. */
  stallMs = 0;
  oneWayMs: number;
  jitterMs: number;
  loss = 0;
  nowMs = 0;
  #nextTick = 1;
  #lastCommand = 0;
  #reported = Number.NaN;
  #random: () => number;
  readonly #down: { atMs: number; tick: number; margin: number }[] = [];
  readonly #up: { atMs: number; tick: number }[] = [];

  constructor(hz: number, link: { rttMs: number; jitterMs: number; loss?: number; seed: number }) {
    this.tickMs = 1000 / hz;
    this.oneWayMs = link.rttMs / 2;
    this.jitterMs = link.jitterMs;
    this.loss = link.loss ?? 0;
    this.#random = mulberry(link.seed);
    this.clock = new ClientClock({ tickRateHz: hz, interpolationTicks: 3 });
    this.clock.start(0, this.oneWayMs * 2, this.oneWayMs * 2);
    this.nowMs = this.oneWayMs * 2;
    this.#nextTick = Math.ceil(this.nowMs / this.tickMs);
    this.#lastCommand = Math.floor(this.clock.commandTick);
  }

  /** Runs to `untilMs` in steps of 1 ms; `shown: false` as in a hidden tab (arrivals only). */
  run(untilMs: number, shown = true): void {
    while (this.nowMs < untilMs) {
      this.nowMs += 1;
      this.#server();
      this.#client(shown);
    }
  }

  get serverNow(): number {
    return (this.nowMs - this.stallMs) / this.tickMs;
  }

  #server(): void {
    while (this.#up.length > 0 && (this.#up[0]?.atMs ?? 0) <= this.nowMs) {
      const command = this.#up.shift();
      if (command) this.#reported = command.tick - this.serverNow;
    }
    while (this.#nextTick <= this.serverNow) {
      if (this.#random() >= this.loss) {
        const atMs = this.nowMs + this.oneWayMs + this.#random() * this.jitterMs;
        this.#down.push({ atMs, tick: this.#nextTick, margin: this.#reported });
        this.#down.sort((a, b) => a.atMs - b.atMs);
      }
      this.#nextTick += 1;
    }
  }

  #client(shown: boolean): void {
    let arrived = false;
    while (this.#down.length > 0 && (this.#down[0]?.atMs ?? 0) <= this.nowMs) {
      const snapshot = this.#down.shift();
      if (!snapshot) break;
      arrived = true;
      this.clock.snapshot(snapshot.tick, this.nowMs);
      this.clock.roundTrip(this.oneWayMs * 2 + this.jitterMs);
      if (!Number.isNaN(snapshot.margin)) {
        this.clock.margin(snapshot.margin, this.nowMs);
        this.margins.push(snapshot.margin);
      }
    }
    if (!shown && !arrived) return;
    this.clock.advance(this.nowMs);
    this.views.push(this.clock.viewTick);
    this.commands.push(this.clock.commandTick);
    const due = Math.floor(this.clock.commandTick);
    if (due <= this.#lastCommand) return;
    this.#lastCommand = due;
    if (this.#random() < this.loss) return;
    this.#up.push({ atMs: this.nowMs + this.oneWayMs + this.#random() * this.jitterMs, tick: due });
    this.#up.sort((a, b) => a.atMs - b.atMs);
  }
}

/** The tick that the fastest snapshot arriving now would carry. */
function arrivable(sim: Simulation): number {
  return (sim.nowMs - sim.oneWayMs) / sim.tickMs;
}

test('over any link the view never goes back and leaves the speed of the server by at most 2 %', async (t) => {
  fc.assert(
    fc.property(
      fc.constantFrom(20, 30, 60, 128),
      fc.integer({ min: 2, max: 300 }),
      fc.integer({ min: 0, max: 80 }),
      fc.integer({ min: 0, max: 20 }),
      fc.integer(),
      (hz, rttMs, jitterMs, lossPercent, seed) => {
        const sim = new Simulation(hz, { rttMs, jitterMs, loss: lossPercent / 100, seed });
        sim.run(3000);
        const from = sim.views.length;
        sim.run(8000);
        for (let i = from; i < sim.views.length; i += 1) {
          const step = ((sim.views[i] ?? 0) - (sim.views[i - 1] ?? 0)) * sim.tickMs;
          if (step < 1 - CLOCK_SPEED_CHANGE_MAX - 1e-6) return false;
          if (step > 1 + CLOCK_SPEED_CHANGE_MAX + 1e-6) return false;
          const ahead = ((sim.commands[i] ?? 0) - (sim.commands[i - 1] ?? 0)) * sim.tickMs;
          if (ahead > 1 + CLOCK_SPEED_CHANGE_MAX + 1e-6 || ahead < 0) return false;
        }
        return true;
      },
    ),
    { numRuns: 40, seed: 1 },
  );
  t.pass();
});

test('jitter does not move the estimate: it follows the earliest snapshots', async (t) => {
  for (const jitterMs of [0, 20, 60]) {
    const sim = new Simulation(30, { rttMs: 100, jitterMs, loss: 0.05, seed: 7 });
    sim.run(4000);
    let worst = 0;
    for (let until = 4050; until <= 20000; until += 50) {
      sim.run(until);
      worst = Math.max(worst, Math.abs(sim.clock.serverTick - arrivable(sim)));
    }
    t.ok(worst < 0.25, `off by ${worst} ticks with jitter ${jitterMs}`);
    t.ok(Math.abs(sim.clock.viewTick - (sim.clock.serverTick - 3)) < 0.25);
  }
});

test('commands arrive about one tick and the jitter before they are needed', async (t) => {
  for (const jitterMs of [0, 20, 60]) {
    const sim = new Simulation(30, { rttMs: 120, jitterMs, loss: 0.05, seed: 3 });
    sim.run(6000);
    sim.margins.length = 0;
    sim.run(26000);
    const mean = sim.margins.reduce((sum, margin) => sum + margin, 0) / sim.margins.length;
    const late = sim.margins.filter((margin) => margin < 0).length / sim.margins.length;
    t.ok(Math.abs(mean - sim.clock.marginTarget) < 0.25, `${mean} of ${sim.clock.marginTarget}`);
    t.ok(late < 0.02, `${late} late with jitter ${jitterMs}`);
    t.ok(mean < 1.2 + (2 * jitterMs) / sim.tickMs);
  }
});

test('a path that becomes slower or faster is followed without a jump', async (t) => {
  const sim = new Simulation(30, { rttMs: 60, jitterMs: 5, seed: 5 });
  sim.run(5000);
  sim.oneWayMs = 100;
  sim.run(15000);
  t.ok(Math.abs(sim.clock.serverTick - arrivable(sim)) < 0.3);
  t.ok(Math.abs(sim.clock.viewTick - sim.clock.serverTick + 3) < 0.3);
  t.ok(Math.abs(sim.clock.arrivalMargin - sim.clock.marginTarget) < 0.4);
  sim.oneWayMs = 30;
  sim.run(25000);
  t.ok(Math.abs(sim.clock.viewTick - sim.clock.serverTick + 3) < 0.3);
  t.equal(sim.clock.resets, 0);
});

test('a path that becomes 400 ms slower makes the commands jump, and they arrive in time again', async (t) => {
  const sim = new Simulation(30, { rttMs: 60, jitterMs: 5, seed: 5 });
  sim.run(5000);
  sim.oneWayMs = 430;
  sim.run(11000);
  t.ok(sim.clock.resets > 0);
  sim.margins.length = 0;
  sim.run(16000);
  t.equal(sim.margins.filter((margin) => margin < 0).length, 0);
  t.ok(Math.abs(sim.clock.arrivalMargin - sim.clock.marginTarget) < 0.5);
});

test('a server that stalls for a second is waited for: the view stands, and does not go back', async (t) => {
  const sim = new Simulation(30, { rttMs: 60, jitterMs: 5, seed: 9 });
  sim.run(5000);
  sim.stallMs = 1000;
  sim.run(15000);
  for (let i = 1; i < sim.views.length; i += 1) {
    if ((sim.views[i] ?? 0) < (sim.views[i - 1] ?? 0)) t.fail('the view went back');
  }
  t.ok(Math.abs(sim.clock.viewTick - (sim.serverNow - sim.oneWayMs / sim.tickMs - 3)) < 0.3);
  t.ok(Math.abs(sim.clock.arrivalMargin - sim.clock.marginTarget) < 0.4);
});

test('after five hidden minutes the first frame shows the present', async (t) => {
  const sim = new Simulation(30, { rttMs: 60, jitterMs: 10, seed: 11 });
  sim.run(5000);
  sim.run(305_000, false);
  sim.run(305_016);
  const lateMs = Math.abs(sim.clock.viewTick - (arrivable(sim) - 3)) * sim.tickMs;
  t.ok(lateMs < 50, `${lateMs} ms`);
});

test('after a machine slept, with its clock standing, the first snapshots bring the present', async (t) => {
  const clock = new ClientClock({ tickRateHz: 30, interpolationTicks: 3 });
  clock.start(100, 0, 50);
  for (let tick = 101; tick < 200; tick += 1) {
    clock.snapshot(tick, (tick - 100) * (1000 / 30));
    clock.advance((tick - 100) * (1000 / 30));
  }
  const nowMs = 99 * (1000 / 30) + 5;
  clock.snapshot(9200, nowMs);
  clock.advance(nowMs);
  t.ok(Math.abs(clock.viewTick - 9197) < 1);
  t.ok(clock.commandTick > 9200);
});

test('dilated time is followed at once', async (t) => {
  const clock = new ClientClock({ tickRateHz: 30, interpolationTicks: 3 });
  clock.start(0, 0, 0);
  const tickMs = 1000 / 30;
  let nowMs = 0;
  let tick = 0;
  for (; tick < 60; tick += 1, nowMs += tickMs) clock.snapshot(tick, nowMs);
  clock.advance(nowMs);
  clock.dilate(500, nowMs);
  const from = clock.viewTick;
  for (let i = 0; i < 60; i += 1, tick += 1) {
    nowMs += tickMs * 2;
    clock.snapshot(tick, nowMs);
    clock.advance(nowMs);
  }
  t.ok(Math.abs(clock.viewTick - from - 60) < 1);
  t.ok(Math.abs(clock.nextCommandMs) <= tickMs * 2);
  t.equal(clock.resets, 0);
});

test('the limits are as documented', async (t) => {
  t.equal(CLOCK_SPEED_CHANGE_MAX, 0.02);
  t.equal(CLOCK_RESET_MS, 250);
});

function mulberry(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

test('keeps a tick in reserve while commands come too late, and gives it back', (t) => {
  const clock = new ClientClock({ tickRateHz: 30, interpolationTicks: 3 });
  clock.start(100, 0, 0);
  const calm = clock.marginTarget;
  let nowMs = 0;
  let late = 0;
  const run = (seconds: number, latePerSecond: number) => {
    for (let step = 0; step < seconds * 30; step += 1) {
      nowMs += 1000 / 30;
      clock.advance(nowMs);
      late += latePerSecond / 30;
      clock.late(Math.floor(late), nowMs);
    }
  };
  run(5, 1.5);
  t.ok(clock.marginTarget - calm > 0.8, `${clock.marginTarget - calm} ticks with 5 % loss`);
  t.ok(clock.marginTarget - calm <= 1);
  run(11, 0);
  t.ok(Math.abs(clock.marginTarget - calm) < 1e-9, `${clock.marginTarget} after, ${calm} before`);
  t.end();
});
