/**
 * A worker's shard with the I/O thread's ends of its mailboxes in the same thread, on a clock that the bench moves. What runs
 * is what ships: `Shard`, `ShardRoom`, the plugin's runtime and the committed core, in the order of a turn of
 * workers/room-worker.ts. Left out of a turn: the sleep before it and the turn of the event loop after it.
 */
import { RoomCore } from '../core-wasm/bindings/room.ts';
import { PACKET_BYTES_MAX } from '../protocol/gen/tables.ts';
import { createBell } from '../src/mailbox/bell.ts';
import type { LinkMemory } from '../src/mailbox/messages.ts';
import { ANSWER, createLink, IoEnd, JOIN, JOINED, OPEN, ORDER } from '../src/mailbox/messages.ts';
import { Ring } from '../src/mailbox/ring.ts';
import type { Game } from '../src/plugin/game.ts';
import type { RuntimeHost } from '../src/plugin/host.ts';
import type { GameRuntime } from '../src/plugin/runtime.ts';
import { FLAG_VERIFY, fitName, identityBytes } from '../src/room/orders.ts';
import { interpolationTicks, roomSizes } from '../src/schema/compile.ts';
import type { WorkerReport } from '../workers/boot.ts';
import { SHADOW_HOST_BYTES } from '../workers/boot.ts';
import { createJournalRing } from '../workers/journal.ts';
import { CORE_HASH_BYTES } from '../workers/journal-format.ts';
import type { Signer } from '../workers/journal-seal.ts';
import { JournalStore } from '../workers/journal-store.ts';
import { Keeping } from '../workers/keeping.ts';
import type { LoadedGame } from '../workers/open-room.ts';
import { roomFactory, roomRestorer } from '../workers/open-room.ts';
import { createShadow } from '../workers/shadow.ts';
import { Shard } from '../workers/shard.ts';
import type { ShardRoom } from '../workers/shard-room.ts';
import type { CounterName } from '../workers/timing.ts';
import { createTiming, Timing, TimingReader } from '../workers/timing.ts';

export interface ShardHostOptions {
  readonly playersMax: number;
  readonly entitiesMax: number;
  /** Rooms at once. Default 1. */
  readonly roomsMax?: number;
  /** Bytes of the data rings. Default 1 MiB each. */
  readonly inboxBytes?: number;
  readonly outboxBytes?: number;
  /** A folder for the journal of each room. Default none. */
  readonly journalDir?: string;
  /** With journals, compressed, that are flushed with every third turn: a checkpoint so often, ms of the bench's time. Default none. */
  readonly checkpointMs?: number;
  /** SHA-256 of the core, for the journals. Default: zeros. */
  readonly coreHash?: Uint8Array;
  /** From one tick that is timed stage by stage to the next; default a second of the bench's time. */
  readonly sampleUs?: number | undefined;
  /**
   * Time goes on within a turn, so that stages and hooks have their lengths; a turn still begins when its slot is due, however long the
   * one before it took. Default false: it stands still.
   */
  readonly realTime?: boolean;
  /** What hooks tell, and who times them. Default: as in a worker. */
  readonly host?: RuntimeHost;
  /** Signs the journals of closed rooms. Default: nobody. */
  readonly signer?: Signer;
}

/** A place that a room has given. */
export interface Place {
  readonly session: number;
  readonly playerId: number;
  readonly handle: number;
  readonly tick: number;
}

export class ShardHost {
  readonly io: IoEnd;
  readonly shard: Shard;
  readonly link: LinkMemory;
  readonly timing: TimingReader;
  /** What `timing` reads. */
  readonly timingMemory: SharedArrayBuffer;
  /** What a room or a hook had to say; a bench that goes well reads nothing here. */
  readonly logs: string[] = [];
  readonly #rooms = new Map<number, ShardRoom>();
  readonly #keeping: Keeping;
  #journal: Journals | null = null;
  /** Of the turn that runs. */
  #startMs = 0;
  readonly #isRealTime: boolean;
  /** Its one number: the bench's time, us. */
  readonly #times = Float64Array.of(START_US);

  constructor(module: WebAssembly.Module, game: Game, options: ShardHostOptions) {
    const { playersMax, entitiesMax, roomsMax = 1 } = options;
    this.#isRealTime = options.realTime === true;
    this.link = createLink({
      roomsMax,
      sessionsMax: playersMax * roomsMax,
      packetBytesMax: PACKET_BYTES_MAX,
      inboxBytes: options.inboxBytes ?? RING_BYTES,
      outboxBytes: options.outboxBytes ?? RING_BYTES,
    });
    if (options.journalDir !== undefined)
      this.#journal = journalIn(options.journalDir, options, () => this.nowUs / 1000);
    const boot = {
      index: 0,
      workers: 1,
      game: '',
      core: module,
      links: [this.link],
      bells: [createBell()],
      bell: createBell(),
      timing: createTiming(roomsMax),
      playersMax,
      emptyCloseMs: 0,
      records: {
        ring: this.#journal?.ring ?? createJournalRing(true),
        hashTicks: this.#journal === null ? 0 : 1,
        shadowMs: SHADOW_MS,
      },
    };
    const kept = loaded(game, { playersMax, entitiesMax });
    const report = (said: WorkerReport): void => {
      if (said.kind === 'log') this.logs.push(`${said.text} ${JSON.stringify(said.fields)}`);
      else if (said.kind === 'shadow') {
        const memory = createShadow(said.regionBytes, SHADOW_HOST_BYTES);
        this.#journal?.shadow(said, memory);
        this.#keeping.give({ ...said, memory });
      } else if (said.kind === 'copied') this.#journal?.shadow(said, said.memory);
    };
    const [clock, times] = [new BigInt64Array(1), this.#times];
    this.io = new IoEnd(this.link);
    this.timing = new TimingReader(boot.timing);
    this.timingMemory = boot.timing;
    // The real clock is read, and paid for, as a worker reads it; the time is the bench's own. In one small function, as that of
    // `systemClock` is: V8 inlines it, where two that call each other are at times left as calls, whose answers are boxed.
    const still = (): number => {
      clock[0] = process.hrtime.bigint();
      return times[0] as number;
    };
    const nowUs = this.#isRealTime ? () => this.#passedUs() : still;
    const { facts } = kept;
    this.#keeping = new Keeping({
      records: boot.records,
      facts,
      timing: new Timing(boot.timing),
      nowUs,
      unixMs: () => this.nowUs / 1000,
      report,
    });
    this.#keeping.shadows.settled();
    const make = roomFactory(boot, kept, {
      report,
      keeping: this.#keeping,
      ...(options.host !== undefined && { host: options.host }),
    });
    const restore = roomRestorer(boot, kept, { report, keeping: this.#keeping });
    this.shard = new Shard({
      boot,
      openRoom: (order, parts) => {
        const room = make(order, parts);
        this.#rooms.set(order.row, room);
        return room;
      },
      restoreRoom: (left, parts) => {
        const restored = restore(left, parts);
        this.#rooms.set(left.order.row, restored.room);
        return restored;
      },
      nowUs,
      sampleUs: options.sampleUs,
      report: ({ text, fields }) => this.logs.push(`${text} ${JSON.stringify(fields)}`),
    });
  }

  #passedUs(): number {
    return (this.#times[0] as number) + (performance.now() - this.#startMs) * 1000;
  }

  /** Orders a room; it stands after the next turn. */
  open(row: number, order: { readonly seed: number; readonly bots?: number }): void {
    const id = `room${row}`;
    const bytes = new Uint8Array(OPEN.tail + id.length);
    const view = new DataView(bytes.buffer);
    view.setUint32(OPEN.seedLow, order.seed, true);
    view.setUint32(OPEN.epoch, EPOCH, true);
    view.setUint32(OPEN.bots, order.bots ?? 0, true);
    view.setUint32(OPEN.roomIdBytes, id.length, true);
    bytes.set(new TextEncoder().encode(id), OPEN.tail);
    this.#order(ORDER.open, { id: row, arg: 0, bytes });
  }

  close(row: number, code: number): void {
    this.#order(ORDER.close, { id: row, arg: code, bytes: NOTHING });
    this.#rooms.delete(row);
  }

  /** Orders a place; `answers` gives it after one of the next turns. `verify`: each snapshot carries a hash. */
  join(session: number, row: number, { name = '', verify = false } = {}): void {
    const [called, identity] = [
      fitName(name),
      identityBytes({ userId: name, userData: new Uint8Array(0) }),
    ];
    const bytes = new Uint8Array(JOIN.identity + (name === '' ? 0 : identity.length));
    const view = new DataView(bytes.buffer);
    bytes.set(called, JOIN.name);
    view.setUint32(JOIN.nameBytes, called.length, true);
    view.setUint32(JOIN.flags, verify ? FLAG_VERIFY : 0, true);
    if (name !== '') {
      view.setUint32(JOIN.identityBytes, identity.length, true);
      bytes.set(identity, JOIN.identity);
    }
    this.#order(ORDER.join, { id: session, arg: row, bytes });
  }

  /** One turn of a worker: the slot that is due next, with all that waits for it. */
  turn(): void {
    const { shard } = this;
    const slot = shard.nextSlot();
    if (slot !== undefined) this.#times[0] = slot.dueUs;
    // Not in a bench that counts bytes: this makes 16.
    if (this.#isRealTime) this.#startMs = performance.now();
    shard.takeOrders();
    shard.takePackets();
    if (slot !== undefined) shard.tickSlot(slot);
    shard.wake();
    this.#keeping.shadows.turn(SHADOW_MS);
    this.#journal?.take();
  }

  /** Moment of the tick that ran last, us. */
  get nowUs(): number {
    return this.#times[0] as number;
  }

  /** The runtime of an open room. */
  runtime(row: number): GameRuntime {
    const room = this.#rooms.get(row);
    if (room !== undefined) return room.game as GameRuntime;
    throw new Error(`Cannot find room ${row}: ${this.logs.join('; ') || 'it is not open'}`);
  }

  /** The core of an open room. */
  core(row: number): RoomCore {
    const core = this.#rooms.get(row)?.core;
    if (core instanceof RoomCore) return core;
    throw new Error(`Cannot find room ${row}: ${this.logs.join('; ') || 'it is not open'}`);
  }

  /** Places given since the last call. Throws where one was refused. */
  answers(): Place[] {
    const { answers } = this.io;
    const places: Place[] = [];
    while (answers.next()) {
      if (answers.kind === ANSWER.refused)
        throw new Error(`Session ${answers.id} was refused with code ${answers.arg}`);
      if (answers.kind !== ANSWER.joined) continue;
      const word = (offset: number): number =>
        (answers.words[(answers.offset + offset) >> 2] as number) >>> 0;
      const [playerId, handle] = [word(JOINED.playerId), word(JOINED.handle)];
      places.push({ session: answers.id, playerId, handle, tick: word(JOINED.tick) });
    }
    answers.release();
    return places;
  }

  /** Throws where something was dropped, refused or logged: then the figures would be of another workload. */
  assertQuiet(): void {
    for (const name of MUST_BE_NONE) {
      const count = this.timing.counter(name);
      if (count > 0) throw new Error(`The bench is not what it claims: ${name} is ${count}`);
    }
    if (this.logs.length > 0) throw new Error(`The shard had to say: ${this.logs.join('; ')}`);
  }

  #order(kind: number, order: { id: number; arg: number; bytes: Uint8Array }): void {
    const { id, arg, bytes } = order;
    if (!this.io.orders.tryWrite(kind, id, arg, bytes, 0, bytes.length))
      throw new Error('Cannot order: the control ring of the bench is full');
  }
}

interface Journals {
  readonly ring: SharedArrayBuffer;
  take(): void;
  shadow(of: { readonly row: number; readonly room: string }, memory: SharedArrayBuffer): void;
}

/** Journals without compression, which a native build reads; with checkpoints as a server writes them. */
function journalIn(
  dir: string,
  {
    checkpointMs,
    coreHash,
    signer,
  }: Pick<ShardHostOptions, 'checkpointMs' | 'coreHash' | 'signer'>,
  nowMs: () => number,
): Journals {
  const store = new JournalStore({
    dir,
    coreHash: coreHash ?? new Uint8Array(CORE_HASH_BYTES),
    bytesMax: 0,
    ageMsMax: 0,
    signer,
    ...(checkpointMs === undefined ? { compress: false } : { checkpointMs }),
    unixMs: checkpointMs === undefined ? Date.now : nowMs,
    log: (_level, text, { error }) => {
      throw new Error(`${text}: ${error}`);
    },
  });
  const memory = createJournalRing();
  const ring = new Ring(memory, 'read');
  let turns = 0;
  return {
    ring: memory,
    take: () => {
      store.take(0, ring);
      turns += 1;
      // The ring keeps what is not in the file yet.
      if (turns % (checkpointMs === undefined ? 64 : 3) !== 0) return;
      store.flush();
      if (checkpointMs === undefined) return;
      store.checkpoint();
      store.learn();
    },
    shadow: ({ room }, shadow) => {
      store.take(0, ring);
      store.shadow({ room }, shadow);
    },
  };
}

function loaded(game: Game, sizes: { playersMax: number; entitiesMax: number }): LoadedGame {
  const { layout, hash, name } = game.schema;
  return {
    game,
    emptyCloseMs: game.options.emptyCloseMs,
    facts: {
      name,
      schemaHash: hash,
      tickRateHz: layout.tickRateHz,
      ...roomSizes(sizes),
      interpolationTicks: interpolationTicks(layout),
      snapshotBytesMax: layout.net.snapshotBytesMax,
      botsYield: game.options.botsYield,
    },
  };
}

const MUST_BE_NONE: readonly CounterName[] = [
  'ticksCaughtUp',
  'ticksSkipped',
  'roomsFaulted',
  'packetsUnseated',
  'inputRefused',
  'messagesMalformed',
  'outboxDropped',
];
/** ms. */
const SHADOW_MS = 2000;
const NOTHING = new Uint8Array(0);
export const EPOCH = 1;
/** us. Any moment; the same in each run, because arrivals are counted from it. */
const START_US = 50_000_000;
/** Bytes. */
const RING_BYTES = 1 << 20;
