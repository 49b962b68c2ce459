/**
 * The client's half of the handshake, pure: `handle` what came in, `poll` what is to be sent. Hello and join go out back
 * to back, so one round trip is enough; both are repeated until they are answered. Stays in use after `joined`, for the
 * goodbye.
 */
import { DATAGRAM, ERROR, errorText, PROTOCOL_VERSION } from '../../../protocol/gen/tables.ts';
import type { JoinReplyFacts, RoomWish } from '../datagrams.ts';
import {
  datagramKind,
  decodeAccept,
  decodeGoodbye,
  decodeJoined,
  encodeHello,
  encodeJoin,
} from '../datagrams.ts';
import { tokenRequestOf } from '../token-layout.ts';

export interface HandshakeOptions {
  readonly schemaHash: bigint;
  /** Asked for by the client, at most 32 bytes of UTF-8; '': the server picks one. */
  readonly name: string;
  readonly room: RoomWish;
  /** Connect token, as text or bytes. Default: as a guest. */
  readonly token?: string | Uint8Array;
  /** Asks for a state hash in each snapshot. Default false. */
  readonly verify?: boolean;
  /** Time for all of it. Default 10,000 ms. */
  readonly timeoutMs?: number;
}

export class Handshake {
  /** `over`: refused, timed out, or ended by the server; see `code`. */
  state: 'joining' | 'joined' | 'over' = 'joining';
  /** Why it is over: a code of ERROR. */
  code = 0;
  text = '';
  /** u32 from `accept`, 0 before. */
  sessionId = 0;
  /** From `joined`. */
  reply: JoinReplyFacts | null = null;
  readonly #schemaHash: bigint;
  readonly #hello: Uint8Array;
  readonly #join: Uint8Array;
  readonly #endUs: number;
  #waitUs = FIRST_WAIT_US;
  #dueUs: number;
  #joinDue = false;

  /** Throws `E_TOKEN_INVALID` for a token that is none. */
  constructor(options: HandshakeOptions, nowUs: number) {
    this.#schemaHash = options.schemaHash;
    this.#hello = encodeHello(
      options.schemaHash,
      options.token === undefined ? undefined : tokenRequestOf(options.token),
    );
    this.#join = encodeJoin({
      name: options.name,
      choice: options.room,
      schemaHash: options.schemaHash,
      verify: options.verify ?? false,
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
      this.#end(ERROR.E_JOIN_TIMEOUT, '');
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
    this.#joinDue = true;
    return this.#hello;
  }

  /** True: the datagram was part of the handshake (or nothing at all); false: it is a packet, for the packet layer. */
  handle(bytes: Uint8Array): boolean {
    const kind = datagramKind(bytes);
    if (kind === DATAGRAM.packet) return false;
    if (this.state === 'over') return true;
    if (kind === DATAGRAM.accept && this.sessionId === 0)
      this.sessionId = Math.max(0, decodeAccept(bytes));
    else if (kind === DATAGRAM.joined && this.state === 'joining')
      this.#joined(decodeJoined(bytes));
    else if (kind === DATAGRAM.goodbye) {
      const goodbye = decodeGoodbye(bytes);
      if (goodbye !== null) this.#end(goodbye.code, goodbye.text);
    }
    return true;
  }

  #joined(reply: JoinReplyFacts | null): void {
    if (reply === null) return;
    if (reply.protocolVersion !== PROTOCOL_VERSION) this.#end(ERROR.E_VERSION, '');
    else if (reply.schemaHash !== this.#schemaHash) this.#end(ERROR.E_SCHEMA_MISMATCH, '');
    else {
      this.state = 'joined';
      this.reply = reply;
    }
  }

  #end(code: number, text: string): void {
    this.state = 'over';
    this.code = code;
    this.text = text === '' ? errorText(code) : text;
  }
}

/** Repeats come after 250, 500, then every 1,000 ms. */
const FIRST_WAIT_US = 250_000;
const LAST_WAIT_US = 1_000_000;
