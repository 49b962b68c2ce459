/**
 * The client's half of the handshake of one pipe, pure: `handle` what came in, `poll` what is to be sent. Hello and join
 * go out back to back, so one round trip is enough; both are repeated until they are answered. A handshake that attaches
 * sends no join: it ends with `accept`. Stays in use after that, for the goodbye.
 */
import { DATAGRAM, ERROR, PROTOCOL_VERSION } from '../../../protocol/gen/tables.ts';
import type { Known } from '../control-codec.ts';
import type { JoinReplyFacts, RoomWish, TokenShown } from '../datagrams.ts';
import {
  datagramKind,
  decodeAccept,
  decodeGoodbye,
  decodeJoined,
  encodeHello,
  encodeJoin,
  INTENT,
} from '../datagrams.ts';
import { readToken, tokenRequestOf } from '../token-layout.ts';

export interface HandshakeOptions {
  readonly schemaHash: bigint;
  /** Asked for by the client, at most 32 bytes of UTF-8; '': the server picks one. */
  readonly name: string;
  readonly room: RoomWish;
  /**
   * `play` (default) opens a session, or takes over a live one of the token as a page that has lost its state: same
   * player, fresh channel. `attach` makes this pipe the one that carries a live session; it ends with E_SESSION_OVER where
   * there is none.
   */
  readonly intent?: keyof typeof INTENT;
  /** Connect token, as text or bytes. Without any of `token`, `text` and `pipe`: as a guest. */
  readonly token?: string | Uint8Array;
  /** Above that of every earlier hello of this session, whatever its token. Default 1. */
  readonly attach?: number;
  /** A credential for the author's own login, 1..1,000 bytes of UTF-8. */
  readonly text?: string;
  /** The pipe itself has proven the token (UDP). */
  readonly pipe?: boolean;
  /** For an attach: what the client knows, for a room that has lost its last moments. */
  readonly known?: Known | undefined;
  /** Asks for a state hash in each snapshot. Default false. */
  readonly verify?: boolean;
  /** Time for all of it. Default 10,000 ms. */
  readonly timeoutMs?: number;
}

export class Handshake {
  /** `joined`: the pipe carries the session. `over`: refused, timed out, or ended by the server; see `code`. */
  state: 'joining' | 'joined' | 'over' = 'joining';
  /** Why it is over: a code of ERROR. */
  code = 0;
  text = '';
  /** u32 from `accept`, 0 before. */
  sessionId = 0;
  /** From `accept`: the session was there before. */
  attached = false;
  /** From `joined`; null after an attach to a room that has lost nothing. */
  reply: JoinReplyFacts | null = null;
  readonly #schemaHash: bigint;
  readonly #attaches: boolean;
  readonly #hello: Uint8Array;
  readonly #join: Uint8Array;
  readonly #endUs: number;
  #waitUs = FIRST_WAIT_US;
  #dueUs: number;
  #joinDue = false;

  /** Throws `E_TOKEN_INVALID` for a token that is none. */
  constructor(options: HandshakeOptions, nowUs: number) {
    const { schemaHash, text, pipe } = options;
    this.#schemaHash = schemaHash;
    this.#attaches = options.intent === 'attach';
    this.#hello = encodeHello({
      schemaHash,
      intent: INTENT[options.intent ?? 'play'],
      ...(options.token !== undefined && { token: shown(options.token, options.attach ?? 1) }),
      ...(text !== undefined && { text }),
      ...(pipe === true && { pipe: options.attach ?? 1 }),
    });
    this.#join = encodeJoin({
      name: options.name,
      choice: options.room,
      schemaHash: options.schemaHash,
      verify: options.verify ?? false,
      known: options.known,
    });
    this.#endUs = nowUs + (options.timeoutMs ?? 10_000) * 1000;
    this.#dueUs = nowUs;
  }

  /** When `poll` has something to do again, or Infinity. */
  get dueUs(): number {
    if (this.state !== 'joining') return Infinity;
    return this.#joinDue ? 0 : Math.min(this.#dueUs, this.#endUs);
  }

  /** The next datagram to send, or null. Call until null, at `dueUs` or more often. The bytes stay the same ones. */
  poll(nowUs: number): Uint8Array | null {
    if (this.state !== 'joining') return null;
    if (nowUs >= this.#endUs) {
      this.#end(ERROR.E_JOIN_TIMEOUT, 'no answer came in time');
      return null;
    }
    if (this.#joinDue) {
      this.#joinDue = false;
      return this.#join;
    }
    if (nowUs < this.#dueUs) return null;
    this.#dueUs = nowUs + this.#waitUs;
    this.#waitUs = Math.min(2 * this.#waitUs, LAST_WAIT_US);
    if (this.sessionId !== 0) return this.#join;
    this.#joinDue = !this.#attaches;
    return this.#hello;
  }

  /** True: the datagram was part of the handshake (or nothing at all); false: it is a packet, for the packet layer. */
  handle(bytes: Uint8Array): boolean {
    const kind = datagramKind(bytes);
    if (kind === DATAGRAM.packet) return false;
    if (this.state === 'over') return true;
    if (kind === DATAGRAM.accept && this.sessionId === 0) this.#accepted(bytes);
    else if (kind === DATAGRAM.joined && this.state === 'joining')
      this.#joined(decodeJoined(bytes));
    else if (kind === DATAGRAM.goodbye) {
      const goodbye = decodeGoodbye(bytes);
      if (goodbye !== null) this.#end(goodbye.code, goodbye.text);
    }
    return true;
  }

  #accepted(bytes: Uint8Array): void {
    const accepted = decodeAccept(bytes);
    if (accepted === null) return;
    this.sessionId = accepted.sessionId;
    this.attached = accepted.attached;
    if (!this.#attaches || this.state !== 'joining') return;
    if (accepted.anew) this.#joinDue = true;
    else this.state = 'joined';
  }

  #joined(reply: JoinReplyFacts | null): void {
    if (reply === null) return;
    if (reply.protocolVersion !== PROTOCOL_VERSION)
      this.#end(ERROR.E_VERSION, 'the server speaks another version');
    else if (reply.schemaHash !== this.#schemaHash)
      this.#end(ERROR.E_SCHEMA_MISMATCH, 'the room has another schema');
    else if (this.sessionId !== 0) {
      // Not before `accept`, which says whether the session was there before; both are repeated.
      this.state = 'joined';
      this.reply = reply;
    }
  }

  #end(code: number, text: string): void {
    this.state = 'over';
    this.code = code;
    this.text = text;
  }
}

function shown(token: string | Uint8Array, attach: number): TokenShown {
  const { clientToServerKey } = readToken(token);
  return { request: tokenRequestOf(token), attach, clientToServerKey };
}

/** Repeats come after 250, 500, then every 1,000 ms. */
const FIRST_WAIT_US = 250_000;
const LAST_WAIT_US = 1_000_000;
