/**
 * Client end of the memory transport: a pipe inside one process, for tests, simulations and a page that hosts its own
 * server. Order is kept and nothing is lost, but for what a paused reader makes the other end drop.
 */
import { PACKET_BYTES_MAX } from '../../../protocol/gen/tables.ts';
import type { ClientPipe } from '../types.ts';
import { CLOSE, Ending } from '../types.ts';

/** What opens memory pipes: the server end. */
export interface MemoryListener {
  connect(address?: string): MemoryPipe;
}

/** A client pipe whose reader can be stopped, to play a slow one. */
export interface MemoryPipe extends ClientPipe {
  pause(): void;
  resume(): void;
  /** Vanishes without a word: neither end's later datagrams arrive, and the server is told `CLOSE.lost`. */
  vanish(): void;
}

export function connectMemory(server: MemoryListener, address?: string): MemoryPipe {
  return server.connect(address);
}

/** Runs `fn` later, never before the caller has returned. Deterministic simulations pass their own queue. */
export type Defer = (fn: () => void) => void;

export interface MemoryEndOptions {
  readonly defer: Defer;
  /** Bytes that may wait for a paused reader; further datagrams are dropped. */
  readonly bufferedBytesMax: number;
}

/** One direction: a bounded queue of copies, handed over one after another. */
export class MemoryLane {
  /** Bytes waiting. */
  bufferedBytes = 0;
  readonly #options: MemoryEndOptions;
  #queue: (Uint8Array | number)[] = [];
  #deliver: (bytes: Uint8Array) => void = ignore;
  #closed: (code: number) => void = ignore;
  #scheduled = false;
  #paused = false;
  #over = false;

  constructor(options: MemoryEndOptions) {
    this.#options = options;
  }

  onDatagram(fn: (bytes: Uint8Array) => void): void {
    this.#deliver = fn;
  }

  onClose(fn: (code: number) => void): void {
    this.#closed = fn;
  }

  /** False: too long, empty, over, or the reader is too far behind. */
  push(bytes: Uint8Array): boolean {
    if (this.#over || bytes.length === 0 || bytes.length > PACKET_BYTES_MAX) return false;
    if (this.bufferedBytes + bytes.length > this.#options.bufferedBytesMax) return false;
    this.bufferedBytes += bytes.length;
    this.#queue.push(bytes.slice());
    this.#schedule();
    return true;
  }

  /** The end of the lane, after all that was pushed before. */
  end(code: number): void {
    if (this.#over) return;
    this.#over = true;
    this.#paused = false;
    this.#queue.push(code);
    this.#schedule();
  }

  /** The end of the lane at once: what waits is lost. */
  cut(code: number): void {
    if (this.#over) return;
    this.#queue = [];
    this.bufferedBytes = 0;
    this.end(code);
  }

  set paused(value: boolean) {
    this.#paused = value && !this.#over;
    if (!value) this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#queue.length === 0) return;
    this.#scheduled = true;
    this.#options.defer(() => this.#run());
  }

  #run(): void {
    this.#scheduled = false;
    for (let turns = this.#queue.length; turns > 0 && !this.#paused; turns -= 1) {
      const item = this.#queue.shift();
      if (item === undefined) return;
      if (typeof item === 'number') this.#closed(item);
      else {
        this.bufferedBytes -= item.length;
        this.#deliver(item);
      }
    }
    if (!this.#paused) this.#schedule();
  }
}

/** Made by the server end; `up` leads to the server, `down` to this client. */
export class MemoryClientPipe implements MemoryPipe {
  readonly kind = 'memory';
  dropped = 0;
  readonly #up: MemoryLane;
  readonly #down: MemoryLane;
  #open = true;
  readonly #ending = new Ending();

  constructor(up: MemoryLane, down: MemoryLane) {
    this.#up = up;
    this.#down = down;
    down.onClose((code) => {
      this.#open = false;
      this.#up.cut(code);
      this.#ending.happen(code);
    });
  }

  get bufferedBytes(): number {
    return this.#up.bufferedBytes;
  }

  send(bytes: Uint8Array): void {
    if (!this.#open || !this.#up.push(bytes)) this.dropped += 1;
  }

  close(code: number, last?: Uint8Array): void {
    if (!this.#open) return;
    if (last !== undefined) this.send(last);
    this.#open = false;
    this.#up.end(code);
    this.#down.cut(code);
  }

  onDatagram(fn: (bytes: Uint8Array) => void): void {
    this.#down.onDatagram(fn);
  }

  onClose(fn: (code: number) => void): void {
    this.#ending.listen(fn);
  }

  pause(): void {
    this.#down.paused = true;
  }

  resume(): void {
    this.#down.paused = false;
  }

  vanish(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#up.cut(CLOSE.lost);
    this.#down.cut(CLOSE.lost);
  }
}

function ignore(): void {}
