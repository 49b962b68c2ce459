/** Sessions: one player's stay each, with 0 to 2 pipes. A place is used again with a new generation in its id. */
import { ERROR } from '../../../protocol/gen/tables.ts';
import type { ErrorCode } from '../../errors.ts';
import type { Known } from '../control-codec.ts';
import type { JoinFacts } from '../datagrams.ts';
import type { OpenedToken } from '../token.ts';
import { SessionRates } from './limits.ts';
import { Speaker } from './outbox.ts';
import type { AuthRequest, JoinOrder, SessionId } from './output.ts';
import type { Pipe } from './pipes.ts';

/** In the order in which a session goes through them. */
export const STATE = {
  free: 0,
  authorising: 1,
  accepted: 2,
  joining: 3,
  joined: 4,
  ending: 5,
} as const;

/** Of a joined session, as its room has been told. `resuming`: until the room has answered. */
export const PRESENCE = { here: 0, away: 1, resuming: 2 } as const;

export const NOTHING = new Uint8Array(0);

export class Session extends Speaker {
  readonly index: number;
  id = 0 as SessionId;
  state: number = STATE.free;
  /** Carries what goes to the client; null: the client is away. */
  newest: Pipe | null = null;
  /** Is still heard for a moment, after another took over. */
  older: Pipe | null = null;
  userId = '';
  /** Who the token names, where the login of the game made another of it. */
  claimedId = '';
  /** Nobody vouches for `userId`. */
  guest = false;
  /** What tokens of this session name it by. */
  tokenSession = 0n;
  /** Of the newest hello with a token. */
  attach = 0;
  /** The packet protocol that its client speaks. 0 until that is back: a process before this one knew it. */
  version = 0;
  token: OpenedToken | null = null;
  /** The credential for the game's login. */
  credential: string | null = null;
  userData: Uint8Array = NOTHING;
  /** The address that counts it. */
  address = '';
  /** A join that came before the login was done. */
  early: JoinFacts | null = null;
  join: JoinOrder | null = null;
  reply: Uint8Array = NOTHING;
  openedUs = 0;
  malformed = 0;
  code: ErrorCode = ERROR.E_OK;

  presence: number = PRESENCE.here;
  awaySinceUs = 0;
  /** How long it may stay away. */
  waitUs = 0;
  /** The resume under way begins the channel anew; one more such is to follow it. */
  resumesFresh = false;
  freshWanted = false;
  verify = false;
  /** Its room has lost its last moments: its client joins anew, with what it knows, before anything else of it counts. */
  anew = false;
  known: Known | null = null;
  /** When a token is to be handed out. */
  tellDueUs = -Infinity;
  #generation = 0;

  constructor(index: number) {
    super();
    this.index = index;
  }

  /** What the game's login is to judge. */
  get authRequest(): AuthRequest {
    const { token, credential, address, newest } = this;
    const shown = token === null || token.guest ? null : token;
    return {
      token: shown && {
        userId: shown.userId,
        room: shown.room,
        userData: shown.userData,
        expiresAtMs: shown.expiresAtMs,
      },
      text: credential,
      address,
      headers: newest?.headers ?? null,
    };
  }

  /** Under the id that a process before this one gave it. */
  beginAs(id: number): void {
    this.#generation = id & GENERATION_MAX;
    this.id = id as SessionId;
  }

  begin(ioThread: number): void {
    this.#generation = this.#generation >= GENERATION_MAX ? 1 : this.#generation + 1;
    this.id = (((ioThread << 28) | (this.index << 14) | this.#generation) >>> 0) as SessionId;
  }

  clear(): void {
    this.state = STATE.free;
    this.newest = this.older = null;
    this.userId = this.claimedId = this.address = '';
    this.guest = false;
    this.tokenSession = 0n;
    this.attach = this.version = this.malformed = 0;
    this.token = null;
    this.credential = null;
    this.userData = this.reply = NOTHING;
    this.early = null;
    this.join = null;
    this.presence = PRESENCE.here;
    this.resumesFresh = this.freshWanted = this.anew = false;
    this.known = null;
    this.tellDueUs = -Infinity;
  }
}

export class Sessions {
  /** Awake time of the last sign of life, by index. */
  readonly heardUs: Float64Array;
  readonly rates: SessionRates;
  readonly byUser = new Map<string, Session>();
  readonly #byToken = new Map<bigint, Session>();
  readonly #capacity: number;
  readonly #ioThread: number;
  readonly #all: Session[] = [];
  readonly #free: Session[] = [];

  constructor(at: {
    capacity: number;
    ioThread: number;
    packetsPerSecond: number;
    bytesPerSecond: number;
  }) {
    this.#capacity = at.capacity;
    this.#ioThread = at.ioThread;
    this.heardUs = new Float64Array(at.capacity);
    this.rates = new SessionRates(at.capacity, at.packetsPerSecond, at.bytesPerSecond);
  }

  /** Places in use. */
  get held(): number {
    return this.#all.length - this.#free.length;
  }

  find(id: number): Session | undefined {
    const session = this.#all[(id >>> 14) & 0x3fff];
    return session?.id === id && session.state > STATE.free ? session : undefined;
  }

  /** The live session that tokens name so. */
  ofToken(tokenSession: bigint): Session | undefined {
    return this.#byToken.get(tokenSession);
  }

  /** undefined: all places are in use. */
  open(tokenSession: bigint, at: { awakeUs: number; nowUs: number }): Session | undefined {
    const session = this.#free.pop() ?? this.#grow();
    if (session === undefined) return undefined;
    session.begin(this.#ioThread);
    return this.#begun(session, tokenSession, at);
  }

  /** A place of a process before this one. undefined: it is taken, or another's. */
  reopen(
    id: number,
    tokenSession: bigint,
    at: { awakeUs: number; nowUs: number },
  ): Session | undefined {
    const index = (id >>> 14) & 0x3fff;
    if (id >>> 28 !== this.#ioThread || index >= this.#capacity) return undefined;
    while (this.#all.length <= index) this.#free.push(this.#grow() as Session);
    const session = this.#all[index] as Session;
    const place = this.#free.indexOf(session);
    if (place < 0 || (id & GENERATION_MAX) === 0) return undefined;
    this.#free.splice(place, 1);
    session.beginAs(id);
    return this.#begun(session, tokenSession, at);
  }

  /** It is live no more: neither its user nor a token leads to it. */
  forget(session: Session): void {
    if (this.byUser.get(session.userId) === session) this.byUser.delete(session.userId);
    if (this.#byToken.get(session.tokenSession) === session)
      this.#byToken.delete(session.tokenSession);
  }

  free(session: Session): void {
    session.clear();
    this.#free.push(session);
  }

  [Symbol.iterator](): Iterator<Session> {
    return this.#all.values();
  }

  #begun(session: Session, tokenSession: bigint, at: { awakeUs: number; nowUs: number }): Session {
    session.tokenSession = tokenSession;
    session.openedUs = at.awakeUs;
    this.heardUs[session.index] = at.awakeUs;
    this.rates.reset(session.index, at.nowUs);
    this.#byToken.set(tokenSession, session);
    return session;
  }

  #grow(): Session | undefined {
    if (this.#all.length >= this.#capacity) return undefined;
    const session = new Session(this.#all.length);
    this.#all.push(session);
    return session;
  }
}

/** Generation bits of a session id; 0 is never used, so no session id is 0. */
const GENERATION_MAX = (1 << 14) - 1;
