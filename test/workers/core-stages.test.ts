import { readFileSync } from 'node:fs';
import t from 'tap';
import { compileCore } from '../../core-wasm/bindings/instantiate.ts';
import { FIRST_STAGES, LAST_STAGES, RoomCore } from '../../core-wasm/bindings/room.ts';
import {
  BotInput,
  BUTTON,
  Join,
  Place,
  POSITION_ONE,
  RecordHeader,
  RoomStats,
} from '../../protocol/gen/tables.ts';
import { angle, axis2, button, circle, defineSchema, projectile } from '../../src/schema/index.ts';

const ALL = [...FIRST_STAGES, ...LAST_STAGES];
const core = readFileSync(new URL('../../core-wasm/fray_core.wasm', import.meta.url));

t.test('a tick in its stages leaves the bytes that a tick in two calls leaves', async (t) => {
  const module = await compileCore(core);
  const [whole, staged] = [roomOf(module), roomOf(module)];
  for (let tick = 0; tick < 90; tick += 1) {
    const lengths = [whole, staged].map((room) => records(room, tick));
    t.same(lengths[0], lengths[1]);
    const [length = 0] = lengths;
    let [events, rows] = [0, 0];
    for (const at of FIRST_STAGES.keys()) events = staged.stage(1 + at, length);
    if (whole.begin(length) !== events) t.fail(`tick ${tick}: other events`);
    const commands = [whole, staged].map((room) => (tick === 0 ? places(room) : 0));
    for (const at of LAST_STAGES.keys())
      rows = staged.stage(1 + FIRST_STAGES.length + at, commands[1] ?? 0);
    if (whole.end(commands[0] ?? 0) !== rows) t.fail(`tick ${tick}: other packets`);
    if (whole.regionHash() !== staged.regionHash()) t.fail(`tick ${tick}: another region`);
  }
  t.equal(whole.tick, staged.tick);
  t.ok(whole.stat(RoomStats.hits) > 0, 'somebody was hit on the way');
});

t.test('a stage that is not next is refused', async (t) => {
  const room = roomOf(await compileCore(core));
  t.throws(() => room.stage(2, 0), { code: 'E_CORE' });
  room.stage(1, 0);
  t.throws(() => room.stage(3, 0), { code: 'E_CORE' });
  t.throws(() => room.stage(ALL.length + 1, 0), { code: 'E_CORE' });
  t.throws(() => room.stage(0, 0), { code: 'E_CORE' });
  t.equal(room.stage(2, 0), 0, 'it goes on where it was');
});

const schema = defineSchema({
  name: 'stages',
  tickRateHz: 30,
  world: { width: 12, depth: 12 },
  input: { move: axis2(), aim: angle(), fire: button() },
  weapons: {
    ball: projectile({ damage: 4, cooldownMs: 100, speed: 12, lifeMs: 800, radius: 0.2 }),
  },
  player: {
    shape: circle(0.5),
    viewRadius: 20,
    solid: true,
    health: 100,
    movement: { topSpeed: 5 },
  },
});

function roomOf(module: WebAssembly.Module): RoomCore {
  const room = new RoomCore(module, schema.config({ playersMax: 6, entitiesMax: 64, seed: 9n }));
  room.end(0);
  return room;
}

/** Everybody stands in a row. */
function places(room: RoomCore): number {
  const writer = new Writer(room);
  for (const [slot, handle] of room.players.entries()) {
    const from = writer.record(Place.kind, 0, Place.bytes);
    room.view.setUint32(from + Place.handle, handle, true);
    room.view.setInt32(from + Place.x, (slot - 3) * POSITION_ONE, true);
    room.view.setInt32(from + Place.aim, -1, true);
  }
  return writer.length;
}

/** Bots come with the first tick; from then on they run about and fire. */
function records(room: RoomCore, tick: number): number {
  const { view } = room;
  const writer = new Writer(room);
  for (let slot = 0; slot < 6; slot += 1) {
    if (tick === 0) {
      const from = writer.record(Join.kind, slot, Join.bytes);
      view.setUint16(from + Join.flags, slot === 0 ? 0 : 1, true);
    } else if (slot > 0) {
      const from = writer.record(BotInput.kind, slot, BotInput.bytes);
      view.setInt8(from + BotInput.moveX, ((tick * 7 + slot * 53) % 255) - 127);
      view.setInt8(from + BotInput.moveY, ((tick * 11 + slot * 29) % 255) - 127);
      view.setUint16(from + BotInput.aim, (tick * 977 + slot * 9001) & 0xffff, true);
      view.setUint16(from + BotInput.buttons, BUTTON.fire, true);
    }
  }
  return writer.length;
}

/** Records in the buffer of a room. */
class Writer {
  length = 0;
  readonly #room: RoomCore;

  constructor(room: RoomCore) {
    this.#room = room;
  }

  /** Answers where its payload stands, zeroed. */
  record(kind: number, slot: number, length: number): number {
    const { view, u8, input } = this.#room;
    const at = input + this.length;
    view.setUint16(at, kind, true);
    view.setUint16(at + 2, slot, true);
    view.setUint32(at + 4, length, true);
    const from = at + RecordHeader.bytes;
    u8.fill(0, from, from + length);
    this.length += RecordHeader.bytes + ((length + 3) & ~3);
    return from;
  }
}
