/** Packets of many ticks in one buffer: recorded once, written into an inbox as often as wanted, without an object per packet. */
import { DATA } from '../src/mailbox/messages.ts';
import type { Ring } from '../src/mailbox/ring.ts';

/** Entries of three words (session, arrival, length) and the packet, padded to a multiple of 4. */
export class PacketLog {
  #bytes = new Uint8Array(1 << 16);
  #words = new Uint32Array(this.#bytes.buffer);
  #at = 0;
  /** Where the entries of each tick begin, and where those of the last one end. */
  readonly #starts = [0];

  /** Ticks that have ended. */
  get ticks(): number {
    return this.#starts.length - 1;
  }

  /** A packet of the tick that is being recorded. `arrivalUs`: as the inbox takes it, the lower 32 bits. */
  add(session: number, arrivalUs: number, packet: Uint8Array): void {
    const padded = (packet.length + 3) & ~3;
    if (this.#at + HEAD_BYTES + padded > this.#bytes.length) this.#grow();
    const word = this.#at >> 2;
    this.#words[word] = session;
    this.#words[word + 1] = arrivalUs;
    this.#words[word + 2] = packet.length;
    this.#bytes.set(packet, this.#at + HEAD_BYTES);
    this.#at += HEAD_BYTES + padded;
  }

  endTick(): void {
    this.#starts.push(this.#at);
  }

  /** Writes the packets of a tick (0: the first) into an inbox. Allocates nothing for packets up to 160 bytes. */
  write(tick: number, inbox: Ring): void {
    const end = this.#starts[tick + 1] as number;
    let at = this.#starts[tick] as number;
    while (at < end) {
      const word = at >> 2;
      const length = this.#words[word + 2] as number;
      const [session, arrivalUs] = [this.#words[word] as number, this.#words[word + 1] as number];
      if (!inbox.tryWrite(DATA.packet, session, arrivalUs, this.#bytes, at + HEAD_BYTES, length))
        throw new Error(`Cannot write tick ${tick}: the inbox of the bench is full`);
      at += HEAD_BYTES + ((length + 3) & ~3);
    }
  }

  #grow(): void {
    const larger = new Uint8Array(this.#bytes.length * 2);
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#words = new Uint32Array(larger.buffer);
  }
}

const HEAD_BYTES = 12;
