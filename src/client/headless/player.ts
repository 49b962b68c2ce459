/** One headless client: decides before each command, and keeps its own counts of what it saw. */
import type { ConnectSchema } from '../connect.ts';
import type { Game } from '../game.ts';
import type { ViewOf } from '../types.ts';
import { controlsOf, type Seen, Steer, seededRandom } from './steer.ts';

/** One client, as its script sees it. */
export interface Bot<S extends ConnectSchema> {
  readonly index: number;
  readonly game: Game<S>;
  /** The newest view; before the first snapshot `me` is null. */
  readonly view: ViewOf<S>;
  /** Seeded, in [0, 1). */
  random(): number;
  /** What it would do without a script of the caller's. */
  steer(): void;
}

/** What one bot counted over its life. */
export interface BotFigures {
  readonly room: string;
  readonly tickRateHz: number;
  /** ms from its first snapshot to the end. */
  readonly watchedMs: number;
  readonly firstTick: number;
  readonly lastTick: number;
  readonly snapshots: number;
  readonly snapshotGapTicksMax: number;
  /** Snapshots whose state hash was compared; 0 without `verify`. */
  readonly hashChecks: number;
  readonly hashMismatches: number;
  readonly correctionUnitsMaxFree: number;
  readonly freeTicks: number;
  readonly touchedTicks: number;
  readonly distanceUnits: number;
  readonly shots: number;
  readonly deaths: number;
  readonly visibleSum: number;
  readonly visibleSamples: number;
  readonly enters: number;
  readonly snapshotBytesSum: number;
  /** What carried its packets at the end, and how often a lost line was found again. */
  readonly transport: string;
  readonly resumes: number;
  /** Times that its server was killed and went on, and what was lost with it. */
  readonly setbacks: number;
  readonly ticksLost: number;
  readonly messagesLost: number;
}

/** What a bot is made from. */
export interface PlayerOptions<S extends ConnectSchema> {
  readonly schema: S;
  readonly seed?: number;
  readonly behave?: (bot: Bot<S>) => void;
}

/** One bot: decides, and keeps its own counts. */
export class Player<S extends ConnectSchema> implements Bot<S> {
  readonly index: number;
  readonly game: Game<S>;
  readonly random: () => number;
  view: ViewOf<S>;
  readonly #behave: ((bot: Bot<S>) => void) | undefined;
  readonly #steer: Steer;
  readonly #bornMs = performance.now();
  #firstMs = 0;
  #firstTick = 0;
  #x = 0;
  #y = 0;
  #alive = false;
  #distance = 0;
  #shots = 0;
  #deaths = 0;
  #enters = 0;
  #visibleSum = 0;
  #visibleSamples = 0;
  #rttMs = 0;
  #lineMs = 0;
  #met = 0;

  constructor(index: number, game: Game<S>, options: PlayerOptions<S>) {
    const seed = (options.seed ?? 1) * 0x9e3779b1 + index;
    const { layout } = options.schema;
    this.index = index;
    this.game = game;
    this.random = seededRandom(seed ^ 0x5bd1e995);
    this.view = game.view();
    this.#behave = options.behave;
    const reach = Math.min(layout.world.width, layout.world.depth) * REACH_SHARE;
    this.#steer = new Steer({
      seed,
      controls: controlsOf(layout),
      reach,
      tickRateHz: layout.tickRateHz,
    });
    this.#lineMs = this.#bornMs + this.random() * 1000;
    game.on('event', (event) => {
      if (event.kind === 'shot' && event.own) this.#shots += 1;
    });
    game.on('enter', () => {
      this.#enters += 1;
    });
  }

  /** Before each command. */
  act(): void {
    this.view = this.game.view();
    this.#walked(this.view.me);
    if (this.#behave) this.#behave(this);
    else this.steer();
  }

  steer(): void {
    this.#steer.decide(this.view.me, this.view.players);
    this.game.setInput(this.#steer.input as never);
  }

  /** After each snapshot; true: it met a prediction of its tick, which an older or repeated one does not. */
  look(): boolean {
    const { stats } = this.game;
    if (this.#firstTick === 0) {
      this.#firstTick = stats.snapshotTick;
      this.#firstMs = performance.now();
    }
    const alive = stats.ownAlive;
    if (this.#alive && !alive) this.#deaths += 1;
    this.#alive = alive;
    this.#visibleSum += stats.visible;
    this.#visibleSamples += 1;
    const met = stats.freeTicks + stats.touchedTicks;
    const isNew = met > this.#met;
    this.#met = met;
    return isNew;
  }

  rttDue(nowMs: number): boolean {
    if (nowMs - this.#bornMs < RTT_SETTLE_MS || nowMs - this.#rttMs < RTT_EVERY_MS) return false;
    this.#rttMs = nowMs;
    return true;
  }

  lineDue(nowMs: number, everyMs: number): boolean {
    if (nowMs < this.#lineMs) return false;
    this.#lineMs = Math.max(nowMs, this.#lineMs + everyMs);
    return true;
  }

  figures(): BotFigures {
    const { stats, roomId, tickRateHz } = this.game;
    return {
      room: roomId,
      tickRateHz,
      watchedMs: this.#firstTick === 0 ? 0 : performance.now() - this.#firstMs,
      firstTick: this.#firstTick,
      lastTick: stats.snapshotTick,
      snapshots: this.#visibleSamples,
      snapshotGapTicksMax: stats.snapshotGapTicksMax,
      hashChecks: stats.hashChecks,
      hashMismatches: stats.hashMismatches,
      correctionUnitsMaxFree: stats.correctionUnitsFreeMax,
      freeTicks: stats.freeTicks,
      touchedTicks: stats.touchedTicks,
      distanceUnits: this.#distance,
      shots: this.#shots,
      deaths: this.#deaths,
      visibleSum: this.#visibleSum,
      visibleSamples: this.#visibleSamples,
      enters: this.#enters,
      snapshotBytesSum: stats.snapshotBytesSum,
      transport: stats.transport,
      resumes: stats.resumes,
      setbacks: stats.setbacks,
      ticksLost: stats.ticksLost,
      messagesLost: stats.messagesLost,
    };
  }

  #walked(me: Seen | null): void {
    if (!me?.alive) return;
    const step = Math.hypot(me.x - this.#x, me.y - this.#y);
    // A longer step is no walk: a respawn.
    if (step < STEP_UNITS_MAX) this.#distance += step;
    this.#x = me.x;
    this.#y = me.y;
  }
}

const RTT_SETTLE_MS = 2000;
const RTT_EVERY_MS = 500;
/** World units of one tick that nobody walks. */
const STEP_UNITS_MAX = 3;
/** Bots stay within this share of the world around its middle, so that they meet. */
const REACH_SHARE = 0.3;
