/**
 * The line between a client and its session, over whatever pipe there is: opens the first one, moves to a better one when it
 * opens, moves back when that one falls silent, and seeks new ones when none is left. The packet layer above sees
 * datagrams come and go and nothing of this.
 *
 * `poll` does all that time asks for and has no timer of its own: whoever plays calls it. With the same pipes, times and
 * chance the same happens.
 */
import { DATAGRAM, ERROR } from '../../protocol/gen/tables.ts';
import { errorOf, FrayError } from '../errors.ts';
import type { Handshake } from '../session/client/handshake.ts';
import type { Known } from '../session/control-codec.ts';
import {
  datagramKind,
  decodeGoodbye,
  encodeGoodbye,
  type JoinReplyFacts,
} from '../session/datagrams.ts';
import type { LinkSettings } from '../transport/link.ts';
import type { ClientPipe, TransportKind } from '../transport/types.ts';
import { Attempt, type AttemptOwner } from './attempt.ts';
import { LinkedPipes } from './linked.ts';
import type { Permit } from './permit.ts';
import { endCode, type Openers } from './pipes.ts';
import { reasonFor, Way } from './way.ts';

export type Intent = 'play' | 'attach';

export interface LineOptions {
  /** Of the WebSocket. */
  readonly url: string;
  /** Allowed ones, best first. */
  readonly kinds: readonly TransportKind[];
  readonly openers: Openers;
  readonly permit: Permit;
  /** Makes the greeting over a pipe of that kind. */
  readonly hello: (kind: TransportKind, intent: Intent, known?: Known) => Handshake;
  readonly nowMs: () => number;
  /** In [0, 1): spreads the tries of many clients. */
  readonly random: () => number;
  /** A simulated link before each pipe. */
  readonly link?: LinkSettings | undefined;
}

/** Whom a line tells. */
export interface LineOwner {
  /** True: it was one of the server's, so the line works. */
  packet(bytes: Uint8Array): boolean;
  status(status: 'open' | 'resuming'): void;
  /** What it knows, for a room that has lost its last moments. */
  known(): Known;
  /** Such a room goes on, and the channel begins anew. */
  anew(reply: JoinReplyFacts, rttMs: number): void;
  /** The end. */
  over(error: FrayError): void;
}

/** What the join brought. */
export interface Joined {
  readonly reply: JoinReplyFacts;
  /** The session was there before: the same player with a fresh channel. */
  readonly known: boolean;
  /** Round trip of the handshake. */
  readonly rttMs: number;
}

export class Line {
  readonly permit: Permit;
  /** ms that a session without a pipe waits for its client, as `joined` says; 0: not at all. */
  resumeMs = 0;
  state: 'joining' | 'open' | 'resuming' | 'over' = 'joining';
  /** How often a gap was survived, and how often the transport changed. */
  resumes = 0;
  switches = 0;
  readonly #options: LineOptions;
  readonly #ways: readonly Way[];
  readonly #links: LinkedPipes;
  readonly #attempts: AttemptOwner;
  readonly #joined: (joined: Joined) => void;
  /** Rejects at the end of the line; for whoever waits for the join. */
  readonly failure: Promise<never>;
  #reject: (error: FrayError) => void = () => undefined;
  #owner: LineOwner | null = null;
  #held: Uint8Array[] = [];
  #error: FrayError | null = null;
  #now: Way | null = null;
  #mayGreet = false;
  #polledMs: number;
  #silentMs = 0;
  #gapMs = 0;
  #replays = 0;
  #wanted: TransportKind | null = null;
  #switching: ((error: FrayError | null) => void)[] = [];
  #reason = '';

  /** Opens at once. `joined` is called once, in the middle of `poll` or of a datagram. */
  constructor(options: LineOptions, joined: (joined: Joined) => void) {
    this.#options = options;
    this.#joined = joined;
    this.failure = new Promise((_resolve, reject) => {
      this.#reject = reject;
    });
    this.failure.catch(() => undefined);
    this.permit = options.permit;
    this.#polledMs = options.nowMs();
    this.#links = new LinkedPipes(options.link, options.nowMs);
    this.#ways = options.kinds.map((kind) => new Way(kind));
    this.#attempts = {
      opened: () => this.poll(options.nowMs()),
      accepted: (attempt) => this.#accepted(attempt),
      failed: (attempt, error, refused) => this.#failed(attempt, error, refused),
      packet: (bytes) => this.#packet(bytes),
    };
    // A token that names servers is tried there first: the session it opens elsewhere would be in the way.
    const udp = this.#ways.find(({ kind }) => kind === 'udp');
    for (const way of this.#ways)
      if (udp && way !== udp && this.permit.fresh) way.dueMs = this.#polledMs + HEAD_START_MS;
    for (const way of this.#ways) if (this.#due(way, this.#polledMs)) this.#try(way);
  }

  /** What carries the packets, or did last. */
  get kind(): TransportKind {
    return this.#now?.kind ?? this.#ways[0]?.kind ?? 'memory';
  }

  /** Why that one. */
  get reason(): string {
    if (this.#now) this.#reason = reasonFor(this.#now, this.#ways, this.#wanted);
    return this.#reason;
  }

  /** There is a pipe to send to. */
  get standing(): boolean {
    return this.#now !== null;
  }

  /** The core is there: what opens now, or is open, greets. */
  greet(): void {
    this.#mayGreet = true;
    this.poll(this.#options.nowMs());
  }

  /** From here on all is told to `owner`, what came before included. */
  listen(owner: LineOwner): void {
    this.#owner = owner;
    for (const bytes of this.#held.splice(0)) this.#packet(bytes);
    if (this.#error) owner.over(this.#error);
  }

  /** Does what is due. Makes no garbage while all is well. */
  poll(nowMs: number): void {
    if (this.state === 'over') return;
    const passedMs = nowMs - this.#polledMs;
    if (passedMs > 0) {
      this.#polledMs = nowMs;
      // A machine that slept counts as a second, not as silence of the server.
      this.#silentMs += passedMs < SILENCE_STEP_MS ? passedMs : SILENCE_STEP_MS;
    }
    for (let i = 0; i < this.#ways.length; i += 1) {
      const way = this.#ways[i] as Way;
      if (way.next !== null) way.next.poll(nowMs);
      if (way.pipe !== null && nowMs >= way.closeMs) way.drop();
    }
    if (this.state === 'joining') this.#join(nowMs);
    else if (this.#now === null || this.#silentMs > MOVE_MS || this.#ways.length > 1)
      this.#keepUp(nowMs);
  }

  send(bytes: Uint8Array): void {
    this.#now?.pipe?.send(bytes);
  }

  /** Moves to another transport and stays there. Rejects when it does not open; the game goes on then. */
  switchTo(kind: TransportKind): Promise<void> {
    const way = this.#ways.find((one) => one.kind === kind);
    if (this.state === 'over' || way === undefined) {
      const state = way === undefined ? 'it is not among those of connect' : 'the game is over';
      return Promise.reject(new FrayError('E_CONFIG', `Cannot switch to ${kind}: ${state}`));
    }
    this.#settleSwitch(new FrayError('E_ABORTED', 'Cannot switch: another one was asked for'));
    this.#wanted = kind;
    if (this.#now === way) return Promise.resolve();
    way.tries = way.dueMs = 0;
    return new Promise((resolve, reject) => {
      this.#switching.push((error) => (error ? reject(error) : resolve()));
      this.poll(this.#options.nowMs());
    });
  }

  /** Puts a simulated link before every pipe, or changes it. */
  setLink(link: LinkSettings): void {
    this.#links.set(link);
    for (const way of this.#ways) {
      const { pipe, next } = way;
      if (pipe) way.pipe = this.#links.before(pipe);
      if (way.pipe && way.pipe !== pipe) this.#stand(way, way.pipe);
      if (next?.pipe && next.pipe === pipe && way.pipe) next.wrap(way.pipe);
      else if (next?.pipe) next.wrap(this.#links.before(next.pipe));
    }
  }

  /** Says goodbye and closes everything; nothing more is told. */
  close(): void {
    this.#owner = null;
    const left = new FrayError('E_LEFT', 'Cannot go on: the game was left');
    this.#end(left, encodeGoodbye(ERROR.E_LEFT));
  }

  /** One pipe greets; the others wait until it is in, or falls behind. */
  #join(nowMs: number): void {
    let greeting: Way | null = null;
    let open: Way | null = null;
    for (const way of this.#ways) {
      if (way.next === null && this.#due(way, nowMs)) this.#try(way);
      if (way.next?.handshake) greeting = way;
      else if (way.next?.pipe && way.next.openedMs < (open?.next?.openedMs ?? Infinity)) open = way;
    }
    if (!open || !this.#mayGreet) return;
    if (greeting?.next) {
      if (greeting.next.rttMs > 0 || nowMs - greeting.next.greetedMs < STALL_MS) return;
      greeting.next.cancel();
      greeting.fail(errorOf(ERROR.E_JOIN_TIMEOUT, 'connect', 'no answer came in time'), Infinity);
    }
    open.next?.greet(this.#options.hello(open.kind, 'play'));
  }

  /** Better ways, others when this one is silent, and all of them when there is none. */
  #keepUp(nowMs: number): void {
    const resuming = this.state === 'resuming';
    if (resuming && nowMs - this.#gapMs >= this.#waitMs()) {
      this.#end(errorOf(ERROR.E_TIMEOUT, 'stay in the game', 'nothing was heard for too long'));
      return;
    }
    if (!resuming && this.#silentMs > SILENCE_MS) this.#gap(nowMs);
    if (this.permit.token === null) return;
    for (let i = 0; i < this.#ways.length; i += 1) {
      const way = this.#ways[i] as Way;
      const { next } = way;
      if (next !== null) {
        if (next.pipe !== null && next.handshake === null)
          next.greet(this.#options.hello(way.kind, 'attach', this.#owner?.known()));
      } else if (this.#wants(way)) {
        if (way.pipe !== null && way !== this.#now) this.#try(way, way.pipe);
        else if (this.#due(way, nowMs)) this.#try(way);
      }
    }
  }

  /** A pipe of that way would help now. */
  #wants(way: Way): boolean {
    const now = this.#now;
    if (this.state === 'resuming' || now === null) return true;
    if (way === now) return false;
    if (this.#silentMs > MOVE_MS) return true;
    return this.#rank(way) > this.#rank(now) && way.tries < BETTER_TRIES;
  }

  #rank(way: Way): number {
    return way.kind === this.#wanted ? Infinity : way.rank;
  }

  /** A new pipe may be opened: UDP takes only a token that nobody has seen. */
  #due(way: Way, nowMs: number): boolean {
    if (nowMs < way.dueMs || (this.state === 'joining' && way.tries > 0)) return false;
    return way.kind !== 'udp' || this.permit.fresh;
  }

  /** It is under way, or its turn will come. */
  #mayJoin(way: Way): boolean {
    return way.next !== null || (way.tries === 0 && this.#due(way, Infinity));
  }

  #try(way: Way, standing?: ClientPipe): void {
    const { openers, url, nowMs } = this.#options;
    const attempt = new Attempt(way.kind, this.#attempts, nowMs);
    way.next = attempt;
    if (standing) {
      attempt.take(standing);
      return;
    }
    const opener = openers[way.kind];
    if (!opener) return;
    const { token } = this.permit;
    if (way.kind === 'udp') this.permit.spend();
    const timeoutMs = this.state === 'joining' ? JOIN_OPEN_MS : OPEN_MS;
    attempt.open(async (signal) =>
      this.#links.before(await opener({ url, token }, { timeoutMs, signal })),
    );
  }

  #accepted(attempt: Attempt): void {
    const way = this.#wayOf(attempt);
    const { handshake, pipe } = attempt;
    if (!way || !pipe || !handshake) return;
    const [before, { state }] = [this.#now, this];
    const nowMs = this.#options.nowMs();
    way.stand(pipe);
    this.#stand(way, pipe);
    this.#now = way;
    this.#replays = 0;
    if (before && before !== way) {
      this.switches += 1;
      if (this.#silentMs > MOVE_MS) {
        before.trouble = 'fell silent';
        before.dueMs = nowMs + BETTER_WAIT_MS;
        before.drop();
      } else if (before.pipe) before.closeMs = nowMs + PROBATION_MS;
    }
    this.#silentMs = 0;
    this.#giveUpWorse(way);
    if (way.kind === this.#wanted) this.#settleSwitch(null);
    this.state = 'open';
    if (state === 'joining' && handshake.reply) {
      const { reply, attached: known } = handshake;
      this.resumeMs = reply.resumeMs;
      this.#joined({ reply, known, rttMs: attempt.rttMs });
      return;
    }
    if (handshake.reply) this.#owner?.anew(handshake.reply, attempt.rttMs);
    if (state === 'resuming') this.#resumed();
  }

  #failed(attempt: Attempt, error: FrayError, refused: boolean): void {
    const way = this.#wayOf(attempt);
    if (!way) return;
    const nowMs = this.#options.nowMs();
    const stood = attempt.pipe !== null && attempt.pipe === way.pipe;
    if (stood) way.drop();
    else attempt.pipe?.close(0);
    if (stood && this.#now === way) this.#now = null;
    way.fail(error, nowMs + this.#backoff(way.tries));
    if (way.kind === this.#wanted && this.state === 'open') {
      this.#wanted = null;
      this.#settleSwitch(error);
    }
    if (refused && error.code === 'E_ATTACH_REPLAY' && this.#replays < REPLAYS_MAX) {
      // A page that lost its memory counts anew, from where none has been.
      this.#replays += 1;
      this.permit.skip();
      way.tries = 0;
      way.dueMs = nowMs;
    } else if (refused && this.state === 'joining') this.#end(error);
    else if (refused && this.state === 'resuming' && FINAL.has(error.code)) this.#end(error);
    else if (this.state === 'joining' && !this.#ways.some((one) => this.#mayJoin(one)))
      this.#end(this.#ways[this.#ways.length - 1]?.error ?? error);
    this.poll(nowMs);
  }

  /** A way stands: what comes by it is the session's. */
  #stand(way: Way, pipe: ClientPipe): void {
    pipe.onDatagram((bytes) => this.#datagram(way, bytes));
    pipe.onClose((code) => {
      if (way.pipe === pipe) this.#lost(way, code);
    });
  }

  #datagram(way: Way, bytes: Uint8Array): void {
    const kind = datagramKind(bytes);
    if (kind === DATAGRAM.packet) this.#packet(bytes);
    else if (kind === DATAGRAM.goodbye && way === this.#now) {
      const goodbye = decodeGoodbye(bytes);
      if (goodbye) this.#end(errorOf(goodbye.code, 'stay in the game', goodbye.text));
    }
  }

  #packet(bytes: Uint8Array): void {
    if (this.state === 'over') return;
    if (this.#owner === null) {
      if (this.#held.length < HELD_MAX) this.#held.push(bytes.slice());
    } else if (this.#owner.packet(bytes)) {
      this.#silentMs = 0;
      if (this.state === 'resuming' && this.#now) this.#resumed();
    }
  }

  #lost(way: Way, code: number): void {
    way.pipe = null;
    if (way !== this.#now || this.state === 'over') return;
    const ended = endCode(code);
    if (ended !== 0 && ended !== ERROR.E_TIMEOUT) {
      this.#end(errorOf(ended, 'stay in the game'));
      return;
    }
    this.#now = null;
    way.trouble = 'was lost';
    const nowMs = this.#options.nowMs();
    const waits = this.permit.token !== null && this.resumeMs > 0;
    if (!waits) this.#end(errorOf(ERROR.E_CLOSED, 'stay in the game', 'the connection was lost'));
    else if (this.state === 'open' && !this.#ways.some(({ pipe }) => pipe)) this.#gap(nowMs);
    this.poll(nowMs);
  }

  #gap(nowMs: number): void {
    this.state = 'resuming';
    this.#gapMs = nowMs - this.#silentMs;
    for (const way of this.#ways) {
      way.tries = 0;
      way.dueMs = nowMs + this.#options.random() * BACKOFF_MS;
    }
    this.#owner?.status('resuming');
  }

  #resumed(): void {
    this.state = 'open';
    this.resumes += 1;
    if (this.#now) this.#giveUpWorse(this.#now);
    this.#owner?.status('open');
  }

  /** Who is not waited for, or has nothing to come back with, hopes for the old pipe to come to life. */
  #waitMs(): number {
    return this.permit.token === null || this.resumeMs === 0 ? DEAF_MS : this.resumeMs;
  }

  /** Nothing that is not better is needed now. */
  #giveUpWorse(than: Way): void {
    for (const way of this.#ways) if (this.#rank(way) <= this.#rank(than)) way.giveUp();
  }

  #backoff(tries: number): number {
    if (this.state === 'open') return BETTER_WAIT_MS * 4 ** tries;
    const waitMs = Math.min(BACKOFF_MS * 2 ** tries, BACKOFF_MS_MAX);
    return waitMs * (0.5 + this.#options.random() / 2);
  }

  #wayOf(attempt: Attempt): Way | undefined {
    return this.#ways.find((way) => way.next === attempt);
  }

  #settleSwitch(error: FrayError | null): void {
    for (const settle of this.#switching.splice(0)) settle(error);
  }

  #end(error: FrayError, last?: Uint8Array): void {
    if (this.state === 'over') return;
    this.state = 'over';
    this.#error = error;
    void this.reason;
    for (const way of this.#ways) way.end(last);
    this.#settleSwitch(error);
    this.#reject(error);
    this.#owner?.over(error);
  }
}

/** ms without a packet, while this machine was awake, after which the line is taken for dead. */
const SILENCE_MS = 1800;
/** The same where another pipe stands, or can be opened while this one is still hoped for. */
const MOVE_MS = 700;
const SILENCE_STEP_MS = 1000;
/** ms of silence that end a game which cannot resume. */
const DEAF_MS = 10_000;
/** ms between two tries to come back: doubles up to the most, less up to a half by chance. */
const BACKOFF_MS = 100;
const BACKOFF_MS_MAX = 2000;
/** ms to open a pipe; shorter while a game waits, since a new try may meet a network that works again. */
const JOIN_OPEN_MS = 10_000;
const OPEN_MS = 4000;
/** ms that UDP gets before the others. */
const HEAD_START_MS = 300;
/** ms after which a pipe that opened and does not answer makes way for another. */
const STALL_MS = 2000;
/** Tries for a better transport while one works, and ms before the second; then 4 times as long each. */
const BETTER_TRIES = 4;
const BETTER_WAIT_MS = 2000;
/** ms that the former pipe stands beside a new one. */
const PROBATION_MS = 5000;
const REPLAYS_MAX = 8;
/** Datagrams kept for the turn after `connect`. */
const HELD_MAX = 64;
/** Refusals of an attach after which no other helps. */
const FINAL: ReadonlySet<string> = new Set([
  'E_SESSION_OVER',
  'E_REPLACED',
  'E_KICKED',
  'E_LEFT',
  'E_TOKEN_INVALID',
  'E_TOKEN_EXPIRED',
  'E_TOKEN_REQUIRED',
  'E_VERSION',
  'E_SCHEMA_MISMATCH',
]);
