/** Options that a client gives when it creates a room, checked against the game's declaration. */
import { FrayError } from '../errors.ts';
import type { AnyField } from '../schema/fields.ts';
import { fromRaw, rangeText, toRaw } from '../schema/fields.ts';

export type RoomOptions = Readonly<Record<string, number | boolean | string>>;

/** Bytes of JSON that a client may send as options. */
export const ROOM_OPTIONS_BYTES_MAX = 512;

/**
 * From JSON text to options with defaults filled in. Throws E_ROOM_OPTIONS with the name of what does not fit; text is
 * from a client, so nothing else is thrown.
 */
export function parseRoomOptions(
  fields: Readonly<Record<string, AnyField>>,
  json: string,
): RoomOptions {
  if (json.length > ROOM_OPTIONS_BYTES_MAX) refuse(`more than ${ROOM_OPTIONS_BYTES_MAX} bytes`);
  let given: unknown;
  try {
    given = json === '' ? {} : JSON.parse(json);
  } catch {
    refuse('not JSON');
  }
  return checkRoomOptions(fields, given);
}

/** The same for a value. */
export function checkRoomOptions(
  fields: Readonly<Record<string, AnyField>>,
  given: unknown = {},
): RoomOptions {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) refuse('not an object');
  const rows = new Map<string, unknown>(Object.entries(given as object));
  const options: Record<string, number | boolean | string> = {};
  for (const [name, spec] of Object.entries(fields)) {
    const value = rows.get(name);
    rows.delete(name);
    if (spec.type === 'text') options[name] = textOption(name, value ?? '', spec.bytesMax);
    else if (value === undefined) options[name] = fromRaw(spec, spec.initial);
    else options[name] = integerOption(name, spec, value);
  }
  for (const name of rows.keys()) refuse(`${name.slice(0, 40)} is not an option of this game`);
  return options;
}

/** Refuses a declaration of options that could not be checked. */
export function checkOptionFields(fields: Readonly<Record<string, AnyField>>): void {
  for (const [name, spec] of Object.entries(fields)) {
    if (spec.to === 'default' && /^[A-Za-z][A-Za-z0-9_]{0,31}$/.test(name)) continue;
    throw new FrayError(
      'E_SCHEMA',
      `Cannot use this game: options.room.${name}: must be a plain field such as u8() or text(20)`,
    );
  }
}

function integerOption(
  name: string,
  spec: Exclude<AnyField, { type: 'text' }>,
  value: unknown,
): number | boolean {
  try {
    return fromRaw(spec, toRaw(spec, value, name));
  } catch {
    return refuse(`${name} must be ${rangeText(spec)}`);
  }
}

function textOption(name: string, value: unknown, bytesMax: number): string {
  if (typeof value === 'string' && new TextEncoder().encode(value).length <= bytesMax) return value;
  return refuse(`${name} must be a text of at most ${bytesMax} bytes`);
}

function refuse(reason: string): never {
  throw new FrayError('E_ROOM_OPTIONS', `Cannot create the room: options: ${reason}`);
}
