import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { test } from 'tap';
import { createRing, KEEPS, RING_HEADER_BYTES, Ring, recordBytes } from '../../src/mailbox/ring.ts';

interface Model {
  readonly kind: number;
  readonly id: number;
  readonly arg: number;
  readonly bytes: number[];
}

test('ring against a list: whole records, in order, nothing overwritten, refusals counted', (t) => {
  const operation = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        write: fc.uint8Array({ maxLength: 40 }),
        words: fc.boolean(),
        id: fc.nat(),
        kind: fc.integer({ min: 1, max: 255 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ read: fc.nat({ max: 6 }) }) },
    { weight: 1, arbitrary: fc.record({ rewind: fc.constant(true) }) },
  );
  const property = fc.property(
    fc.array(operation, { maxLength: 200, size: 'max' }),
    fc.nat({ max: 3 }),
    (operations, scale) => {
      const buffer = createRing(64 << scale, 40);
      const writer = new Ring(buffer, 'write');
      const reader = new Ring(buffer, 'read');
      const list: Model[] = [];
      let unreleased = 0;
      let used = 0;
      let refused = 0;
      let written = 0;
      let bytes = 0;
      for (const op of operations) {
        if ('write' in op) {
          const need = recordBytes(op.write.length);
          const source = new Uint8Array(64).fill(0xee);
          source.set(op.write, 4);
          const done = op.words
            ? writer.tryWriteWords(
                op.kind,
                op.id,
                written,
                new Int32Array(source.buffer),
                1,
                op.write.length,
              )
            : writer.tryWrite(op.kind, op.id, written, source, 4, op.write.length);
          if (done) {
            list.push({ kind: op.kind, id: op.id, arg: written, bytes: [...op.write] });
            written += 1;
            bytes += op.write.length;
          } else {
            refused += 1;
            if (used + recordBytes(40) + need <= writer.capacity) return false;
          }
        } else if ('read' in op) {
          for (let i = 0; i < op.read; i += 1) {
            const expected = list[unreleased];
            if (reader.next() !== (expected !== undefined)) return false;
            if (expected === undefined) break;
            if (!same(reader, expected)) return false;
            unreleased += 1;
          }
          reader.release();
          list.splice(0, unreleased);
          unreleased = 0;
        } else {
          for (const expected of list) if (!reader.next() || !same(reader, expected)) return false;
          if (reader.next()) return false;
          reader.rewind();
        }
        used = list.reduce((sum, one) => sum + recordBytes(one.bytes.length), 0);
        const inUse = writer.capacity - writer.free();
        if (inUse < used || inUse > used + recordBytes(40)) return false;
      }
      return (
        writer.written === written &&
        reader.refused === refused &&
        reader.bytesWritten === bytes &&
        reader.read === written - list.length
      );
    },
  );
  t.doesNotThrow(() => fc.assert(property, { numRuns: 400 }));
  t.end();
});

test('a ring made for so many bytes takes them in any place', (t) => {
  const one = new Uint8Array(20);
  const buffer = createRing(50 * recordBytes(20), 20);
  const writer = new Ring(buffer, 'write');
  const reader = new Ring(buffer, 'read');
  let missing = 0;
  for (let start = 0; start < 2000; start += 1) {
    for (let i = 0; i < 50; i += 1) writer.tryWrite(1, i, 0, one, 0, 20);
    for (let i = 0; i < 50; i += 1) if (!reader.next()) missing += 1;
    reader.release();
    writer.tryWrite(1, 0, 0, one, 0, start % 20);
    reader.next();
    reader.release();
  }
  t.equal(missing, 0);
  t.equal(writer.refused, 0);
  t.end();
});

test('what is written between hold and publish is seen at once and whole, by the store of publish', (t) => {
  const buffer = createRing(4096, 16);
  const writer = new Ring(buffer, 'write');
  const reader = new Ring(buffer, 'read');
  const bytes = Uint8Array.of(1, 2, 3);
  writer.hold();
  for (let i = 0; i < 10; i += 1) writer.tryWrite(1, i, 0, bytes, 0, 3);
  t.notOk(reader.next(), 'nothing is seen before');
  t.equal(reader.written, 0);
  writer.publish();
  const seen: number[] = [];
  while (reader.next()) seen.push(reader.id);
  t.same(seen, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  t.equal(reader.written, 10);
  t.equal(reader.bytesWritten, 30);
  writer.tryWrite(1, 10, 0, bytes, 0, 3);
  t.ok(reader.next(), 'afterwards each write shows itself again');
  writer.publish();
  t.equal(reader.written, 11, 'and a second publish adds nothing');
  t.end();
});

test('the padding of a record is zero, whatever lay there', (t) => {
  const buffer = createRing(64, 8);
  const writer = new Ring(buffer, 'write');
  const reader = new Ring(buffer, 'read');
  new Uint8Array(buffer, RING_HEADER_BYTES).fill(0xff);
  writer.tryWrite(1, 0, 0, Uint8Array.of(1, 2, 3, 4, 5), 0, 5);
  reader.next();
  t.same([...reader.bytes.subarray(reader.offset, reader.offset + 8)], [1, 2, 3, 4, 5, 0, 0, 0]);
  writer.tryWriteWords(1, 0, 0, Int32Array.of(0x04030201, -1), 0, 5);
  reader.next();
  t.same([...reader.bytes.subarray(reader.offset, reader.offset + 8)], [1, 2, 3, 4, 255, 0, 0, 0]);
  t.end();
});

test('payload answers the bytes of its record, in one memory for all of them', (t) => {
  const buffer = createRing(4096, 600);
  const [writer, reader] = [new Ring(buffer, 'write'), new Ring(buffer, 'read')];
  const lengths = [5, 0, 300, 5, 1, 599, 300];
  for (const [index, length] of lengths.entries())
    writer.tryWrite(1, index, 0, new Uint8Array(length).fill(index + 1), 0, length);
  const views = lengths.map((length, index) => {
    t.ok(reader.next());
    const view = reader.payload();
    t.same(view, new Uint8Array(length).fill(index + 1));
    return view;
  });
  t.equal(views[6]?.buffer, views[5]?.buffer);
  reader.rewind();
  reader.next();
  const once = reader.payload();
  reader.rewind();
  reader.next();
  t.equal(reader.payload(), once, 'a length has one view');
  t.end();
});

test('attaching checks magic, version, capacity and counters', (t) => {
  const spoil = (word: number, value: number) => {
    const buffer = createRing(64, 8);
    new Int32Array(buffer)[word] = value;
    return () => new Ring(buffer, 'read');
  };
  t.throws(spoil(0, 1), { code: 'E_CORE' });
  t.throws(spoil(1, 2), { code: 'E_CORE' });
  t.throws(spoil(2, 96), { code: 'E_CORE' });
  t.throws(spoil(2, 1 << 20), { code: 'E_CORE' });
  t.throws(spoil(16, 2), { code: 'E_CORE' });
  t.throws(spoil(16, 1 << 20), { code: 'E_CORE' });
  t.throws(spoil(32, 4), { code: 'E_CORE' });
  t.throws(() => new Ring(new SharedArrayBuffer(8), 'read'), { code: 'E_CORE' });
  t.doesNotThrow(spoil(16, 0));
  t.end();
});

test('a damaged record stops the reader instead of leading it astray', (t) => {
  const buffer = createRing(256, 8);
  new Ring(buffer, 'write').tryWrite(1, 0, 0, new Uint8Array(8), 0, 8);
  new Int32Array(buffer, RING_HEADER_BYTES)[0] = (1 << 24) | 9999;
  t.throws(() => new Ring(buffer, 'read').next(), { code: 'E_CORE' });
  t.end();
});

test('misuse throws: kind 0, kind 256, a record longer than half the ring', (t) => {
  const writer = new Ring(createRing(64, 8), 'write');
  t.throws(() => writer.tryWrite(0, 0, 0, new Uint8Array(4), 0, 4), RangeError);
  t.throws(() => writer.tryWrite(256, 0, 0, new Uint8Array(4), 0, 4), RangeError);
  t.throws(() => writer.tryWrite(1, 0, 0, new Uint8Array(4096), 0, 4096), RangeError);
  t.equal(writer.refused, 0);
  t.end();
});

test('counters run over 2^32 without harm', (t) => {
  const buffer = createRing(64, 8);
  const header = new Int32Array(buffer);
  const start = -(header[2] as number);
  header[16] = start;
  header[32] = start;
  const writer = new Ring(buffer, 'write');
  const reader = new Ring(buffer, 'read');
  let right = 0;
  for (let i = 0; i < 1000; i += 1) {
    if (writer.tryWrite(1, i, 0, new Uint8Array(8), 0, i & 7) && reader.next() && reader.id === i)
      right += 1;
    reader.release();
  }
  t.equal(right, 1000);
  t.equal(writer.free(), writer.capacity);
  t.end();
});

test('two threads: every record arrives once, whole and in order', async (t) => {
  const buffer = createRing(4096, 255);
  const count = 100_000;
  const worker = new Worker(typescriptEntry(new URL('./ring-writer.ts', import.meta.url)), {
    eval: true,
    workerData: { buffer, count },
  });
  const ended = new Promise<number>((resolve, reject) => {
    worker.on('message', resolve);
    worker.on('error', reject);
  });
  const reader = new Ring(buffer, 'read');
  let read = 0;
  let bad = 0;
  const deadline = Date.now() + 60_000;
  while (read < count && Date.now() < deadline) {
    while (reader.next()) {
      if (reader.id !== read || reader.length !== read % 255 || reader.arg !== (read ^ 0x55))
        bad += 1;
      for (let i = 0; i < reader.length; i += 1)
        if (reader.bytes[reader.offset + i] !== ((read + i) & 0xff)) bad += 1;
      read += 1;
      if (read % 7 === 0) reader.release();
    }
    reader.release();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const refused = await ended;
  t.equal(read, count);
  t.equal(bad, 0);
  t.equal(reader.written, count);
  t.equal(reader.refused, refused);
  t.ok(refused > 0, 'the ring was full at times');
  await worker.terminate();
});

/** Node 20 gives `--import tsx` no effect in worker threads: the worker registers the loader itself. */
function typescriptEntry(url: URL): string {
  return `import('tsx/esm/api').then((tsx) => { tsx.register(); return import(${JSON.stringify(url.href)}); });`;
}

function same(reader: Ring, expected: Model): boolean {
  if (reader.kind !== expected.kind || reader.id !== expected.id || reader.arg !== expected.arg)
    return false;
  if (reader.length !== expected.bytes.length || (reader.offset & 3) !== 0) return false;
  return expected.bytes.every((byte, i) => reader.bytes[reader.offset + i] === byte);
}

test('a ring that keeps gives back all from its floor on, read or not, also to another writer', async (t) => {
  const NONE = new Uint8Array(0);
  for (const keeps of [KEEPS.floor, KEEPS.floorAlone]) {
    const buffer = createRing(400, 12, keeps);
    let writer = new Ring(buffer, 'write');
    const reader = new Ring(buffer, 'read');
    const ends: number[] = [];
    let floor = 0;
    for (let id = 1; id <= 3000; id += 1) {
      ends[id] = writer.end;
      while (!writer.tryWrite(1, id, 0, NONE, 0, 0)) {
        // Full: a consumer alone makes no room, the floor does.
        if (keeps === KEEPS.floor) {
          while (reader.next());
          reader.release();
          if (writer.tryWrite(1, id, 0, NONE, 0, 0))
            t.fail(`record ${id} took the place of a kept one`);
        }
        floor = id - 1 - (id % 5);
        writer.keepFrom(ends[floor] as number);
      }
      if (id % 7 !== 0) continue;
      const kept = new Ring(buffer, 'kept');
      const seen: number[] = [];
      while (kept.next()) seen.push(kept.id);
      if (seen.at(-1) !== id || seen.length < id - floor || seen.length > id)
        t.fail(`${seen.length} records up to ${seen.at(-1)} instead of ${floor} to ${id}`);
      kept.seek(ends[id - 1] as number);
      if (!kept.next() || kept.id !== id - 1) t.fail(`seek finds ${kept.id} for ${id - 1}`);
      writer = new Ring(buffer, 'write');
    }
    t.ok(floor > 2900, 'it went round many times');
  }
});
