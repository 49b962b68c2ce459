/**
 * Who is at which address, for the netcode server. A link is what the standard calls an encryption mapping (pending), and
 * then a connected client. Found by socket, address and port without making a key of them: nothing is allocated per packet.
 */
import { firstSequence, ReplayWindow } from '../netcode.ts';
import type { OpenedToken } from '../token.ts';

/** Where a datagram comes from or goes to. `socket` is the place of our own socket in its list. */
export interface NetcodePeer {
  readonly socket: number;
  /** As text, without port and brackets. */
  readonly address: string;
  readonly port: number;
}

/**
 * Who opens and seals the packets of connected clients in the place of the netcode server, and keeps them awake: a native thread. Then
 * `NetcodeServer.handle` is for requests and answers to challenges alone.
 */
export interface NetcodeCarrier {
  /** Somebody may answer a challenge from there, or may not any more. */
  expect(peer: NetcodePeer, may: boolean): void;
  /** It is connected; its packets are numbered from `sendSequence` on. */
  connect(client: Readonly<Link>): void;
  /** It is over; so many disconnects go out before. */
  remove(index: number, farewells: number): void;
  /** Packets of a client that have opened, in whatever steps. */
  heard(index: number): number;
}

export const LINK = { pending: 0, connected: 1, closing: 2, gone: 3 } as const;

export class Link implements NetcodePeer {
  readonly socket: number;
  readonly address: string;
  readonly port: number;
  readonly token: OpenedToken;
  /** Of the connect token, 16 characters: its name. */
  readonly mac: string;
  /** Of the cipher; -1 when given back. */
  keyIn = -1;
  keyOut = -1;
  state: number = LINK.pending;
  /** Of a connected client, -1 before. */
  index = -1;
  /** Has shown that it knows it is connected. */
  confirmed = false;
  sendSequence: number;
  readonly replay = new ReplayWindow();
  /** Of ticks, us. */
  openedUs: number;
  /** When it was heard and written to last, us. In an array, as a number in a field may cost an object each time it is set. */
  readonly #times = new Float64Array(2);
  /** What its carrier had heard of it when it was asked last. */
  carried = 0;
  /** Disconnects that are still to be sent. */
  farewells = 0;
  /** Number of the first challenge that was made for it; older ones are not for it. */
  challengeLow = 0;
  challengeHigh = 0;

  get heardUs(): number {
    return this.#times[0] as number;
  }

  set heardUs(us: number) {
    this.#times[0] = us;
  }

  get sentUs(): number {
    return this.#times[1] as number;
  }

  set sentUs(us: number) {
    this.#times[1] = us;
  }

  constructor(peer: NetcodePeer, token: OpenedToken, at: { mac: string; nowUs: number }) {
    this.socket = peer.socket;
    this.address = peer.address;
    this.port = peer.port;
    this.token = token;
    this.mac = at.mac;
    this.sendSequence = firstSequence(at.nowUs);
    this.openedUs = at.nowUs;
    this.heardUs = at.nowUs;
    this.sentUs = at.nowUs;
  }
}

export class Links {
  readonly #byAddress = new Map<string, Map<number, Link>>();
  #count = 0;

  get size(): number {
    return this.#count;
  }

  get(peer: NetcodePeer): Link | undefined {
    return this.#byAddress.get(peer.address)?.get(peer.socket * 65_536 + peer.port);
  }

  add(link: Link): void {
    let ports = this.#byAddress.get(link.address);
    if (ports === undefined) {
      ports = new Map();
      this.#byAddress.set(link.address, ports);
    }
    ports.set(link.socket * 65_536 + link.port, link);
    this.#count += 1;
  }

  remove(link: Link): void {
    const ports = this.#byAddress.get(link.address);
    if (ports?.delete(link.socket * 65_536 + link.port) !== true) return;
    this.#count -= 1;
    if (ports.size === 0) this.#byAddress.delete(link.address);
  }
}
