/**
 * The control messages that a client writes or reads, field by field. The generated codecs (protocol/gen/control_pb.ts) do
 * the same by reflection, which costs a page 20 KB gzipped; servers use those. A test holds both against each other.
 */
import type { JoinReply } from '../../protocol/gen/control_pb.ts';
import { WIRE, WireReader, writeBool, writeBytes, writeFixed64, writeUint32 } from './wire.ts';

/** Field numbers of protocol/control.proto. */
const ROOM = { any: 1, id: 2, create: 3 } as const;
const REQUEST = { room: 1, name: 2, schemaHash: 3, verify: 4, messagesRead: 5, tick: 6 } as const;
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
  'resumeMs',
  'messagesRead',
  'keptTick',
  'messagesBefore',
] as const;

export type JoinReplyFields = Omit<JoinReply, '$typeName' | '$unknown' | 'resumeMs'> & {
  resumeMs: number;
};

/** What a client knows of its room. */
export interface Known {
  /** Reliable messages that it has read, modulo 65,536. */
  readonly messagesRead: number;
  /** Of its newest snapshot; 0: none. */
  readonly tick: number;
}

export interface JoinRequestFields {
  readonly name: string;
  readonly schemaHash: bigint;
  readonly verify: boolean;
  /** Of a client that has kept what it knew. */
  readonly known?: Known | undefined;
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
  readonly retryUrl: string;
  /** Of a session token: without its trailing zeros. */
  readonly token: Uint8Array;
}

export function writeJoinRequest(request: JoinRequestFields): Uint8Array {
  const { choice } = request;
  const room: number[] = [];
  if (choice.case === 'any') writeBool(room, ROOM.any, choice.value);
  else writeBytes(room, ROOM[choice.case], choice.value);
  const into: number[] = [];
  writeBytes(into, REQUEST.room, room);
  if (request.name !== '') writeBytes(into, REQUEST.name, request.name);
  if (request.schemaHash !== 0n) writeFixed64(into, REQUEST.schemaHash, request.schemaHash);
  if (request.verify) writeBool(into, REQUEST.verify, true);
  if (request.known !== undefined) {
    writeUint32(into, REQUEST.messagesRead, request.known.messagesRead);
    if (request.known.tick !== 0) writeUint32(into, REQUEST.tick, request.known.tick);
  }
  return Uint8Array.from(into);
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
    resumeMs: RESUME_MS_UNSAID,
    messagesRead: 0,
    keptTick: 0,
    messagesBefore: 0,
  };
  const reader = new WireReader(bytes);
  while (reader.next()) {
    const { field, type } = reader;
    const name = REPLY[field];
    if (name === 'roomId' && type === WIRE.bytes) reply.roomId = reader.string();
    else if (name === 'schemaHash' && type === WIRE.bits64) reply.schemaHash = reader.fixed64();
    else if (name === 'wallsHash' && type === WIRE.bits32) reply.wallsHash = reader.fixed32();
    else if (name && name !== 'roomId' && name !== 'schemaHash' && type === WIRE.varint)
      reply[name] = reader.uint32();
    else reader.skip();
  }
  return reply;
}

/** Throws on bytes that do not parse. */
export function readControlMessage(bytes: Uint8Array): ControlFields {
  const none = { code: 0, text: '', inMs: 0, retryUrl: '', token: NONE };
  const control = { body: '' as ControlFields['body'], ...none };
  const reader = new WireReader(bytes);
  while (reader.next()) {
    const { field, type } = reader;
    const body = type === WIRE.bytes ? BODIES[field] : undefined;
    if (body === undefined) {
      reader.skip();
      continue;
    }
    if (body !== control.body) {
      // One of them at most; a second part of the same is more of it.
      Object.assign(control, none);
    }
    control.body = body;
    const part = new WireReader(reader.bytes());
    if (body === 'sessionToken') readSessionToken(part, control);
    else readBody(part, control);
  }
  return control;
}

function readSessionToken(reader: WireReader, into: { token: Uint8Array }): void {
  while (reader.next()) {
    const { field, type } = reader;
    if (field === 1 && type === WIRE.bytes) into.token = reader.bytes();
    else reader.skip();
  }
}

type Said = Pick<ControlFields, 'code' | 'text' | 'inMs' | 'retryUrl'>;

function readBody(reader: WireReader, into: { -readonly [K in keyof Said]: Said[K] }): void {
  while (reader.next()) {
    const { field, type } = reader;
    if (field === 1 && type === WIRE.varint) into.code = reader.uint32();
    else if (field === 2 && type === WIRE.bytes) into.text = reader.string();
    else if (field === 3 && type === WIRE.varint) into.inMs = reader.uint32();
    else if (field === 4 && type === WIRE.bytes) into.retryUrl = reader.string();
    else reader.skip();
  }
}

const NONE = new Uint8Array(0);
/** What a server means that says nothing of it: what clients went by before it was told. */
const RESUME_MS_UNSAID = 30_000;
/** By field number. */
const BODIES = [undefined, 'notice', 'fault', 'sessionToken'] as const;
