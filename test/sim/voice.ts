/** What a page says to its room: a line now and then, or so many that they wait for their turn at each place on their way. */
import type { Game } from '../../src/client/game.ts';
import { FrayError } from '../../src/errors.ts';
import type { Chance } from './chance.ts';
import type { schema } from './game.ts';
import { fillerOf, shortOf } from './game.ts';

/** Lines of one life of a page, from its first on. */
export interface Said {
  readonly life: number;
  readonly lines: number;
}

export class Voice {
  /** Of its page: each counts lines anew. */
  life = 0;
  readonly #talks: boolean;
  readonly #chance: Chance;
  #lines = 0;
  #farewell: 'due' | 'said' | null = null;

  /** `talks`: much, in short lines. */
  constructor(talks: boolean, chance: Chance) {
    this.#talks = talks;
    this.#chance = chance;
  }

  /** Another page. */
  begin(): void {
    this.life += 1;
    this.#lines = 0;
    this.#farewell = null;
  }

  /** It says much once more, and then nothing. */
  takeLeave(): void {
    this.#farewell = 'due';
  }

  /** All of that was acknowledged. */
  hasTakenLeave({ stats }: Game<typeof schema>): boolean {
    return this.#farewell === 'said' && stats.sendQueue === 0;
  }

  /** What was acknowledged: what waits does so behind all of that. */
  acknowledged({ stats }: Game<typeof schema>): Said {
    return { life: this.life, lines: this.#lines - stats.sendQueue };
  }

  /** Says what it has to say in a tick. */
  speak(game: Game<typeof schema>): void {
    const isLast = this.#farewell !== null;
    const filler = this.#talks || isLast ? shortOf : fillerOf;
    try {
      for (let more = this.#count(); more > 0; more -= 1) {
        game.send('say', { life: this.life, n: this.#lines, filler: filler(this.#lines) });
        this.#lines += 1;
      }
    } catch (error) {
      // Too much waits: it is said later.
      if (!(error instanceof FrayError) || error.code !== 'E_CHANNEL_FULL') throw error;
    }
  }

  #count(): number {
    if (this.#farewell !== null) {
      const isDue = this.#farewell === 'due';
      this.#farewell = 'said';
      return isDue ? BURST_LINES : 0;
    }
    const { share, burst } = this.#talks ? MUCH : LITTLE;
    if (!this.#chance.happens(share)) return 0;
    return this.#chance.happens(burst) ? BURST_LINES : 1;
  }
}

/** Of its ticks it says something in so many, and of those much at once in so many. */
const LITTLE = { share: 0.08, burst: 0.15 };
const MUCH = { share: 0.15, burst: 0.4 };
const BURST_LINES = 24;
