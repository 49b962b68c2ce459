/** One room's part of what its worker counts (timing.ts): kept up after each tick, given back when the room closes. */
import { RoomStats } from '../protocol/gen/tables.ts';
import type { TickCore } from './room-parts.ts';
import type { Timing } from './timing.ts';
import { COUNTER, ROW, SUMMED } from './timing.ts';

/** What is counted as of now: how many of them this room has added. */
interface Counted {
  people: number;
  bots: number;
  silent: number;
  away: number;
  /** Messages that did not decode; rises. */
  malformed: number;
}

export class RoomFigures {
  readonly #row: number;
  readonly #core: Pick<TickCore, 'tick' | 'stat'>;
  readonly #timing: Timing;
  readonly #sums = new Uint32Array(SUMMED.length);
  readonly #sumOffsets: readonly number[] = SUMMED.map((name) => RoomStats[name]);
  readonly #counted: Counted = { people: 0, bots: 0, silent: 0, away: 0, malformed: 0 };

  constructor(row: number, core: Pick<TickCore, 'tick' | 'stat'>, timing: Timing) {
    this.#row = row;
    this.#core = core;
    this.#timing = timing;
  }

  /** The room was taken over: what its core has counted by now is counted already. */
  begin(): void {
    for (let i = 0; i < this.#sums.length; i += 1)
      this.#sums[i] = this.#core.stat(this.#sumOffsets[i] as number);
  }

  /** After each tick. */
  account(people: number, messagesMalformed: number): void {
    const timing = this.#timing;
    const counted = this.#counted;
    timing.setRow(this.#row, ROW.tick, this.#core.tick);
    const bots = this.#core.stat(RoomStats.players) - people;
    if (people !== counted.people || bots !== counted.bots) {
      timing.add(COUNTER.people, people - counted.people);
      timing.add(COUNTER.bots, bots - counted.bots);
      counted.people = people;
      counted.bots = bots;
      timing.setRow(this.#row, ROW.people, people);
      timing.setRow(this.#row, ROW.bots, bots);
    }
    if ((this.#core.tick & SUMS_EVERY_MASK) === 0) this.#addSums(messagesMalformed);
  }

  /** The room is gone: its last sums stay, what was as of now does not. */
  close(messagesMalformed: number): void {
    this.#addSums(messagesMalformed);
    this.#timing.clearRow(this.#row);
    this.#timing.add(COUNTER.people, -this.#counted.people);
    this.#timing.add(COUNTER.bots, -this.#counted.bots);
    this.#timing.add(COUNTER.silentClients, -this.#counted.silent);
    this.#timing.add(COUNTER.awayClients, -this.#counted.away);
  }

  /** Adds what the core's counters have risen by since the last time. They wrap at 2^32, the sums do not. */
  #addSums(messagesMalformed: number): void {
    const core = this.#core;
    const counted = this.#counted;
    for (let i = 0; i < this.#sums.length; i += 1) {
      const value = core.stat(this.#sumOffsets[i] as number);
      this.#timing.addSum(i, (value - (this.#sums[i] as number)) >>> 0);
      this.#sums[i] = value;
    }
    this.#timing.add(COUNTER.messagesMalformed, messagesMalformed - counted.malformed);
    counted.malformed = messagesMalformed;
    const silent = core.stat(RoomStats.silentClients);
    this.#timing.add(COUNTER.silentClients, silent - counted.silent);
    counted.silent = silent;
    const away = core.stat(RoomStats.awayClients);
    this.#timing.add(COUNTER.awayClients, away - counted.away);
    counted.away = away;
    this.#timing.setRow(this.#row, ROW.entities, core.stat(RoomStats.entities));
  }
}

/** RoomStats are summed every 32 ticks. */
const SUMS_EVERY_MASK = 31;
