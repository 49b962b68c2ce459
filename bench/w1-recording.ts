/**
 * Plays W1 once with a real client core per player, compares every snapshot they decode with what the server held, and keeps what
 * entered the room: the same records, replayed, are what is timed. So nothing is timed that was not checked.
 */
import { ClientCore, RECEIVED } from '../core-wasm/bindings/client.ts';
import { RoomCore } from '../core-wasm/bindings/room.ts';
import {
  ClientStats,
  COLUMN,
  InputCommand,
  Joined,
  POSITION_ONE,
  RoomStats,
} from '../protocol/gen/tables.ts';
import { eachRecord, RecordWriter } from './records.ts';
import type { W1Size } from './w1.ts';
import { W1Controls, w1Schema } from './w1.ts';

export interface RecordedTick {
  /** Records of `begin` and commands of `end`. */
  readonly records: Uint8Array;
  readonly commands: Uint8Array;
  /** Packets that came out, and their hash in order. */
  readonly packets: number;
  readonly outHash: number;
}

export interface Recording {
  readonly size: W1Size;
  readonly config: Uint8Array;
  readonly ticks: readonly RecordedTick[];
  /** Ticks before the part that counts: everybody has joined and the rosters have arrived. */
  readonly warmTicks: number;
  /** Snapshots decoded and compared after the warm-up. */
  readonly compared: number;
  readonly visibleMean: number;
  readonly bodyBytesMean: number;
  readonly packetBytesMean: number;
  /** Others that a snapshot had no byte left for, per snapshot. */
  readonly deferredMean: number;
}

export interface RecordingOptions {
  readonly size: W1Size;
  readonly seed: number;
  readonly warmTicks: number;
  readonly timedTicks: number;
}

export function record(module: WebAssembly.Module, options: RecordingOptions): Recording {
  const play = new Play(module, options);
  const ticks: RecordedTick[] = [];
  const joinTicks = Math.ceil(options.size.players / JOINS_PER_TICK);
  const warmTicks = joinTicks + options.warmTicks;
  for (let tick = 1; tick <= warmTicks + options.timedTicks; tick += 1) {
    if (tick === warmTicks + 1) play.startCounting();
    ticks.push(play.tick(tick));
  }
  return { size: options.size, config: play.config, ticks, warmTicks, ...play.results() };
}

/** One player's client with the line to and from it. */
interface Line {
  readonly core: ClientCore;
  readonly slot: number;
  readonly handle: number;
  /** Packets on their way, with the tick before which they arrive. */
  readonly down: { due: number; bytes: Uint8Array }[];
  readonly up: { due: number; bytes: Uint8Array }[];
}

/** What the server held at a tick, to compare with. */
interface Truth {
  readonly tick: number;
  readonly columns: Int32Array;
  readonly visible: Uint32Array;
}

class Play {
  readonly config: Uint8Array;
  readonly #module: WebAssembly.Module;
  readonly #room: RoomCore;
  readonly #size: W1Size;
  readonly #controls: W1Controls;
  readonly #writer: RecordWriter;
  readonly #lines: Line[] = [];
  readonly #truths: Truth[] = [];
  #counting = false;
  #compared = 0;
  #shown = 0;
  #statsAtStart = { snapshots: 0, bits: 0, packets: 0, bytes: 0, deferred: 0 };

  constructor(module: WebAssembly.Module, options: RecordingOptions) {
    const { size, seed } = options;
    this.#module = module;
    this.#size = size;
    this.config = w1Schema(size).config({
      playersMax: size.players,
      entitiesMax: size.players,
      seed: BigInt(seed),
    });
    this.#room = new RoomCore(module, this.config);
    this.#controls = new W1Controls(size, seed);
    this.#writer = new RecordWriter(this.#room);
    this.#room.end(0);
  }

  tick(tick: number): RecordedTick {
    const { records, joined } = this.#begin(tick);
    const commands = this.#commands(joined);
    const rows = this.#room.end(commands.length);
    const outHash = this.#send(rows, tick);
    this.#keepTruth(tick);
    for (const one of joined) this.#openLine(one, tick);
    for (const line of this.#lines) this.#client(line, tick);
    return { records, commands, packets: rows, outHash };
  }

  startCounting(): void {
    this.#counting = true;
    this.#statsAtStart = this.#stats();
  }

  results(): Pick<
    Recording,
    'compared' | 'visibleMean' | 'bodyBytesMean' | 'packetBytesMean' | 'deferredMean'
  > {
    const [now, then] = [this.#stats(), this.#statsAtStart];
    const snapshots = now.snapshots - then.snapshots;
    return {
      compared: this.#compared,
      visibleMean: this.#shown / this.#compared,
      bodyBytesMean: ((now.bits - then.bits) >>> 0) / 8 / snapshots,
      packetBytesMean: ((now.bytes - then.bytes) >>> 0) / (now.packets - then.packets),
      deferredMean: (now.deferred - then.deferred) / snapshots,
    };
  }

  /** Joins and the packets that have arrived. */
  #begin(tick: number): {
    records: Uint8Array;
    joined: { slot: number; handle: number; playerId: number }[];
  } {
    this.#writer.clear();
    const first = (tick - 1) * JOINS_PER_TICK;
    for (let slot = first; slot < Math.min(first + JOINS_PER_TICK, this.#size.players); slot += 1)
      this.#writer.join(slot, slot + 1);
    for (const line of this.#lines) {
      while ((line.up[0]?.due ?? Number.POSITIVE_INFINITY) <= tick) {
        this.#writer.packet(
          line.slot,
          (line.slot * 33) % 33_000,
          line.up.shift()?.bytes ?? NOTHING,
        );
      }
    }
    const records = this.#writer.copy();
    const eventBytes = this.#room.begin(records.length);
    const joined: { slot: number; handle: number; playerId: number }[] = [];
    eachRecord(
      this.#room.u8.slice(this.#room.events, this.#room.events + eventBytes),
      (kind, slot, payload) => {
        if (kind !== Joined.kind) return;
        const view = new DataView(payload.buffer, payload.byteOffset);
        joined.push({
          slot,
          handle: view.getUint32(Joined.handle, true),
          playerId: view.getUint32(Joined.playerId, true),
        });
      },
    );
    return { records, joined };
  }

  /** Places for who came, health for 2 % of the others. */
  #commands(joined: readonly { slot: number; handle: number }[]): Uint8Array {
    this.#writer.clear();
    for (const { handle } of joined) {
      const { x, y } = this.#controls.place();
      this.#writer.place(handle, Math.round(x * POSITION_ONE), Math.round(y * POSITION_ONE));
    }
    const at = (slot: number, column: number): number =>
      this.#cell(this.#room.columns, this.#room.players[slot] ?? 0, column) / POSITION_ONE;
    this.#controls.next(
      (slot) => at(slot, COLUMN.x),
      (slot) => at(slot, COLUMN.y),
    );
    for (const line of this.#lines) {
      const health = this.#controls.health[line.slot] ?? 0;
      if (health !== 0) this.#writer.setField(line.handle, COLUMN.health, health);
    }
    return this.#writer.copy();
  }

  /** Puts every packet on its way; the hash of all. */
  #send(rows: number, tick: number): number {
    let hash = 0;
    for (let row = 0; row < rows; row += 1) {
      const start = this.#room.packetAddress(row);
      const bytes = this.#room.u8.slice(start, start + this.#room.packetBytes(row));
      hash = hashBytes(hash, bytes);
      const line = this.#lines[this.#room.packetSlot(row)];
      // 1 to 3 ticks down and 2 or 3 up: acknowledgements are 3 to 6 ticks late. Nothing overtakes.
      line?.down.push({
        due: Math.max(tick + this.#controls.integer(3), line.down.at(-1)?.due ?? 0),
        bytes,
      });
    }
    return hash;
  }

  #openLine(one: { slot: number; handle: number; playerId: number }, tick: number): void {
    const core = ClientCore.create(this.#module, this.config);
    core.join({ playerId: one.playerId, handle: one.handle, epoch: 1, tick, verify: false });
    this.#lines[one.slot] = { core, slot: one.slot, handle: one.handle, down: [], up: [] };
  }

  /** A client's part of a tick: takes what has arrived, compares, decides, answers. */
  #client(line: Line, tick: number): void {
    while ((line.down[0]?.due ?? Number.POSITIVE_INFINITY) <= tick) {
      const code = line.core.receive(line.down.shift()?.bytes ?? NOTHING);
      if (code < 0)
        throw new Error(
          `Tick ${tick}, slot ${line.slot}: the client refused a packet with code ${-code}`,
        );
      if ((code & RECEIVED.snapshot) !== 0 && this.#counting) this.#compare(line);
    }
    while (line.core.message() >= 0);
    while (line.core.event());
    const { command } = line.core;
    command.setUint32(InputCommand.tick, tick + LEAD_TICKS, true);
    command.setUint16(InputCommand.aim, this.#controls.aim[line.slot] ?? 0, true);
    command.setInt8(InputCommand.moveX, this.#controls.moveX[line.slot] ?? 0);
    command.setInt8(InputCommand.moveY, this.#controls.moveY[line.slot] ?? 0);
    command.setUint32(InputCommand.viewTick, Math.max(0, tick - 3), true);
    line.core.sample();
    const length = line.core.packet(tick + LEAD_TICKS);
    if (length <= 0) return;
    const due = Math.max(tick + 2 + this.#controls.integer(2), line.up.at(-1)?.due ?? 0);
    line.up.push({ due, bytes: line.core.packetBytes.slice(0, length) });
  }

  /** What the client shows at the tick of its newest snapshot must be what the server held and meant it to see. */
  #compare(line: Line): void {
    const snapshotTick = line.core.stats.getUint32(ClientStats.snapshotTick, true);
    const truth = this.#truths.find((one) => one.tick === snapshotTick);
    if (truth === undefined) throw new Error(`The server never was at tick ${snapshotTick}`);
    const count = line.core.view(Float64Array.of(snapshotTick, snapshotTick));
    const fail = (index: number, what: string): never => {
      throw new Error(`Slot ${line.slot}, tick ${snapshotTick}, entity ${index}: ${what}`);
    };
    let others = 0;
    for (let at = 1; at <= count; at += 1) {
      const index = line.core.viewList[at] ?? 0;
      if (index === (line.handle & 0xffff)) continue;
      others += 1;
      if (!hasBit(truth.visible, line.slot * this.#room.setWords, index))
        fail(index, 'shown, and should not be');
      for (const [column, tolerance] of TOLERANCES) {
        const got = line.core.matrix.cells[column * line.core.matrix.rows + index] ?? 0;
        const want = truth.columns[column * this.#room.entitiesMax + index] ?? 0;
        const off = column === COLUMN.aim ? ((got - want + 0x8000) & 0xffff) - 0x8000 : got - want;
        if (Math.abs(off) > tolerance) fail(index, `column ${column} is ${got}, was ${want}`);
      }
    }
    const meant = countBits(
      truth.visible,
      line.slot * this.#room.setWords,
      this.#room.setWords,
      line.handle & 0xffff,
    );
    if (meant !== others) fail(-1, `${others} others shown, ${meant} meant`);
    this.#compared += 1;
    this.#shown += others;
  }

  #keepTruth(tick: number): void {
    this.#truths.push({
      tick,
      columns: this.#room.columns.slice(),
      visible: this.#room.visible.slice(),
    });
    if (this.#truths.length > TRUTHS) this.#truths.shift();
  }

  #cell(columns: Int32Array, handle: number, column: number): number {
    return columns[column * this.#room.entitiesMax + (handle & 0xffff)] ?? 0;
  }

  #stats(): { snapshots: number; bits: number; packets: number; bytes: number; deferred: number } {
    const read = (offset: number): number => this.#room.stat(offset);
    return {
      snapshots: read(RoomStats.snapshots),
      bits: read(RoomStats.snapshotBits),
      packets: read(RoomStats.packetsOut),
      bytes: read(RoomStats.bytesOut),
      deferred: read(RoomStats.entitiesDeferred),
    };
  }
}

/** FNV-1a over words would be faster; this is not timed. */
export function hashBytes(hash: number, bytes: Uint8Array): number {
  let mixed = hash ^ 0x811c9dc5;
  for (const byte of bytes) mixed = Math.imul(mixed ^ byte, 0x01000193);
  return mixed >>> 0;
}

function hasBit(words: Uint32Array, start: number, bit: number): boolean {
  return ((words[start + (bit >>> 5)] ?? 0) & (1 << (bit & 31))) !== 0;
}

function countBits(words: Uint32Array, start: number, length: number, except: number): number {
  let count = 0;
  for (let bit = 0; bit < length * 32; bit += 1)
    if (bit !== except && hasBit(words, start, bit)) count += 1;
  return count;
}

/** Few enough that rosters of a thousand players fit the send pool. */
const JOINS_PER_TICK = 10;
/** Commands are made for a tick this far ahead: the way up takes at most 3. */
const LEAD_TICKS = 5;
/** Ticks that a snapshot can be late, and some. */
const TRUTHS = 8;
/** Column and largest difference: position to 1 cm, heading to 8 bits, health exactly. */
const TOLERANCES: readonly (readonly [number, number])[] = [
  [COLUMN.x, POSITION_ONE / 100],
  [COLUMN.y, POSITION_ONE / 100],
  [COLUMN.aim, 128],
  [COLUMN.health, 0],
];
const NOTHING = new Uint8Array(0);
