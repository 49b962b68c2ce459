/**
 * What both transports of netcode have in common, over node:dgram and over native threads: which pipe is which client, who hears of it, how
 * it is closed and how all end. What becomes of a datagram is theirs.
 */
import type { Clock } from './clock.ts';
import type { NetcodeServer } from './session/server/netcode.ts';
import { netcodeOutput } from './session/server/netcode.ts';
import type { NetcodePeer } from './session/server/netcode-links.ts';
import type { OpenListener } from './transport/types.ts';
import { CLOSE, PipeNumbers, transportCounters } from './transport/types.ts';

export interface NetcodePipe {
  number: number;
  readonly client: number;
  /** Told to `onClose`, unless the peer was first. */
  code: number;
}

export interface NetcodePipesOptions {
  readonly netcode: NetcodeServer;
  readonly clock: Clock;
  /** As that of the netcode server: clients at once. */
  readonly clientsMax: number;
  /** Its place among the transports of the server, 0..7. */
  readonly index: number;
  /** ms between two looks at the clock. */
  readonly tickMs: number;
}

export abstract class NetcodePipes<Pipe extends NetcodePipe> {
  readonly kind = 'udp';
  readonly index: number;
  protected readonly counted = transportCounters();
  protected readonly netcode: NetcodeServer;
  protected readonly numbers: PipeNumbers<Pipe>;
  /** By netcode's index of the client. */
  protected readonly byClient: (Pipe | null)[] = [];
  protected heard: (pipe: number, bytes: Uint8Array) => void = ignore;
  readonly #clock: Clock;
  readonly #out = netcodeOutput();
  readonly #timer: NodeJS.Timeout;
  #opened: OpenListener = ignore;
  #closed: (pipe: number, code: number) => void = ignore;
  #stopped = false;

  constructor({ netcode, clock, clientsMax, index, tickMs }: NetcodePipesOptions) {
    this.netcode = netcode;
    this.#clock = clock;
    this.index = index;
    this.numbers = new PipeNumbers(clientsMax, index);
    netcode.tick(clock.nowUs());
    this.#timer = setInterval(() => this.#tick(), tickMs);
    this.#timer.unref();
  }

  get pipes(): number {
    return this.numbers.count;
  }

  onOpen(fn: OpenListener): void {
    this.#opened = fn;
  }

  onDatagram(fn: (pipe: number, bytes: Uint8Array) => void): void {
    this.heard = fn;
  }

  onClose(fn: (pipe: number, code: number) => void): void {
    this.#closed = fn;
  }

  close(pipe: number, code: number): void {
    const one = this.numbers.get(pipe);
    if (one === undefined || one.code !== CLOSE.lost) return;
    one.code = code;
    this.netcode.close(one.client);
    // Not at once: `onClose` is not called from inside an own call.
    setImmediate(() => this.#settle());
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    clearInterval(this.#timer);
    for (const pipe of this.numbers.values()) this.close(pipe.number, CLOSE.away);
    this.#settle();
    await this.release();
  }

  /** First whom it concerns: that the token is spent may have to be written down before its keys are used. */
  protected open(pipe: Pipe, address: string): void {
    const { client } = pipe;
    const number = this.numbers.add(pipe);
    if (number < 0) {
      this.counted.refusedFull += 1;
      this.netcode.close(client);
      return;
    }
    pipe.number = number;
    this.byClient[client] = pipe;
    this.counted.opened += 1;
    this.#opened(number, address, { headers: null, permit: this.netcode.tokenOf(client) });
    this.keepAlive(client);
  }

  protected end(client: number, code: number): void {
    const pipe = this.byClient[client] ?? null;
    if (pipe === null) return;
    this.byClient[client] = null;
    this.numbers.remove(pipe.number);
    this.counted.closed += 1;
    this.#closed(pipe.number, pipe.code === CLOSE.lost ? code : pipe.code);
  }

  /** Tells a client that it is in. */
  protected abstract keepAlive(client: number): void;

  /** What netcode has to say of itself. */
  protected abstract say(peer: NetcodePeer, bytes: Uint8Array): void;

  /** With each look at the clock, before those who are gone are told of. */
  protected look(): void {}

  /** Closes the sockets. */
  protected abstract release(): void | Promise<void>;

  #tick(): void {
    this.netcode.tick(this.#clock.nowUs());
    this.look();
    this.#settle();
  }

  #settle(): void {
    const out = this.#out;
    while (this.netcode.poll(out)) {
      if (out.kind === 'send') {
        this.say(out.peer, out.bytes);
        continue;
      }
      if (out.silent) this.counted.silent += 1;
      this.end(out.client, out.silent ? CLOSE.silent : CLOSE.normal);
    }
  }
}

function ignore(): void {}
