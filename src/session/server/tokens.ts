/**
 * The token side of a session table: opens what is shown, remembers what is used, and makes the tokens of sessions.
 * A transport with a handshake of its own (netcode) shares the memory of used tokens, so a token opens once, on whatever pipe.
 */
import { create, toBinary } from '@bufbuild/protobuf';
import { ControlMessageSchema } from '../../../protocol/gen/control_pb.ts';
import { ERROR, MESSAGE } from '../../../protocol/gen/tables.ts';
import type { ErrorCode } from '../../errors.ts';
import type { IssuedToken, OpenedToken } from '../token.ts';
import { issueConnectToken, openTokenRequest } from '../token.ts';
import { normalServer } from '../token-layout.ts';
import type { SessionSettings } from './options.ts';
import { OverSessions } from './over-sessions.ts';
import type { Session } from './sessions.ts';
import type { UsedToken } from './used-tokens.ts';
import { UsedTokens } from './used-tokens.ts';

export class TokenDesk {
  readonly used: UsedTokens;
  readonly over: OverSessions;
  readonly #settings: SessionSettings;
  /** As tokens spell them; empty: any token is for this server. */
  readonly #servers: ReadonlySet<string>;
  #keys: readonly Uint8Array[];
  #spent: UsedToken[] = [];

  constructor(settings: SessionSettings) {
    this.#settings = settings;
    this.#keys = settings.tokenKeys;
    this.#servers = new Set(settings.publicAddresses.map(normalServer));
    this.used = new UsedTokens(settings.usedTokensMax);
    this.over = new OverSessions(settings.usedTokensMax);
    const nowMs = settings.unixMs();
    for (const token of settings.used)
      if (token.expiresMs > nowMs) this.used.add(token, token.session ?? 0n, nowMs);
  }

  /** The current key, then the previous one. */
  setKeys(keys: readonly Uint8Array[]): void {
    this.#keys = keys;
  }

  /** Session tokens are handed out here: who loses a pipe can come back. */
  get issues(): boolean {
    return this.#settings.sessionTokenMs > 0 && this.#keys.length > 0;
  }

  /** What a token request says, if it is one for this server. Some 10 us. */
  open(request: Uint8Array): OpenedToken | ErrorCode {
    const token = openTokenRequest(request, this.#keys, this.#settings.unixMs());
    if (typeof token === 'number' || this.#servers.size === 0) return token;
    const named = token.servers.some((server) => this.#servers.has(server));
    return named ? token : ERROR.E_TOKEN_SERVER;
  }

  has(mac: string): boolean {
    return this.used.has(mac);
  }

  /** Uses a token up. False: it is used already, or as many are remembered as may. */
  claim(mac: string, token: Pick<OpenedToken, 'expiresAtMs' | 'session'>): boolean {
    if (this.used.has(mac)) return false;
    const use = { mac, expiresMs: token.expiresAtMs };
    if (!this.used.add(use, token.session, this.#settings.unixMs())) return false;
    this.#spent.push({ ...use, session: token.session });
    return true;
  }

  /** One more player can be remembered when he has left. */
  get hasRoom(): boolean {
    return this.over.hasRoom(this.#settings.unixMs());
  }

  /** A session has ended into which somebody was let: no token of it opens anything any more. */
  end({ tokenSession, token, guest }: Session): void {
    const nowMs = this.#settings.unixMs();
    const toldMs = this.issues ? nowMs + this.#settings.sessionTokenMs + ROUNDED_MS : 0;
    const expiresMs = Math.max(toldMs, token?.expiresAtMs ?? 0);
    if (expiresMs > nowMs) this.over.add(tokenSession, { guest, expiresMs }, nowMs);
  }

  /** Forgets some of what has expired. */
  sweep(): void {
    const nowMs = this.#settings.unixMs();
    this.used.sweep(nowMs);
    this.over.sweep(nowMs);
  }

  /** The next token that was used up, for whoever remembers it across a restart. */
  takeSpent(): UsedToken | undefined {
    return this.#spent.shift();
  }

  /** A token with which a guest can begin over a transport that takes nobody without one. Some 40 us. */
  guestToken(userId: string): IssuedToken {
    const { unixMs, random, publicAddresses } = this.#settings;
    return issueConnectToken({
      userId,
      servers: publicAddresses,
      expireMs: GUEST_TOKEN_MS,
      guest: true,
      key: this.#keys[0] as Uint8Array,
      nowMs: unixMs(),
      random,
    });
  }

  /** The reliable message that hands a session a token of its own. Some 40 us. */
  sessionToken(session: Session, room: string): Uint8Array {
    const { unixMs, random, sessionTokenMs, publicAddresses } = this.#settings;
    const { bytes } = issueConnectToken({
      userId: session.userId,
      room,
      servers: publicAddresses.length > 0 ? publicAddresses : NOWHERE,
      expireMs: sessionTokenMs,
      userData: session.userData,
      session: session.tokenSession,
      guest: session.guest,
      key: this.#keys[0] as Uint8Array,
      nowMs: unixMs(),
      random,
    });
    let end = bytes.length;
    while (end > 0 && bytes[end - 1] === 0) end -= 1;
    const body = { case: 'sessionToken' as const, value: { token: bytes.subarray(0, end) } };
    const message = toBinary(ControlMessageSchema, create(ControlMessageSchema, { body }));
    const framed = new Uint8Array(1 + message.length);
    framed[0] = MESSAGE.control;
    framed.set(message, 1);
    return framed;
  }
}

/** A token has to name a server; where this one has no public address, no client asks the token for one. */
const NOWHERE = ['127.0.0.1:0'];
/** The expiry of a token is one of whole seconds. */
const ROUNDED_MS = 1000;
/** ms: enough for a handshake on a slow network, and no store of tokens for later. */
const GUEST_TOKEN_MS = 30_000;
