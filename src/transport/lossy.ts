/**
 * A seeded link simulator around any pipe, for tests, bots and the sliders of a page: delay, jitter, loss (also in
 * bursts), reorder, duplicates, corruption, cuts; each way on its own.
 *
 * Deterministic: the k-th datagram of a direction meets the same chances whatever came of the others, because every
 * datagram draws the same number of chances; with the same seed, clock and sends, the same datagrams arrive at the
 * same times. The ideas are those of Linux netem; loss in bursts is Gilbert's model (Bell System Technical Journal, 1960).
 */

import { PACKET_BYTES_MAX } from '../../protocol/gen/tables.ts';
import type { LinkSettings } from './link.ts';
import { PERFECT_LINK, parseLink, RATE_QUEUE_MS, REORDER_MS } from './link.ts';
import type {
  ClientPipe,
  OpenListener,
  PipeFacts,
  ServerTransport,
  TransportCounters,
} from './types.ts';
import { Ending } from './types.ts';

export type { LinkCut, LinkSettings } from './link.ts';
export { formatLink, PERFECT_LINK, parseLink, REORDER_MS } from './link.ts';

/** Time and timers of a link. `nowMs` never goes back. */
export interface LinkClock {
  nowMs(): number;
  /** Calls `fn` once, `delayMs` from now; returns what takes the call back. */
  after(delayMs: number, fn: () => void): () => void;
}

/** Counters of one direction. All rise only, but `waiting`. */
export interface LaneCounters {
  sent: number;
  delivered: number;
  lost: number;
  cut: number;
  duplicated: number;
  reordered: number;
  corrupted: number;
  /** Lost because QUEUE_MAX datagrams were on their way, or because they would have waited for too long. */
  overflowed: number;
  waiting: number;
}

/** Of a datagram beside its own: IP and UDP. */
const WIRE_BYTES = 28;
/** Datagrams on their way in one direction: 4 s of delay at 1,024 a second. */
export const QUEUE_MAX = 4096;

/** A client pipe behind a simulated link. */
export interface LossyPipe extends ClientPipe {
  readonly settings: LinkSettings;
  /** From here to the server, and back. */
  readonly up: Readonly<LaneCounters>;
  readonly down: Readonly<LaneCounters>;
  /** Changes the link while it runs; a changed `seed` starts the chances anew. What is on its way keeps its time. */
  setLink(link: LinkSettings | string): void;
}

/** Puts a link before a client pipe. Throws `E_CONFIG` for a wrong text. */
export function lossyPipe(
  pipe: ClientPipe,
  link: LinkSettings | string,
  clock: LinkClock = realClock,
): LossyPipe {
  return new LossyClientPipe(pipe, read(link), clock);
}

/** A server transport whose pipes each stand behind a link of their own (its seed is the link's plus the pipe's order). */
export interface LossyServer extends ServerTransport {
  setLink(link: LinkSettings | string): void;
}

export function lossyServer(
  transport: ServerTransport,
  link: LinkSettings | string,
  clock: LinkClock = realClock,
): LossyServer {
  return new LossyServerTransport(transport, read(link), clock);
}

export const realClock: LinkClock = {
  nowMs: () => performance.now(),
  after(delayMs, fn) {
    const timer = setTimeout(fn, delayMs);
    return () => clearTimeout(timer);
  },
};

/** One direction of a link. */
class Lane {
  readonly counters: LaneCounters = {
    sent: 0,
    delivered: 0,
    lost: 0,
    cut: 0,
    duplicated: 0,
    reordered: 0,
    corrupted: 0,
    overflowed: 0,
    waiting: 0,
  };
  readonly #clock: LinkClock;
  readonly #startMs: number;
  readonly #deliver: (bytes: Uint8Array) => void;
  #link: LinkSettings = PERFECT_LINK;
  #random: (() => number) | null = null;
  /** Gilbert's bad state: losing. */
  #losing = false;
  /** Sorted by time, equal times in order of sending. `bytes` null: the end, with its code. */
  #queue: { dueMs: number; bytes: Uint8Array | null; end: (() => void) | null }[] = [];
  /** No datagram that keeps order arrives before this. */
  #orderMs = 0;
  /** When all that was sent has passed a link with a rate. */
  #freeMs = 0;
  #cancel: (() => void) | null = null;

  constructor(clock: LinkClock, deliver: (bytes: Uint8Array) => void) {
    this.#clock = clock;
    this.#startMs = clock.nowMs();
    this.#deliver = deliver;
  }

  set(link: LinkSettings, salt: number): void {
    if (this.#random === null || link.seed !== this.#link.seed)
      this.#random = generator(link.seed, salt);
    this.#link = link;
  }

  push(bytes: Uint8Array): void {
    const link = this.#link;
    const random = this.#random ?? zero;
    const chances = {
      turn: random(),
      loss: random(),
      jitter: random(),
      reorder: random(),
      twice: random(),
      again: random(),
      corrupt: random(),
      bit: random(),
    };
    const nowMs = this.#clock.nowMs();
    this.counters.sent += 1;
    if (this.#isCut(nowMs - this.#startMs)) this.counters.cut += 1;
    else if (this.#isLost(chances.turn, chances.loss)) this.counters.lost += 1;
    else if (this.#queue.length >= QUEUE_MAX || !this.#passes(bytes.length, nowMs))
      this.counters.overflowed += 1;
    else {
      const copy = bytes.slice();
      const fromMs = Math.max(nowMs, this.#freeMs);
      if (chances.corrupt * 100 < link.corruptPercent) this.#corrupt(copy, chances.bit);
      this.#queueAt(copy, fromMs, chances.jitter, chances.reorder * 100 < link.reorderPercent);
      if (chances.twice * 100 < link.duplicatePercent) {
        this.counters.duplicated += 1;
        this.#queueAt(copy, fromMs, chances.again, false);
      }
      this.#run();
    }
  }

  /** Comes after all that is on its way; is never lost. */
  end(fn: () => void): void {
    const last = this.#queue[this.#queue.length - 1];
    const dueMs = Math.max(this.#clock.nowMs() + this.#link.rttMs / 2, last?.dueMs ?? 0);
    this.#insert({ dueMs, bytes: null, end: fn });
    this.#run();
  }

  /** Drops all that is on its way. */
  clear(): void {
    this.#queue = [];
    this.counters.waiting = 0;
    this.#disarm();
  }

  /** Takes the time that a datagram needs on a link with a rate; false: too many wait already. */
  #passes(bytes: number, nowMs: number): boolean {
    const { rateKbps } = this.#link;
    if (rateKbps === 0) {
      this.#freeMs = nowMs;
      return true;
    }
    const freeMs = Math.max(nowMs, this.#freeMs) + ((bytes + WIRE_BYTES) * 8) / rateKbps;
    // A large one on a very slow link takes longer by itself: it passes where none is before it.
    if (this.#freeMs > nowMs && freeMs - nowMs > RATE_QUEUE_MS) return false;
    this.#freeMs = freeMs;
    return true;
  }

  #isCut(sinceMs: number): boolean {
    return this.#link.cuts.some((cut) => sinceMs >= cut.fromMs && sinceMs < cut.toMs);
  }

  /**
   * With loss p and mean burst b the bad state is left with chance 1/b and entered with p / (b (1 - p)), so that its share
   * of time is p. A burst no longer than chance alone would make is no burst.
   */
  #isLost(turn: number, loss: number): boolean {
    const p = this.#link.lossPercent / 100;
    const b = this.#link.burst;
    if (p >= 1 || b * (1 - p) <= 1) {
      this.#losing = false;
      return loss < p;
    }
    this.#losing = this.#losing ? turn >= 1 / b : turn < p / (b * (1 - p));
    return this.#losing;
  }

  #queueAt(bytes: Uint8Array, nowMs: number, jitter: number, behind: boolean): void {
    const delayMs = Math.max(0, this.#link.rttMs / 2 + (jitter - 0.5) * this.#link.jitterMs);
    let dueMs = nowMs + delayMs;
    if (behind) {
      dueMs += REORDER_MS;
      this.counters.reordered += 1;
    } else {
      dueMs = Math.max(dueMs, this.#orderMs);
      this.#orderMs = dueMs;
    }
    this.#insert({ dueMs, bytes, end: null });
  }

  #corrupt(bytes: Uint8Array, chance: number): void {
    const bit = Math.floor(chance * bytes.length * 8);
    bytes[bit >>> 3] = (bytes[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
    this.counters.corrupted += 1;
  }

  #insert(item: { dueMs: number; bytes: Uint8Array | null; end: (() => void) | null }): void {
    let at = this.#queue.length;
    while (at > 0 && (this.#queue[at - 1]?.dueMs ?? 0) > item.dueMs) at -= 1;
    this.#queue.splice(at, 0, item);
    this.counters.waiting = this.#queue.length;
  }

  #disarm(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  #run(): void {
    this.#disarm();
    for (;;) {
      const first = this.#queue[0];
      if (first === undefined) return;
      const waitMs = first.dueMs - this.#clock.nowMs();
      if (waitMs > 0) {
        this.#disarm();
        this.#cancel = this.#clock.after(waitMs, () => this.#run());
        return;
      }
      this.#queue.shift();
      this.counters.waiting = this.#queue.length;
      if (first.bytes !== null) {
        this.counters.delivered += 1;
        this.#deliver(first.bytes);
      }
      first.end?.();
    }
  }
}

class LossyClientPipe implements LossyPipe {
  readonly kind;
  settings: LinkSettings;
  readonly #pipe: ClientPipe;
  readonly #up: Lane;
  readonly #down: Lane;
  #datagram: (bytes: Uint8Array) => void = ignore;
  readonly #ending = new Ending();
  #open = true;

  constructor(pipe: ClientPipe, link: LinkSettings, clock: LinkClock) {
    this.kind = pipe.kind;
    this.#pipe = pipe;
    this.#up = new Lane(clock, (bytes) => pipe.send(bytes));
    this.#down = new Lane(clock, (bytes) => this.#datagram(bytes));
    this.settings = link;
    this.setLink(link);
    pipe.onDatagram((bytes) => this.#down.push(bytes));
    pipe.onClose((code) => {
      this.#up.clear();
      if (this.#open) this.#down.end(() => this.#finish(code));
    });
  }

  get up(): LaneCounters {
    return this.#up.counters;
  }

  get down(): LaneCounters {
    return this.#down.counters;
  }

  get bufferedBytes(): number {
    return this.#pipe.bufferedBytes;
  }

  get dropped(): number {
    return this.#pipe.dropped;
  }

  setLink(link: LinkSettings | string): void {
    this.settings = read(link);
    this.#up.set(this.settings, 1);
    this.#down.set(this.settings, 2);
  }

  send(bytes: Uint8Array): void {
    if (!this.#open) return;
    if (isDatagram(bytes)) this.#up.push(bytes);
    else this.#pipe.send(bytes);
  }

  /** A last datagram goes past the link, as the timers of a page that is left do not run any more. */
  close(code: number, last?: Uint8Array): void {
    if (!this.#open) return;
    this.#down.clear();
    if (last === undefined) this.#up.end(() => this.#pipe.close(code));
    else {
      this.#up.clear();
      this.#pipe.close(code, last);
    }
    this.#finish(code);
  }

  onDatagram(fn: (bytes: Uint8Array) => void): void {
    this.#datagram = fn;
  }

  onClose(fn: (code: number) => void): void {
    this.#ending.listen(fn);
  }

  #finish(code: number): void {
    this.#open = false;
    this.#datagram = ignore;
    this.#ending.happen(code);
  }
}

class LossyServerTransport implements LossyServer {
  readonly kind;
  readonly index: number;
  readonly #inner: ServerTransport;
  readonly #clock: LinkClock;
  readonly #lanes = new Map<number, { up: Lane; down: Lane; salt: number }>();
  #link: LinkSettings;
  #order = 0;
  #opened: OpenListener = ignore;
  #datagram: (pipe: number, bytes: Uint8Array) => void = ignore;
  #closed: (pipe: number, code: number) => void = ignore;

  constructor(inner: ServerTransport, link: LinkSettings, clock: LinkClock) {
    this.kind = inner.kind;
    this.index = inner.index;
    this.#inner = inner;
    this.#link = link;
    this.#clock = clock;
    inner.onOpen((pipe, address, facts) => this.#open(pipe, address, facts));
    inner.onDatagram((pipe, bytes) => this.#lanes.get(pipe)?.up.push(bytes));
    inner.onClose((pipe, code) => this.#end(pipe, code));
  }

  get pipes(): number {
    return this.#lanes.size;
  }

  get counters(): TransportCounters {
    return this.#inner.counters;
  }

  setLink(link: LinkSettings | string): void {
    this.#link = read(link);
    for (const lanes of this.#lanes.values()) {
      lanes.up.set(this.#link, lanes.salt);
      lanes.down.set(this.#link, lanes.salt + 1);
    }
  }

  onOpen(fn: OpenListener): void {
    this.#opened = fn;
  }

  onDatagram(fn: (pipe: number, bytes: Uint8Array) => void): void {
    this.#datagram = fn;
  }

  onClose(fn: (pipe: number, code: number) => void): void {
    this.#closed = fn;
  }

  /** True also for what the link is going to lose: a real network does not tell either. */
  send(pipe: number, bytes: Uint8Array): boolean {
    const lanes = this.#lanes.get(pipe);
    if (lanes === undefined || !isDatagram(bytes)) return this.#inner.send(pipe, bytes);
    lanes.down.push(bytes);
    return true;
  }

  close(pipe: number, code: number, reason?: string): void {
    this.#lanes.get(pipe)?.down.end(() => this.#inner.close(pipe, code, reason));
  }

  async stop(): Promise<void> {
    await this.#inner.stop();
  }

  #open(pipe: number, address: string, facts: PipeFacts): void {
    this.#order += 1;
    const lanes = {
      up: new Lane(this.#clock, (bytes) => this.#datagram(pipe, bytes)),
      down: new Lane(this.#clock, (bytes) => this.#inner.send(pipe, bytes)),
      salt: this.#order * 2 + 1,
    };
    lanes.up.set(this.#link, lanes.salt);
    lanes.down.set(this.#link, lanes.salt + 1);
    this.#lanes.set(pipe, lanes);
    this.#opened(pipe, address, facts);
  }

  #end(pipe: number, code: number): void {
    const lanes = this.#lanes.get(pipe);
    if (lanes === undefined) return;
    lanes.down.clear();
    lanes.up.clear();
    this.#lanes.delete(pipe);
    this.#closed(pipe, code);
  }
}

function read(link: LinkSettings | string): LinkSettings {
  return typeof link === 'string' ? parseLink(link) : link;
}

/** sfc32 (Chris Doty-Humphrey, PractRand): 128 bits of state, numbers in [0, 1). */
function generator(seed: number, salt: number): () => number {
  let a = seed | 0;
  let b = salt | 0;
  let c = 0x9e37_79b9 | 0;
  let d = 1;
  const next = (): number => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 4_294_967_296;
  };
  for (let i = 0; i < 12; i += 1) next();
  return next;
}

function zero(): number {
  return 0;
}

/** What is none is for the pipe to refuse, at once. */
function isDatagram({ length }: Uint8Array): boolean {
  return length > 0 && length <= PACKET_BYTES_MAX;
}

function ignore(): void {}
