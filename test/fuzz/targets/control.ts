/** Control messages: the hand-written codecs of pages beside the generated ones, on the same bytes. */
import { fromBinary } from '@bufbuild/protobuf';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import {
  ControlMessageSchema,
  JoinReplySchema,
  JoinRequestSchema,
} from '../../../protocol/gen/control_pb.ts';
import { readControl } from '../../../src/client/control.ts';
import {
  readControlMessage,
  readJoinReply,
  writeJoinRequest,
} from '../../../src/session/control-codec.ts';
import { join, reply } from '../../session/bench.ts';
import type { Target } from '../engine.ts';
import { claim } from './bytes.ts';

export const target: Target = {
  name: 'control',
  bytesMax: 400,
  seeds: [
    reply(),
    reply({ roomId: 'ein Raum', tick: 0xffff_ffff, schemaHash: 0xffff_ffff_ffff_ffffn }),
    join().slice(1),
    join({ choice: { create: '{"a":1}' }, verify: true }).slice(1),
    Uint8Array.of(0x0a, 8, 8, 5, 0x12, 2, 0x68, 0x69, 0x18, 9),
    Uint8Array.of(0x12, 6, 8, 5, 0x12, 2, 0x68, 0x69),
    Uint8Array.of(0x12, 2, 8, 5, 0x0a, 2, 0x18, 7),
    Uint8Array.of(0x1a, 5, 0x0a, 3, 1, 2, 3),
    Uint8Array.of(0x12, 2, 8, 5, 0x1a, 4, 0x0a, 2, 9, 9, 0x1a, 2, 0x0a, 0),
  ],
  words: [
    Uint8Array.of(0x0a, 2, 8, 1),
    Uint8Array.of(0x12, 2, 8, 1),
    Uint8Array.of(0x39),
    Uint8Array.of(0x45),
    Uint8Array.of(0x20, 0xff, 0xff, 0xff, 0xff, 0x0f),
    Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1),
    Uint8Array.of(0x1b, 0x1c),
    Uint8Array.of(0xc3, 0xa9),
  ],
  run,
};

function run(input: Uint8Array): void {
  replies(input);
  messages(input);
  requests(input);
}

/** Wire type of each field: varint 0, 64 bits 1, length 2, 32 bits 5. */
const REPLY_TYPES: Types = {
  1: 2,
  7: 1,
  8: 5,
  ...varints(2, 3, 4, 5, 6, 9, 10, 11, 12, 13, 14, 15, 16),
};
const BODY_TYPES: Types = { 1: 0, 2: 2, 3: 0 };
const TOKEN_TYPES: Types = { 1: 2 };

const NONE: Types = {};
/** Of each body of a ControlMessage. */
const BODIES = [NONE, BODY_TYPES, BODY_TYPES, TOKEN_TYPES];
/** Marks a part inside another. */
const INSIDE: readonly Types[] = [];

type Types = { readonly [field: number]: number };

function varints(...fields: readonly number[]): Types {
  return Object.fromEntries(fields.map((field) => [field, 0]));
}

/**
 * Whether every field that the schema knows comes with its own wire type, and no group stands there. The page skips a
 * field of another type, as the standard says; the generated code reads it as if it were its own.
 */
function wellTyped(bytes: Uint8Array, types: Types, inner: readonly Types[] = []): boolean {
  try {
    const reader = new BinaryReader(bytes);
    while (reader.pos < reader.len) {
      const [field, type] = reader.tag();
      if (type > 5 || type === 3 || type === 4 || (types[field] ?? type) !== type) return false;
      const part = inner[field];
      if (part !== undefined) {
        if (!wellTyped(reader.bytes(), part, INSIDE)) return false;
      } else reader.skip(type, field);
    }
  } catch {
    // What ends early ends early for both; but the generated code lets a part run over its own end.
    return inner !== INSIDE;
  }
  return true;
}

/** The page's reader of JoinReply says what the generated one says, or both refuse. */
function replies(input: Uint8Array): void {
  const own = attempt(() => readJoinReply(input));
  const made = attempt(() => fromBinary(JoinReplySchema, input, { readUnknownFields: false }));
  if (!wellTyped(input, REPLY_TYPES)) return;
  claim((own === null) === (made === null), 'one of the two refuses a JoinReply');
  if (own === null || made === null) return;
  // What is left out has a value of its own.
  const told = { ...made, resumeMs: made.resumeMs ?? 30_000 };
  for (const name of Object.keys(own) as (keyof typeof own)[])
    claim(own[name] === told[name], `JoinReply.${name}: ${own[name]}, not ${told[name]}`);
}

function messages(input: Uint8Array): void {
  const own = attempt(() => readControlMessage(input));
  const made = attempt(() => fromBinary(ControlMessageSchema, input, { readUnknownFields: false }));
  const heard = readControl(input);
  claim((heard === undefined) === (own === null), 'the page hears what decodes');
  if (!wellTyped(input, { 1: 2, 2: 2, 3: 2 }, BODIES)) return;
  claim((own === null) === (made === null), 'one of the two refuses a ControlMessage');
  if (own === null || made === null) return;
  const { body } = made;
  claim(own.body === (body.case ?? ''), `a ${own.body}, not a ${body.case}`);
  if (body.case === undefined) return;
  if (body.case === 'sessionToken') {
    claim(Buffer.compare(own.token, body.value.token) === 0, 'the token');
    return;
  }
  claim(own.code === body.value.code && own.text === body.value.text, 'code and text');
  claim(body.case === 'fault' || own.inMs === body.value.inMs, 'when');
}

function requests(input: Uint8Array): void {
  const made = attempt(() => fromBinary(JoinRequestSchema, input, { readUnknownFields: false }));
  const choice = made?.room?.choice;
  if (made === null || choice?.case === undefined) return;
  const { name, schemaHash, verify, messagesRead, tick } = made;
  const known = messagesRead === undefined ? undefined : { messagesRead, tick };
  const bytes = writeJoinRequest({ name, schemaHash, verify, choice, known });
  const again = fromBinary(JoinRequestSchema, bytes);
  claim(again.name === name && again.schemaHash === schemaHash, 'the request comes back');
  claim(again.messagesRead === messagesRead, 'with what its client has read');
  claim(known === undefined || again.tick === tick, 'and seen');
  claim(again.verify === verify && again.room?.choice.value === choice.value, 'with its choice');
}

function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
