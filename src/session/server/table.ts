/**
 * The session table of one I/O thread: from an open pipe by `hello` and `join` to a place in a room, through pipes that come and
 * go, and out again. Pure: time comes as a parameter (`nowUs`, never going back), chance as `random`, and what is to be done
 * goes out by `poll`. It knows no socket and no room.
 *
 *     pipe     open ─hello─▶ attached ─▶ ending            a session has 0 to 2 of them: the newest carries what is sent,
 *     session  (authorising ▶) accepted ─join─▶ joining ─joined─▶ joined ─▶ ending        the one before is still heard
 *
 * Books (books.ts) hold both; the door (door.ts) lets in, presence.ts knows who is away, timers.ts what time does to them.
 *
 * Cost: `handle` of a packet is O(1) and allocates nothing; a hello with a token costs some 20 us, at most
 * `hellosPerSecond` times a second.
 */
import { DATAGRAM, ERROR, errorText, PACKET_BYTES_MAX } from '../../../protocol/gen/tables.ts';
import type { ErrorCode } from '../../errors.ts';
import { readJoinReply } from '../control-codec.ts';
import type { JoinFacts } from '../datagrams.ts';
import {
  datagramKind,
  decodeGoodbye,
  decodeJoin,
  encodeAccept,
  encodeGoodbye,
  encodeJoined,
} from '../datagrams.ts';
import type { IssuedToken } from '../token.ts';
import { Books } from './books.ts';
import { Door } from './door.ts';
import type { KeptSession } from './kept.ts';
import { keptOf, restoreSession } from './kept.ts';
import type { SessionListing, TableFacts } from './listing.ts';
import { awayIn, factsOf, listSessions } from './listing.ts';
import type { SessionOptions } from './options.ts';
import { DEFAULTS, SLOTS_MAX } from './options.ts';
import { ACTION, KINDS } from './outbox.ts';
import type {
  AuthResult,
  Refusals,
  SessionCounters,
  SessionId,
  SessionOutput,
  Verdict,
} from './output.ts';
import { sessionOutput, VERDICT } from './output.ts';
import type { PipeFacts } from './pipes.ts';
import { PIPE, Pipe } from './pipes.ts';
import { Presence } from './presence.ts';
import { PRESENCE, type Session, STATE } from './sessions.ts';
import { Timers } from './timers.ts';
import type { TokenDesk } from './tokens.ts';

export type { KeptSession } from './kept.ts';
export type { SessionOptions } from './options.ts';
export type {
  AuthRequest,
  AuthResult,
  JoinOrder,
  SessionCounters,
  SessionId,
  SessionOutput,
  Verdict,
} from './output.ts';
export { sessionOutput, VERDICT } from './output.ts';
export type { UsedToken } from './used-tokens.ts';

export class SessionTable {
  /** Whose packet it was, after `handle` answered `VERDICT.packet`. */
  sessionId: SessionId = 0 as SessionId;
  readonly #books: Books;
  readonly #presence: Presence;
  readonly #door: Door;
  readonly #timers: Timers;
  /** Pipes refused at `open`: they have no place. */
  readonly #unseated: number[] = [];

  /** Throws `E_CONFIG` for an address that is none; numbers out of range are the caller's (`src/config.ts` checks them). */
  constructor(options: SessionOptions) {
    const sessionsMax = Math.min(options.sessionsMax ?? DEFAULTS.sessionsMax, SLOTS_MAX);
    this.#books = new Books({ ...DEFAULTS, ...options, sessionsMax });
    this.#presence = new Presence(this.#books);
    this.#door = new Door(this.#books, this.#presence);
    this.#timers = new Timers(this.#books, this.#presence);
  }

  get counters(): SessionCounters {
    return this.#books.counters;
  }

  /** Pipes and sessions refused or ended, by code. */
  get refused(): Refusals {
    return this.#books.refused;
  }

  /** Used tokens, to share with a transport that proves tokens itself, and with whoever keeps them over a restart. */
  get tokens(): Pick<TokenDesk, 'has' | 'claim' | 'used'> {
    return this.#books.tokens;
  }

  /** True: no session opens any more (E_SHUTDOWN); those that are live may still change pipes. */
  get draining(): boolean {
    return this.#books.draining;
  }

  set draining(draining: boolean) {
    this.#books.draining = draining;
  }

  /** Players from whom nothing is heard now, and whose place is kept. O(sessions). */
  get away(): number {
    return awayIn(this.#books);
  }

  /** Who is here, for an operator. O(sessions). */
  list(): SessionListing[] {
    return listSessions(this.#books);
  }

  /** How long a session waits for its client, which is told so in `joined`. */
  get resumeMs(): number {
    return this.#books.settings.resumeMs;
  }

  /** There is something to poll. */
  get busy(): boolean {
    return this.#books.outbox.length > 0 || this.#unseated.length > 0;
  }

  /** What it holds now. `held`: places in use, those of gone pipes and over sessions with something left to say included. */
  get facts(): TableFacts {
    return factsOf(this.#books);
  }

  /** New keys of connect tokens; sessions that are open stay. */
  setTokenKeys(keys: readonly Uint8Array[]): void {
    this.#books.tokens.setKeys(keys);
  }

  /** A connect token for a guest of that address, short-lived, or why not (E_RATE is counted by the limit). */
  guestToken(address: string, nowUs: number): IssuedToken | ErrorCode {
    return this.#door.guestToken(address, nowUs);
  }

  /** A pipe has opened. Where there is no room for it, `poll` hands out its close. */
  open(number: number, address: string, nowUs: number, facts: PipeFacts = NO_FACTS): void {
    const { pipes, refused, counters } = this.#books;
    if (pipes.get(number) !== undefined) return;
    if (this.#books.openPipe(number, { address, facts, nowUs })) return;
    refused.E_SESSIONS_LIMIT += 1;
    if (this.#unseated.length < UNSEATED_MAX) this.#unseated.push(number);
    else counters.closesForgotten += 1;
  }

  /** Takes any bytes; never throws. */
  handle(number: number, bytes: Uint8Array, nowUs: number): Verdict {
    const { pipes, sessions, counters, awake } = this.#books;
    const pipe = pipes.get(number);
    if (pipe === undefined) {
      counters.dropUnknown += 1;
      return VERDICT.dropped;
    }
    const { session } = pipe;
    const awakeUs = awake.at(nowUs);
    pipes.heardUs[pipe.index] = awakeUs;
    if (session !== null) sessions.heardUs[session.index] = awakeUs;
    const passes =
      session === null
        ? pipes.rates.take(pipe.index, bytes.length, nowUs)
        : sessions.rates.take(session.index, bytes.length, nowUs);
    if (!passes) return this.#overRate(pipe, nowUs);
    if (bytes.length > PACKET_BYTES_MAX) {
      counters.dropOversize += 1;
      return VERDICT.dropped;
    }
    const kind = datagramKind(bytes);
    if (kind === DATAGRAM.packet) {
      if (session?.state !== STATE.joined) return this.#dropState();
      // Who sends packets where it has joined anew, and that was answered, has heard of it; before, they are of the room as it was.
      if (session.anew && (!pipe.renewed || this.#presence.renews(session)))
        return this.#dropState();
      session.anew = false;
      if (session.presence === PRESENCE.away) this.#presence.back(session);
      counters.packets += 1;
      this.sessionId = session.id;
      return VERDICT.packet;
    }
    if (pipe.state === PIPE.ending) return this.#dropState();
    if (kind === DATAGRAM.hello)
      return this.#door.hello(pipe, bytes, nowUs) ?? this.#malformed(pipe);
    if (kind === DATAGRAM.join) return this.#join(pipe, bytes);
    return kind === DATAGRAM.goodbye ? this.#goodbye(pipe, bytes) : this.#malformed(pipe);
  }

  /** What a transport took past this table since it said so last: packets for the room, and how many were over the rate. */
  carried(number: number, did: { packets: number; refused: number }, nowUs: number): void {
    const { pipes, sessions, counters, awake } = this.#books;
    const pipe = pipes.get(number);
    const session = pipe?.session ?? null;
    counters.packets += did.packets;
    if (pipe === undefined || session === null) return;
    pipes.heardUs[pipe.index] = sessions.heardUs[session.index] = awake.at(nowUs);
    if (session.presence === PRESENCE.away) this.#presence.back(session);
    counters.dropRate += Math.max(0, did.refused - 1);
    if (did.refused > 0) this.#overRate(pipe, nowUs);
  }

  /**
   * A pipe has closed. Its session waits for the client to come back; where `code` says that the peer broke the rules, where
   * nobody is waited for, or where the client has nothing to come back with, it is over, and the room is told `code`. E_OK: the
   * client is known to have left for good, as if it had said goodbye.
   */
  closed(number: number, _nowUs: number, code: ErrorCode = ERROR.E_LEFT): void {
    const pipe = this.#books.pipes.get(number);
    if (pipe === undefined) return;
    const { session } = pipe;
    this.#books.detach(pipe);
    this.#books.pipes.gone(pipe);
    pipe.state = PIPE.ending;
    pipe.actions = 0;
    if (session !== null && session.newest === null && !this.#waitsFor(session, code)) {
      this.#books.leave(session, code === ERROR.E_OK ? ERROR.E_LEFT : code, true);
      this.#books.letGo(session);
    }
    this.#books.letGo(pipe);
  }

  /** Ends what has been silent for too long, and more: see timers.ts. Call some ten times a second; O(pipes + sessions). */
  tick(nowUs: number): void {
    this.#timers.tick(nowUs);
  }

  /** Hands out the next thing to do; false: nothing. Call until false after every event. */
  poll(out: SessionOutput): boolean {
    const spent = this.#books.tokens.takeSpent();
    if (spent !== undefined) {
      Object.assign(out, BLANK, { kind: 'spend', ...spent });
      return true;
    }
    const number = this.#unseated.shift();
    if (number !== undefined) {
      const code = ERROR.E_SESSIONS_LIMIT;
      Object.assign(out, BLANK, { kind: 'close', pipe: number, code, text: errorText(code) });
      return true;
    }
    for (let next = this.#books.outbox.take(); next; next = this.#books.outbox.take()) {
      const { speaker, action } = next;
      const stands = (speaker.actions & action) !== 0;
      if (stands) {
        speaker.actions &= ~action;
        if (speaker instanceof Pipe) this.#emitPipe(speaker, action, out);
        else this.#emitSession(speaker, action, out);
      }
      this.#books.letGo(speaker);
      if (stands) return true;
    }
    return false;
  }

  /** The login of the game has answered `auth`. False: nobody waits for it any more. Not after its `cancel`: see `loginEnded`. */
  authorised(sessionId: number, result: AuthResult, nowUs: number): boolean {
    const session = this.#books.sessions.find(sessionId);
    if (session === undefined || !this.#door.authorised(session, result, nowUs)) return false;
    if (session.state === STATE.accepted && session.early !== null)
      this.#order(session, session.early);
    return true;
  }

  /** A login has ended that was cancelled before: it is none of `authsMax` any more. Once for each `cancel`, with its `address`. */
  loginEnded(address: string): void {
    this.#books.logins.leave(address);
  }

  /** The packet protocol of a session's client, which `joined` tells it back; 0 for none. */
  versionOf(sessionId: number): number {
    return this.#books.sessions.find(sessionId)?.version ?? 0;
  }

  /** The room has a place; `reply` is the protobuf body of `joined` (`encodeJoinReply`). False: the session is over already. */
  joined(sessionId: number, reply: Uint8Array): boolean {
    const session = this.#books.sessions.find(sessionId);
    if (session === undefined || session.state !== STATE.joining) return false;
    session.state = STATE.joined;
    session.reply = encodeJoined(reply);
    this.#books.hears(session);
    this.#books.joined += 1;
    this.#books.counters.joined += 1;
    if (session.newest !== null) this.#books.outbox.act(session.newest, ACTION.joined);
    this.#books.outbox.act(session, ACTION.keep);
    return true;
  }

  /** One of a process before this one waits for its client. False: there is no place for it. Before any pipe opens. */
  restore(kept: KeptSession, nowUs: number): boolean {
    return restoreSession(this.#books, kept, nowUs);
  }

  /** The room has answered `resume`; `reply` as of `joined` where it was a fresh one, else null. False: nobody waits for it. */
  resumed(sessionId: number, reply: Uint8Array | null): boolean {
    const session = this.#books.sessions.find(sessionId);
    return session !== undefined && this.#presence.resumed(session, reply);
  }

  /** The game waits for an absent player for `ms` since the drop, and no longer. Never lengthens. */
  shorten(sessionId: number, ms: number): void {
    const session = this.#books.sessions.find(sessionId);
    if (session !== undefined) this.#presence.shorten(session, ms);
  }

  /** What `spend` handed out could not be remembered: whoever came in with that token goes, and nobody comes in with it. */
  unspent(mac: string): void {
    const { sessions, tokens } = this.#books;
    tokens.used.spoil(mac);
    const name = tokens.used.sessionOf(mac);
    const session = name === undefined ? undefined : sessions.ofToken(name);
    if (session !== undefined) this.#books.end(session, ERROR.E_UNKNOWN, NOT_KEPT);
  }

  /** What `tell` handed out could not be told, or was lost on its way: another one is, at a later tick. */
  untold(sessionId: number): void {
    const session = this.#books.sessions.find(sessionId);
    if (session === undefined) return;
    this.#books.counters.untold += 1;
    session.tellDueUs = -Infinity;
  }

  /** The room has no place, or has ended the session: a coded goodbye. The room is not told again. */
  refuse(sessionId: number, code: ErrorCode, text = errorText(code)): void {
    const session = this.#books.sessions.find(sessionId);
    if (session !== undefined) this.#books.end(session, code, text, false);
  }

  /** The operator ends a session; its room is told. */
  end(sessionId: number, code: ErrorCode, text = errorText(code)): void {
    const session = this.#books.sessions.find(sessionId);
    if (session !== undefined) this.#books.end(session, code, text);
  }

  /** Ends every session and handshake; rooms are told. */
  endAll(code: ErrorCode, text = errorText(code)): void {
    for (const session of this.#books.sessions)
      if (session.state > STATE.free) this.#books.end(session, code, text);
    for (const pipe of this.#books.pipes)
      if (pipe.state === PIPE.open) this.#books.turnAway(pipe, code, text);
  }

  /** Pipe that outgoing packets of a session take, or -1: it has no place in a room, is away, or is over. O(1). */
  packet(sessionId: number): number {
    const session = this.#books.sessions.find(sessionId);
    return session?.state === STATE.joined ? (session.newest?.number ?? -1) : -1;
  }

  /** Whether one more pipe of this address (IPv6: of its /56) has a place, for a transport that asks before it opens one. */
  admits(address: string): boolean {
    return this.#books.addresses.admits(address);
  }

  /** Open pipes of one address (IPv6: of its /56). */
  pipesOf(address: string): number {
    return this.#books.addresses.pipes(address);
  }

  #join(pipe: Pipe, bytes: Uint8Array): Verdict {
    const { session } = pipe;
    if (session === null || session.newest !== pipe) return this.#dropState();
    const { state } = session;
    const isRepeat = state === STATE.joining || (state === STATE.joined && !pipe.fresh);
    if (isRepeat) {
      if (state === STATE.joined && !this.#presence.renews(session))
        this.#books.outbox.act(pipe, ACTION.joined);
      return VERDICT.consumed;
    }
    const facts = decodeJoin(bytes);
    if (facts === ERROR.E_MALFORMED) return this.#malformed(pipe);
    if (typeof facts === 'number') this.#books.end(session, facts);
    else if (state === STATE.authorising) session.early = facts;
    else if (state === STATE.accepted) this.#order(session, facts);
    else {
      pipe.fresh = false;
      pipe.renewed = true;
      if (!pipe.anew || !this.#presence.hasRenewed(session, facts))
        this.#presence.fresh(session, facts);
      else {
        this.#presence.back(session);
        if (!this.#presence.renews(session)) this.#books.outbox.act(pipe, ACTION.joined);
      }
    }
    return VERDICT.consumed;
  }

  #order(session: Session, facts: JoinFacts): void {
    const room = session.token?.room ?? '';
    session.join = {
      ...facts,
      choice: room === '' ? facts.choice : { id: room },
      sessionId: session.id,
      userId: session.userId,
      userData: session.userData,
      address: session.address,
    };
    session.state = STATE.joining;
    this.#books.counters.joins += 1;
    this.#books.outbox.act(session, ACTION.join);
  }

  #goodbye(pipe: Pipe, bytes: Uint8Array): Verdict {
    if (decodeGoodbye(bytes) === null) return this.#malformed(pipe);
    const { session } = pipe;
    const pipes = session === null ? [pipe] : [session.older, session.newest];
    if (session !== null) this.#books.leave(session, ERROR.E_LEFT, true);
    for (const one of pipes) if (one !== null) this.#books.closePipe(one, ERROR.E_LEFT);
    if (session !== null) this.#books.letGo(session);
    return VERDICT.consumed;
  }

  #overRate(pipe: Pipe, nowUs: number): Verdict {
    this.#books.counters.dropRate += 1;
    if (nowUs - pipe.overUs > OVER_GAP_US) pipe.overSinceUs = nowUs;
    pipe.overUs = nowUs;
    if (nowUs - pipe.overSinceUs >= this.#books.settings.rateCloseMs * 1000)
      this.#throwOut(pipe, ERROR.E_RATE);
    return VERDICT.dropped;
  }

  #malformed(pipe: Pipe): Verdict {
    const counted = pipe.session ?? pipe;
    this.#books.counters.dropMalformed += 1;
    counted.malformed += 1;
    if (counted.malformed >= this.#books.settings.malformedMax)
      this.#throwOut(pipe, ERROR.E_MALFORMED);
    return VERDICT.dropped;
  }

  /** The pipe, with the session that it has. */
  #throwOut(pipe: Pipe, code: ErrorCode): void {
    if (pipe.session !== null) this.#books.end(pipe.session, code);
    else if (pipe.state === PIPE.open) this.#books.turnAway(pipe, code);
  }

  #dropState(): Verdict {
    this.#books.counters.dropState += 1;
    return VERDICT.dropped;
  }

  /** Whether a session without a pipe is waited for. */
  #waitsFor(session: Session, code: ErrorCode): boolean {
    const { settings, tokens } = this.#books;
    const isLost = code === ERROR.E_LEFT || code === ERROR.E_TIMEOUT || code === ERROR.E_CLOSED;
    const canReturn =
      session.state === STATE.joined ? tokens.issues || session.token !== null : session.attach > 0;
    return isLost && settings.resumeMs > 0 && canReturn;
  }

  #emitPipe(pipe: Pipe, action: number, out: SessionOutput): void {
    const { session } = pipe;
    Object.assign(out, BLANK, { pipe: pipe.number, sessionId: session?.id ?? 0, code: pipe.code });
    if (action === ACTION.close) {
      out.kind = 'close';
      out.text = pipe.text;
      this.#books.pipes.gone(pipe);
    } else if (action === ACTION.goodbye) out.bytes = encodeGoodbye(pipe.code, pipe.text);
    else if (session !== null)
      out.bytes =
        action === ACTION.accept ? encodeAccept(session.id, pipe.late, pipe.anew) : session.reply;
  }

  #emitSession(session: Session, action: number, out: SessionOutput): void {
    Object.assign(out, BLANK, {
      kind: KINDS[action],
      sessionId: session.id,
      code: session.code,
      fresh: session.resumesFresh,
      verify: session.verify,
      known: session.known,
    });
    if (action === ACTION.join) {
      out.join = session.join;
      out.pipe = session.newest?.number ?? -1;
    } else if (action === ACTION.auth) out.auth = session.authRequest;
    else if (action === ACTION.keep) out.kept = keptOf(session);
    else if (action === ACTION.cancel) out.address = session.address;
    else if (action === ACTION.tell) {
      this.#books.counters.told += 1;
      const { roomId } = readJoinReply(session.reply.subarray(1));
      out.bytes = this.#books.tokens.sessionToken(session, roomId);
    }
  }
}

const BLANK = sessionOutput();
const NO_FACTS: PipeFacts = { headers: null, permit: null };
const UNSEATED_MAX = 1024;
/** Drops further apart than this are not one flood. */
const OVER_GAP_US = 1e6;

const NOT_KEPT = 'The server cannot remember connect tokens now.';
