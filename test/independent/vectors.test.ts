/** Decodes protocol/vectors/1 with code that was written from protocol/SPEC.md alone. */
import { readFileSync } from 'node:fs';
import { test } from 'tap';
import { BitReader, BitWriter, SETS } from './bits.ts';
import { VECTORS } from './game.ts';
import { type Command, readCommands, writeCommands } from './input.ts';
import { Link, type Taken } from './link.ts';
import { hello, pipeHello, readMessage, textHello, tokenHello, type WallBox } from './messages.ts';
import { HEADER_BYTES, readFragments, readHeader, writePacket } from './packet.ts';
import { FIELDS, type Row, readDifference, readFull } from './row.ts';
import type { Snapshot, World } from './snapshot.ts';
import { lagOf, readStride, readWireStride, wireLagOf } from './stride.ts';
import { heading, readVelocity } from './velocity.ts';
import { wallsHash } from './walls.ts';

interface NumberVector {
  readonly set: keyof typeof SETS;
  readonly value: number;
  readonly bits: number;
  readonly hex: string;
}

interface PacketVector {
  readonly epoch: number;
  readonly sequence: number;
  readonly ack: number;
  readonly ackBits: number;
  readonly stream: string;
  readonly hex: string;
}

interface InputVector {
  readonly name: string;
  readonly inputButtons: number;
  readonly inputPitch: number;
  readonly inputAux: number;
  readonly commands: readonly InputCommand[];
  readonly bits: number;
  readonly hex: string;
}

interface InputCommand {
  readonly tick: number;
  readonly buttons: number;
  readonly moveX: number;
  readonly moveY: number;
  readonly aim: number;
  readonly pitch: number;
  readonly aux: readonly number[];
  readonly viewTick: number;
  readonly viewFraction: number;
  readonly viewHeld: number;
}

interface RowVector {
  readonly name: string;
  readonly now: Row;
  readonly bits: number;
  readonly hex: string;
  readonly age?: number;
  readonly base?: Row;
  readonly generation?: number;
  readonly origin?: readonly [number, number, number];
}

type Step =
  | { readonly to: 'server'; readonly hex: string }
  | ({ readonly to: 'client' } & ClientStep)
  | { readonly to?: never; readonly message: string };

interface ClientStep {
  readonly hex: string;
  readonly taken: number;
  readonly tick: number;
  readonly bodyBits: number;
  readonly own: readonly number[];
  readonly counters: readonly number[];
  readonly flags: number;
  readonly slow: readonly number[];
  readonly set: readonly number[];
  readonly handles: readonly number[];
  readonly rows: readonly (readonly [number, string])[];
  readonly hashMismatches: number;
}

interface Session {
  readonly epoch: number;
  readonly verify: boolean;
  readonly wallsHash: number;
  readonly wallsCount: number;
  readonly eventsSeen: number;
  readonly steps: readonly Step[];
}

interface VelocityVector {
  readonly old: readonly [number, number];
  readonly new: readonly [number, number];
  /** Of 8 bits. */
  readonly heading: number;
  readonly bits: number;
  readonly hex: string;
}

interface StrideVector {
  readonly hex: string;
  readonly exact: readonly [number, number];
  readonly wire: readonly [number, number];
  readonly age: number;
  readonly lag: readonly [number, number];
  readonly wireLag: readonly [number, number];
}

interface HelloVectors {
  readonly schemaHash: string;
  /** Without its trailing zeros. */
  readonly token: string;
  readonly hellos: readonly {
    readonly name: string;
    readonly auth: number;
    readonly intent: number;
    readonly attach?: number;
    readonly text?: string;
    readonly hex: string;
  }[];
}

test('hellos of every kind, with the proof that a token belongs to its sender', async (t) => {
  const { hellos, ...rest } = vectors<HelloVectors>('hello');
  const schemaHash = BigInt(`0x${rest.schemaHash}`);
  const token = new Uint8Array(2048);
  token.set(bytesOf(rest.token));
  t.equal(hellos.length, 5);
  for (const { name, auth, intent, attach = 0, text = '', hex } of hellos) {
    const made =
      auth === 1
        ? tokenHello({ schemaHash, intent, token, attach })
        : auth === 3
          ? textHello(schemaHash, text)
          : auth === 2
            ? pipeHello(schemaHash, intent, attach)
            : hello(schemaHash);
    t.equal(hexOf(made), hex, name);
  }
});

test('bucketed numbers are read and written as the vectors say', async (t) => {
  for (const { set, value, bits, hex } of vectors<NumberVector[]>('numbers')) {
    const r = new BitReader(bytesOf(hex));
    t.equal(r.signed(SETS[set]), value, `${set} ${value}`);
    t.equal(r.position, bits);
    r.end();
    const w = new BitWriter();
    w.signed(SETS[set], value);
    t.equal(hexOf(w.finish()), hex);
  }
});

test('velocities are read as the vectors say, and point where they say', async (t) => {
  for (const vector of vectors<VelocityVector[]>('velocities')) {
    const r = new BitReader(bytesOf(vector.hex));
    t.same(readVelocity(r, vector.old), vector.new);
    t.equal(r.position, vector.bits);
    r.end();
    t.equal(heading(...vector.new, 8), vector.heading);
  }
});

test('strides lead to the velocities of the vectors, and lag behind one another as these say', async (t) => {
  let [exact, wire]: (readonly [number, number])[] = [
    [0, 0],
    [0, 0],
  ];
  for (const vector of vectors<StrideVector[]>('strides')) {
    t.same(readStride(new BitReader(bytesOf(vector.hex)), VECTORS), vector.exact);
    t.same(readWireStride(new BitReader(bytesOf(vector.hex)), VECTORS), vector.wire);
    t.same(lagOf(VECTORS.movement, exact!, vector.exact, vector.age), vector.lag);
    t.same(wireLagOf(VECTORS, wire!, vector.wire, vector.age), vector.wireLag);
    [exact, wire] = [vector.exact, vector.wire];
  }
});

test('packets have the header and check of the vectors; a damaged one is refused', async (t) => {
  for (const { epoch, stream, hex, ...header } of vectors<PacketVector[]>('packets')) {
    const packet = bytesOf(hex);
    t.same(readHeader(packet, epoch), header);
    t.equal(hexOf(packet.subarray(HEADER_BYTES)), stream);
    t.equal(hexOf(writePacket(epoch, header, bytesOf(stream))), hex);
    for (let k = 0; k < packet.length; k += 1) {
      const damaged = packet.with(k, packet[k]! ^ 16);
      t.throws(() => readHeader(damaged, epoch), { name: 'Malformed' }, `byte ${k}`);
    }
  }
});

test('input commands are read and written as the vectors say', async (t) => {
  for (const vector of vectors<InputVector[]>('inputs')) {
    const game = { ...vector, inputPitch: vector.inputPitch === 1 };
    const r = new BitReader(bytesOf(vector.hex));
    const commands = readCommands(r, game);
    t.equal(r.position, vector.bits, vector.name);
    r.end();
    t.same(commands.map(flat), vector.commands, vector.name);
    const w = new BitWriter();
    writeCommands(w, game, commands);
    t.equal(hexOf(w.finish()), vector.hex, vector.name);
  }
});

test('rows are read as the vectors say', async (t) => {
  for (const { name, now, bits, hex, base, age, origin, generation } of vectors<RowVector[]>(
    'rows',
  )) {
    const r = new BitReader(bytesOf(hex));
    if (base && age !== undefined) t.same(readDifference(r, VECTORS, base, age), now, name);
    if (origin) {
      const [x, y, width] = origin;
      const full = readFull(r, VECTORS, { x, y, bits: width });
      t.same(full, { row: now, kind: 1, generation }, name);
    }
    t.equal(r.position, bits, name);
    r.end();
  }
});

test('a session over a lossy link is understood as the vectors say', async (t) => {
  const { steps, epoch, verify, ...expected } = vectors<Session>('session');
  const link = new Link(VECTORS, { epoch, verify });
  const heard: string[] = [];
  const walls: WallBox[] = [];
  let events = 0;
  let sent = 0;
  let current: Snapshot | undefined;
  for (const step of steps) {
    if (step.to === undefined) {
      t.ok(heard.includes(step.message), `heard ${step.message}`);
      continue;
    }
    const packet = bytesOf(step.hex);
    if (step.to === 'server') {
      readToServer(packet, epoch);
      continue;
    }
    // The session lists only some of the packets to the server; the others were sent as well.
    for (const { ack } = readHeader(packet, epoch); sent < ack; sent += 1) link.poll([], 0);
    const taken = link.take(packet, 0);
    t.equal(codeOf(taken), step.taken, `step ${steps.indexOf(step)}`);
    if (taken.as === 'fresh') {
      current = taken.snapshot;
      t.equal(taken.snapshot.bits, step.bodyBits);
    }
    if (taken.as === 'fresh' || taken.as === 'late') {
      t.equal(link.world.hash(taken.snapshot), taken.snapshot.witness);
      events += taken.events.length;
      for (const bytes of taken.messages) {
        heard.push(hexOf(bytes));
        const message = readMessage(bytes, VECTORS);
        if (message.kind === 'walls') walls.push(...message.boxes);
      }
    }
    t.same(current && held(link.world, current), expectedOf(step));
  }
  t.equal(events, expected.eventsSeen);
  t.equal(walls.length, expected.wallsCount);
  t.equal(wallsHash(walls), expected.wallsHash);
});

function vectors<T>(name: string): T {
  const url = new URL(`../../protocol/vectors/1/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(url, 'utf8')) as T;
}

function bytesOf(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'));
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function flat({ tick, controls, view }: Command): InputCommand {
  const { aux, ...others } = controls;
  return {
    tick,
    ...others,
    aux: [aux[0] ?? 0, aux[1] ?? 0],
    viewTick: view?.tick ?? 0,
    viewFraction: view?.fraction ?? 0,
    viewHeld: view?.held ?? 0,
  };
}

function readToServer(packet: Uint8Array, epoch: number): void {
  readHeader(packet, epoch);
  const r = new BitReader(packet, HEADER_BYTES);
  readFragments(r);
  readCommands(r, VECTORS);
  r.end();
}

function codeOf(taken: Taken): number {
  if (taken.as === 'dropped') return -1;
  return taken.as === 'stale' ? 0 : 1;
}

function held(world: World, snapshot: Snapshot) {
  const { tick, own, members } = snapshot;
  return {
    tick,
    own: [...own.position, ...own.velocity],
    counters: own.counters,
    flags: own.flags,
    slow: own.slow,
    set: [...members.keys()],
    handles: [...members].map(([index, { generation }]) => generation * 65536 + index),
    rows: [...members.keys()].map((index) => [index, pack(world.row(snapshot, index))]),
  };
}

function expectedOf(step: ClientStep) {
  const { tick, own, counters, flags, slow, set, handles, rows } = step;
  return { tick, own, counters, flags, slow, set, handles, rows };
}

/** A row of a flat game as the vectors pack it. */
function pack(row: Row): string {
  const view = new DataView(new ArrayBuffer(24));
  const [head, x, y, , vx, vy, , aim, , health, team, weapon, radius] = row;
  view.setUint16(0, head!, true);
  view.setInt32(2, x!, true);
  view.setInt32(6, y!, true);
  view.setInt16(10, vx!, true);
  view.setInt16(12, vy!, true);
  view.setUint16(14, aim!, true);
  view.setUint16(16, health!, true);
  view.setUint8(18, team!);
  view.setUint8(19, weapon!);
  view.setUint16(20, radius!, true);
  view.setUint8(22, row[FIELDS] ?? 0);
  return hexOf(new Uint8Array(view.buffer));
}
