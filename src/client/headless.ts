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
import { type Bot, type BotFigures, Player } from './headless/player.ts';
import { findWords, readLine, TalkCheck, type Words, writeLine } from './headless/talk.ts';
import type { LinkParams } from './link.ts';
import { SharedPacer } from './pacer.ts';
import type { TransportChoice } from './pipes.ts';

export type { Bot, BotFigures } from './headless/player.ts';

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
  /** Default 'auto' for all. */
  readonly transport?: (index: number) => TransportChoice;
  /** ms between two lines of one bot; 0: no talk. Default 1,000. */
  readonly talkMs?: number;
  /** Replaces the script; called before each command. */
  readonly behave?: (bot: Bot<S>) => void;
  /** Ends it early; what was counted until then is answered. */
  readonly signal?: AbortSignal;
  /** How to open pipes and load the core: `nodeTools()`. */
  readonly tools: Pick<Tools, 'open' | 'load'>;
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
    const { url, schema, link, verify = false, room = 'any', tools, signal } = this.#options;
    const { token, transport } = this.#options;
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
          ...(transport === undefined ? {} : { transport: transport(index) }),
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
    game.on('setback', () => this.#talk.setBack(index));
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
