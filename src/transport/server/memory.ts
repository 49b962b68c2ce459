/**
 * Server end of the memory transport. Datagrams are handed over in a later microtask (or by `defer`), in order.
 */
import { PACKET_BYTES_MAX } from '../../../protocol/gen/tables.ts';
import type { Defer, MemoryEndOptions, MemoryListener, MemoryPipe } from '../client/memory.ts';
import { MemoryClientPipe, MemoryLane } from '../client/memory.ts';
import type { OpenListener, ServerTransport } from '../types.ts';
import { CLOSE, NO_FACTS, PipeNumbers, transportCounters } from '../types.ts';

export interface MemoryServerOptions {
  /** Runs a delivery later. Default: `queueMicrotask`. */
  readonly defer?: Defer;
  /** Bytes that may wait for a paused reader. Default 65,536. */
  readonly bufferedBytesMax?: number;
  /** Pipes at once. Default 4,096. */
  readonly pipesMax?: number;
  /** Place among the transports of the server. Default 0. */
  readonly index?: number;
}

interface Pipe {
  readonly number: number;
  readonly up: MemoryLane;
  readonly down: MemoryLane;
}

export class MemoryServer implements ServerTransport, MemoryListener {
  readonly kind = 'memory';
  readonly index: number;
  readonly counters = transportCounters();
  readonly #lane: MemoryEndOptions;
  readonly #numbers: PipeNumbers<Pipe>;
  #opened: OpenListener = ignore;
  #datagram: (pipe: number, bytes: Uint8Array) => void = ignore;
  #closed: (pipe: number, code: number) => void = ignore;
  #stopped = false;

  constructor(options: MemoryServerOptions = {}) {
    this.#lane = {
      defer: options.defer ?? queueMicrotask,
      bufferedBytesMax: options.bufferedBytesMax ?? 65_536,
    };
    this.index = options.index ?? 0;
    this.#numbers = new PipeNumbers(options.pipesMax ?? 4096, this.index);
  }

  get pipes(): number {
    return this.#numbers.count;
  }

  /** Opens a pipe. Where the server is full or stopped it closes at once with `CLOSE.lost`. */
  connect(address = 'memory'): MemoryPipe {
    const up = new MemoryLane(this.#lane);
    const down = new MemoryLane(this.#lane);
    const client = new MemoryClientPipe(up, down);
    const number = this.#stopped ? -1 : this.#open(up, down);
    if (number < 0) {
      this.counters.refusedFull += 1;
      down.end(CLOSE.lost);
      return client;
    }
    this.#lane.defer(() => this.#opened(number, address, NO_FACTS));
    return client;
  }

  onOpen(fn: OpenListener): void {
    this.#opened = fn;
  }

  onDatagram(fn: (pipe: number, bytes: Uint8Array) => void): void {
    this.#datagram = fn;
  }

  onClose(fn: (pipe: number, code: number) => void): void {
    this.#closed = fn;
  }

  send(pipe: number, bytes: Uint8Array): boolean {
    const one = this.#numbers.get(pipe);
    if (one === undefined || bytes.length === 0 || bytes.length > PACKET_BYTES_MAX) {
      this.counters.droppedOut += 1;
      return false;
    }
    if (!one.down.push(bytes)) {
      this.counters.droppedSlow += 1;
      return false;
    }
    this.counters.datagramsOut += 1;
    this.counters.bytesOut += bytes.length;
    return true;
  }

  close(pipe: number, code: number): void {
    const one = this.#numbers.get(pipe);
    if (one === undefined) return;
    one.down.end(code);
    one.up.cut(code);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const pipe of [...this.#numbers.values()]) this.close(pipe.number, CLOSE.away);
    while (this.pipes > 0) await new Promise<void>((resolve) => this.#lane.defer(resolve));
  }

  #open(up: MemoryLane, down: MemoryLane): number {
    const pipe = { number: -1, up, down };
    const number = this.#numbers.add(pipe);
    if (number < 0) return number;
    pipe.number = number;
    this.counters.opened += 1;
    up.onDatagram((bytes) => {
      this.counters.datagramsIn += 1;
      this.counters.bytesIn += bytes.length;
      this.#datagram(number, bytes);
    });
    up.onClose((code) => this.#end(number, code));
    return number;
  }

  #end(number: number, code: number): void {
    if (this.#numbers.remove(number) === undefined) return;
    this.counters.closed += 1;
    this.#closed(number, code);
  }
}

function ignore(): void {}
