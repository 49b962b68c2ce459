/**
 * An author's input as the numbers of an InputCommand or a BotInput record. Used by clients when they sample, and by
 * rooms for their bots. Never throws: what is missing or no number is neutral, what is too large is cut.
 */
import type { Field } from './fields.ts';
import type { SchemaLayout } from './layout.ts';
import { toPitch16, toTurn16 } from './units.ts';

/** Raw controls. `aux` are the author's analog inputs. */
export interface RawInput {
  buttons: number;
  aim: number;
  pitch: number;
  moveX: number;
  moveY: number;
  readonly aux: Int16Array;
}

export function neutralInput(): RawInput {
  return { buttons: 0, aim: 0, pitch: 0, moveX: 0, moveY: 0, aux: new Int16Array(4) };
}

/** Overwrites all of `into` with `input`. */
export function encodeInput(
  layout: SchemaLayout,
  input: Readonly<Record<string, unknown>>,
  into: RawInput,
): void {
  into.buttons = 0;
  into.aim = 0;
  into.pitch = 0;
  into.moveX = 0;
  into.moveY = 0;
  into.aux.fill(0);
  for (const { name, kind, place, spec } of layout.inputs) {
    const value = input[name];
    switch (kind) {
      case 'move':
        encodeMove(value, into);
        break;
      case 'aim':
        into.aim = toTurn16(numberOf(value));
        break;
      case 'pitch':
        into.pitch = toPitch16(numberOf(value));
        break;
      case 'button':
        if (value === true) into.buttons |= 1 << place;
        break;
      case 'axis':
        into.aux[place] = stick(numberOf(value));
        break;
      default:
        into.aux[place] = spec === null ? 0 : clampRaw(spec, value);
    }
  }
}

function encodeMove(value: unknown, into: RawInput): void {
  if (typeof value !== 'object' || value === null) return;
  let x = numberOf((value as { x?: unknown }).x);
  let y = numberOf((value as { y?: unknown }).y);
  const length = Math.hypot(x, y);
  if (length > 1) {
    x /= length;
    y /= length;
  }
  into.moveX = stick(x);
  into.moveY = stick(y);
}

function stick(value: number): number {
  return Math.max(-127, Math.min(127, Math.round(value * 127)));
}

function clampRaw(spec: Field, value: unknown): number {
  if (spec.type === 'bool') return value === true ? 1 : 0;
  const raw = Math.round((numberOf(value) - spec.origin) / spec.step);
  return Math.max(spec.min, Math.min(spec.max, raw));
}

function numberOf(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}
