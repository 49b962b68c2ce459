/**
 * A machine that is simulated: clocks, timers, chance, threads and UDP sockets of this process are those of the simulation while one
 * runs, so everything above them is the code that ships. What Node's own modules export is replaced in place, once
 * (`syncBuiltinESMExports`); without a machine it is what it was. Nothing real may be waited for meanwhile.
 */
import crypto from 'node:crypto';
import dgram from 'node:dgram';
import fs from 'node:fs';
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
  readonly trouble: (text: string) => void;
}

export class Machine {
  /** ms by which the wall clock is ahead of what it was. The monotonic one never jumps. */
  wallJumpMs = 0;
  /** What the disk still takes; the write that finds too little takes that, and the next one fails. */
  diskFreeBytes = Number.POSITIVE_INFINITY;
  /** Files that are open: those of a host that was killed are closed by its system. */
  readonly open = new Set<number>();
  readonly time: SimTime;
  readonly chance: Chance;
  readonly startThread: MachineParts['startThread'];
  readonly createSocket: MachineParts['createSocket'];
  readonly #trouble: (text: string) => void;
  #wakes = 0;
  #wokenMs = 0;
  readonly #waiting = new Map<SharedArrayBuffer, { word: number; wake: (how: string) => void }[]>();

  constructor({ time, chance, startThread, createSocket, trouble }: MachineParts) {
    this.time = time;
    this.chance = chance;
    this.startThread = startThread;
    this.createSocket = createSocket;
    this.#trouble = trouble;
    replaceAll();
    running = this;
  }

  /** The real ones are back. */
  off(): void {
    if (running === this) running = null;
    for (const file of this.open) fs.closeSync(file);
    this.open.clear();
  }

  /** An event loop that waits for a word of shared memory. */
  wait(words: Int32Array, word: number, value: number): object {
    if (Atomics.load(words, word) !== value) return { async: false, value: 'not-equal' };
    const { promise, resolve } = withResolvers<string>();
    const of = words.buffer as SharedArrayBuffer;
    const list = this.#waiting.get(of) ?? [];
    list.push({ word, wake: resolve });
    this.#waiting.set(of, list);
    return { async: true, value: promise };
  }

  notify(words: Int32Array, word: number): number {
    // Two that wake each other for ever never let time go on.
    const nowMs = this.time.nowMs();
    this.#wakes = nowMs === this.#wokenMs ? this.#wakes + 1 : 0;
    this.#wokenMs = nowMs;
    if (this.#wakes > WAKES_MAX) {
      this.#trouble('time stands still: threads wake each other for ever');
      return 0;
    }
    const list = this.#waiting.get(words.buffer as SharedArrayBuffer);
    if (list === undefined || list.length === 0) return 0;
    const woken = list.filter((one) => one.word === word);
    for (const one of woken) {
      list.splice(list.indexOf(one), 1);
      one.wake('ok');
    }
    return woken.length;
  }
}

/** The machine that scenarios run on now; null: this one. */
let running: Machine | null = null;
let isReplaced = false;

/** Once per process: V8 forgets what it has compiled whenever one of these changes. */
function replaceAll(): void {
  if (isReplaced) return;
  isReplaced = true;
  replaceTimers();
  replaceClocks();
  replaceChance();
  replaceBells();
  replaceDisk();
  replaceModules();
}

function replace(of: object, name: string, value: unknown): void {
  Object.defineProperty(of, name, { value, configurable: true, writable: true, enumerable: true });
}

function replaceTimers(): void {
  const { setTimeout, setInterval, setImmediate } = globalThis;
  type Call = (...args: unknown[]) => void;
  replace(globalThis, 'setTimeout', (fn: Call, ms = 0, ...args: unknown[]) => {
    if (running === null) return setTimeout(fn, ms, ...args);
    const call = args.length === 0 ? fn : () => fn(...args);
    return new Timer(running.time.after(Math.max(1, ms), call));
  });
  replace(globalThis, 'setImmediate', (fn: Call, ...args: unknown[]) => {
    if (running === null) return setImmediate(fn, ...args);
    return new Timer(running.time.after(0, () => fn(...args)));
  });
  replace(globalThis, 'setInterval', (fn: Call, ms = 1, ...args: unknown[]) => {
    if (running === null) return setInterval(fn, ms, ...args);
    const { time } = running;
    const timer = new Timer(() => undefined);
    const turn = (): void => {
      timer.cancel = time.after(Math.max(1, ms), turn);
      fn(...args);
    };
    timer.cancel = time.after(Math.max(1, ms), turn);
    return timer;
  });
  for (const name of ['clearTimeout', 'clearInterval', 'clearImmediate'] as const) {
    const clear = globalThis[name] as (timer: unknown) => void;
    replace(globalThis, name, (timer: unknown) => {
      if (timer instanceof Timer) timer.cancel();
      else clear(timer);
    });
  }
}

function replaceClocks(): void {
  const [bigint, now, date] = [process.hrtime.bigint, performance.now.bind(performance), Date.now];
  replace(process.hrtime, 'bigint', () =>
    running === null ? bigint() : BigInt(Math.round(running.time.nowMs() * 1000)) * 1000n,
  );
  replace(performance, 'now', () => (running === null ? now() : running.time.nowMs()));
  replace(Date, 'now', () =>
    running === null ? date() : Math.floor(EPOCH_MS + running.time.nowMs() + running.wallJumpMs),
  );
}

function replaceChance(): void {
  const { random } = Math;
  const { randomBytes, randomFillSync } = crypto;
  const getRandomValues = globalThis.crypto.getRandomValues.bind(globalThis.crypto);
  replace(Math, 'random', () => (running === null ? random() : running.chance.next()));
  replace(crypto, 'randomBytes', (bytes: number, done?: never) =>
    running === null
      ? (randomBytes as (bytes: number, done?: never) => unknown)(bytes, done)
      : running.chance.bytes(Buffer.alloc(bytes)),
  );
  replace(crypto, 'randomFillSync', (into: Uint8Array, ...rest: number[]) =>
    running === null ? randomFillSync(into, ...rest) : running.chance.bytes(into),
  );
  replace(globalThis.crypto, 'getRandomValues', (into: Uint8Array<ArrayBuffer>) =>
    running === null ? getRandomValues(into) : running.chance.bytes(into),
  );
}

/** A thread that would block is one of ours, and never does. */
function replaceBells(): void {
  const { waitAsync, notify, wait } = Atomics as unknown as {
    [name: string]: (...args: unknown[]) => unknown;
  };
  replace(Atomics, 'waitAsync', (...args: [Int32Array, number, number]) =>
    running === null ? waitAsync?.(...args) : running.wait(...args),
  );
  replace(Atomics, 'notify', (words: Int32Array, word: number, count?: number) =>
    running === null ? notify?.(words, word, count) : running.notify(words, word),
  );
  replace(Atomics, 'wait', (...args: unknown[]) => {
    if (running === null) return wait?.(...args);
    throw new Error('A thread of the simulation would block');
  });
}

/** Only of what is written in pieces, as journals are. */
function replaceDisk(): void {
  const { writeSync, openSync, closeSync, fdatasync } = fs;
  type Write = readonly [
    file: number,
    bytes: Uint8Array,
    from?: number,
    length?: number,
    at?: number,
  ];
  replace(fs, 'writeSync', (...args: Write) => {
    if (running === null || running.diskFreeBytes === Number.POSITIVE_INFINITY)
      return writeSync(...args);
    const [file, bytes, from = 0, length = bytes.length - from, at] = args;
    const taken = Math.min(length, running.diskFreeBytes);
    if (taken === 0)
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    running.diskFreeBytes -= taken;
    return writeSync(file, bytes, from, taken, at);
  });
  replace(fs, 'openSync', (...args: Parameters<typeof openSync>) => {
    const file = openSync(...args);
    running?.open.add(file);
    return file;
  });
  replace(fs, 'closeSync', (file: number) => {
    running?.open.delete(file);
    closeSync(file);
  });
  // A sync that takes real time would come at another moment each time.
  replace(fs, 'fdatasync', (file: number, done: fs.NoParamCallback) => {
    if (running === null) fdatasync(file, done);
    else running.time.after(SYNC_MS, () => done(null));
  });
}

function replaceModules(): void {
  const { createSocket } = dgram;
  const Started = new Proxy(threads.Worker, {
    construct: (worker, args) =>
      running === null ? Reflect.construct(worker, args) : running.startThread(args[1]),
  });
  replace(threads, 'Worker', Started);
  replace(dgram, 'createSocket', (options: dgram.SocketOptions) =>
    running === null ? createSocket(options) : running.createSocket(),
  );
  syncBuiltinESMExports();
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

/** ms that a disk takes to be sure. */
const SYNC_MS = 8;
/** Wakes of threads in one moment. */
const WAKES_MAX = 2000;
/** Milliseconds since 1970 at the start of simulated time. */
const EPOCH_MS = 1_800_000_000_000;
