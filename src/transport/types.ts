/**
 * The border of every transport: datagrams of at most `PACKET_BYTES_MAX` bytes and the address of a peer. A transport
 * knows nothing of our protocol, of sessions or of players, so UDP, WebRTC, WebTransport and WebSocket fit behind the
 * same two interfaces. Nothing is promised about order or loss; what a kind promises stands in its own file.
 *
 * WebTransport is not there yet. It fits so: a session of it is a pipe, its request gives the facts and is where origin and
 * limits are asked, its datagrams carry ours as they are. Where a path loses too much it may put datagrams on one stream of
 * its own instead, each behind a u16 of its length: those that hold reliable messages (SPEC 4, the first bit of the stream),
 * or all, as a WebSocket does. Which way a datagram took nobody above has to know, since the packet layer expects neither
 * order nor arrival, and drops what comes twice.
 */

export type TransportKind = 'memory' | 'websocket' | 'udp' | 'webrtc';

/** What is known of a pipe when it opens, beside the peer's address. Whoever keeps it drops it after the hello. */
export interface PipeFacts {
  /** Header fields of the HTTP request that asked for the pipe; null where there was none. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>> | null;
  /** What the pipe's own handshake has proven: an opened connect token behind netcode. Others: null. */
  readonly permit: unknown;
}

/** Nothing is known. */
export const NO_FACTS: PipeFacts = { headers: null, permit: null };

/** Where pipes are told of: see `ServerTransport.onOpen`. */
export type OpenListener = (pipe: number, address: string, facts: PipeFacts) => void;

/**
 * Why a pipe closed. 0..999 are the caller's own codes and travel as they are (our error codes, 0 = no reason);
 * 1000 and above are the transport's own, with the meanings of RFC 6455 section 7.4.1.
 */
export const CLOSE = {
  /** Closed by wish of one end, without a code. */
  normal: 0,
  /** The server goes away. */
  away: 1001,
  /** The peer sent what the transport does not carry (a text frame, a broken frame). */
  unsupported: 1003,
  /** The peer vanished, or never came to be. */
  lost: 1006,
  /** The peer sent a datagram longer than the limit. */
  oversize: 1009,
  /** Nothing was heard for too long, not even an answer to a ping. */
  silent: 1013,
} as const;

/** The end of a client. All listeners are single: a second `on...` replaces the first. */
export interface ClientPipe {
  readonly kind: TransportKind;
  /** Bytes accepted by `send` that have not left this machine's user space yet. */
  readonly bufferedBytes: number;
  /** Datagrams that `send` threw away because the pipe was behind, closed, or the datagram too long. */
  readonly dropped: number;
  /** Sends one datagram of 1..PACKET_BYTES_MAX bytes, or drops it. The bytes are copied. Never throws. */
  send(bytes: Uint8Array): void;
  /**
   * Closes this end; what was sent before still goes out where it can. `code` as in CLOSE. `last`: one more datagram, by
   * whatever way of this kind gets it out best, also from a page that is left. Repeats do nothing.
   */
  close(code: number, last?: Uint8Array): void;
  /** `bytes` are valid only during the call. */
  onDatagram(fn: (bytes: Uint8Array) => void): void;
  /** Called once, also after an own `close`, and also when set only after the close. `code` as in CLOSE. */
  onClose(fn: (code: number) => void): void;
}

/** The one close of a client pipe, told once, whether the listener or the close comes first. */
export class Ending {
  #code = -1;
  #fn: ((code: number) => void) | null = null;
  #told = false;

  get code(): number {
    return this.#code;
  }

  /** The first one counts. */
  happen(code: number): void {
    if (this.#code < 0) this.#code = code;
    this.#tell();
  }

  listen(fn: (code: number) => void): void {
    this.#fn = fn;
    this.#tell();
  }

  /** In a later microtask, so that nobody is called from inside an own call. */
  #tell(): void {
    if (this.#told || this.#fn === null || this.#code < 0) return;
    this.#told = true;
    queueMicrotask(() => this.#fn?.(this.#code));
  }
}

/** The one listener of a client pipe. Datagrams that come before it are kept for it: at most 64, about two seconds. */
export class Hearing {
  #fn: ((bytes: Uint8Array) => void) | null = null;
  #early: Uint8Array[] = [];

  hear(bytes: Uint8Array): void {
    if (this.#fn !== null) this.#fn(bytes);
    else if (this.#early.length < EARLY_MAX) this.#early.push(bytes.slice());
  }

  listen(fn: (bytes: Uint8Array) => void): void {
    const early = this.#early;
    this.#early = [];
    this.#fn = fn;
    for (const bytes of early) fn(bytes);
  }
}

const EARLY_MAX = 64;

/**
 * The end of a server: many pipes, each a number. A number is index (low 16 bits), generation (12 bits above it) and the
 * place of its transport among those of the server (3 bits), so it stays a small integer of V8, does not come back soon, and
 * tells whose it is (`transportOf`). All listeners are single.
 */
export interface ServerTransport {
  readonly kind: TransportKind;
  /** Its place among the transports of the server, 0..7; in the number of each of its pipes. */
  readonly index: number;
  /** Open pipes. */
  readonly pipes: number;
  readonly counters: TransportCounters;
  onOpen(fn: OpenListener): void;
  /** `bytes` are valid only during the call. */
  onDatagram(fn: (pipe: number, bytes: Uint8Array) => void): void;
  /** Called once for each `onOpen`, also after an own `close`. */
  onClose(fn: (pipe: number, code: number) => void): void;
  /**
   * Sends one datagram; the bytes are copied. False: dropped and counted, because the pipe is gone, its reader is slow,
   * or the datagram is empty or too long. Never throws.
   */
  send(pipe: number, bytes: Uint8Array): boolean;
  /** Closes a pipe; what was sent before still goes out where it can. Unknown pipes are ignored. */
  close(pipe: number, code: number, reason?: string): void;
  /** Closes everything; resolves when all pipes are gone. */
  stop(): Promise<void>;
}

/**
 * One that can carry packets of a pipe past the I/O thread, straight between its peer and a room's mailboxes. Nothing is carried until it
 * is asked for, and nothing of a pipe that is closing. What it carries is in its counters, and is told by `onCarried`.
 */
export interface CarryingTransport extends ServerTransport {
  /** What the pipe brings for rooms goes to the worker, in the name of the session (not 0). The rest is heard as before. */
  carryIn(pipe: number, session: number, worker: number): void;
  /** What rooms make for the session leaves by the pipe. Answers which of its threads reads it, from 1 on; 0: it cannot be. */
  carryOut(pipe: number, session: number): number;
  /** Neither, from here on. Packets that are under way in it still arrive. */
  uncarry(pipe: number): void;
  /** Told some ten times a second: packets carried in, and those that were over the rate of a session. */
  onCarried(fn: (pipe: number, packets: number, refused: number) => void): void;
  /** What became of packets at mailboxes since it was asked last: names as in the room directory's counters. */
  roomsSince(): {
    readonly inboxFull: number;
    readonly replaced: number;
    readonly packetsGone: number;
  };
}

export function canCarry(transport: ServerTransport | undefined): transport is CarryingTransport {
  return transport !== undefined && 'carryIn' in transport;
}

/** All rise only, but `pipes`, which is beside them in the transport. */
export interface TransportCounters {
  opened: number;
  closed: number;
  datagramsIn: number;
  bytesIn: number;
  datagramsOut: number;
  bytesOut: number;
  /** Datagrams out that a slow reader did not get. */
  droppedSlow: number;
  /** Datagrams out to pipes that are gone, or of a length that cannot be sent. */
  droppedOut: number;
  /** Pipes closed because the peer broke the framing: text, oversize, broken frames, too many control frames. */
  violations: number;
  /** Pipes closed because nothing was heard. */
  silent: number;
  refusedOrigin: number;
  refusedAddress: number;
  refusedFull: number;
}

export function transportCounters(): TransportCounters {
  return {
    opened: 0,
    closed: 0,
    datagramsIn: 0,
    bytesIn: 0,
    datagramsOut: 0,
    bytesOut: 0,
    droppedSlow: 0,
    droppedOut: 0,
    violations: 0,
    silent: 0,
    refusedOrigin: 0,
    refusedAddress: 0,
    refusedFull: 0,
  };
}

/** Index bits of a pipe number; also the most pipes of one transport. */
export const PIPE_INDEX_BITS = 16;
const PIPE_GENERATIONS = 1 << 12;
const TRANSPORT_SHIFT = 28;
/** Transports of one server at most: 3 bits of a pipe number. */
export const TRANSPORTS_MAX = 8;

/** Index of the transport that a pipe belongs to. */
export function transportOf(pipe: number): number {
  return pipe >>> TRANSPORT_SHIFT;
}

/**
 * Numbers pipes: a free index is taken again (oldest first), each time with a new generation, so that a late `send` or
 * `close` for a pipe that has gone never hits the next one. O(1).
 */
export class PipeNumbers<T> {
  readonly capacity: number;
  readonly transport: number;
  #held: (T | undefined)[] = [];
  #generations: number[] = [];
  #free: number[] = [];
  #freeHead = 0;
  #count = 0;

  /** `transport`: index of the transport whose pipes these are, 0..7. */
  constructor(capacity: number, transport = 0) {
    if (transport < 0 || transport >= TRANSPORTS_MAX)
      throw new RangeError(`Cannot number pipes: ${transport} is no index of a transport`);
    this.transport = transport;
    this.capacity = Math.min(Math.max(1, capacity), 1 << PIPE_INDEX_BITS);
  }

  get count(): number {
    return this.#count;
  }

  /** The number under which `one` is held, or -1: full. */
  add(one: T): number {
    if (this.#count >= this.capacity) return -1;
    const index = this.#held.length < this.capacity ? this.#held.length : this.#takeFree();
    const generation = ((this.#generations[index] ?? 0) + 1) % PIPE_GENERATIONS;
    this.#generations[index] = generation;
    this.#held[index] = one;
    this.#count += 1;
    return (this.transport << TRANSPORT_SHIFT) | (generation << PIPE_INDEX_BITS) | index;
  }

  get(pipe: number): T | undefined {
    const index = pipe & 0xffff;
    const rest = (this.transport * PIPE_GENERATIONS) | (this.#generations[index] ?? -1);
    return rest === pipe >>> PIPE_INDEX_BITS ? this.#held[index] : undefined;
  }

  remove(pipe: number): T | undefined {
    const one = this.get(pipe);
    if (one === undefined) return undefined;
    const index = pipe & 0xffff;
    this.#held[index] = undefined;
    this.#free.push(index);
    this.#count -= 1;
    return one;
  }

  *values(): Generator<T> {
    for (const one of this.#held) if (one !== undefined) yield one;
  }

  #takeFree(): number {
    const index = this.#free[this.#freeHead] ?? 0;
    this.#freeHead += 1;
    if (this.#freeHead >= 1024) {
      this.#free = this.#free.slice(this.#freeHead);
      this.#freeHead = 0;
    }
    return index;
  }
}
