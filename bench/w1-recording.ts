/**
 * Plays W1 once with a real client core per player, compares every snapshot they decode with what the server held, and keeps what
 * entered the room: the same packets, replayed, are what is timed. So nothing is timed that was not checked.
 */
import { ClientCore, RECEIVED } from '../core-wasm/bindings/client.ts';
import type { RoomCore } from '../core-wasm/bindings/room.ts';
import {
  ClientStats,
  COLUMN,
  ERROR,
  InputCommand,
  POSITION_ONE,
  RoomStats,
} from '../protocol/gen/tables.ts';
import { PacketLog } from './packet-log.ts';
import type { Place, ShardHostOptions } from './shard-host.ts';
import { EPOCH, ShardHost } from './shard-host.ts';
import type { W1Size } from './w1.ts';
import { W1Controls, w1Schema } from './w1.ts';
import type { Truth } from './w1-compare.ts';
import { compareView } from './w1-compare.ts';
import type { HealthChanges, W1Script } from './w1-game.ts';
import { w1Game } from './w1-game.ts';
import type { WorldTick } from './w1-world.ts';
import { WorldReader } from './w1-world.ts';

export interface RecordedTick {
  /** Sessions that asked for a place before this tick; a session is its slot plus 1. */
  readonly joins: readonly number[];
  /** What onTick did: slot and health, pair after pair. */
  readonly health: Uint16Array;
  /** Packets that came out, and their hash in order. */
  readonly packets: number;
  readonly outHash: number;
  /** From the tick on in which the last player was placed. */
  readonly world: WorldTick | undefined;
}

export interface Recording {
  readonly options: RecordingOptions;
  readonly size: W1Size;
  readonly places: W1Script['places'];
  readonly ticks: readonly RecordedTick[];
  readonly inputs: PacketLog;
  /** Ticks before the part that counts: everybody has joined and the rosters have arrived. */
  readonly warmTicks: number;
  /** Snapshots decoded and compared after the warm-up. */
  readonly compared: number;
  readonly visibleMean: number;
  readonly bodyBytesMean: number;
  readonly packetBytesMean: number;
  /** Others that a snapshot had no byte left for, per snapshot. */
  readonly deferredMean: number;
  /** How many ticks old the newest acknowledged snapshot was when the next one was made: least, mean, most. */
  readonly ackAge: { readonly min: number; readonly mean: number; readonly max: number };
}

export interface RecordingOptions {
  readonly size: W1Size;
  readonly seed: number;
  readonly warmTicks: number;
  readonly timedTicks: number;
  /** m/s2; default W1's. */
  readonly turn?: number;
  /** Keep what a peer is fed from. Costs 8 bytes per player and tick, and some time. Default false. */
  readonly world?: boolean;
  /** False: health never changes, and the game has no onTick. Default true. */
  readonly hooks?: boolean;
  /** A folder for the journal of the room. Default none. */
  readonly journalDir?: string;
  /** Told of each packet that a client takes, in the order in which it takes them. */
  readonly hear?: (packet: ClientPacket) => void;
}

export interface ClientPacket {
  readonly slot: number;
  readonly bytes: Uint8Array;
  /** False in the warm-up. */
  readonly counted: boolean;
}

export function record(module: WebAssembly.Module, options: RecordingOptions): Recording {
  const play = new Play(module, options);
  const ticks: RecordedTick[] = [];
  const joinTicks = Math.ceil(options.size.players / JOINS_PER_TICK);
  const warmTicks = joinTicks + options.warmTicks;
  for (let tick = 1; tick <= warmTicks + options.timedTicks; tick += 1) {
    if (tick === warmTicks + 1) play.startCounting();
    ticks.push(play.tick(tick, options.world === true && tick > joinTicks));
  }
  const results = play.results();
  play.close();
  return { options, size: options.size, ticks, warmTicks, ...results };
}

/** The shard that a recording is made with, and that it is replayed in. The turn that opens the room has run. */
export function w1Host(
  module: WebAssembly.Module,
  options: Pick<RecordingOptions, 'size' | 'seed' | 'turn' | 'journalDir'> &
    Pick<ShardHostOptions, 'sampleUs'>,
  script: W1Script,
): ShardHost {
  const { players, visible } = options.size;
  const host = new ShardHost(module, w1Game(options.size, script, options.turn), {
    playersMax: players,
    entitiesMax: players,
    ...(options.journalDir !== undefined && { journalDir: options.journalDir }),
    sampleUs: options.sampleUs,
    inboxBytes: players * INPUT_BYTES * BATCH_TICKS,
    outboxBytes: players * (OUTPUT_BYTES + 8 * visible) * BATCH_TICKS,
  });
  host.open(0, { seed: options.seed });
  host.turn();
  return host;
}

/** One player's client with the line to and from it. */
interface Line {
  readonly core: ClientCore;
  readonly slot: number;
  readonly handle: number;
  /** Packets on their way, with the tick before which they arrive and the tick of the newest snapshot they tell of. */
  readonly down: Flight[];
  readonly up: Flight[];
  /** Tick of the newest snapshot that the client has, and that the server knows it has. */
  held: number;
  acknowledged: number;
}

interface Flight {
  readonly due: number;
  readonly tick: number;
  readonly bytes: Uint8Array;
}

class Play {
  readonly #module: WebAssembly.Module;
  readonly #host: ShardHost;
  readonly #room: RoomCore;
  readonly #world: WorldReader;
  readonly #config: Uint8Array;
  readonly #size: W1Size;
  readonly #controls: W1Controls;
  readonly #places: W1Script['places'];
  readonly #hooks: boolean;
  readonly #hear: RecordingOptions['hear'];
  readonly #inputs = new PacketLog();
  readonly #lines: Line[] = [];
  readonly #truths: Truth[] = [];
  readonly #ages = { min: Number.POSITIVE_INFINITY, max: 0, sum: 0, count: 0 };
  #health = new Uint16Array(0);
  #counting = false;
  #compared = 0;
  #shown = 0;
  #statsAtStart = { snapshots: 0, bits: 0, packets: 0, bytes: 0, deferred: 0 };

  constructor(module: WebAssembly.Module, options: RecordingOptions) {
    const { size, seed, turn } = options;
    const { players } = size;
    this.#module = module;
    this.#size = size;
    this.#config = w1Schema(size, turn).config({ playersMax: players, entitiesMax: players });
    this.#controls = new W1Controls(size, seed);
    this.#places = Array.from({ length: players }, () => this.#controls.place());
    this.#hooks = options.hooks ?? true;
    this.#hear = options.hear;
    const next = (): HealthChanges => this.#decide();
    this.#host = w1Host(module, options, {
      places: this.#places,
      ...(this.#hooks && { next }),
    });
    this.#room = this.#host.core(0);
    this.#world = new WorldReader(this.#room, size);
  }

  tick(tick: number, keepWorld: boolean): RecordedTick {
    const joins: number[] = [];
    const first = (tick - 1) * JOINS_PER_TICK;
    for (let slot = first; slot < Math.min(first + JOINS_PER_TICK, this.#size.players); slot += 1)
      joins.push(slot + 1);
    for (const session of joins) this.#host.join(session, 0);
    this.#deliver(tick);
    this.#host.turn();
    if (!this.#hooks) this.#decide();
    const sent = this.#send(tick);
    this.#keepTruth(tick);
    for (const place of this.#host.answers()) this.#openLine(place);
    for (const line of this.#lines) this.#client(line, tick);
    if (this.#counting) this.#countAges(tick);
    const world = keepWorld ? this.#world.read() : undefined;
    return { joins, health: this.#health, ...sent, world };
  }

  startCounting(): void {
    this.#counting = true;
    this.#statsAtStart = this.#stats();
  }

  results(): Omit<Recording, 'options' | 'size' | 'ticks' | 'warmTicks'> {
    this.#host.assertQuiet();
    const [now, then] = [this.#stats(), this.#statsAtStart];
    const snapshots = now.snapshots - then.snapshots;
    const { min, max, sum, count } = this.#ages;
    return {
      places: this.#places,
      inputs: this.#inputs,
      compared: this.#compared,
      visibleMean: this.#shown / this.#compared,
      bodyBytesMean: ((now.bits - then.bits) >>> 0) / 8 / snapshots,
      packetBytesMean: ((now.bytes - then.bytes) >>> 0) / (now.packets - then.packets),
      deferredMean: (now.deferred - then.deferred) / snapshots,
      ackAge: { min, max, mean: sum / count },
    };
  }

  /** Closes the room; a journal is whole then. */
  close(): void {
    this.#host.close(0, ERROR.E_ROOM_CLOSED);
    this.#host.turn();
  }

  /** Packets that have arrived, into the recording and the inbox. */
  #deliver(tick: number): void {
    for (const line of this.#lines) {
      while ((line.up[0]?.due ?? Number.POSITIVE_INFINITY) <= tick) {
        const flight = line.up.shift() as Flight;
        const arrivalUs = (Math.floor(this.#host.nowUs) + ((line.slot * 33) % 33_000)) >>> 0;
        this.#inputs.add(line.slot + 1, arrivalUs, flight.bytes);
        line.acknowledged = Math.max(line.acknowledged, flight.tick);
      }
    }
    this.#inputs.endTick();
    this.#inputs.write(tick - 1, this.#host.io.inbox);
  }

  /** In the hook, where there is one: everybody's next controls, and who gets new health now. */
  #decide(): HealthChanges {
    const { columns, players } = this.#room;
    const at = (slot: number, column: number): number =>
      (this.#cell(columns, players[slot] ?? 0, column) ?? 0) / POSITION_ONE;
    this.#controls.next(
      (slot) => at(slot, COLUMN.x),
      (slot) => at(slot, COLUMN.y),
    );
    const pairs: number[] = [];
    for (const { slot } of this.#lines) {
      const health = this.#controls.health[slot] ?? 0;
      if (health !== 0) pairs.push(slot, health);
    }
    this.#health = Uint16Array.from(pairs);
    return { pairs: this.#health, count: pairs.length / 2 };
  }

  /** Puts every packet on its way. */
  #send(tick: number): { packets: number; outHash: number } {
    const { outbox } = this.#host.io;
    let [packets, outHash] = [0, 0];
    while (outbox.next()) {
      const bytes = outbox.bytes.slice(outbox.offset, outbox.offset + outbox.length);
      packets += 1;
      outHash = hashBytes(outHash, bytes);
      const line = this.#lines[outbox.id - 1];
      // 1 to 3 ticks down and 2 or 3 up: acknowledgements are 3 to 6 ticks late. Nothing overtakes.
      const due = Math.max(tick + 1 + this.#controls.integer(3), line?.down.at(-1)?.due ?? 0);
      line?.down.push({ due, tick, bytes });
    }
    outbox.release();
    return { packets, outHash };
  }

  #openLine({ session, playerId, handle, tick }: Place): void {
    const core = ClientCore.create(this.#module, this.#config);
    core.join({ playerId, handle, epoch: EPOCH, tick, verify: false });
    const slot = session - 1;
    this.#lines[slot] = { core, slot, handle, down: [], up: [], held: 0, acknowledged: 0 };
  }

  /** A client's part of a tick: takes what has arrived, compares, decides, answers. */
  #client(line: Line, tick: number): void {
    while ((line.down[0]?.due ?? Number.POSITIVE_INFINITY) <= tick) {
      const flight = line.down.shift() as Flight;
      const code = line.core.receive(flight.bytes);
      this.#hear?.({ slot: line.slot, bytes: flight.bytes, counted: this.#counting });
      if (code < 0)
        throw new Error(
          `Tick ${tick}, slot ${line.slot}: the client refused a packet with code ${-code}`,
        );
      line.held = flight.tick;
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
    line.up.push({ due, tick: line.held, bytes: line.core.packetBytes.slice(0, length) });
  }

  #compare(line: Line): void {
    const snapshotTick = line.core.stats.getUint32(ClientStats.snapshotTick, true);
    const truth = this.#truths.find((one) => one.tick === snapshotTick);
    if (truth === undefined) throw new Error(`The server never was at tick ${snapshotTick}`);
    this.#shown += compareView(line, truth, this.#room);
    this.#compared += 1;
  }

  #countAges(tick: number): void {
    const ages = this.#ages;
    for (const { acknowledged } of this.#lines) {
      const age = tick - acknowledged;
      ages.min = Math.min(ages.min, age);
      ages.max = Math.max(ages.max, age);
      ages.sum += age;
      ages.count += 1;
    }
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

/** Ticks that a replay does between two readings of the CPU clock (about 1 us each, so they do not count). */
export const BATCH_TICKS = 16;
/** Bytes of an inbox per player and tick: two packets. */
const INPUT_BYTES = 256;
/** Bytes of an outbox per player and tick, and some more for each that is visible. */
const OUTPUT_BYTES = 512;
/** Few enough that rosters of a thousand players fit the send pool. */
const JOINS_PER_TICK = 10;
/** Commands are made for a tick this far ahead: the way up takes at most 3. */
const LEAD_TICKS = 5;
/** Ticks that a snapshot can be late, and some. */
const TRUTHS = 8;
