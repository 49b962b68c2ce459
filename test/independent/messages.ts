/** Datagrams of the handshake (SPEC 3) and reliable messages (SPEC 7). */
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { Malformed } from './bits.ts';
import type { Game, MessageField } from './game.ts';
import { type ProtoFields, ProtoWriter, protoFields } from './proto.ts';

export const DATAGRAM = { hello: 1, accept: 2, join: 3, joined: 4, goodbye: 5, packet: 6 } as const;
const VERSION = 1;

/** As a guest, to play. */
export function hello(schemaHash: bigint): Uint8Array {
  return helloHead(schemaHash, { auth: 0, intent: 0, more: 0 });
}

/** On a pipe whose own handshake has proven who is there. */
export function pipeHello(schemaHash: bigint, intent: number, attach: number): Uint8Array {
  const bytes = helloHead(schemaHash, { auth: 2, intent, more: 4 });
  new DataView(bytes.buffer).setUint32(13, attach, true);
  return bytes;
}

/** With a credential of the author's own login. */
export function textHello(schemaHash: bigint, text: string): Uint8Array {
  const said = new TextEncoder().encode(text);
  const bytes = helloHead(schemaHash, { auth: 3, intent: 0, more: 2 + said.length });
  new DataView(bytes.buffer).setUint16(13, said.length, true);
  bytes.set(said, 15);
  return bytes;
}

export interface TokenHello {
  readonly schemaHash: bigint;
  /** 0 to play, 1 to attach. */
  readonly intent: number;
  /** 2,048 bytes. */
  readonly token: Uint8Array;
  readonly attach: number;
}

/** With a connect token of one or more servers, and the proof that it is one's own. */
export function tokenHello({ schemaHash, intent, token, attach }: TokenHello): Uint8Array {
  const bytes = helloHead(schemaHash, { auth: 1, intent, more: 1077 + 4 + 16 });
  // Version info and protocol id; expiry, nonce and private part; between them stands when it was made.
  bytes.set(token.subarray(0, 21), 13);
  bytes.set(token.subarray(29, 1085), 13 + 21);
  new DataView(bytes.buffer).setUint32(1090, attach, true);
  const nonce = new Uint8Array(24);
  nonce.set(new TextEncoder().encode('fray attach 1.0 '));
  new DataView(nonce.buffer).setUint32(20, attach, true);
  const seal = xchacha20poly1305(clientToServerKey(token), nonce, bytes.subarray(0, 1094));
  bytes.set(seal.encrypt(new Uint8Array(0)), 1094);
  return bytes;
}

function clientToServerKey(token: Uint8Array): Uint8Array {
  const r = new ByteReader(token.subarray(1089));
  const servers = r.u32();
  let at = 1089 + 4;
  for (let k = 0; k < servers; k += 1) at += token[at] === 1 ? 7 : 19;
  return token.slice(at, at + 32);
}

function helloHead(
  schemaHash: bigint,
  { auth, intent, more }: { auth: number; intent: number; more: number },
): Uint8Array {
  const bytes = new Uint8Array(13 + more);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, DATAGRAM.hello);
  view.setUint16(1, VERSION, true);
  view.setUint8(3, auth);
  view.setBigUint64(4, schemaHash, true);
  view.setUint8(12, intent);
  return bytes;
}

export interface Join {
  readonly name: string;
  readonly schemaHash: bigint;
  readonly verify: boolean;
}

/** Asks for any room. */
export function join({ name, schemaHash, verify }: Join): Uint8Array {
  const choice = new ProtoWriter().varint(1, 1).finish();
  const request = new ProtoWriter()
    .bytes(1, choice)
    .bytes(2, new TextEncoder().encode(name))
    .fixed64(3, schemaHash)
    .varint(4, verify ? 1 : 0)
    .finish();
  return Uint8Array.from([DATAGRAM.join, ...request]);
}

export interface Joined {
  readonly roomId: string;
  readonly playerId: number;
  readonly handle: number;
  readonly tick: number;
  readonly epoch: number;
  readonly tickRateHz: number;
  readonly schemaHash: bigint;
  readonly wallsHash: number;
  readonly playersMax: number;
  readonly entitiesMax: number;
  readonly interpolationTicks: number;
  readonly snapshotBytesMax: number;
  readonly protocolVersion: number;
}

export function readJoined(datagram: Uint8Array): Joined {
  const fields = protoFields(datagram.subarray(1));
  return {
    roomId: fields.text(1),
    playerId: fields.number(2),
    handle: fields.number(3),
    tick: fields.number(4),
    epoch: fields.number(5),
    tickRateHz: fields.number(6),
    schemaHash: fields.long(7),
    wallsHash: fields.number(8),
    playersMax: fields.number(9),
    entitiesMax: fields.number(10),
    interpolationTicks: fields.number(11),
    snapshotBytesMax: fields.number(12),
    protocolVersion: fields.number(13),
  };
}

export interface Goodbye {
  readonly code: number;
  readonly text: string;
}

export function goodbye({ code, text }: Goodbye): Uint8Array {
  const said = new TextEncoder().encode(text);
  return Uint8Array.from([DATAGRAM.goodbye, 0, code & 255, code >> 8, said.length, ...said]);
}

export function readGoodbye(datagram: Uint8Array): Goodbye {
  const r = new ByteReader(datagram);
  if (r.u8() !== DATAGRAM.goodbye || r.u8() !== 0) throw new Malformed('no goodbye');
  const code = r.u16();
  const text = r.text(r.u8());
  if (r.left > 0) throw new Malformed('bytes behind a goodbye');
  return { code, text };
}

export type WallBox = readonly [number, number, number, number, number, number];

export type RosterItem =
  | { readonly item: 'free'; readonly slot: number }
  | {
      readonly item: 'player';
      readonly slot: number;
      readonly id: number;
      readonly handle: number;
      readonly team: number;
      readonly bot: boolean;
      readonly name: string;
      readonly values: readonly number[];
    }
  | { readonly item: 'field'; readonly field: number; readonly value: number }
  | { readonly item: 'text'; readonly text: number; readonly value: string };

export type Message =
  | { readonly kind: 'control'; readonly body: Control | undefined }
  | { readonly kind: 'game'; readonly index: number; readonly values: readonly (number | string)[] }
  | { readonly kind: 'roster'; readonly items: readonly RosterItem[] }
  | {
      readonly kind: 'walls';
      readonly total: number;
      readonly first: number;
      readonly boxes: readonly WallBox[];
    }
  | {
      readonly kind: 'text';
      readonly handle: number;
      readonly of: number;
      readonly texts: readonly { readonly text: number; readonly value: string }[];
    };

export interface Control {
  readonly kind: 'notice' | 'fault' | 'token';
  readonly code: number;
  readonly text: string;
  readonly inMs: number;
  /** 2,048 bytes where it is a token. */
  readonly token: Uint8Array;
}

/** A message to the client. */
export function readMessage(bytes: Uint8Array, game: Game): Message {
  const r = new ByteReader(bytes);
  switch (r.u8()) {
    case 0:
      return { kind: 'control', body: readControl(protoFields(bytes.subarray(1))) };
    case 1:
      return readGameMessage(r, game);
    case 2:
      return { kind: 'roster', items: until(r, () => readRosterItem(r, game)) };
    case 3:
      return readWalls(r);
    case 4: {
      const handle = r.u32();
      const of = r.u8();
      const texts = until(r, () => ({ text: r.u8(), value: r.text(r.u8()) }));
      return { kind: 'text', handle, of, texts };
    }
    default:
      throw new Malformed('a message of no kind');
  }
}

/** A game message to the server. */
export function gameMessage(game: Game, index: number, values: readonly (number | string)[]) {
  const fields = game.toServer[index] ?? [];
  const bytes = fields.flatMap((field, k) => {
    const value = values[k] ?? 0;
    if (typeof value === 'string') {
      const text = [...new TextEncoder().encode(value)];
      return [...little(text.length, field === 'text16' ? 2 : 1), ...text];
    }
    return little(value, field === 'u32' ? 4 : field === 'u16' ? 2 : 1);
  });
  return Uint8Array.from([1, index, ...bytes]);
}

function little(value: number, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, k) => (value >>> (8 * k)) & 255);
}

function readControl(fields: ProtoFields): Control | undefined {
  for (const [number, kind] of [
    [1, 'notice'],
    [2, 'fault'],
  ] as const) {
    const body = fields.message(number);
    const token = new Uint8Array(0);
    if (body)
      return { kind, code: body.number(1), text: body.text(2), inMs: body.number(3), token };
  }
  const body = fields.message(3);
  if (!body) return undefined;
  const token = new Uint8Array(2048);
  token.set(body.bytes(1));
  return { kind: 'token', code: 0, text: '', inMs: 0, token };
}

function readGameMessage(r: ByteReader, game: Game): Message {
  const index = r.u8();
  const fields = game.toClient[index];
  if (fields === undefined) throw new Malformed(`no game message ${index}`);
  const values = fields.map((field) => readMessageField(r, field));
  if (r.left > 0) throw new Malformed('bytes behind a game message');
  return { kind: 'game', index, values };
}

function readMessageField(r: ByteReader, field: MessageField): number | string {
  switch (field) {
    case 'u8':
      return r.u8();
    case 'u16':
      return r.u16();
    case 'u32':
      return r.u32();
    case 'text8':
      return r.text(r.u8());
    case 'text16':
      return r.text(r.u16());
  }
}

function readRosterItem(r: ByteReader, game: Game): RosterItem {
  switch (r.u8()) {
    case 1: {
      const slot = r.u16();
      const id = r.u32();
      if (id === 0) return { item: 'free', slot };
      const handle = r.u32();
      const team = r.u8();
      const bot = (r.u8() & 1) === 1;
      const name = r.text(r.u8());
      const values = Array.from({ length: game.rosterFields }, () => r.i32());
      return { item: 'player', slot, id, handle, team, bot, name, values };
    }
    case 2:
      return { item: 'field', field: r.u8(), value: r.i32() };
    case 3:
      return { item: 'text', text: r.u8(), value: r.text(r.u8()) };
    default:
      throw new Malformed('a roster item of no kind');
  }
}

function readWalls(r: ByteReader): Message {
  const total = r.u16();
  const first = r.u16();
  const boxes = Array.from(
    { length: r.u16() },
    (): WallBox => [r.i32(), r.i32(), r.i32(), r.i32(), r.i32(), r.i32()],
  );
  if (r.left > 0) throw new Malformed('bytes behind walls');
  return { kind: 'walls', total, first, boxes };
}

function until<T>(r: ByteReader, read: () => T): T[] {
  const items: T[] = [];
  while (r.left > 0) items.push(read());
  return items;
}

class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  u8(): number {
    return this.#view.getUint8(this.#move(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#move(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#move(4), true);
  }

  i32(): number {
    return this.#view.getInt32(this.#move(4), true);
  }

  text(length: number): string {
    const at = this.#move(length);
    return new TextDecoder().decode(this.#bytes.subarray(at, at + length));
  }

  #move(count: number): number {
    if (count > this.left) throw new Malformed('a message ends early');
    this.#at += count;
    return this.#at - count;
  }
}
