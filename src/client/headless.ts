/**
 * Many clients without a page in one process: they play by a seeded script (or the caller's), and count exactly what
 * each of them saw. `fray bots` prints it, tests judge by it. They are ordinary games (`game.ts`) that share one compiled
 * core and one timer; 50 of them at 30 Hz take about half a core.
 *
 * The reliable channel is checked by talk: see `headless/talk.ts`. The messages for it are found in the schema: one to
 * the server with a text of at least 24 bytes (its other fields get their least value), and one to clients with such a
 * text; two that share a name are preferred. A schema without them is played without the check.
 */
import { FrayError } from '../errors.ts';
import { type ConnectSchema, connectWith, type RoomRequest, type Tools } from './connect.ts';
import type { Game } from './game.ts';
import { controlsOf, type Seen, Steer, seededRandom } from './headless/steer.ts';
import { findWords, readLine, TalkCheck, type Words, writeLine } from './headless/talk.ts';
import type { LinkParams } from './link.ts';
import { SharedPacer } from './pacer.ts';
import type { ViewOf } from './types.ts';

export interface BotsOptions<S extends ConnectSchema> {
  readonly url: string;
  readonly schema: S;
  /** 1..1,000. */
  readonly count: number;
  /** How long all play, from the moment the last one is in. */
  readonly seconds: number;
  /** Default 1. Each bot has a seed of its own made from it. */
  readonly seed?: number;
  /** A simulated link for each; its seed is the link's plus the bot's number. */
  readonly link?: LinkParams | string;
  readonly verify?: boolean;
  /** Default true. Without prediction each bot is as late for itself as for the others: what prediction is worth. */
  readonly predict?: boolean;
  readonly room?: RoomRequest;
  readonly token?: (index: number) => string | Uint8Array;
  /** ms between two lines of one bot; 0: no talk. Default 1,000. */
  readonly talkMs?: number;
  /** Replaces the script; called before each command. */
  readonly behave?: (bot: Bot<S>) => void;
  /** Ends it early; what was counted until then is answered. */
  readonly signal?: AbortSignal;
  /** How to open pipes and load the core: `nodeTools()`. */
  readonly tools: Pick<Tools, 'open' | 'load'>;
}

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
}

export interface BotsOutcome {
  /** One row for each bot that got in. */
  readonly bots: readonly BotFigures[];
  /** Why others did not get in. */
  readonly refused: readonly FrayError[];
  /** Why games ended before their time. */
  readonly ended: readonly FrayError[];
  readonly seconds: number;
  /** World units; one entry per snapshot of any bot that met a prediction, own player touched or not. */
  readonly corrections: readonly number[];
  /** Twice a second and bot, after the first two seconds. */
  readonly rttsMs: readonly number[];
  /** `sent` lines; `received` by all listeners together; `errors`: lost, repeated, out of order or damaged. */
  readonly reliable: { readonly sent: number; readonly received: number; readonly errors: number };
}

/** Connects, plays, counts and leaves. Rejects only for options that make no sense; refusals are part of the answer. */
export async function playBots<S extends ConnectSchema>(
  options: BotsOptions<S>,
): Promise<BotsOutcome> {
  const { count, seconds, signal } = options;
  if (!(Number.isInteger(count) && count >= 1 && count <= COUNT_MAX)) {
    throw new FrayError(
      'E_CONFIG',
      `Cannot start bots: count is ${count}, allowed is 1..${COUNT_MAX}`,
    );
  }
  const crew = new Crew(options);
  await crew.connect();
  const startMs = performance.now();
  crew.talking = true;
  await pause(seconds * 1000, signal);
  const outcome = crew.figures((performance.now() - startMs) / 1000);
  crew.talking = false;
  await crew.hearOut(DRAIN_MS);
  const reliable = crew.reliable();
  crew.close();
  return { ...outcome, reliable };
}

class Crew<S extends ConnectSchema> {
  talking = false;
  readonly #options: BotsOptions<S>;
  readonly #players: Player<S>[] = [];
  readonly #refused: FrayError[] = [];
  readonly #ended: FrayError[] = [];
  readonly #corrections: number[] = [];
  readonly #rttsMs: number[] = [];
  readonly #talk: TalkCheck;
  readonly #words: Words | undefined;
  readonly #run = Math.floor(Math.random() * 36 ** 4).toString(36);
  readonly #pacer = new SharedPacer();

  constructor(options: BotsOptions<S>) {
    this.#options = options;
    this.#talk = new TalkCheck(options.count);
    this.#words = findWords(options.schema.layout);
  }

  async connect(): Promise<void> {
    const { count, tools } = this.#options;
    const module = await tools.load();
    const joins: Promise<void>[] = [];
    for (let index = 0; index < count; index += 1) {
      joins.push(this.#join(index, module));
      if (index % JOINS_AT_ONCE === JOINS_AT_ONCE - 1) await Promise.all(joins);
    }
    await Promise.all(joins);
  }

  figures(seconds: number): Omit<BotsOutcome, 'reliable'> {
    return {
      bots: this.#players.map((player) => player.figures()),
      refused: this.#refused,
      ended: [...this.#ended],
      seconds,
      corrections: this.#corrections,
      rttsMs: this.#rttsMs,
    };
  }

  /** Waits until every line said has been heard by all, or for `mostMs`. */
  async hearOut(mostMs: number): Promise<void> {
    const endMs = performance.now() + mostMs;
    while (this.#talk.missing() > 0 && performance.now() < endMs) await pause(50);
    // What comes twice would come soon.
    await pause(this.#talk.sent > 0 ? 300 : 0);
  }

  reliable(): BotsOutcome['reliable'] {
    const { sent, received, wrong } = this.#talk;
    return { sent, received, errors: wrong + this.#talk.missing() };
  }

  close(): void {
    for (const player of this.#players) player.game.close();
  }

  async #join(index: number, module: WebAssembly.Module): Promise<void> {
    const { url, schema, link, verify = false, room = 'any', token, tools, signal } = this.#options;
    let player: Player<S> | undefined;
    const hooks = {
      beforeCommand: () => this.#act(player),
      afterSnapshot: () => {
        if (player?.look()) this.#corrections.push(player.game.stats.correctionUnits);
      },
    };
    try {
      const game = await connectWith(
        url,
        {
          schema,
          verify,
          room,
          name: `bot ${index + 1}`,
          ...(link === undefined ? {} : { link: seededLink(link, index) }),
          ...(token === undefined ? {} : { token: token(index) }),
          ...(signal === undefined ? {} : { signal }),
        },
        { open: tools.open, load: async () => module, pacer: () => this.#pacer, hooks },
      );
      if (this.#options.predict === false) game.predict(false);
      player = new Player(index, game, this.#options);
      this.#players.push(player);
      this.#listen(player);
    } catch (error) {
      this.#refused.push(error as FrayError);
    }
  }

  #listen({ index, game }: Player<S>): void {
    this.#talk.enter(index, game.roomId);
    game.on('status', (_status, error) => {
      if (!error) return;
      this.#talk.leave(index);
      this.#ended.push(error);
    });
    const words = this.#words;
    if (!words) return;
    game.onMessage(words.heard as never, (value: unknown) => {
      const line = readLine(this.#run, String((value as Record<string, unknown>)[words.heardText]));
      if (line) this.#talk.hear(index, line);
    });
  }

  #act(player: Player<S> | undefined): void {
    if (!player) return;
    player.act();
    const nowMs = performance.now();
    if (player.rttDue(nowMs)) this.#rttsMs.push(player.game.stats.rttMs);
    const { talkMs = 1000 } = this.#options;
    if (!this.talking || !this.#words || talkMs === 0 || !player.lineDue(nowMs, talkMs)) return;
    const { index, game } = player;
    const text = writeLine(this.#run, { speaker: index, number: this.#talk.next(index) });
    try {
      game.send(
        this.#words.said as never,
        { ...this.#words.rest, [this.#words.saidText]: text } as never,
      );
      this.#talk.said(index);
    } catch (error) {
      // A full channel takes the same line later.
      if (!(error instanceof FrayError) || error.code !== 'E_CHANNEL_FULL') throw error;
    }
  }
}

/** One bot: decides, and keeps its own counts. */
class Player<S extends ConnectSchema> implements Bot<S> {
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

  constructor(index: number, game: Game<S>, options: BotsOptions<S>) {
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

/** The same link with chances of its own. */
function seededLink(link: LinkParams | string, index: number): LinkParams | string {
  if (typeof link !== 'string') return { ...link, seed: (link.seed ?? 1) + index };
  const seed = Number(/(?:^|,)\s*seed=(\d+)/.exec(link)?.[1] ?? 1) + index;
  return [
    ...link.split(',').filter((pair) => !pair.trim().startsWith('seed=')),
    `seed=${seed}`,
  ].join(',');
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    if (signal?.aborted) done();
    else signal?.addEventListener('abort', done);
  });
}

const COUNT_MAX = 1000;
const JOINS_AT_ONCE = 10;
/** ms. Time for the last lines to be resent on a bad link. */
const DRAIN_MS = 10_000;
const RTT_SETTLE_MS = 2000;
const RTT_EVERY_MS = 500;
/** World units of one tick that nobody walks. */
const STEP_UNITS_MAX = 3;
/** Bots stay within this share of the world around its middle, so that they meet. */
const REACH_SHARE = 0.3;
