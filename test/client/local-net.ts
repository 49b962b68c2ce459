/** Transports that fail as a test says: several kinds of pipe to one LocalRoom, in simulated time. */
import type { Openers, PipeLimits } from '../../src/client/pipes.ts';
import { FrayError } from '../../src/errors.ts';
import type { MemoryPipe } from '../../src/transport/client/memory.ts';
import { lossyPipe, parseLink } from '../../src/transport/lossy.ts';
import type { ClientPipe, TransportKind } from '../../src/transport/types.ts';
import type { SimTime } from './sim-time.ts';

/** `up`: opens after `openMs`. `refused`: says so. `silent`: never answers, and what is open carries nothing. */
export type NetState = 'up' | 'refused' | 'silent';

export interface NetWay {
  state: NetState;
  readonly openMs: number;
  readonly link: string;
}

export class LocalNet {
  readonly ways: { readonly [Kind in TransportKind]?: NetWay };
  /** Pipes opened, by kind, in order; those that are open still. */
  readonly opened: TransportKind[] = [];
  readonly open: GatedPipe[] = [];
  /** Tries to open one. */
  tried = 0;
  readonly #time: SimTime;

  constructor(time: SimTime, ways: LocalNet['ways']) {
    this.#time = time;
    this.ways = ways;
  }

  /** Of all kinds at once: a change of network, a tunnel. */
  set state(state: NetState) {
    for (const way of Object.values(this.ways)) way.state = state;
  }

  /** For `LocalRoom.connect`. */
  openers(dial: () => MemoryPipe): Openers {
    const kinds = Object.keys(this.ways) as TransportKind[];
    return Object.fromEntries(
      kinds.map((kind) => [
        kind,
        (_target: unknown, limits: PipeLimits) => this.#open(kind, dial, limits),
      ]),
    );
  }

  #open(kind: TransportKind, dial: () => MemoryPipe, limits: PipeLimits): Promise<ClientPipe> {
    const way = this.ways[kind] as NetWay;
    this.tried += 1;
    return new Promise((resolve, reject) => {
      const fail = (code: 'E_CLOSED' | 'E_JOIN_TIMEOUT', text: string) =>
        reject(new FrayError(code, `Cannot connect to ${kind}: ${text}`));
      const forget = this.#time.after(limits.timeoutMs, () => fail('E_JOIN_TIMEOUT', 'no answer'));
      limits.signal.addEventListener('abort', () => {
        forget();
        reject(new FrayError('E_ABORTED', `Cannot connect to ${kind}: given up`));
      });
      this.#time.after(way.openMs, () => {
        if (way.state === 'refused') fail('E_CLOSED', 'the server is not there');
        if (way.state !== 'up' || limits.signal.aborted) return;
        forget();
        const { length } = this.opened;
        const link = parseLink(way.link);
        const inner = lossyPipe(dial(), { ...link, seed: link.seed + length }, this.#time);
        const pipe = new GatedPipe(kind, inner, way);
        this.opened.push(kind);
        this.open.push(pipe);
        pipe.ended = () => this.open.splice(this.open.indexOf(pipe), 1);
        resolve(pipe);
      });
    });
  }
}

/** A pipe that carries nothing while its way is not up. */
export class GatedPipe implements ClientPipe {
  readonly kind: TransportKind;
  ended: () => void = () => undefined;
  readonly #pipe: ClientPipe;
  readonly #way: NetWay;

  constructor(kind: TransportKind, pipe: ClientPipe, way: NetWay) {
    this.kind = kind;
    this.#pipe = pipe;
    this.#way = way;
  }

  get bufferedBytes(): number {
    return this.#pipe.bufferedBytes;
  }

  get dropped(): number {
    return this.#pipe.dropped;
  }

  send(bytes: Uint8Array): void {
    if (this.#way.state === 'up') this.#pipe.send(bytes);
  }

  close(code: number): void {
    this.#pipe.close(code);
  }

  onDatagram(fn: (bytes: Uint8Array) => void): void {
    this.#pipe.onDatagram((bytes) => {
      if (this.#way.state === 'up') fn(bytes);
    });
  }

  onClose(fn: (code: number) => void): void {
    this.#pipe.onClose((code) => {
      this.ended();
      fn(code);
    });
  }
}
