/** From the test's side: an honest client in a process that can be stopped, and a network that can be cut. */
import type { ChildProcess } from 'node:child_process';
import type { AddressInfo, Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { pause } from './metronome.ts';
import { hear, type Keeper, startScript } from './processes.ts';
import type { ClockKind, Look, ToSleeper } from './sleeper.ts';

export class Sleeper {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Resolves when it plays. */
  static async start(keeper: Keeper, url: string, clock: ClockKind): Promise<Sleeper> {
    const child = startScript(keeper, 'test/hostile/sleeper.ts', [url, clock]);
    await hear<Look>(child);
    const sleeper = new Sleeper(child);
    await sleeper.back();
    return sleeper;
  }

  stop(): void {
    this.#child.kill('SIGSTOP');
  }

  wake(): void {
    this.#child.kill('SIGCONT');
  }

  look(): Promise<Look> {
    return this.say('look');
  }

  say(wish: ToSleeper): Promise<Look> {
    this.#child.send(wish);
    return hear<Look>(this.#child);
  }

  /**
   * ms until it plays as if nothing had been: half a second of snapshots and of commands, each in time, with the view of the
   * others in the present.
   */
  async back(mostMs = 6000): Promise<number> {
    let before = await this.look();
    return this.until(
      'it plays',
      (now) => {
        const snapshots = now.snapshots - before.snapshots;
        const commands = now.commands - before.commands;
        const late = now.late - before.late;
        before = now;
        return (
          now.status === 'open' &&
          snapshots > HALF_SECOND_TICKS / 2 &&
          commands > HALF_SECOND_TICKS / 2 &&
          late < HALF_SECOND_TICKS / 4 &&
          Math.abs(now.behind - now.interpolationTicks) <= VIEW_OFF_TICKS_MAX
        );
      },
      mostMs,
    );
  }

  /** Looks every half second; answers the ms it took. */
  async until(what: string, holds: (look: Look) => boolean, mostMs = 6000): Promise<number> {
    const startMs = performance.now();
    for (;;) {
      await pause(500);
      const look = await this.look();
      const ms = Math.round(performance.now() - startMs);
      if (holds(look)) return ms;
      if (ms > mostMs) throw new Error(`Not within ${mostMs} ms: ${what}; ${JSON.stringify(look)}`);
    }
  }
}

/** A way to a server that can be cut so that nobody is told: what is sent is gone, and no end of a connection comes through. */
export class Relay {
  readonly url: string;
  #cut = false;

  private constructor(server: Server) {
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  }

  static async open(keeper: Keeper, port: number): Promise<Relay> {
    const sockets: Socket[] = [];
    const server = createServer({ allowHalfOpen: true }, (near) => {
      const far = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
      sockets.push(near, far);
      near.on('data', (bytes) => relay.#pass(bytes, far));
      far.on('data', (bytes) => relay.#pass(bytes, near));
      for (const socket of [near, far]) socket.on('error', () => undefined);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const relay = new Relay(server);
    keeper.teardown(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return relay;
  }

  cut(): void {
    this.#cut = true;
  }

  #pass(bytes: Uint8Array, to: Socket): void {
    if (!this.#cut) to.write(bytes);
  }
}

const HALF_SECOND_TICKS = 15;
/** A view moves by at most 2 %: what is this far off is on its way. */
const VIEW_OFF_TICKS_MAX = 3;
