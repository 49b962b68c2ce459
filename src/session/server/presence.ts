/**
 * Who is away. A session in a room is `here`; when nothing is heard for `dropMs` its room is told `drop` and it is `away`; when it is
 * heard again, or a pipe is attached, the room is told `resume`, and until the room has answered it is `resuming`: so at most
 * one of each is under way. A page that has lost its state begins the channel anew (`fresh`), whether it was away or not.
 */
import type { JoinFacts } from '../datagrams.ts';
import { encodeJoined } from '../datagrams.ts';
import type { Books } from './books.ts';
import { ACTION } from './outbox.ts';
import type { Session } from './sessions.ts';
import { PRESENCE, STATE } from './sessions.ts';

export class Presence {
  readonly #books: Books;

  constructor(books: Books) {
    this.#books = books;
  }

  /** Nothing was heard for too long. */
  drop(session: Session, awakeUs: number): void {
    const { settings, counters, outbox } = this.#books;
    session.presence = PRESENCE.away;
    session.awaySinceUs = awakeUs;
    session.waitUs = (settings.resumeMs || settings.idleTimeoutMs) * 1000;
    counters.drops += 1;
    outbox.act(session, ACTION.drop);
  }

  /** Something was heard, with the state that the client had. */
  back(session: Session): void {
    if (session.presence !== PRESENCE.away) return;
    this.#books.counters.resumes += 1;
    if ((session.actions & ACTION.drop) !== 0) {
      // The room has not heard of it yet.
      session.actions &= ~ACTION.drop;
      session.presence = PRESENCE.here;
      return;
    }
    this.#resume(session, false);
  }

  /** A page that has lost its state has taken over. */
  fresh(session: Session, { verify, known }: Pick<JoinFacts, 'verify' | 'known'>): void {
    session.verify = verify;
    // What it knows is of no use to a room that has told it more, and of one that lost nothing it knows all.
    session.known = session.anew ? (known ?? null) : null;
    this.#books.counters.freshResumes += 1;
    if (session.presence !== PRESENCE.resuming || (session.actions & ACTION.resume) !== 0)
      this.#resume(session, true);
    else session.freshWanted = true;
  }

  /**
   * After its room has lost its last moments: whether the channel has begun anew for the client as it is. A client that tries several
   * ways back joins over each, and has what it was told by the first; and nobody but the room as it is can have told it of a later tick.
   */
  hasRenewed({ anew, known: before }: Session, { known }: Pick<JoinFacts, 'known'>): boolean {
    if (before === null) return false;
    const isSame = known?.messagesRead === before.messagesRead && known.tick === before.tick;
    return !anew || isSame || (known?.tick ?? 0) > before.tick;
  }

  /** A fresh channel is on its way: the reply that is there is of the one before. */
  renews(session: Session): boolean {
    return session.resumesFresh || session.freshWanted;
  }

  /** The room has answered a resume; `reply` is the body of `joined` for a fresh one. False: nobody waits for it. */
  resumed(session: Session, reply: Uint8Array | null): boolean {
    if (session.state !== STATE.joined || session.presence !== PRESENCE.resuming) return false;
    if (session.freshWanted) {
      session.freshWanted = false;
      this.#resume(session, true);
      return true;
    }
    session.presence = PRESENCE.here;
    this.#books.hears(session);
    if (session.resumesFresh && reply !== null) {
      session.reply = encodeJoined(reply);
      // What the lost page had of tokens may be lost with it.
      session.tellDueUs = -Infinity;
      if (session.newest !== null) this.#books.outbox.act(session.newest, ACTION.joined);
    }
    session.resumesFresh = false;
    return true;
  }

  /** The game lets an absent player wait for less than `resumeMs`. */
  shorten(session: Session, ms: number): void {
    if (session.presence === PRESENCE.away) session.waitUs = Math.min(session.waitUs, ms * 1000);
  }

  #resume(session: Session, fresh: boolean): void {
    session.presence = PRESENCE.resuming;
    session.resumesFresh = fresh;
    this.#books.outbox.act(session, ACTION.resume);
  }
}
