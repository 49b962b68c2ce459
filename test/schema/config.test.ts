import t from 'tap';
import { TABLE_HASH } from '../../protocol/gen/tables.ts';
import type { Scalar } from '../../protocol/tables.ts';
import { CONFIG } from '../../protocol/tables.ts';
import { compileConfig, configAgain } from '../../src/schema/compile.ts';
import { defineSchema } from '../../src/schema/index.ts';
import { sample } from './sample.ts';

type Row = Record<string, number>;
const SIZES: Record<Scalar, number> = { u8: 1, i8: 1, u16: 2, i16: 2, u32: 4, i32: 4 };

/** Reads records by protocol/tables.ts itself, not by the generated offsets. */
function reader(bytes: Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  const scalar = (type: Scalar): number => {
    const from = at;
    at += SIZES[type];
    if (type === 'u8') return view.getUint8(from);
    if (type === 'u16') return view.getUint16(from, true);
    if (type === 'u32') return view.getUint32(from, true);
    return view.getInt32(from, true);
  };
  const row = (record: string): Row => {
    const out: Row = {};
    for (const [name, type, , count = 1] of CONFIG[record]?.fields ?? []) {
      for (let k = 0; k < count; k += 1) out[name] = scalar(type);
    }
    return out;
  };
  const rows = (record: string, count: number): Row[] =>
    Array.from({ length: count }, () => row(record));
  return { row, rows, rest: () => bytes.length - at };
}

function decode(bytes: Uint8Array) {
  const { row, rows, rest } = reader(bytes);
  const head = row('ConfigHead');
  const count = (name: string): number => head[name] ?? 0;
  const parts = {
    head,
    kinds: rows('ConfigKind', count('kinds')),
    fields: rows('ConfigField', count('fields')),
    roomFields: rows('ConfigField', count('roomFields')),
    weapons: rows('ConfigWeapon', count('weapons')),
    texts: rows('ConfigText', count('texts')),
  };
  return { ...parts, rest: rest() };
}

t.test('the bytes are what the tables say, in units of the simulation', (t) => {
  const made = decode(
    compileConfig(sample, { playersMax: 10, seed: 0x1_0000_0002n, epoch: 7, firstTick: 100 }),
  );
  t.equal(made.rest, 0);
  t.match(made.head, {
    magic: 0x31435246,
    tableHash: TABLE_HASH,
    schemaHashLow: Number(sample.hash & 0xffffffffn),
    schemaHashHigh: Number(sample.hash >> 32n),
    tickRateHz: 30,
    dimensions: 2,
    playersMax: 10,
    entitiesMax: 96,
    historyTicks: 64,
    snapshotBytesMax: 500,
    interpolationTicks: 2,
    halfWidth: 20 * 65536,
    halfDepth: 10 * 65536,
    positionShift: 9,
    aimBits: 10,
    healthBits: 7,
    healthMax: 100,
    gravity: 0,
    dashSpeed: Math.round((22 * 65536) / 30),
    dashTicks: 4,
    dashWaitTicks: 45,
    rules: 1 | 4,
    seedLow: 2,
    seedHigh: 1,
    epoch: 7,
    firstTick: 100,
    inputAux: 2,
    inputButtons: 5,
    inputPitch: 0,
    kinds: 4,
    fields: 10,
    roomFields: 3,
    weapons: 2,
    texts: 3,
    columns: 39,
  });
  t.match(made.kinds, [
    {
      radius: 32768,
      depth: 0,
      flags: 8,
      health: 100,
      topSpeed: Math.round((7 * 65536) / 30),
      acceleration: Math.round((70 * 65536) / 900),
      friction: Math.round((50 * 65536) / 900),
      viewRadius: 22 * 65536,
      moves: 1,
    },
    { moves: 1, health: 0 },
    {
      radius: Math.round(0.45 * 65536),
      depth: Math.round(0.35 * 65536),
      flags: 16,
      health: 30,
      moves: 0,
      topSpeed: 0,
    },
    { radius: Math.round(0.3 * 65536), depth: 0, flags: 0, moves: 1 },
  ]);
  t.match(made.fields, [
    { kind: 1, column: 32, bits: 16, audience: 2, signed: 0, min: 0, max: 65535, initial: 0 },
    { kind: 1, column: 33, bits: 4, audience: 0, max: 15 },
    { kind: 1, column: 34, bits: 8, audience: 1, initial: 5 },
    { kind: 1, column: 35, audience: 3 },
    { kind: 1, column: 36, bits: 1, max: 1 },
    { kind: 1, column: 37, bits: 6, max: 40 },
    { kind: 1, column: 38, bits: 32, signed: 1, min: -(2 ** 31), max: 2 ** 31 - 1 },
    { kind: 3, column: 32, bits: 2 },
    { kind: 4, column: 32, bits: 32, signed: 1 },
    { kind: 4, column: 33, bits: 16, max: 65535 },
  ]);
  t.match(made.roomFields, [
    { kind: 0, column: 0 },
    { kind: 0, column: 1, bits: 31 },
    { kind: 0, column: 2, audience: 3 },
  ]);
  t.match(made.weapons, [
    {
      shape: 0,
      damage: 18,
      waitTicks: 6,
      speed: Math.round((28 * 65536) / 30),
      lifeTicks: 27,
      radius: Math.round(0.18 * 65536),
      range: 0,
      knockback: Math.round((3 * 65536) / 30),
    },
    { shape: 1, damage: 55, waitTicks: 27, speed: 0, lifeTicks: 0, range: 30 * 65536 },
  ]);
  t.match(made.texts, [
    { kind: 1, index: 0, offset: 0, bytesMax: 12, audience: 0 },
    { kind: 3, index: 0, offset: 0, bytesMax: 8, audience: 0 },
    { kind: 0, index: 0, offset: 0, bytesMax: 20, audience: 2 },
  ]);
  t.end();
});

t.test('the same schema and options make the same bytes; the plugin has a seed of its own', (t) => {
  t.same(compileConfig(sample, { seed: 5n }), sample.config({ seed: 5n }));
  const { head } = decode(sample.config({ seed: 5n }));
  t.notSame([head['seedLow'], head['seedHigh']], [head['pluginSeedLow'], head['pluginSeedHigh']]);
  t.end();
});

t.test('history holds at least 64 ticks and a second, and is a power of two', (t) => {
  for (const [tickRateHz, wanted] of [
    [1, 64],
    [30, 64],
    [64, 64],
    [65, 128],
    [128, 128],
  ] as const) {
    t.equal(
      decode(defineSchema({ name: 'g', input: {}, tickRateHz }).config()).head['historyTicks'],
      wanted,
    );
  }
  t.end();
});

t.test('sizes out of range are E_CONFIG', (t) => {
  for (const options of [
    { playersMax: 0 },
    { playersMax: 1025 },
    { playersMax: 1.5 },
    { playersMax: 50, entitiesMax: 49 },
    { entitiesMax: 5000 },
  ]) {
    t.throws(() => sample.config(options), { code: 'E_CONFIG' });
  }
  t.end();
});

t.test(
  'the configuration of another room differs in seed and epoch, and is what is compiled for it',
  (t) => {
    const [seed, epoch] = [0xfedc_ba98_7654_3210n, 9];
    const first = compileConfig(sample, { playersMax: 10, seed: 1n, hashEveryTick: true });
    const before = first.slice();
    const again = configAgain(first, { seed, epoch });
    t.same(again, compileConfig(sample, { playersMax: 10, seed, epoch, hashEveryTick: true }));
    t.same(first, before, 'and the first stays as it was');
    t.end();
  },
);
