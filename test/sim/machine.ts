/**
 * A machine that is simulated: clocks, timers, chance, threads and UDP sockets of this process are those of the simulation while it is
 * switched on, so everything above them is the code that ships. What Node's own modules export is replaced in place
 * (`syncBuiltinESMExports`), and put back at the end. Nothing real may be waited for meanwhile.
 */
import crypto from 'node:crypto';
import dgram from 'node:dgram';
import { syncBuiltinESMExports } from 'node:module';
import threads from 'node:worker_threads';
import type { Chance } from './chance.ts';
import type { SimTime } from './time.ts';

export interface MachineParts {
  readonly time: SimTime;
  readonly chance: Chance;
  /** Stands in for `new Worker(...)`. */
  readonly startThread: (options: {
    readonly workerData: unknown;
    readonly name: string;
  }) => object;
  /** Stands in for `dgram.createSocket`. */
  readonly createSocket: () => object;
}

export class Machine {
  /** ms by which the wall clock is ahead of what it was. The monotonic one never jumps. */
  wallJumpMs = 0;
  readonly #time: SimTime;
  readonly #undo: (() => void)[] = [];
  readonly #waiting = new Map<SharedArrayBuffer, { word: number; wake: (how: string) => void }[]>();

  constructor(parts: MachineParts) {
    this.#time = parts.time;
    this.#timers();
    this.#clocks();
    this.#chance(parts.chance);
    this.#bells();
    this.#modules(parts);
  }

  /** The real ones are back. */
  off(): void {
    for (const undo of this.#undo.reverse()) undo();
    syncBuiltinESMExports();
  }

  #replace(of: object, name: string, value: unknown): void {
    const before = Object.getOwnPropertyDescriptor(of, name);
    Object.defineProperty(of, name, {
      value,
      configurable: true,
      writable: true,
      enumerable: true,
    });
    this.#undo.push(() => {
      if (before === undefined) Reflect.deleteProperty(of, name);
      else Object.defineProperty(of, name, before);
    });
  }

  #timers(): void {
    const time = this.#time;
    const once = (fn: (...args: unknown[]) => void, ms = 0, ...args: unknown[]): Timer =>
      new Timer(time.after(Math.max(1, ms), () => fn(...args)));
    const soon = (fn: (...args: unknown[]) => void, ...args: unknown[]): Timer =>
      new Timer(time.after(0, () => fn(...args)));
    const again = (fn: (...args: unknown[]) => void, ms = 1, ...args: unknown[]): Timer => {
      const timer = new Timer(() => undefined);
      const turn = (): void => {
        timer.cancel = time.after(Math.max(1, ms), turn);
        fn(...args);
      };
      timer.cancel = time.after(Math.max(1, ms), turn);
      return timer;
    };
    const clear = (timer: unknown): void => {
      if (timer instanceof Timer) timer.cancel();
    };
    this.#replace(globalThis, 'setTimeout', once);
    this.#replace(globalThis, 'setInterval', again);
    this.#replace(globalThis, 'setImmediate', soon);
    for (const name of ['clearTimeout', 'clearInterval', 'clearImmediate'])
      this.#replace(globalThis, name, clear);
  }

  #clocks(): void {
    const time = this.#time;
    const bigint = (): bigint => BigInt(Math.round(time.nowMs() * 1000)) * 1000n;
    this.#replace(process.hrtime, 'bigint', bigint);
    this.#replace(performance, 'now', () => time.nowMs());
    this.#replace(Date, 'now', () => Math.floor(EPOCH_MS + time.nowMs() + this.wallJumpMs));
  }

  #chance(chance: Chance): void {
    this.#replace(Math, 'random', () => chance.next());
    this.#replace(crypto, 'randomBytes', (bytes: number) => chance.bytes(Buffer.alloc(bytes)));
    this.#replace(crypto, 'randomFillSync', (into: Uint8Array) => chance.bytes(into));
    this.#replace(globalThis.crypto, 'getRandomValues', (into: Uint8Array) => chance.bytes(into));
  }

  /** An event loop that waits for a word of shared memory. A thread that would block is one of ours, and never does. */
  #bells(): void {
    const waiting = this.#waiting;
    this.#replace(Atomics, 'waitAsync', (words: Int32Array, word: number, value: number) => {
      if (Atomics.load(words, word) !== value) return { async: false, value: 'not-equal' };
      const { promise, resolve } = withResolvers<string>();
      const of = words.buffer as SharedArrayBuffer;
      const list = waiting.get(of) ?? [];
      list.push({ word, wake: resolve });
      waiting.set(of, list);
      return { async: true, value: promise };
    });
    this.#replace(Atomics, 'notify', (words: Int32Array, word: number) => {
      const list = waiting.get(words.buffer as SharedArrayBuffer) ?? [];
      const woken = list.filter((one) => one.word === word);
      for (const one of woken) {
        list.splice(list.indexOf(one), 1);
        one.wake('ok');
      }
      return woken.length;
    });
    this.#replace(Atomics, 'wait', () => {
      throw new Error('A thread of the simulation would block');
    });
  }

  #modules({ startThread, createSocket }: MachineParts): void {
    const Started = new Proxy(threads.Worker, {
      construct: (_worker, [, options]) => startThread(options),
    });
    this.#replace(threads, 'Worker', Started);
    this.#replace(dgram, 'createSocket', createSocket);
    syncBuiltinESMExports();
  }
}

/** As Node's timers: they can be cleared, and pretend to be let go of. */
class Timer {
  cancel: () => void;

  constructor(cancel: () => void) {
    this.cancel = cancel;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return true;
  }
}

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** Milliseconds since 1970 at the start of simulated time. */
const EPOCH_MS = 1_800_000_000_000;
