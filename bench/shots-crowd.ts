/**
 * What lag compensation costs: a room of 50 clients that see each other, all of whom fire a shot that is rewound in every other
 * tick. The difference of the two kinds of ticks is what the shots cost.
 */
import { ClientCore } from '../core-wasm/bindings/client.ts';
import { RoomCore } from '../core-wasm/bindings/room.ts';
import {
  BUTTON,
  ClientStats,
  HOOK,
  InputCommand,
  Join,
  Packet,
  Place,
  POSITION_ONE,
  RecordHeader,
} from '../protocol/gen/tables.ts';
import { median } from '../src/cli/bench-report.ts';
import { angle, axis2, button, circle, defineSchema, hitscan } from '../src/schema/index.ts';
import { random } from './w1.ts';

const PLAYERS = 50;
/** So many shots the figure is of. */
export const SHOTS_IN_A_TICK = 64;
const HALF = 20;

const schema = defineSchema({
  name: 'crowd',
  world: { width: 2 * HALF, depth: 2 * HALF },
  input: { move: axis2(), aim: angle(), fire: button() },
  weapons: { rifle: hitscan({ damage: 0, cooldownMs: 0, range: 40 }) },
  player: { shape: circle(0.5), viewRadius: 60, solid: false },
});

export interface CrowdResult {
  /** µs of 64 shots in one tick, the median. */
  readonly us: number;
  /** Receipts of the last tick with shots: as many as were rewound. */
  readonly rewound: number;
}

/** Plays so many ticks with shots and as many without. */
export function crowd(module: WebAssembly.Module, seed: number, ticks: number): CrowdResult {
  const draw = random(seed);
  const room = new RoomCore(module, schema.config({ playersMax: PLAYERS, entitiesMax: 256 }));
  const clients = seat(module, room, draw);
  const times: [number[], number[]] = [[], []];
  let rewound = 0;
  for (let n = 0; n < WARM_TICKS + 2 * ticks; n += 1) {
    const fire = n % 2;
    let at = 0;
    clients.forEach((client, slot) => {
      const length = command(client, { tick: room.tick + 1, fire, draw });
      const record = put(room, at, { kind: Packet.kind, slot, bytes: Packet.bytes + length });
      room.view.setUint32(record + Packet.arrivalUs, 0, true);
      room.u8.set(client.packetBytes.subarray(0, length), record + Packet.bytes);
      at = (record - room.input + Packet.bytes + length + 3) & ~3;
    });
    const startMs = performance.now();
    const events = room.begin(at);
    const us = (performance.now() - startMs) * 1000;
    if (n >= WARM_TICKS) times[fire]?.push(us);
    if (fire === 1) rewound = count(room, events);
    deliver(room, clients, room.end(0));
  }
  const [quiet, loud] = times.map(median) as [number, number];
  return { us: ((loud - quiet) * SHOTS_IN_A_TICK) / PLAYERS, rewound };
}

function seat(module: WebAssembly.Module, room: RoomCore, draw: () => number): ClientCore[] {
  room.end(0);
  let at = 0;
  for (let slot = 0; slot < PLAYERS; slot += 1) {
    const record = put(room, at, { kind: Join.kind, slot, bytes: Join.bytes });
    room.u8.fill(0, record, record + Join.bytes);
    room.view.setUint32(record + Join.session, slot + 1, true);
    at = record - room.input + Join.bytes;
  }
  room.begin(at);
  at = 0;
  for (let slot = 0; slot < PLAYERS; slot += 1) {
    const record = put(room, at, { kind: Place.kind, slot: 0, bytes: Place.bytes });
    room.u8.fill(0, record, record + Place.bytes);
    room.view.setUint32(record + Place.handle, room.players[slot] ?? 0, true);
    for (const axis of [Place.x, Place.y])
      room.view.setInt32(record + axis, (2 * draw() - 1) * HALF * POSITION_ONE, true);
    at = record - room.input + Place.bytes;
  }
  const config = schema.config({ playersMax: PLAYERS, entitiesMax: 256 });
  const clients = Array.from(room.players.subarray(0, PLAYERS), (handle, slot) => {
    const client = ClientCore.create(module, config);
    const epoch = room.epochs[slot] ?? 0;
    client.join({ playerId: 65536 + slot, handle, epoch, tick: room.tick, verify: false });
    return client;
  });
  deliver(room, clients, room.end(at));
  return clients;
}

/** The next packet of a client that walks, looks about and shows others 3.5 ticks late; its length. */
function command(
  client: ClientCore,
  next: { tick: number; fire: number; draw: () => number },
): number {
  const newest = client.stats.getUint32(ClientStats.snapshotTick, true);
  const { command: fields } = client;
  const random = (): number => Math.floor(next.draw() * 65536);
  fields.setUint32(InputCommand.tick, next.tick, true);
  fields.setUint16(InputCommand.buttons, next.fire * BUTTON.fire, true);
  fields.setUint16(InputCommand.aim, random(), true);
  fields.setInt8(InputCommand.moveX, (random() % 255) - 127);
  fields.setInt8(InputCommand.moveY, (random() % 255) - 127);
  fields.setUint32(InputCommand.viewTick, Math.max(1, newest - 4), true);
  fields.setUint16(InputCommand.viewFraction, 0x8000, true);
  client.sample();
  return client.packet(next.tick);
}

function deliver(room: RoomCore, clients: readonly ClientCore[], packets: number): void {
  for (let row = 0; row < packets; row += 1) {
    const at = room.packetAddress(row);
    const client = clients[room.packetSlot(row)];
    client?.receive(room.u8.slice(at, at + room.packetBytes(row)));
    while ((client?.message() ?? -1) >= 0);
  }
}

/** A record's header; where its payload stands. */
function put(
  { view, input }: RoomCore,
  at: number,
  { kind, slot, bytes }: { kind: number; slot: number; bytes: number },
): number {
  view.setUint16(input + at + RecordHeader.kind, kind, true);
  view.setUint16(input + at + RecordHeader.index, slot, true);
  view.setUint32(input + at + RecordHeader.length, bytes, true);
  return input + at + RecordHeader.bytes;
}

/** Receipts among the events. */
function count({ view, events }: RoomCore, bytes: number): number {
  let found = 0;
  for (let at = events; at < events + bytes; ) {
    if (view.getUint16(at + RecordHeader.kind, true) === HOOK.receipt.kind) found += 1;
    at += RecordHeader.bytes + ((view.getUint32(at + RecordHeader.length, true) + 3) & ~3);
  }
  return found;
}

/** Until V8 has compiled it all and everybody's delay is measured. */
const WARM_TICKS = 100;
