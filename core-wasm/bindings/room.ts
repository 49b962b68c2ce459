/**
 * One room of the core: two calls per tick (`begin`, `end`), records and commands in one input buffer, events and packets
 * in flat output. Addresses are asked for once and the typed arrays are made once, so that a tick makes no garbage.
 */
import {
  ADDRESS,
  ConfigHead,
  InputCommand,
  PacketOut,
  RoomStats,
  SPAWNABLE_MAX,
} from '../../protocol/gen/tables.ts';
import { FrayError } from '../../src/errors.ts';
import { checkStepIn } from '../../src/step/check.ts';
import type { CoreExports, Tables } from './instantiate.ts';
import { checked, instantiateAgain, instantiateFor } from './instantiate.ts';

/** An array of the region: bytes from its start, its own, and those of one element. */
export interface RegionRow {
  readonly offset: number;
  readonly bytes: number;
  readonly element: number;
}
const NO_ROW = 0xffff_ffff;

/** Stages of `begin` and of `end`, as room.rs has them. */
export const FIRST_STAGES = ['ingest', 'apply', 'simulate', 'resolve'] as const;
export const LAST_STAGES = ['command', 'record', 'select', 'encode'] as const;

export class RoomCore {
  /** The whole linear memory, in three views. Addresses below are bytes: shift right by 2 for `i32` and `u32`. */
  readonly u8: Uint8Array;
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly view: DataView;

  /** From the configuration. */
  readonly playersMax: number;
  readonly entitiesMax: number;
  readonly tickRateHz: number;
  /** Tick of the room before its first `begin`. */
  readonly firstTick: number;

  /** Where records (before `begin`) and commands (before `end`) are written, and how many bytes fit. */
  readonly input: number;
  readonly inputBytes: number;
  /** Hook events after `begin`. */
  readonly events: number;
  /** Rows of PacketOut after `end`. */
  readonly packets: number;

  /** The entity matrix: column f of row i is `columns[f * entitiesMax + i]`. Read only. */
  readonly columns: Int32Array;
  /** Handle per slot, 0 none. Read only. */
  readonly players: Uint32Array;
  /** Epoch of each slot's packets. Read only. */
  readonly epochs: Uint32Array;
  /** Read only, as all below. */
  readonly roomFields: Int32Array;
  /** Count, then handles. */
  readonly spawnable: Uint32Array;
  /** State of the plugin's generator. */
  readonly random: Uint32Array;
  /** RosterRow per slot, `rosterRowBytes` apart. */
  readonly roster: number;
  readonly rosterRowBytes: number;
  /** Text bytes: `textBytes` per entity; of the room. */
  readonly texts: number;
  readonly textBytes: number;
  readonly roomTexts: number;
  /** What each slot sees: bit sets of `setWords` words. */
  readonly visible: Uint32Array;
  readonly setWords: number;
  /** InputCommand applied last, per slot. */
  readonly inputs: number;
  /** Count, pad to 8 bytes, then WallBox rows. */
  readonly walls: number;
  readonly timers: number;
  /** Rows of ClientEvent: event e stands at e % EVENTS_MAX. */
  readonly happened: number;

  readonly #module: WebAssembly.Module;
  #config: Uint8Array;
  readonly #tables: Tables;
  readonly #memory: WebAssembly.Memory;
  #exports: CoreExports;
  readonly #stats: number;
  readonly #hash: number;
  readonly #happenedNext: number;
  readonly #region: number;
  readonly #regionBytes: number;
  readonly #regionView: Uint8Array;

  /**
   * Instantiates `module` with exactly the memory that `config` (from compileConfig) needs. Throws the core's code, and E_STEP for a step of
   * the game's own that is none: a configuration may come from anywhere.
   */
  constructor(module: WebAssembly.Module, config: Uint8Array, tables: Tables = 'own') {
    if (WebAssembly.Module.imports(module).length > 1) checkStepIn(config);
    const { exports, memory } = instantiateFor(module, 'room', { config, tables });
    const { buffer } = memory;
    this.#module = module;
    this.#config = config;
    this.#tables = tables;
    this.#memory = memory;
    this.#exports = exports;
    this.u8 = new Uint8Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.view = new DataView(buffer);
    const head = new DataView(config.buffer, config.byteOffset, config.byteLength);
    const sizeOf = (offset: number): number => head.getUint32(offset, true);
    this.playersMax = sizeOf(ConfigHead.playersMax);
    this.entitiesMax = sizeOf(ConfigHead.entitiesMax);
    this.tickRateHz = sizeOf(ConfigHead.tickRateHz);
    this.firstTick = sizeOf(ConfigHead.firstTick);
    this.textBytes = sizeOf(ConfigHead.textBytes);
    this.setWords = Math.ceil(this.entitiesMax / 32);
    const at = (which: number): number => exports.room_address(which) >>> 0;
    this.input = at(ADDRESS.input);
    this.inputBytes = at(ADDRESS.inputBytes);
    this.events = at(ADDRESS.events);
    this.packets = at(ADDRESS.packets);
    const matrix = sizeOf(ConfigHead.columns) * this.entitiesMax;
    this.columns = new Int32Array(buffer, at(ADDRESS.columns), matrix);
    this.players = new Uint32Array(buffer, at(ADDRESS.players), this.playersMax);
    this.epochs = new Uint32Array(buffer, at(ADDRESS.epochs), this.playersMax);
    this.roomFields = new Int32Array(buffer, at(ADDRESS.roomFields), sizeOf(ConfigHead.roomFields));
    this.spawnable = new Uint32Array(buffer, at(ADDRESS.spawnable), 1 + SPAWNABLE_MAX);
    this.random = new Uint32Array(buffer, at(ADDRESS.random), 4);
    this.roster = at(ADDRESS.roster);
    this.rosterRowBytes = at(ADDRESS.rosterRowBytes);
    this.texts = at(ADDRESS.texts);
    this.roomTexts = at(ADDRESS.roomTexts);
    this.visible = new Uint32Array(buffer, at(ADDRESS.visible), this.playersMax * this.setWords);
    this.inputs = at(ADDRESS.inputs);
    this.walls = at(ADDRESS.walls);
    this.timers = at(ADDRESS.timers);
    this.happened = at(ADDRESS.happened);
    this.#happenedNext = at(ADDRESS.happenedNext);
    this.#stats = at(ADDRESS.stats);
    this.#hash = at(ADDRESS.hash);
    this.#region = at(ADDRESS.region);
    this.#regionBytes = at(ADDRESS.regionBytes);
    this.#regionView = this.u8.subarray(this.#region, this.#region + this.#regionBytes);
  }

  /** Runs ingest, apply, simulate and resolve for the next tick over `length` bytes of records; returns bytes of hook events. */
  begin(length: number): number {
    return checked(this.#exports.room_begin(length), 'begin a tick');
  }

  /**
   * Runs command, record, select and encode over `length` bytes of commands; returns rows of `packets`. Once right after
   * creation without `begin`: the commands of onCreate.
   */
  end(length: number): number {
    return checked(this.#exports.room_end(length), 'end a tick');
  }

  /**
   * One stage of a tick by itself, for a tick whose stages are timed: those of FIRST_STAGES in the place of `begin`, those of LAST_STAGES in
   * the place of `end`, in their order; `number` counts from 1 over both. The last of each answers what `begin` and `end` do.
   */
  stage(number: number, length: number): number {
    return checked(this.#exports.room_stage(number, length), 'run a stage');
  }

  /** The tick that ended last: between `begin` and `end` the room is one ahead. */
  get tick(): number {
    return this.stat(RoomStats.tick);
  }

  /** How many events there have been so far: shots, hits and deaths, as clients are told of them. */
  get happenedNext(): number {
    return this.view.getUint32(this.#happenedNext, true);
  }

  /** One counter of RoomStats by its offset. */
  stat(offset: number): number {
    return this.view.getUint32(this.#stats + offset, true);
  }

  /** Hash of the live world, lower 32 bits; both halves then stand in `stateHashLow` and `stateHashHigh`. */
  stateHash(): number {
    return this.#exports.room_state_hash() >>> 0;
  }

  get stateHashLow(): number {
    return this.view.getUint32(this.#hash, true);
  }

  get stateHashHigh(): number {
    return this.view.getUint32(this.#hash + 4, true);
  }

  /** Hash of the whole region; costs a pass over it. */
  regionHash(): number {
    return this.#exports.room_region_hash() >>> 0;
  }

  /** The region itself: its bytes are the room's whole state. A view, not a copy. */
  region(): Uint8Array {
    return this.#regionView;
  }

  /**
   * A fresh instance in the place of one that has trapped, as it was right after it was made. All views stay good: it lies in the
   * same memory, zeroed before.
   */
  revive(): void {
    const of = { half: 'room', config: this.#config, tables: this.#tables } as const;
    this.#exports = instantiateAgain(this.#module, this.#memory, of).exports;
  }

  /** A room of another seed and epoch will be restored into this one, which has run nothing: `config` is that one's. */
  become(config: Uint8Array): void {
    this.#config = config;
  }

  /** Whether the room is in the state of a saved region: all of its bytes but those of the hash that was asked for last. */
  isAt(region: Uint8Array): boolean {
    const own = this.#regionView;
    if (region.length !== own.length) return false;
    const [from, to] = [this.#hash - this.#region, this.#hash - this.#region + 8];
    for (let at = 0; at < own.length; at += 1)
      if (own[at] !== region[at] && (at < from || at >= to)) return false;
    return true;
  }

  /** The arrays of a region, in their order; none where a core that was kept cannot tell. See `region-names.ts`. */
  rows(): RegionRow[] {
    const rows: RegionRow[] = [];
    const ask = (index: number, what: number): number =>
      (this.#exports.room_row?.(index, what) ?? -1) >>> 0;
    for (let offset = ask(0, 0); offset !== NO_ROW; offset = ask(rows.length, 0))
      rows.push({ offset, bytes: ask(rows.length, 1), element: ask(rows.length, 2) });
    return rows;
  }

  /** Puts a saved region back. Throws E_CORE if it is of another size. */
  restore(region: Uint8Array): void {
    if (region.length !== this.#regionBytes) {
      throw new FrayError(
        'E_CORE',
        `Cannot restore a room: ${region.length} bytes, this one has ${this.#regionBytes}`,
      );
    }
    this.u8.set(region, this.#region);
  }

  /**
   * Another owner than before goes on with a room that was restored, under an `epoch` of its own and at a tick that is `least` or more:
   * its clients' packets begin anew with each one's Resume. Answers the tick; the next is one more. Throws E_CORE between the
   * halves of a tick.
   */
  adopt(epoch: number, least: number): number {
    return checked(this.#exports.room_adopt(epoch, least), 'go on with a room');
  }

  /** Messages of the client in `slot` that the game was handed, modulo 65,536. */
  messagesRead(slot: number): number {
    return checked(this.#exports.room_messages_read(slot), 'count messages');
  }

  /** Messages to it that it has acknowledged or read, modulo 65,536: the first that waits has the next number. */
  messagesDone(slot: number): number {
    return checked(this.#exports.room_messages_done(slot), 'count messages');
  }

  /** Slot of the packet in row `row`. */
  packetSlot(row: number): number {
    return this.view.getUint16(this.packets + row * PacketOut.bytes + PacketOut.slot, true);
  }

  /** Its length in bytes. */
  packetBytes(row: number): number {
    return this.view.getUint16(this.packets + row * PacketOut.bytes + PacketOut.bytesAt, true);
  }

  /** Its address in `u8`. */
  packetAddress(row: number): number {
    return this.view.getUint32(this.packets + row * PacketOut.bytes + PacketOut.offset, true);
  }

  /** Address of the command that was applied last for a slot. */
  inputAddress(slot: number): number {
    return this.inputs + slot * InputCommand.bytes;
  }
}
