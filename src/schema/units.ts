/**
 * From an author's units to the simulation's integers, and back. One rounding rule for all of them: to the nearest
 * integer, halves up (`Math.round`), on IEEE doubles, so that every engine makes the same bytes.
 */
import { POSITION_ONE } from '../../protocol/gen/tables.ts';

/** Full turn in radians. */
export const TURN = 2 * Math.PI;

/** Nothing may cross more in one tick: the core's products stay inside 64 bits (config.rs, SPEED_MAX). */
export const SPEED_UNITS_PER_TICK_MAX = 64;

/** World units to 1/65536 unit. */
export function toPosition(units: number): number {
  return Math.round(units * POSITION_ONE);
}

/** World units per second to 1/65536 unit per tick. */
export function toVelocity(unitsPerSecond: number, tickRateHz: number): number {
  return Math.round((unitsPerSecond * POSITION_ONE) / tickRateHz);
}

/** World units per second and second to 1/65536 unit per tick and tick. */
export function toAcceleration(unitsPerSecond2: number, tickRateHz: number): number {
  return Math.round((unitsPerSecond2 * POSITION_ONE) / (tickRateHz * tickRateHz));
}

/** Milliseconds to ticks. 0 stays 0; anything longer is at least 1 tick. */
export function toTicks(ms: number, tickRateHz: number): number {
  return ms <= 0 ? 0 : Math.max(1, Math.round((ms * tickRateHz) / 1000));
}

/** Radians to u16, 1/65536 turn; any angle is taken modulo one turn. */
export function toTurn16(radians: number): number {
  return Math.round((radians / TURN) * 65536) & 0xffff;
}

/** u16 turn to radians in [0, 2π). */
export function fromTurn16(turn: number): number {
  return ((turn & 0xffff) * TURN) / 65536;
}

/** Radians to i16, 1/65536 turn, kept within a quarter turn up or down. */
export function toPitch16(radians: number): number {
  return Math.max(-16384, Math.min(16384, Math.round((radians / TURN) * 65536)));
}

/** i16 turn to radians. */
export function fromPitch16(pitch: number): number {
  return (pitch * TURN) / 65536;
}
