/**
 * `fray bench interest` (P5, W2): who is within the view radius of each player, in the committed core as it ships, beside rbush and kdbush
 * in the same run. All rebuild their index in each tick, from places that moved, and answer one question per player with all who are within
 * the radius, itself left out; the answers are compared, every player's, once a round.
 *
 * `select` has no entry point, so it is the difference of whole ticks: `end` of a room of bots, who are sent nothing, records the tick,
 * rebuilds the grid and looks around for each bot. Taken from it is `end` of a room of the same bots who have not been placed and see 0 m
 * far: they are recorded, and stand in no cell. What that takes away too much, the walk over all rows and cells, is part of `end` of
 * a room of that size in which nobody is; that is added whole, with all else that it does.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileCore } from '../core-wasm/bindings/instantiate.ts';
import { COLUMN, POSITION_ONE } from '../protocol/gen/tables.ts';
import type { Bench, BenchOptions, BenchRow } from '../src/cli/bench-report.ts';
import { median, ownRow, ratioRow } from '../src/cli/bench-report.ts';
import { packageRoot } from '../src/cli/games.ts';
import { circle, defineSchema } from '../src/schema/index.ts';
import type { Point } from './bot-room.ts';
import { BotRoom, metres } from './bot-room.ts';
import { collector } from './gc.ts';
import { type Index, indexes, PEER_NAMES } from './interest-peers.ts';
import { hidingRow } from './interest-walls.ts';
import { random, worldEdge } from './w1.ts';

export const bench: Bench = {
  name: 'interest',
  async run(options) {
    const core = readFileSync(join(packageRoot(), 'core-wasm', 'fray_core.wasm'));
    const module = await compileCore(core);
    const peers = await indexes();
    for (const peer of peers) if (typeof peer === 'string') options.progress(peer);
    const rows: BenchRow[] = [];
    for (const size of options.quick ? SIZES.slice(0, 2) : SIZES)
      for (const spread of SPREADS) rows.push(...runCase({ size, spread }, module, peers, options));
    rows.push(hidingRow(module, options));
    return rows;
  },
};

interface Case {
  readonly size: number;
  readonly spread: (typeof SPREADS)[number];
}

/** ns per player and tick. */
interface Round {
  readonly ours: number;
  /** `end` of the room, record and all. */
  readonly whole: number;
  readonly peers: readonly (number | null)[];
}

function runCase(
  { size, spread }: Case,
  module: WebAssembly.Module,
  peers: readonly (Index | string)[],
  options: BenchOptions,
): BenchRow[] {
  const name = `interest/${size} ${spread}`;
  const world = new World(module, { size, spread, seed: options.seed });
  const { warmTicks, rounds, roundTicks } = options.quick ? QUICK : FULL;
  const found = peers.map((peer) => (typeof peer === 'string' ? null : peer));
  world.round(warmTicks, found);
  const times: Round[] = [];
  const collect = collector();
  let compared = 0;
  let hits = 0;
  for (let round = 0; round < rounds; round += 1) {
    collect();
    times.push(world.round(roundTicks, found));
    for (const peer of found) if (peer !== null) compared += world.compare(peer);
    hits += world.hits() / rounds;
  }
  options.progress(
    `${name}: ${hits.toFixed(1)} others within ${world.radius.toFixed(1)} m, ${compared} answers of peers compared and equal`,
  );
  const isGoal = size === GOAL_SIZE;
  return [
    ...peers.map((peer, index) => {
      const goal = GOALS[index] as number;
      return ratioRow({
        name: `${name}, beside ${PEER_NAMES[index]}`,
        unit: 'ns per player and tick',
        rounds: times.map(({ ours, peers }) => ({ ours, peer: peers[index] ?? null })),
        peerName: typeof peer === 'string' ? null : peer.name,
        ...(isGoal && { goal: { text: `>= ${goal}x`, ratioMin: goal, id: 'P5' } }),
        more: MORE,
      });
    }),
    ownRow({
      name: `${name}, whole second half`,
      unit: 'ns per player and tick, record included',
      ours: median(times.map(({ whole }) => whole)),
    }),
  ];
}

/** W2: a room of bots who see each other, two that are its measure, and the places for the peers. */
export class World {
  /** Metres. */
  readonly radius: number;
  readonly #players: number;
  readonly #room: BotRoom;
  readonly #blind: BotRoom;
  readonly #empty: BotRoom;
  readonly #moves: { readonly x: Int8Array; readonly y: Int8Array };
  readonly #xs: Float64Array;
  readonly #ys: Float64Array;
  readonly #draw: () => number;

  constructor(module: WebAssembly.Module, { size, spread, seed }: Case & { seed: number }) {
    this.#draw = random(seed);
    const edge = worldEdge(size);
    const points = Array.from({ length: size }, () => this.#point(edge, spread));
    this.#players = Math.min(size, PLAYERS_OF_A_ROOM);
    this.radius = radiusFor(points, this.#players, HITS);
    const schema = defineSchema({
      name: 'w2',
      world: { width: edge, depth: edge },
      input: {},
      player: {
        shape: circle(0.5),
        solid: false,
        viewRadius: this.radius,
        movement: { topSpeed: 1, acceleration: 30, friction: 30 },
      },
      kinds: { thing: { shape: circle(0.5) } },
    });
    const config = schema.config({ playersMax: this.#players, entitiesMax: size });
    const bots = points.slice(0, this.#players);
    const things = points.slice(this.#players);
    this.#room = new BotRoom(module, { config, bots, things });
    this.#blind = new BotRoom(module, { config, bots: bots.map(() => null) });
    this.#blind.set(COLUMN.viewRadius, 0);
    this.#empty = new BotRoom(module, { config, bots: [] });
    this.#moves = { x: new Int8Array(this.#players), y: new Int8Array(this.#players) };
    this.#xs = new Float64Array(size);
    this.#ys = new Float64Array(size);
  }

  /** Ticks of all, one after the other; medians. */
  round(ticks: number, peers: readonly (Index | null)[]): Round {
    const [whole, blind, empty]: [number[], number[], number[]] = [[], [], []];
    const others = peers.map((): number[] => []);
    for (let tick = 0; tick < ticks; tick += 1) {
      this.#walk(tick);
      whole.push(this.#room.end());
      blind.push(this.#blind.end());
      empty.push(this.#empty.end());
      peers.forEach((peer, index) => {
        if (peer === null) return;
        const startMs = performance.now();
        peer.run(this.#xs, this.#ys, this.#players, this.#reach);
        others[index]?.push((performance.now() - startMs) * 1e6);
      });
    }
    const each = (times: readonly number[]): number => median(times) / this.#players;
    return {
      ours: each(whole) - each(blind) + each(empty),
      whole: each(whole),
      peers: others.map((times) => (times.length === 0 ? null : each(times))),
    };
  }

  /** Compares the answers of a peer for the places of the last tick; how many. */
  compare(peer: Index): number {
    peer.build(this.#xs, this.#ys);
    for (let slot = 0; slot < this.#players; slot += 1) {
      const near = peer.within(this.#xs[slot] as number, this.#ys[slot] as number, this.#reach);
      const wanted = new Set(near.filter((index) => index !== slot));
      for (let index = 0; index < this.#xs.length; index += 1)
        if (this.#room.sees(slot, this.#room.rows[index] as number) !== wanted.has(index))
          throw new Error(
            `${peer.name}: ${slot} and ${index} are near for one and not for the other`,
          );
    }
    return this.#players;
  }

  /** Others that a player sees, on average. */
  hits(): number {
    let sum = 0;
    for (const word of this.#room.core.visible)
      for (let left = word; left !== 0; left &= left - 1) sum += 1;
    return sum / this.#players;
  }

  /** The radius as the core has it. */
  get #reach(): number {
    return metres(this.radius);
  }

  /** Somewhere, or in one of four hot spots. */
  #point(edge: number, spread: Case['spread']): Point {
    const at = (): number => this.#draw() - 0.5;
    if (spread === 'uniform' || this.#draw() > IN_SPOTS)
      return { x: metres(at() * edge), y: metres(at() * edge) };
    const spot = Math.floor(this.#draw() * 4);
    const [middleX, middleY] = [(spot & 1) - 0.5, (spot >> 1) - 0.5];
    const [turn, away] = [this.#draw() * 2 * Math.PI, Math.sqrt(this.#draw()) * SPOT_RADIUS];
    const on = (middle: number, way: number): number => metres((middle / 2 + way * away) * edge);
    return { x: on(middleX, Math.cos(turn)), y: on(middleY, Math.sin(turn)) };
  }

  /** Everybody takes a step; reads where they stand while the tick is open. */
  #walk(tick: number): void {
    const { x, y } = this.#moves;
    if (tick % STEPS === 0)
      for (let slot = 0; slot < this.#players; slot += 1) {
        x[slot] = Math.floor(this.#draw() * 255) - 127;
        y[slot] = Math.floor(this.#draw() * 255) - 127;
      }
    for (const room of [this.#room, this.#blind]) {
      room.steer(this.#moves);
      room.begin();
    }
    this.#empty.begin();
    this.#room.rows.forEach((row, index) => {
      this.#xs[index] = this.#room.x(row);
      this.#ys[index] = this.#room.y(row);
    });
  }
}

/** The radius, metres, within which the first points have so many others on average. */
function radiusFor(points: readonly Point[], players: number, hits: number): number {
  const away: number[] = [];
  for (let slot = 0; slot < players; slot += 1)
    points.forEach((point, index) => {
      const own = points[slot] as Point;
      if (index !== slot) away.push(Math.hypot(point.x - own.x, point.y - own.y));
    });
  const sorted = Float64Array.from(away).sort();
  return (sorted[Math.min(sorted.length - 1, hits * players)] as number) / POSITION_ONE;
}

const MORE = {
  settings:
    'filled in bulk (load, and add with finish) each tick, nodes of their default sizes, 9 and 64 (https://github.com/mourner/rbush#readme, https://github.com/mourner/kdbush#readme)',
  peer: 'holds boxes and not points alone (rbush), takes points of any precision, and answers any question at any time',
  ours: 'is measured as whole ticks: the sets of who sees whom are kept, and who comes and goes is told apart',
};
/** Entities. A room holds 4,096, of which 1,024 are players: the sheet's 10,000 do not fit into one. */
const SIZES = [100, 1000, 4096];
const PLAYERS_OF_A_ROOM = 1000;
const SPREADS = ['uniform', 'clustered'] as const;
const HITS = 20;
/** Of the sheet, by peer, where there are 1,000. */
const GOAL_SIZE = 1000;
const GOALS = [10, 6];
/** Part that stands in a hot spot, and the radius of one in edges of the world. */
const IN_SPOTS = 0.8;
const SPOT_RADIUS = 1 / 16;
/** Ticks in one direction. */
const STEPS = 16;
const FULL = { warmTicks: 100, rounds: 10, roundTicks: 60 };
const QUICK = { warmTicks: 30, rounds: 3, roundTicks: 20 };
