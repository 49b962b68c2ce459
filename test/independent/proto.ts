/** As much of protobuf as control.proto needs. */
import { Malformed } from './bits.ts';

export interface ProtoFields {
  /** 0 where it is absent. */
  number(field: number): number;
  long(field: number): bigint;
  bytes(field: number): Uint8Array;
  text(field: number): string;
  message(field: number): ProtoFields | undefined;
}

export function protoFields(bytes: Uint8Array): ProtoFields {
  const numbers = new Map<number, bigint>();
  const blobs = new Map<number, Uint8Array>();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) break;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
    throw new Malformed('a broken varint');
  };
  const skip = (count: number) => {
    if (at + count > bytes.length) throw new Malformed('a control message ends early');
    at += count;
    return at - count;
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const field = tag >>> 3;
    switch (tag & 7) {
      case 0:
        numbers.set(field, varint());
        break;
      case 1:
        numbers.set(field, view.getBigUint64(skip(8), true));
        break;
      case 2: {
        const length = Number(varint());
        const start = skip(length);
        blobs.set(field, bytes.subarray(start, start + length));
        break;
      }
      case 5:
        numbers.set(field, BigInt(view.getUint32(skip(4), true)));
        break;
      default:
        throw new Malformed('an unknown wire type');
    }
  }
  return {
    number: (field) => Number(numbers.get(field) ?? 0n),
    long: (field) => numbers.get(field) ?? 0n,
    bytes: (field) => blobs.get(field) ?? new Uint8Array(0),
    text: (field) => new TextDecoder().decode(blobs.get(field)),
    message(field) {
      const blob = blobs.get(field);
      return blob && protoFields(blob);
    },
  };
}

export class ProtoWriter {
  readonly #bytes: number[] = [];

  varint(field: number, value: number): this {
    this.#varint(field << 3);
    this.#varint(value);
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    this.#varint((field << 3) | 2);
    this.#varint(value.length);
    this.#bytes.push(...value);
    return this;
  }

  fixed64(field: number, value: bigint): this {
    this.#varint((field << 3) | 1);
    for (let k = 0n; k < 64n; k += 8n) this.#bytes.push(Number((value >> k) & 255n));
    return this;
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  #varint(value: number): void {
    let left = value;
    for (; left > 127; left = Math.floor(left / 128)) this.#bytes.push((left % 128) | 128);
    this.#bytes.push(left);
  }
}
