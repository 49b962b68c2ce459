/** F3: what the line does, what the last shot was judged by, and sliders that make the line worse. */
import type { Game } from 'fray/client';
import { element } from '../../page-kit/element.ts';
import { linkSliders } from '../../page-kit/sliders.ts';
import type { outpost } from '../schema.ts';
import type { Receipts } from './receipts.ts';

const ROWS = [
  'frames',
  'draw calls',
  'round trip',
  'loss',
  'snapshot',
  'correction',
  'input margin',
  'buffer',
  'visible',
  'transport',
  'last shot',
] as const;

const WRITE_MS = 250;

export class NetGraph {
  readonly #game: Game<typeof outpost>;
  readonly #receipts: Receipts;
  readonly #panel = element('net');
  readonly #cells = new Map<string, HTMLElement>();
  #dueMs = 0;
  #frames = 0;

  /** `signal` ends it. */
  constructor(game: Game<typeof outpost>, receipts: Receipts, signal: AbortSignal) {
    this.#game = game;
    this.#receipts = receipts;
    const list = document.createElement('dl');
    for (const name of ROWS) {
      const term = document.createElement('dt');
      term.textContent = name;
      const value = document.createElement('dd');
      list.append(term, value);
      this.#cells.set(name, value);
    }
    this.#panel.hidden = true;
    this.#panel.replaceChildren(list, ...linkSliders((link) => this.#game.link(link)));
    const key = (event: KeyboardEvent) => {
      if (event.key !== 'F3') return;
      event.preventDefault();
      this.#panel.hidden = !this.#panel.hidden;
      this.#receipts.watch(!this.#panel.hidden);
    };
    addEventListener('keydown', key, { signal });
  }

  /** Call once a frame; writes nothing while hidden. */
  draw(nowMs: number, drawCalls: number): void {
    this.#receipts.show(nowMs);
    this.#frames += 1;
    if (nowMs < this.#dueMs) return;
    const seconds = (nowMs - this.#dueMs + WRITE_MS) / 1000;
    const frames = this.#frames;
    this.#dueMs = nowMs + WRITE_MS;
    this.#frames = 0;
    if (this.#panel.hidden) return;
    const { stats } = this.#game;
    this.#write('frames', `${(frames / seconds).toFixed(0)} /s`);
    this.#write('draw calls', String(drawCalls));
    this.#write('round trip', `${stats.rttMs.toFixed(0)} ms`);
    this.#write('loss', `${stats.lossPercent.toFixed(1)} %`);
    this.#write('snapshot', `${stats.bytesPerSnapshot.toFixed(0)} B`);
    this.#write('correction', `${stats.correctionUnits.toFixed(3)} units`);
    this.#write('input margin', `${stats.marginTicks.toFixed(1)} ticks`);
    this.#write('buffer', `${stats.bufferTicks.toFixed(1)} ticks`);
    this.#write('visible', String(stats.visible));
    this.#write('transport', stats.transport);
    this.#write('last shot', this.#receipts.text);
  }

  #write(name: (typeof ROWS)[number], text: string): void {
    const cell = this.#cells.get(name);
    if (cell && cell.textContent !== text) cell.textContent = text;
  }
}
