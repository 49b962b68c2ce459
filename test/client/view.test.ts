import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { test } from 'tap';
import type { ClientCore } from '../../core-wasm/bindings/client.ts';
import { COLUMN, FLAG, KIND, RosterRow, WallBox } from '../../protocol/gen/tables.ts';
import { ClientClock } from '../../src/client/clock.ts';
import type { ViewOf } from '../../src/client/types.ts';
import { GameView } from '../../src/client/view.ts';
import {
  angle,
  axis2,
  bool,
  box,
  button,
  circle,
  defineSchema,
  player,
  projectile,
  quantised,
  text,
  tick,
  u8,
  u16,
} from '../../src/schema/index.ts';

const schema = defineSchema({
  name: 'sight',
  tickRateHz: 30,
  input: { move: axis2(), aim: angle(), fire: button(), dash: button() },
  weapons: { gun: projectile({ damage: 1, cooldownMs: 1000, speed: 20, lifeMs: 1000 }) },
  room: { fields: { round: u8(), endsAt: tick(), title: text(20), secret: u8({ to: 'none' }) } },
  player: {
    shape: circle(0.5),
    movement: { dash: { speed: 10, durationMs: 100, cooldownMs: 1000 } },
    fields: {
      kills: u16({ to: 'room' }),
      charge: quantised({ min: 0, max: 1, step: 0.25 }),
      ammo: u8({ to: 'owner' }),
      prey: player({ to: 'room' }),
    },
  },
  kinds: { door: { shape: box(1, 1), fields: { open: bool(), swing: angle(), label: text(16) } } },
});
const ROWS = 64;
const UNIT = 65536;
type View = ViewOf<typeof schema>;

/** The memory of a core, without the core: rows are put into it by hand. */
class FakeCore {
  readonly matrix = { cells: new Int32Array(schema.layout.columns * ROWS), rows: ROWS };
  readonly viewList = new Uint32Array(1 + ROWS);
  readonly roomFields = new Int32Array(8);
  readonly rosterRowBytes = RosterRow.bytes + 8;
  readonly rosterBytes = new Uint8Array(this.rosterRowBytes * 8);
  readonly roster = new DataView(this.rosterBytes.buffer);
  readonly texts = new Uint8Array(schema.layout.textBytes * ROWS);
  readonly roomTexts = new Uint8Array(schema.layout.roomTextBytes);
  readonly walls = new DataView(new ArrayBuffer(8 + 4 * WallBox.bytes));
  ownHandle = (3 << 16) | 1;

  put(index: number, kind: number, columns: Partial<Record<keyof typeof COLUMN, number>>): void {
    this.set(index, COLUMN.kind, kind);
    this.set(index, COLUMN.flags, FLAG.alive);
    for (const [name, value] of Object.entries(columns))
      this.set(index, COLUMN[name as keyof typeof COLUMN], value);
    const count = (this.viewList[0] ?? 0) + 1;
    this.viewList[0] = count;
    this.viewList[count] = index;
  }

  set(index: number, column: number, value: number): void {
    this.matrix.cells[column * ROWS + index] = value;
  }

  seat(slot: number, facts: { id: number; handle: number; name: string; kills: number }): void {
    const at = slot * this.rosterRowBytes;
    const name = new TextEncoder().encode(facts.name);
    this.roster.setUint32(at + RosterRow.playerId, facts.id, true);
    this.roster.setUint32(at + RosterRow.handle, facts.handle, true);
    this.roster.setUint8(at + RosterRow.nameBytes, name.length);
    this.rosterBytes.set(name, at + RosterRow.name);
    this.roster.setInt32(at + RosterRow.bytes, facts.kills, true);
    this.roster.setInt32(at + RosterRow.bytes + 4, -1, true);
  }

  view(): number {
    return this.viewList[0] ?? 0;
  }
}

function at(viewTick: number, ownTick: number) {
  return Float64Array.of(viewTick, ownTick);
}

function writeText(into: Uint8Array, at: number, words: string): void {
  const bytes = new TextEncoder().encode(words);
  into[at] = bytes.length;
  into.set(bytes, at + 1);
}

function scene(): { core: FakeCore; view: GameView } {
  const core = new FakeCore();
  const view = new GameView({
    core: core as unknown as ClientCore,
    layout: schema.layout,
    playerId: 65538,
  });
  core.put(1, KIND.player, {
    generation: 3,
    x: 1.5 * UNIT,
    y: -2 * UNIT,
    vx: UNIT / 30,
    aim: 16384,
    health: 80,
    dashWait: 15,
    weaponWait: 30,
    protectedUntil: 100,
  });
  core.put(2, KIND.player, { generation: 1, x: 4 * UNIT, health: 100 });
  core.put(7, KIND.projectile, { owner: core.ownHandle });
  core.put(9, KIND.first, { generation: 5 });
  core.seat(2, { id: 65538, handle: core.ownHandle, name: 'Ada', kills: 7 });
  core.seat(4, { id: 65540, handle: (1 << 16) | 2, name: 'Böb', kills: 0 });
  view.roster.refresh();
  return { core, view };
}

test("rows give what the matrix holds in the author's units", async (t) => {
  const { core, view } = scene();
  core.set(1, 33, 12);
  core.set(1, 32, 0);
  const frame = view.fill(at(50.5, 55.25), true) as unknown as View;
  t.match(frame, { tick: 50.5, ownTick: 55.25 });
  t.same([frame.players.length, frame.entities.length], [2, 2]);
  const [me, other] = frame.players;
  t.equal(frame.me, me);
  t.match(me, {
    handle: (3 << 16) | 1,
    id: 65538,
    name: 'Ada',
    own: true,
    predicted: true,
    kills: 7,
    x: 1.5,
    y: -2,
    alive: true,
    health: 80,
    weapon: 'gun',
  });
  t.match(other, {
    id: 65540,
    name: 'Böb',
    own: false,
    predicted: false,
    kills: 0,
    x: 4,
    protected: false,
  });
  t.equal(me?.prey, 0xffffffff);
  t.ok(Math.abs((me?.vx ?? 0) - 1) < 1e-3);
  t.ok(Math.abs((me?.aim ?? 0) - Math.PI / 2) < 1e-4);
  t.match(frame.me, { dashReady: 0.5, weaponReady: 0, protected: true });
  t.equal((view.fill(at(50.5, 101), true) as unknown as View).me?.protected, false);
});

test('fields of kinds, texts and the room follow the memory', async (t) => {
  const { core, view } = scene();
  const [label, title] = [schema.layout.kinds[2]?.texts[0], schema.layout.roomTexts[0]];
  writeText(core.texts, 9 * schema.layout.textBytes + (label?.offset ?? 0), 'exit');
  writeText(core.roomTexts, title?.offset ?? 0, 'final');
  core.set(9, 32, 1);
  core.set(9, 33, 32768);
  core.roomFields[0] = 4;
  view.textsChanged();
  const frame = view.fill(at(1, 2), true) as unknown as View;
  const [bolt, door] = frame.entities;
  t.match(bolt, {
    kind: 'projectile',
    own: true,
    owner: core.ownHandle,
    weapon: 'gun',
    predicted: false,
  });
  if (door?.kind !== 'door') return t.fail('the second entity is a door');
  t.match(door, { open: true, label: 'exit', handle: (5 << 16) | 9 });
  t.ok(Math.abs(door.swing - Math.PI) < 1e-4);
  t.match(frame.room, { round: 4, title: 'final' });
  t.notOk('secret' in frame.room);
  writeText(core.texts, 9 * schema.layout.textBytes + (label?.offset ?? 0), 'closed');
  t.equal(door.label, 'exit', 'texts are read anew when the core says so');
  view.textsChanged();
  t.equal(door.label, 'closed');
});

test('the roster keeps entries while players stay', async (t) => {
  const { core, view } = scene();
  const [first] = view.roster.all;
  core.seat(2, { id: 65538, handle: core.ownHandle, name: 'Ada', kills: 8 });
  core.seat(4, { id: 0, handle: 0, name: '', kills: 0 });
  view.roster.refresh();
  t.equal(view.roster.all.length, 1);
  t.equal(view.roster.all[0], first);
  t.match(first, { kills: 8, own: true, name: 'Ada' });
  core.seat(2, { id: 131074, handle: (4 << 16) | 1, name: 'Eve', kills: 0 });
  view.roster.refresh();
  t.not(view.roster.all[0], first, 'another person in the same slot is another entry');
});

test('walls are read where there are more than before', async (t) => {
  const { core, view } = scene();
  const fill = () => view.fill(at(9, 10), true).walls;
  t.same(fill(), []);
  const put = (wall: number, boxed: Partial<Record<keyof typeof WallBox, number>>) => {
    for (const [name, units] of Object.entries(boxed))
      core.walls.setInt32(
        8 + wall * WallBox.bytes + WallBox[name as keyof typeof WallBox],
        units * UNIT,
        true,
      );
    core.walls.setUint32(0, wall + 1, true);
  };
  put(0, { x: 1, y: -2, z: 0.5, halfX: 3, halfY: 0.25, height: 2 });
  const first = { x: 1, y: -2, z: 0.5, width: 6, depth: 0.5, height: 2 };
  t.same(fill(), [first]);
  t.equal(fill()[0], fill()[0], 'and not in each frame');
  put(1, { x: 7, halfX: 1, halfY: 1 });
  t.same(fill(), [first, { x: 7, y: 0, z: 0, width: 2, depth: 2, height: 0 }]);
});

test('before the first snapshot there is no own player', async (t) => {
  const { view } = scene();
  t.equal(view.fill(at(0, 0), false).me, null);
});

test('a frame makes no garbage: moving the clock and filling the view', async (t) => {
  const { view } = scene();
  const clock = new ClientClock({ tickRateHz: 30, interpolationTicks: 3 });
  clock.start(100, 0, 50);
  // No garbage of the test's own: the times are as a browser hands them over, objects already.
  const times: readonly unknown[] = ['time', ...Array.from({ length: 4096 }, (_, i) => i + 0.25)];
  let next = 0;
  const frame = () => {
    next = (next % 4096) + 1;
    const nowMs = times[next] as number;
    clock.advance(nowMs);
    clock.frame(nowMs);
    view.fill(clock.shown, true);
  };
  // V8 compiles in a thread of its own: on a busy machine the first of these may still be run by slow code, which boxes numbers.
  const perFrame = Math.min(...Array.from({ length: 3 }, () => garbage(frame)));
  t.ok(perFrame < 1, `${perFrame} bytes per frame`);
  const planted = garbage(() => {
    frame();
    kept = { made: 1 };
  });
  t.ok(planted > 15, `one object per frame is seen: ${planted} bytes`);
});

test('reading rows makes no garbage', async (t) => {
  const { view } = scene();
  const { players, entities, me } = view.fill(at(1, 2), true) as unknown as View;
  if (!me) return t.fail('there is an own player');
  // Sums in a typed array: a number in a variable of a closure would be garbage of the test's own.
  const sum = new Float64Array(1);
  const add = (value: number) => {
    sum[0] = (sum[0] as number) + value;
  };
  const readers: Record<string, () => void> = {
    place: () => {
      for (const one of players) add(one.x + one.y);
    },
    speed: () => {
      for (const one of players) add(one.vx + one.vy);
    },
    aim: () => {
      for (const one of players) add(one.aim);
    },
    counts: () => {
      for (const one of players) add(one.health + one.kills);
    },
    charge: () => {
      for (const one of players) add(one.charge);
    },
    things: () => {
      for (const one of entities) add(one.x + one.y);
    },
    ready: () => add(me.dashReady + me.weaponReady),
  };
  for (const [name, read] of Object.entries(readers)) {
    const perRead = garbage(read);
    t.ok(perRead < 1, `${name}: ${perRead} bytes`);
  }
});

let kept: object = {};

/** Bytes allocated per call in steady state. */
function garbage(fn: () => void): number {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  for (let i = 0; i < 30_000; i += 1) fn();
  let least = Number.POSITIVE_INFINITY;
  // On a busy machine the optimising compiler comes late; garbage of ours would be there in every round.
  for (let round = 0; round < ROUNDS_MAX && least >= 1; round += 1) {
    gc();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < CALLS; i += 1) fn();
    least = Math.min(least, (process.memoryUsage().heapUsed - before) / CALLS);
  }
  t0 = kept;
  return least;
}

let t0: object = {};
const CALLS = 20_000;
const ROUNDS_MAX = 20;
test('the planted garbage was kept alive', async (t) => t.ok(t0));
