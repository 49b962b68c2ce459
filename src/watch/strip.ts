/** The deaths of a journal above its time line, and how far it was read. */
import type { GameSchema } from '../client/game.ts';
import type { Watched } from './watched.ts';

export class MarkStrip {
  readonly canvas = document.createElement('canvas');
  readonly #watched: Watched<GameSchema>;
  #drawn = '';

  constructor(watched: Watched<GameSchema>) {
    this.#watched = watched;
    this.canvas.height = HEIGHT;
    this.canvas.dataset['part'] = 'marks';
    this.canvas.addEventListener('pointermove', (event) => this.#name(event.offsetX));
  }

  /** Draws anew what has changed. */
  draw(): void {
    const { marks, readTick, lastTick } = this.#watched;
    const width = this.canvas.clientWidth;
    const state = [width, marks.length, readTick, lastTick, this.#watched.playerId].join();
    if (state === this.#drawn || width === 0) return;
    this.#drawn = state;
    this.canvas.width = width;
    this.canvas.dataset['marks'] = String(marks.length);
    const pen = this.canvas.getContext('2d');
    if (pen === null) return;
    pen.fillStyle = 'rgba(255, 255, 255, 0.22)';
    pen.fillRect(0, HEIGHT - 2, this.#left(readTick), 2);
    const own = this.#watched.roster.find(({ id }) => id === this.#watched.playerId)?.name ?? '';
    // Those of whom one watches last: in a crowd one stroke stands on the other.
    for (const isOwn of [false, true]) {
      for (const { tick, victim, attacker } of marks) {
        if ((victim === own || attacker === own) !== isOwn) continue;
        pen.fillStyle = victim === own ? COLOUR.died : isOwn ? COLOUR.killed : COLOUR.others;
        pen.fillRect(this.#left(tick) - 1, 0, 2, HEIGHT - 3);
      }
    }
  }

  #left(tick: number): number {
    const { firstTick, lastTick } = this.#watched;
    const part = (tick - firstTick) / Math.max(1, lastTick - firstTick);
    return THUMB / 2 + part * Math.max(1, this.canvas.clientWidth - THUMB);
  }

  /** Who died where the pointer is. */
  #name(left: number): void {
    const near = this.#watched.marks.filter(({ tick }) => Math.abs(this.#left(tick) - left) < 4);
    const text = ({ attacker, victim }: (typeof near)[number]): string =>
      attacker === '' || attacker === victim ? `${victim} fell` : `${attacker} ▸ ${victim}`;
    this.canvas.title = near.slice(0, 5).map(text).join('\n');
  }
}

const COLOUR = { died: '#ff5d6c', killed: '#ffd166', others: '#75819f' };
const HEIGHT = 14;
/** CSS pixels of the time line's handle: its middle stands over the tick. */
const THUMB = 14;
