/**
 * Starts `fray-rtc`, speaks with it, and starts it again when it died; one that hangs is killed first. Whoever uses this hears `gone`
 * for each death: all peers went with it.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { FrayError } from '../../../errors.ts';
import type { FrameListener } from './frames.ts';
import { FAILURE, FRAMES, FrameReader, FrameWriter } from './frames.ts';
import type { RtcBoot } from './fray-rtc.ts';
import { Pulse, TURN_MS } from './pulse.ts';

/** `unavailable`: it cannot work on this machine, and is not started again. */
export type RtcState = 'starting' | 'ready' | 'waiting' | 'unavailable' | 'stopped';

export interface RtcProcessOptions extends RtcBoot {
  /** A process that sends nothing for so long, not even a report, is killed. */
  readonly hungMs: number;
  /** The same from its start until it is ready. Where it never was, it is given up then. */
  readonly startMs: number;
  /** Frames about peers; `payload` is valid only during the call. */
  readonly frame: FrameListener;
  /** It died, or what it sent was damaged; all its peers are gone. */
  readonly gone: () => void;
  /** Said once per event: started again, damaged, not available. */
  readonly log: (level: 'info' | 'warn' | 'error', text: string) => void;
}

export class RtcProcess {
  state: RtcState = 'starting';
  /** Times it was started again. */
  restarts = 0;
  /** Streams that were damaged. */
  damaged = 0;
  /** Times it was killed because it hung. */
  hung = 0;
  /** Datagrams that it dropped, all of its lives together. */
  dropped = 0;
  /** UDP port of all peers; 0 before it is known. Kept over restarts. */
  port = 0;
  /** Why it is not available. */
  reason = '';
  readonly #options: RtcProcessOptions;
  #child: ChildProcess | null = null;
  #stream: Socket | null = null;
  #out: FrameWriter | null = null;
  #crashes = 0;
  #startedMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #watch: NodeJS.Timeout | undefined;
  #wasReady = false;
  #pastCpuUs = 0;
  #pastDropped = 0;
  #cpuUs = 0;
  #settle: () => void = () => {};
  readonly #settled = new Promise<void>((resolve) => {
    this.#settle = resolve;
  });

  constructor(options: RtcProcessOptions) {
    this.#options = options;
    this.#start();
  }

  /** Process id; 0 where there is none just now. */
  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Bytes that it has not taken yet. */
  get backlogBytes(): number {
    return this.#stream?.writableLength ?? 0;
  }

  /** CPU time of all its lives, us; at most a quarter of a second old. */
  get cpuUs(): number {
    return this.#pastCpuUs + this.#cpuUs;
  }

  /**
   * Resolves with true when it is ready for the first time, with false when it cannot be loaded here, hangs or dies again and again as
   * it starts, or was stopped; rejects with `E_PORT` when its port cannot be opened.
   */
  async ready(): Promise<boolean> {
    await this.#settled;
    if (this.#portRefused) throw new FrayError('E_PORT', `Cannot serve WebRTC: ${this.reason}`);
    return this.state !== 'unavailable' && this.state !== 'stopped';
  }

  /** Does nothing while it is not ready. */
  push(
    frame: (typeof FRAMES)['offer' | 'send' | 'close'],
    peer: number,
    payload: Uint8Array,
  ): void {
    if (this.state === 'ready') this.#out?.push(frame, peer, payload);
  }

  /** Ends it: it gets `timeoutMs` to do so by itself. */
  async stop(timeoutMs: number): Promise<void> {
    this.state = 'stopped';
    clearTimeout(this.#timer);
    clearInterval(this.#watch);
    this.#settle();
    const child = this.#child;
    if (child === null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    this.#out?.flush();
    this.#stream?.end();
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    await ended;
    clearTimeout(timer);
  }

  #portRefused = false;

  #start(): void {
    const { host, port, bufferedBytesMax, sendBufferBytes } = this.#options;
    const boot: RtcBoot = { host, port: this.port || port, bufferedBytesMax, sendBufferBytes };
    this.state = 'starting';
    this.#startedMs = performance.now();
    const child = spawn(process.execPath, [...entry(), JSON.stringify(boot)], {
      stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
    });
    const stream = child.stdio[3] as Socket;
    this.#child = child;
    this.#stream = stream;
    // Flushed in a microtask: after all that one wake of the rooms has to say, in one write.
    this.#out = new FrameWriter((bytes) => void stream.write(bytes), queueMicrotask);
    const reader = new FrameReader('process', (kind, peer, payload) => {
      if (this.#child === child) this.#frame(kind, peer, payload);
    });
    const pulse = this.#watchOver(child);
    stream.on('error', () => {});
    stream.on('data', (bytes: Uint8Array) => {
      pulse.beat();
      if (this.#child !== child || reader.push(bytes)) return;
      this.damaged += 1;
      this.#options.log('error', `fray-rtc sent what is no frame (E_MALFORMED): ${reader.damage}`);
      child.kill('SIGKILL');
      this.#ended(child, 'its stream was damaged');
    });
    child.on('error', (error) => this.#ended(child, error.message));
    child.on('exit', (code, signal) => this.#ended(child, `it ended with ${signal ?? code}`));
  }

  /** Ends a process that has gone quiet. */
  #watchOver(child: ChildProcess): Pulse {
    const pulse = new Pulse(performance.now());
    clearInterval(this.#watch);
    this.#watch = setInterval(() => {
      const quietMs = this.state === 'starting' ? this.#options.startMs : this.#options.hungMs;
      if (!pulse.turn(performance.now(), quietMs)) return;
      this.hung += 1;
      child.kill('SIGKILL');
      // What it did while it hung does not count as life.
      this.#startedMs += quietMs;
      if (!this.#wasReady && this.state === 'starting') this.#giveUp('fray-rtc hangs as it starts');
      this.#ended(child, `it sent nothing for ${quietMs} ms`);
    }, TURN_MS);
    this.#watch.unref();
    return pulse;
  }

  #frame(kind: number, peer: number, payload: Uint8Array): void {
    const view = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
    if (kind === FRAMES.ready.kind) {
      this.port = view.readUInt16LE(0);
      this.state = 'ready';
      this.#wasReady = true;
      this.#settle();
    } else if (kind === FRAMES.failed.kind) {
      this.#failed(view[0] as number, view.subarray(1).toString());
    } else if (kind === FRAMES.report.kind) {
      const cpuUs = view.readDoubleLE(0);
      if (Number.isFinite(cpuUs)) this.#cpuUs = Math.max(this.#cpuUs, cpuUs);
      this.dropped = this.#pastDropped + view.readUInt32LE(8);
    } else this.#options.frame(kind, peer, payload);
  }

  /** A port that was its own a moment ago is tried again; otherwise it is given up. */
  #failed(why: number, text: string): void {
    if (why === FAILURE.port && this.port !== 0) return;
    this.#portRefused = why === FAILURE.port;
    const { host, port } = this.#options;
    this.#giveUp(
      this.#portRefused ? `UDP port ${port} of ${host} cannot be opened: ${text}` : text,
    );
  }

  #giveUp(reason: string): void {
    this.reason = reason;
    this.state = 'unavailable';
    this.#options.log(
      'warn',
      `WebRTC is not available, players use other transports: ${this.reason}`,
    );
    this.#settle();
  }

  #ended(child: ChildProcess, why: string): void {
    if (this.#child !== child) return;
    this.#child = this.#stream = this.#out = null;
    clearInterval(this.#watch);
    this.#pastCpuUs += this.#cpuUs;
    this.#pastDropped = this.dropped;
    this.#cpuUs = 0;
    if (this.state !== 'stopped' && this.state !== 'unavailable') this.#again(why);
    this.#options.gone();
  }

  #again(why: string): void {
    const isStable = this.state === 'ready' && performance.now() - this.#startedMs >= STABLE_MS;
    this.#crashes = isStable ? 0 : this.#crashes + 1;
    if (!this.#wasReady && this.#crashes >= STARTS_MAX) {
      this.#giveUp(`fray-rtc dies as it starts: ${why}`);
      return;
    }
    const waitMs = restartMs(this.#crashes);
    this.#options.log('warn', `fray-rtc is started again in ${waitMs} ms: ${why}`);
    this.restarts += 1;
    this.state = 'waiting';
    if (waitMs === 0) this.#start();
    else this.#timer = setTimeout(() => this.#start(), waitMs);
  }
}

/** How long to wait after so many deaths in a row, ms. The first costs nothing: it is no habit yet. */
export function restartMs(crashes: number): number {
  return crashes === 0 ? 0 : Math.min(RESTART_MS_MAX, RESTART_MS * 2 ** crashes);
}

/** Node's arguments: the built file beside this build, or this repository's source by way of tsx. */
function entry(): string[] {
  if (import.meta.url.endsWith('.ts')) {
    const source = fileURLToPath(new URL('./fray-rtc.ts', import.meta.url));
    return ['--import', import.meta.resolve('tsx'), source];
  }
  const places = ['./fray-rtc.js', '../fray-rtc.js'];
  const found = places
    .map((place) => fileURLToPath(new URL(place, import.meta.url)))
    .find((path) => existsSync(path));
  if (found === undefined)
    throw new FrayError('E_CONFIG', 'Cannot serve WebRTC: fray-rtc.js is not beside this build');
  return [found];
}

/** Deaths in a row before it was ever ready, after which it is given up: whoever waits for `ready` has waited some 3 s for them. */
const STARTS_MAX = 6;
/** ms. A process that lived so long did not die of its start. */
const STABLE_MS = 2000;
/** ms. Half the wait after the second death in a row; doubles. */
const RESTART_MS = 50;
const RESTART_MS_MAX = 10_000;
