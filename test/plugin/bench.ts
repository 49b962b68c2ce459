/** A room of the real core with a game's runtime, without workers, sockets or a clock; keeps the journal. */
import { readFileSync } from 'node:fs';
import { ClientCore } from '../../core-wasm/bindings/client.ts';
import { compileCore } from '../../core-wasm/bindings/instantiate.ts';
import { RoomCore } from '../../core-wasm/bindings/room.ts';
import {
  Drop,
  Join,
  Leave,
  Packet,
  RecordHeader,
  Resume,
  RoomStats,
} from '../../protocol/gen/tables.ts';
import type { Game } from '../../src/plugin/game.ts';
import type { HookFault } from '../../src/plugin/runtime.ts';
import { GameRuntime } from '../../src/plugin/runtime.ts';
import { MessageCodec } from '../../src/schema/messages.ts';

const WASM =
  process.env['FRAY_TEST_CORE'] ?? new URL('../../core-wasm/fray_core.wasm', import.meta.url);
export const core = await compileCore(readFileSync(WASM));

/** What entered a room: the configuration, then bytes before `begin` (none for tick 0) and before `end`. */
export interface Journal {
  readonly config: Uint8Array;
  readonly ticks: { readonly begin: Uint8Array | null; readonly end: Uint8Array }[];
  readonly hashes: string[];
}

export interface BenchOptions {
  readonly playersMax?: number;
  readonly entitiesMax?: number;
  readonly seed?: bigint;
  readonly bots?: number;
  readonly options?: unknown;
  /** False: the hash of a tick is that of its state alone. That of its region is a pass over two megabytes, twice what the tick costs. */
  readonly regions?: boolean;
}

export class Bench {
  readonly core: RoomCore;
  readonly runtime: GameRuntime;
  readonly faults: HookFault[] = [];
  readonly logs: { level: string; text: string; facts: Readonly<Record<string, unknown>> }[] = [];
  readonly removed: { slot: number; code: number; reason: string }[] = [];
  /** What games wait for players who are away: slot and ms. */
  readonly waits: [number, number][] = [];
  readonly journal: Journal;
  /** Rows of packets that the last tick made. */
  packets = 0;
  readonly #game: Game;
  readonly #regions: boolean;
  #records = 0;

  constructor(game: Game, options: BenchOptions = {}) {
    const { playersMax = 8, entitiesMax = 64, seed = 1n, bots = 0, options: roomOptions } = options;
    const config = game.schema.config({ playersMax, entitiesMax, seed, hashEveryTick: true });
    this.#game = game;
    this.#regions = options.regions ?? true;
    this.core = new RoomCore(core, config);
    this.journal = { config, ticks: [], hashes: [] };
    this.runtime = new GameRuntime(game, this.core, {
      host: {
        hookFailed: (fault) => this.faults.push(fault),
        log: (level, text, facts) => this.logs.push({ level, text, facts }),
      },
      options: { roomId: 'r1', seed, bots, options: roomOptions },
    });
    this.#end(null, this.runtime.create());
  }

  /** A person takes a slot in the next tick. `identity`: the record's tail. */
  join(slot: number, name = `p${slot}`, identity = new Uint8Array(0)): void {
    const at = this.#record({ kind: Join.kind, bytes: Join.bytes + identity.length }, slot);
    const bytes = new TextEncoder().encode(name);
    const { view, u8 } = this.core;
    view.setUint32(at + Join.session, 1000 + slot, true);
    view.setUint16(at + Join.flags, 0, true);
    view.setUint8(at + Join.team, 0);
    view.setUint8(at + Join.nameBytes, bytes.length);
    u8.fill(0, at + Join.name, at + Join.bytes);
    u8.set(bytes, at + Join.name);
    u8.fill(0, at + Join.bytes, at + Join.bytes + ((identity.length + 3) & ~3));
    u8.set(identity, at + Join.bytes);
  }

  leave(slot: number, code = 19): void {
    const at = this.#record(Leave, slot);
    this.core.view.setUint32(at, code, true);
  }

  /** Nothing is heard of the client in a slot. */
  drop(slot: number): void {
    this.#record(Drop, slot);
  }

  /** It is heard again; `flags` 1: a page loaded again. */
  resume(slot: number, flags = 0): void {
    this.core.view.setUint32(this.#record(Resume, slot) + Resume.flags, flags, true);
  }

  /** A packet of the client in a slot. */
  packet(slot: number, bytes: Uint8Array): void {
    const at = this.#record({ kind: Packet.kind, bytes: Packet.bytes + bytes.length }, slot);
    this.core.view.setUint32(at + Packet.arrivalUs, 0, true);
    this.core.u8.set(bytes, at + Packet.bytes);
  }

  tick(count = 1): this {
    for (let n = 0; n < count; n += 1) {
      const length = this.runtime.records(this.#records, (slot, code, reason) =>
        this.removed.push({ slot, code, reason }),
      );
      this.#records = 0;
      const begin = this.#input(length);
      const wait = (slot: number, ms: number): void => void this.waits.push([slot, ms]);
      this.#end(begin, this.runtime.hooks(this.core.begin(length), wait));
    }
    return this;
  }

  /** Errors that hooks threw, as text. */
  get errors(): string[] {
    return this.faults.map(
      ({ hook, error }) => `${hook}: ${String((error as { code?: string }).code ?? error)}`,
    );
  }

  stat(name: Exclude<keyof typeof RoomStats, 'bytes'>): number {
    return this.core.stat(RoomStats[name]);
  }

  /** A client of this room that holds the place in a slot. */
  client(slot: number): TestClient {
    return new TestClient(this, this.#game, slot);
  }

  #end(begin: Uint8Array | null, length: number): void {
    this.journal.ticks.push({ begin, end: this.#input(length) });
    this.packets = this.core.end(length);
    this.journal.hashes.push(hashOf(this.core, this.#regions));
  }

  #input(length: number): Uint8Array {
    return this.core.u8.slice(this.core.input, this.core.input + length);
  }

  #record(record: { readonly kind: number; readonly bytes: number }, slot: number): number {
    const { view, input } = this.core;
    const at = input + this.#records;
    view.setUint16(at + RecordHeader.kind, record.kind, true);
    view.setUint16(at + RecordHeader.index, slot, true);
    view.setUint32(at + RecordHeader.length, record.bytes, true);
    this.#records += RecordHeader.bytes + ((record.bytes + 3) & ~3);
    return at + RecordHeader.bytes;
  }
}

/** The client half of the core in a slot: sends messages, takes packets. */
export class TestClient {
  readonly core: ClientCore;
  readonly received: { name: string; value: unknown }[] = [];
  readonly #bench: Bench;
  readonly #game: Game;
  readonly #slot: number;

  constructor(bench: Bench, game: Game, slot: number) {
    this.#bench = bench;
    this.#game = game;
    this.#slot = slot;
    this.core = ClientCore.create(core, bench.journal.config);
    const room = bench.core;
    const playerId = room.view.getUint32(room.roster + slot * room.rosterRowBytes, true);
    const handle = room.players[slot] ?? 0;
    const epoch = room.epochs[slot] ?? 0;
    this.core.join({ playerId, handle, epoch, tick: room.tick, verify: false });
  }

  send(name: string, value: Readonly<Record<string, unknown>>): void {
    const codec = new MessageCodec(this.#game.schema.layout.toServer);
    this.sendBytes(
      this.core.messageBytes.slice(0, codec.encode(name, value, this.core.messageBytes)),
    );
  }

  /** A message as it is, kind byte included. */
  sendBytes(bytes: Uint8Array): void {
    this.core.messageBytes.set(bytes);
    this.core.send(bytes.length);
  }

  /** Puts its next packet into the room's next tick. */
  post(): void {
    const length = this.core.packet(this.#bench.core.tick + 1);
    if (length > 0) this.#bench.packet(this.#slot, this.core.packetBytes.slice(0, length));
  }

  /** Takes the packet that the last tick made for it, and the messages in it. */
  takePacket(): void {
    const room = this.#bench.core;
    for (let row = 0; row < this.#bench.packets; row += 1) {
      if (room.packetSlot(row) !== this.#slot) continue;
      const at = room.packetAddress(row);
      this.core.receive(room.u8.slice(at, at + room.packetBytes(row)));
      break;
    }
    const codec = new MessageCodec(this.#game.schema.layout.toClient);
    for (let length = this.core.message(); length >= 0; length = this.core.message()) {
      const bytes = this.core.messageBytes.slice(0, length);
      if (codec.decode(bytes) === 0)
        this.received.push({ name: codec.decoded.name, value: codec.decoded.value });
    }
  }
}

/** Runs a journal in a fresh room without any game; the hashes of its ticks. */
export function replay(journal: Journal): string[] {
  const room = new RoomCore(core, journal.config);
  return journal.ticks.map(({ begin, end }) => {
    if (begin !== null) {
      room.u8.set(begin, room.input);
      room.begin(begin.length);
    }
    room.u8.set(end, room.input);
    room.end(end.length);
    return hashOf(room);
  });
}

function hashOf(room: RoomCore, region = true): string {
  room.stateHash();
  const state = `${room.stateHashHigh.toString(16)}:${room.stateHashLow.toString(16)}`;
  return region ? `${state}:${room.regionHash().toString(16)}` : state;
}
