/**
 * Times what ships: the recorded packets stand in an inbox ring; each tick they are drained into the core's input buffer, `begin`,
 * the hooks and `end` run, and every packet is copied to an outbox ring, all of it by `Shard` and `ShardRoom` as
 * workers/room-worker.ts calls them. What comes out must be, byte for byte, what the clients of the recording decoded.
 */
import type { LinkMemory } from '../src/mailbox/messages.ts';
import { Ring } from '../src/mailbox/ring.ts';
import type { ShardHost } from './shard-host.ts';
import type { Recording } from './w1-recording.ts';
import { BATCH_TICKS, hashBytes, w1Host } from './w1-recording.ts';

/** CPU ns per player and tick over the timed ticks. Throws when a byte differs from the recording. */
export function replay(module: WebAssembly.Module, recording: Recording): number {
  const run = new Replay(module, recording);
  run.warm();
  return run.time(recording.ticks.length - recording.warmTicks);
}

/** A recording on its way; several can take turns. */
export class Replay {
  readonly #recording: Recording;
  readonly #host: ShardHost;
  readonly #inbox: StagedInbox;
  #tick = 0;
  #hookTick = 0;

  constructor(module: WebAssembly.Module, recording: Recording) {
    this.#recording = recording;
    const changes: { pairs: Uint16Array; count: number } = { pairs: new Uint16Array(0), count: 0 };
    const next = (): typeof changes => {
      changes.pairs = recording.ticks[this.#hookTick]?.health ?? changes.pairs;
      changes.count = changes.pairs.length >> 1;
      this.#hookTick += 1;
      return changes;
    };
    const { options, places } = recording;
    this.#host = w1Host(module, options, { places, ...(options.hooks !== false && { next }) });
    this.#inbox = new StagedInbox(this.#host.link);
  }

  /** Plays the warm-up ticks. Not timed. */
  warm(): void {
    while (this.#tick < this.#recording.warmTicks) {
      const joins = this.#recording.ticks[this.#tick]?.joins ?? [];
      for (const session of joins) this.#host.join(session, 0);
      this.#batch(1);
      this.#host.answers();
    }
  }

  /** CPU ns per player and tick of the next `ticks` ticks, all threads of the process counted. */
  time(ticks: number): number {
    let cpuUs = 0;
    for (let left = ticks; left > 0; left -= BATCH_TICKS)
      cpuUs += this.#batch(Math.min(left, BATCH_TICKS));
    this.#host.assertQuiet();
    return (cpuUs * 1000) / (ticks * this.#recording.size.players);
  }

  #batch(ticks: number): number {
    const { inputs } = this.#recording;
    const first = this.#tick;
    this.#inbox.stage(ticks, (index, ring) => inputs.write(first + index, ring));
    const before = process.cpuUsage();
    for (let index = 0; index < ticks; index += 1) {
      this.#inbox.show(index);
      this.#host.turn();
    }
    const used = process.cpuUsage(before);
    this.#check(first, ticks);
    this.#tick += ticks;
    return used.user + used.system;
  }

  /** The packets of each tick hash as they did when the clients decoded them. */
  #check(first: number, ticks: number): void {
    const { outbox } = this.#host.io;
    for (const tick of this.#recording.ticks.slice(first, first + ticks)) {
      let hash = 0;
      for (let packet = 0; packet < tick.packets && outbox.next(); packet += 1) {
        const bytes = outbox.bytes.subarray(outbox.offset, outbox.offset + outbox.length);
        hash = hashBytes(hash, bytes);
      }
      if (hash !== tick.outHash)
        throw new Error(`Between ticks ${first + 1} and ${first + ticks} a packet differs`);
    }
    if (outbox.next())
      throw new Error(`Tick ${first + ticks}: there are more packets than in the recording`);
    outbox.release();
  }
}

/**
 * An inbox that is filled for several ticks before the clock runs and then shown tick by tick: the writing is the I/O thread's
 * work. The reader sees what stands before `tail`, a word of the ring's header (layout in src/mailbox/ring.ts), so that is what is moved.
 */
class StagedInbox {
  readonly #ring: Ring;
  readonly #header: Int32Array;
  readonly #tails = new Int32Array(BATCH_TICKS);

  constructor(link: LinkMemory) {
    this.#ring = new Ring(link.inbox, 'write');
    this.#header = new Int32Array(link.inbox, 0, TAIL + 1);
  }

  stage(ticks: number, write: (index: number, ring: Ring) => void): void {
    const before = Atomics.load(this.#header, TAIL);
    for (let index = 0; index < ticks; index += 1) {
      write(index, this.#ring);
      this.#tails[index] = Atomics.load(this.#header, TAIL);
    }
    Atomics.store(this.#header, TAIL, before);
  }

  show(index: number): void {
    Atomics.store(this.#header, TAIL, this.#tails[index] as number);
  }
}

/** Word of a ring's header: bytes ever written. */
const TAIL = 16;
