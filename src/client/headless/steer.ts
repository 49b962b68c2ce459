/**
 * How a headless client plays when nobody says otherwise: it runs between places near the middle, turns, jumps about,
 * aims at the nearest other player, misses a little, fires and dies. Works with any schema: it finds the inputs by their
 * type. Seeded: the same seed and the same views give the same inputs.
 */
import type { SchemaLayout } from '../../schema/layout.ts';

/** What it needs to know of a row of the view. */
export interface Seen {
  readonly x: number;
  readonly y: number;
  readonly alive: boolean;
}

/** The inputs of a schema by what they are for; undefined: the schema has none such. */
export interface Controls {
  readonly stick: string | undefined;
  readonly aim: string | undefined;
  /** The button that fires, if the schema has `fire`. */
  readonly fire: string | undefined;
  /** All other buttons: pressed now and then. */
  readonly others: readonly string[];
}

export interface SteerOptions {
  readonly seed: number;
  readonly controls: Controls;
  /** World units: places are picked within this distance of the middle. */
  readonly reach: number;
  readonly tickRateHz: number;
}

export class Steer {
  /** Reused: what to hand to `setInput`. */
  readonly input: Record<string, unknown> = {};
  readonly #options: SteerOptions;
  readonly #random: () => number;
  readonly #stick = { x: 0, y: 0 };
  #goalX = 0;
  #goalY = 0;
  #ticksLeft = 0;

  constructor(options: SteerOptions) {
    this.#options = options;
    this.#random = seededRandom(options.seed);
    if (options.controls.stick !== undefined) this.input[options.controls.stick] = this.#stick;
  }

  /** Decides on one tick. `me` is undefined before the first snapshot. */
  decide(me: Seen | null, others: readonly Seen[]): void {
    if (!me) return;
    const { controls } = this.#options;
    this.#walk(me);
    const target = nearest(me, others);
    const aim = target
      ? Math.atan2(target.y - me.y, target.x - me.x) + (this.#random() - 0.5) * AIM_ERROR
      : Math.atan2(this.#stick.y, this.#stick.x);
    if (controls.aim !== undefined) this.input[controls.aim] = aim;
    if (controls.fire !== undefined) {
      this.input[controls.fire] = target !== undefined && this.#random() < FIRE_SHARE;
    }
    for (const name of controls.others) this.input[name] = this.#random() < OTHER_SHARE;
  }

  #walk(me: Seen): void {
    const dx = this.#goalX - me.x;
    const dy = this.#goalY - me.y;
    const far = Math.hypot(dx, dy);
    this.#ticksLeft -= 1;
    if (this.#ticksLeft <= 0 || far < 1) this.#pick();
    if (this.#ticksLeft % TURN_TICKS !== 0 || far < 1) return;
    // Walls are not known here: a sidestep now and then gets past them.
    const bend = (this.#random() - 0.5) * 2.2;
    const heading = Math.atan2(dy, dx) + bend;
    const stand = this.#random() < STAND_SHARE;
    this.#stick.x = stand ? 0 : Math.cos(heading);
    this.#stick.y = stand ? 0 : Math.sin(heading);
  }

  #pick(): void {
    const angle = this.#random() * 2 * Math.PI;
    const distance = Math.sqrt(this.#random()) * this.#options.reach;
    this.#goalX = Math.cos(angle) * distance;
    this.#goalY = Math.sin(angle) * distance;
    this.#ticksLeft = Math.ceil(this.#options.tickRateHz * (1 + 3 * this.#random()));
  }
}

/** The inputs of a schema by their type. */
export function controlsOf(layout: SchemaLayout): Controls {
  const named = (kind: string) => layout.inputs.find((input) => input.kind === kind)?.name;
  const buttons = layout.inputs
    .filter((input) => input.kind === 'button')
    .map((input) => input.name);
  return {
    stick: named('move'),
    aim: named('aim'),
    fire: buttons.find((name) => name === 'fire'),
    others: buttons.filter((name) => name !== 'fire'),
  };
}

/** Numbers in [0, 1) from a seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function nearest(me: Seen, others: readonly Seen[]): Seen | undefined {
  let found: Seen | undefined;
  let best = FIRE_RANGE * FIRE_RANGE;
  for (const other of others) {
    if (other === me || !other.alive) continue;
    const squared = (other.x - me.x) ** 2 + (other.y - me.y) ** 2;
    if (squared < best) {
      best = squared;
      found = other;
    }
  }
  return found;
}

/** World units within which a bot shoots at somebody. */
const FIRE_RANGE = 18;
/** Radians, from edge to edge. */
const AIM_ERROR = 0.25;
const FIRE_SHARE = 0.7;
const OTHER_SHARE = 0.02;
const STAND_SHARE = 0.1;
/** Ticks between two changes of course. */
const TURN_TICKS = 8;
