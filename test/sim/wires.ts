/** The pipes of a player's machine: UDP over the simulated network, and streams, which are held back, lost or read slowly with it. */
import type { Openers } from '../../src/client/pipes.ts';
import { openUdp } from '../../src/client/udp.ts';
import { FrayError } from '../../src/errors.ts';
import type { MemoryPipe } from '../../src/transport/client/memory.ts';
import type { LossyPipe } from '../../src/transport/lossy.ts';
import { lossyPipe } from '../../src/transport/lossy.ts';
import type { Chance } from './chance.ts';
import type { House } from './house.ts';
import type { Host, Net, Weather } from './net.ts';
import { linkOf } from './net.ts';
import type { SimTime } from './time.ts';

/** Pipes that a player may use. */
export type Pipes = 'udp' | 'web' | 'both';

interface WiresParts {
  readonly pipes: Pipes;
  readonly host: Host;
  readonly net: Net;
  readonly time: SimTime;
  readonly chance: Chance;
  readonly house: () => House | null;
}

/** A stream. */
interface Web {
  readonly pipe: MemoryPipe;
  readonly lossy: LossyPipe;
}

export class Wires {
  readonly openers: Openers;
  readonly #parts: WiresParts;
  readonly #webs = new Set<Web>();

  constructor(parts: WiresParts) {
    this.#parts = parts;
    this.openers = {
      ...(parts.pipes !== 'web' && { udp: (target, limits) => this.#udp(target.token, limits) }),
      ...(parts.pipes !== 'udp' && { memory: () => this.#web() }),
    };
  }

  /** Their page is gone: its timers may go on, but nothing of it reaches anybody any more. */
  losePage(): void {
    const { host } = this.#parts;
    host.page += 1;
    for (const { pipe } of this.#webs) {
      // Nothing of it goes out any more, also where the server hears of that later.
      pipe.send = pipe.close = () => undefined;
      host.pass(() => pipe.vanish());
    }
    this.#webs.clear();
  }

  /** The machine at the other end of its streams is gone. */
  loseWebs(): void {
    for (const web of [...this.#webs]) this.#drop(web);
  }

  cut(isCut: boolean): void {
    const { host, chance } = this.#parts;
    host.isCut = isCut;
    // A stream that stands still is not lost at once; half of them are, as when a phone changes networks.
    for (const web of [...this.#webs]) {
      web.lossy.setLink({
        ...linkOf(host.weather, this.#seed()),
        lossPercent: isCut ? 100 : 0,
      });
      if (isCut && chance.happens(0.5)) this.#drop(web);
    }
  }

  weather(weather: Weather): void {
    const { host } = this.#parts;
    host.weather = weather;
    if (!host.isCut)
      for (const { lossy } of this.#webs) lossy.setLink(linkOf(weather, this.#seed()));
  }

  /** Their reader stands still, or goes on. */
  slow(isSlow: boolean): void {
    for (const { pipe } of this.#webs) {
      if (isSlow) pipe.pause();
      else pipe.resume();
    }
  }

  async #udp(token: Uint8Array | null, limits: { timeoutMs: number; signal: AbortSignal }) {
    if (token === null) throw new FrayError('E_TOKEN_REQUIRED', 'Cannot connect by UDP: no token');
    const { net, host } = this.#parts;
    const takeBack = net.opensNext(host);
    try {
      return await openUdp(token, limits);
    } finally {
      takeBack();
    }
  }

  async #web() {
    const { house, host, time } = this.#parts;
    const there = house();
    if (there === null || host.isCut) {
      await new Promise((resolve) => time.after(2000, () => resolve(undefined)));
      throw new FrayError('E_CLOSED', 'Cannot connect: nobody answers');
    }
    const pipe = there.web.connect(host.address);
    const overheard = this.#parts.net.overhear();
    const { send, onDatagram } = pipe;
    pipe.send = (bytes) => {
      overheard.said(bytes);
      host.pass(() => send.call(pipe, bytes));
    };
    pipe.onDatagram = (fn) =>
      onDatagram.call(pipe, (bytes) => {
        overheard.answered(bytes);
        host.pass(() => fn(bytes));
      });
    const lossy = lossyPipe(pipe, linkOf(host.weather, this.#seed()), time);
    this.#webs.add({ pipe, lossy });
    return lossy;
  }

  #drop(web: Web): void {
    web.pipe.vanish();
    this.#webs.delete(web);
  }

  #seed(): number {
    return this.#parts.chance.int(2 ** 31);
  }
}
