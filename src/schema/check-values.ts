/** What the checks of a schema are made of: each refuses with E_SCHEMA and the path of what is wrong. */
import { FrayError } from '../errors.ts';

/** An object of an author, not looked at yet. */
export type Rows = Readonly<Record<string, unknown>>;

export function checkName(path: string, name: string, allowed: Rows): void {
  if (name in allowed && Object.hasOwn(allowed, name)) return;
  if (!/^[A-Za-z][A-Za-z0-9_]{0,31}$/.test(name))
    refuse(path, 'a name is a letter, then at most 31 letters, digits or _');
  if (UNSAFE_NAMES.includes(name)) refuse(path, 'is a name of JavaScript: choose another');
}

export function knownKeys(row: Rows, path: string, known: readonly string[]): void {
  for (const key of Object.keys(row)) {
    if (!known.includes(key))
      refuse(
        path === 'schema' ? key : `${path}.${key}`,
        `is not an option; there are ${known.join(', ')}`,
      );
  }
}

export function record(value: unknown, path: string): Rows {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    refuse(path, 'must be an object');
  return value as Rows;
}

export function needed(path: string, row: Rows, key: string): unknown {
  if (row[key] === undefined) refuse(`${path}.${key}`, 'is missing');
  return row[key];
}

export function range(path: string, value: unknown, min: number, max: number, unit: string): void {
  if (value === undefined) return;
  if (typeof value !== 'number' || !(value >= min && value <= max)) {
    refuse(path, `must be ${min}..${max} ${unit}, not ${String(value)}`);
  }
}

export function whole(path: string, value: unknown, min: number, max: number, unit: string): void {
  range(path, value, min, max, unit);
  if (value !== undefined && !Number.isInteger(value)) refuse(path, 'must be an integer');
}

export function truth(path: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'boolean') refuse(path, 'must be true or false');
}

export function atMost(path: string, count: number, most: number, what: string): void {
  if (count > most) refuse(path, `has ${count} ${what}, at most ${most} are possible`);
}

export function refuse(path: string, reason: string): never {
  throw new FrayError('E_SCHEMA', `Cannot use this schema: ${path}: ${reason}`);
}

const UNSAFE_NAMES = [
  'constructor',
  'prototype',
  'then',
  'toString',
  'valueOf',
  'toJSON',
  'hasOwnProperty',
];
