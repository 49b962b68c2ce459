/** A directory with real room workers, as a server has, and nobody at the sockets: what it makes is thrown away. */
import { ERROR } from '../protocol/gen/tables.ts';
import { findGame } from '../src/cli/games.ts';
import { systemClock } from '../src/clock.ts';
import { RoomDirectory } from '../src/room/directory.ts';
import type { DirectoryOptions } from '../src/room/options.ts';
import { createRoomOutput } from '../src/room/outputs.ts';
import type { RoomWorker } from '../src/room/workers.ts';
import type { CounterName } from '../workers/timing.ts';

export class WorkerHost {
  readonly directory: RoomDirectory;
  #session = 0;
  #joined = 0;
  #failure: string | undefined;

  /** One worker with arenas, unless `options` say otherwise. */
  static async start(options: Partial<DirectoryOptions>): Promise<WorkerHost> {
    const host = new WorkerHost(options);
    await host.directory.start();
    return host;
  }

  private constructor(options: Partial<DirectoryOptions>) {
    const log = {
      info: () => {},
      // That it is busy is what a bench makes of it.
      warn: () => {},
      error: (fields: object, text: string) => this.#fail(`${text} ${JSON.stringify(fields)}`),
    };
    this.directory = new RoomDirectory({
      workers: 1,
      game: findGame('arena', { folder: '.' }).server,
      roomsMax: ROOMS_MAX,
      roomsWarm: 0,
      playersMax: 0,
      bots: 0,
      clock: systemClock(),
      log,
      ...options,
    });
    const out = createRoomOutput();
    this.directory.onWake(() => {
      while (this.directory.poll(out)) {
        if (out.kind === 'joined') this.#joined += 1;
        else this.#fail(`session ${out.sessionId} ${out.kind}: ${out.text}`);
      }
      this.directory.drain(() => {});
    });
  }

  get worker(): RoomWorker {
    return this.directory.workers()[0] as RoomWorker;
  }

  counter(name: CounterName): number {
    return this.worker.timing.counter(name);
  }

  /** So many players create a room each, leave it, and the rooms close. */
  async createAndLeave(rooms: number): Promise<void> {
    const first = this.#session + 1;
    for (let room = 0; room < rooms; room += 1) {
      this.#session += 1;
      this.directory.join({
        sessionId: this.#session,
        userId: `user ${this.#session}`,
        userData: new Uint8Array(0),
        name: 'Ann',
        choice: { create: '' },
        schemaHash: this.directory.facts.schemaHash,
        verify: false,
      });
    }
    await this.until(() => this.#joined === this.#session);
    for (let session = first; session <= this.#session; session += 1)
      this.directory.leave(session, ERROR.E_LEFT);
    await this.until(() => this.counter('rooms') === 0);
  }

  /** Rejects after a minute, and where the host had something to complain of. */
  async until(condition: () => boolean): Promise<void> {
    const endMs = performance.now() + UNTIL_MS_MAX;
    while (!condition()) {
      if (this.#failure !== undefined) throw new Error(this.#failure);
      if (performance.now() > endMs) throw new Error('The worker of the bench does not answer');
      await pause(POLL_MS);
    }
  }

  stop(): Promise<void> {
    return this.directory.stop(0);
  }

  #fail(text: string): void {
    this.#failure ??= text;
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const ROOMS_MAX = 1024;
const UNTIL_MS_MAX = 60_000;
const POLL_MS = 5;
