/**
 * The client of netcode 1.02: tries the servers that its connect token names one after another, until one has taken it in, then
 * sends and receives payloads. Written from the public standard, whose states it has. Pure: datagrams come in by `handle`, time by
 * `tick` alone, what is due goes out by `poll`, all to `server`.
 */
import type { NetcodePackets, PacketCipher } from '../netcode.ts';
import {
  bodyFits,
  CHALLENGE_BODY_BYTES,
  DISCONNECT_COUNT,
  firstSequence,
  KEEP_ALIVE_BODY_BYTES,
  NETCODE,
  PAYLOAD_BYTES_MAX,
  REQUEST_PACKET_BYTES,
  ReplayWindow,
  SEND_EVERY_US,
} from '../netcode.ts';
import type { TokenFacts } from '../token-layout.ts';
import { readToken, tokenRequestOf } from '../token-layout.ts';

/** The standard's numbers; below 0: it has failed. */
export const NETCODE_STATE = {
  tokenExpired: -6,
  timedOut: -4,
  responseTimedOut: -3,
  requestTimedOut: -2,
  denied: -1,
  disconnected: 0,
  requesting: 1,
  responding: 2,
  connected: 3,
} as const;
export type NetcodeState = (typeof NETCODE_STATE)[keyof typeof NETCODE_STATE];

export interface NetcodeClientOptions {
  /** A whole connect token. */
  readonly token: Uint8Array | string;
  /** Its associated data begin with ASSOCIATED. */
  readonly cipher: PacketCipher;
  /** Over that cipher; several clients may share it. */
  readonly packets: NetcodePackets;
  /** Microseconds; never goes back. */
  readonly nowUs: number;
}

export class NetcodeClient {
  /** Place among the server's clients, and how many it takes; once connected. */
  clientIndex = -1;
  clientsMax = 0;
  /** All that came and was not used. */
  dropped = 0;
  readonly #cipher: PacketCipher;
  readonly #packets: NetcodePackets;
  readonly #token: TokenFacts;
  readonly #requestPacket = new Uint8Array(REQUEST_PACKET_BYTES);
  readonly #challenge = new Uint8Array(CHALLENGE_BODY_BYTES);
  #keyIn: number;
  #keyOut: number;
  #replay = new ReplayWindow();
  #state: NetcodeState = NETCODE_STATE.requesting;
  #serverIndex = 0;
  /** Counts on from server to server: no number is used twice with the key. */
  #sequence: number;
  #nowUs: number;
  readonly #startedUs: number;
  /** When the present state began, or something was heard in it. */
  #heardUs: number;
  #sentUs: number;
  #farewells = 0;

  /** Throws `E_TOKEN_INVALID`. Where the cipher has no place for two more keys, its state is `denied` at once. */
  constructor(options: NetcodeClientOptions) {
    this.#token = readToken(options.token);
    this.#cipher = options.cipher;
    this.#packets = options.packets;
    this.#requestPacket.set(tokenRequestOf(options.token), 1);
    this.#keyIn = options.cipher.takeKey(this.#token.serverToClientKey);
    this.#keyOut = options.cipher.takeKey(this.#token.clientToServerKey);
    this.#sequence = firstSequence(options.nowUs);
    this.#nowUs = options.nowUs;
    this.#startedUs = options.nowUs;
    this.#heardUs = options.nowUs;
    this.#sentUs = options.nowUs - SEND_EVERY_US;
    if (this.#keyIn < 0 || this.#keyOut < 0) this.#end(NETCODE_STATE.denied);
  }

  get state(): NetcodeState {
    return this.#state;
  }

  /** Where packets go now: `1.2.3.4:40000`, `[2001:db8:0:0:0:0:0:1]:40000`. */
  get server(): string {
    return this.#token.servers[this.#serverIndex] ?? '';
  }

  /** Takes any bytes from `server`; a payload for the game is answered, valid until the next call. Never throws. */
  handle(bytes: Uint8Array): Uint8Array | null {
    const kind = this.#packets.read(bytes);
    const expected = this.#state > 0 && kind > 0 && kind !== NETCODE.response;
    const isCounted = kind >= NETCODE.keepAlive;
    const { sequence } = this.#packets;
    if (!expected || (isCounted && !this.#replay.isFresh(sequence))) return this.#drop();
    const body = this.#packets.open(bytes, this.#keyIn);
    if (body === null) return this.#drop();
    if (isCounted) this.#replay.mark(sequence);
    if (!bodyFits(kind, body.length)) return this.#drop();
    if (kind === NETCODE.payload) {
      if (this.#state !== NETCODE_STATE.connected) return this.#drop();
      this.#heardUs = this.#nowUs;
      return body;
    }
    this.#told(kind, body);
    return null;
  }

  /** A payload of 1..1,200 bytes as a packet for `server`, valid until the next call; null: it cannot be sent. */
  send(payload: Uint8Array): Uint8Array | null {
    if (this.#state !== NETCODE_STATE.connected) return null;
    if (payload.length === 0 || payload.length > PAYLOAD_BYTES_MAX) return null;
    this.#begin(NETCODE.payload);
    this.#packets.memory.set(payload, this.#packets.bodyAt);
    return this.#packets.finish(this.#keyOut, payload.length);
  }

  /** Goes: `poll` hands out the disconnects, if there is anybody to tell. */
  close(): void {
    if (this.#state === NETCODE_STATE.connected) this.#farewells = DISCONNECT_COUNT;
    if (this.#state > 0) this.#state = NETCODE_STATE.disconnected;
    if (this.#farewells === 0) this.#dropKeys();
  }

  /** Time goes on: call every 50 ms or so, then `poll`. */
  tick(nowUs: number): void {
    this.#nowUs = nowUs;
    const connecting =
      this.#state === NETCODE_STATE.requesting || this.#state === NETCODE_STATE.responding;
    const lifeUs = Number(this.#token.expiresAt - this.#token.createdAt) * 1e6;
    if (connecting && nowUs - this.#startedUs >= lifeUs) {
      this.#end(NETCODE_STATE.tokenExpired);
      return;
    }
    const { timeoutSeconds } = this.#token;
    if (timeoutSeconds <= 0 || nowUs - this.#heardUs < timeoutSeconds * 1e6) return;
    if (this.#state === NETCODE_STATE.requesting) this.#fail(NETCODE_STATE.requestTimedOut);
    else if (this.#state === NETCODE_STATE.responding) this.#fail(NETCODE_STATE.responseTimedOut);
    else if (this.#state === NETCODE_STATE.connected) this.#end(NETCODE_STATE.timedOut);
  }

  /** The present server is not there, as its machine says: the next one at once, if there is one. */
  refused(): void {
    if (this.#state === NETCODE_STATE.requesting) this.#fail(NETCODE_STATE.requestTimedOut);
  }

  /** The next packet that is due for `server`, valid until the next call; null: none. */
  poll(): Uint8Array | null {
    if (this.#farewells > 0) {
      this.#farewells -= 1;
      this.#begin(NETCODE.disconnect);
      const bytes = this.#packets.finish(this.#keyOut, 0);
      if (this.#farewells === 0) this.#dropKeys();
      return bytes;
    }
    if (this.#state <= 0 || this.#nowUs - this.#sentUs < SEND_EVERY_US) return null;
    const { memory, view } = this.#packets;
    switch (this.#state) {
      case NETCODE_STATE.requesting:
        this.#sentUs = this.#nowUs;
        return this.#requestPacket;
      case NETCODE_STATE.responding:
        this.#begin(NETCODE.response);
        memory.set(this.#challenge, this.#packets.bodyAt);
        return this.#packets.finish(this.#keyOut, CHALLENGE_BODY_BYTES);
      default:
        this.#begin(NETCODE.keepAlive);
        view.setUint32(this.#packets.bodyAt, this.clientIndex, true);
        view.setUint32(this.#packets.bodyAt + 4, this.clientsMax, true);
        return this.#packets.finish(this.#keyOut, KEEP_ALIVE_BODY_BYTES);
    }
  }

  /** What is not a payload. */
  #told(kind: number, body: Uint8Array): void {
    const requesting = this.#state === NETCODE_STATE.requesting;
    const responding = this.#state === NETCODE_STATE.responding;
    if (kind === NETCODE.denied && (requesting || responding)) {
      this.#fail(NETCODE_STATE.denied);
    } else if (kind === NETCODE.challenge && requesting) {
      this.#challenge.set(body);
      this.#enter(NETCODE_STATE.responding);
    } else if (kind === NETCODE.keepAlive && responding) {
      const view = new DataView(body.buffer, body.byteOffset, body.length);
      this.clientIndex = view.getUint32(0, true);
      this.clientsMax = view.getUint32(4, true);
      this.#enter(NETCODE_STATE.connected);
    } else if (kind === NETCODE.keepAlive && this.#state === NETCODE_STATE.connected) {
      this.#heardUs = this.#nowUs;
    } else if (kind === NETCODE.disconnect && this.#state === NETCODE_STATE.connected) {
      this.#end(NETCODE_STATE.disconnected);
    } else {
      this.#drop();
    }
  }

  /** The next server; after the last one this is how it ended. */
  #fail(state: NetcodeState): void {
    if (this.#serverIndex + 1 >= this.#token.servers.length) {
      this.#end(state);
      return;
    }
    this.#serverIndex += 1;
    this.#replay = new ReplayWindow();
    this.#enter(NETCODE_STATE.requesting);
  }

  #enter(state: NetcodeState): void {
    this.#state = state;
    this.#heardUs = this.#nowUs;
    this.#sentUs = this.#nowUs - SEND_EVERY_US;
  }

  #end(state: NetcodeState): void {
    this.#state = state;
    this.#dropKeys();
  }

  #dropKeys(): void {
    if (this.#keyIn >= 0) this.#cipher.dropKey(this.#keyIn);
    if (this.#keyOut >= 0) this.#cipher.dropKey(this.#keyOut);
    this.#keyIn = -1;
    this.#keyOut = -1;
  }

  #begin(kind: number): void {
    const sequence = this.#sequence;
    this.#sequence = sequence + 1;
    this.#sentUs = this.#nowUs;
    this.#packets.begin(kind, sequence >>> 0, Math.floor(sequence / 2 ** 32));
  }

  #drop(): null {
    this.dropped += 1;
    return null;
  }
}
