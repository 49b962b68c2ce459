/** What a session table holds now: figures, and who is here. Read when somebody asks; nothing is kept for it. */
import type { Books } from './books.ts';
import type { SessionId } from './output.ts';
import { PRESENCE, STATE } from './sessions.ts';

export interface TableFacts {
  readonly pipes: number;
  readonly joined: number;
  readonly authorising: number;
  /** Logins that nobody waits for any more, and that run on. */
  readonly abandoned: number;
  readonly addresses: number;
  readonly prefixes: number;
  readonly usedTokens: number;
  readonly overSessions: number;
  readonly held: number;
}

/** One session as an operator sees it: no token and no key. */
export interface SessionListing {
  readonly id: SessionId;
  readonly userId: string;
  /** Nobody vouches for `userId`. */
  readonly guest: boolean;
  readonly address: string;
  /** The pipe that carries it, as its transport numbers it; -1: its client is away. */
  readonly pipe: number;
  readonly state: 'authorising' | 'accepted' | 'joining' | 'joined';
  readonly away: boolean;
}

/** Players from whom nothing is heard, and whose place is kept. */
export function awayIn({ sessions }: Books): number {
  let count = 0;
  for (const { presence } of sessions) if (presence === PRESENCE.away) count += 1;
  return count;
}

export function factsOf(books: Books): TableFacts {
  const { pipes, sessions, joined, authorising, logins } = books;
  const { addresses, prefixes, tokens } = books;
  return {
    pipes: pipes.open,
    joined,
    authorising,
    abandoned: logins.count - authorising,
    addresses: addresses.size,
    prefixes: prefixes.size,
    usedTokens: tokens.used.size,
    overSessions: tokens.over.size,
    held: pipes.held + sessions.held,
  };
}

export function listSessions({ sessions }: Books): SessionListing[] {
  const listed: SessionListing[] = [];
  for (const session of sessions) {
    const state = STATES[session.state];
    if (state === undefined) continue;
    const { id, userId, guest, address, newest, presence } = session;
    const pipe = newest?.number ?? -1;
    listed.push({ id, userId, guest, address, pipe, state, away: presence === PRESENCE.away });
  }
  return listed;
}

/** Of live ones. */
const STATES: { readonly [state: number]: SessionListing['state'] } = {
  [STATE.authorising]: 'authorising',
  [STATE.accepted]: 'accepted',
  [STATE.joining]: 'joining',
  [STATE.joined]: 'joined',
};
