/**
 * What the client's clock does when time breaks: a server that stops, a machine that sleeps, a clock that leaps. The server
 * of this house is modelled with what makes it hard: it reports a smoothed margin, of commands that it did not know alone,
 * and a client sends no command for a tick that it has seen the end of.
 */
import { test } from 'tap';
import { ClientClock } from '../../src/client/clock.ts';

const TICK_MS = 1000 / 30;

interface Snapshot {
  readonly atMs: number;
  readonly tick: number;
  readonly margin: number;
}

class World {
  readonly clock = new ClientClock({ tickRateHz: 30, interpolationTicks: 3 });
  /** Real time, and what the client's clock is ahead of it. */
  nowMs = 0;
  shiftMs = 0;
  serverStops = false;
  clientStops = false;
  /** Ticks that had their command, and that had none. */
  applied = 0;
  missing = 0;
  readonly #oneWayMs: number;
  #tick = 100;
  #dueMs = TICK_MS;
  #snapshots: Snapshot[] = [];
  #packets: { readonly atMs: number; readonly ticks: readonly number[] }[] = [];
  readonly #commands = new Set<number>();
  #newestInput = 0;
  #margin = 0;
  #sampled = 0;
  #made: number[] = [];
  #reached = 100;

  constructor(oneWayMs: number) {
    this.#oneWayMs = oneWayMs;
    this.clock.start(this.#tick, 0, oneWayMs * 2);
    this.#sampled = Math.floor(this.clock.commandTick);
    this.run(4000);
    this.applied = this.missing = 0;
  }

  get tick(): number {
    return this.#tick;
  }

  run(ms: number): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; ) {
      this.nowMs += 1;
      if (!this.serverStops) this.#serve();
      if (!this.clientStops) this.#play();
    }
  }

  /** As in workers/slots.ts: of what was missed, three ticks are made up for. */
  #serve(): void {
    this.#packets = this.#packets.filter(({ atMs, ticks }) => {
      if (atMs > this.nowMs) return true;
      this.#take(ticks);
      return false;
    });
    if (this.nowMs < this.#dueMs) return;
    const behind = Math.floor((this.nowMs - this.#dueMs) / TICK_MS);
    this.#dueMs += (behind + 1) * TICK_MS;
    for (let left = Math.min(behind, 3); left >= 0; left -= 1) {
      this.#tick += 1;
      if (this.#commands.delete(this.#tick)) this.applied += 1;
      else this.missing += 1;
    }
    const atMs = this.nowMs + this.#oneWayMs;
    const margin = Math.max(-8, Math.min(127 / 16, this.#margin));
    this.#snapshots.push({ atMs, tick: this.#tick, margin });
  }

  #take(ticks: readonly number[]): void {
    const newest = Math.max(0, ...ticks);
    if (newest > this.#newestInput) {
      const ahead = Math.max(-64, Math.min(64, newest - this.#tick - 1));
      this.#margin += (ahead + (this.#dueMs - this.nowMs) / TICK_MS - this.#margin) / 8;
      this.#newestInput = newest;
    }
    for (const tick of ticks)
      if (tick > this.#tick && tick - this.#tick <= 62) this.#commands.add(tick);
  }

  #play(): void {
    const clientMs = this.nowMs + this.shiftMs;
    this.#snapshots = this.#snapshots.filter(({ atMs, tick, margin }) => {
      if (atMs > this.nowMs) return true;
      this.#reached = tick;
      this.clock.snapshot(tick, clientMs);
      this.clock.roundTrip(this.#oneWayMs * 2);
      this.clock.margin(margin, clientMs);
      this.#pump(clientMs);
      return false;
    });
    if (this.nowMs % 4 === 0) this.#pump(clientMs);
  }

  #pump(clientMs: number): void {
    this.clock.advance(clientMs);
    const due = Math.floor(this.clock.commandTick);
    if (due <= this.#sampled) return;
    for (let tick = Math.max(this.#sampled + 1, due - 3); tick <= due; tick += 1)
      this.#made.unshift(tick);
    this.#sampled = due;
    this.#made = this.#made.filter((tick) => tick > this.#reached).slice(0, 16);
    this.#packets.push({ atMs: this.nowMs + this.#oneWayMs, ticks: this.#made });
  }
}

/** What breaks, and how long it may take until every tick has its command again. */
const BREAKS: readonly (readonly [what: string, ms: number, act: (world: World) => void])[] = [
  ['a server that stops for 8 s', 2500, (world) => stop(world, { server: true, ms: 8000 })],
  [
    'a server that stops for half a second',
    2500,
    (world) => stop(world, { server: true, ms: 500 }),
  ],
  ['a client that stops for 3 s', 2500, (world) => stop(world, { client: true, ms: 3000 })],
  [
    'both stop, and the clock runs on',
    2500,
    (world) => stop(world, { server: true, client: true, ms: 3000 }),
  ],
  [
    'both stop, and the clock stands meanwhile',
    2500,
    (world) => stop(world, { server: true, client: true, ms: 3000, shiftMs: -3000 }),
  ],
  [
    'both stop, and the clock leaps on by an hour',
    2500,
    (world) => stop(world, { server: true, client: true, ms: 3000, shiftMs: 3_600_000 }),
  ],
  [
    'a client that sleeps, and its clock stands',
    2500,
    (world) => stop(world, { client: true, ms: 5000, shiftMs: -5000 }),
  ],
  [
    'a client that is held for 150 ms, and its clock stands',
    2500,
    (world) => stop(world, { client: true, ms: 150, shiftMs: -150 }),
  ],
  ['a clock that leaps on by an hour', 2500, (world) => stop(world, { ms: 0, shiftMs: 3_600_000 })],
  ['a clock that leaps on by half a second', 2500, (world) => stop(world, { ms: 0, shiftMs: 500 })],
];

for (const [what, backMs, act] of BREAKS) {
  test(`${what}: soon every tick has its command, and the view is in the present`, async (t) => {
    for (const oneWayMs of [0, 1, 20, 75]) {
      const world = new World(oneWayMs);
      t.equal(world.missing, 0);
      act(world);
      world.run(backMs);
      world.applied = world.missing = 0;
      world.run(3000);
      const at = `${oneWayMs} ms away`;
      t.ok(world.missing <= 1, `${at}: ${world.missing} ticks without a command`);
      t.ok(world.applied > 85, `${at}: ${world.applied} ticks with one`);
      const behind = world.tick - oneWayMs / TICK_MS - world.clock.viewTick;
      t.ok(behind > 1.8 && behind < 5.5, `${at}: the view is ${behind} ticks behind`);
    }
  });
}

test('a silence of half a second changes nothing', async (t) => {
  const world = new World(20);
  const ahead = world.clock.commandTick - world.tick;
  stop(world, { client: true, ms: 500 });
  world.run(40);
  t.ok(Math.abs(world.clock.commandTick - world.tick - ahead) < 1.5);
  t.equal(world.clock.resets, 0);
});

interface Stop {
  readonly server?: boolean;
  readonly client?: boolean;
  readonly ms: number;
  /** By how much the client's clock is off then. */
  readonly shiftMs?: number;
}

function stop(world: World, { server = false, client = false, ms, shiftMs = 0 }: Stop): void {
  world.serverStops = server;
  world.clientStops = client;
  world.run(ms);
  world.serverStops = world.clientStops = false;
  world.shiftMs += shiftMs;
}
