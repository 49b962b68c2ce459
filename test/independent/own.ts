/** The own player's section of a snapshot (SPEC 6.2). */
import { type BitReader, bitsFor, SETS } from './bits.ts';
import type { Game } from './game.ts';
import { type Origin, readTurn } from './row.ts';
import { lagOf, readStride } from './stride.ts';

/** Exact, in 1/65536 unit and unit per tick. */
export interface Own {
  readonly position: readonly [number, number, number];
  readonly velocity: readonly [number, number, number];
  /** dashLeft, dashWait, weaponWait. */
  readonly counters: readonly [number, number, number];
  readonly flags: number;
  /** The twelve built-in ones, then the game's. */
  readonly slow: readonly number[];
  /** Ticks before this one at which something from outside touched the player last. */
  readonly touched: number | undefined;
}

export const ALIVE = 1;
const BUILT_IN = 12;
const VIEW_RADIUS = 11;

export function noOwn(game: Game): Own {
  return {
    position: [0, 0, 0],
    velocity: [0, 0, 0],
    counters: [0, 0, 0],
    flags: 0,
    slow: new Array(BUILT_IN + game.ownFields).fill(0),
    touched: undefined,
  };
}

export function readOwn(r: BitReader, game: Game, base: Own, age: number): Own {
  const velocity: [number, number, number] = [...base.velocity];
  const position: [number, number, number] = [...base.position];
  const move = (turn: number, lag: readonly [number, number]) => {
    for (let k = 0; k < 3; k += 1) {
      const path = base.velocity[k]! * turn + velocity[k]! * (age - turn);
      position[k] = (base.position[k]! + path - (lag[k] ?? 0)) | 0;
    }
  };
  move(age, [0, 0]);
  if (r.bit()) {
    const stride = readStride(r, game);
    if (stride !== undefined) [velocity[0], velocity[1]] = stride;
    for (let k = stride === undefined ? 0 : 2; k < game.dimensions; k += 1) {
      velocity[k]! += r.signed(SETS.OWN);
    }
    const [old, now] = [base.velocity, velocity].map(([x, y]) => [x, y] as const);
    move(readTurn(r, Math.min(age, 15)), lagOf(game.movement, old!, now!, age));
    if (r.bit()) {
      for (let k = 0; k < game.dimensions; k += 1) {
        position[k] = (position[k]! + r.signed(SETS.OWN)) | 0;
      }
    }
  }
  const counters: [number, number, number] = [...base.counters];
  const explicit = r.bit();
  const flags = explicit ? r.u(6) : base.flags;
  for (let k = 0; k < 3; k += 1) {
    counters[k] = explicit ? r.u(16) : Math.max(0, base.counters[k]! - age);
  }
  const touched = r.bit() ? r.u(6) : undefined;
  const changed = r.bit();
  const slow = base.slow.map((value) => (changed && r.bit() ? r.signed(SETS.OWN) : value));
  return { position, velocity, counters, flags, slow, touched };
}

/** Where the offsets of a snapshot count from. */
export function originOf(game: Game, own: Own): Origin {
  const radius = Math.max(0, own.slow[VIEW_RADIUS] ?? 0) >> game.positionShift;
  return {
    x: own.position[0] >> game.positionShift,
    y: own.position[1] >> game.positionShift,
    bits: Math.min(31, bitsFor(radius + 2) + 1),
  };
}
