/**
 * The way of a packet through the host: ring, inbox record, input buffer of a room. Any lengths and bytes in any order
 * of writes and reads come out as they went in, or are refused whole; a list is the model. And journals of any bytes.
 */
import { Packet, RecordHeader } from '../../../protocol/gen/tables.ts';
import { FrayError } from '../../../src/errors.ts';
import { createRing, Ring } from '../../../src/mailbox/ring.ts';
import {
  CheckpointPacker,
  CheckpointReader,
  PackedRoom,
} from '../../../workers/journal-checkpoint.ts';
import { readJournal } from '../../../workers/journal-file.ts';
import { STAGE } from '../../../workers/journal-format.ts';
import { PAGE_BYTES } from '../../../workers/journal-pages.ts';
import { RecordWriter } from '../../../workers/records.ts';
import type { Target } from '../engine.ts';
import { claim, join, Program, parts } from './bytes.ts';

const JOURNAL = join(
  [0x46, 0x52, 0x4a, 0x44, 1, 0, 0, 0, 4, 0, 0, 0, 9, 9, 9, 9],
  [1, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 5, 6, 7, 0],
  [3, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8],
);

/** Checkpoints of a room of some pages: one with all of it, one with what changed. */
const REGION_BYTES = 3 * PAGE_BYTES + 80;
const packedRoom = new PackedRoom(REGION_BYTES);
const checkpointPacker = new CheckpointPacker();
const checkpoints = [3, 5].map((k) => {
  const region = Uint8Array.from({ length: REGION_BYTES }, (_, at) =>
    at < PAGE_BYTES || at % 44 > 6 ? 0 : (at % 44) * k,
  );
  const one = { tick: k, seen: { tick: 1, unixMs: 2 }, host: Uint8Array.of(1, 2, 3), region };
  return checkpointPacker.pack(one, packedRoom, k === 3)[0] as Uint8Array;
});

export const target: Target = {
  name: 'records',
  bytesMax: 1000,
  seeds: [
    join([0, 1], parts([1, 2, 3]), [1], parts([]), [1], parts([9, 8, 7, 6, 5]), [2, 3, 2, 4]),
    join([0, 1], parts(new Uint8Array(200)), [2, 1], parts(new Uint8Array(250).fill(7)), [2, 4]),
    join([1], JOURNAL),
    join([7, 0], checkpoints[0] as Uint8Array),
    join([7, 1], checkpoints[1] as Uint8Array),
  ],
  words: [
    Uint8Array.of(1, 0, 0),
    Uint8Array.of(1, 255, 0),
    Uint8Array.of(2, 4),
    Uint8Array.of(3),
    JOURNAL.subarray(0, 16),
  ],
  run,
};

const program = new Program();
const memory = createRing(512, 300);
const fresh = new Uint8Array(memory).slice();
const buffer = new ArrayBuffer(4096);
const room = {
  u8: new Uint8Array(buffer),
  i32: new Int32Array(buffer),
  input: 64,
  inputBytes: 1024,
};

interface Waiting {
  readonly kind: number;
  readonly id: number;
  readonly bytes: Uint8Array;
}

function run(input: Uint8Array): void {
  if (((input[0] ?? 0) & 7) === 7) checkpoint(input.subarray(1));
  else if (((input[0] ?? 0) & 1) === 1) journal(input.subarray(1));
  else ring(input.subarray(1));
}

/** Writes and reads until the input is over. */
function ring(input: Uint8Array): void {
  new Uint8Array(memory).set(fresh);
  program.reset(input);
  const writer = new Ring(memory, 'write');
  const reader = new Ring(memory, 'read');
  const model: Waiting[] = [];
  let taken = 0;
  for (let steps = 0; steps < 64 && !program.over; steps += 1) {
    const what = program.byte();
    if (what % 4 === 1) write(writer, model, what);
    else if (what % 4 === 2) taken += read(reader, model, taken);
    else if (what % 4 === 3) {
      reader.rewind();
      taken = 0;
    } else {
      reader.release();
      model.splice(0, taken);
      taken = 0;
    }
  }
  taken += read(reader, model, taken);
  claim(taken === model.length && !reader.next(), 'everything that was written is read');
}

function write(writer: Ring, model: Waiting[], what: number): void {
  const bytes = program.part(300);
  const kind = 1 + (what >> 2);
  const free = writer.free();
  const id = 0xffff_ff00 + what;
  if (writer.tryWrite(kind, id, what, bytes, 0, bytes.length))
    model.push({ kind, id, bytes: bytes.slice() });
  else claim(free < 2 * (12 + bytes.length + 3), `refused with ${free} bytes free`);
}

/** Reads all that waits into the input buffer of a room; compares both with the model. */
function read(reader: Ring, model: readonly Waiting[], from: number): number {
  room.u8.fill(0xee);
  const records = new RecordWriter(room);
  let count = 0;
  while (reader.next()) {
    const expected = model[from + count];
    claim(expected !== undefined, 'a record that nobody wrote');
    claim(reader.kind === expected.kind && reader.id === expected.id, 'its head');
    claim(reader.length === expected.bytes.length, 'its length');
    same(reader.bytes, reader.offset, expected.bytes);
    for (let k = reader.length; (k & 3) !== 0; k += 1)
      claim(reader.bytes[reader.offset + k] === 0, 'zeros up to a multiple of 4');
    const at = records.at;
    const whole = RecordHeader.bytes + ((Packet.bytes + reader.length + 3) & ~3);
    const fits = records.packet(count, reader, 77, records.recordsMax);
    claim(fits === at + whole <= records.recordsMax, 'a record fits or is refused');
    if (fits) recordIs(at, count, expected.bytes);
    count += 1;
  }
  claim(
    room.u8[room.input - 1] === 0xee && room.u8[room.input + room.inputBytes] === 0xee,
    'outside the buffer',
  );
  return count;
}

function recordIs(at: number, slot: number, packet: Uint8Array): void {
  const view = new DataView(buffer, room.input + at);
  claim(view.getUint16(0, true) === Packet.kind && view.getUint16(2, true) === slot, 'a packet');
  claim(view.getUint32(4, true) === Packet.bytes + packet.length, 'its length');
  claim(view.getUint32(8, true) === 77, 'its arrival');
  same(room.u8, room.input + at + 12, packet);
}

function same(memoryBytes: Uint8Array, at: number, expected: Uint8Array): void {
  for (let k = 0; k < expected.length; k += 1)
    claim(memoryBytes[at + k] === expected[k], `byte ${k} of ${expected.length}`);
}

function journal(bytes: Uint8Array): void {
  try {
    const journal = readJournal(bytes);
    const { head } = journal;
    claim(head.config.length <= bytes.length, 'a configuration');
    let sum = 0;
    for (const entry of journal.entries()) sum += entry.bytes.length;
    claim(sum <= 1032 * bytes.length, 'entries longer than deflate can make of their file');
  } catch (error) {
    claim(error instanceof FrayError && error.code === 'E_MALFORMED', 'a coded refusal');
  }
}

/** Any bytes as a checkpoint, after one that is whole or before any: a region of the length that was said, or none. */
function checkpoint(input: Uint8Array): void {
  const reader = new CheckpointReader();
  const take = (bytes: Uint8Array): boolean =>
    reader.take({ stage: STAGE.checkpoint, tick: 1, bytes });
  if (((input[0] ?? 0) & 1) === 1) claim(take(checkpoints[0] as Uint8Array), 'a whole one');
  const { newest } = reader;
  const bytes = input.slice(1);
  // The length is the file's to say, up to 1 GiB: here it is one.
  if (bytes.length >= 4) new DataView(bytes.buffer).setUint32(0, REGION_BYTES, true);
  const isTaken = take(bytes);
  claim(isTaken || reader.newest === newest, 'what is none changes nothing that was there');
  claim((reader.newest?.region.length ?? REGION_BYTES) === REGION_BYTES, 'its length');
}
