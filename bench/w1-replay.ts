/**
 * Times what ships: the recorded packets stand in an inbox ring; per tick they are drained into the core's input buffer, `begin` and `end`
 * run, and every packet is copied to an outbox ring, as workers/room-worker.ts does it. What comes out must be, byte for byte,
 * what the clients of the recording decoded.
 */
import { RoomCore } from '../core-wasm/bindings/room.ts';
import { PACKET_BYTES_MAX, Packet, RecordHeader } from '../protocol/gen/tables.ts';
import { DATA } from '../src/mailbox/messages.ts';
import { createRing, Ring } from '../src/mailbox/ring.ts';
import { RecordWriter } from '../workers/records.ts';
import { eachRecord } from './records.ts';
import type { RecordedTick, Recording } from './w1-recording.ts';
import { hashBytes } from './w1-recording.ts';

/** CPU ns per player and tick over the timed ticks. Throws when a byte differs from the recording. */
export function replay(module: WebAssembly.Module, recording: Recording): number {
  const room = new RoomCore(module, recording.config);
  const { players } = recording.size;
  const inboxes = Array.from({ length: BATCH_TICKS }, () =>
    createRing(players * 2 * (PACKET_BYTES_MAX / 4), PACKET_BYTES_MAX),
  );
  const writers = inboxes.map((buffer) => new Ring(buffer, 'write'));
  const readers = inboxes.map((buffer) => new Ring(buffer, 'read'));
  const outbox = createRing(players * BATCH_TICKS * (PACKET_BYTES_MAX / 2), PACKET_BYTES_MAX);
  const [out, drain] = [new Ring(outbox, 'write'), new Ring(outbox, 'read')];
  const writer = new RecordWriter(room);
  room.end(0);
  let cpuUs = 0;
  let ticks = 0;
  for (let first = 0; first < recording.ticks.length; first += BATCH_TICKS) {
    const batch = recording.ticks.slice(first, first + BATCH_TICKS);
    const others = batch.map((tick, index) => fillInbox(tick, writers[index] as Ring));
    const before = process.cpuUsage();
    for (let index = 0; index < batch.length; index += 1) {
      runTick(room, {
        inbox: readers[index] as Ring,
        others: others[index] as Uint8Array,
        commands: (batch[index] as RecordedTick).commands,
        out,
        writer,
      });
    }
    const used = process.cpuUsage(before);
    check(drain, batch, first);
    if (first < recording.warmTicks) continue;
    cpuUs += used.user + used.system;
    ticks += batch.length;
  }
  return (cpuUs * 1000) / (ticks * players);
}

interface TickWork {
  readonly inbox: Ring;
  /** Joins, which come by another ring. */
  readonly others: Uint8Array;
  readonly commands: Uint8Array;
  readonly out: Ring;
  readonly writer: RecordWriter;
}

/** The timed part. */
function runTick(room: RoomCore, work: TickWork): void {
  const { inbox, out, writer } = work;
  if (work.others.length > 0) room.u8.set(work.others, room.input);
  writer.at = work.others.length;
  while (inbox.next()) writer.packet(inbox.id, inbox, inbox.arg, writer.recordsMax);
  inbox.release();
  room.begin(writer.at);
  if (work.commands.length > 0) room.u8.set(work.commands, room.input);
  const rows = room.end(work.commands.length);
  for (let row = 0; row < rows; row += 1) {
    const address = room.packetAddress(row);
    const length = room.packetBytes(row);
    const slot = room.packetSlot(row);
    const written =
      (address & 3) === 0
        ? out.tryWriteWords(DATA.packet, slot, 0, room.i32, address >> 2, length)
        : out.tryWrite(DATA.packet, slot, 0, room.u8, address, length);
    if (!written) throw new Error('The outbox of the bench is full');
  }
}

/** Packets into the ring; the other records come back. */
function fillInbox(tick: RecordedTick, ring: Ring): Uint8Array {
  let packetsFrom = tick.records.length;
  let at = 0;
  eachRecord(tick.records, (kind, slot, payload) => {
    if (kind === Packet.kind) {
      packetsFrom = Math.min(packetsFrom, at);
      const arrivalUs = new DataView(payload.buffer, payload.byteOffset).getUint32(
        Packet.arrivalUs,
        true,
      );
      if (
        !ring.tryWrite(
          DATA.packet,
          slot,
          arrivalUs,
          payload,
          Packet.bytes,
          payload.length - Packet.bytes,
        )
      )
        throw new Error('The inbox of the bench is full');
    }
    at += RecordHeader.bytes + ((payload.length + 3) & ~3);
  });
  return tick.records.subarray(0, packetsFrom);
}

/** The packets of each tick of a batch hash as they did when the clients decoded them. */
function check(drain: Ring, batch: readonly RecordedTick[], first: number): void {
  for (const [index, tick] of batch.entries()) {
    let hash = 0;
    for (let packet = 0; packet < tick.packets && drain.next(); packet += 1) {
      hash = hashBytes(hash, drain.bytes.subarray(drain.offset, drain.offset + drain.length));
    }
    if (hash !== tick.outHash)
      throw new Error(`Tick ${first + index + 1}: the packets differ from the recording`);
  }
  if (drain.next())
    throw new Error(`Tick ${first + batch.length}: there are more packets than in the recording`);
  drain.release();
}

/** Enough that reading the CPU clock (about 1 us) does not count. */
const BATCH_TICKS = 16;
