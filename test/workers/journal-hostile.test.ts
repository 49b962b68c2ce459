/** Journals whose checks are right and that say what no writer would say: whoever reads one comes to an end. */
import { crc32 } from 'node:zlib';
import { test } from 'tap';
import { Join, Packet, RecordHeader } from '../../protocol/gen/tables.ts';
import { CheckpointReader } from '../../workers/journal-checkpoint.ts';
import { readJournal } from '../../workers/journal-file.ts';
import { BLOCK_HEAD_BYTES, encodeBlock, encodeHead, STAGE } from '../../workers/journal-format.ts';
import { PAGE_BYTES } from '../../workers/journal-pages.ts';
import { withoutPackets } from '../../workers/recovery.ts';

const HEAD = {
  roomId: 'r7',
  schemaHash: 1n,
  epoch: 1,
  tickRateHz: 30,
  config: new Uint8Array(37),
  coreHash: new Uint8Array(32),
  openedMs: 1,
};
const CHECKPOINT_HEAD_BYTES = 32;
/** Rounded up to whole words in 32 bits they are small, or less than nothing. */
const LENGTHS = [0xffff_ffff, 0xffff_fffd, 0xffff_fff4, 0xffff_fff0, 0x8000_0000, 0x7fff_ffff, 5];

/** A file with one block, as it stands in `raw`. */
function fileOf(raw: Uint8Array): Uint8Array {
  const head = encodeHead(HEAD, crc32);
  const check = new DataView(head.buffer).getUint32(head.length - 4, true);
  const block = new Uint8Array(BLOCK_HEAD_BYTES + raw.length);
  block.set(raw, BLOCK_HEAD_BYTES);
  const bytes = { storedBytes: raw.length, rawBytes: raw.length };
  const of = { sequence: 0, codec: 0, ...bytes, firstTick: 1, lastTick: 1 };
  encodeBlock(block, of, { payload: raw, check, crc: crc32 });
  return new Uint8Array(Buffer.concat([head, block]));
}

test('an entry that says to be longer than its block is damage, whatever it says', async (t) => {
  for (const length of LENGTHS) {
    const raw = new Uint8Array(12 + 12 + 4);
    new Uint32Array(raw.buffer).set([STAGE.begin, 1, 0, STAGE.end, 1, length]);
    const entries = readJournal(fileOf(raw)).entries();
    t.equal(entries.next().value?.stage, STAGE.begin);
    t.throws(() => entries.next(), { code: 'E_MALFORMED', tick: 1 }, `${length} bytes`);
  }
});

test('a checkpoint that says to have more of the host than it has bytes is none', async (t) => {
  // By a sum in 32 bits the host has less than nothing, and pages stand before the first byte.
  const [hostBytes, pages] = [0x8000_0000, 523_777];
  const bytes = new Uint8Array(pages * (4 + PAGE_BYTES) - hostBytes + CHECKPOINT_HEAD_BYTES);
  const view = new DataView(bytes.buffer);
  for (const [word, value] of [PAGE_BYTES, hostBytes, PAGE_BYTES, pages].entries())
    view.setUint32(4 * word, value, true);
  view.setUint32(24, 3, true);
  t.notOk(new CheckpointReader().take({ stage: STAGE.checkpoint, tick: 1, bytes }));
});

test('records that say to be longer than they are end where they stand', async (t) => {
  for (const length of LENGTHS) {
    const records = new Uint8Array(2 * RecordHeader.bytes + 4);
    const view = new DataView(records.buffer);
    view.setUint16(RecordHeader.kind, Packet.kind, true);
    view.setUint32(RecordHeader.length, 0, true);
    view.setUint16(RecordHeader.bytes + RecordHeader.kind, Join.kind, true);
    view.setUint32(RecordHeader.bytes + RecordHeader.length, length, true);
    t.equal(withoutPackets(records).length, 0, `${length} bytes`);
  }
});
