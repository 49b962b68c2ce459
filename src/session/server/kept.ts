/** Sessions across the death of their process: what a host keeps of one, and the way back into the books, absent and waited for. */
import type { Books } from './books.ts';
import { PRESENCE, type Session, STATE } from './sessions.ts';

/** What is kept of a session that has its place in a room. */
export interface KeptSession {
  readonly id: number;
  readonly userId: string;
  readonly claimedId: string;
  readonly guest: boolean;
  /** What tokens name it by, 16 hex digits. */
  readonly tokenSession: string;
  readonly attach: number;
  readonly userData: Uint8Array;
  readonly address: string;
  readonly name: string;
  readonly verify: boolean;
}

export function keptOf(session: Session): KeptSession {
  const { id, userId, claimedId, guest, tokenSession, attach, userData, address, join } = session;
  return {
    id,
    userId,
    claimedId,
    guest,
    tokenSession: tokenSession.toString(16).padStart(16, '0'),
    attach,
    userData,
    address,
    name: join?.name ?? '',
    verify: join?.verify ?? session.verify,
  };
}

/** It is there, joined, and away; its channel begins anew when its client is back. False: there is no place for it. */
export function restoreSession(books: Books, kept: KeptSession, nowUs: number): boolean {
  const { sessions, addresses, settings, awake, counters } = books;
  const awakeUs = awake.at(nowUs);
  if (sessions.byUser.has(kept.userId) || !addresses.open(kept.address, nowUs)) return false;
  // A session is counted where a pipe is.
  const counts = addresses.openSession(kept.address);
  addresses.close(kept.address);
  if (!counts) return false;
  const tokenSession = BigInt(`0x${kept.tokenSession}`);
  const session = sessions.reopen(kept.id, tokenSession, { awakeUs, nowUs });
  if (session === undefined) {
    addresses.closeSession(kept.address);
    return false;
  }
  const { userId, claimedId, guest, attach, userData, address, verify } = kept;
  Object.assign(session, { userId, claimedId, guest, attach, userData, address, verify });
  session.state = STATE.joined;
  session.presence = PRESENCE.away;
  session.awaySinceUs = awakeUs;
  session.waitUs = (settings.resumeMs || settings.idleTimeoutMs) * 1000;
  session.anew = true;
  sessions.byUser.set(userId, session);
  books.joined += 1;
  counters.restored += 1;
  return true;
}
