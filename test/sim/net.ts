/**
 * The network between simulated machines: UDP datagrams that are lost, late, twice, out of order, broken, or sent from another
 * address than before. Each client host has weather of its own, and an address that the world sees, which a NAT may change.
 */
import { EventEmitter } from 'node:events';
import { DATAGRAM } from '../../protocol/gen/tables.ts';
import { PERFECT_LINK } from '../../src/transport/lossy.ts';
import type { Chance } from './chance.ts';
import type { SimTime } from './time.ts';

/** What happens to datagrams of one host, both ways. Shares in 0..1. */
export interface Weather {
  readonly loss: number;
  /** Datagrams that a burst of loss takes on average; 1: each is lost for itself. */
  readonly burst: number;
  readonly delayMs: number;
  readonly jitterMs: number;
  readonly twice: number;
  /** Overtakes those before it. */
  readonly reorder: number;
  readonly corrupt: number;
}

export const CALM: Weather = {
  loss: 0,
  burst: 1,
  delayMs: 15,
  jitterMs: 2,
  twice: 0,
  reorder: 0,
  corrupt: 0,
};

/** One direction of a host's link. */
class Lane {
  readonly #chance: Chance;
  #losing = false;
  /** Nothing that keeps order arrives before this. */
  #orderMs = 0;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  /** When the datagram arrives, once or twice, and whether one of its bits is turned. */
  fate(weather: Weather, nowMs: number): { atMs: number[]; broken: boolean } {
    const chance = this.#chance;
    const [turn, loss, jitter] = [chance.next(), chance.next(), chance.next()];
    const [reorder, twice, corrupt] = [chance.next(), chance.next(), chance.next()];
    if (weather.burst > 1) {
      // Gilbert: losing ends after `burst` datagrams on average, and begins so that `loss` of all are lost.
      const end = 1 / weather.burst;
      const begin = weather.loss >= 1 ? 1 : (end * weather.loss) / (1 - weather.loss);
      this.#losing = this.#losing ? turn >= end : turn < begin;
    } else this.#losing = loss < weather.loss;
    if (this.#losing) return { atMs: [], broken: false };
    let atMs = nowMs + weather.delayMs + jitter * weather.jitterMs;
    if (reorder >= weather.reorder) {
      atMs = Math.max(atMs, this.#orderMs);
      this.#orderMs = atMs;
    }
    const again = twice < weather.twice ? [atMs + jitter * 20] : [];
    return { atMs: [atMs, ...again], broken: corrupt < weather.corrupt };
  }
}

/** A machine with a client on it. */
export class Host {
  weather: Weather = CALM;
  /** Nothing gets through, either way. */
  isCut = false;
  /** What the world sees. */
  address: string;
  /** The NAT gives other ports from here on. */
  portShift = 0;
  /** Counts the programs that have run on it: sockets of one that is gone are dumb and deaf. */
  page = 0;
  readonly up: Lane;
  readonly down: Lane;
  #isHeld = false;
  /** What arrives once it is held back no more, in order. */
  #held: (() => void)[] = [];

  constructor(address: string, up: Chance, down: Chance) {
    this.address = address;
    this.up = new Lane(up);
    this.down = new Lane(down);
  }

  /** Nothing arrives, either way, as behind a link that sleeps: what would have does so at once later. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    if (isHeld) return;
    const held = this.#held;
    this.#held = [];
    for (const arrive of held) arrive();
  }

  /** Something is there, or will be. */
  pass(arrive: () => void): void {
    if (this.#isHeld) this.#held.push(arrive);
    else arrive();
  }
}

interface Place {
  readonly address: string | undefined;
  readonly port: number | undefined;
}

/** Of `node:dgram`, what Fray uses. */
export class SimSocket extends EventEmitter {
  readonly #net: Net;
  readonly #host: Host | null;
  /** Own number on its host; what the world sees is shifted by the NAT. */
  readonly #ownPort: number;
  readonly #page: number;
  #bound = '';
  #server = '';
  #closed = false;
  /** Kept, as each datagram asks for it. */
  #seen = '';
  #seenShift = 0;
  #heardFrom = '';
  #heard = { address: '', port: 0 };

  constructor(net: Net, host: Host | null, ownPort: number) {
    super();
    this.#net = net;
    this.#host = host;
    this.#page = host?.page ?? 0;
    this.#ownPort = ownPort;
  }

  /** A server's. */
  bind({ address, port }: { address: string; port: number }, done: () => void): void {
    this.#bound = `${address}:${port}`;
    this.#net.bind(this.#bound, this);
    this.#net.soon(done);
  }

  /** A client's. */
  connect(port: number, address: string, done: () => void): void {
    this.#server = `${address}:${port}`;
    this.#net.soon(done);
  }

  send(bytes: Uint8Array, port?: number, address?: string): void {
    if (this.#closed) throw new Error('The socket is closed');
    if (this.#host === null) this.#net.toClient(this.#bound, { address, port }, bytes);
    else this.#net.toServer(this, this.#server, bytes);
  }

  /** Something has arrived. */
  hear(bytes: Uint8Array, from: string): void {
    if (this.#closed || this.isOrphan) return;
    if (from !== this.#heardFrom) {
      const colon = from.lastIndexOf(':');
      this.#heardFrom = from;
      this.#heard = { address: from.slice(0, colon), port: Number(from.slice(colon + 1)) };
    }
    this.emit('message', bytes, this.#heard);
  }

  /** What the world sees. */
  get seen(): string {
    const { address = '', portShift = 0 } = this.#host ?? {};
    if (this.#seen === '' || portShift !== this.#seenShift) {
      this.#seenShift = portShift;
      this.#seen = `${address}:${this.#ownPort + portShift}`;
    }
    return this.#seen;
  }

  /** What the world sees, of that the port. */
  get seenPort(): number {
    return this.#ownPort + (this.#host?.portShift ?? 0);
  }

  get host(): Host | null {
    return this.#host;
  }

  /** Its program is gone without having closed it. */
  get isOrphan(): boolean {
    return this.#host !== null && this.#host.page !== this.#page;
  }

  close(done?: () => void): void {
    this.#closed = true;
    this.#net.close(this, this.#bound);
    if (done !== undefined) this.#net.soon(done);
  }

  address(): { address: string; port: number; family: string } {
    const colon = this.#bound.lastIndexOf(':');
    const port = Number(this.#bound.slice(colon + 1));
    return { address: this.#bound.slice(0, colon), port, family: 'IPv4' };
  }

  getSendQueueCount(): number {
    return 0;
  }

  getSendQueueSize(): number {
    return 0;
  }

  getRecvBufferSize(): number {
    return BUFFER_BYTES;
  }

  getSendBufferSize(): number {
    return BUFFER_BYTES;
  }

  setRecvBufferSize(): void {}

  setSendBufferSize(): void {}
}

export class Net {
  /** Bytes that the server got from each address, and sent to it. */
  readonly account = new Map<string, { inBytes: number; outBytes: number }>();
  /** The newest datagrams on their way to the server, for those who listen on the line. */
  readonly heard: { readonly bytes: Buffer; readonly from: string }[] = [];
  /** What was sent first over each stream that was let in, newest streams last. */
  readonly streams: Uint8Array[][] = [];
  /** Of all datagrams and their moments: the same seed gives the same one. */
  digest = 0;
  readonly #time: SimTime;
  readonly #chance: Chance;
  readonly #servers = new Map<string, SimSocket>();
  readonly #clients = new Set<SimSocket>();
  /** Hosts whose sockets are opened next, in the order in which they asked. */
  readonly #opening: Host[] = [];
  #ports = 0;
  #sent = 0;

  constructor(time: SimTime, chance: Chance) {
    this.#time = time;
    this.#chance = chance;
  }

  /** The next socket that is made, but for those asked for before, is one of `host`. Answers what takes that back. */
  opensNext(host: Host): () => void {
    this.#opening.push(host);
    return () => {
      const at = this.#opening.indexOf(host);
      if (at >= 0) this.#opening.splice(at, 1);
    };
  }

  socket(): SimSocket {
    const host = this.#opening.shift() ?? null;
    this.#ports += 1;
    const socket = new SimSocket(this, host, 20_000 + this.#ports);
    if (host !== null) this.#clients.add(socket);
    return socket;
  }

  /**
   * Somebody listens on a stream as well. Whom the server has not let in is of no use to him: a token that is not used is theirs who have
   * it.
   */
  overhear(): {
    readonly said: (bytes: Uint8Array) => void;
    readonly answered: (bytes: Uint8Array) => void;
  } {
    const stream: Uint8Array[] = [];
    let isIn = false;
    return {
      said: (bytes) => {
        if (stream.length < STREAM_MAX) stream.push(bytes.slice());
      },
      answered: (bytes) => {
        if (isIn || bytes[0] !== DATAGRAM.accept) return;
        isIn = true;
        this.streams.push(stream);
        if (this.streams.length > STREAMS_MAX) this.streams.shift();
      },
    };
  }

  soon(fn: () => void): void {
    this.#time.after(0, fn);
  }

  bind(address: string, socket: SimSocket): void {
    this.#servers.set(address, socket);
  }

  close(socket: SimSocket, bound: string): void {
    this.#clients.delete(socket);
    if (this.#servers.get(bound) === socket) this.#servers.delete(bound);
  }

  toServer(from: SimSocket, server: string, bytes: Uint8Array): void {
    const { host, seen } = from;
    if (host === null || from.isOrphan) return;
    this.heard[this.#sent % HEARD_MAX] = { bytes: Buffer.from(bytes), from: seen };
    this.#sent += 1;
    this.#fly(host, host.up, bytes, (copy) => this.arrive(server, copy, seen));
  }

  /** A datagram as from `from`, whoever sent it. */
  arrive(server: string, bytes: Uint8Array, from: string): void {
    this.#row(from).inBytes += bytes.length;
    this.#servers.get(server)?.hear(bytes, from);
  }

  toClient(server: string, { address, port }: Place, bytes: Uint8Array): void {
    for (const client of this.#clients) {
      const { host } = client;
      // A NAT lets in what comes to the address that it gave last.
      if (client.seenPort !== port || host === null || host.address !== address) continue;
      const to = client.seen;
      this.#row(to).outBytes += bytes.length;
      this.#fly(host, host.down, bytes, (copy) => {
        if (client.seen === to) client.hear(copy, server);
      });
      return;
    }
    this.#row(`${address}:${port}`).outBytes += bytes.length;
  }

  /** All sockets of the server are gone, as when its machine loses power. */
  unplug(): void {
    this.#servers.clear();
  }

  #row(address: string): { inBytes: number; outBytes: number } {
    let row = this.account.get(address);
    if (row === undefined) {
      row = { inBytes: 0, outBytes: 0 };
      this.account.set(address, row);
    }
    return row;
  }

  #digest(bytes: Uint8Array): void {
    const last = bytes[bytes.length - 1] ?? 0;
    const facts = [bytes.length, bytes[0] ?? 0, last, Math.floor(this.#time.nowMs() * 1000)];
    for (const fact of facts) this.digest = Math.imul(this.digest ^ fact, 0x01000193) >>> 0;
  }

  #fly(host: Host, lane: Lane, bytes: Uint8Array, arrive: (bytes: Uint8Array) => void): void {
    const { atMs, broken } = lane.fate(host.weather, this.#time.nowMs());
    this.#digest(bytes);
    if (host.isCut) return;
    for (const moment of atMs) {
      const copy = Buffer.from(bytes);
      if (broken) {
        const at = this.#chance.int(copy.length);
        copy[at] = (copy[at] ?? 0) ^ (1 << this.#chance.int(8));
      }
      this.#time.after(moment - this.#time.nowMs(), () => {
        host.pass(() => {
          if (!host.isCut) arrive(copy);
        });
      });
    }
  }
}

/** A stream loses nothing that arrived and breaks nothing: what is lost here are snapshots dropped behind a slow reader. */
export function linkOf(weather: Weather, seed: number) {
  return {
    ...PERFECT_LINK,
    rttMs: 2 * weather.delayMs,
    jitterMs: 2 * weather.jitterMs,
    lossPercent: 100 * weather.loss,
    burst: weather.burst > 1 ? weather.burst : 0,
    duplicatePercent: 100 * weather.twice,
    reorderPercent: 100 * weather.reorder,
    seed,
  };
}

/** Streams that are overheard, and datagrams of each. */
const STREAMS_MAX = 16;
const STREAM_MAX = 12;
/** Datagrams. */
const HEARD_MAX = 64;
/** As Linux tells it: twice what was asked for. */
const BUFFER_BYTES = 8 * 1024 * 1024;
