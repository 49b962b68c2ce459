/**
 * `fray bench move` (P6, W3): players of radius 0.5 m on 16 m2 each, among walls, pushing each other, in the committed core as it ships,
 * beside rapier2d-simd's character controller on kinematic bodies in the same run. Same world, same wishes.
 *
 * Timed of ours is `begin` of a room of bots, all of it: the inputs are read and applied, everybody moves, is pushed out of others and kept out
 * of walls, weapons count down. The peer comes in two forms. Kinematic bodies, as its documentation has it for characters: the
 * controller computes each movement against walls and the others, the bodies take it, the world steps; this is what the goal is of. And
 * dynamic circles that are given a velocity each tick, whose solver pushes them apart: the cheapest that does the work.
 * Ours does more (inputs, acceleration); rapier does more (any shape, contact graphs for an author's queries). How far they get in a
 * tick is printed beside: if that were not much the same, they would not do the same.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileCore } from '../core-wasm/bindings/instantiate.ts';
import { POSITION_ONE } from '../protocol/gen/tables.ts';
import type { Bench, BenchOptions, BenchRow } from '../src/cli/bench-report.ts';
import { median, ratioRow } from '../src/cli/bench-report.ts';
import { packageRoot } from '../src/cli/games.ts';
import { circle, defineSchema } from '../src/schema/index.ts';
import type { Moves, Point } from './bot-room.ts';
import { BotRoom, metres } from './bot-room.ts';
import { collector } from './gc.ts';
import { FORMS, loadRapier, type Rapier, RapierWorld, type W3 } from './move-peer.ts';
import { wallRow } from './move-walls.ts';
import type { Peer } from './peers.ts';
import { random } from './w1.ts';

export const bench: Bench = {
  name: 'move',
  async run(options) {
    const core = readFileSync(join(packageRoot(), 'core-wasm', 'fray_core.wasm'));
    const module = await compileCore(core);
    const peer = await loadRapier();
    if (typeof peer === 'string') options.progress(peer);
    const found = typeof peer === 'string' ? undefined : peer;
    const sizes = options.quick ? SIZES.slice(0, 1) : SIZES;
    const rows = sizes.flatMap((size) => runSize(size, { module, peer: found, options }));
    return [...rows, wallRow(module, options)];
  },
};

interface Parts {
  readonly module: WebAssembly.Module;
  readonly peer: Peer<Rapier> | undefined;
  readonly options: BenchOptions;
}

function runSize(size: number, { module, peer, options }: Parts): BenchRow[] {
  const { warmTicks, rounds, roundTicks } = options.quick ? QUICK : FULL;
  const race = new Race(size, { module, peer, options });
  race.round(warmTicks);
  const collect = collector();
  const times: Round[] = [];
  for (let round = 0; round < rounds; round += 1) {
    collect();
    times.push(race.round(roundTicks));
  }
  const ways = race.metresPerTick.map((metres) => metres.toFixed(3));
  options.progress(`move/${size}: m that they get in a tick: ours, ${FORMS.join(', ')}: ${ways}`);
  return FORMS.map((form, index) =>
    ratioRow({
      name: `move/${size}, beside ${form} bodies`,
      unit: 'ns per player and tick',
      rounds: times.map(({ ours, peers }) => ({ ours, peer: peers[index] ?? null })),
      peerName: peer?.name ?? null,
      ...(size === GOAL_SIZE &&
        form === 'kinematic' && { goal: { text: `>= ${GOAL}x`, ratioMin: GOAL, id: 'P6' } }),
      more: MORE,
    }),
  );
}

/** ns per player and tick; of peers in the order of FORMS. */
interface Round {
  readonly ours: number;
  readonly peers: readonly number[];
}

/** All worlds, tick by tick. */
class Race {
  readonly #room: BotRoom;
  readonly #peers: readonly RapierWorld[];
  readonly #moves: Moves;
  readonly #wishes: Float64Array;
  readonly #draw: () => number;
  readonly #size: number;
  #ticks = 0;
  readonly #gone = [0, 0, 0];

  constructor(size: number, { module, peer, options }: Parts) {
    this.#size = size;
    this.#draw = random(options.seed);
    const world = this.#world();
    const schema = defineSchema({
      name: 'w3',
      world: { width: world.edge, depth: world.edge },
      input: {},
      player: {
        shape: circle(world.radius),
        viewRadius: VIEW_RADIUS,
        movement: { topSpeed: SPEED, acceleration: ACCELERATION, friction: ACCELERATION },
      },
    });
    const point = ({ x, y }: Point): Point => ({ x: metres(x), y: metres(y) });
    this.#room = new BotRoom(module, {
      config: schema.config({ playersMax: size, entitiesMax: size }),
      bots: world.players.map(point),
      walls: { half: metres(world.wallHalf), at: world.walls.map(point) },
    });
    this.#peers =
      peer === undefined ? [] : FORMS.map((form) => new RapierWorld(peer.module, world, form));
    this.#moves = { x: new Int8Array(size), y: new Int8Array(size) };
    this.#wishes = new Float64Array(2 * size);
  }

  /** Mean way of a player along x in a tick: ours, then the peers'. */
  get metresPerTick(): number[] {
    return this.#gone.map((sum) => sum / (this.#ticks * this.#size));
  }

  /** Ticks of all, one after the other; medians. */
  round(ticks: number): Round {
    const own: number[] = [];
    const others = this.#peers.map((): number[] => []);
    for (let tick = 0; tick < ticks; tick += 1) {
      this.#wish();
      const before = this.#places();
      own.push(this.#room.begin());
      this.#room.end();
      this.#gone[0] = (this.#gone[0] ?? 0) + this.#way(before);
      this.#ticks += 1;
      this.#peers.forEach((peer, index) => {
        const startMs = performance.now();
        peer.step(this.#wishes);
        others[index]?.push((performance.now() - startMs) * 1e6);
        this.#gone[index + 1] = (this.#gone[index + 1] ?? 0) + peer.way();
      });
    }
    const each = (times: number[]): number => median(times) / this.#size;
    return { ours: each(own), peers: others.map(each) };
  }

  /** A new heading on 6 % of ticks, as in W1. */
  #wish(): void {
    const { x, y } = this.#moves;
    for (let slot = 0; slot < this.#size; slot += 1) {
      if (this.#ticks > 0 && this.#draw() >= HEADING_CHANGE) continue;
      const [heading, speed] = [this.#draw() * 2 * Math.PI, 127 * (0.5 + 0.5 * this.#draw())];
      x[slot] = Math.trunc(Math.cos(heading) * speed);
      y[slot] = Math.trunc(Math.sin(heading) * speed);
      this.#wishes[2 * slot] = ((x[slot] as number) / 127) * (SPEED / TICK_RATE_HZ);
      this.#wishes[2 * slot + 1] = ((y[slot] as number) / 127) * (SPEED / TICK_RATE_HZ);
    }
    this.#room.steer(this.#moves);
  }

  #places(): Float64Array {
    return Float64Array.from(this.#room.rows, (row) => this.#room.x(row));
  }

  /** Metres that all went along x. */
  #way(before: Float64Array): number {
    let sum = 0;
    this.#room.rows.forEach((row, slot) => {
      sum += Math.abs(this.#room.x(row) - (before[slot] as number)) / POSITION_ONE;
    });
    return sum;
  }

  /** Players near the middles of square cells, walls on some of their corners: nobody begins inside another. */
  #world(): W3 {
    const edge = Math.sqrt(this.#size * M2_PER_PLAYER);
    const side = Math.ceil(Math.sqrt(this.#size));
    const cell = edge / side;
    const near = (index: number): number =>
      (index + 0.5) * cell - edge / 2 + (2 * this.#draw() - 1) * JITTER;
    const players = Array.from({ length: this.#size }, (_, slot) => ({
      x: near(slot % side),
      y: near(Math.floor(slot / side)),
    }));
    const corner = (): number => Math.ceil(this.#draw() * (side - 1)) * cell - edge / 2;
    const walls = Array.from({ length: Math.round(this.#size / PLAYERS_PER_WALL) }, () => ({
      x: corner(),
      y: corner(),
    }));
    return { edge, radius: 0.5, players, walls, wallHalf: 0.5 };
  }
}

const MORE = {
  settings:
    'the build with SIMD; kinematic bodies with one character controller for all, or dynamic ones without rotation and friction; 0.01 m kept free (https://rapier.rs/docs/user_guides/javascript/character_controller)',
  peer: 'turns bodies, joints, restitution, any shape, and answers in floating point',
  ours: 'reads and checks the inputs of the tick, accelerates, and gives the same bits on every machine',
};
const TICK_RATE_HZ = 30;
/** m/s, m/s2: a turn takes effect in its tick, as in W1, and for the peer by its nature. */
const SPEED = 8;
const ACCELERATION = 2 * SPEED * TICK_RATE_HZ;
const HEADING_CHANGE = 0.06;
const M2_PER_PLAYER = 16;
/** Metres. */
const JITTER = 0.9;
const PLAYERS_PER_WALL = 10;
const VIEW_RADIUS = 10;
const SIZES = [1000, 100];
const GOAL_SIZE = 1000;
const GOAL = 6;
const FULL = { warmTicks: 120, rounds: 10, roundTicks: 60 };
const QUICK = { warmTicks: 30, rounds: 3, roundTicks: 20 };
