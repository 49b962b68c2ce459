/**
 * The server of netcode 1.02: from a connection request over a challenge to a connected client, and packets both ways. Written
 * from the public standard; names follow it. Pure: datagrams come in by `handle`, time by `tick` alone (a packet costs no look at
 * a clock), what is due goes out by `poll`; the cipher and the memory of used tokens are parameters. No socket is known here.
 *
 * Shape: a link per address that has shown a valid token. Until its address has proven itself by a challenge it is pending: at
 * most `pendingMax` of them, one per token, each for HANDSHAKE_US. Nobody is sent more than he sent before that: a request of
 * 1,078 bytes is answered by 333, or 33. Cost: O(1) per packet and no garbage; a request costs one open of a private part at
 * most, under the budgets of the gate.
 *
 * Deliberate differences, none of which a client can see but by being let in: a token opens one session, so the address that
 * used it may not use it again; of two live clients with one client id the newer is let in, and the session layer, which can
 * say why, ends the older; a mapping that is not answered gives its token free again.
 */
import type { PacketCipher } from '../netcode.ts';
import {
  bodyFits,
  CHALLENGE_BODY_BYTES,
  DISCONNECT_COUNT,
  KEEP_ALIVE_BODY_BYTES,
  NETCODE,
  NetcodePackets,
  PAYLOAD_BYTES_MAX,
  REQUEST_PACKET_BYTES,
  SEND_EVERY_US,
  UNREAD,
} from '../netcode.ts';
import type { OpenedToken } from '../token.ts';
import { requestMac } from '../token.ts';
import { AwakeClock } from './awake.ts';
import { Challenges } from './netcode-challenge.ts';
import type { NetcodeGateOptions } from './netcode-gate.ts';
import { GATE, NetcodeGate } from './netcode-gate.ts';
import type { NetcodeCarrier, NetcodePeer } from './netcode-links.ts';
import { LINK, Link, Links } from './netcode-links.ts';

/** The tokens that have opened a session, on whatever transport. Shared with the session table. */
export interface TokenMemory {
  has(mac: string): boolean;
  /** Remembers it until it expires; false: it was used already, or there is no room for one more. */
  claim(mac: string, token: OpenedToken): boolean;
}

export interface NetcodeServerOptions extends NetcodeGateOptions {
  /** Default: none, this server does it all. */
  readonly carrier?: NetcodeCarrier;
  /** Its associated data begin with ASSOCIATED; it holds `keysNeeded(...)` keys. */
  readonly cipher: PacketCipher;
  readonly used: TokenMemory;
  /** Clients at once; further ones are denied. */
  readonly clientsMax: number;
  /** Handshakes under way at once; further requests are dropped. Default 1,024. */
  readonly pendingMax?: number;
}

/** Keys that a cipher needs for a server: two for each link, and one for challenges. */
export function keysNeeded(clientsMax: number, pendingMax = PENDING_MAX): number {
  return 2 * (clientsMax + pendingMax) + 3;
}

export const NETCODE_VERDICT = {
  dropped: 0,
  /** Understood, nothing to do. */
  heard: 1,
  /** `bytes` are to be sent back to where the packet came from. */
  reply: 2,
  /** `client` is connected now: tell whom it concerns, then send it `keepAlive(client)`. */
  opened: 3,
  /** `bytes` are a payload of `client`. */
  payload: 4,
  /** `client` has said that it goes. It is gone. */
  closed: 5,
} as const;
export type NetcodeVerdict = (typeof NETCODE_VERDICT)[keyof typeof NETCODE_VERDICT];

/** What `poll` fills. */
export interface NetcodeOutput {
  /** `closed`: `client` is gone, because it was closed here or because it was silent. */
  kind: 'send' | 'closed';
  peer: NetcodePeer;
  bytes: Uint8Array;
  client: number;
  silent: boolean;
}

export function netcodeOutput(): NetcodeOutput {
  const peer = { socket: 0, address: '', port: 0 };
  return { kind: 'send', peer, bytes: NONE, client: -1, silent: false };
}

export class NetcodeServer {
  readonly counters = netcodeCounters();
  /** After `handle`: whose, and what; valid until the next call. */
  client = -1;
  bytes: Uint8Array = NONE;
  readonly #cipher: PacketCipher;
  readonly #carrier: NetcodeCarrier | null;
  readonly #packets: NetcodePackets;
  readonly #gate: NetcodeGate;
  readonly #challenges: Challenges;
  readonly #used: TokenMemory;
  readonly #clientsMax: number;
  readonly #pendingMax: number;
  readonly #links = new Links();
  /** By the MAC of their token, oldest first. */
  readonly #pending = new Map<string, Link>();
  readonly #clients: (Link | null)[] = [];
  readonly #free: number[] = [];
  readonly #closing: Link[] = [];
  readonly #awake = new AwakeClock();
  #nowUs = 0;
  /** Next client that the sweep after a tick looks at. */
  #cursor = 0;

  constructor(options: NetcodeServerOptions) {
    this.#cipher = options.cipher;
    this.#carrier = options.carrier ?? null;
    this.#packets = new NetcodePackets(options.cipher);
    this.#gate = new NetcodeGate(options);
    this.#used = options.used;
    this.#clientsMax = options.clientsMax;
    this.#pendingMax = options.pendingMax ?? PENDING_MAX;
    const chance = new Uint8Array(40);
    options.random(chance);
    const key = options.cipher.takeKey(chance.subarray(0, 32));
    this.#challenges = new Challenges(this.#packets, key, chance.subarray(32));
    chance.fill(0);
  }

  /** What it holds now. */
  get facts(): { clients: number; pending: number; links: number } {
    return {
      clients: this.#clients.length - this.#free.length,
      pending: this.#pending.size,
      links: this.#links.size,
    };
  }

  /** New keys of connect tokens; who is connected stays. */
  setTokenKeys(keys: readonly Uint8Array[]): void {
    this.#gate.setKeys(keys);
  }

  /** Takes any bytes from anybody; never throws. */
  handle(peer: NetcodePeer, bytes: Uint8Array): NetcodeVerdict {
    if (bytes[0] === NETCODE.request) return this.#request(peer, bytes);
    const kind = this.#packets.read(bytes);
    if (kind === UNREAD.size) return this.#drop('dropSize');
    if (kind < NETCODE.response) return this.#drop('dropKind');
    const link = this.#links.get(peer);
    if (link === undefined) return this.#drop('dropUnknown');
    if (kind === NETCODE.response) return this.#response(link, bytes);
    if (link.state !== LINK.connected) return this.#drop('dropState');
    const sequence = this.#packets.sequence;
    if (!link.replay.isFresh(sequence)) return this.#drop('dropReplay');
    const body = this.#packets.open(bytes, link.keyIn);
    if (body === null) return this.#drop('dropSealed');
    link.replay.mark(sequence);
    if (!bodyFits(kind, body.length)) return this.#drop('dropLength');
    this.client = link.index;
    if (kind === NETCODE.disconnect) {
      this.counters.closedByClient += 1;
      this.#release(link);
      return NETCODE_VERDICT.closed;
    }
    link.heardUs = this.#nowUs;
    link.confirmed = true;
    if (kind === NETCODE.keepAlive) return NETCODE_VERDICT.heard;
    this.counters.payloadsIn += 1;
    this.bytes = body;
    return NETCODE_VERDICT.payload;
  }

  /** A payload of 1..1,200 bytes as a packet for `peerOf(client)`, valid until the next call; null: it cannot be sent. */
  send(client: number, payload: Uint8Array): Uint8Array | null {
    const link = this.#clients[client] ?? null;
    if (link === null || link.state !== LINK.connected) return null;
    if (payload.length === 0 || payload.length > PAYLOAD_BYTES_MAX) return null;
    this.#begin(link, NETCODE.payload);
    this.#packets.memory.set(payload, this.#packets.bodyAt);
    this.counters.payloadsOut += 1;
    return this.#packets.finish(link.keyOut, payload.length);
  }

  /** Tells a client its place: once it is opened, and before each payload until `isConfirmed`. Null: it is gone. */
  keepAlive(client: number): Uint8Array | null {
    const link = this.#clients[client] ?? null;
    if (link === null || link.state !== LINK.connected) return null;
    this.#begin(link, NETCODE.keepAlive);
    const { view, bodyAt } = this.#packets;
    view.setUint32(bodyAt, client, true);
    view.setUint32(bodyAt + 4, this.#clientsMax, true);
    this.counters.keepAlivesOut += 1;
    return this.#packets.finish(link.keyOut, KEEP_ALIVE_BODY_BYTES);
  }

  isConfirmed(client: number): boolean {
    return this.#clients[client]?.confirmed === true;
  }

  /** Where a client is; null: it is gone. */
  peerOf(client: number): NetcodePeer | null {
    return this.#clients[client] ?? null;
  }

  /** The token that a client has come with; null: it is gone. */
  tokenOf(client: number): OpenedToken | null {
    return this.#clients[client]?.token ?? null;
  }

  /** Ends a client: `poll` hands out the disconnects, then that it is gone. */
  close(client: number): void {
    const link = this.#clients[client] ?? null;
    if (link === null || link.state !== LINK.connected) return;
    link.state = LINK.closing;
    if (this.#carrier === null) link.farewells = DISCONNECT_COUNT;
    else this.#carrier.remove(client, DISCONNECT_COUNT);
    this.#closing.push(link);
  }

  /** Time goes on. Call every 50 ms or so, then `poll`. While nobody calls, nobody is silent either. */
  tick(nowUs: number): void {
    this.#nowUs = this.#awake.look(nowUs);
    this.#cursor = 0;
    if (this.#carrier !== null) this.#hear(this.#carrier);
    for (const link of this.#pending.values()) {
      if (this.#nowUs - link.openedUs < HANDSHAKE_US) break;
      this.counters.handshakeTimeouts += 1;
      this.#release(link);
    }
  }

  /** A carried client has said that it goes. False: it is gone already. */
  gone(client: number): boolean {
    const link = this.#clients[client] ?? null;
    if (link === null || link.state !== LINK.connected) return false;
    this.counters.closedByClient += 1;
    this.#release(link);
    return true;
  }

  /** Hands out the next thing that is due; false: nothing. Call until false after `tick` and `close`. */
  poll(out: NetcodeOutput): boolean {
    const leaving = this.#closing[0];
    if (leaving !== undefined) {
      if (leaving.farewells > 0) {
        leaving.farewells -= 1;
        this.#begin(leaving, NETCODE.disconnect);
        fillSend(out, leaving, this.#packets.finish(leaving.keyOut, 0));
        return true;
      }
      this.#closing.shift();
      this.#fillClosed(out, leaving, false);
      return true;
    }
    while (this.#cursor < this.#clients.length) {
      const link = this.#clients[this.#cursor] ?? null;
      this.#cursor += 1;
      if (link === null || link.state !== LINK.connected) continue;
      const { timeoutSeconds } = link.token;
      if (timeoutSeconds > 0 && this.#nowUs - link.heardUs >= timeoutSeconds * 1e6) {
        this.counters.timeouts += 1;
        this.#fillClosed(out, link, true);
        return true;
      }
      if (this.#carrier !== null || this.#nowUs - link.sentUs < SEND_EVERY_US) continue;
      const bytes = this.keepAlive(link.index);
      if (bytes !== null) {
        fillSend(out, link, bytes);
        return true;
      }
    }
    return false;
  }

  /** Cheap checks first: length, open part, address, token; then the budgets; then the private part. */
  #request(peer: NetcodePeer, bytes: Uint8Array): NetcodeVerdict {
    this.counters.requests += 1;
    if (bytes.length !== REQUEST_PACKET_BYTES) return this.#drop('dropSize');
    const request = bytes.subarray(1);
    const refusal = this.#gate.check(request);
    if (refusal !== null) return this.#drop(refusal);
    const before = this.#links.get(peer);
    if (before !== undefined && before.state !== LINK.pending) return this.#drop('dropConnected');
    // In a flood nearly all end here, before anything is made of them.
    if (before === undefined && this.#gate.isSpent(this.#nowUs)) return this.#drop(GATE.budget);
    const mac = requestMac(request);
    if (before?.mac === mac) return this.#challenge(before);
    if (this.#used.has(mac) || this.#pending.has(mac)) return this.#drop('dropUsed');
    if (this.#pending.size >= this.#pendingMax) return this.#drop('dropPending');
    const token = this.#gate.open(request, peer.address, this.#nowUs);
    if (typeof token !== 'object') return this.#drop(token);
    if (before !== undefined) this.#release(before);
    const link = this.#map(peer, token, mac);
    if (link === null) return this.#drop('dropPending');
    if (this.#isFull()) return this.#deny(link);
    return this.#challenge(link);
  }

  #map(peer: NetcodePeer, token: OpenedToken, mac: string): Link | null {
    const link = new Link(peer, token, { mac, nowUs: this.#nowUs });
    link.keyIn = this.#cipher.takeKey(token.clientToServerKey);
    link.keyOut = this.#cipher.takeKey(token.serverToClientKey);
    if (link.keyIn < 0 || link.keyOut < 0) {
      this.#dropKeys(link);
      return null;
    }
    link.challengeLow = this.#challenges.low;
    link.challengeHigh = this.#challenges.high;
    link.sentUs = -SEND_EVERY_US;
    this.#links.add(link);
    this.#carrier?.expect(link, true);
    this.#pending.set(mac, link);
    return link;
  }

  /** A new challenge, at most one in CHALLENGE_EVERY_US for a link: who floods gets no more. */
  #challenge(link: Link): NetcodeVerdict {
    if (this.#nowUs - link.sentUs < CHALLENGE_EVERY_US) return this.#drop('dropChallengeRate');
    link.sentUs = this.#nowUs;
    const packets = this.#packets;
    this.#challenges.make(link.token.clientId, link.mac);
    packets.begin(NETCODE.challenge, this.#challenges.low, this.#challenges.high);
    this.#challenges.write(packets.bodyAt);
    this.bytes = packets.finish(link.keyOut, CHALLENGE_BODY_BYTES);
    this.#challenges.next();
    this.counters.challenges += 1;
    return NETCODE_VERDICT.reply;
  }

  /** There is no place: said once, to an address that has sent more; the mapping is forgotten. */
  #deny(link: Link): NetcodeVerdict {
    this.#packets.begin(NETCODE.denied, this.#challenges.low, this.#challenges.high);
    this.bytes = this.#packets.finish(link.keyOut, 0);
    this.#challenges.next();
    this.#release(link);
    this.counters.denied += 1;
    return NETCODE_VERDICT.reply;
  }

  #response(link: Link, bytes: Uint8Array): NetcodeVerdict {
    if (link.state !== LINK.pending) return this.#drop('dropConnected');
    const body = this.#packets.open(bytes, link.keyIn);
    if (body === null) return this.#drop('dropSealed');
    if (!bodyFits(NETCODE.response, body.length)) return this.#drop('dropLength');
    if (!this.#challenges.answers(body, link)) return this.#drop('dropChallenge');
    if (this.#isFull()) return this.#deny(link);
    if (!this.#used.claim(link.mac, link.token)) {
      this.#release(link);
      return this.#drop('dropUsed');
    }
    this.#pending.delete(link.mac);
    link.index = this.#free.pop() ?? this.#clients.length;
    link.state = LINK.connected;
    link.heardUs = this.#nowUs;
    link.sentUs = this.#nowUs;
    this.#clients[link.index] = link;
    this.client = link.index;
    if (this.#carrier !== null) {
      link.carried = this.#carrier.heard(link.index);
      this.#carrier.connect(link);
    }
    this.counters.opened += 1;
    return NETCODE_VERDICT.opened;
  }

  #hear(carrier: NetcodeCarrier): void {
    for (const link of this.#clients) {
      if (link === null) continue;
      const heard = carrier.heard(link.index);
      if (heard === link.carried) continue;
      link.carried = heard;
      link.heardUs = this.#nowUs;
      link.confirmed = true;
    }
  }

  #isFull(): boolean {
    return this.#free.length === 0 && this.#clients.length >= this.#clientsMax;
  }

  #begin(link: Link, kind: number): void {
    const sequence = link.sendSequence;
    link.sendSequence = sequence + 1;
    link.sentUs = this.#nowUs;
    this.#packets.begin(kind, sequence >>> 0, Math.floor(sequence / 2 ** 32));
  }

  #fillClosed(out: NetcodeOutput, link: Link, silent: boolean): void {
    out.kind = 'closed';
    out.client = link.index;
    out.silent = silent;
    this.#release(link);
  }

  /** Forgets a link, pending or connected, and its keys. */
  #release(link: Link): void {
    if (link.state === LINK.pending) this.#pending.delete(link.mac);
    if (link.index < 0) this.#carrier?.expect(link, false);
    else {
      this.#clients[link.index] = null;
      this.#free.push(link.index);
      if (link.state === LINK.connected) this.#carrier?.remove(link.index, 0);
    }
    this.#links.remove(link);
    link.state = LINK.gone;
    this.#dropKeys(link);
  }

  #dropKeys(link: Link): void {
    if (link.keyIn >= 0) this.#cipher.dropKey(link.keyIn);
    if (link.keyOut >= 0) this.#cipher.dropKey(link.keyOut);
    link.keyIn = -1;
    link.keyOut = -1;
  }

  #drop(reason: NetcodeDrop): NetcodeVerdict {
    this.counters[reason] += 1;
    return NETCODE_VERDICT.dropped;
  }
}

/** All rise only. `drop...`: silence, and nothing changes. */
export function netcodeCounters() {
  return {
    requests: 0,
    challenges: 0,
    denied: 0,
    opened: 0,
    closedByClient: 0,
    timeouts: 0,
    handshakeTimeouts: 0,
    payloadsIn: 0,
    payloadsOut: 0,
    keepAlivesOut: 0,
    /** Too short, too long, or a request of another length. */
    dropSize: 0,
    dropVersion: 0,
    dropProtocol: 0,
    dropExpired: 0,
    /** A request or response of an address that is connected. */
    dropConnected: 0,
    /** The token has opened a session, or another address is about to with it. */
    dropUsed: 0,
    /** Too many handshakes under way. */
    dropPending: 0,
    /** Over the budgets for opening private parts: the whole server's, a prefix's. */
    dropOpens: 0,
    dropOpensPrefix: 0,
    dropForged: 0,
    /** The token is for other servers. */
    dropServer: 0,
    dropChallengeRate: 0,
    /** A response to no challenge of ours, or to one for another address. */
    dropChallenge: 0,
    dropKind: 0,
    /** From an address without a link. */
    dropUnknown: 0,
    /** Before its time. */
    dropState: 0,
    /** Seen before, or older than the window. */
    dropReplay: 0,
    /** Does not open: forged, damaged, reordered with another sequence, or for another key. */
    dropSealed: 0,
    /** Opened, but of a length that its kind does not have. */
    dropLength: 0,
  };
}
export type NetcodeCounters = ReturnType<typeof netcodeCounters>;
type NetcodeDrop = Extract<keyof NetcodeCounters, `drop${string}`>;

function fillSend(out: NetcodeOutput, peer: NetcodePeer, bytes: Uint8Array): void {
  out.kind = 'send';
  out.peer = peer;
  out.bytes = bytes;
}

const NONE = new Uint8Array(0);
/** us. A handshake takes two round trips; a link that is not proven by then is forgotten. */
const HANDSHAKE_US = 5_000_000;
/** us. Clients ask ten times a second. */
const CHALLENGE_EVERY_US = 50_000;
/** A flood of valid tokens holds so many links at most: some 2 MB. */
const PENDING_MAX = 1024;
