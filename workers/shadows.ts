/**
 * Which room of a worker is copied into its shadow, and when: each `shadowMs` of its own ticks, one room a turn, after the packets
 * of the turn have gone and before the next slot is due. Records older than the oldest copy need not be kept: where the ring is half
 * full of what is kept for a room, that room's turn comes at once.
 *
 * A room in which nobody has ever been gets no memory: it is opened anew instead.
 */
import type { Ring } from '../src/mailbox/ring.ts';
import type { RoomJournal } from './journal.ts';
import { Shadow } from './shadow.ts';
import type { ShardRoom } from './shard-room.ts';
import type { Timing } from './timing.ts';
import { COUNTER } from './timing.ts';

export interface ShadowsOptions {
  readonly ring: Ring;
  /** Ticks between two copies of a room. */
  readonly everyTicks: number;
  readonly timing: Timing;
  readonly nowUs: () => number;
  /** Asks the host for memory for the shadow of a room. */
  readonly ask: (room: ShardRoom, regionBytes: number) => void;
}

interface Shadowed {
  readonly room: ShardRoom;
  readonly journal: RoomJournal;
  /** Undefined while it has none. */
  shadow: Shadow | undefined;
  asked: boolean;
}

export class Shadows {
  readonly #options: ShadowsOptions;
  readonly #rooms: Shadowed[] = [];
  /** When the copy that is made now began, us: a fraction in a variable would be garbage. */
  readonly #times = new Float64Array(1);
  #copies = 0;
  /** Nothing is given up yet: rooms are missing. */
  #held = true;

  constructor(options: ShadowsOptions) {
    this.#options = options;
  }

  /** Of a worker that takes rooms over: all of them are in. */
  settled(): void {
    this.#held = false;
    this.#forget();
  }

  /** `memory`: what the worker before had copied it to. */
  add(room: ShardRoom, journal: RoomJournal, memory: SharedArrayBuffer | undefined): void {
    const shadow = memory === undefined ? undefined : new Shadow(memory);
    this.#rooms.push({ room, journal, shadow, asked: memory !== undefined });
    this.#forget();
  }

  remove(room: ShardRoom): void {
    const at = this.#rooms.findIndex((one) => one.room === room);
    if (at >= 0) this.#rooms.splice(at, 1);
    this.#forget();
  }

  /** The host's answer to `ask`. False: the room that asked has gone. */
  give(id: string, memory: SharedArrayBuffer): boolean {
    const one = this.#rooms.find(({ room }) => room.id === id);
    if (one === undefined || !one.asked || one.shadow !== undefined) return false;
    one.shadow = new Shadow(memory);
    return true;
  }

  /** The last copy of a room that goes, and word of it to its file. False: not now. */
  handOver(room: ShardRoom): boolean {
    const one = this.#rooms.find((other) => other.room === room);
    if (one?.shadow === undefined) return false;
    this.#copy(one, one.shadow);
    return one.journal.moved(room.core.tick, Buffer.from(room.id));
  }

  /** Copies the room whose turn it is, if any. `leftUs`: until something else is due. */
  turn(leftUs: number): void {
    this.#askAll();
    const full = this.#options.ring.keptBytes > this.#options.ring.capacity >> 1;
    const one = full ? this.#oldest(true) : this.#due(leftUs >= COPY_US);
    if (one === undefined) return;
    if (one.shadow !== undefined) this.#copy(one, one.shadow);
    else if (one.room.dormant) one.journal.copied();
    this.#forget();
  }

  /** The room that has waited longest; `early`: from its due tick on, or else from half an interval later. */
  #due(early: boolean): Shadowed | undefined {
    const { everyTicks } = this.#options;
    let most = early ? everyTicks : everyTicks + (everyTicks >> 1);
    let found: Shadowed | undefined;
    for (let i = 0; i < this.#rooms.length; i += 1) {
      const one = this.#rooms[i] as Shadowed;
      if (one.shadow === undefined) continue;
      const waited =
        one.shadow.tick < 0 || one.journal.gap ? MANY : one.room.core.tick - one.shadow.tick;
      if (waited < most) continue;
      most = waited + 1;
      found = one;
    }
    return found;
  }

  /** Rooms that somebody plays in need memory. */
  #askAll(): void {
    for (let i = 0; i < this.#rooms.length; i += 1) {
      const one = this.#rooms[i] as Shadowed;
      if (one.asked || one.shadow !== undefined || one.room.dormant) continue;
      one.asked = true;
      this.#options.ask(one.room, one.room.core.region().length);
    }
  }

  /** For which most is kept; `free`: of those that can be copied now, or need no copy. */
  #oldest(free: boolean): Shadowed | undefined {
    let oldest: Shadowed | undefined;
    for (let i = 0; i < this.#rooms.length; i += 1) {
      const one = this.#rooms[i] as Shadowed;
      if (free && one.shadow === undefined && !one.room.dormant) continue;
      if (oldest === undefined || ((one.journal.since - oldest.journal.since) | 0) < 0)
        oldest = one;
    }
    return oldest;
  }

  #copy({ room, journal }: Shadowed, shadow: Shadow): void {
    const { ring, timing, nowUs } = this.#options;
    const times = this.#times;
    const timed = (this.#copies & TIMED_MASK) === TIMED;
    this.#copies += 1;
    if (timed) times[0] = nowUs();
    shadow.position = ring.end;
    shadow.write(room.core.region(), room.host(shadow.hostBytesMax), room.core.tick);
    journal.copied();
    timing.add(COUNTER.shadows, 1);
    if (timed) timing.add(COUNTER.shadowUs, (nowUs() - (times[0] as number)) * (TIMED_MASK + 1));
  }

  /** Records that no copy needs any more are given up. */
  #forget(): void {
    if (this.#held) return;
    const { ring } = this.#options;
    const oldest = this.#oldest(false);
    ring.keepFrom(oldest === undefined ? ring.end : oldest.journal.since);
  }
}

/** us that a copy may take: 2 MB take 0.2 ms on a quiet machine. */
const COPY_US = 500;
/** One copy in 64 is timed and counts for all: a look at the clock in code that runs so seldom leaves garbage behind. */
const TIMED_MASK = 63;
/** Not the first: those find memory that nobody has touched. */
const TIMED = 32;
/** Ticks: a room without a copy comes first. */
const MANY = 1 << 30;
