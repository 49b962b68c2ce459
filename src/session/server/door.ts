/**
 * Who comes in: a hello opens a session, attaches its pipe to a live one, or is turned away with a code. Cheap checks come
 * first, then what is remembered, then the seal of a token, then its proof. A session opens in three steps: the game's login
 * is asked (where there is one), the token is used up and an older session of the player ended, the client is told.
 */
import { ERROR, errorName, errorText } from '../../../protocol/gen/tables.ts';
import type { ErrorCode } from '../../errors.ts';
import { Bucket } from '../../limits.ts';
import {
  AUTH,
  checkHello,
  HELLO,
  helloAttach,
  helloText,
  helloVersion,
  INTENT,
  proven,
  utf8Bytes,
} from '../datagrams.ts';
import { attachProof, proofsEqual } from '../proof.ts';
import type { IssuedToken, OpenedToken } from '../token.ts';
import { checkTokenRequest, requestMac, USER_DATA_BYTES_MAX, USER_ID_BYTES_MAX } from '../token.ts';
import type { Books } from './books.ts';
import { ACTION } from './outbox.ts';
import type { AuthResult, Verdict } from './output.ts';
import { VERDICT } from './output.ts';
import type { Pipe } from './pipes.ts';
import type { Presence } from './presence.ts';
import type { Session } from './sessions.ts';
import { NOTHING, STATE } from './sessions.ts';

/** Who asks to be let in. */
interface Claim {
  readonly token: OpenedToken | null;
  readonly credential: string | null;
  /** Of the hello; 0 where it has none. */
  readonly attach: number;
  readonly intent: number;
  readonly version: number;
}

type TokenClaim = Claim & { readonly token: OpenedToken };

export class Door {
  readonly #books: Books;
  readonly #presence: Presence;
  readonly #schemaLow: number;
  readonly #schemaHigh: number;
  #hellos: Bucket | null = null;

  constructor(books: Books, presence: Presence) {
    const { schemaHash } = books.settings;
    this.#books = books;
    this.#presence = presence;
    this.#schemaLow = Number(schemaHash & 0xffff_ffffn);
    this.#schemaHigh = Number((schemaHash >> 32n) & 0xffff_ffffn);
  }

  /** A hello on a pipe that is open or attached. null: it does not parse. */
  hello(pipe: Pipe, bytes: Uint8Array, nowUs: number): Verdict | null {
    let code = checkHello(bytes, this.#schemaLow, this.#schemaHigh, this.#books.settings.versions);
    if (code === ERROR.E_MALFORMED) return null;
    if (pipe.session !== null) {
      if (code === ERROR.E_OK && this.#moves(pipe, pipe.session, bytes)) {
        if (!this.#mayAsk(pipe.address, nowUs)) return VERDICT.dropped;
        code = this.#ask(pipe, bytes, nowUs);
        // The pipe has its session all the same.
        if (code !== ERROR.E_OK) this.#books.refused[errorName(code)] += 1;
        return VERDICT.consumed;
      }
      // A repeat: the first one counts.
      if (pipe.session.state > STATE.authorising) this.#books.outbox.act(pipe, ACTION.accept);
      return VERDICT.consumed;
    }
    if (code === ERROR.E_OK) {
      if (!this.#mayAsk(pipe.address, nowUs)) return VERDICT.dropped;
      code = this.#ask(pipe, bytes, nowUs);
    }
    if (code === ERROR.E_MALFORMED) return null;
    if (code !== ERROR.E_OK) this.#books.turnAway(pipe, code);
    return VERDICT.consumed;
  }

  /**
   * A token for a guest who has no pipe yet, or why not: it costs as much of the limits as a handshake. Its session opens only
   * when it is shown, as that of any guest.
   */
  guestToken(address: string, nowUs: number): IssuedToken | ErrorCode {
    const { settings, draining, tokens, addresses } = this.#books;
    if (!settings.guests) return ERROR.E_TOKEN_REQUIRED;
    if (draining) return ERROR.E_SHUTDOWN;
    if (!this.#mayAsk(address, nowUs)) return ERROR.E_RATE;
    if (!addresses.admits(address)) return ERROR.E_SESSIONS_LIMIT;
    return tokens.guestToken(this.#guestId());
  }

  /** The game's login has answered. False: nobody waits for it. */
  authorised(session: Session, result: AuthResult, nowUs: number): boolean {
    if (session.state !== STATE.authorising) return false;
    this.#books.authorising -= 1;
    this.#books.logins.leave(session.address);
    session.state = STATE.accepted;
    // Has done its work: who is in needs it no more.
    session.credential = null;
    if (!('userId' in result)) {
      const { code = ERROR.E_AUTH, text } = result;
      this.#books.end(session, code, text === '' ? undefined : text);
      return true;
    }
    const { userId, userData = session.userData } = result;
    const bytes = utf8Bytes(userId);
    if (bytes < 1 || bytes > USER_ID_BYTES_MAX || userData.length > USER_DATA_BYTES_MAX) {
      this.#books.end(session, ERROR.E_AUTH);
      return true;
    }
    session.guest = false;
    session.claimedId = session.userId;
    session.userId = userId;
    session.userData = userData;
    session.openedUs = this.#books.awake.at(nowUs);
    this.#letIn(session);
    return true;
  }

  /** Shown with a new number on the pipe that was left a moment ago: the session is to be carried by it again. */
  #moves(pipe: Pipe, session: Session, hello: Uint8Array): boolean {
    return (
      session.older === pipe &&
      hello[HELLO.intent] === INTENT.attach &&
      helloAttach(hello) > session.attach
    );
  }

  /** False: dropped and counted; the client repeats it. */
  #mayAsk(address: string, nowUs: number): boolean {
    const { addresses, prefixes, counters, settings } = this.#books;
    this.#hellos ??= new Bucket(settings.hellosPerSecond, settings.hellosPerSecond, nowUs);
    if (!addresses.hello(address, nowUs)) counters.dropHelloAddress += 1;
    else if (!prefixes.take(address, nowUs)) counters.dropHelloPrefix += 1;
    else if (!this.#hellos.take(nowUs)) counters.dropHelloServer += 1;
    else return true;
    return false;
  }

  /** Why not; 0: it is let in, or waits for the game's login. */
  #ask(pipe: Pipe, bytes: Uint8Array, nowUs: number): ErrorCode {
    const { settings } = this.#books;
    const auth = bytes[HELLO.auth];
    const intent = bytes[HELLO.intent] ?? 0;
    const version = helloVersion(bytes);
    if (auth === AUTH.token) return this.#askWithToken(pipe, bytes, nowUs);
    if (auth === AUTH.pipe) {
      const token = pipe.permit;
      const attach = helloAttach(bytes);
      if (token === null) return ERROR.E_TOKEN_REQUIRED;
      if (attach === 0) return ERROR.E_ATTACH_REPLAY;
      return this.#enter(pipe, { token, credential: null, attach, intent, version }, nowUs);
    }
    const credential = auth === AUTH.text ? helloText(bytes) : null;
    if (auth === AUTH.text && credential === null) return ERROR.E_MALFORMED;
    if (intent === INTENT.attach) return ERROR.E_SESSION_OVER;
    if (auth === AUTH.text && !settings.onAuth) return ERROR.E_AUTH;
    if (auth === AUTH.guest && !settings.guests) return ERROR.E_TOKEN_REQUIRED;
    return this.#open(pipe, { token: null, credential, attach: 0, intent, version }, nowUs);
  }

  /** Cheap checks first: open part, what is remembered, then the seal and the proof. */
  #askWithToken(pipe: Pipe, hello: Uint8Array, nowUs: number): ErrorCode {
    const { tokens, sessions, settings } = this.#books;
    const intent = hello[HELLO.intent] ?? 0;
    const request = hello.subarray(HELLO.request, HELLO.attach);
    const code = checkTokenRequest(request, settings.unixMs());
    if (code !== ERROR.E_OK) return code;
    const spentFor = tokens.used.sessionOf(requestMac(request));
    if (spentFor !== undefined && sessions.ofToken(spentFor) === undefined) return overFor(intent);
    const token = tokens.open(request);
    if (typeof token === 'number') return token;
    const attach = helloAttach(hello);
    const proof = attachProof(token.clientToServerKey, attach, proven(hello));
    if (!proofsEqual(proof, hello.subarray(HELLO.proof))) return ERROR.E_TOKEN_PROOF;
    if (attach === 0) return ERROR.E_ATTACH_REPLAY;
    const version = helloVersion(hello);
    return this.#enter(pipe, { token, credential: null, attach, intent, version }, nowUs);
  }

  /** With a token that is the sender's own. */
  #enter(pipe: Pipe, claim: TokenClaim, nowUs: number): ErrorCode {
    const { sessions, tokens } = this.#books;
    if (tokens.used.isSpoilt(claim.token.mac)) return ERROR.E_UNKNOWN;
    const live = sessions.ofToken(claim.token.session);
    if (live !== undefined) return this.#attach(pipe, { live, ...claim }, nowUs);
    if (tokens.over.has(claim.token.session)) return overFor(claim.intent);
    if (claim.token.guest && !this.#books.settings.guests) return ERROR.E_TOKEN_REQUIRED;
    return claim.intent === INTENT.attach ? ERROR.E_SESSION_OVER : this.#open(pipe, claim, nowUs);
  }

  #attach(pipe: Pipe, claim: TokenClaim & { readonly live: Session }, nowUs: number): ErrorCode {
    const { token, live, attach, intent, version } = claim;
    const { tokens, counters, outbox } = this.#books;
    if (token.userId !== live.userId && token.userId !== live.claimedId)
      return ERROR.E_TOKEN_INVALID;
    // A pipe is one session's for good.
    if (pipe.session !== null && pipe.session !== live) return ERROR.E_TOKEN_INVALID;
    // Who goes on with what it holds goes on as it began; a page that was loaded anew may be another.
    const goesOn = intent === INTENT.attach && live.version !== 0;
    if (goesOn && version !== live.version) return ERROR.E_VERSION;
    // A pipe that has proven a token is no repeat of another, whatever its client remembers of numbers.
    if (pipe.permit === null && attach <= live.attach) return ERROR.E_ATTACH_REPLAY;
    // While its login is asked for, the session's own token is not used up yet.
    const isItsOwn = live.state === STATE.authorising && live.token?.mac === token.mac;
    const isUsed = isItsOwn || tokens.has(token.mac);
    if (!isUsed && !tokens.claim(token.mac, token)) return ERROR.E_SESSIONS_LIMIT;
    live.attach = Math.max(live.attach, attach);
    live.version = version;
    this.#books.attach(pipe, live, nowUs);
    counters.attached += 1;
    // UDP takes each token once: the next has to be there before the client needs it.
    if (pipe.permit !== null) live.tellDueUs = -Infinity;
    pipe.late = true;
    if (live.state > STATE.authorising) outbox.act(pipe, ACTION.accept);
    if (live.state !== STATE.joined) return ERROR.E_OK;
    outbox.act(live, ACTION.keep);
    if (live.anew && intent === INTENT.attach) pipe.anew = pipe.fresh = true;
    else if (intent === INTENT.attach) this.#presence.back(live);
    else {
      pipe.fresh = true;
      // Whoever had the session's state has it no more.
      if (live.older !== null)
        this.#books.closePipe(live.older, ERROR.E_REPLACED, errorText(ERROR.E_REPLACED));
    }
    return ERROR.E_OK;
  }

  #open(pipe: Pipe, claim: Claim, nowUs: number): ErrorCode {
    const { draining, settings, sessions, addresses, awake, logins, counters } = this.#books;
    if (draining) return ERROR.E_SHUTDOWN;
    const busy = settings.onAuth ? logins.refusal(pipe.address) : null;
    if (busy === 'address') counters.busyPrefix += 1;
    if (busy !== null) return ERROR.E_AUTH_BUSY;
    const { token, credential, attach } = claim;
    if (!addresses.openSession(pipe.address)) return ERROR.E_SESSIONS_LIMIT;
    const at = { awakeUs: awake.at(nowUs), nowUs };
    const session = sessions.open(token?.session ?? this.#randomId(), at);
    if (session === undefined) {
      addresses.closeSession(pipe.address);
      return ERROR.E_SESSIONS_LIMIT;
    }
    session.address = pipe.address;
    session.token = token;
    session.credential = credential;
    session.attach = attach;
    session.version = claim.version;
    session.guest = token?.guest ?? credential === null;
    session.userId = token?.userId ?? this.#guestId();
    session.userData = token?.userData ?? NOTHING;
    this.#books.attach(pipe, session, nowUs);
    if (settings.onAuth) {
      session.state = STATE.authorising;
      this.#books.authorising += 1;
      logins.enter(session.address);
      this.#books.outbox.act(session, ACTION.auth);
    } else this.#letIn(session);
    return ERROR.E_OK;
  }

  /** It is known who it is: the token is used up, an older session ended, the client told. */
  #letIn(session: Session): void {
    const { tokens, sessions, counters, outbox } = this.#books;
    const { token, userId } = session;
    session.state = STATE.accepted;
    const isFull = !session.guest && !tokens.hasRoom;
    const isUsedUp = token === null || tokens.has(token.mac);
    if (isFull || !(isUsedUp || tokens.claim(token.mac, token))) {
      this.#books.end(session, ERROR.E_SESSIONS_LIMIT);
      return;
    }
    const before = sessions.byUser.get(userId);
    if (before !== undefined && before !== session) {
      counters.replaced += 1;
      this.#books.end(before, ERROR.E_REPLACED);
    }
    sessions.byUser.set(userId, session);
    counters.accepted += 1;
    if (session.newest !== null) outbox.act(session.newest, ACTION.accept);
  }

  #guestId(): string {
    return `guest-${this.#randomId().toString(16).padStart(16, '0')}`;
  }

  #randomId(): bigint {
    const bytes = new Uint8Array(8);
    this.#books.settings.random(bytes);
    return new DataView(bytes.buffer).getBigUint64(0);
  }
}

/** What a token is answered whose session was, and is live no more. */
function overFor(intent: number): ErrorCode {
  return intent === INTENT.attach ? ERROR.E_SESSION_OVER : ERROR.E_TOKEN_REUSED;
}
