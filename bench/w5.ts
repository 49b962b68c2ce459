/**
 * W1 over the links of W5: a room and a real client core per player in one process, each behind the seeded link simulator of
 * src/transport/lossy.ts, on simulated time. What the snapshots' bodies take is read from the room's own counters.
 */
import { ClientCore } from '../core-wasm/bindings/client.ts';
import { RoomCore } from '../core-wasm/bindings/room.ts';
import {
  COLUMN,
  InputCommand,
  Join,
  Packet,
  Place,
  POSITION_ONE,
  RoomStats,
  SetField,
} from '../protocol/gen/tables.ts';
import type { LinkClock, LinkSettings } from '../src/transport/lossy.ts';
import { lossyPipe } from '../src/transport/lossy.ts';
import type { ClientPipe } from '../src/transport/types.ts';
import { Records } from './records.ts';
import { TICK_RATE_HZ, W1Controls, type W1Size, w1Schema } from './w1.ts';

export interface W5Options {
  readonly size: W1Size;
  readonly seed: number;
  readonly link: LinkSettings;
  readonly warmTicks: number;
  readonly ticks: number;
}

/** Mean bytes of a snapshot's body, first to last bit. */
export function bodyBytes(module: WebAssembly.Module, options: W5Options): number {
  const play = new Play(module, options);
  for (let tick = 0; tick < options.warmTicks; tick += 1) play.tick();
  const before = play.sums();
  for (let tick = 0; tick < options.ticks; tick += 1) play.tick();
  const after = play.sums();
  return ((after.bits - before.bits) >>> 0) / 8 / (after.snapshots - before.snapshots);
}

interface Player {
  readonly core: ClientCore;
  readonly handle: number;
  readonly pipe: ClientPipe;
  /** Hands a packet of the room to the link. */
  down: (bytes: Uint8Array) => void;
  /** What has arrived at the room. */
  readonly up: Uint8Array[];
}

class Play {
  readonly #room: RoomCore;
  readonly #records: Records;
  readonly #controls: W1Controls;
  readonly #players: readonly Player[];
  readonly #clock = new TickClock();
  readonly #lead: number;

  constructor(module: WebAssembly.Module, { size, seed, link }: W5Options) {
    const { players } = size;
    const config = w1Schema(size).config({ playersMax: players, entitiesMax: players });
    const room = new RoomCore(module, config);
    this.#room = room;
    this.#records = new Records(room);
    this.#controls = new W1Controls(size, seed);
    this.#lead = Math.ceil((link.rttMs + link.jitterMs) / TICK_MS) + LEAD_TICKS;
    this.#seat(players);
    this.#players = Array.from(room.players.subarray(0, players), (handle, slot) => {
      const core = ClientCore.create(module, config);
      const epoch = room.epochs[slot] ?? 0;
      core.join({ playerId: 65536 + slot, handle, epoch, tick: room.tick, verify: false });
      return this.#connect(core, handle, { ...link, seed: link.seed + slot });
    });
  }

  tick(): void {
    this.#clock.advance(TICK_MS);
    this.#players.forEach(({ up }, slot) => {
      for (const bytes of up.splice(0)) {
        const record = this.#records.put(Packet.kind, slot, Packet.bytes + bytes.length);
        this.#room.u8.set(bytes, record + Packet.bytes);
      }
    });
    this.#room.begin(this.#records.taken());
    this.#controls.next(
      (slot) => this.#metres(slot, COLUMN.x),
      (slot) => this.#metres(slot, COLUMN.y),
    );
    this.#players.forEach(({ handle }, slot) => {
      const health = this.#controls.health[slot] ?? 0;
      if (health === 0) return;
      const field = this.#records.put(SetField.kind, 0, SetField.bytes);
      this.#room.view.setUint32(field + SetField.handle, handle, true);
      this.#room.view.setUint32(field + SetField.column, COLUMN.health, true);
      this.#room.view.setInt32(field + SetField.value, health, true);
    });
    const packets = this.#room.end(this.#records.taken());
    for (let row = 0; row < packets; row += 1) {
      const at = this.#room.packetAddress(row);
      const bytes = this.#room.u8.slice(at, at + this.#room.packetBytes(row));
      this.#players[this.#room.packetSlot(row)]?.down(bytes);
    }
    for (const [slot, player] of this.#players.entries()) this.#command(player, slot);
  }

  sums(): { bits: number; snapshots: number } {
    const bits = this.#room.stat(RoomStats.snapshotBits);
    return { bits, snapshots: this.#room.stat(RoomStats.snapshots) };
  }

  #seat(players: number): void {
    const { view } = this.#room;
    this.#room.end(0);
    for (let slot = 0; slot < players; slot += 1) {
      const join = this.#records.put(Join.kind, slot, Join.bytes);
      view.setUint32(join + Join.session, slot + 1, true);
    }
    this.#room.begin(this.#records.taken());
    for (let slot = 0; slot < players; slot += 1) {
      const { x, y } = this.#controls.place();
      const place = this.#records.put(Place.kind, 0, Place.bytes);
      view.setUint32(place + Place.handle, this.#room.players[slot] as number, true);
      view.setInt32(place + Place.x, Math.round(x * POSITION_ONE), true);
      view.setInt32(place + Place.y, Math.round(y * POSITION_ONE), true);
    }
    this.#room.end(this.#records.taken());
  }

  #connect(core: ClientCore, handle: number, link: LinkSettings): Player {
    const up: Uint8Array[] = [];
    let down = (_: Uint8Array): void => {};
    const inner: ClientPipe = {
      kind: 'memory',
      bufferedBytes: 0,
      dropped: 0,
      send: (bytes) => up.push(bytes.slice()),
      close: () => {},
      onDatagram: (fn) => {
        down = fn;
      },
      onClose: () => {},
    };
    const pipe = lossyPipe(inner, link, this.#clock);
    pipe.onDatagram((bytes) => {
      core.receive(bytes);
      while (core.message() >= 0);
    });
    return { core, handle, pipe, up, down: (bytes) => down(bytes) };
  }

  #command({ core, pipe }: Player, slot: number): void {
    const { command } = core;
    const tick = this.#room.tick + this.#lead;
    command.setUint32(InputCommand.tick, tick, true);
    command.setUint16(InputCommand.aim, this.#controls.aim[slot] ?? 0, true);
    command.setInt8(InputCommand.moveX, this.#controls.moveX[slot] ?? 0);
    command.setInt8(InputCommand.moveY, this.#controls.moveY[slot] ?? 0);
    core.sample();
    const length = core.packet(this.#room.tick);
    pipe.send(core.packetBytes.subarray(0, length));
  }

  #metres(slot: number, column: number): number {
    const row = (this.#room.players[slot] as number) & 0xffff;
    const at = column * this.#room.entitiesMax + row;
    return (this.#room.columns[at] as number) / POSITION_ONE;
  }
}

/** Time that stands still between ticks. */
class TickClock implements LinkClock {
  #nowMs = 0;
  readonly #waiting: { dueMs: number; fn: () => void }[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, fn: () => void): () => void {
    const entry = { dueMs: this.#nowMs + delayMs, fn };
    this.#waiting.push(entry);
    return () => {
      const at = this.#waiting.indexOf(entry);
      if (at >= 0) this.#waiting.splice(at, 1);
    };
  }

  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const [next] = this.#waiting.filter(({ dueMs }) => dueMs <= endMs).sort(byTime);
      if (next === undefined) break;
      this.#waiting.splice(this.#waiting.indexOf(next), 1);
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.fn();
    }
    this.#nowMs = endMs;
  }
}

function byTime(a: { dueMs: number }, b: { dueMs: number }): number {
  return a.dueMs - b.dueMs;
}

const TICK_MS = 1000 / TICK_RATE_HZ;
/** Beside the round trip: so that commands are there in time. */
const LEAD_TICKS = 2;
