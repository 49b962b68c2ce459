/**
 * Field types: what an author's field holds, how many bits it costs and who receives it. A field is plain data, so
 * that it can be hashed and compiled for the core; its value type lives only in the type system.
 */
import { type AUDIENCE, TEXT_BYTES_MAX } from '../../protocol/gen/tables.ts';
import { FrayError } from '../errors.ts';
import { fromTurn16, TURN, toTurn16 } from './units.ts';

/**
 * Who receives a field. `visible`: everyone who sees the entity; `owner`: only the player itself; `room`: everyone in
 * the room, wherever they are; `none`: it never leaves the server.
 */
export type Audience = keyof typeof AUDIENCE;

declare const BRAND: unique symbol;
/** Names one participant of a room: generation of the slot << 16 | slot. 0 is nobody. */
export type PlayerId = number & { readonly [BRAND]: 'PlayerId' };

/** No player; the initial value of a `player()` field. */
export const nobody = 0 as PlayerId;

declare const VALUE: unique symbol;

/** A field that is one integer to the core. `min`, `max` and `initial` are raw (what the core holds). */
export interface Field<Value = unknown, To extends Audience | 'default' = Audience | 'default'> {
  readonly type: 'integer' | 'bool' | 'tick' | 'player' | 'angle' | 'quantised';
  /** Bits on the wire, 1..32. */
  readonly bits: number;
  readonly signed: boolean;
  readonly min: number;
  readonly max: number;
  readonly initial: number;
  readonly to: To;
  /** Quantised: the value is `origin + raw * step`. */
  readonly origin: number;
  readonly step: number;
  readonly [VALUE]?: Value;
}

/** A short text; sent reliably when it changes. */
export interface TextField<To extends Audience | 'default' = Audience | 'default'> {
  readonly type: 'text';
  /** UTF-8 bytes at most. */
  readonly bytesMax: number;
  readonly to: To;
  readonly [VALUE]?: string;
}

export type AnyField = Field | TextField;

/** The type an author reads and writes. */
export type ValueOf<F> = F extends { readonly [VALUE]?: infer Value } ? Value : never;

export interface FieldOptions<To extends Audience | 'default', Value = number> {
  /** Who receives it. Default: `visible` for players and kinds, `room` for the room. Messages and timers have none. */
  readonly to?: To;
  /** Value at spawn. Default: 0, or the least value where 0 is not allowed. */
  readonly initial?: Value;
}

export interface IntegerOptions<To extends Audience | 'default'> extends FieldOptions<To> {
  /** Least value; default: the least that the type holds. A smaller write is an error (E_VALUE). */
  readonly min?: number;
  /** Largest value; default: the largest that the type holds. */
  readonly max?: number;
}

/** 0..255. */
export function u8<To extends Audience | 'default' = 'default'>(
  options: IntegerOptions<To> = {},
): Field<number, To> {
  return integer(8, false, options);
}

/** 0..65,535. */
export function u16<To extends Audience | 'default' = 'default'>(
  options: IntegerOptions<To> = {},
): Field<number, To> {
  return integer(16, false, options);
}

/** -2,147,483,648..2,147,483,647. */
export function i32<To extends Audience | 'default' = 'default'>(
  options: IntegerOptions<To> = {},
): Field<number, To> {
  return integer(32, true, options);
}

/** An unsigned integer of `count` bits, 1..31. The cheapest way to say a choice or a small number. */
export function bits<To extends Audience | 'default' = 'default'>(
  count: number,
  options: IntegerOptions<To> = {},
): Field<number, To> {
  return integer(count, false, options);
}

/** One bit. */
export function bool<To extends Audience | 'default' = 'default'>(
  options: FieldOptions<To, boolean> = {},
): Field<boolean, To> {
  const { initial = false, to } = options;
  return field({ type: 'bool', bits: 1, min: 0, max: 1, initial: initial ? 1 : 0, to });
}

/** A tick of the room, 0..2,147,483,647. 31 bits. */
export function tick<To extends Audience | 'default' = 'default'>(
  options: FieldOptions<To> = {},
): Field<number, To> {
  return field({
    type: 'tick',
    bits: 31,
    min: 0,
    max: 0x7fffffff,
    initial: options.initial ?? 0,
    to: options.to,
  });
}

/** A player's id, or `nobody`. 32 bits. */
export function player<To extends Audience | 'default' = 'default'>(
  options: { readonly to?: To } = {},
): Field<PlayerId, To> {
  const range = { min: -0x80000000, max: 0x7fffffff };
  return field({ type: 'player', bits: 32, signed: true, ...range, initial: 0, to: options.to });
}

/** Radians in, radians in [0, 2π) out; 16 bits, 1/65536 turn. As an input it is the direction a player aims at. */
export function angle<To extends Audience | 'default' = 'default'>(
  options: FieldOptions<To> = {},
): Field<number, To> {
  const initial = toTurn16(options.initial ?? 0);
  return field({ type: 'angle', bits: 16, min: 0, max: 0xffff, initial, to: options.to });
}

/** A number with a fixed step: `quantised({ min: 0, max: 10, step: 0.25 })` is 6 bits. Values are rounded to the step. */
export function quantised<To extends Audience | 'default' = 'default'>(
  options: FieldOptions<To> & { readonly min: number; readonly max: number; readonly step: number },
): Field<number, To> {
  const { min, max, step, to } = options;
  const count = Math.round((max - min) / step);
  const sound = Number.isFinite(count) && step > 0 && count >= 1 && count < 2 ** 31;
  // An unsound declaration stays visible to defineSchema, which names its path.
  const spec = {
    type: 'quantised' as const,
    origin: min,
    step,
    min: 0,
    max: sound ? count : -1,
    to,
  };
  const initial = Math.round(((options.initial ?? Math.max(0, min)) - min) / step);
  return field({ ...spec, bits: sound ? bitsFor(count) : 0, initial });
}

/** At most `bytesMax` bytes of UTF-8: 1..128 as a field, 1..2,048 in a message. */
export function text<To extends Audience | 'default' = 'default'>(
  bytesMax: number,
  options: { readonly to?: To } = {},
): TextField<To> {
  return { type: 'text', bytesMax, to: options.to ?? ('default' as To) };
}

/** What the core holds, as an author reads it. */
export function fromRaw(spec: Field, raw: number): number | boolean {
  switch (spec.type) {
    case 'bool':
      return raw !== 0;
    case 'angle':
      return fromTurn16(raw);
    case 'player':
      return raw >>> 0;
    case 'quantised':
      return spec.origin + raw * spec.step;
    default:
      return raw;
  }
}

/** What an author writes, as the core holds it (i32); E_VALUE with `path` where it does not fit. */
export function toRaw(spec: Field, value: unknown, path: string): number {
  if (spec.type === 'integer' || spec.type === 'tick') {
    // The usual case stays an integer all the way: no number on the heap.
    const whole = (value as number) | 0;
    if (whole === value && whole >= spec.min && whole <= spec.max) return whole;
  }
  const raw = rawOf(spec, value);
  if (raw >= spec.min && raw <= spec.max) return raw | 0;
  throw new FrayError('E_VALUE', `Cannot set ${path}: ${show(value)} is not ${rangeText(spec)}`);
}

/** Bits that hold 0..max. */
export function bitsFor(max: number): number {
  return Math.max(1, 32 - Math.clz32(max));
}

/** The limits of a field in author's words. */
export function rangeText(spec: Field): string {
  switch (spec.type) {
    case 'bool':
      return 'true or false';
    case 'angle':
      return `an angle in radians (a turn is ${TURN.toFixed(4)})`;
    case 'player':
      return 'the id of a player';
    case 'quantised':
      return `a number in ${spec.origin}..${spec.origin + spec.max * spec.step}`;
    default:
      return `an integer in ${spec.min}..${spec.max}`;
  }
}

/** NaN where the value is of the wrong sort: no range holds it. */
function rawOf(spec: Field, value: unknown): number {
  if (spec.type === 'bool') return typeof value === 'boolean' ? Number(value) : Number.NaN;
  if (typeof value !== 'number') return Number.NaN;
  switch (spec.type) {
    case 'angle':
      return Number.isFinite(value) ? toTurn16(value) : Number.NaN;
    case 'player':
      return Number.isInteger(value) && value >= 0 && value <= 0xffffffff ? value | 0 : Number.NaN;
    case 'quantised':
      return Math.round((value - spec.origin) / spec.step);
    default:
      return Number.isInteger(value) ? value : Number.NaN;
  }
}

function show(value: unknown): string {
  return typeof value === 'string'
    ? JSON.stringify(value.slice(0, 40))
    : String(value).slice(0, 40);
}

function integer<To extends Audience | 'default'>(
  count: number,
  signed: boolean,
  options: IntegerOptions<To>,
): Field<number, To> {
  const least = signed ? -(2 ** (count - 1)) : 0;
  const most = signed ? 2 ** (count - 1) - 1 : 2 ** count - 1;
  const { min = least, max = most, to } = options;
  const initial = options.initial ?? Math.min(max, Math.max(min, 0));
  // A narrower range needs fewer bits on the wire only where it starts at 0.
  const narrow = !signed && min >= 0 && max <= most ? bitsFor(max) : count;
  return field({
    type: 'integer',
    bits: Number.isInteger(count) ? Math.min(count, narrow) : 0,
    signed,
    min,
    max,
    initial,
    to,
  });
}

interface FieldParts<To> {
  readonly type: Field['type'];
  readonly bits: number;
  readonly signed?: boolean;
  readonly min: number;
  readonly max: number;
  readonly initial: number;
  readonly to: To | undefined;
  readonly origin?: number;
  readonly step?: number;
}

function field<Value, To extends Audience | 'default'>(parts: FieldParts<To>): Field<Value, To> {
  const { signed = false, origin = 0, step = 1, to } = parts;
  const range = { min: whole(parts.min), max: whole(parts.max), initial: whole(parts.initial) };
  return { ...parts, ...range, signed, origin, step, to: to ?? ('default' as To) };
}

/** The same number as an integer of the engine, where it is one: reading it then makes no number on the heap. */
function whole(value: number): number {
  const small = value | 0;
  return small === value ? small : value;
}

/** Field texts stand in the region; message texts only pass through. */
export const FIELD_TEXT_BYTES_MAX = TEXT_BYTES_MAX;
/** Half of a 4 KiB message, so that two texts fit one. */
export const MESSAGE_TEXT_BYTES_MAX = 2048;
