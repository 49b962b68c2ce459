/**
 * Game messages as bytes, for server and page:
 *
 *   u8 MESSAGE.game | u8 message index | fields in their declared order
 *
 * An integer takes 1, 2 or 4 bytes for at most 8, 16 or 32 bits, little-endian; a text is its length in UTF-8 bytes (u8,
 * or u16 where its limit is above 255) and the bytes. Nothing may follow. Values out of a field's range, invalid UTF-8
 * and wrong lengths do not decode.
 */
import { ERROR, MESSAGE } from '../../protocol/gen/tables.ts';
import type { ErrorCode } from '../errors.ts';
import { FrayError } from '../errors.ts';
import type { Field, TextField } from './fields.ts';
import { fromRaw, toRaw } from './fields.ts';
import type { PlacedMessage } from './layout.ts';

/** Where `decode` leaves what it read. Reused: valid until the next call. */
export interface DecodedMessage {
  name: string;
  value: Record<string, number | boolean | string>;
}

/** Encodes and decodes the messages of one direction (`schema.layout.toServer` or `.toClient`). */
export class MessageCodec {
  /** What the last successful `decode` read; `value` is a new object each time. */
  readonly decoded: DecodedMessage = { name: '', value: {} };
  readonly #messages: readonly PlacedMessage[];
  readonly #byName: ReadonlyMap<string, PlacedMessage>;
  readonly #encoder = new TextEncoder();
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

  constructor(messages: readonly PlacedMessage[]) {
    this.#messages = messages;
    this.#byName = new Map(messages.map((message) => [message.name, message]));
  }

  /** Most bytes that a message of this direction can take. */
  get bytesMax(): number {
    return Math.max(
      2,
      ...this.#messages.map(
        (message) => 2 + message.fields.reduce((sum, f) => sum + fieldBytesMax(f.spec), 0),
      ),
    );
  }

  /**
   * Writes a message at the start of `into` (at least `bytesMax` long) and returns its bytes. Throws E_MESSAGE_UNKNOWN,
   * E_VALUE for a value that does not fit, E_MESSAGE_TOO_LONG for a text.
   */
  encode(name: string, value: Readonly<Record<string, unknown>>, into: Uint8Array): number {
    const message = this.#byName.get(name);
    if (message === undefined) {
      throw new FrayError(
        'E_MESSAGE_UNKNOWN',
        `Cannot send '${name}': the schema has no such message in this direction`,
      );
    }
    into[0] = MESSAGE.game;
    into[1] = message.index;
    let at = 2;
    for (const field of message.fields) {
      const path = `${name}.${field.name}`;
      const part = value[field.name];
      if (field.spec.type === 'text') at = this.#writeText(field.spec, { part, path, into, at });
      else
        at = writeInteger(into, at, {
          bytes: integerBytes(field.spec),
          raw: toRaw(field.spec, part, path),
        });
    }
    return at;
  }

  /** Reads a whole message into `decoded`. Never throws: E_OK, E_MESSAGE_UNKNOWN or E_MALFORMED. */
  decode(bytes: Uint8Array): ErrorCode {
    if (bytes.length < 2 || bytes[0] !== MESSAGE.game) return ERROR.E_MALFORMED;
    const message = this.#messages[bytes[1] ?? 0];
    if (message === undefined) return ERROR.E_MESSAGE_UNKNOWN;
    const value: Record<string, number | boolean | string> = {};
    let at = 2;
    for (const { name, spec } of message.fields) {
      const prefix = spec.type === 'text' ? lengthBytes(spec) : integerBytes(spec);
      if (at + prefix > bytes.length) return ERROR.E_MALFORMED;
      const raw = readInteger(bytes, at, {
        bytes: prefix,
        signed: spec.type !== 'text' && spec.signed,
      });
      at += prefix;
      if (spec.type === 'text') {
        if (raw > spec.bytesMax || at + raw > bytes.length) return ERROR.E_MALFORMED;
        const text = this.#readText(bytes.subarray(at, at + raw));
        if (text === null) return ERROR.E_MALFORMED;
        value[name] = text;
        at += raw;
      } else {
        if (raw < spec.min || raw > spec.max) return ERROR.E_MALFORMED;
        value[name] = fromRaw(spec, raw);
      }
    }
    if (at !== bytes.length) return ERROR.E_MALFORMED;
    this.decoded.name = message.name;
    this.decoded.value = value;
    return ERROR.E_OK;
  }

  #writeText(
    spec: TextField,
    to: { part: unknown; path: string; into: Uint8Array; at: number },
  ): number {
    const { part, path, into, at } = to;
    if (typeof part !== 'string')
      throw new FrayError('E_VALUE', `Cannot set ${path}: it must be a text`);
    const start = at + lengthBytes(spec);
    const encoded = this.#encoder.encode(part);
    if (encoded.length > spec.bytesMax) {
      throw new FrayError(
        'E_MESSAGE_TOO_LONG',
        `Cannot send ${path}: it has ${encoded.length} bytes of UTF-8, the limit is ${spec.bytesMax}`,
      );
    }
    into.set(encoded, start);
    writeInteger(into, at, { bytes: lengthBytes(spec), raw: encoded.length });
    return start + encoded.length;
  }

  #readText(bytes: Uint8Array): string | null {
    try {
      return this.#decoder.decode(bytes);
    } catch {
      return null;
    }
  }
}

function fieldBytesMax(spec: Field | TextField): number {
  return spec.type === 'text' ? lengthBytes(spec) + spec.bytesMax : integerBytes(spec);
}

function integerBytes(spec: Field): 1 | 2 | 4 {
  return spec.bits <= 8 ? 1 : spec.bits <= 16 ? 2 : 4;
}

function lengthBytes(spec: TextField): 1 | 2 {
  return spec.bytesMax <= 255 ? 1 : 2;
}

function writeInteger(
  into: Uint8Array,
  at: number,
  value: { bytes: 1 | 2 | 4; raw: number },
): number {
  for (let byte = 0; byte < value.bytes; byte += 1)
    into[at + byte] = (value.raw >> (8 * byte)) & 0xff;
  return at + value.bytes;
}

function readInteger(
  from: Uint8Array,
  at: number,
  as: { bytes: 1 | 2 | 4; signed: boolean },
): number {
  let raw = 0;
  for (let byte = 0; byte < as.bytes; byte += 1) raw |= (from[at + byte] ?? 0) << (8 * byte);
  const shift = 32 - 8 * as.bytes;
  return as.signed ? (raw << shift) >> shift : raw >>> 0;
}
