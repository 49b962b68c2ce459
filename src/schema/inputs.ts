/**
 * An author's input as the numbers of an InputCommand or a BotInput record. Used by clients when they sample, and by
 * rooms for their bots. Never throws: what is missing or no number is neutral, what is too large is cut.
 */
import { InputCommand } from '../../protocol/gen/tables.ts';
import type { Field } from './fields.ts';
import { fromRaw } from './fields.ts';
import type { SchemaLayout } from './layout.ts';
import { fromPitch16, fromTurn16, toPitch16, toTurn16 } from './units.ts';

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

/** The other way: overwrites all of `into` with the InputCommand at `at`. What is reused stays the same object. */
export function decodeInput(
  layout: SchemaLayout,
  command: { readonly view: DataView; readonly at: number },
  into: Record<string, unknown>,
): void {
  const { view, at } = command;
  for (const { name, kind, place, spec } of layout.inputs) {
    switch (kind) {
      case 'move': {
        into[name] ??= { x: 0, y: 0 };
        const move = into[name] as { x: number; y: number };
        move.x = view.getInt8(at + InputCommand.moveX) / STICK_MOST;
        move.y = view.getInt8(at + InputCommand.moveY) / STICK_MOST;
        break;
      }
      case 'aim':
        into[name] = fromTurn16(view.getUint16(at + InputCommand.aim, true));
        break;
      case 'pitch':
        into[name] = fromPitch16(view.getInt16(at + InputCommand.pitch, true));
        break;
      case 'button':
        into[name] = ((view.getUint16(at + InputCommand.buttons, true) >> place) & 1) !== 0;
        break;
      default: {
        const raw = view.getInt16(at + InputCommand.aux + 2 * place, true);
        into[name] = spec === null ? raw / STICK_MOST : fromRaw(spec, raw);
      }
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
  return Math.max(-STICK_MOST, Math.min(STICK_MOST, Math.round(value * STICK_MOST)));
}

function clampRaw(spec: Field, value: unknown): number {
  if (spec.type === 'bool') return value === true ? 1 : 0;
  const raw = Math.round((numberOf(value) - spec.origin) / spec.step);
  return Math.max(spec.min, Math.min(spec.max, raw));
}

function numberOf(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}

/** What a stick is on the wire when it is pushed all the way. */
const STICK_MOST = 127;
