/** The client's end of a session's packets: what comes in is understood wholly or not used at all (SPEC 4). */
import { BitReader, BitWriter, Malformed } from './bits.ts';
import type { SeenEvent } from './events.ts';
import type { Game } from './game.ts';
import { type Command, writeCommands } from './input.ts';
import {
  Arrivals,
  HEADER_BYTES,
  type Header,
  Inbox,
  isNewer,
  Outbox,
  readFragments,
  readHeader,
  writeFragments,
  writePacket,
} from './packet.ts';
import { type Snapshot, World } from './snapshot.ts';

export type Taken =
  | {
      readonly as: 'fresh' | 'late';
      readonly snapshot: Snapshot;
      readonly messages: readonly Uint8Array[];
      /** Those that were not told before. */
      readonly events: readonly SeenEvent[];
    }
  | { readonly as: 'stale' }
  | { readonly as: 'dropped'; readonly why: string };

/** Ticks, before the first round trip is known. */
const ROUND_TRIP_TICKS = 6;

export class Link {
  readonly world: World;
  readonly #epoch: number;
  readonly #arrivals = new Arrivals();
  readonly #inbox = new Inbox();
  readonly #outbox = new Outbox();
  /** Sequence of the newest packet sent. */
  #sent = 0;
  #newest: Snapshot | undefined;
  #roundTrip = ROUND_TRIP_TICKS;
  readonly #sentAt = new Map<number, number>();

  constructor(game: Game, options: { readonly epoch: number; readonly verify: boolean }) {
    this.world = new World(game, options.verify);
    this.#epoch = options.epoch;
  }

  /** Of the newest tick. */
  get newest(): Snapshot | undefined {
    return this.#newest;
  }

  get roundTripTicks(): number {
    return this.#roundTrip;
  }

  get undelivered(): number {
    return this.#outbox.waiting;
  }

  /** A packet of the server; `tick` is the client's clock. */
  take(packet: Uint8Array, tick: number): Taken {
    try {
      return this.#take(packet, tick);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      return { as: 'dropped', why: error.message };
    }
  }

  send(message: Uint8Array): void {
    this.#outbox.send(message);
  }

  /** The next packet to the server; commands newest first. */
  poll(commands: readonly Command[], tick: number): Uint8Array {
    this.#sent = (this.#sent + 1) & 0xffff;
    this.#sentAt.set(this.#sent, tick);
    this.#sentAt.delete((this.#sent - 64) & 0xffff);
    const w = new BitWriter();
    const patience = 1.25 * this.#roundTrip + 2;
    writeFragments(w, this.#outbox.pick(this.#sent, tick, patience));
    writeCommands(w, this.world.game, commands);
    const { newest: ack, bits: ackBits } = this.#arrivals;
    return writePacket(this.#epoch, { sequence: this.#sent, ack, ackBits }, w.finish());
  }

  #take(packet: Uint8Array, tick: number): Taken {
    const header = readHeader(packet, this.#epoch);
    const { sequence } = header;
    if (isNewer(header.ack, this.#sent)) throw new Malformed('ack of a packet never sent');
    const as = this.#arrivals.judge(sequence);
    if (as === 'stale') return { as };
    const reader = new BitReader(packet, HEADER_BYTES);
    const fragments = readFragments(reader);
    this.#inbox.check(fragments);
    const snapshot = this.world.read(reader, sequence);

    this.#arrivals.note(sequence);
    if (as === 'fresh') this.#noteAck(header, tick);
    this.#outbox.acknowledged((sent) => names(header, sent));
    const known = this.#newest?.tick ?? -1;
    const events = as === 'fresh' ? snapshot.events.filter((event) => event.tick > known) : [];
    this.world.keep(snapshot);
    if (as === 'fresh') this.#newest = snapshot;
    return { as, snapshot, messages: this.#inbox.take(fragments), events };
  }

  #noteAck(header: Header, tick: number): void {
    const at = this.#sentAt.get(header.ack);
    if (at === undefined) return;
    this.#roundTrip += (tick - at - this.#roundTrip) / 8;
    this.#sentAt.delete(header.ack);
  }
}

function names(header: Header, sequence: number): boolean {
  if (sequence === header.ack) return true;
  const behind = (header.ack - sequence) & 0xffff;
  return behind <= 32 && behind > 0 && ((header.ackBits >>> (behind - 1)) & 1) === 1;
}
