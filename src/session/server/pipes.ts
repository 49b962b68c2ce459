/** Open pipes: each a place in a table of fixed size, whether it has a session or not. */
import { ERROR } from '../../../protocol/gen/tables.ts';
import type { ErrorCode } from '../../errors.ts';
import type { OpenedToken } from '../token.ts';
import { SessionRates } from './limits.ts';
import { Speaker } from './outbox.ts';
import type { Session } from './sessions.ts';

/** Header fields of the HTTP request that asked for a pipe. */
export type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** What a transport knows of a pipe. */
export interface PipeFacts {
  readonly headers: Headers | null;
  /** A connect token that the pipe's own handshake has proven (netcode). */
  readonly permit: OpenedToken | null;
}

/** `open`: without a session yet. `ending`: nothing that comes from it matters any more. */
export const PIPE = { free: 0, open: 1, attached: 2, ending: 3 } as const;

export class Pipe extends Speaker {
  readonly index: number;
  state: number = PIPE.free;
  /** As the transport names it; -1: gone. */
  number = -1;
  address = '';
  headers: Headers | null = null;
  permit: OpenedToken | null = null;
  session: Session | null = null;
  /** The session was there before this pipe came. */
  late = false;
  /** Its client is told that its room has lost its last moments. */
  anew = false;
  /** Its join was taken for a channel that begins anew. */
  renewed = false;
  /** Its client has lost its state, or its room: the channel begins anew when its join comes. */
  fresh = false;
  /** Awake time at which it is closed, as another carries the session now. */
  lingersUntilUs = Infinity;
  openedUs = 0;
  malformed = 0;
  /** When a datagram was last over the rate, and since when it goes on. */
  overUs = -Infinity;
  overSinceUs = 0;
  code: ErrorCode = ERROR.E_OK;
  text = '';

  constructor(index: number) {
    super();
    this.index = index;
  }

  clear(): void {
    this.state = PIPE.free;
    this.address = this.text = '';
    this.headers = this.permit = this.session = null;
    this.late = this.fresh = this.anew = this.renewed = false;
    this.lingersUntilUs = Infinity;
    this.malformed = 0;
    this.overUs = -Infinity;
  }
}

export class Pipes {
  /** Awake time of the last datagram, by index. */
  readonly heardUs: Float64Array;
  /** Of what comes before there is a session. */
  readonly rates: SessionRates;
  readonly #capacity: number;
  readonly #all: Pipe[] = [];
  readonly #free: Pipe[] = [];
  readonly #byNumber = new Map<number, Pipe>();

  constructor(capacity: number, packetsPerSecond: number, bytesPerSecond: number) {
    this.#capacity = capacity;
    this.heardUs = new Float64Array(capacity);
    this.rates = new SessionRates(capacity, packetsPerSecond, bytesPerSecond);
  }

  get open(): number {
    return this.#byNumber.size;
  }

  /** Places in use, with those whose pipe has gone and that still have something to say. */
  get held(): number {
    return this.#all.length - this.#free.length;
  }

  get(number: number): Pipe | undefined {
    return this.#byNumber.get(number);
  }

  /** undefined: all places are in use. */
  add(number: number, at: { address: string; awakeUs: number; nowUs: number }): Pipe | undefined {
    const pipe = this.#free.pop() ?? this.#grow();
    if (pipe === undefined) return undefined;
    pipe.state = PIPE.open;
    pipe.number = number;
    pipe.address = at.address;
    pipe.openedUs = at.awakeUs;
    this.heardUs[pipe.index] = at.awakeUs;
    this.rates.reset(pipe.index, at.nowUs);
    this.#byNumber.set(number, pipe);
    return pipe;
  }

  /** The transport has it no more, or is about to be told so. */
  gone(pipe: Pipe): void {
    this.#byNumber.delete(pipe.number);
    pipe.number = -1;
  }

  free(pipe: Pipe): void {
    pipe.clear();
    this.#free.push(pipe);
  }

  [Symbol.iterator](): Iterator<Pipe> {
    return this.#all.values();
  }

  #grow(): Pipe | undefined {
    if (this.#all.length >= this.#capacity) return undefined;
    const pipe = new Pipe(this.#all.length);
    this.#all.push(pipe);
    return pipe;
  }
}
