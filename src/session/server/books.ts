/**
 * What a session table holds, and the only ways in which a pipe or a session begins, ends, or comes together with another.
 * Who may come in stands in door.ts, who is away in presence.ts, what time does in timers.ts.
 */
import { ERROR, errorName, errorText } from '../../../protocol/gen/tables.ts';
import type { ErrorCode } from '../../errors.ts';
import { PrefixRates, Tally } from '../../limits.ts';
import { AwakeClock } from './awake.ts';
import { AddressLedger } from './limits.ts';
import type { SessionSettings } from './options.ts';
import { ACTION, Outbox } from './outbox.ts';
import { refusals, sessionCounters } from './output.ts';
import type { PipeFacts } from './pipes.ts';
import { PIPE, type Pipe, Pipes } from './pipes.ts';
import { PRESENCE, Session, Sessions, STATE } from './sessions.ts';
import { TokenDesk } from './tokens.ts';

export class Books {
  readonly settings: SessionSettings;
  readonly counters = sessionCounters();
  readonly refused = refusals();
  readonly awake = new AwakeClock();
  readonly pipes: Pipes;
  readonly sessions: Sessions;
  readonly tokens: TokenDesk;
  readonly addresses: AddressLedger;
  readonly prefixes: PrefixRates;
  readonly outbox = new Outbox<Pipe | Session>();
  draining = false;
  joined = 0;
  /** Logins that run, those that nobody waits for any more included. */
  readonly logins: Tally;
  authorising = 0;

  constructor(settings: SessionSettings) {
    const { sessionsMax, packetsPerSecond, bytesPerSecond, ioThread } = settings;
    const addressesMax = 2 * sessionsMax;
    this.settings = settings;
    this.logins = new Tally(settings.authsMax);
    this.pipes = new Pipes(PIPES_PER_SESSION * sessionsMax, packetsPerSecond, bytesPerSecond);
    this.sessions = new Sessions({
      capacity: sessionsMax,
      ioThread,
      packetsPerSecond,
      bytesPerSecond,
    });
    this.tokens = new TokenDesk(settings);
    this.addresses = new AddressLedger({
      pipesPerAddressMax: PIPES_PER_SESSION * settings.sessionsPerAddressMax,
      sessionsPerAddressMax: settings.sessionsPerAddressMax,
      hellosPerAddressPerSecond: settings.hellosPerAddressPerSecond,
      addressesMax,
    });
    this.prefixes = new PrefixRates(settings.hellosPerPrefixPerSecond, addressesMax);
  }

  /** False: there is no place for it. */
  openPipe(number: number, at: { address: string; facts: PipeFacts; nowUs: number }): boolean {
    const { address, facts, nowUs } = at;
    if (!this.addresses.open(address, nowUs)) return false;
    const pipe = this.pipes.add(number, { address, awakeUs: this.awake.at(nowUs), nowUs });
    if (pipe === undefined) {
      this.addresses.close(address);
      return false;
    }
    pipe.headers = facts.headers;
    pipe.permit = facts.permit;
    this.counters.opened += 1;
    return true;
  }

  /** The pipe carries the session from now on; the one before is heard for a moment more. */
  attach(pipe: Pipe, session: Session, nowUs: number): void {
    const awakeUs = this.awake.at(nowUs);
    if (session.newest !== pipe) {
      if (session.older !== null && session.older !== pipe)
        this.closePipe(session.older, ERROR.E_OK);
      session.older = session.newest;
      if (session.older !== null) session.older.lingersUntilUs = awakeUs + LINGER_US;
      session.newest = pipe;
    }
    // It may be one that was left a moment ago.
    pipe.lingersUntilUs = Infinity;
    pipe.session = session;
    pipe.state = PIPE.attached;
    this.sessions.heardUs[session.index] = awakeUs;
  }

  /** Waiting for its room was no silence. */
  hears(session: Session): void {
    const { heardUs } = this.sessions;
    heardUs[session.index] = Math.max(heardUs[session.index] ?? 0, this.awake.latestUs);
  }

  /** The pipe has no session any more; where the older one is left, it carries it again. */
  detach(pipe: Pipe): void {
    const { session } = pipe;
    if (session === null) return;
    pipe.session = null;
    if (session.older === pipe) session.older = null;
    if (session.newest !== pipe) return;
    session.newest = session.older;
    session.older = null;
    if (session.newest !== null) session.newest.lingersUntilUs = Infinity;
  }

  /** Closes a pipe; its session does not mind. With `goodbye` the client is told why. */
  closePipe(pipe: Pipe, code: ErrorCode, goodbye?: string): void {
    this.detach(pipe);
    pipe.state = PIPE.ending;
    pipe.actions = 0;
    pipe.code = code;
    pipe.text = goodbye ?? '';
    if (goodbye !== undefined) this.outbox.act(pipe, ACTION.goodbye);
    this.outbox.act(pipe, ACTION.close);
  }

  /** Refuses a pipe that has no session. */
  turnAway(pipe: Pipe, code: ErrorCode, text = errorText(code)): void {
    this.refused[errorName(code)] += 1;
    this.closePipe(pipe, code, text);
  }

  /** Goodbye and close to the client, `left` to the room if it knows the session and `tellRoom`. */
  end(session: Session, code: ErrorCode, text = errorText(code), tellRoom = true): void {
    if (session.state >= STATE.ending) return;
    this.refused[errorName(code)] += 1;
    const pipes = [session.older, session.newest];
    this.leave(session, code, tellRoom);
    for (const pipe of pipes) if (pipe !== null) this.closePipe(pipe, code, text);
    this.letGo(session);
  }

  /** Takes the session out of the books. A join that was not polled yet is taken back instead of being ended. */
  leave(session: Session, code: ErrorCode, tellRoom: boolean): void {
    const { state } = session;
    if (state === STATE.joined) {
      this.joined -= 1;
      this.counters.left += 1;
    }
    const known = state === STATE.joined || (state === STATE.joining && !waits(session, 'join'));
    const asked = state === STATE.authorising && !waits(session, 'auth');
    session.actions = 0;
    session.code = code;
    session.state = STATE.ending;
    session.presence = PRESENCE.here;
    const isUsed = session.token !== null && this.tokens.has(session.token.mac);
    if (isUsed || state === STATE.joined) this.tokens.end(session);
    this.sessions.forget(session);
    if (known && tellRoom) this.outbox.act(session, ACTION.left);
    if (state !== STATE.authorising) return;
    this.authorising -= 1;
    if (asked) this.outbox.act(session, ACTION.cancel);
    else this.logins.leave(session.address);
  }

  /** Gives a place free as soon as nothing of it has to be said any more. */
  letGo(speaker: Pipe | Session): void {
    if (speaker.actions !== 0 || speaker.queued !== 0) return;
    if (speaker instanceof Session) {
      if (speaker.state !== STATE.ending) return;
      this.addresses.closeSession(speaker.address);
      this.sessions.free(speaker);
    } else {
      if (speaker.state !== PIPE.ending || speaker.number >= 0) return;
      this.addresses.close(speaker.address);
      this.pipes.free(speaker);
    }
  }
}

function waits(session: Session, action: keyof typeof ACTION): boolean {
  return (session.actions & ACTION[action]) !== 0;
}

/** The one that carries it, and the one before while that is still heard. */
export const PIPES_PER_SESSION = 2;
/** What was under way on the pipe before when another took over still arrives: more than any round trip that can be played with. */
const LINGER_US = 1_000_000;
