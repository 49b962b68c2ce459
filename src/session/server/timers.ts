/** What time does to a session table: silence, handshakes that do not end, pipes that linger, tokens to renew. */
import { ERROR } from '../../../protocol/gen/tables.ts';
import type { Books } from './books.ts';
import { ACTION } from './outbox.ts';
import { PIPE } from './pipes.ts';
import type { Presence } from './presence.ts';
import type { Session } from './sessions.ts';
import { PRESENCE, STATE } from './sessions.ts';

export class Timers {
  readonly #books: Books;
  readonly #presence: Presence;

  constructor(books: Books, presence: Presence) {
    this.#books = books;
    this.#presence = presence;
  }

  /** O(pipes + sessions), some ten times a second. While nobody calls nobody is silent: see awake.ts. */
  tick(nowUs: number): void {
    const { awake, addresses, prefixes, tokens } = this.#books;
    const awakeUs = awake.look(nowUs);
    this.#tickPipes(awakeUs);
    this.#tickSessions(awakeUs, nowUs);
    addresses.sweep(nowUs);
    prefixes.sweep(nowUs);
    tokens.sweep();
  }

  #tickPipes(awakeUs: number): void {
    const { pipes, settings, counters } = this.#books;
    const joinUs = settings.joinTimeoutMs * 1000;
    const idleUs = settings.idleTimeoutMs * 1000;
    for (const pipe of pipes) {
      if (pipe.state === PIPE.open) {
        if (awakeUs - pipe.openedUs <= joinUs) continue;
        counters.handshakeTimeouts += 1;
        this.#books.turnAway(pipe, ERROR.E_TIMEOUT);
      } else if (pipe.state === PIPE.attached) {
        if (awakeUs >= pipe.lingersUntilUs) this.#books.closePipe(pipe, ERROR.E_OK);
        else if (
          settings.resumeMs > 0 &&
          pipe.session?.state === STATE.joined &&
          awakeUs - (pipes.heardUs[pipe.index] ?? 0) > idleUs
        ) {
          // Its session is away by now, and waits.
          counters.idleTimeouts += 1;
          this.#books.closePipe(pipe, ERROR.E_TIMEOUT);
        }
      }
    }
  }

  #tickSessions(awakeUs: number, nowUs: number): void {
    const { sessions, settings, counters } = this.#books;
    let tells = TELLS_PER_TICK_MAX;
    for (const session of sessions) {
      const sinceUs = awakeUs - session.openedUs;
      if (session.state === STATE.joined) {
        this.#joined(session, awakeUs);
        if (tells > 0 && this.#tell(session, nowUs)) tells -= 1;
      } else if (session.state === STATE.authorising) {
        if (sinceUs <= settings.authTimeoutMs * 1000) continue;
        counters.authTimeouts += 1;
        this.#books.end(session, ERROR.E_AUTH_TIMEOUT);
      } else if (session.state === STATE.accepted || session.state === STATE.joining) {
        if (sinceUs <= settings.joinTimeoutMs * 1000) continue;
        counters.handshakeTimeouts += 1;
        this.#books.end(session, ERROR.E_TIMEOUT);
      }
    }
  }

  #joined(session: Session, awakeUs: number): void {
    const { settings, sessions, counters } = this.#books;
    const { dropMs, resumeMs, idleTimeoutMs } = settings;
    const silentUs = awakeUs - (sessions.heardUs[session.index] ?? 0);
    if (resumeMs === 0 && silentUs > idleTimeoutMs * 1000) {
      counters.idleTimeouts += 1;
      this.#books.end(session, ERROR.E_TIMEOUT);
      return;
    }
    const isAway = session.presence === PRESENCE.away;
    // A room that never answers a resume, or no `dropMs`: it is out all the same.
    const outUs = isAway
      ? awakeUs - session.awaySinceUs - session.waitUs
      : silentUs - (resumeMs + Math.max(dropMs, idleTimeoutMs)) * 1000;
    if (outUs > 0 && (isAway || resumeMs > 0)) {
      counters.resumeTimeouts += 1;
      this.#books.end(session, ERROR.E_TIMEOUT);
    } else if (session.presence === PRESENCE.here && dropMs > 0 && silentUs > dropMs * 1000)
      this.#presence.drop(session, awakeUs);
  }

  /** True: a token is to be handed out. */
  #tell(session: Session, nowUs: number): boolean {
    const { settings, tokens, outbox } = this.#books;
    const isThere = session.state === STATE.joined && session.presence === PRESENCE.here;
    if (!isThere || nowUs < session.tellDueUs || !tokens.issues) return false;
    session.tellDueUs = nowUs + settings.sessionTokenMs * 500;
    outbox.act(session, ACTION.tell);
    return true;
  }
}

/** Tokens made in one tick: some 3 ms, and 640 a second. The rest waits for the next. */
const TELLS_PER_TICK_MAX = 64;
