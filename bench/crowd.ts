/** Many cheap clients of a `WorkerHost`, spread over rooms; each sends a packet per tick, at a moment of its own, and reads what comes. */
import { createRoomOutput } from '../src/room/outputs.ts';
import { LeanClient } from './io/lean-client.ts';
import { pause, type WorkerHost } from './worker-host.ts';

export class Crowd {
  readonly clients = new Map<number, LeanClient>();
  readonly #host: WorkerHost;
  readonly #packet = new Uint8Array(1400);
  #timer: NodeJS.Timeout | undefined;
  #next = 1;
  #dueMs = 0;
  #troubles = '';

  /** The first ones create a room each, the others go where there is a place. Resolves when all play. */
  static async join(
    host: WorkerHost,
    { clients, rooms }: { readonly clients: number; readonly rooms: number },
  ): Promise<Crowd> {
    const crowd = new Crowd(host);
    for (let session = 1; session <= clients; session += 1) {
      host.directory.join({
        sessionId: session,
        userId: `user ${session}`,
        userData: new Uint8Array(0),
        name: 'Ann',
        choice: session <= rooms ? { create: '' } : { any: true },
        schemaHash: host.directory.facts.schemaHash,
        verify: false,
      });
      if (session % JOINS_AT_ONCE === 0) await pause(1);
    }
    await host.until(() => crowd.clients.size === clients);
    crowd.#play();
    return crowd;
  }

  private constructor(host: WorkerHost) {
    this.#host = host;
    const out = createRoomOutput();
    const { directory } = host;
    directory.onWake(() => {
      while (directory.poll(out)) {
        const { kind, sessionId, epoch, tick } = out;
        // Of who sits in a room whose worker died: nobody is told anything here.
        if (kind === 'untold') continue;
        if (kind !== 'joined') this.#troubles ||= `session ${sessionId} ${kind}: ${out.text}`;
        else
          this.clients.set(
            sessionId,
            new LeanClient({ epoch, tick, inputButtons: ARENA_BUTTONS }, sessionId),
          );
      }
      directory.drain((sessionId, bytes) => this.clients.get(sessionId)?.receive(bytes));
    });
  }

  /** Throws where somebody was refused or closed, or a packet was not right. */
  check(): void {
    const wrong = [...this.clients.values()].reduce((sum, { broken }) => sum + broken, 0);
    if (this.#troubles !== '' || wrong > 0)
      throw new Error(`${wrong} packets were not right; ${this.#troubles || 'nobody was closed'}`);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #play(): void {
    const stepMs = 1000 / (30 * this.clients.size);
    this.#dueMs = performance.now();
    this.#timer = setInterval(() => {
      for (; this.#dueMs <= performance.now(); this.#dueMs += stepMs) {
        const length = this.clients.get(this.#next)?.packet(this.#packet, 0) ?? 0;
        const nowUs = Math.floor(performance.now() * 1000) >>> 0;
        this.#host.directory.packet(this.#next, this.#packet, 0, length, nowUs);
        this.#next = (this.#next % this.clients.size) + 1;
      }
    }, 1);
  }
}

const ARENA_BUTTONS = 4;
const JOINS_AT_ONCE = 16;
