/**
 * The control messages that a client writes or reads, field by field over the wire reader and writer of
 * @bufbuild/protobuf. The generated codecs (protocol/gen/control_pb.ts) do the same by reflection, which costs a page 20 KB
 * gzipped; servers use those. A test holds both against each other.
 */
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { JoinReply } from '../../protocol/gen/control_pb.ts';

/** Field numbers of protocol/control.proto. */
const ROOM = { any: 1, id: 2, create: 3 } as const;
const REQUEST = { room: 1, name: 2, schemaHash: 3, verify: 4 } as const;
const REPLY = [
  '',
  'roomId',
  'playerId',
  'handle',
  'tick',
  'epoch',
  'tickRateHz',
  'schemaHash',
  'wallsHash',
  'playersMax',
  'entitiesMax',
  'interpolationTicks',
  'snapshotBytesMax',
  'protocolVersion',
] as const;

export type JoinReplyFields = Omit<JoinReply, '$typeName' | '$unknown'>;

export interface JoinRequestFields {
  readonly name: string;
  readonly schemaHash: bigint;
  readonly verify: boolean;
  readonly choice:
    | { readonly case: 'any'; readonly value: boolean }
    | { readonly case: 'id' | 'create'; readonly value: string };
}

/** A notice, a fault or a session token; what a body does not have is 0 or empty. */
export interface ControlFields {
  readonly body: 'notice' | 'fault' | 'sessionToken' | '';
  readonly code: number;
  readonly text: string;
  readonly inMs: number;
  /** Of a session token: without its trailing zeros. */
  readonly token: Uint8Array;
}

export function writeJoinRequest(request: JoinRequestFields): Uint8Array {
  const { choice } = request;
  const writer = new BinaryWriter();
  writer.tag(REQUEST.room, WireType.LengthDelimited).fork();
  if (choice.case === 'any') writer.tag(ROOM.any, WireType.Varint).bool(choice.value);
  else writer.tag(ROOM[choice.case], WireType.LengthDelimited).string(choice.value);
  writer.join();
  if (request.name !== '') writer.tag(REQUEST.name, WireType.LengthDelimited).string(request.name);
  if (request.schemaHash !== 0n)
    writer.tag(REQUEST.schemaHash, WireType.Bit64).fixed64(request.schemaHash);
  if (request.verify) writer.tag(REQUEST.verify, WireType.Varint).bool(true);
  return writer.finish();
}

/** Throws on bytes that do not parse. Unknown fields are skipped. */
export function readJoinReply(bytes: Uint8Array): JoinReplyFields {
  const reply = {
    roomId: '',
    playerId: 0,
    handle: 0,
    tick: 0,
    epoch: 0,
    tickRateHz: 0,
    schemaHash: 0n,
    wallsHash: 0,
    playersMax: 0,
    entitiesMax: 0,
    interpolationTicks: 0,
    snapshotBytesMax: 0,
    protocolVersion: 0,
  };
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    const name = REPLY[field];
    if (name === 'roomId' && type === WireType.LengthDelimited) reply.roomId = reader.string(true);
    else if (name === 'schemaHash' && type === WireType.Bit64)
      reply.schemaHash = BigInt(reader.fixed64());
    else if (name === 'wallsHash' && type === WireType.Bit32) reply.wallsHash = reader.fixed32();
    else if (name && name !== 'roomId' && name !== 'schemaHash' && type === WireType.Varint)
      reply[name] = reader.uint32();
    else reader.skip(type, field);
  }
  return reply;
}

/** Throws on bytes that do not parse. */
export function readControlMessage(bytes: Uint8Array): ControlFields {
  const control = { body: '' as ControlFields['body'], code: 0, text: '', inMs: 0, token: NONE };
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    const body = type === WireType.LengthDelimited ? BODIES[field] : undefined;
    if (body === undefined) {
      reader.skip(type, field);
      continue;
    }
    if (body !== control.body) {
      // One of them at most; a second part of the same is more of it.
      control.code = control.inMs = 0;
      control.text = '';
      control.token = NONE;
    }
    control.body = body;
    const part = new BinaryReader(reader.bytes());
    if (body === 'sessionToken') readSessionToken(part, control);
    else readBody(part, control);
  }
  return control;
}

function readSessionToken(reader: BinaryReader, into: { token: Uint8Array }): void {
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === 1 && type === WireType.LengthDelimited) into.token = reader.bytes();
    else reader.skip(type, field);
  }
}

function readBody(reader: BinaryReader, into: { code: number; text: string; inMs: number }): void {
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === 1 && type === WireType.Varint) into.code = reader.uint32();
    else if (field === 2 && type === WireType.LengthDelimited) into.text = reader.string(true);
    else if (field === 3 && type === WireType.Varint) into.inMs = reader.uint32();
    else reader.skip(type, field);
  }
}

const NONE = new Uint8Array(0);
/** By field number. */
const BODIES = [undefined, 'notice', 'fault', 'sessionToken'] as const;
