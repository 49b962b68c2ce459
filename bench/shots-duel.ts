/**
 * One duel for `fray bench shots`: a rifleman with a real client core and the real client's clock behind a simulated link, and a
 * target that walks among pillars, in one room of the real core. Time is simulated; all is drawn from one seed.
 */
import { ClientCore, RECEIVED } from '../core-wasm/bindings/client.ts';
import { RoomCore } from '../core-wasm/bindings/room.ts';
import {
  AddWalls,
  BotInput,
  BUTTON,
  ClientStats,
  COLUMN,
  Hit,
  HOOK,
  InputCommand,
  Join,
  Packet,
  PacketOut,
  Place,
  POSITION_ONE,
  RecordHeader,
  WallBox,
} from '../protocol/gen/tables.ts';
import { ClientClock } from '../src/client/clock.ts';
import { angle, axis2, button, circle, defineSchema, hitscan } from '../src/schema/index.ts';
import { random } from './w1.ts';

export const TICK_RATE_HZ = 30;
const TICK_MS = 1000 / TICK_RATE_HZ;
/** Two frames a tick, as on most screens. */
const FRAME_MS = 1000 / 60;
/** ms. Most delay that shots are rewound by. */
export const REWIND_MS_MAX = 200;
const INTERPOLATION_MS = 100;
const RADIUS = 0.5;
/** Units from a pillar within which it is a matter of taste whether a target is in sight. */
const EDGE = 0.5;
/** ms. How far a false view goes back: as far as it pays. */
const MEMORY_MS = 600;
/** Pillars: x, y and half of the edge, units. */
const PILLARS: readonly (readonly [number, number, number])[] = [
  [0, 0, 1],
  [-4, 5, 1.5],
  [5, -4, 1.5],
  [6, 6, 1],
  [-6, -6, 1],
];

export const duelSchema = defineSchema({
  name: 'duel',
  tickRateHz: TICK_RATE_HZ,
  world: { width: 28, depth: 28 },
  net: { rewindMsMax: REWIND_MS_MAX, interpolationMs: INTERPOLATION_MS },
  input: { move: axis2(), aim: angle(), fire: button() },
  weapons: { rifle: hitscan({ damage: 0, cooldownMs: 0, range: 60 }) },
  player: { shape: circle(RADIUS), viewRadius: 60, solid: false, movement: { topSpeed: 6 } },
});

export interface DuelOptions {
  readonly module: WebAssembly.Module;
  readonly seed: number;
  readonly ticks: number;
  /** ms both ways together, a part of the datagrams. */
  readonly link: { readonly rttMs: number; readonly loss: number };
  /** States a view of the past in which the target was in sight, where it is no more. */
  readonly lies: boolean;
}

export interface DuelResult {
  /** Shots fired, one a tick, and how many of them hit. */
  shots: number;
  hits: number;
  /**
   * Of these, the ones whose target was in plain sight on the screen, and the screen no older than the cap: it was drawn
   * `rewindMsMax` and the interpolation delay before the tick of the command, or less. And how many of them hit.
   */
  seen: number;
  seenHits: number;
  /** The same with an older screen. */
  lateSeen: number;
  lateHits: number;
  /** Hits at a place where the target has not been for longer than the cap allows. */
  beyond: number;
}

interface Look {
  readonly atMs: number;
  /** Where the target and the rifleman were on the screen. */
  readonly x: number;
  readonly y: number;
  readonly ownX: number;
  readonly ownY: number;
  readonly view: readonly [number, number];
  /** In plain sight; the line to its middle is open. */
  readonly seen: boolean;
  readonly open: boolean;
}

interface Flight {
  readonly dueMs: number;
  readonly bytes: Uint8Array;
}

/** Nothing fired yet. */
export function noShots(): DuelResult {
  return { shots: 0, hits: 0, seen: 0, seenHits: 0, lateSeen: 0, lateHits: 0, beyond: 0 };
}

/** Counts the shots of one result into another. */
export function addShots(sum: DuelResult, more: DuelResult): void {
  for (const name of Object.keys(sum) as (keyof DuelResult)[]) sum[name] += more[name];
}

/** Plays one. */
export function duel(options: DuelOptions): DuelResult {
  return new Duel(options).run();
}

class Duel {
  readonly #options: DuelOptions;
  readonly #random: () => number;
  readonly #room: RoomCore;
  readonly #core: ClientCore;
  readonly #clock = new ClientClock({
    tickRateHz: TICK_RATE_HZ,
    interpolationTicks: INTERPOLATION_MS / TICK_MS,
  });
  readonly #target: number;
  readonly #up: Flight[] = [];
  readonly #down: Flight[] = [];
  /** Of a command, by its tick: whether its target was in plain sight, and the tick and part of a tick that the screen showed. */
  readonly #seen: boolean[] = [];
  readonly #shownAt: number[] = [];
  /** Where the target was, by tick. */
  readonly #places: { readonly x: number; readonly y: number }[] = [];
  readonly #looks: Look[] = [];
  readonly #result: DuelResult = noShots();
  readonly #walk = [0, 0, 0, 0];
  #lastCommand = 0;
  #at = 0;

  constructor(options: DuelOptions) {
    this.#options = options;
    this.#random = random(options.seed);
    const config = duelSchema.config({ playersMax: 2, entitiesMax: 8, seed: BigInt(options.seed) });
    this.#room = new RoomCore(options.module, config);
    this.#walls();
    this.#join();
    const [own = 0, target = 0] = this.#room.players;
    this.#target = target;
    this.#core = ClientCore.create(options.module, config);
    const epoch = this.#room.epochs[0] ?? 0;
    const generation = 1;
    this.#core.join({
      playerId: generation << 16,
      handle: own,
      epoch,
      tick: this.#room.tick,
      verify: false,
    });
    this.#clock.start(this.#room.tick, this.#serverMs, options.link.rttMs);
    this.#lastCommand = Math.floor(this.#clock.commandTick);
  }

  run(): DuelResult {
    let frameMs = this.#serverMs + this.#random() * FRAME_MS;
    for (let tick = 0; tick < this.#options.ticks; tick += 1) {
      const nextMs = this.#serverMs + TICK_MS;
      for (;;) {
        const arrival = this.#down[0]?.dueMs ?? Number.POSITIVE_INFINITY;
        if (Math.min(arrival, frameMs) > nextMs) break;
        if (arrival <= frameMs) this.#receive(this.#down.shift() as Flight);
        else {
          this.#frame(frameMs);
          frameMs += FRAME_MS;
        }
      }
      this.#tick(nextMs, tick > WARM_TICKS);
    }
    return this.#result;
  }

  /** When the newest tick of the room ended. */
  get #serverMs(): number {
    return this.#room.tick * TICK_MS;
  }

  #receive({ dueMs, bytes }: Flight): void {
    const { stats } = this.#core;
    const got = this.#core.receive(bytes);
    while (this.#core.message() >= 0);
    while (this.#core.event());
    if (got > 0 && (got & RECEIVED.snapshot) !== 0) {
      this.#clock.snapshot(stats.getUint32(ClientStats.snapshotTick, true), dueMs);
      this.#clock.roundTrip((stats.getInt32(ClientStats.rttTicks256, true) / 256) * TICK_MS);
      if (stats.getUint32(ClientStats.appliedTick, true) > 0) {
        this.#clock.margin(stats.getInt32(ClientStats.marginTicks256, true) / 256, dueMs);
        this.#clock.late(stats.getUint32(ClientStats.inputsLate, true), dueMs);
      }
    }
    this.#pump(dueMs);
  }

  /** Looks at the screen and turns to what it shows. */
  #frame(nowMs: number): void {
    this.#pump(nowMs);
    this.#clock.frame(nowMs);
    this.#core.view(this.#clock.shown);
    const [x, y] = this.#shown(this.#target & 0xffff);
    const [ownX, ownY] = this.#shown(this.#core.ownHandle & 0xffff);
    const [tick = 0, fraction = 0] = this.#clock.stated;
    this.#looks.push({
      atMs: nowMs,
      x,
      y,
      ownX,
      ownY,
      view: [tick, fraction],
      seen: inSight([ownX, ownY, x, y], EDGE),
      open: inSight([ownX, ownY, x, y], 0),
    });
    while ((this.#looks[0]?.atMs ?? nowMs) < nowMs - MEMORY_MS) this.#looks.shift();
  }

  #shown(row: number): readonly [number, number] {
    const { cells, rows } = this.#core.matrix;
    const at = (column: number): number => (cells[column * rows + row] ?? 0) / POSITION_ONE;
    return [at(COLUMN.x), at(COLUMN.y)];
  }

  /** As `Game` does: moves the clock, samples what is due, sends. */
  #pump(nowMs: number): void {
    this.#clock.advance(nowMs);
    const due = this.#clock.commandTick >>> 0;
    if (due <= this.#lastCommand) return;
    for (let tick = Math.max(this.#lastCommand + 1, due - 3); tick <= due; tick += 1)
      this.#sample(tick);
    this.#lastCommand = due;
    const length = this.#core.packet(due);
    if (length > 0) this.#carry(this.#up, nowMs, this.#core.packetBytes.slice(0, length));
  }

  #sample(tick: number): void {
    const { command } = this.#core;
    const now = this.#looks.at(-1);
    const told = this.#options.lies && now?.open === false ? this.#lie(now) : now;
    const [viewTick = 0, viewFraction = 0] =
      told === undefined || told === now ? this.#clock.stated : told.view;
    this.#stroll(0);
    command.setUint32(InputCommand.tick, tick, true);
    command.setUint16(InputCommand.buttons, BUTTON.fire, true);
    command.setUint16(
      InputCommand.aim,
      now === undefined || told === undefined ? 0 : aimAt(now, told),
      true,
    );
    command.setInt8(InputCommand.moveX, this.#walk[0] ?? 0);
    command.setInt8(InputCommand.moveY, this.#walk[1] ?? 0);
    command.setUint32(InputCommand.viewTick, viewTick, true);
    command.setUint16(InputCommand.viewFraction, viewFraction, true);
    this.#core.sample();
    this.#seen[tick % RING] = now?.seen === true;
    const [shown, part] = now?.view ?? [0, 0];
    this.#shownAt[tick % RING] = shown + part / 65_536;
  }

  /** The newest look at a place that is in the line of fire from here. */
  #lie({ ownX, ownY }: Look): Look | undefined {
    return this.#looks.findLast(({ x, y }) => inSight([ownX, ownY, x, y], 0));
  }

  /** A new heading on 6 % of ticks. */
  #stroll(who: number): void {
    if (this.#random() > 0.06 && this.#walk[who] !== 0) return;
    const heading = this.#random() * 2 * Math.PI;
    this.#walk[who] = Math.trunc(Math.cos(heading) * 127);
    this.#walk[who + 1] = Math.trunc(Math.sin(heading) * 127);
  }

  #carry(lane: Flight[], nowMs: number, bytes: Uint8Array): void {
    const { rttMs, loss } = this.#options.link;
    const late = this.#random() * JITTER_MS;
    if (this.#random() < loss) return;
    // Nothing overtakes.
    const dueMs = Math.max(nowMs + rttMs / 2 + late, lane.at(-1)?.dueMs ?? 0);
    lane.push({ dueMs, bytes });
  }

  #tick(nowMs: number, counted: boolean): void {
    const room = this.#room;
    this.#at = 0;
    while ((this.#up[0]?.dueMs ?? Number.POSITIVE_INFINITY) <= nowMs) {
      const { dueMs, bytes } = this.#up.shift() as Flight;
      const at = this.#record(Packet.kind, 0, Packet.bytes + bytes.length);
      const fromMs = Math.max(0, dueMs - (nowMs - TICK_MS));
      room.view.setUint32(at + Packet.arrivalUs, Math.floor(fromMs * 1000), true);
      room.u8.set(bytes, at + Packet.bytes);
    }
    this.#stroll(2);
    const at = this.#record(BotInput.kind, 1, BotInput.bytes);
    room.u8.fill(0, at, at + BotInput.bytes);
    room.view.setInt8(at + BotInput.moveX, this.#walk[2] ?? 0);
    room.view.setInt8(at + BotInput.moveY, this.#walk[3] ?? 0);
    const events = room.begin(this.#at);
    if (counted) this.#judge(events);
    const packets = room.end(0);
    const row = this.#target & 0xffff;
    const place = (column: number): number =>
      (room.columns[column * room.entitiesMax + row] ?? 0) / POSITION_ONE;
    this.#places[room.tick % RING] = { x: place(COLUMN.x), y: place(COLUMN.y) };
    for (let k = 0; k < packets; k += 1) {
      const from = room.packets + k * PacketOut.bytes;
      const offset = room.view.getUint32(from + PacketOut.offset, true);
      const bytes = room.view.getUint16(from + PacketOut.bytesAt, true);
      this.#carry(this.#down, nowMs, room.u8.slice(offset, offset + bytes));
    }
  }

  /** Counts the shot of this tick, and what it hit. */
  #judge(eventBytes: number): void {
    const { view, inputs, tick, events } = this.#room;
    const now = tick + 1;
    const fired = (view.getUint16(inputs + InputCommand.buttons, true) & BUTTON.fire) !== 0;
    if (!fired || view.getUint32(inputs + InputCommand.tick, true) !== now) return;
    const result = this.#result;
    const seen = this.#seen[now % RING] === true;
    const behindMs = (now - (this.#shownAt[now % RING] ?? 0)) * TICK_MS;
    const late = behindMs > REWIND_MS_MAX + INTERPOLATION_MS;
    result.shots += 1;
    if (seen) result[late ? 'lateSeen' : 'seen'] += 1;
    for (let at = events; at < events + eventBytes; ) {
      const kind = view.getUint16(at + RecordHeader.kind, true);
      const length = view.getUint32(at + RecordHeader.length, true);
      if (kind === HOOK.hit.kind) {
        result.hits += 1;
        if (seen) result[late ? 'lateHits' : 'seenHits'] += 1;
        const from = at + RecordHeader.bytes;
        const x = view.getInt32(from + Hit.x, true) / POSITION_ONE;
        const y = view.getInt32(from + Hit.y, true) / POSITION_ONE;
        if (!this.#stood(now, x, y)) result.beyond += 1;
      }
      at += RecordHeader.bytes + ((length + 3) & ~3);
    }
  }

  /** True if the target has been there within the cap: what is waited for a command's tick is not delay. */
  #stood(now: number, x: number, y: number): boolean {
    const most = Math.ceil((REWIND_MS_MAX + INTERPOLATION_MS) / TICK_MS);
    for (let back = 1; back <= most; back += 1) {
      const place = this.#places[(now - back + RING) % RING];
      if (place && Math.hypot(place.x - x, place.y - y) < RADIUS + 6 / TICK_RATE_HZ) return true;
    }
    return false;
  }

  #record(kind: number, index: number, length: number): number {
    const { view, input } = this.#room;
    const at = input + this.#at;
    view.setUint16(at + RecordHeader.kind, kind, true);
    view.setUint16(at + RecordHeader.index, index, true);
    view.setUint32(at + RecordHeader.length, length, true);
    this.#at += RecordHeader.bytes + ((length + 3) & ~3);
    return at + RecordHeader.bytes;
  }

  #walls(): void {
    const { view } = this.#room;
    let at = this.#record(AddWalls.kind, 0, PILLARS.length * WallBox.bytes);
    for (const [x, y, half] of PILLARS) {
      const row = { x, y, z: 0, halfX: half, halfY: half, height: 0 };
      for (const [name, value] of Object.entries(row))
        view.setInt32(at + WallBox[name as keyof typeof row], value * POSITION_ONE, true);
      at += WallBox.bytes;
    }
    this.#room.end(this.#at);
  }

  #join(): void {
    const { view, u8, players } = this.#room;
    this.#at = 0;
    for (const slot of [0, 1]) {
      const at = this.#record(Join.kind, slot, Join.bytes);
      u8.fill(0, at, at + Join.bytes);
      view.setUint16(at + Join.flags, slot, true);
    }
    this.#room.begin(this.#at);
    this.#at = 0;
    for (const slot of [0, 1]) {
      const at = this.#record(Place.kind, 0, Place.bytes);
      view.setUint32(at + Place.handle, players[slot] ?? 0, true);
      view.setInt32(at + Place.x, (slot === 0 ? -9 : 9) * POSITION_ONE, true);
      view.setInt32(at + Place.y, Math.trunc((this.#random() * 10 - 5) * POSITION_ONE), true);
      view.setInt32(at + Place.z, 0, true);
      view.setInt32(at + Place.aim, -1, true);
      view.setUint32(at + Place.protectTicks, 0, true);
    }
    this.#room.end(this.#at);
  }
}

/** 1/65536 turn, from where the rifleman is in one look to where the target is in another. */
function aimAt({ ownX, ownY }: Look, { x, y }: Look): number {
  return Math.round((Math.atan2(y - ownY, x - ownX) / (2 * Math.PI)) * 65536) & 0xffff;
}

function inSight(line: readonly [number, number, number, number], near: number): boolean {
  return PILLARS.every((pillar) => !crosses(line, pillar, near));
}

/** True if a segment comes nearer to a pillar than so much. */
function crosses(
  [x0, y0, x1, y1]: readonly [number, number, number, number],
  [x, y, half]: readonly [number, number, number],
  near: number,
): boolean {
  const reach = half + near;
  let [first, last] = [0, 1];
  for (const [from, way, middle] of [
    [x0, x1 - x0, x],
    [y0, y1 - y0, y],
  ] as const) {
    const [a, b] = [(middle - reach - from) / way, (middle + reach - from) / way];
    first = Math.max(first, Math.min(a, b));
    last = Math.min(last, Math.max(a, b));
  }
  return first < last;
}

/** ms. Each way, drawn for each datagram. */
const JITTER_MS = 4;
/** Ticks before anything counts: clocks have settled. */
const WARM_TICKS = 90;
const RING = 256;
