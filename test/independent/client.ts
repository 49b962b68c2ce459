/**
 * A minimal client, pure: datagrams and the time go in, datagrams come out. It joins any room, acknowledges, plays the
 * controls it is told to and holds what it hears; it predicts nothing.
 */
import { Malformed } from './bits.ts';
import type { Game } from './game.ts';
import { COMMANDS_MAX, type Command, type Controls } from './input.ts';
import { Link, type Taken } from './link.ts';
import {
  DATAGRAM,
  type Goodbye,
  gameMessage,
  hello,
  type Joined,
  join,
  type Message,
  type RosterItem,
  readGoodbye,
  readJoined,
  readMessage,
  type WallBox,
} from './messages.ts';
import type { Snapshot } from './snapshot.ts';

export interface ClientOptions {
  readonly name: string;
  readonly schemaHash: bigint;
  /** What the player does at a tick. */
  controls(tick: number): Controls;
  /** Sees each packet of the server and what became of it. */
  observe?(packet: Uint8Array, taken: Taken): void;
}

export interface Heard {
  readonly roster: Map<number, RosterItem & { item: 'player' }>;
  readonly roomFields: Map<number, number>;
  readonly walls: WallBox[];
  wallsTotal: number | undefined;
  /** Game messages, as index and values. */
  readonly game: (Message & { kind: 'game' })[];
  readonly control: (Message & { kind: 'control' })[];
}

export interface Counts {
  fresh: number;
  late: number;
  stale: number;
  dropped: number;
  mismatches: number;
}

/** ms after the first hello, again and again while nobody answers. */
const RETRY_MS = [250, 750, 1750, 2750, 3750, 4750, 5750, 6750, 7750, 8750];
/** Commands should arrive at least so early; 1/16 tick. */
const MARGIN_LEAST = 16;
const MARGIN_MOST = 48;
const LEAD_MAX = 12;

export class Client {
  readonly counts: Counts = { fresh: 0, late: 0, stale: 0, dropped: 0, mismatches: 0 };
  readonly reasons: string[] = [];
  readonly heard: Heard = {
    roster: new Map(),
    roomFields: new Map(),
    walls: [],
    wallsTotal: undefined,
    game: [],
    control: [],
  };
  joined: Joined | undefined;
  over: Goodbye | undefined;
  accepted = false;
  tooLate = 0;

  readonly #game: Game;
  readonly #options: ClientOptions;
  #link: Link | undefined;
  #askedAt: number | undefined;
  #asked = 0;
  #newestAt = 0;
  #commands: Command[] = [];
  #lead = 2;

  constructor(game: Game, options: ClientOptions) {
    this.#game = game;
    this.#options = options;
  }

  get newest(): Snapshot | undefined {
    return this.#link?.newest;
  }

  get link(): Link | undefined {
    return this.#link;
  }

  /** A game message to the server, by its index. */
  send(index: number, values: readonly (number | string)[]): void {
    this.#link?.send(gameMessage(this.#game, index, values));
  }

  handle(datagram: Uint8Array, nowMs: number): void {
    switch ((datagram[0] ?? 0) & 15) {
      case DATAGRAM.accept:
        this.accepted = true;
        break;
      case DATAGRAM.joined:
        this.joined ??= this.#join(readJoined(datagram));
        break;
      case DATAGRAM.goodbye:
        this.over = readGoodbye(datagram);
        break;
      case DATAGRAM.packet:
        this.#take(datagram, nowMs);
        break;
      default:
        throw new Malformed(`a datagram of kind ${datagram[0]}`);
    }
  }

  /** To be called once a tick: what to send now. */
  poll(nowMs: number): Uint8Array[] {
    if (this.over) return [];
    if (!this.joined || !this.#link) return this.#ask(nowMs);
    const tickMs = 1000 / this.joined.tickRateHz;
    const newest = this.#link.newest;
    if (newest) {
      const now = newest.tick + (nowMs - this.#newestAt) / tickMs;
      this.#command(Math.floor(now) + this.#lead, newest.tick);
    }
    return [this.#link.poll(this.#commands, nowMs / tickMs)];
  }

  #ask(nowMs: number): Uint8Array[] {
    this.#askedAt ??= nowMs;
    const due = this.#asked === 0 ? 0 : (RETRY_MS[this.#asked - 1] ?? Infinity);
    if (nowMs - this.#askedAt < due) return [];
    this.#asked += 1;
    const { name, schemaHash } = this.#options;
    return [hello(schemaHash), join({ name, schemaHash, verify: true })];
  }

  #join(joined: Joined): Joined {
    const { entitiesMax } = joined;
    this.#link = new Link({ ...this.#game, entitiesMax }, { epoch: joined.epoch, verify: true });
    return joined;
  }

  /** Commands up to a tick; those that the newest snapshot has reached are done with. */
  #command(target: number, reached: number): void {
    const last = Math.max(this.#commands[0]?.tick ?? 0, reached, target - COMMANDS_MAX);
    for (let tick = last + 1; tick <= target; tick += 1) {
      const controls = this.#options.controls(tick);
      const seen = Math.max(0, reached - (this.joined?.interpolationTicks ?? 0));
      const held = Math.min(63, reached - seen);
      const view = controls.buttons === 0 ? undefined : { tick: seen, fraction: 0, held };
      this.#commands.unshift({ tick, controls, ...(view && { view }) });
    }
    this.#commands = this.#commands.filter(({ tick }) => tick > reached).slice(0, COMMANDS_MAX);
  }

  #take(packet: Uint8Array, nowMs: number): void {
    if (!this.#link) return;
    const taken = this.#link.take(packet, (nowMs * (this.joined?.tickRateHz ?? 0)) / 1000);
    this.counts[taken.as] += 1;
    this.#options.observe?.(packet, taken);
    if (taken.as === 'dropped') this.reasons.push(taken.why);
    if (taken.as === 'dropped' || taken.as === 'stale') return;
    const { snapshot } = taken;
    if (this.#link.world.hash(snapshot) !== snapshot.witness) this.counts.mismatches += 1;
    for (const message of taken.messages) this.#hear(readMessage(message, this.#game));
    if (taken.as === 'late') return;
    this.#newestAt = nowMs;
    if (snapshot.timing) this.#steer(snapshot.timing.margin, snapshot.timing.tooLate);
  }

  #steer(margin: number, tooLate: number): void {
    this.tooLate = tooLate;
    if (margin < MARGIN_LEAST) this.#lead = Math.min(LEAD_MAX, this.#lead + 1);
    if (margin > MARGIN_MOST) this.#lead = Math.max(1, this.#lead - 1);
  }

  #hear(message: Message): void {
    switch (message.kind) {
      case 'control':
        this.heard.control.push(message);
        break;
      case 'game':
        this.heard.game.push(message);
        break;
      case 'walls':
        this.heard.wallsTotal = message.total;
        this.heard.walls.splice(message.first, message.boxes.length, ...message.boxes);
        break;
      case 'roster':
        for (const item of message.items) this.#enrol(item);
        break;
      case 'text':
        break;
    }
  }

  #enrol(item: RosterItem): void {
    if (item.item === 'player') this.heard.roster.set(item.slot, item);
    if (item.item === 'free') this.heard.roster.delete(item.slot);
    if (item.item === 'field') this.heard.roomFields.set(item.field, item.value);
  }
}
