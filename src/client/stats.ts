/**
 * What the line between this client and its room does, for a net graph and for tests. Reads the core's counters in
 * place: getters, no copies. Rates are over about the last 2 s; everything else is since the join.
 */
import { ClientStats, POSITION_ONE } from '../../protocol/gen/tables.ts';
import type { ClientClock } from './clock.ts';

/** What carries the packets, as far as the statistics ask. */
export interface StatsLine {
  readonly kind: string;
  readonly reason: string;
  readonly resumes: number;
  readonly switches: number;
}

export interface StatsSources {
  readonly counters: DataView;
  readonly clock: ClientClock;
  readonly tickRateHz: number;
  readonly line: StatsLine;
}

export class GameStats {
  /** Datagrams and their bytes, both ways, since the join. */
  packetsIn = 0;
  packetsOut = 0;
  bytesIn = 0;
  bytesOut = 0;
  /** Own input commands sampled. */
  commands = 0;
  /** Ticks whose command was skipped: the page was asleep or the clock jumped. */
  commandsSkipped = 0;
  /** Times that the server was killed and went on; ticks seen, and own messages, that it had lost then. */
  setbacks = 0;
  ticksLost = 0;
  messagesLost = 0;
  /** The link simulator's parameters as set, '' for none. */
  link = '';
  readonly #counters: DataView;
  readonly #clock: ClientClock;
  readonly #tickMs: number;
  readonly #lost = new Rate();
  readonly #received = new Rate();
  readonly #bytes = new Rate();
  readonly #snapshots = new Rate();
  readonly #line: StatsLine;

  /** Use `game.stats`. */
  constructor(sources: StatsSources) {
    this.#counters = sources.counters;
    this.#clock = sources.clock;
    this.#tickMs = 1000 / sources.tickRateHz;
    this.#line = sources.line;
  }

  setBack(ticksLost: number, messagesLost: number): void {
    this.setbacks += 1;
    this.ticksLost += ticksLost;
    this.messagesLost += messagesLost;
  }

  /** What carries the packets: 'udp', 'webrtc', 'websocket' or 'memory'. */
  get transport(): string {
    return this.#line.kind;
  }
  /** Why that one, for people: `the best of webrtc, websocket`, or what stands in the way of a better one. */
  get transportWhy(): string {
    return this.#line.reason;
  }
  /** How often a lost line was found again, and how often the transport changed. */
  get resumes(): number {
    return this.#line.resumes;
  }
  get transportSwitches(): number {
    return this.#line.switches;
  }
  /** ms. Round trip by acknowledgements, smoothed; it contains the wait for the next packet. */
  get rttMs(): number {
    return (this.#counters.getInt32(ClientStats.rttTicks256, true) / 256) * this.#tickMs;
  }
  /** Packets from the server that never came, of all it sent in the last 2 s, in percent. */
  get lossPercent(): number {
    const lost = this.#lost.sum;
    const all = lost + this.#received.sum;
    return all === 0 ? 0 : (lost * 100) / all;
  }
  /** Bytes of a snapshot's body, mean of the last 2 s. */
  get bytesPerSnapshot(): number {
    return this.#snapshots.sum === 0 ? 0 : this.#bytes.sum / this.#snapshots.sum;
  }
  /** Bytes of the newest snapshot's body. */
  get snapshotBytes(): number {
    return Math.ceil(this.#read(ClientStats.snapshotBits) / 8);
  }
  /** Snapshots decoded. */
  get snapshots(): number {
    return this.#read(ClientStats.snapshots);
  }
  /** Tick of the newest snapshot. */
  get snapshotTick(): number {
    return this.#read(ClientStats.snapshotTick);
  }
  /** Packets that named a reference which this client does not hold. */
  get undecodable(): number {
    return this.#read(ClientStats.undecodable);
  }
  /** Packets that did not parse. */
  get malformed(): number {
    return this.#read(ClientStats.malformed);
  }
  /** Largest distance of two snapshots in a row, in ticks. */
  get snapshotGapTicksMax(): number {
    return this.#read(ClientStats.snapshotGapMax);
  }
  /** Snapshots that moved the own player from where it was predicted. */
  get corrections(): number {
    return this.#read(ClientStats.corrections);
  }
  /** World units by which the newest snapshot moved the own player. */
  get correctionUnits(): number {
    return this.#read(ClientStats.correctionMax) / POSITION_ONE;
  }
  /**
   * By how much prediction was off at most on ticks in which nothing from outside touched the player: place, or speed per
   * tick; the least step for anything else that later ticks depend on. 0, or prediction is wrong.
   */
  get correctionUnitsFreeMax(): number {
    return this.#read(ClientStats.correctionFreeMax) / POSITION_ONE;
  }
  /** Snapshots whose own player nothing from outside had touched. */
  get freeTicks(): number {
    return this.#read(ClientStats.freeTicks);
  }
  /** Snapshots whose own player something from outside had touched. */
  get touchedTicks(): number {
    return this.#read(ClientStats.touchedTicks);
  }
  /** Entities in the newest snapshot. */
  get visible(): number {
    return this.#read(ClientStats.visible);
  }
  /** Own commands that came after their tick, as the server counts. */
  get commandsLate(): number {
    return this.#read(ClientStats.inputsLate);
  }
  /** Ticks. How long before their tick own commands arrive, smoothed; negative: too late. */
  get marginTicks(): number {
    return this.#clock.arrivalMargin;
  }
  /** Ticks. What `marginTicks` is steered to. */
  get marginTargetTicks(): number {
    return this.#clock.marginTarget;
  }
  /** Ticks between what is shown of others and the newest snapshot. Below 0 the view guesses. */
  get bufferTicks(): number {
    return this.#read(ClientStats.snapshotTick) - this.#clock.viewTick;
  }
  /** ms. Mean lateness of snapshots against the earliest. */
  get jitterMs(): number {
    return this.#clock.jitterMs;
  }
  /** How often the clock had to jump. */
  get clockResets(): number {
    return this.#clock.resets;
  }
  /** Speed of the room: 1 is real time, less when an overloaded server dilates it. */
  get dilation(): number {
    const permille = this.#read(ClientStats.dilationPermille);
    return permille === 0 ? 1 : permille / 1000;
  }
  /** Reliable messages that were sent; that were read, of the game and the host, by earlier pages too; that wait for their acknowledgement. */
  get messagesSent(): number {
    return this.#read(ClientStats.messagesSent);
  }
  get messagesReceived(): number {
    return this.#read(ClientStats.messagesReceived);
  }
  get sendQueue(): number {
    return this.#read(ClientStats.sendQueue);
  }
  /** Sum of the bytes of all snapshot bodies; u32, wraps. */
  get snapshotBytesSum(): number {
    return this.#read(ClientStats.snapshotBytesSum);
  }
  /** The own player lives, as of the newest snapshot. */
  get ownAlive(): boolean {
    return this.#read(ClientStats.ownAlive) === 1;
  }
  /** Snapshots whose state hash was checked (`verify`), and those that did not fit. */
  get hashChecks(): number {
    return this.#read(ClientStats.hashChecks);
  }
  get hashMismatches(): number {
    return this.#read(ClientStats.hashMismatches);
  }

  /** Takes the core's rising counters into the rates. The game calls it about four times a second. */
  turn(): void {
    this.#lost.turn(this.#read(ClientStats.lost));
    this.#received.turn(this.packetsIn);
    this.#bytes.turn(this.#read(ClientStats.snapshotBytesSum));
    this.#snapshots.turn(this.#read(ClientStats.snapshots));
  }

  #read(offset: number): number {
    return this.#counters.getUint32(offset, true);
  }
}

/** The increase of a rising u32 counter over the last 8 turns. */
class Rate {
  readonly #steps = new Uint32Array(RATE_TURNS);
  #at = 0;
  #last = 0;
  #sum = 0;

  get sum(): number {
    return this.#sum;
  }

  turn(counter: number): void {
    const step = (counter - this.#last) >>> 0;
    this.#last = counter;
    this.#sum += step - (this.#steps[this.#at] ?? 0);
    this.#steps[this.#at] = step;
    this.#at = (this.#at + 1) % RATE_TURNS;
  }
}

/** ms between two calls of `turn`. */
export const STATS_TURN_MS = 250;
const RATE_TURNS = 8;
